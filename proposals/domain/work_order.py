"""Work orders 工单: one for each handling unit. Streets whistle, departments report in 街道吹哨、部门报到."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, cast

from proposals.domain.deadlines import end_of, prolonged
from proposals.domain.errors import Refusal, refusal
from proposals.domain.event import Command, Event, Fact, StateEvent
from proposals.domain.rules import Period
from proposals.domain.state import State
from proposals.domain.vocabulary import (
    Act,
    Code,
    Evidence,
    Instant,
    Kind,
    Line,
    OrderId,
    ProposalId,
    Role,
    Text,
    UnitId,
    Urgency,
)

if TYPE_CHECKING:
    from datetime import datetime

    from proposals.domain.case import Proposal
    from proposals.domain.context import Context
    from proposals.domain.rules import ProcessPolicy


class OrderStatus(StrEnum):
    """The life of an order."""

    DISPATCHED = "dispatched"
    DECLINED = "declined"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    ACCEPTED = "accepted"
    EXCUSED = "excused"
    CANCELLED = "cancelled"


_O = OrderStatus
LIVE = (_O.DISPATCHED, _O.DECLINED, _O.ACKNOWLEDGED, _O.IN_PROGRESS, _O.DONE)
UNDER_WAY = (_O.DISPATCHED, _O.ACKNOWLEDGED, _O.IN_PROGRESS)
TIMED = (*UNDER_WAY, _O.DECLINED)
SETTLED = (_O.DONE, _O.ACCEPTED, _O.EXCUSED, _O.CANCELLED)


@dataclass(slots=True, kw_only=True)
class WorkOrder(State):
    """An order as its events add up."""

    proposal: str = ""
    unit: str = ""
    lead: bool = False
    directed: bool = False
    urgency: Urgency = Urgency.NORMAL
    complete_by: datetime | None = None
    declines: int = 0
    asked_by: Act | None = None
    """Who asked for the extension that awaits an answer."""
    extended: bool = False
    paused_at: datetime | None = None
    handlers: tuple[Act, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    @property
    def clock_stopped(self) -> bool:
        """While the case is suspended."""
        return self.paused_at is not None

    def clock_from(self, fact: Fact) -> None:
        """Where a new time is given while the clock stands, only the rest of the stop is given back."""
        if self.paused_at is not None:
            self.paused_at = fact.occurred_at

    def is_in(self, role: Role, person: str, command: Any, context: Context) -> bool:
        """No role follows from an order by itself."""
        return False


# --- commands


class OrderCommand(Command):
    """Addressed to a work order."""

    kind: ClassVar[Kind] = Kind.ORDER
    order: OrderId


class DispatchOrder(OrderCommand):
    """Sends the order to a unit."""

    proposal: ProposalId
    unit: UnitId
    lead: bool
    urgency: Urgency


class AcknowledgeOrder(OrderCommand):
    """签收: the unit has it."""


class DeclineOrder(OrderCommand):
    """退单: the unit says it is not for them, on a ground of the policy's list."""

    ground: Code
    reason: Text


class RedispatchOrder(OrderCommand):
    """改派: sends a declined order out again, to the same unit or another."""

    unit: UnitId
    reason: Text


class DirectOrder(OrderCommand):
    """指派: the tier above directs a declined order; it cannot be declined again."""

    unit: UnitId
    reason: Text


class ReportIn(OrderCommand):
    """报到: the unit is on the spot."""


class CompleteOrder(OrderCommand):
    """办结: the unit has done its part."""

    report: Text
    evidence: tuple[Evidence, ...]


class AcceptOrder(OrderCommand):
    """Follows a verification that passed."""


class ReopenOrder(OrderCommand):
    """Follows a verification that failed."""

    reason: Text


class ExcuseOrder(OrderCommand):
    """免办: the tier above releases the unit."""

    reason: Text


class CancelOrder(OrderCommand):
    """Follows a decision about the whole case."""

    reason: Text


class StopOrderClock(OrderCommand):
    """Follows the suspension of the case."""


class RestartOrderClock(OrderCommand):
    """Follows the resumption of the case: what was left of the time is given back."""


class RecordProgress(OrderCommand):
    """How far it is."""

    progress: Text


class RequestExtension(OrderCommand):
    """延期: asks for more time, before the time is over."""

    period: Period
    reason: Text


class GrantExtension(OrderCommand):
    """Gives more time."""

    period: Period


class DenyExtension(OrderCommand):
    """Gives none."""

    reason: Text


class UrgeOrder(OrderCommand):
    """催办: urges the unit."""

    message: Line


# --- events


class OrderDispatched(StateEvent):
    """A unit is to act: to acknowledge by `due_at`, to be done by `complete_by`."""

    proposal: ProposalId
    unit: UnitId
    lead: bool
    urgency: Urgency
    complete_by: Instant

    @classmethod
    def of(cls, state: None, command: DispatchOrder, context: Context) -> OrderDispatched:
        """Both times by urgency."""
        due, complete_by = times_of(command, command.proposal, command.urgency, context)
        return cls(
            proposal=command.proposal,
            unit=command.unit,
            lead=command.lead,
            urgency=command.urgency,
            due_at=due,
            complete_by=complete_by,
        )

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """Whose it is, and by when."""
        state.proposal, state.unit, state.lead = self.proposal, self.unit, self.lead
        state.urgency, state.complete_by = self.urgency, self.complete_by


class OrderAcknowledged(StateEvent):
    """The unit has it; what counts now is when it must be done."""

    @classmethod
    def of(cls, state: WorkOrder, command: Command, context: Context) -> OrderAcknowledged:
        """Due when the order must be done."""
        return cls(due_at=state.complete_by)

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """Who acknowledges, handles."""
        state.handlers = (*state.handlers, fact.act)


class OrderDeclined(StateEvent):
    """The unit sent it back."""

    ground: Code
    reason: Text

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """One more decline; the coordinator's time begins now, also while the case is suspended."""
        state.declines += 1
        state.clock_from(fact)


class _SentAgain(StateEvent):
    unit: UnitId
    reason: Text
    complete_by: Instant

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """Whose it is now, and by when; an extension may be asked for anew."""
        state.unit, state.complete_by = self.unit, self.complete_by
        state.asked_by, state.extended = None, False
        state.clock_from(fact)


def _sent_again(state: WorkOrder, command: RedispatchOrder | DirectOrder, context: Context) -> dict[str, Any]:
    due, complete_by = times_of(command, state.proposal, state.urgency, context)
    return {"unit": command.unit, "reason": command.reason, "due_at": due, "complete_by": complete_by}


class OrderRedispatched(_SentAgain):
    """It went out again."""

    @classmethod
    def of(cls, state: WorkOrder, command: RedispatchOrder, context: Context) -> OrderRedispatched:
        """With the full time again."""
        return cls(**_sent_again(state, command, context))


class OrderDirected(_SentAgain):
    """It went out again, and must be taken."""

    @classmethod
    def of(cls, state: WorkOrder, command: DirectOrder, context: Context) -> OrderDirected:
        """With the full time again."""
        return cls(**_sent_again(state, command, context))

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """It cannot be declined any more."""
        super().apply(state, fact)
        state.directed = True


class HandlerReportedIn(StateEvent):
    """The unit is on the spot."""

    @classmethod
    def of(cls, state: WorkOrder, command: Command, context: Context) -> HandlerReportedIn:
        """Still due when the order must be done."""
        return cls(due_at=state.complete_by)

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """Who reports in, handles."""
        state.handlers = (*state.handlers, fact.act)


class OrderCompleted(StateEvent):
    """The unit has done its part."""

    report: Text
    evidence: tuple[Evidence, ...]

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """With its evidence."""
        state.evidence = (*state.evidence, *self.evidence)
        state.handlers = (*state.handlers, fact.act)


class OrderAccepted(StateEvent):
    """The work was verified."""


class OrderReopened(StateEvent):
    """The work must be done again."""

    reason: Text
    complete_by: Instant

    @classmethod
    def of(cls, state: WorkOrder, command: ReopenOrder, context: Context) -> OrderReopened:
        """With the full time again."""
        _, complete_by = times_of(command, state.proposal, state.urgency, context)
        return cls(reason=command.reason, due_at=complete_by, complete_by=complete_by)

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """The new time; an extension may be asked for anew."""
        state.complete_by = self.complete_by
        state.asked_by, state.extended = None, False


class OrderExcused(StateEvent):
    """The unit need not act."""

    reason: Text


class OrderCancelled(StateEvent):
    """The order fell with a decision about the case."""

    reason: Text


class OrderClockStopped(Event):
    """The time stands still."""

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """From now."""
        state.paused_at = fact.occurred_at


class OrderClockRestarted(Event):
    """The time runs on, later by the length of the stop."""

    complete_by: Instant
    due: Instant

    @classmethod
    def of(cls, state: WorkOrder, command: RestartOrderClock, context: Context) -> OrderClockRestarted:
        """Both times move by the length of the stop."""
        assert command.at is not None
        stop = command.at - state.paused_at if state.paused_at is not None else timedelta()
        assert state.complete_by is not None
        return cls(complete_by=state.complete_by + stop, due=(state.due_at or state.complete_by) + stop)

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """The clock runs; what was missed before the stop is not missed again."""
        state.complete_by, state.due_at = self.complete_by, self.due
        state.paused_at = None


class ProgressRecorded(Event):
    """How far it is."""

    progress: Text

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """Who reports on the work, handles."""
        state.handlers = (*state.handlers, fact.act)


class ExtensionRequested(Event):
    """More time was asked for."""

    period: Period
    reason: Text

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """It awaits an answer; who asks, handles."""
        state.asked_by = fact.act
        state.handlers = (*state.handlers, fact.act)


class ExtensionGranted(Event):
    """More time was given."""

    period: Period
    complete_by: Instant
    due: Instant

    @classmethod
    def of(cls, state: WorkOrder, command: GrantExtension, context: Context) -> ExtensionGranted:
        """Counted from when it was due."""
        rules = rules_of_order(state, command, context)
        assert state.complete_by is not None
        end = prolonged(state.complete_by, command.period, rules, context.calendar)
        due = end if state.status is not _O.DISPATCHED or state.due_at is None else state.due_at
        return cls(period=command.period, complete_by=end, due=due)

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """Once for an order; the timers of a new time count anew."""
        if self.due != state.due_at:
            state.missed = ()
        state.complete_by, state.due_at = self.complete_by, self.due
        state.asked_by, state.extended = None, True


class ExtensionDenied(Event):
    """No more time was given."""

    reason: Text

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """The request is answered."""
        state.asked_by = None


class OrderUrged(Event):
    """The unit was urged."""

    message: Line


def times_of(command: Command, proposal: str, urgency: Urgency, context: Context) -> tuple[datetime, datetime]:
    """When the order must be acknowledged, and when done."""
    assert command.at is not None
    rules = context.policy(context.state(proposal).policy)
    return (
        end_of(command.at, rules.acknowledge_within[urgency], rules, context.calendar).at,
        end_of(command.at, rules.handle_within[urgency], rules, context.calendar).at,
    )


def rules_of_order(state: WorkOrder | None, command: Command, context: Context) -> ProcessPolicy:
    """The rules pinned by the order's case."""
    proposal = state.proposal if state is not None else str(getattr(command, "proposal", ""))
    return context.policy(context.state(proposal).policy)


def unit_can_take_an_order(case: Proposal, unit: str, context: Context, besides: str = "") -> Refusal | None:
    """The unit is open and has no other live order of the case."""
    found = context.unit(unit)
    if found is None:
        return refusal("no_such_unit", unit=unit)
    if str(found.status) != "open":
        return refusal("unit_is_closed", unit=unit)
    for reference in case.live_orders:
        order = cast("WorkOrder | None", context.read(reference.order))
        if reference.order != besides and order is not None and order.unit == unit and order.status in LIVE:
            return refusal("unit_has_an_order", unit=unit, order=order.id)
    return None
