"""What is wrong with a policy before it is in force: exits that are missing, rules nobody could ever use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from proposals.domain.catalogue import sentence
from proposals.domain.rules import Action, PeriodUnit
from proposals.domain.vocabulary import Kind, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proposals.domain.rules import PeriodValue, ProcessPolicy


class Severity(StrEnum):
    """An error keeps an edition from being published; a remark is worth knowing."""

    ERROR = "error"
    REMARK = "remark"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a policy: where, what, and how bad."""

    severity: Severity
    code: str
    field: str

    def text(self, language: str = "en") -> str:
        """The sentence for people."""
        return sentence(self.code, language, field=self.field)


SMALLEST_CELL = 3
"""Of two ballots each voter could tell the other's."""

LONGEST_REST = 12
"""More days than any holiday in China lasts with the weekend beside it."""

EXITS = (
    (Kind.PROPOSAL, "returned", Action.LAPSE),
    (Kind.PROPOSAL, "announced", Action.CONFIRM),
    (Kind.PROPOSAL, "suspended", Action.RESUME),
    (Kind.ROUND, "open", Action.CLOSE_ROUND),
    (Kind.MEETING, "called", Action.LAPSE),
    (Kind.MEETING, "rolled", Action.LAPSE),
)
"""States whose way out is the clock: without that action a case could wait in them for ever."""

OWNED = {
    Kind.PROPOSAL: (
        "raised", "returned", "accepted", "discussing", "tabled", "announced", "confirmed", "handling", "suspended",
        "verifying", "handled", "reported", "evaluating", "evaluated", "rectifying",
    ),
    Kind.MEETING: ("called", "rolled", "in_session", "closed"),
    Kind.ORDER: ("dispatched", "declined", "acknowledged", "in_progress"),
    Kind.ROUND: ("open",),
}  # fmt: skip
"""The states in which somebody must act; each needs an owner and a time."""

_ENDED = ("closed", "refused", "rejected", "withdrawn", "merged")

_TIMED_TOO = {Kind.PROPOSAL: ("objection", *_ENDED)}
"""What may have a time besides the owned states."""

_ONLY_IN = {
    Action.LAPSE: {(Kind.PROPOSAL, "returned"), (Kind.MEETING, "called"), (Kind.MEETING, "rolled")},
    Action.CONFIRM: {(Kind.PROPOSAL, "announced")},
    Action.RESUME: {(Kind.PROPOSAL, "suspended")},
    Action.ESCALATE: {(Kind.PROPOSAL, "rectifying")},
    Action.CLOSE_ROUND: {(Kind.PROPOSAL, "evaluating"), (Kind.ROUND, "open")},
    Action.ARCHIVE: {(Kind.PROPOSAL, status) for status in _ENDED},
}
"""Where an action is a rule of the table. A note, an urge and the parent's worklist fit everywhere."""

_TIMED_BY_THEIR_EVENT = {
    "suspended", "called", "rolled", "dispatched", "acknowledged", "in_progress", "open",
}  # fmt: skip


def check(rules: ProcessPolicy) -> list[Finding]:
    """Everything found, errors first."""
    found = [
        *_missing_exits(rules),
        *_missing_owners(rules),
        *_misplaced(rules),
        *_closed_loops(rules),
        *_odd_numbers(rules),
    ]
    return sorted(found, key=lambda finding: (finding.severity is not Severity.ERROR, finding.code, finding.field))


def _missing_exits(rules: ProcessPolicy) -> Iterator[Finding]:
    for kind, status, action in EXITS:
        deadline = rules.deadline(kind, status)
        if deadline is not None and all(consequence.do is not action for consequence in deadline.then):
            yield Finding(Severity.ERROR, "policy_no_exit", f"deadlines.{kind}.{status}.then")


def _missing_owners(rules: ProcessPolicy) -> Iterator[Finding]:
    for kind, states in OWNED.items():
        for status in states:
            deadline = rules.deadline(kind, status)
            if deadline is None:
                yield Finding(Severity.ERROR, "policy_no_deadline", f"deadlines.{kind}.{status}")
            elif deadline.within is None and status not in _TIMED_BY_THEIR_EVENT:
                yield Finding(Severity.ERROR, "policy_no_time", f"deadlines.{kind}.{status}.within")


def _misplaced(rules: ProcessPolicy) -> Iterator[Finding]:
    """Times for what has no states of its own, and actions that the table does not know there."""
    for kind, deadlines in rules.deadlines.items():
        for status, deadline in deadlines.items():
            field = f"deadlines.{kind}.{status}"
            if status not in (*OWNED.get(kind, ()), *_TIMED_TOO.get(kind, ())):
                yield Finding(Severity.ERROR, "policy_unknown_state", field)
                continue
            for consequence in deadline.then:
                if (kind, status) not in _ONLY_IN.get(consequence.do, {(kind, status)}):
                    yield Finding(Severity.ERROR, "policy_action_out_of_place", f"{field}.then")


def _closed_loops(rules: ProcessPolicy) -> Iterator[Finding]:
    """A maximum of zero makes the rule that it bounds unreachable: allowed, but worth saying.

    Not so for openings: every accepted matter goes through a discussion.
    """
    if rules.maxima.openings == 0:
        yield Finding(Severity.ERROR, "policy_no_discussion", "maxima.openings")
    for field, maximum in rules.maxima:
        if maximum == 0 and field != "openings":
            yield Finding(Severity.REMARK, "policy_unreachable", f"maxima.{field}")
    if rules.reopen_window.count == 0:
        yield Finding(Severity.REMARK, "policy_unreachable", "reopen_window")
    if rules.extension_limit.count == 0:
        yield Finding(Severity.REMARK, "policy_unreachable", "extension_limit")


def _odd_numbers(rules: ProcessPolicy) -> Iterator[Finding]:
    for field in ("quorum", "majority", "pass_mark"):
        if getattr(rules, field).numerator == 0:
            yield Finding(Severity.ERROR, "policy_always_met", field)
    if rules.min_cell < SMALLEST_CELL:
        yield Finding(Severity.ERROR, "policy_cell_too_small", "min_cell")
    for urgency in Urgency:
        if not _longer(rules.handle_within[urgency], rules.acknowledge_within[urgency]):
            yield Finding(Severity.ERROR, "policy_no_time_to_handle", f"handle_within.{urgency}")
    for status in ("closed", "refused", "rejected"):
        archive = rules.deadline(Kind.PROPOSAL, status)
        if archive is None or archive.within is None:
            continue
        if archive.within != rules.reopen_window and not _longer(archive.within, rules.reopen_window):
            yield Finding(Severity.ERROR, "policy_archived_too_soon", f"deadlines.proposal.{status}.within")


def _longer(one: PeriodValue, other: PeriodValue) -> bool:
    """Whether a period is longer than another wherever in the calendar they begin."""
    if one.unit is other.unit:
        return one.count > other.count
    return _days(one, at_most=False) > _days(other, at_most=True)


def _days(period: PeriodValue, *, at_most: bool) -> float:
    """How many days of 24 hours a period has, at least or at most: weekends and the longest holiday lie in between."""
    if period.unit is PeriodUnit.HOURS:
        return period.count / 24
    if period.unit is PeriodUnit.DAYS or not at_most:
        return period.count
    return period.count * 7 / 5 + LONGEST_REST
