"""Work orders 工单: one for each handling unit. Streets whistle, departments report in 街道吹哨、部门报到."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from proposals.domain.deadlines import end_of
from proposals.domain.errors import Refusal, refusal
from proposals.domain.event import Command, Fact
from proposals.domain.rules import Period
from proposals.domain.state import State
from proposals.domain.units import unit_is_open
from proposals.domain.vocabulary import (
    Act,
    Code,
    Evidence,
    Kind,
    Line,
    OrderId,
    ProposalId,
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
    declines: int = 0
    """How often the order that it replaces was declined."""


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


def times_of(command: Command, proposal: str, urgency: Urgency, context: Context) -> tuple[datetime, datetime]:
    """When the order must be acknowledged, and when done."""
    assert command.at is not None
    rules = context.policy(context.state(proposal).policy)
    return (
        end_of(command.at, rules.acknowledge_within[urgency], rules, context.calendar).at,
        end_of(command.at, rules.handle_within[urgency], rules, context.calendar).at,
    )


def rules_of_order(state: WorkOrder | None, command: Any, context: Context) -> ProcessPolicy:
    """The rules pinned by the order's case."""
    proposal = state.proposal if state is not None else command.proposal
    return context.policy(context.state(proposal).policy)


def unit_can_take_an_order(case: Proposal, unit: str, context: Context, besides: str = "") -> Refusal | None:
    """The unit is open and has no other live order of the case."""
    reason = unit_is_open(unit, context)
    if reason is not None:
        return reason
    for reference in case.live_orders:
        order: WorkOrder | None = context.read(reference.order)
        if reference.order != besides and order is not None and order.unit == unit and order.status in LIVE:
            return refusal("unit_has_an_order", unit=unit, order=order.id)
    return None
