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

_TIMED_BY_THEIR_EVENT = {
    "suspended", "called", "rolled", "dispatched", "acknowledged", "in_progress", "open",
}  # fmt: skip


def check(rules: ProcessPolicy) -> list[Finding]:
    """Everything found, errors first."""
    found = [*_missing_exits(rules), *_missing_owners(rules), *_closed_loops(rules), *_odd_numbers(rules)]
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
        for status in rules.deadlines.get(kind, {}):
            if status not in states and status not in {
                "objection",
                "closed",
                "refused",
                "rejected",
                "withdrawn",
                "merged",
            }:
                yield Finding(Severity.ERROR, "policy_unknown_state", f"deadlines.{kind}.{status}")


def _closed_loops(rules: ProcessPolicy) -> Iterator[Finding]:
    """A maximum of zero makes the rule that it bounds unreachable: allowed, but worth saying."""
    for field, maximum in rules.maxima:
        if maximum == 0:
            yield Finding(Severity.REMARK, "policy_unreachable", f"maxima.{field}")
    if rules.reopen_window.count == 0:
        yield Finding(Severity.REMARK, "policy_unreachable", "reopen_window")
    if rules.extension_limit.count == 0:
        yield Finding(Severity.REMARK, "policy_unreachable", "extension_limit")


def _odd_numbers(rules: ProcessPolicy) -> Iterator[Finding]:
    for field in ("quorum", "majority", "pass_mark"):
        if getattr(rules, field).numerator == 0:
            yield Finding(Severity.ERROR, "policy_always_met", field)
    for urgency in Urgency:
        if _hours(rules.handle_within[urgency]) <= _hours(rules.acknowledge_within[urgency]):
            yield Finding(Severity.ERROR, "policy_no_time_to_handle", f"handle_within.{urgency}")
    archive = rules.deadline(Kind.PROPOSAL, "closed")
    if archive is not None and archive.within is not None and _hours(archive.within) < _hours(rules.reopen_window):
        yield Finding(Severity.ERROR, "policy_archived_too_soon", "deadlines.proposal.closed.within")


def _hours(period: PeriodValue) -> int:
    return period.count if period.unit is PeriodUnit.HOURS else period.count * 24
