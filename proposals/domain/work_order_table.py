"""The work order's guards and rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proposals.domain.authority import apart
from proposals.domain.case import Proposal, S
from proposals.domain.context import Context, Site
from proposals.domain.deadlines import entered, latest_start
from proposals.domain.errors import Refusal, on_the_list, refusal
from proposals.domain.missed import missed_row
from proposals.domain.process import NEW, SAME, Process, Row
from proposals.domain.vocabulary import (
    Kind,
    Role,
    instant_text,
)

if TYPE_CHECKING:
    from proposals.domain.event import Command

from proposals.domain.work_order import (
    _O,
    LIVE,
    TIMED,
    UNDER_WAY,
    AcceptOrder,
    AcknowledgeOrder,
    CancelOrder,
    CompleteOrder,
    DeclineOrder,
    DenyExtension,
    DirectOrder,
    DispatchOrder,
    ExcuseOrder,
    GrantExtension,
    OrderStatus,
    RecordProgress,
    RedispatchOrder,
    ReopenOrder,
    ReportIn,
    RequestExtension,
    RestartOrderClock,
    StopOrderClock,
    UrgeOrder,
    WorkOrder,
    rules_of_order,
    unit_can_take_an_order,
)
from proposals.domain.work_order_events import (
    ExtensionDenied,
    ExtensionGranted,
    ExtensionRequested,
    HandlerReportedIn,
    OrderAccepted,
    OrderAcknowledged,
    OrderCancelled,
    OrderClockRestarted,
    OrderClockStopped,
    OrderCompleted,
    OrderDeclined,
    OrderDirected,
    OrderDispatched,
    OrderExcused,
    OrderRedispatched,
    OrderReopened,
    OrderUrged,
    ProgressRecorded,
)

# --- guards


def ground_is_in_policy(state: WorkOrder, command: DeclineOrder, context: Context) -> Refusal | None:
    """Only the policy's grounds count."""
    return on_the_list("ground", command.ground, rules_of_order(state, command, context).decline_grounds)


def it_is_not_directed(state: WorkOrder, command: DeclineOrder, context: Context) -> Refusal | None:
    """What the tier above has directed must be taken."""
    return refusal("order_is_directed", order=state.id) if state.directed else None


def declines_are_left(state: WorkOrder, command: DeclineOrder, context: Context) -> Refusal | None:
    """An order is declined a bounded number of times; after that it must be taken."""
    maximum = rules_of_order(state, command, context).maxima.order_declines
    return refusal("limit_reached", loop="order_declines", maximum=maximum) if state.declines >= maximum else None


def the_unit_can_take_it(state: WorkOrder, command: RedispatchOrder | DirectOrder, context: Context) -> Refusal | None:
    """An open unit that does not have another order of the case."""
    case: Proposal = context.state(state.proposal)
    return unit_can_take_an_order(case, command.unit, context, besides=state.id)


def the_case_is_being_handled(state: WorkOrder, command: Command, context: Context) -> Refusal | None:
    """No work is reported on a case that is suspended or elsewhere."""
    case: Proposal = context.state(state.proposal)
    return None if case.status is S.HANDLING else refusal("case_not_in_handling", status=str(case.status))


def it_brings_evidence(state: WorkOrder, command: CompleteOrder, context: Context) -> Refusal | None:
    """Work without a trace is not done."""
    return None if command.evidence else refusal("evidence_needed")


def asked_in_time(state: WorkOrder, command: RequestExtension, context: Context) -> Refusal | None:
    """More time is asked for while there is still some."""
    assert state.complete_by is not None
    rules = rules_of_order(state, command, context)
    latest = latest_start(state.complete_by, rules.extension_asked_before, rules, context.calendar)
    asked_at = state.paused_at or entered(command.at, context)  # while the case is suspended no time goes by
    return refusal("asked_too_late", latest=instant_text(latest)) if asked_at > latest else None


def asked_once(state: WorkOrder, command: RequestExtension, context: Context) -> Refusal | None:
    """One extension for an order."""
    return refusal("extended_already") if state.extended or state.asked_by is not None else None


def within_the_limit(state: WorkOrder, command: RequestExtension | GrantExtension, context: Context) -> Refusal | None:
    """No longer than the policy allows, in the policy's unit, and not for nothing."""
    limit = rules_of_order(state, command, context).extension_limit
    if command.period.unit is not limit.unit or not 0 < command.period.count <= limit.count:
        return refusal("extension_too_long", limit=str(limit), unit=limit.unit.value)
    return None


def it_was_asked_for(state: WorkOrder, command: Command, context: Context) -> Refusal | None:
    """There is a request to answer."""
    return refusal("nothing_was_asked") if state.asked_by is None else None


def answerer_did_not_ask(state: WorkOrder, command: Command, context: Context) -> Refusal | None:
    """Nobody answers their own request."""
    assert state.asked_by is not None
    return apart(command, [state.asked_by], "answers_own_request")


def it_is_not_the_lead(state: WorkOrder, command: ExcuseOrder, context: Context) -> Refusal | None:
    """A case always has a lead who answers for it: the lead is reassigned, or the case declared infeasible."""
    return refusal("lead_cannot_be_withdrawn") if state.lead else None


def excuser_is_no_handler(state: WorkOrder, command: ExcuseOrder, context: Context) -> Refusal | None:
    """Nobody lets themselves off."""
    return apart(command, state.handlers, "excuses_own_order")


# --- rows


def _site(state: WorkOrder, command: Command, context: Context) -> Site:
    case: Proposal = context.state(state.proposal)
    return Site(place=case.place, unit=case.unit, handling_unit=state.unit)


_R = Role

WORK_ORDER = Process(
    Kind.ORDER,
    OrderStatus,
    WorkOrder,
    (
        Row(NEW, DispatchOrder, OrderDispatched, _O.DISPATCHED, reaction=True),
        Row(_O.DISPATCHED, AcknowledgeOrder, OrderAcknowledged, _O.ACKNOWLEDGED, (_R.HANDLER,)),
        Row(_O.DISPATCHED, DeclineOrder, OrderDeclined, _O.DECLINED, (_R.PRINCIPAL,),
            (ground_is_in_policy, it_is_not_directed, declines_are_left)),
        Row(_O.DECLINED, RedispatchOrder, OrderRedispatched, _O.DISPATCHED, (_R.COORDINATOR,),
            (the_unit_can_take_it,)),
        Row(_O.DECLINED, DirectOrder, OrderDirected, _O.DISPATCHED, (_R.TIER_OFFICER,), (the_unit_can_take_it,)),
        Row(_O.ACKNOWLEDGED, ReportIn, HandlerReportedIn, _O.IN_PROGRESS, (_R.HANDLER,),
            (the_case_is_being_handled,)),
        Row(_O.IN_PROGRESS, CompleteOrder, OrderCompleted, _O.DONE, (_R.HANDLER,),
            (the_case_is_being_handled, it_brings_evidence)),
        Row(_O.DONE, AcceptOrder, OrderAccepted, _O.ACCEPTED, reaction=True),
        Row(_O.DONE, ReopenOrder, OrderReopened, _O.IN_PROGRESS, reaction=True),
        Row(TIMED, ExcuseOrder, OrderExcused, _O.EXCUSED, (_R.TIER_OFFICER,),
            (it_is_not_the_lead, excuser_is_no_handler)),
        Row(LIVE, CancelOrder, OrderCancelled, _O.CANCELLED, reaction=True),
        Row(TIMED, StopOrderClock, OrderClockStopped, SAME, reaction=True),
        Row(TIMED, RestartOrderClock, OrderClockRestarted, SAME, reaction=True),
        Row(LIVE, RecordProgress, ProgressRecorded, SAME, (_R.HANDLER,)),
        Row(UNDER_WAY, RequestExtension, ExtensionRequested, SAME, (_R.HANDLER,),
            (asked_in_time, asked_once, within_the_limit)),
        Row(UNDER_WAY, GrantExtension, ExtensionGranted, SAME, (_R.TIER_OFFICER,),
            (it_was_asked_for, answerer_did_not_ask, within_the_limit)),
        Row(UNDER_WAY, DenyExtension, ExtensionDenied, SAME, (_R.TIER_OFFICER,),
            (it_was_asked_for, answerer_did_not_ask)),
        Row(LIVE, UrgeOrder, OrderUrged, SAME, (_R.COORDINATOR, _R.TIER_OFFICER, _R.SYSTEM)),
        missed_row(LIVE, rules_of_order),
    ),
    terminal=(_O.ACCEPTED, _O.EXCUSED, _O.CANCELLED),
    site=_site,
    policy=rules_of_order,
)  # fmt: skip
