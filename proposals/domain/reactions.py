"""Reactions: what an event of one stream asks of others, in the same transaction and in the same person's name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from proposals.domain.case import Proposal, exhausted, order_state
from proposals.domain.deadlines import entered, start_of
from proposals.domain.decision import AdoptProposal, DeferDecision, EscalateDecision, RejectProposal
from proposals.domain.dispatching import OrderAdded, OrderReassigned, OrderWithdrawn, WhistleBlown, WorkDispatched
from proposals.domain.evaluation import (
    EvaluationOpened,
    FailEvaluation,
    LeaveInconclusive,
    PassEvaluation,
    closes_when,
)
from proposals.domain.evaluation_round import OpenRound, Result, RoundAnnulled, RoundClosed
from proposals.domain.handling import (
    HandlingDeclaredInfeasible,
    HandlingEscalated,
    HandlingResumed,
    HandlingSuspended,
    HandlingVerified,
    VerificationFailed,
)
from proposals.domain.meeting import Meeting, Outcome, Purpose
from proposals.domain.meeting_acts import (
    ItemClosed,
    MeetingCancelled,
    MeetingClosed,
    MeetingLapsed,
    case_is_still_there,
)
from proposals.domain.organisation import EnactPolicy, Unit
from proposals.domain.policy import PolicyPublished, SupersedePolicy
from proposals.domain.raising import AbsorbCase, ProposalMerged
from proposals.domain.vocabulary import Motion
from proposals.domain.work_order import (
    LIVE,
    TIMED,
    AcceptOrder,
    CancelOrder,
    DispatchOrder,
    OrderStatus,
    ReopenOrder,
    RestartOrderClock,
    StopOrderClock,
)

if TYPE_CHECKING:
    from datetime import date

    from proposals.domain.context import Context
    from proposals.domain.event import Command, Event, Fact
    from proposals.domain.rules import ProcessPolicy
    from proposals.domain.vocabulary import OrderSpec
    from proposals.domain.work_order import WorkOrder

Reaction = Callable[[Any, "Follow"], "Iterable[Command]"]


class Follow:
    """What a reaction sees: the command that was given, the fact, the stream's state after it."""

    def __init__(self, command: Command, fact: Fact, after: Any, context: Context) -> None:
        self.command = command
        self.fact = fact
        self.after = after
        self.context = context

    @property
    def people(self) -> dict[str, Any]:
        """The same people at the same time: a reaction has no author of its own."""
        return {"actor": self.fact.actor, "entered_by": self.fact.entered_by, "at": self.fact.occurred_at}

    @property
    def case(self) -> Proposal:
        """The proposal after the fact, where the fact is one of the spine."""
        case: Proposal = self.after
        return case


def reactions(follow: Follow) -> list[Command]:
    """The commands that follow a fact, in order; none for most."""
    react = _REACTIONS.get(type(follow.fact.event))
    return list(react(follow.fact.event, follow)) if react is not None else []


def _absorb(event: ProposalMerged, follow: Follow) -> Iterable[Command]:
    case = follow.case
    yield AbsorbCase(
        proposal=event.into,
        merged=case.id,
        source=case.source,
        proposer=case.proposer.actor or None,
        cosigners=case.cosigners,
        absorbed=case.absorbed,
        **follow.people,
    )


def _decide(event: ItemClosed, follow: Follow) -> Iterable[Command]:
    meeting: Meeting = follow.after
    match event.motion, event.outcome:
        case Motion.ADOPT, Outcome.CARRIED:
            item = meeting.agenda[event.item - 1]
            assert item.plan is not None
            yield AdoptProposal(
                proposal=event.proposal,
                meeting=meeting.id,
                plan=item.plan,
                funding=item.funding,
                appropriation=item.appropriation,
                **follow.people,
            )
        case Motion.ADOPT, Outcome.LOST:
            yield RejectProposal(proposal=event.proposal, meeting=meeting.id, **follow.people)
        case Motion.ESCALATE, Outcome.CARRIED:
            yield from _escalate(event.proposal, meeting, "motion", follow)
        case Motion.DEFER, Outcome.CARRIED:
            yield from _defer(event.proposal, meeting, "motion", follow)
        case _, Outcome.NO_QUORUM | Outcome.UNFUNDED:
            yield from _defer(event.proposal, meeting, event.outcome.value, follow)
        case _:  # void, discussed, or a motion to defer or escalate that was lost: the case stays where it is
            pass


def _defer(proposal: str, meeting: Meeting, why: str, follow: Follow) -> Iterable[Command]:
    """Defers, once a day; one time too many, and the matter rises. At the top a tier officer must record it unresolved.

    Several meetings called for one evening that all come to nothing are one evening lost.
    """
    case: Proposal = follow.context.state(proposal)
    if _deferred_that_day(case, meeting, follow.context):
        return
    if exhausted("deferrals", case, follow.context):
        yield from _escalate(proposal, meeting, "deferrals_exhausted", follow)
    else:
        yield DeferDecision(proposal=proposal, meeting=meeting.id, why=why, **follow.people)


def _deferred_that_day(case: Proposal, meeting: Meeting, context: Context) -> bool:
    last: Meeting | None = context.read(case.deferred_by) if case.deferred_by is not None else None
    rules = context.policy(case.policy)
    return last is not None and _day(last, rules, context) == _day(meeting, rules, context)


def _day(meeting: Meeting, rules: ProcessPolicy, context: Context) -> date:
    assert meeting.starts_at is not None
    return context.day(meeting.starts_at, rules)


def _escalate(proposal: str, meeting: Meeting, why: str, follow: Follow) -> Iterable[Command]:
    case: Proposal = follow.context.state(proposal)
    if follow.context.parent(case.unit) is not None:
        yield EscalateDecision(proposal=proposal, meeting=meeting.id, why=why, **follow.people)


def _defer_all(event: MeetingLapsed | MeetingCancelled | MeetingClosed, follow: Follow) -> Iterable[Command]:
    """What was to be decided and was not is deferred, once the hour had come for which members were asked to meet."""
    meeting: Meeting = follow.after
    assert meeting.starts_at is not None
    if meeting.purpose is Purpose.DECIDE and entered(follow.fact.occurred_at, follow.context) >= meeting.starts_at:
        why = f"meeting_{meeting.status}"
        for item in (meeting.agenda[number - 1] for number in meeting.open_items()):
            if case_is_still_there(meeting, item, follow.context):
                yield from _defer(item.proposal, meeting, why, follow)


def _dispatch(event: WorkDispatched | OrderAdded | WhistleBlown, follow: Follow) -> Iterable[Command]:
    return [_order(spec, follow) for spec in event.orders]


def _order(spec: OrderSpec, follow: Follow, declines: int = 0) -> DispatchOrder:
    case = follow.case
    return DispatchOrder(
        order=spec.order,
        proposal=case.id,
        unit=spec.unit,
        lead=spec.lead,
        urgency=case.urgency,
        declines=declines,
        **follow.people,
    )


def _swap(event: OrderReassigned, follow: Follow) -> Iterable[Command]:
    """What the old order was declined counts for the new one: sending it round does not make it start anew."""
    replaced: WorkOrder = follow.context.state(event.order)
    yield CancelOrder(order=event.order, reason=event.reason, **follow.people)
    yield from (_order(spec, follow, replaced.declines) for spec in event.orders)


def _withdraw(event: OrderWithdrawn, follow: Follow) -> Iterable[Command]:
    yield CancelOrder(order=event.order, reason=event.reason, **follow.people)


def _cancel_all(event: HandlingEscalated | HandlingDeclaredInfeasible, follow: Follow) -> Iterable[Command]:
    return [CancelOrder(order=order.id, reason=event.reason, **follow.people) for order in _live(follow)]


def _stop_clocks(event: HandlingSuspended, follow: Follow) -> Iterable[Command]:
    return [StopOrderClock(order=order.id, **follow.people) for order in _timed(follow)]


def _restart_clocks(event: HandlingResumed, follow: Follow) -> Iterable[Command]:
    return [RestartOrderClock(order=order.id, **follow.people) for order in _timed(follow)]


def _reopen(event: VerificationFailed, follow: Follow) -> Iterable[Command]:
    return [ReopenOrder(order=order, reason=event.reason, **follow.people) for order in event.orders]


def _accept(event: HandlingVerified, follow: Follow) -> Iterable[Command]:
    done = (order for order in _live(follow) if order.status is OrderStatus.DONE)
    return [AcceptOrder(order=order.id, **follow.people) for order in done]


def _live(follow: Follow) -> list[WorkOrder]:
    found = (order_state(known.order, follow.context) for known in follow.case.live_orders)
    return [order for order in found if order is not None and order.status in LIVE]


def _timed(follow: Follow) -> list[WorkOrder]:
    """What is done has no clock: more time would make late work look timely."""
    return [order for order in _live(follow) if order.status in TIMED]


def _open_round(event: EvaluationOpened, follow: Follow) -> Iterable[Command]:
    command: Any = follow.command
    rules = follow.context.policy(follow.case.policy)
    yield OpenRound(
        round=event.round,
        proposal=follow.case.id,
        eligible=command.eligible,
        closes_at=closes_when(command, follow.case, follow.context),
        questions=rules.questions,
        **follow.people,
    )


def _evaluate(event: RoundClosed, follow: Follow) -> Iterable[Command]:
    common = {"proposal": event.proposal, "round": follow.after.id, **follow.people}
    match event.result:
        case Result.PASSED:
            yield PassEvaluation(**common)
        case Result.FAILED:
            yield FailEvaluation(**common)
        case Result.INCONCLUSIVE:
            yield LeaveInconclusive(why="too_few_ballots", **common)


def _annul(event: RoundAnnulled, follow: Follow) -> Iterable[Command]:
    yield LeaveInconclusive(proposal=event.proposal, round=follow.after.id, why="annulled", **follow.people)


def _enact(event: PolicyPublished, follow: Follow) -> Iterable[Command]:
    unit: Unit | None = follow.context.read(event.unit)
    previous = unit.editions[-1].policy if unit is not None and unit.editions else None
    begins = start_of(event.effective, follow.after.rules)
    yield EnactPolicy(unit=event.unit, policy=follow.after.id, begins=begins, **follow.people)
    if previous is not None:
        yield SupersedePolicy(policy=previous, by=follow.after.id, **follow.people)


_REACTIONS: dict[type[Event], Reaction] = {
    ProposalMerged: _absorb,
    ItemClosed: _decide,
    MeetingLapsed: _defer_all,
    MeetingCancelled: _defer_all,
    MeetingClosed: _defer_all,
    WorkDispatched: _dispatch,
    OrderAdded: _dispatch,
    WhistleBlown: _dispatch,
    OrderReassigned: _swap,
    OrderWithdrawn: _withdraw,
    HandlingEscalated: _cancel_all,
    HandlingDeclaredInfeasible: _cancel_all,
    HandlingSuspended: _stop_clocks,
    HandlingResumed: _restart_clocks,
    VerificationFailed: _reopen,
    HandlingVerified: _accept,
    EvaluationOpened: _open_round,
    RoundClosed: _evaluate,
    RoundAnnulled: _annul,
    PolicyPublished: _enact,
}
