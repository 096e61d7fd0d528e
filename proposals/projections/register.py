"""The register 台账: where every case stands, who must act, and by when. One row a case, out of its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from proposals.domain.authority import JURISDICTION
from proposals.domain.case import TERMINAL, S, order_state
from proposals.domain.context import Site
from proposals.domain.vocabulary import Kind, Role, Step, instant_text

if TYPE_CHECKING:
    from datetime import datetime

    from proposals.domain.case import Proposal, ProposalStatus
    from proposals.domain.context import Context

STEP: Final[dict[ProposalStatus, Step]] = {
    S.RAISED: Step.RAISE,
    S.RETURNED: Step.RAISE,
    S.ACCEPTED: Step.DISCUSS,
    S.DISCUSSING: Step.DISCUSS,
    S.TABLED: Step.DECIDE,
    S.ANNOUNCED: Step.DECIDE,
    S.CONFIRMED: Step.HANDLE,
    S.HANDLING: Step.HANDLE,
    S.SUSPENDED: Step.HANDLE,
    S.VERIFYING: Step.HANDLE,
    S.HANDLED: Step.EVALUATE,
    S.REPORTED: Step.EVALUATE,
    S.EVALUATING: Step.EVALUATE,
    S.EVALUATED: Step.EVALUATE,
    S.RECTIFYING: Step.EVALUATE,
}
"""The step whose turn it is: an accepted case waits for its discussion. A case that has ended is in none."""


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A line of the register. `holder` is the role that must act, at `holder_unit`; both are None once it has ended."""

    id: str
    title: str
    status: str
    step: str | None
    tier: str | None
    unit: str
    unit_title: str
    place: str
    cycle: int
    holder: str | None
    holder_unit: str | None
    holder_title: str | None
    due_at: datetime | None
    overdue: bool
    outcome: str | None
    category: str | None
    urgency: str
    raised_at: datetime | None

    def plain(self) -> dict[str, Any]:
        """The row as JSON types."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return values | {
            "due_at": instant_text(self.due_at) if self.due_at else None,
            "raised_at": instant_text(self.raised_at) if self.raised_at else None,
        }


NAMES: Final = tuple(RegisterRow.__slots__)
"""The columns, in their order."""


def register_row(case: Proposal, now: datetime, context: Context) -> RegisterRow:
    """The line of a case. `context` is asked for units, the pinned policy and the lead's order."""
    unit = context.unit(case.unit)
    role, due = _duty(case, context)
    holding = _holding_unit(role, case, now, context) if role is not None else None
    holder_unit = context.unit(holding) if holding is not None else None
    status = S(str(case.status))
    step = STEP.get(status)
    return RegisterRow(
        id=case.id,
        title=case.title,
        status=status.value,
        step=step.value if step is not None else None,
        tier=unit.tier.value if unit is not None and unit.tier is not None else None,
        unit=case.unit,
        unit_title=unit.title if unit is not None else case.unit,
        place=case.place,
        cycle=case.cycle,
        holder=role.value if role is not None else None,
        holder_unit=holding,
        holder_title=holder_unit.title if holder_unit is not None else holding,
        due_at=due,
        overdue=due is not None and due < now,
        outcome=case.outcome,
        category=case.category,
        urgency=case.urgency.value,
        raised_at=case.raised_at,
    )


def _duty(case: Proposal, context: Context) -> tuple[Role | None, datetime | None]:
    """Who must act by when, as the pinned policy has it. An open objection comes before the clock."""
    if case.status in TERMINAL:
        return None, None
    rules = context.policy(case.policy)
    objections = [case.objections[number].due_at for number in case.open_objections]
    if case.status is S.ANNOUNCED and objections:
        ruling = rules.deadline(Kind.PROPOSAL, "objection")
        dues = [due for due in objections if due is not None]
        return (ruling.owner if ruling is not None else Role.REVIEWER), min(dues, default=case.due_at)
    deadline = rules.deadline(Kind.PROPOSAL, case.status)
    return (deadline.owner if deadline is not None else None), case.due_at


def _holding_unit(role: Role, case: Proposal, now: datetime, context: Context) -> str | None:
    """Where that role acts in this case: the nearest unit of its jurisdiction that has somebody in it."""
    if role is Role.CHAIR:
        meeting = case.meeting_that_counts(context)
        return meeting.unit if meeting is not None else case.unit
    if role is Role.PROPOSER:
        return case.place
    where = JURISDICTION.get(role)
    if where is None:
        return None
    lead = case.lead_order
    order = order_state(lead.order, context) if lead is not None else None
    units = list(where(Site(case.place, case.unit, order.unit if order is not None else None), context))
    day = context.day(now, context.policy(case.policy))
    return next((unit.id for unit in units if unit.holders(frozenset({role}), day)), units[0].id if units else None)
