"""Step 5, mass evaluation 评事: feedback, a secret evaluation by the residents concerned, rectification, closing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from proposals.domain.authority import apart, holds
from proposals.domain.case import (
    Proposal,
    ProposalCommand,
    S,
    a_parent_tier_exists,
    day_of,
    exhausted,
    parent_of,
    pinned,
    site_of,
    within_maximum,
)
from proposals.domain.deadlines import end_of
from proposals.domain.errors import Refusal, refusal
from proposals.domain.event import Fact, StateEvent
from proposals.domain.handling import is_of_a_handling_unit, people_who_handled
from proposals.domain.process import Row
from proposals.domain.vocabulary import (
    RESIDENTS,
    Kind,
    PersonId,
    Role,
    RoundId,
    Step,
    Text,
    Tier,
    UnitId,
    token_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from proposals.domain.context import Context
    from proposals.domain.organisation import Unit

# --- commands


class DeliverFeedback(ProposalCommand):
    """反馈: tells the proposer and the residents concerned what came of it."""

    feedback: Text
    channel: Text


class OpenEvaluation(ProposalCommand):
    """开评: opens a round for the residents concerned and the proposer. The list itself is not stored.

    They live at the case's place or are registered with a unit above it; `resides_in` names further homes in the area
    of the unit that deals with it.
    """

    eligible: Annotated[tuple[PersonId, ...], Field(min_length=1, max_length=20_000)]
    resides_in: Annotated[tuple[UnitId, ...], Field(max_length=100)] = ()


class PassEvaluation(ProposalCommand):
    """Follows a round that met the pass mark."""

    round: RoundId


class FailEvaluation(ProposalCommand):
    """Follows a round that missed it."""

    round: RoundId


class LeaveInconclusive(ProposalCommand):
    """Follows a round with too few ballots, or one that was annulled."""

    round: RoundId
    why: str


class EscalateRectification(ProposalCommand):
    """Rounds are exhausted: the tier above decides."""

    reason: Text


class CloseProposal(ProposalCommand):
    """销号: the case is closed, its outcome named."""

    summary: Text


# --- events


class FeedbackDelivered(StateEvent):
    """They were told."""

    feedback: Text
    channel: Text

    def apply(self, state: Proposal, fact: Fact) -> None:
        """The case is answered."""
        state.answered = True


class EvaluationOpened(StateEvent):
    """A round is open until `due_at`."""

    round: RoundId
    registers: tuple[UnitId, ...] = ()
    """The registers of residents that the list was checked against; none where nobody keeps one."""

    @classmethod
    def of(cls, state: Proposal, command: OpenEvaluation, context: Context) -> EvaluationOpened:
        """Rounds are numbered through a case."""
        registers = sorted({unit.id for unit in _registers(state, command, context)})
        return cls(round=round_id(state), registers=tuple(registers))

    def apply(self, state: Proposal, fact: Fact) -> None:
        """One more round."""
        state.last_round_inconclusive = False
        state.round = self.round
        state.rounds_made += 1
        state.add("rounds")


class EvaluationPassed(StateEvent):
    """The residents are satisfied."""

    round: RoundId


class EvaluationFailed(StateEvent):
    """They are not: it is to be put right."""

    round: RoundId


class EvaluationInconclusive(StateEvent):
    """The round says nothing; it counts as one."""

    round: RoundId
    why: str

    def apply(self, state: Proposal, fact: Fact) -> None:
        """The case may be closed after the last of these."""
        state.last_round_inconclusive = True


class RectificationEscalated(StateEvent):
    """The tier above decides."""

    reason: Text
    unit: UnitId

    @classmethod
    def of(cls, state: Proposal, command: EscalateRectification, context: Context) -> RectificationEscalated:
        """One step up."""
        return cls(reason=command.reason, unit=parent_of(state, context))

    def apply(self, state: Proposal, fact: Fact) -> None:
        """The unit above deals with it now."""
        state.rise_to(self.unit)


class ProposalClosed(StateEvent):
    """The case is closed."""

    summary: Text
    outcome: str

    @classmethod
    def of(cls, state: Proposal, command: CloseProposal, context: Context) -> ProposalClosed:
        """The outcome follows from what happened; nobody types it. Without a count nobody has said that it was done."""
        if state.last_round_inconclusive and not (state.unresolved or state.infeasible):
            return cls(summary=command.summary, outcome="inconclusive")
        due = _kept_until(state, command, context)
        return cls(summary=command.summary, outcome=state.outcome or "handled", due_at=due)

    def apply(self, state: Proposal, fact: Fact) -> None:
        """An end."""
        state.end(fact, self.outcome)


def _kept_until(state: Proposal, command: CloseProposal, context: Context) -> datetime | None:
    """What is looked at again later can be reopened then, and is not archived before."""
    rules = pinned(context, state)
    deadline = rules.deadline(Kind.PROPOSAL, S.CLOSED)
    if state.review_at is None or deadline is None or deadline.within is None:
        return None
    assert command.at is not None
    return end_of(max(command.at, state.review_at), deadline.within, rules, context.calendar).at


def round_id(state: Proposal) -> str:
    """The id of the case's next round."""
    return f"round-{token_of(state.id)}.{state.rounds_made + 1}"


# --- guards


def the_grid_worker_tells_it(state: Proposal, command: DeliverFeedback, context: Context) -> Refusal | None:
    """Residents hear it from their grid worker; of a case that lies in no grid, from the coordinator."""
    place = context.unit(state.place)
    day, site = day_of(command, state, context), site_of(state, command, context)
    in_a_grid = place is not None and place.tier in {Tier.GRID, Tier.BUILDING}
    if in_a_grid and not holds(command.actor, Role.GRID_WORKER, site, day, context):
        return refusal("grid_worker_tells", unit=state.place)
    return None


def it_is_not_unresolved(state: Proposal, command: OpenEvaluation, context: Context) -> Refusal | None:
    """What could not be resolved is reported back, not evaluated."""
    return refusal("unresolved_is_not_evaluated") if state.unresolved else None


def rounds_are_left(state: Proposal, command: OpenEvaluation, context: Context) -> Refusal | None:
    """Rounds are bounded at each tier."""
    return within_maximum("rounds", state, context)


def nobody_is_listed_twice(state: Proposal, command: OpenEvaluation, context: Context) -> Refusal | None:
    """Each has one vote."""
    return refusal("listed_twice") if len(set(command.eligible)) < len(command.eligible) else None


def no_handler_evaluates(state: Proposal, command: OpenEvaluation, context: Context) -> Refusal | None:
    """Neither who handled the case nor anyone of the units that did."""
    handled = _who_handled(state, command, context)
    count = sum(handled(person) for person in command.eligible)
    return refusal("handlers_evaluate", people=count) if count else None


def _who_handled(state: Proposal, command: OpenEvaluation, context: Context) -> Callable[[str], bool]:
    people = {person for act in people_who_handled(state, context) for person in act}
    of_a_unit = is_of_a_handling_unit(state, command, context)
    return lambda person: person in people or of_a_unit(person)


def opener_is_no_handler(state: Proposal, command: OpenEvaluation, context: Context) -> Refusal | None:
    """Who handled it does not choose who says how well."""
    return apart(command, people_who_handled(state, context), "opens_own_evaluation")


def they_are_concerned(state: Proposal, command: OpenEvaluation, context: Context) -> Refusal | None:
    """Residents and party members of the case's area, and whoever raised or supported it."""
    for home in command.resides_in:
        if not context.is_within(home, state.unit):
            return refusal("area_lies_elsewhere", unit=home, area=state.unit)
    day, homes = day_of(command, state, context), _registers(state, command, context)
    if not homes:
        return None
    known = {state.proposer.actor, *state.cosigners}
    strangers = sum(
        person not in known and not any(unit.holds(person, RESIDENTS, day) for unit in homes)
        for person in command.eligible
    )
    return refusal("not_concerned", people=strangers) if strangers else None


def _registers(state: Proposal, command: OpenEvaluation, context: Context) -> list[Unit]:
    """Where residents are registered that day, at the place, above it, or in the areas that are named."""
    day = day_of(command, state, context)
    further = (context.unit(home) for home in command.resides_in)
    homes = [*context.above(state.place), *(unit for unit in further if unit is not None)]
    return [unit for unit in homes if unit.holders(RESIDENTS, day)]


def proposer_may_evaluate(state: Proposal, command: OpenEvaluation, context: Context) -> Refusal | None:
    """The proposer is on the list, unless the proposer handled the case or it came from another register."""
    proposer = state.proposer.actor
    if not proposer or proposer in command.eligible or _who_handled(state, command, context)(proposer):
        return None
    return refusal("proposer_left_out")


def rounds_are_exhausted(state: Proposal, command: EscalateRectification, context: Context) -> Refusal | None:
    """While a round is left the matter is put right here."""
    return None if exhausted("rounds", state, context) else refusal("rounds_are_left")


def it_is_answered(state: Proposal, command: CloseProposal, context: Context) -> Refusal | None:
    """No case is closed without an answer to whoever raised it."""
    return None if state.answered else refusal("not_answered")


def nothing_more_to_evaluate(state: Proposal, command: CloseProposal, context: Context) -> Refusal | None:
    """From `reported` only if unresolved, or after the last round if that was inconclusive."""
    if state.status is S.EVALUATED or state.unresolved:
        return None
    if state.last_round_inconclusive and exhausted("rounds", state, context):
        return None
    return refusal("evaluation_is_due")


def closes_when(command: OpenEvaluation, state: Proposal, context: Context) -> datetime:
    """When a round that opens now is over."""
    rules = pinned(context, state)
    deadline = rules.deadline(Kind.PROPOSAL, "evaluating")
    assert deadline is not None
    assert deadline.within is not None
    assert command.at is not None
    return end_of(command.at, deadline.within, rules, context.calendar).at


# --- rows

_R = Role

EVALUATION = (
    Row(S.HANDLED, DeliverFeedback, FeedbackDelivered, S.REPORTED, (_R.GRID_WORKER, _R.COORDINATOR),
        (the_grid_worker_tells_it,), step=Step.EVALUATE),
    Row(S.REPORTED, OpenEvaluation, EvaluationOpened, S.EVALUATING, (_R.COORDINATOR,),
        (it_is_not_unresolved, rounds_are_left, opener_is_no_handler, nobody_is_listed_twice, no_handler_evaluates,
         they_are_concerned, proposer_may_evaluate),
        step=Step.EVALUATE),
    Row(S.EVALUATING, PassEvaluation, EvaluationPassed, S.EVALUATED, reaction=True, step=Step.EVALUATE),
    Row(S.EVALUATING, FailEvaluation, EvaluationFailed, S.RECTIFYING, reaction=True, step=Step.EVALUATE),
    Row(S.EVALUATING, LeaveInconclusive, EvaluationInconclusive, S.REPORTED, reaction=True, step=Step.EVALUATE),
    Row(S.RECTIFYING, EscalateRectification, RectificationEscalated, S.TABLED, (_R.COORDINATOR, _R.SYSTEM),
        (rounds_are_exhausted, a_parent_tier_exists), step=Step.EVALUATE),
    Row((S.EVALUATED, S.REPORTED), CloseProposal, ProposalClosed, S.CLOSED, (_R.COORDINATOR,),
        (it_is_answered, nothing_more_to_evaluate), step=Step.EVALUATE),
)  # fmt: skip
