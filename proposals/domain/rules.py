"""ProcessPolicy: every number of the process as data, in a form that people can write as TOML.

No source names a deadline, a quorum or a threshold (see the design notes on the domain), so none stands in code.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from proposals.domain.errors import unfit
from proposals.domain.vocabulary import Code, Kind, Line, Role, Source, Text, TimeZone, Urgency, Value

Count = Annotated[int, Field(ge=0, le=100, strict=True)]
"""How often something may happen. There is no "without limit": every loop is bounded."""


class PeriodUnit(StrEnum):
    """What a period is counted in."""

    HOURS = "hours"
    DAYS = "days"
    WORKING_DAYS = "working days"


class PeriodValue(Value):
    """A length of time. Days are local calendar days and end at midnight; the day of the event does not count."""

    count: Annotated[int, Field(ge=0, le=3_650, strict=True)]
    unit: PeriodUnit

    def __str__(self) -> str:
        return f"{self.count} {self.unit.value}"


_PERIOD = re.compile(r"^(\d{1,4}) (hour|day|working day)s?$")


def _period(value: object) -> object:
    if isinstance(value, str):
        match = _PERIOD.match(value)
        if match is None:
            raise unfit("invalid_period")
        return {"count": int(match[1]), "unit": match[2] + "s"}
    return value


Period = Annotated[PeriodValue, BeforeValidator(_period), PlainSerializer(str, return_type=str)]
"""`2 hours`, `15 days`, `5 working days`."""


class Base(StrEnum):
    """Whom a threshold is measured against."""

    DUE = "due"
    """Those due to attend 应到会: the roll without the excused."""
    PRESENT = "present"
    ALL = "all"
    """All voting members on the roll."""


class Threshold(Value):
    """A share of a base, by integer cross-multiplication. An empty base never meets it."""

    numerator: Annotated[int, Field(ge=0, le=1_000, strict=True)]
    denominator: Annotated[int, Field(ge=1, le=1_000, strict=True)]
    strict: bool
    base: Base

    @model_validator(mode="after")
    def _at_most_the_whole(self) -> Threshold:
        if self.numerator > self.denominator or (self.strict and self.numerator == self.denominator):
            raise unfit("invalid_threshold")
        return self

    def is_met(self, count: int, base: int) -> bool:
        """Whether `count` of `base` is enough."""
        if base <= 0:
            return False
        have, need = count * self.denominator, self.numerator * base
        return have > need if self.strict else have >= need


class Action(StrEnum):
    """What a tick does when a time has passed."""

    RECORD = "record"
    TIER_OFFICER = "tier_officer"
    URGE = "urge"
    LAPSE = "lapse"
    CONFIRM = "confirm"
    RESUME = "resume"
    ESCALATE = "escalate"
    CLOSE_ROUND = "close_round"
    ARCHIVE = "archive"


class Consequence(Value):
    """What happens how long after the due time."""

    after: Period = PeriodValue(count=0, unit=PeriodUnit.DAYS)
    do: Action


class Deadline(Value):
    """Who owns a state, how long they have, and what follows when the time is over.

    `within` is left out where the event itself names the time (a review date, the day of a meeting,
    an order's deadline by urgency).
    """

    owner: Role
    within: Period | None = None
    then: tuple[Consequence, ...] = ()


class Maxima(Value):
    """How often each loop of the process may be run through, counted in one cycle of a case at one tier."""

    revisions: Count
    returns: Count
    openings: Count
    deferrals: Count
    upheld_objections: Count
    suspensions: Count
    verification_failures: Count
    rounds: Annotated[Count, Field(ge=1)]
    reopenings: Count
    order_declines: Count


class ProcessPolicy(Value):
    """One edition of the rules. A case keeps the edition under which it was raised."""

    title: Line
    time_zone: TimeZone
    clock_skew: Period
    late_entry: Period
    title_limit: Annotated[int, Field(ge=1, le=200, strict=True)]
    text_limit: Annotated[int, Field(ge=1, le=20_000, strict=True)]
    sponsor_needed_from: tuple[Source, ...]
    minimum_cosigners: Count
    maxima: Maxima
    categories: Annotated[dict[Code, Line], Field(min_length=1)]
    refusal_grounds: Annotated[dict[Code, Line], Field(min_length=1)]
    decline_grounds: Annotated[dict[Code, Line], Field(min_length=1)]
    whistle_causes: Annotated[dict[Code, Line], Field(min_length=1)]
    retention_classes: Annotated[dict[Code, Line], Field(min_length=1)]
    meeting_kinds: Annotated[dict[Code, Line], Field(min_length=1)]
    meeting_notice: Period
    quorum: Threshold
    majority: Threshold
    acknowledge_within: dict[Urgency, Period]
    handle_within: dict[Urgency, Period]
    review_within: Period
    """How far ahead a review date may lie."""
    extension_limit: Period
    extension_asked_before: Period
    pass_mark: Threshold
    minimum_ballots: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    min_cell: Annotated[int, Field(ge=1, le=1_000, strict=True)]
    questions: tuple[Text, ...]
    reopen_window: Period
    archive_as: Code
    """The retention class in which the clock archives."""
    deadlines: dict[Kind, dict[str, Deadline]]

    @model_validator(mode="after")
    def _whole(self) -> ProcessPolicy:
        for field in ("acknowledge_within", "handle_within"):
            missing = [urgency.value for urgency in Urgency if urgency not in getattr(self, field)]
            if missing:
                raise unfit("invalid_lacks", field=field, missing=", ".join(missing))
        if self.archive_as not in self.retention_classes:
            raise unfit("invalid_archive_as", classes=", ".join(self.retention_classes))
        if self.minimum_ballots < self.min_cell:
            raise unfit("invalid_minimum_ballots")
        return self

    def deadline(self, kind: Kind, status: str | None) -> Deadline | None:
        """The deadline of a state, if it has one."""
        return self.deadlines.get(kind, {}).get(status or "")


def differences(old: ProcessPolicy, new: ProcessPolicy) -> dict[str, tuple[Any, Any]]:
    """Each top-level field in which two editions differ, with the old and the new value as plain data."""
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    return {field: (before[field], after[field]) for field in before if before[field] != after[field]}
