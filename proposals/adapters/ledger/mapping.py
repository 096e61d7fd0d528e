"""The mapping file: which columns of a ledger say what, in TOML that people write."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from proposals.adapters.ledger.times import reads_a_day
from proposals.adapters.ledger.wording import columns_of
from proposals.adapters.toml_files import parse_toml
from proposals.domain.errors import Invalid, unfit
from proposals.domain.vocabulary import Code, Line, PersonId, PolicyId, Tier, TimeZone, UnitId, UnitKind, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

Format = Literal["csv", "xlsx", "jsonl", "xes"]

_FORMATS: dict[str, Format] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".xlsx": "xlsx", ".xlsm": "xlsx",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".xes": "xes",
}  # fmt: skip

_MAY_STAND_UNDER = {
    Tier.GRID: (Tier.COMMUNITY, Tier.STREET),
    Tier.COMMUNITY: (Tier.STREET,),
    Tier.BUILDING: (Tier.GRID,),
}


def _template(value: str) -> str:
    columns_of(value)
    return value


def _with_a_column(value: str) -> str:
    if not columns_of(value):
        raise unfit("invalid_no_column")
    return value


def _encoding(value: str) -> str:
    try:
        info = codecs.lookup(value)
        info.incrementaldecoder("strict").decode(b"", final=True).encode()
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        raise unfit("invalid_encoding") from error
    return "utf-8-sig" if info.name == "utf-8" else value


def _form(value: str) -> str:
    if not reads_a_day(value):
        raise unfit("invalid_form")
    return value


def _pattern(value: str) -> str:
    try:
        groups = re.compile(value).groups
    except re.error as error:
        raise unfit("invalid_expression", what=str(error)) from error
    if groups != 1:
        raise unfit("invalid_groups")
    return value


Template = Annotated[str, StringConstraints(min_length=1, max_length=5_000), AfterValidator(_template)]
"""Text with columns in it, as `{Complaint}: {Detail}`; without any it is a constant."""

FromColumns = Annotated[str, StringConstraints(min_length=1, max_length=5_000), AfterValidator(_with_a_column)]
"""A template that names at least one column."""

Twice = Literal["earlier", "later", "reject"]


class Source(Value):
    """How the file is written; what is left out is seen from the file."""

    format: Format | None = None
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8-sig"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    sheet: str | None = None
    ignore: tuple[str, ...] = ()
    """Columns that may change without the row having changed."""


class TimeField(Value):
    """A time: where it stands, in which formats (the first that fits; ISO 8601 always does)."""

    value: FromColumns
    formats: tuple[Annotated[str, AfterValidator(_form)], ...] = ()
    twice: Twice = "earlier"
    """Which of the two it is when clocks were put back."""


class ClosingTime(TimeField):
    """When a matter was closed."""

    only_when_closed: bool = False
    """Whether it says nothing about a matter whose status is open, as with the last event of a trace."""


class StatusField(Value):
    """Which words of the ledger mean open, and which closed. Capitals make no difference."""

    value: FromColumns
    open: tuple[Line, ...]
    closed: tuple[Line, ...]

    @model_validator(mode="after")
    def _not_both(self) -> StatusField:
        both = {word.casefold() for word in self.open} & {word.casefold() for word in self.closed}
        if both:
            raise unfit("invalid_open_and_closed", words=", ".join(sorted(both)))
        if not (self.open or self.closed):
            raise unfit("invalid_no_status")
        return self


class UrgencyField(Value):
    """Which words mean urgent or complex; everything else is normal."""

    value: FromColumns
    urgent: tuple[Line, ...] = ()
    complex: tuple[Line, ...] = ()


class CaseFields(Value):
    """What a row says of a matter."""

    key: FromColumns
    id_prefix: Annotated[str, StringConstraints(pattern=r"^proposal-(?:[A-Za-z0-9][A-Za-z0-9._-]{0,38}-)?$")]
    title: Template
    text: Template | None = None
    category: Template | None = None
    channel: Template | None = None
    address: Template | None = None
    resolution: Template | None = None
    raised_at: TimeField
    closed_at: ClosingTime | None = None
    status: StatusField
    urgency: UrgencyField | None = None


class _Named(Value):
    name: FromColumns
    pattern: Annotated[str, AfterValidator(_pattern)] | None = None
    """A regular expression whose one group is the part of the name that counts."""
    title: Template | None = None
    id_prefix: Annotated[str, StringConstraints(pattern=r"^unit-(?:[A-Za-z0-9][A-Za-z0-9._-]{0,38}-)?$")]
    known: dict[str, UnitId] = Field(default_factory=dict)
    """Names of units that the store has under another id."""


class AreaField(_Named):
    """A place, and what it lies in."""

    tier: Tier
    otherwise: Line | None = None
    """The area of rows that name none."""
    parent: AreaField | None = None

    @model_validator(mode="after")
    def _stands_under(self) -> AreaField:
        allowed = _MAY_STAND_UNDER.get(self.tier, ())
        if self.parent is not None and self.parent.tier not in allowed:
            raise unfit("invalid_stands_under", tier=self.tier.value, allowed=", ".join(allowed) or "root")
        return self


class PlaceField(AreaField):
    """Where a matter is: a community or a grid."""

    tier: Tier = Tier.COMMUNITY
    otherwise: Line = "未注明 / Unspecified"

    @model_validator(mode="after")
    def _is_a_place(self) -> PlaceField:
        if self.tier not in {Tier.COMMUNITY, Tier.GRID, Tier.BUILDING}:
            raise unfit("invalid_place_tier")
        return self


class DepartmentField(_Named):
    """The unit that the ledger names as responsible."""

    kind: UnitKind = UnitKind.DEPARTMENT

    @model_validator(mode="after")
    def _is_no_area(self) -> DepartmentField:
        if self.kind is UnitKind.AREA:
            raise unfit("invalid_department")
        return self


class Root(Value):
    """The unit under which lacking units are created, and from which the importer's role counts."""

    unit: UnitId
    title: Line


class Bootstrap(Value):
    """What a store without the root is founded with: who signs the packaged policy as its principal."""

    principal: PersonId
    policy: PolicyId
    time_zone: TimeZone | None = None
    """The zone of the policy, if it is not to be the packaged one's."""


class LedgerMapping(Value):
    """A mapping from the rows of a ledger to facts."""

    source: Code
    zone: TimeZone
    file: Source = Source()
    case: CaseFields
    root: Root
    place: PlaceField
    department: DepartmentField | None = None
    bootstrap: Bootstrap | None = None

    @model_validator(mode="after")
    def _ids_stay_apart(self) -> LedgerMapping:
        """A prefix that begins another could give two units one id."""
        prefixes = [area.id_prefix for area in self.areas()]
        if self.department is not None:
            prefixes.append(self.department.id_prefix)
        for number, prefix in enumerate(prefixes):
            if self.root.unit.startswith(prefix):
                raise unfit("invalid_root_prefix", prefix=prefix)
            for other in prefixes[number + 1 :]:
                if prefix.startswith(other) or other.startswith(prefix):
                    raise unfit("invalid_prefixes", one=prefix, other=other)
        return self

    def areas(self) -> Iterator[AreaField]:
        """The place and what it lies in, innermost first."""
        area: AreaField | None = self.place
        while area is not None:
            yield area
            area = area.parent

    def columns(self) -> list[str]:
        """Every column that the mapping names, once, in the mapping's order."""
        case = self.case
        timed = [case.raised_at, *([case.closed_at] if case.closed_at else [])]
        templates: list[str | None] = [case.key, case.title, *(field.value for field in timed), case.status.value]
        templates += [case.text, case.category, case.channel, case.address, case.resolution]
        templates += [case.urgency.value] if case.urgency else []
        for unit in (*self.areas(), *([self.department] if self.department else [])):
            templates += [unit.name, *([unit.title] if unit.title else [])]
        return list(dict.fromkeys(column for template in templates if template for column in columns_of(template)))

    def format_of(self, path: Path) -> Format:
        """The file's format: the mapping's, or what its name says. Raises Invalid."""
        form = self.file.format or _FORMATS.get(path.suffix.lower())
        if form is None:
            known = ", ".join(sorted(_FORMATS))
            raise Invalid([("file.format", f"{path.name} is none of {known}; say which format it has")])
        return form


def read_mapping(path: str | Path, *, language: str = "en") -> LedgerMapping:
    """The mapping in a TOML file.

    Raises Invalid with field and reason, in English (`en`) or Chinese (`zh`), OSError if the file cannot be read.
    """
    return parse_toml(LedgerMapping, Path(path).read_bytes(), Path(path).name, language)
