"""What evaluation figures are made of, asked of all events at once: each question stands here once, for any engine.

Each gives a small table: the cells of one kind, many figures side by side. Streams and cases are integer keys, instants
microseconds, events codes. What counts is said in ADR 0022.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from proposals.adapters.archive.libraries import ibis
from proposals.adapters.archive.log import at_last, ever, number, only, or_none
from proposals.adapters.archive.orders import deadlines, dispatches, leads, orders, responses
from proposals.adapters.archive.periods import month_of
from proposals.domain.decision import ProposalRejected
from proposals.domain.discussion import ProposalReferredBack
from proposals.domain.evaluation import EvaluationFailed, EvaluationPassed, ProposalClosed
from proposals.domain.evaluation_round import RoundAnnulled, RoundClosed
from proposals.domain.handling import HandlingVerified, VerificationFailed
from proposals.domain.importing import ClosedCaseImported, ImportedCaseClosed, ImportedCaseUpdated, OpenCaseImported
from proposals.domain.keeping import ProposalReclassified, ProposalReopened
from proposals.domain.proposal import PROPOSAL
from proposals.domain.raising import (
    ProposalAccepted,
    ProposalRaised,
    ProposalRefused,
    ProposalReturned,
)
from proposals.domain.vocabulary import SATISFIED, Grade, Step
from proposals.projections.case_events import ENDING, RISING, STANDING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from proposals.adapters.archive.log import Log
    from proposals.domain.event import Event

DIMENSIONS: Final = ("place", "department", "category", "source", "period")

FIGURES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "dispatches": {"response": ("declined", "ended", "pending"), "volunteering": ()},
    "orders": {"on_time": ("ended", "open")},
    "rounds": {
        "resolution": ("annulled", "sealed"),
        "satisfaction": ("annulled", "sealed"),
        "turnout": ("annulled",),
    },
    "cases": {
        "first_pass": (),
        "rectification": (),
        "reopening": (),
        "escalation": ("imported",),
        "return": ("imported",),
    },
}
"""The figures that are counted in each thing, with the reasons for which something is left out of them, sorted."""

_IMPORTS: Final = (OpenCaseImported, ClosedCaseImported)
_RESTATES: Final = (*_IMPORTS, ImportedCaseUpdated, ImportedCaseClosed)
_CLASSIFIES: Final = (ProposalAccepted, ProposalReclassified, ProposalReopened)
_MARKS: Final[dict[str, tuple[type[Event], ...]]] = {
    "raised": (ProposalRaised,),
    "verified": (HandlingVerified,),
    "not_verified": (VerificationFailed,),
    "passed": (EvaluationPassed,),
    "failed": (EvaluationFailed,),
    "ended": (ProposalClosed, ProposalRefused, ProposalRejected),
    "reopened": (ProposalReopened,),
    "risen": tuple(RISING),
    "returned": (ProposalReturned, ProposalReferredBack),
}
"""What has ever happened to a case, and the events that say so."""

_OF_CASES: Final[dict[type[Event], None]] = dict.fromkeys(
    (*_RESTATES, *_CLASSIFIES, *ENDING, *(kind for kinds in _MARKS.values() for kind in kinds))
)
_NUMBER: Final[dict[str | None, int]] = {step.value: number for number, step in enumerate(Step, 1)}
_STEPS: Final = {
    event: _NUMBER.get(STANDING[event.name][1], 0) for event, target in PROPOSAL.target.items() if target is not None
}
"""The number of the step that each event of a case leads to, for those that lead anywhere: from 1; 0 at an end."""
_SATISFIED: Final = [grade.value for grade in Grade if grade in SATISFIED]
_SECOND: Final = 1_000_000


class Questions:
    """The questions to one log. What several of them ask is computed once."""

    def __init__(self, log: Log, keep: Callable[[str, Any], Any]) -> None:
        self._log = log
        self._dispatches = keep("dispatches", dispatches(log))
        self._orders = keep("orders", orders(self._dispatches))
        self._cases = keep("cases", self._each_case())
        self._moves = keep("moves", self._each_move())
        self._steps = keep("steps", self._each_step())

    def rates(self) -> dict[str, Any]:
        """The tables of `FIGURES`, with the columns `names_of` each, by dimension and in its order."""
        tables = {
            "dispatches": self._of_case(responses(self._log, self._dispatches), department="unit"),
            "orders": self._of_case(deadlines(self._orders), department="unit"),
            "rounds": self._of_case(self._rounds()),
            "cases": self._ways(),
        }
        return {counted: _summed(table, FIGURES[counted]) for counted, table in tables.items()}

    def stays(self) -> Any:
        """How many cases were how long in a step that they have left, by the columns of `Stay` and in their order."""
        told = self._steps.filter(~self._steps.still_there).join(self._cases.select("stream", *DIMENSIONS), "stream")
        told = told.group_by("step", *DIMENSIONS, "seconds").agg(cases=told.count())
        return _named(told).order_by("step", *DIMENSIONS, "seconds")

    def reaches(self) -> Any:
        """How many cases came to each step, by the columns of `Reach` and in their order."""
        told = self._steps.join(self._cases.select("stream", *DIMENSIONS), "stream")
        told = told.group_by("step", *DIMENSIONS).agg(cases=told.count())
        return _named(told).order_by("step", *DIMENSIONS)

    def standings(self) -> Any:
        """What came of how many cases, by the columns of `Standing` and in their order."""
        last = self._moves.filter(self._moves.seconds.isnull())
        told = last.join(self._cases.select("stream", "came_of_it", *DIMENSIONS), "stream")
        told = told.mutate(outcome=ibis.ifelse(told.step > 0, "", or_none(told.came_of_it)))
        columns = ["outcome", *DIMENSIONS]
        return told.group_by(columns).agg(cases=told.count()).order_by(columns)

    def proposers(self) -> Any:
        """Who raised how many cases, by the columns of `Proposer` and in their order."""
        raised, columns = self._cases.filter(self._cases.raised), ["person", *DIMENSIONS]
        counts = {"cases": raised.count(), "as_member": number(raised.member).sum()}
        return raised.group_by(columns).agg(**counts).order_by(columns)

    def _each_case(self) -> Any:
        """One row a case: what it is about, by the dimensions, and what has ever happened to it."""
        log, rows = self._log, self._log.of(*_OF_CASES)
        raised, opening = log.is_(rows, ProposalRaised), log.is_(rows, ProposalRaised, *_IMPORTS)
        said = only(log.is_(rows, *_CLASSIFIES), rows.category)
        stated = ibis.ifelse(log.is_(rows, *_RESTATES), or_none(rows.category), said)
        outcome = ibis.coalesce(log.meaning(rows, ENDING), only(log.is_(rows, ProposalClosed), rows.outcome))
        each = rows.group_by("stream").agg(
            place=only(opening, rows.place).arbitrary(),
            source=or_none(only(raised, rows.source).arbitrary()),
            at=only(opening, rows.occurred_at).arbitrary(),
            person=only(raised, rows.actor).arbitrary(),
            member=ever(raised & rows.by_party_member),
            stated=at_last(stated, only(stated.notnull(), rows.version)),
            said=at_last(said, only(said.notnull(), rows.version)),
            came_of_it=at_last(outcome, only(outcome.notnull(), rows.version)),
            found_out=ever(log.is_(rows, ProposalReclassified, ProposalReopened) & rows.category.notnull()),
            **{name: ever(log.is_(rows, *kinds)) for name, kinds in _MARKS.items()},
        )
        # What was found out here is not undone by a register that does not know it.
        each = each.mutate(category=or_none(ibis.ifelse(each.found_out, each.said, each.stated)))
        each = each.filter(each.at.notnull())
        lead = leads(self._orders)
        told = each.left_join(lead, each.stream == lead.case)
        return told.mutate(department=or_none(told.lead), period=month_of(told.at, log.months))

    def _each_move(self) -> Any:
        """One row for each time that a case came to a state: to which step, and how long it stayed; empty if it did."""
        rows = self._log.of(*_STEPS)
        left_at = rows.occurred_at.lead().over(ibis.window(group_by="stream", order_by="version"))
        return rows.select(
            "stream", step=self._log.meaning(rows, _STEPS), seconds=(left_at - rows.occurred_at) // _SECOND
        )

    def _each_step(self) -> Any:
        """One row for each step that a case came to: how long it was there in all, and whether it still is."""
        moves = self._moves.filter(self._moves.step > 0)
        return moves.group_by("stream", "step").agg(
            seconds=moves.seconds.sum(), still_there=ever(moves.seconds.isnull())
        )

    def _ways(self) -> Any:
        case = self._cases
        return case.mutate(
            first_pass_n=case.verified & ~case.not_verified,
            first_pass_d=case.verified | case.not_verified,
            rectification_n=case.failed,
            rectification_d=case.passed | case.failed,
            reopening_n=case.ended & case.reopened,
            reopening_d=case.ended,
            escalation_n=case.raised & case.risen,
            escalation_d=case.raised,
            escalation_x_imported=~case.raised,
            return_n=case.raised & case.returned,
            return_d=case.raised,
            return_x_imported=~case.raised,
        )

    def _rounds(self) -> Any:
        log, rows = self._log, self._log.of(RoundClosed, RoundAnnulled)
        closed, told = log.is_(rows, RoundClosed), rows[_SATISFIED[0]].notnull()
        left_out = {"x_sealed": only(closed & ~told, rows.valid), "x_annulled": ~closed}
        satisfied = sum(rows[grade] for grade in _SATISFIED)
        return rows.select(
            "case",
            at=rows.occurred_at,
            resolution_n=only(told, rows.resolved),
            resolution_d=only(told, rows.answered_resolved),
            satisfaction_n=satisfied,
            satisfaction_d=only(told, rows.valid),
            turnout_n=only(closed, rows.valid),
            turnout_d=only(closed, rows.eligible),
            turnout_x_annulled=~closed,
            **{
                f"{figure}_{name}": count
                for figure in ("resolution", "satisfaction")
                for name, count in left_out.items()
            },
        )

    def _of_case(self, rows: Any, department: str | None = None) -> Any:
        """Rows with the dimensions of their case, the month of their own `at`, and their own unit if it is named."""
        case = self._cases.select(
            key="stream", place="place", category="category", source="source", department="department"
        )
        told = rows.left_join(case, rows.case == case.key)
        dimensions = {name: or_none(told[name]) for name in ("place", "category", "source")}
        return told.mutate(
            **dimensions,
            department=or_none(told[department or "department"]),
            period=month_of(told.at, self._log.months),
        )


def _named(rows: Any) -> Any:
    """Rows with the names of their steps in place of the numbers."""
    return rows.mutate(step=ibis.literal([step.value for step in Step])[rows.step - 1])


def names_of(figure: str, reasons: Iterable[str]) -> list[str]:
    """The columns of a figure: numerator, denominator, and how many were left out for each reason."""
    return [f"{figure}_n", f"{figure}_d", *(f"{figure}_x_{reason}" for reason in reasons)]


def _summed(rows: Any, figures: Mapping[str, Iterable[str]]) -> Any:
    columns = [name for figure, reasons in figures.items() for name in names_of(figure, reasons)]
    sums = {name: ibis.coalesce(number(rows[name]).sum(), 0) for name in columns}
    return rows.group_by(list(DIMENSIONS)).agg(**sums).order_by(list(DIMENSIONS))
