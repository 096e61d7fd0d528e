"""What the read models must say, worked out of the states and the log in other ways than the handlers do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proposals.domain.authority import JURISDICTION
from proposals.domain.case import TERMINAL, Proposal, S, order_state
from proposals.domain.context import Site
from proposals.domain.meeting import Meeting
from proposals.domain.vocabulary import Grade, Kind, Role, instant_text
from proposals.domain.work_order import WorkOrder
from proposals.projections.register import RegisterRow

if TYPE_CHECKING:
    from datetime import datetime

    from proposals.domain.context import Context
    from proposals.domain.evaluation_round import EvaluationRound
    from proposals.domain.state import State


def text(instant: datetime | None) -> str | None:
    """An instant as rows hold it."""
    return instant_text(instant) if instant is not None else None


STEPS = {
    "raise": {"raised", "returned"},
    "discuss": {"accepted", "discussing"},
    "decide": {"tabled", "announced"},
    "handle": {"confirmed", "handling", "suspended", "verifying"},
    "evaluate": {"handled", "reported", "evaluating", "evaluated", "rectifying"},
}


def step_of(status: str) -> str | None:
    """The step whose turn it is, written out once more."""
    return next((step for step, states in STEPS.items() if status in states), None)


def line_of(case: Proposal, now: datetime, context: Context) -> RegisterRow:
    """The register's line of a case, out of its state."""
    unit = context.unit(case.unit)
    role, due = _duty(case, context)
    holding = _holding_unit(role, case, now, context) if role is not None else None
    holder_unit = context.unit(holding) if holding is not None else None
    status = S(str(case.status))
    return RegisterRow(
        id=case.id,
        title=case.title,
        status=status.value,
        step=step_of(status.value),
        tier=unit.tier.value if unit is not None and unit.tier is not None else None,
        unit=case.unit,
        unit_title=unit.title if unit is not None else case.unit,
        place=case.place,
        cycle=case.cycle,
        round=case.rounds_made,
        holder=role.value if role is not None else None,
        holder_unit=holding,
        holder_title=holder_unit.title if holder_unit is not None else holding,
        due_at=due,
        overdue=due is not None and due <= now,
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


def register_of(case: Proposal, context: Context | None) -> dict[str, Any]:
    """What of the register's row is in the state; without a context no meeting is looked for."""
    meeting = case.meeting_that_counts(context) if context is not None else None
    announced = case.status is S.ANNOUNCED
    objections = [case.objections[number].due_at for number in case.open_objections] if announced else []
    lead = case.lead_order
    return {
        "stream": case.id,
        "title": case.title,
        "status": str(case.status),
        "step": step_of(str(case.status)),
        "place": case.place,
        "unit": case.unit,
        "policy": case.policy,
        "source": case.source.value if case.source else None,
        "proposer": case.proposer.actor or None,
        "by_party_member": None if case.imported else int(case.proposer_is_party_member),
        "category": case.category,
        "urgency": case.urgency.value,
        "cycle": case.cycle,
        "round": case.rounds_made,
        "due_at": text(case.due_at),
        "open_objections": len(objections),
        "ruling_due": text(min(filter(None, objections), default=None)),
        "meeting": meeting.id if meeting is not None else None,
        "lead_order": lead.order if lead is not None else None,
        "outcome": case.outcome,
        "raised_at": text(case.raised_at),
        "ended_at": text(case.ended_at),
        "merged_into": case.merged_into,
        "imported": int(case.imported),
        "source_status": case.source_status,
        "retention_class": case.retention_class,
        "corrections": len(case.corrections),
    }


def wall_of(case: Proposal) -> dict[str, Any]:
    """What of the echo wall's row is in the state. An outcome is told once the case has ended."""
    public = ("stream", "title", "status", "step", "place", "unit", "cycle", "raised_at", "ended_at", "merged_into")
    known = register_of(case, None)
    return {**{name: known[name] for name in public}, "outcome": case.outcome if case.ended_at else None}


_LOOPS = {
    "returns": ("ProposalReturned", "ProposalReferredBack"),
    "escalations": ("DiscussionEscalated", "DecisionEscalated", "HandlingEscalated", "RectificationEscalated"),
    "verifications_passed": ("HandlingVerified",),
    "verifications_failed": ("VerificationFailed",),
    "evaluations_passed": ("EvaluationPassed",),
    "evaluations_failed": ("EvaluationFailed",),
    "evaluations_inconclusive": ("EvaluationInconclusive",),
}


def marks_of(names: list[str]) -> dict[str, int]:
    """How often a case went through each loop, by the names of its events."""
    return {loop: sum(name in events for name in names) for loop, events in _LOOPS.items()}


def order_of(order: WorkOrder) -> dict[str, Any]:
    """What of an order's row is in its state."""
    return {
        "stream": order.id,
        "proposal": order.proposal,
        "unit": order.unit,
        "lead": int(order.lead),
        "urgency": order.urgency.value,
        "status": str(order.status),
        "due_at": text(order.due_at),
        "complete_by": text(order.complete_by),
        "declines": order.declines,
        "directed": int(order.directed),
        "stopped_at": text(order.paused_at),
    }


def meeting_of(meeting: Meeting) -> dict[str, Any]:
    """What of a meeting's row is in its state."""
    tally = meeting.tally(None)
    rolled = bool(meeting.members)
    return {
        "stream": meeting.id,
        "unit": meeting.unit,
        "meeting_kind": meeting.meeting_kind,
        "purpose": meeting.purpose.value,
        "policy": meeting.policy,
        "title": meeting.title,
        "chair": meeting.chair,
        "starts_at": text(meeting.starts_at),
        "status": str(meeting.status),
        "due_at": text(meeting.due_at),
        "called_at": text(meeting.opened_at),
        "members": len(meeting.members) if rolled else None,
        "observers": len(meeting.observers) if rolled else None,
        "excused": len(meeting.excused) if rolled else None,
        "due": tally.due if rolled else None,
        "present": tally.present if rolled else None,
        "observers_present": len(meeting.present & set(meeting.observers)) if rolled else None,
    }


def agenda_of(meeting: Meeting) -> list[dict[str, Any]]:
    """What of the rows of a meeting's agenda is in its state."""
    found = []
    for number, item in enumerate(meeting.agenda, 1):
        outcome = meeting.outcomes.get(number)
        tally = meeting.tally(number)
        row: dict[str, Any] = {
            "stream": meeting.id,
            "item": number,
            "proposal": item.proposal,
            "revision": item.revision,
            "motion": item.motion.value,
            "recused": sum(known == number for known, _ in meeting.recused),
            "outcome": outcome.value if outcome else None,
        }
        for column in ("votes_for", "votes_against", "abstained"):
            row[column] = getattr(tally, column) if outcome else None
        found.append(row)
    return found


def round_of(evaluation: EvaluationRound) -> dict[str, Any]:
    """What of a round's row is in its state."""
    tally = evaluation.tally
    grades = tally.grades if tally is not None else None
    return {
        "stream": evaluation.id,
        "proposal": evaluation.proposal,
        "status": str(evaluation.status),
        "opened_at": text(evaluation.opened_at),
        "eligible": len(evaluation.eligible),
        "ballots": len(evaluation.ballots),
        "valid": tally.valid if tally else None,
        **{grade.value: grades[grade] if grades is not None else None for grade in Grade},
        "resolved": tally.resolved if tally else None,
        "answered_resolved": tally.answered_resolved if tally else None,
        "result": evaluation.result.value if evaluation.result else None,
    }


def duties_of(state: State) -> set[tuple[str, str, str | None]]:
    """Stream, duty and due time of everything that is open on a stream, out of its state."""
    status, due = str(state.status), text(state.due_at)
    duties: set[tuple[str, str, str | None]] = set()
    if isinstance(state, Proposal) and state.status not in TERMINAL:
        duties.add((state.id, status, due))
        if state.status is S.ANNOUNCED:
            for number in state.open_objections:
                duties.add((state.id, f"objection.{number}", text(state.objections[number].due_at)))
    if isinstance(state, Meeting):
        duty = {"called": "open", "rolled": "open", "in_session": "close", "closed": "minutes"}.get(status)
        duties |= {(state.id, duty, due)} if duty else set()
    if isinstance(state, WorkOrder):
        acts = {
            "dispatched": "acknowledge", "declined": "redispatch", "acknowledged": "complete",
            "in_progress": "complete", "done": "done",
        }  # fmt: skip
        duties |= {(state.id, acts[status], due)} if status in acts else set()
        if state.asked_by is not None and status in {"dispatched", "acknowledged", "in_progress"}:
            duties.add((state.id, "extension", None))
    return duties
