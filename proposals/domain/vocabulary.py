"""The words every other module uses: ids, tiers, roles, grades, and the small values that events carry."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from proposals.domain.errors import unfit

SYSTEM: Final = "system"
"""The actor of everything the engine does by itself, such as a tick of the clock."""

BALLOT_BOX: Final = "ballot-box"
"""The actor under which every secret ballot is stored."""


class Kind(StrEnum):
    """What a stream is about. The kind is the first part of the stream's id, so SQL can tell it too."""

    PROPOSAL = "proposal"
    MEETING = "meeting"
    ORDER = "order"
    ROUND = "round"
    UNIT = "unit"
    POLICY = "policy"
    SUBJECT = "subject"


class Step(StrEnum):
    """The five steps 提事 议事 定事 办事 评事 (S002)."""

    RAISE = "raise"
    DISCUSS = "discuss"
    DECIDE = "decide"
    HANDLE = "handle"
    EVALUATE = "evaluate"


class Tier(StrEnum):
    """The four tiers 四级架构 (S002), with the building 楼栋 under a grid."""

    COUNTY = "county"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"
    BUILDING = "building"


class UnitKind(StrEnum):
    """What a unit is: a place of the administrative tree, a party body, or one that stands beside the tree."""

    AREA = "area"
    PARTY = "party"
    DEPARTMENT = "department"
    RESIDENT_UNIT = "resident_unit"
    RESIDENTS_COMMITTEE = "residents_committee"
    OWNERS_COMMITTEE = "owners_committee"
    PROPERTY_FIRM = "property_firm"
    SOCIAL_ORGANISATION = "social_organisation"
    VOLUNTEER_TEAM = "volunteer_team"
    MERCHANT = "merchant"


class Role(StrEnum):
    """In which role someone acts. The last six are not appointments: they follow from the case itself."""

    RESIDENT = "resident"
    PARTY_MEMBER = "party_member"
    GRID_WORKER = "grid_worker"
    CONVENOR = "convenor"
    MEMBER = "member"
    PART_TIME_MEMBER = "part_time_member"
    OBSERVER = "observer"
    SCREENER = "screener"
    COORDINATOR = "coordinator"
    HANDLER = "handler"
    PRINCIPAL = "principal"
    TIER_OFFICER = "tier_officer"
    VERIFIER = "verifier"
    REVIEWER = "reviewer"
    ARCHIVIST = "archivist"
    IMPORTER = "importer"
    AUDITOR = "auditor"
    REGISTRAR = "registrar"
    EXTERNAL_EVALUATOR = "external_evaluator"
    LINKED_LEADER = "linked_leader"
    PROPOSER = "proposer"
    CHAIR = "chair"
    VOTER = "voter"
    CONCERNED = "concerned_resident"
    ATTENDEE = "attendee"
    SYSTEM = "system"


FOLLOWING_FROM_A_CASE: Final = frozenset(
    {Role.PROPOSER, Role.CHAIR, Role.VOTER, Role.CONCERNED, Role.ATTENDEE, Role.SYSTEM}
)
"""The roles that nobody is appointed to."""


RESIDENTS: Final = frozenset({Role.RESIDENT, Role.PARTY_MEMBER})
"""Who lives somewhere: entries of a register rather than offices."""


class Source(StrEnum):
    """Where a matter comes from (S002: party members' proposals, residents' councils, patrols, the window)."""

    MEMBER_PROPOSAL = "member_proposal"
    RESIDENT_COUNCIL = "resident_council"
    PATROL = "patrol"
    OTHER = "other"


class Urgency(StrEnum):
    """How soon a matter wants handling; the policy gives each its deadlines."""

    URGENT = "urgent"
    NORMAL = "normal"
    COMPLEX = "complex"


class Motion(StrEnum):
    """What an agenda item asks of a meeting."""

    DISCUSS = "discuss"
    ADOPT = "adopt"
    DEFER = "defer"
    ESCALATE = "escalate"


class Choice(StrEnum):
    """A member's vote."""

    FOR = "for"
    AGAINST = "against"
    ABSTAIN = "abstain"


class Grade(StrEnum):
    """The five grades of the national 好差评 scale, best first."""

    VERY_SATISFIED = "very_satisfied"
    SATISFIED = "satisfied"
    BASICALLY_SATISFIED = "basically_satisfied"
    DISSATISFIED = "dissatisfied"
    VERY_DISSATISFIED = "very_dissatisfied"


SATISFIED: Final = frozenset({Grade.VERY_SATISFIED, Grade.SATISFIED, Grade.BASICALLY_SATISFIED})


class FundingSource(StrEnum):
    """Who pays (S002: 县街配套 + 小区自筹 + 社会公益)."""

    COUNTY_AND_STREET = "county_and_street"
    NEIGHBOURHOOD = "neighbourhood"
    PUBLIC_WELFARE = "public_welfare"


def instant_text(instant: datetime) -> str:
    """The one text form of an instant: UTC with microseconds, so that text order is time order.

    Raises ValueError for a naive one.
    """
    if instant.tzinfo is None:
        message = "an instant needs a time zone"
        raise ValueError(message)
    return instant.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def as_instant(text: str) -> datetime:
    """Reads what `instant_text` wrote."""
    return datetime.fromisoformat(text)


def _instant(value: object) -> datetime:
    """Reads an instant, and brings it to UTC.

    A number, in quotes or not, is none: pydantic would count seconds from 1970, which nobody means. ISO 8601 has
    a hyphen after the year, where no number has one.
    """
    if isinstance(value, str) and value[4:5] == "-":
        try:
            value = datetime.fromisoformat(value.upper())
        except ValueError as error:
            raise PydanticCustomError("datetime_parsing", _NO_INSTANT) from error
    if not isinstance(value, datetime):
        raise PydanticCustomError("datetime_type", _NO_INSTANT)
    if value.utcoffset() is None:
        raise PydanticCustomError("timezone_aware", "an instant has a time zone")
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise unfit("invalid_calendar") from error


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise unfit("invalid_zone") from error
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
"""An IANA name."""

_NO_INSTANT = "an instant is a datetime with a zone or ISO 8601 text"
_NO_CONTROL_CHARACTERS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
_ID_TAIL = r"-[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"

Instant = Annotated[
    datetime,
    PlainValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="validation"),
    PlainSerializer(instant_text, return_type=str, when_used="json"),
]
"""A moment with a time zone, kept in UTC. A naive time is refused, and so is a number: nobody could say when it was."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_CONTROL_CHARACTERS)]
"""One short line of text, 1 to 200 characters, without control characters."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=_NO_CONTROL_CHARACTERS)]
"""Text of 1 to 20,000 characters, without control characters other than line ends and tabs."""

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
"""A short machine-readable word out of a list of the policy's: a category, a ground, a cause."""

PersonId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,79}$")]
"""An opaque id of a person. Never a name, a telephone number or an identity number."""

CommandId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,199}$")]

ProposalId = Annotated[str, StringConstraints(pattern="^proposal" + _ID_TAIL)]
MeetingId = Annotated[str, StringConstraints(pattern="^meeting" + _ID_TAIL)]
OrderId = Annotated[str, StringConstraints(pattern="^order" + _ID_TAIL)]
RoundId = Annotated[str, StringConstraints(pattern="^round" + _ID_TAIL)]
UnitId = Annotated[str, StringConstraints(pattern="^unit" + _ID_TAIL)]
PolicyId = Annotated[str, StringConstraints(pattern="^policy" + _ID_TAIL)]
SubjectId = Annotated[str, StringConstraints(pattern="^subject" + _ID_TAIL)]


def kind_of(stream: str) -> Kind:
    """The kind in front of a stream's id. Raises ValueError for an id of no known kind."""
    return Kind(stream.partition("-")[0])


def token_of(stream: str) -> str:
    """The stream's id without its kind: `42` of `proposal-42`."""
    return stream.partition("-")[2]


class Value(BaseModel):
    """A small immutable value inside commands, events and states."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True, allow_inf_nan=False
    )


class Personal(Value):
    """Personal data of one data subject, in clear. It exists in memory only: the store sees it sealed."""

    subject: SubjectId
    value: Text


class Erased(Value):
    """What replay shows where personal data was, once its subject's key is destroyed."""

    subject: SubjectId


class Act(NamedTuple):
    """Who did something: whose act it was, and who keyed it."""

    actor: str
    entered_by: str

    def shares_a_person_with(self, other: Act) -> bool:
        """Whether either's actor had a hand in the other.

        A clerk who keys for two different people does not make them one person, so two acts that share
        only `entered_by` are apart (ADR 0008).
        """
        return self.actor in other or other.actor in self


class Evidence(Value):
    """A document or photo by its fingerprint; the bytes live elsewhere, behind the URI."""

    name: Line
    media_type: Annotated[str, StringConstraints(pattern=r"^[a-z]+/[A-Za-z0-9.+-]+$", max_length=100)]
    size: Annotated[int, Field(ge=0, strict=True)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    uri: Annotated[str, StringConstraints(min_length=1, max_length=2_000, pattern=r"^[^\s\x00-\x1f]+$")]


class Funding(Value):
    """Money from one source. The amount is in fen 分, a hundredth of a yuan."""

    source: FundingSource
    amount: Annotated[int, Field(gt=0, le=10**15, strict=True)]


class Plan(Value):
    """Who is to do what: exactly one lead unit, any number assisting."""

    summary: Text
    lead: UnitId
    assisting: tuple[UnitId, ...] = ()


class OrderSpec(Value):
    """A work order as the spine knows it."""

    order: OrderId
    unit: UnitId
    lead: bool


def json_of(value: Any) -> Any:  # noqa: PLR0911 - one return for each type
    """A value as plain JSON types, with sets sorted so that equal values give equal text."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): json_of(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(json_of(item) for item in value)
    if isinstance(value, list | tuple):
        return [json_of(item) for item in value]
    return value
