"""Step 4, joint handling 办事, its beginning: orders go out, more units are brought in, whistles are blown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from proposals.domain.case import (
    OrderRef,
    Proposal,
    ProposalCommand,
    S,
    day_of,
    order_state,
    pinned,
    within_maximum,
)
from proposals.domain.errors import Refusal, on_the_list, refusal
from proposals.domain.event import Event, Fact, StateEvent
from proposals.domain.process import SAME, Row
from proposals.domain.units import each_unit_once_and_open, unit_is_open
from proposals.domain.vocabulary import (
    Code,
    OrderId,
    OrderSpec,
    PersonId,
    Role,
    Step,
    Text,
    UnitId,
    token_of,
)
from proposals.domain.work_order import LIVE, unit_can_take_an_order

if TYPE_CHECKING:
    from proposals.domain.context import Context

# --- commands


class DispatchWork(ProposalCommand):
    """派单: sends work orders to the lead unit and those assisting; left out, they come from the plan."""

    lead: UnitId | None = None
    assisting: tuple[UnitId, ...] | None = None


class AddOrder(ProposalCommand):
    """Brings one more unit in."""

    unit: UnitId
    reason: Text


class ReassignOrder(ProposalCommand):
    """Takes an order from one unit and gives it to another: the old one is cancelled, a new one goes out."""

    order: OrderId
    unit: UnitId
    reason: Text


class WithdrawOrder(ProposalCommand):
    """Takes an assisting order back."""

    order: OrderId
    reason: Text


class BlowWhistle(ProposalCommand):
    """吹哨: summons units, for one of the policy's causes, with a principal's signature."""

    cause: Code
    units: Annotated[tuple[UnitId, ...], Field(min_length=1, max_length=50)]
    signed_by: PersonId
    reason: Text


# --- events


def _next_orders(state: Proposal, units: tuple[str, ...], lead: str | None) -> tuple[OrderSpec, ...]:
    """Orders are numbered through a case, so their ids need no randomness."""
    return tuple(
        OrderSpec(order=f"order-{token_of(state.id)}.{number}", unit=unit, lead=unit == lead)
        for number, unit in enumerate(units, state.orders_made + 1)
    )


def _add_orders(state: Proposal, orders: tuple[OrderSpec, ...]) -> None:
    state.orders_made += len(orders)
    state.orders = (*state.orders, *(OrderRef(spec.order, spec.lead, live=True) for spec in orders))


def _drop_order(state: Proposal, order: str) -> None:
    state.orders = tuple(known._replace(live=False) if known.order == order else known for known in state.orders)


class WorkDispatched(StateEvent):
    """Work orders went out."""

    orders: tuple[OrderSpec, ...]

    @classmethod
    def of(cls, state: Proposal, command: DispatchWork, context: Context) -> WorkDispatched:
        """To the units of the command, or of the plan."""
        lead, assisting = _units(state, command)
        return cls(orders=_next_orders(state, (lead, *assisting), lead))

    def apply(self, state: Proposal, fact: Fact) -> None:
        """The orders of an earlier round no longer count."""
        state.orders = tuple(order._replace(live=False) for order in state.orders)
        _add_orders(state, self.orders)
        state.restart("verification_failures")
        state.infeasible = False


class OrderAdded(Event):
    """One more unit is in."""

    orders: tuple[OrderSpec, ...]
    reason: Text

    @classmethod
    def of(cls, state: Proposal, command: AddOrder, context: Context) -> OrderAdded:
        """It assists."""
        return cls(orders=_next_orders(state, (command.unit,), None), reason=command.reason)

    def apply(self, state: Proposal, fact: Fact) -> None:
        """One more order."""
        _add_orders(state, self.orders)


class OrderReassigned(Event):
    """An order went from one unit to another."""

    order: OrderId
    orders: tuple[OrderSpec, ...]
    reason: Text

    @classmethod
    def of(cls, state: Proposal, command: ReassignOrder, context: Context) -> OrderReassigned:
        """The new order leads if the old one led."""
        leads = any(known.order == command.order and known.lead for known in state.orders)
        orders = _next_orders(state, (command.unit,), command.unit if leads else None)
        return cls(order=command.order, orders=orders, reason=command.reason)

    def apply(self, state: Proposal, fact: Fact) -> None:
        """The old one falls, the new one counts."""
        _drop_order(state, self.order)
        _add_orders(state, self.orders)


class OrderWithdrawn(Event):
    """An order was taken back."""

    order: OrderId
    reason: Text

    def apply(self, state: Proposal, fact: Fact) -> None:
        """It no longer counts."""
        _drop_order(state, self.order)


class WhistleBlown(Event):
    """Units were summoned."""

    cause: Code
    orders: tuple[OrderSpec, ...]
    signed_by: PersonId
    reason: Text

    @classmethod
    def of(cls, state: Proposal, command: BlowWhistle, context: Context) -> WhistleBlown:
        """Each summoned unit gets an order."""
        orders = _next_orders(state, command.units, None)
        return cls(cause=command.cause, orders=orders, signed_by=command.signed_by, reason=command.reason)

    def apply(self, state: Proposal, fact: Fact) -> None:
        """More orders."""
        _add_orders(state, self.orders)


# --- guards


def _units(state: Proposal, command: DispatchWork) -> tuple[str, tuple[str, ...]]:
    plan = state.plan
    lead = command.lead or (plan.lead if plan is not None else "")
    assisting = command.assisting if command.assisting is not None else (plan.assisting if plan else ())
    return lead, assisting


def one_lead_and_open_units(state: Proposal, command: DispatchWork, context: Context) -> Refusal | None:
    """Exactly one unit leads, each is named once, and all exist."""
    lead, assisting = _units(state, command)
    if not lead:
        return refusal("plan_has_no_lead")
    return each_unit_once_and_open(state.id, lead, assisting, context)


def the_lead_is_that_of_the_plan(state: Proposal, command: DispatchWork, context: Context) -> Refusal | None:
    """What was decided is carried out by whom it was decided; another lead takes a reassignment, with its reason.

    A unit that has been closed since carries nothing out, so the coordinator names another.
    """
    decided = state.plan.lead if state.plan is not None and state.status is S.CONFIRMED else None
    if decided is not None and command.lead not in {None, decided} and unit_is_open(decided, context) is None:
        return refusal("lead_is_decided", lead=decided)
    return None


def a_round_is_left(state: Proposal, command: DispatchWork, context: Context) -> Refusal | None:
    """Work goes out only if it can be evaluated: after a failed round again, after a decision anew."""
    return within_maximum("rounds", state, context)


def the_units_can_take_it(state: Proposal, command: Any, context: Context) -> Refusal | None:
    """Open units, each without another live order of the case."""
    units = command.units if isinstance(command, BlowWhistle) else (command.unit,)
    if len(set(units)) < len(units):
        return refusal("unit_named_twice", proposal=state.id)
    for unit in units:
        reason = unit_can_take_an_order(state, unit, context)
        if reason is not None:
            return reason
    return None


def the_order_is_live(state: Proposal, command: Any, context: Context) -> Refusal | None:
    """The order is one of the case's and still counts."""
    order = order_state(command.order, context)
    if command.order not in {known.order for known in state.live_orders} or order is None or order.status not in LIVE:
        return refusal("no_such_order", order=command.order)
    return None


def it_is_not_the_lead(state: Proposal, command: WithdrawOrder, context: Context) -> Refusal | None:
    """A case always has a lead: the lead is reassigned, never just withdrawn."""
    lead = state.lead_order
    return refusal("lead_cannot_be_withdrawn") if lead is not None and lead.order == command.order else None


def cause_is_in_policy(state: Proposal, command: BlowWhistle, context: Context) -> Refusal | None:
    """A whistle is blown for the policy's causes only."""
    return on_the_list("cause", command.cause, pinned(context, state).whistle_causes)


def a_principal_has_signed(state: Proposal, command: BlowWhistle, context: Context) -> Refusal | None:
    """The principal of the case's unit, or of one above, signs: and is not who blows."""
    day = day_of(command, state, context)
    if command.signed_by in command.act:
        return refusal("signs_own_act", person=command.signed_by)
    if not any(unit.holds(command.signed_by, (Role.PRINCIPAL,), day) for unit in context.above(state.unit)):
        return refusal("not_a_principal", person=command.signed_by, unit=state.unit)
    return None


# --- rows

_R = Role
_COORDINATOR = (Role.COORDINATOR,)

DISPATCHING = (
    Row((S.CONFIRMED, S.RECTIFYING), DispatchWork, WorkDispatched, S.HANDLING, _COORDINATOR,
        (one_lead_and_open_units, the_lead_is_that_of_the_plan, a_round_is_left), step=Step.HANDLE),
    Row(S.HANDLING, AddOrder, OrderAdded, SAME, _COORDINATOR, (the_units_can_take_it,), step=Step.HANDLE),
    Row(S.HANDLING, ReassignOrder, OrderReassigned, SAME, _COORDINATOR,
        (the_order_is_live, the_units_can_take_it), step=Step.HANDLE),
    Row(S.HANDLING, WithdrawOrder, OrderWithdrawn, SAME, _COORDINATOR, (the_order_is_live, it_is_not_the_lead),
        step=Step.HANDLE),
    Row(S.HANDLING, BlowWhistle, WhistleBlown, SAME, (_R.CONVENOR,),
        (cause_is_in_policy, a_principal_has_signed, the_units_can_take_it), step=Step.HANDLE),
)  # fmt: skip
