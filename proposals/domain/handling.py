"""Step 4, joint handling 办事: the work rests, goes on, is submitted, verified, or taken higher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from proposals.domain.authority import apart, holds_any
from proposals.domain.case import (
    Proposal,
    ProposalCommand,
    S,
    a_parent_tier_exists,
    day_of,
    order_state,
    parent_of,
    site_of,
    within_maximum,
)
from proposals.domain.deadlines import not_before
from proposals.domain.dispatching import DISPATCHING
from proposals.domain.errors import Refusal, refusal
from proposals.domain.event import Fact, StateEvent
from proposals.domain.process import Row
from proposals.domain.review import review_is_ahead
from proposals.domain.vocabulary import (
    SYSTEM,
    Act,
    Evidence,
    Instant,
    OrderId,
    PersonId,
    Role,
    Step,
    Text,
    UnitId,
)
from proposals.domain.work_order import SETTLED, OrderStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from proposals.domain.context import Context
    from proposals.domain.event import Command

# --- commands


class SuspendHandling(ProposalCommand):
    """挂起: rests the case at the lead's request, until it is looked at again."""

    requested_by: PersonId
    reason: Text
    review_at: Instant


class ResumeHandling(ProposalCommand):
    """Goes on."""


class EscalateHandling(ProposalCommand):
    """提级: the tier above decides what to do."""

    reason: Text


class DeclareInfeasible(ProposalCommand):
    """无法办理: it cannot be done; that is reported back and evaluated all the same."""

    reason: Text


class SubmitHandling(ProposalCommand):
    """办结: the lead says that all is done."""

    report: Text
    evidence: tuple[Evidence, ...]


class FailVerification(ProposalCommand):
    """退回重办: the verifier found it not done; these orders are open again."""

    orders: Annotated[tuple[OrderId, ...], Field(min_length=1, max_length=100)]
    reason: Text


class PassVerification(ProposalCommand):
    """核查: the verifier found it done."""

    findings: Text


# --- events


class HandlingSuspended(StateEvent):
    """The case rests until `due_at`."""

    requested_by: PersonId
    reason: Text

    @classmethod
    def of(cls, state: Proposal, command: SuspendHandling, context: Context) -> HandlingSuspended:
        """Until the review date."""
        return cls(requested_by=command.requested_by, reason=command.reason, due_at=command.review_at)

    def apply(self, state: Proposal, fact: Fact) -> None:
        """One more rest; who asks for it, handles."""
        state.add("suspensions")
        state.handlers = (*state.handlers, Act(self.requested_by, self.requested_by))


class HandlingResumed(StateEvent):
    """It goes on."""


class HandlingEscalated(StateEvent):
    """The tier above decides; the open orders are cancelled."""

    reason: Text
    unit: UnitId

    @classmethod
    def of(cls, state: Proposal, command: EscalateHandling, context: Context) -> HandlingEscalated:
        """One step up."""
        return cls(reason=command.reason, unit=parent_of(state, context))

    def apply(self, state: Proposal, fact: Fact) -> None:
        """The unit above deals with it now."""
        state.rise_to(self.unit)


class HandlingDeclaredInfeasible(StateEvent):
    """It cannot be done; the open orders are cancelled."""

    reason: Text

    def apply(self, state: Proposal, fact: Fact) -> None:
        """Who declares it, counts as its handler."""
        state.infeasible, state.outcome = True, "infeasible"
        state.handlers = (*state.handlers, fact.act)


class HandlingSubmitted(StateEvent):
    """All is done, the lead says."""

    report: Text
    evidence: tuple[Evidence, ...]

    def apply(self, state: Proposal, fact: Fact) -> None:
        """With evidence; who submits, handles."""
        state.evidence = (*state.evidence, *self.evidence)
        state.handlers = (*state.handlers, fact.act)


class VerificationFailed(StateEvent):
    """It was not done."""

    orders: tuple[OrderId, ...]
    reason: Text

    def apply(self, state: Proposal, fact: Fact) -> None:
        """One more failure."""
        state.add("verification_failures")


class HandlingVerified(StateEvent):
    """It was done."""

    findings: Text

    def apply(self, state: Proposal, fact: Fact) -> None:
        """An outcome to report."""
        state.outcome = "handled"


# --- guards


def the_lead_asked_for_it(state: Proposal, command: SuspendHandling, context: Context) -> Refusal | None:
    """A handler of the lead unit asked for the rest, and is not who grants it."""
    own = apart(command, [Act(command.requested_by, command.requested_by)], "answers_own_request")
    if own is not None:
        return own
    day = day_of(command, state, context)
    if not holds_any(command.requested_by, (Role.HANDLER,), site_of(state, command, context), day, context):
        return refusal("not_the_lead", person=command.requested_by)
    return None


def suspensions_are_left(state: Proposal, command: SuspendHandling, context: Context) -> Refusal | None:
    """A case rests a bounded number of times at each tier."""
    return within_maximum("suspensions", state, context)


def the_clock_waits_for_the_review(state: Proposal, command: ResumeHandling, context: Context) -> Refusal | None:
    """The system resumes at the review date; people may do so earlier."""
    return not_before(state.due_at, command.at) if command.actor == SYSTEM else None


def every_order_is_done(state: Proposal, command: SubmitHandling, context: Context) -> Refusal | None:
    """Every order since the last dispatch is done, accepted, excused or cancelled."""
    for known in state.live_orders:
        order = order_state(known.order, context)
        if order is None or order.status not in SETTLED:
            return refusal("order_not_done", order=known.order, status=str(order.status) if order else "")
    return None


def it_brings_evidence(state: Proposal, command: SubmitHandling, context: Context) -> Refusal | None:
    """Work without a trace is not done."""
    return None if command.evidence else refusal("evidence_needed")


def people_who_handled(state: Proposal, context: Context) -> list[Act]:
    """Everyone who handled the case, on the spine or on one of its orders."""
    acts = list(state.handlers)
    for known in state.orders:
        order = order_state(known.order, context)
        acts.extend(order.handlers if order is not None else ())
    return acts


def is_of_a_handling_unit(state: Proposal, command: Command, context: Context) -> Callable[[str], bool]:
    """Tells of a person whether they hold an office in a unit that handled the case, or was to."""
    day = day_of(command, state, context)
    orders = [
        order
        for known in state.orders
        if (order := order_state(known.order, context)) is not None and (known.live or order.handlers)
    ]
    units = [unit for order in orders if (unit := context.unit(order.unit)) is not None]
    return lambda person: any(unit.employs(person, day) for unit in units)


def nobody_lets_themselves_off(state: Proposal, command: DeclareInfeasible, context: Context) -> Refusal | None:
    """Who was to do it does not say that it cannot be done."""
    return apart(command, people_who_handled(state, context), "declares_own_work_infeasible")


def verifier_is_no_handler(state: Proposal, command: Any, context: Context) -> Refusal | None:
    """Nobody verifies work they had a hand in, nor that of a unit they hold an office in."""
    own = apart(command, people_who_handled(state, context), "verifier_is_handler")
    if own is not None:
        return own
    person = next(filter(is_of_a_handling_unit(state, command, context), command.act), None)
    return refusal("verifier_is_of_the_unit", person=person) if person is not None else None


def failures_are_left(state: Proposal, command: FailVerification, context: Context) -> Refusal | None:
    """Verification fails a bounded number of times; then the case is escalated or declared infeasible."""
    return within_maximum("verification_failures", state, context)


def the_orders_are_done(state: Proposal, command: FailVerification, context: Context) -> Refusal | None:
    """Only orders that are done, and count, can be opened again."""
    live = {known.order for known in state.live_orders}
    for name in command.orders:
        order = order_state(name, context)
        if name not in live or order is None or order.status is not OrderStatus.DONE:
            return refusal("no_such_order", order=name)
    return refusal("order_named_twice", proposal=state.id) if len(set(command.orders)) < len(command.orders) else None


# --- rows

_R = Role
_COORDINATOR = (Role.COORDINATOR,)

HANDLING = (
    *DISPATCHING,
    Row(S.HANDLING, SuspendHandling, HandlingSuspended, S.SUSPENDED, (_R.TIER_OFFICER,),
        (the_lead_asked_for_it, review_is_ahead, suspensions_are_left), step=Step.HANDLE),
    Row(S.SUSPENDED, ResumeHandling, HandlingResumed, S.HANDLING, (_R.HANDLER, _R.TIER_OFFICER, _R.SYSTEM),
        (the_clock_waits_for_the_review,), step=Step.HANDLE),
    Row((S.HANDLING, S.SUSPENDED, S.VERIFYING), EscalateHandling, HandlingEscalated, S.TABLED, _COORDINATOR,
        (a_parent_tier_exists,), step=Step.HANDLE),
    Row((S.HANDLING, S.SUSPENDED, S.VERIFYING), DeclareInfeasible, HandlingDeclaredInfeasible, S.HANDLED,
        (_R.TIER_OFFICER,), (nobody_lets_themselves_off,), step=Step.HANDLE),
    Row(S.HANDLING, SubmitHandling, HandlingSubmitted, S.VERIFYING, (_R.HANDLER,),
        (every_order_is_done, it_brings_evidence), step=Step.HANDLE),
    Row(S.VERIFYING, FailVerification, VerificationFailed, S.HANDLING, (_R.VERIFIER,),
        (verifier_is_no_handler, failures_are_left, the_orders_are_done), step=Step.HANDLE),
    Row(S.VERIFYING, PassVerification, HandlingVerified, S.HANDLED, (_R.VERIFIER,), (verifier_is_no_handler,),
        step=Step.HANDLE),
)  # fmt: skip
