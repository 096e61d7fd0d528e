"""Step 4, what can come of handling."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from proposals.demo.script import Script, found
from proposals.demo.steps import (
    adopted,
    brought_back,
    completed,
    dispatched,
    forwarded,
    handled,
    submitted,
    taken_up,
    under_way,
    verified,
    worked_off,
)
from proposals.domain.dispatching import (
    AddOrder,
    BlowWhistle,
    OrderAdded,
    OrderReassigned,
    ReassignOrder,
    WhistleBlown,
    WithdrawOrder,
)
from proposals.domain.handling import (
    DeclareInfeasible,
    EscalateHandling,
    FailVerification,
    HandlingSuspended,
    ResumeHandling,
    SuspendHandling,
)
from proposals.domain.rules import PeriodUnit, PeriodValue
from proposals.domain.vocabulary import OrderSpec, Role
from proposals.domain.work_order import (
    AcknowledgeOrder,
    DeclineOrder,
    DenyExtension,
    DirectOrder,
    ExcuseOrder,
    GrantExtension,
    RecordProgress,
    RedispatchOrder,
    ReportIn,
    RequestExtension,
    UrgeOrder,
)
from proposals.domain.work_order_events import OrderAcknowledged

if TYPE_CHECKING:
    from proposals.demo.case import Case

TIERS_ABOVE = 3
A_WEEK = PeriodValue(count=5, unit=PeriodUnit.WORKING_DAYS)
REASON = "情况有变。 / Things have changed."

Orders = tuple[OrderSpec, ...]


def sent_out(case: Case) -> Script[Orders]:
    """All the way to the dispatch of a lead and one assisting unit."""
    yield from taken_up(case)
    yield from forwarded(case)
    yield from adopted(case)
    return (yield from dispatched(case))


def order_declined(case: Case) -> Script[None]:
    """A unit sends its order back; the coordinator finds another unit."""
    lead, helping = yield from sent_out(case)
    yield from _declined(case, helping)
    (other,) = case.helpers(1, besides=(helping.unit,))
    reason = "改派至有职责的单位。 / To the unit whose task it is."
    yield from case.go(RedispatchOrder, case.coordinator, helping.order, unit=other, reason=reason)
    yield from worked_off(case, (lead, helping.model_copy(update={"unit": other})))
    yield from brought_back(case)


def order_directed(case: Case) -> Script[None]:
    """A unit sends its order back; the tier above directs it to take it."""
    lead, helping = yield from sent_out(case)
    yield from _declined(case, helping)
    reason = "属于该单位职责。 / It is that unit's task."
    yield from case.go(DirectOrder, case.tier_officer, helping.order, unit=helping.unit, reason=reason)
    yield from worked_off(case, (lead, helping))
    yield from brought_back(case)


def order_excused(case: Case) -> Script[None]:
    """The tier above releases the assisting unit."""
    lead, helping = yield from sent_out(case)
    yield from under_way(case, (lead, helping))
    yield from case.go(ExcuseOrder, case.tier_officer, helping.order, reason=REASON)
    yield from _finished(case, (lead,))


def order_reassigned(case: Case) -> Script[None]:
    """The coordinator takes the order from one unit and gives it to another."""
    lead, helping = yield from sent_out(case)
    yield from under_way(case, (lead,))
    (other,) = case.helpers(1, besides=(helping.unit,))
    facts = yield from case.go(
        ReassignOrder, case.coordinator, order=helping.order, hours=(0.2, 0.6), unit=other, reason=REASON
    )
    (new,) = found(facts, OrderReassigned).orders
    yield from under_way(case, (new,))
    yield from _finished(case, (lead, new))


def order_withdrawn(case: Case) -> Script[None]:
    """The coordinator takes an assisting order back."""
    lead, helping = yield from sent_out(case)
    yield from under_way(case, (lead, helping))
    yield from case.go(WithdrawOrder, case.coordinator, order=helping.order, reason=REASON)
    yield from _finished(case, (lead,))


def order_added(case: Case) -> Script[None]:
    """One more unit is needed."""
    orders = yield from sent_out(case)
    yield from under_way(case, orders)
    (other,) = case.helpers(1, besides=[spec.unit for spec in orders])
    facts = yield from case.go(AddOrder, case.coordinator, unit=other, reason=REASON)
    added = found(facts, OrderAdded).orders
    yield from under_way(case, added)
    yield from _finished(case, (*orders, *added))


def whistle(case: Case) -> Script[None]:
    """The convenor blows the whistle 吹哨, signed by the community's principal, and the units report in 报到."""
    orders = yield from sent_out(case)
    yield from under_way(case, orders)
    facts = yield from case.go(
        BlowWhistle,
        case.convenor,
        cause=case.rng.choice(("cannot_solve_here", "joint_enforcement", "emergency")),
        units=case.helpers(2, besides=[spec.unit for spec in orders]),
        signed_by=case.county.nearest(case.unit, Role.PRINCIPAL),
        reason="需多部门联合处置。 / Several departments are needed.",
    )
    summoned = found(facts, WhistleBlown).orders
    yield from under_way(case, summoned)
    yield from _finished(case, (*orders, *summoned))


def extension_granted(case: Case) -> Script[None]:
    """The lead asks for more time, and gets it."""
    orders = yield from sent_out(case)
    yield from _asked_for_time(case, orders)
    yield from case.go(GrantExtension, case.tier_officer, orders[0].order, period=A_WEEK)
    yield from _finished(case, orders)


def extension_denied(case: Case) -> Script[None]:
    """The lead asks for more time, and gets none."""
    orders = yield from sent_out(case)
    yield from _asked_for_time(case, orders)
    reason = "应按期办结。 / It is to be done in time."
    yield from case.go(DenyExtension, case.tier_officer, orders[0].order, reason=reason)
    yield from _finished(case, orders)


def suspended_and_resumed(case: Case) -> Script[None]:
    """Rests twice: the lead's handler takes it up again before the review, then the clock does at the review."""
    orders = yield from sent_out(case)
    yield from under_way(case, orders)
    yield from _suspended(case, orders[0])
    yield from case.go(ResumeHandling, case.handler(orders[0].unit), hours=(40, 90))
    facts = yield from _suspended(case, orders[0])
    yield from case.until(facts.due_at)
    yield from _finished(case, orders)


def infeasible(case: Case) -> Script[None]:
    """It cannot be done; that is reported back and evaluated all the same."""
    orders = yield from sent_out(case)
    yield from under_way(case, orders)
    reason = "管线权属不清，无法施工。 / Nobody knows whose pipes these are."
    yield from case.go(DeclareInfeasible, case.tier_officer, hours=(20, 60), reason=reason)
    yield from brought_back(case)


def verification_failed(case: Case) -> Script[None]:
    """The verifier finds it not done; the lead does it again."""
    orders = yield from sent_out(case)
    yield from under_way(case, orders)
    yield from completed(case, orders)
    yield from submitted(case, orders[0])
    reason = "现场仍有遗留问题。 / Something is left undone."
    yield from case.go(FailVerification, case.verifier, hours=(4, 30), orders=(orders[0].order,), reason=reason)
    yield from _finished(case, orders[:1])


def escalated_by_handling(case: Case) -> Script[None]:
    """Each tier begins, and must hand it to the one above; the county's units do it."""
    yield from taken_up(case)
    yield from forwarded(case)
    for _ in range(TIERS_ABOVE):
        yield from adopted(case)
        orders = yield from dispatched(case)
        yield from under_way(case, orders)
        reason = "超出本级能力。 / Beyond what can be done here."
        yield from case.go(EscalateHandling, case.coordinator, hours=(20, 60), reason=reason)
        case.rise()
    yield from adopted(case)
    yield from handled(case)
    yield from brought_back(case)


def urged(case: Case) -> Script[None]:
    """Nobody acknowledges in time, nor is it done in time: the clock notes it, urges, and tells the tier above."""
    orders = yield from sent_out(case)
    yield from case.days(3)
    acknowledged = yield from case.together(
        *(case.command(AcknowledgeOrder, case.handler(spec.unit), spec.order) for spec in orders)
    )
    case.wait((2, 10))
    yield from case.together(*(case.command(ReportIn, case.handler(spec.unit), spec.order) for spec in orders))
    yield from case.go(
        UrgeOrder, case.coordinator, orders[0].order, hours=(20, 40), message="请抓紧办理。 / Please hurry."
    )
    due = found(acknowledged, OrderAcknowledged).due_at
    yield from case.until(due and due + timedelta(days=16))
    yield from case.go(
        RecordProgress, case.handler(orders[0].unit), orders[0].order, progress="已完成八成。 / Four fifths are done."
    )
    yield from _finished(case, orders)


def _finished(case: Case, orders: Orders) -> Script[None]:
    """From the work itself to the end; the first order is the lead's."""
    yield from completed(case, orders)
    yield from submitted(case, orders[0])
    yield from verified(case)
    yield from brought_back(case)


def _declined(case: Case, order: OrderSpec) -> Script[None]:
    case.wait((0.2, 1.2), day_and_night=True)
    reason = "不属于本单位职责。 / Not this unit's task."
    ground = case.rng.choice(("not_competent", "wrong_place", "duplicate"))
    yield from case.together(
        case.command(DeclineOrder, case.principal(order.unit), order.order, ground=ground, reason=reason)
    )


def _asked_for_time(case: Case, orders: Orders) -> Script[None]:
    yield from under_way(case, orders)
    reason = "材料未到。 / The material has not come."
    lead = orders[0]
    yield from case.go(
        RequestExtension, case.handler(lead.unit), lead.order, hours=(10, 30), period=A_WEEK, reason=reason
    )


def _suspended(case: Case, lead: OrderSpec) -> Script[HandlingSuspended]:
    case.wait((4, 20))
    facts = yield from case.together(
        case.command(
            SuspendHandling,
            case.tier_officer,
            requested_by=case.handler(lead.unit),
            reason="等待雨季结束。 / Until the rains are over.",
            review_at=case.now + timedelta(days=10),
        )
    )
    return found(facts, HandlingSuspended)


HANDLING = (
    (3, order_declined),
    (2, order_directed),
    (2, order_excused),
    (2, order_reassigned),
    (2, order_withdrawn),
    (2, order_added),
    (4, whistle),
    (3, extension_granted),
    (2, extension_denied),
    (2, suspended_and_resumed),
    (2, infeasible),
    (5, verification_failed),
    (1, escalated_by_handling),
    (4, urged),
)
