"""The register 台账: where every case stands, who must act, and by when. One row a case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, Index

from proposals.domain.deadlines import is_over
from proposals.domain.decision import (
    ObjectionDismissed,
    ObjectionRaised,
    ProposalAdopted,
    ProposalRejected,
    UnresolvedRecorded,
)
from proposals.domain.discussion import DiscussionOpened, MatterSettled, ProposalReferredBack
from proposals.domain.dispatching import OrderReassigned, OrderWithdrawn, WorkDispatched
from proposals.domain.evaluation import (
    EvaluationFailed,
    EvaluationInconclusive,
    EvaluationOpened,
    EvaluationPassed,
    ProposalClosed,
)
from proposals.domain.handling import HandlingDeclaredInfeasible, HandlingVerified, VerificationFailed
from proposals.domain.importing import ClosedCaseImported, ImportedCaseClosed, ImportedCaseUpdated, OpenCaseImported
from proposals.domain.keeping import (
    PolicyMigrated,
    ProposalArchived,
    ProposalReclassified,
    ProposalReopened,
    RecordCorrected,
)
from proposals.domain.raising import (
    ProposalAccepted,
    ProposalMerged,
    ProposalRaised,
    ProposalRefused,
    ProposalReturned,
    ProposalRevised,
)
from proposals.domain.vocabulary import Urgency, as_instant, instant_text
from proposals.projections.case_events import (
    ENDING,
    MOVING,
    RISING,
    STANDING,
    ended_as,
    first_unit,
)
from proposals.projections.columns import NUMBER, TEXT
from proposals.projections.holding import duty_of, holder_of
from proposals.projections.projection import READ_MODELS, Projection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from proposals.domain.context import Context
    from proposals.domain.event import Event
    from proposals.projections.projection import Entry, Row, Rows

__all__ = ["CASES", "NAMES", "OPEN_OBJECTIONS", "REGISTER", "RegisterRow", "register_row"]

REGISTER: Final = Projection("register", 1, READ_MODELS)

_COUNTED: Final[dict[type[Event], str]] = {
    ProposalReturned: "returns",
    ProposalReferredBack: "returns",
    **dict.fromkeys(RISING, "escalations"),
    HandlingVerified: "verifications_passed",
    VerificationFailed: "verifications_failed",
    EvaluationOpened: "round",
    EvaluationPassed: "evaluations_passed",
    EvaluationFailed: "evaluations_failed",
    EvaluationInconclusive: "evaluations_inconclusive",
    ProposalClosed: "endings",
    ProposalRefused: "endings",
    ProposalRejected: "endings",
    RecordCorrected: "corrections",
}
"""What is counted from the raising of a case on, through all its cycles; reopenings are its cycles but the first."""

CASES: Final = REGISTER.table(
    "register",
    Column("title", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("step", TEXT),
    Column("place", TEXT, nullable=False),
    Column("unit", TEXT, nullable=False),
    Column("policy", TEXT, nullable=False),
    Column("source", TEXT),
    Column("proposer", TEXT),
    Column("by_party_member", NUMBER),
    Column("category", TEXT),
    Column("reclassified", NUMBER, nullable=False, default=0),
    Column("urgency", TEXT, nullable=False, default=Urgency.NORMAL.value),
    Column("cycle", NUMBER, nullable=False, default=1),
    Column("due_at", TEXT),
    Column("open_objections", NUMBER, nullable=False, default=0),
    Column("ruling_due", TEXT),
    Column("meeting", TEXT),
    Column("lead_order", TEXT),
    Column("outcome", TEXT),
    Column("raised_at", TEXT, nullable=False),
    Column("ended_at", TEXT),
    Column("merged_into", TEXT),
    Column("imported", NUMBER, nullable=False, default=0),
    Column("imported_from", TEXT),
    Column("source_status", TEXT),
    Column("retention_class", TEXT),
    *(Column(name, NUMBER, nullable=False, default=0) for name in dict.fromkeys(_COUNTED.values())),
    Index("register_status_due", "status", "due_at"),
    Index("register_unit_status", "unit", "status"),
)
"""An imported case has neither source, proposer nor `by_party_member`: its register knows them, we do not."""

OPEN_OBJECTIONS: Final = REGISTER.table(
    "register_objections", Column("number", NUMBER, primary_key=True), Column("due_at", TEXT)
)
"""The objections that nobody has ruled on, of the announced decisions they stand against."""


# --- beginnings


@REGISTER.on(ProposalRaised)
def _raised(rows: Rows, entry: Entry) -> None:
    data = entry.data
    row = _begun(rows, entry, data["title"], entry.occurred_at)
    row["source"], row["proposer"], row["by_party_member"] = data["source"], entry.actor, int(data["by_party_member"])


@REGISTER.on(OpenCaseImported, ClosedCaseImported)
def _imported(rows: Rows, entry: Entry) -> None:
    facts = entry.data["facts"]
    row = _begun(rows, entry, facts["title"], facts["raised_at"])
    row["imported"], row["imported_from"] = 1, entry.data["provenance"]["source"]
    row["category"], row["source_status"] = facts.get("category"), facts["source_status"]


def _begun(rows: Rows, entry: Entry, title: str, raised_at: str) -> Row:
    status, step = STANDING[entry.name]
    return rows.put(
        CASES,
        title=title,
        status=status,
        step=step,
        place=entry.data["place"],
        unit=first_unit(entry),
        policy=entry.data["policy"],
        due_at=entry.data.get("due_at"),
        raised_at=raised_at,
    )


# --- from state to state


@REGISTER.on(*MOVING)
def _moved(rows: Rows, entry: Entry) -> None:
    row = rows.of(CASES)
    row["status"], row["step"] = STANDING[entry.name]
    row["due_at"] = entry.data.get("due_at")
    row["meeting"] = None
    if row["open_objections"]:  # they stood against a decision that is in force now, or has fallen
        for objection in rows.all(OPEN_OBJECTIONS):
            rows.delete(OPEN_OBJECTIONS, objection["number"])
        row["open_objections"], row["ruling_due"] = 0, None


@REGISTER.on(DiscussionOpened, ProposalAdopted)
def _before_a_meeting(rows: Rows, entry: Entry) -> None:
    """The discussion meeting counts while the case is discussed, the deciding one until its decision is in force."""
    rows.of(CASES)["meeting"] = entry.data["meeting"]


@REGISTER.on(*RISING)
def _risen(rows: Rows, entry: Entry) -> None:
    rows.of(CASES)["unit"] = entry.data["unit"]


_COLUMN: Final = {event.name: column for event, column in _COUNTED.items()}


@REGISTER.on(*_COUNTED)
def _counted(rows: Rows, entry: Entry) -> None:
    """A correction is counted only: it stands beside the record, which goes on saying what it said."""
    rows.of(CASES)[_COLUMN[entry.name]] += 1


_RESULTS: Final[dict[type[Event], str]] = {
    MatterSettled: "settled",
    UnresolvedRecorded: "unresolved",
    HandlingDeclaredInfeasible: "infeasible",
    HandlingVerified: "handled",
}
_RESULT: Final = {event.name: outcome for event, outcome in _RESULTS.items()}


@REGISTER.on(*_RESULTS)
def _came_to_something(rows: Rows, entry: Entry) -> None:
    rows.of(CASES)["outcome"] = _RESULT[entry.name]


@REGISTER.on(*ENDING)
def _ended(rows: Rows, entry: Entry) -> None:
    row = rows.of(CASES)
    row["outcome"], row["ended_at"] = ended_as(entry), entry.occurred_at


@REGISTER.on(ProposalMerged)
def _merged(rows: Rows, entry: Entry) -> None:
    rows.of(CASES)["merged_into"] = entry.data["into"]


@REGISTER.on(ProposalReopened)
def _reopened(rows: Rows, entry: Entry) -> None:
    row = rows.of(CASES)
    row["cycle"] += 1
    if entry.data.get("category"):
        row["category"], row["reclassified"] = entry.data["category"], 1
    row["urgency"] = entry.data.get("urgency") or row["urgency"]
    row["outcome"] = row["ended_at"] = row["lead_order"] = None


@REGISTER.on(ProposalArchived)
def _archived(rows: Rows, entry: Entry) -> None:
    rows.of(CASES)["retention_class"] = entry.data["retention_class"]


# --- what it is about


@REGISTER.on(ProposalRevised)
def _revised(rows: Rows, entry: Entry) -> None:
    rows.of(CASES)["title"] = entry.data["title"]


@REGISTER.on(ProposalAccepted, ProposalReclassified)
def _classified(rows: Rows, entry: Entry) -> None:
    row = rows.of(CASES)
    row["category"], row["urgency"] = entry.data["category"], entry.data["urgency"]
    row["reclassified"] |= entry.name == ProposalReclassified.name


@REGISTER.on(PolicyMigrated)
def _migrated(rows: Rows, entry: Entry) -> None:
    rows.of(CASES)["policy"] = entry.data["to"]


@REGISTER.on(ImportedCaseUpdated, ImportedCaseClosed)
def _restated(rows: Rows, entry: Entry) -> None:
    row, facts = rows.of(CASES), entry.data["facts"]
    row["title"] = facts["title"]
    if not row["reclassified"]:  # what was found out here is not undone by a register that does not know it
        row["category"] = facts.get("category")
    row["raised_at"], row["source_status"] = facts["raised_at"], facts["source_status"]


# --- objections and orders


@REGISTER.on(ObjectionRaised)
def _objected(rows: Rows, entry: Entry) -> None:
    rows.put(OPEN_OBJECTIONS, entry.data["objection"], due_at=entry.data.get("due_at"))
    _rulings(rows)


@REGISTER.on(ObjectionDismissed)
def _dismissed(rows: Rows, entry: Entry) -> None:
    rows.delete(OPEN_OBJECTIONS, entry.data["objection"])
    _rulings(rows)


def _rulings(rows: Rows) -> None:
    row, dues = rows.of(CASES), [objection["due_at"] for objection in rows.all(OPEN_OBJECTIONS)]
    row["open_objections"], row["ruling_due"] = len(dues), min(filter(None, dues), default=None)


@REGISTER.on(WorkDispatched)
def _dispatched(rows: Rows, entry: Entry) -> None:
    rows.of(CASES)["lead_order"] = _lead_of(entry)


@REGISTER.on(OrderReassigned, OrderWithdrawn)
def _lead_changed(rows: Rows, entry: Entry) -> None:
    row = rows.of(CASES)
    if row["lead_order"] == entry.data["order"]:
        row["lead_order"] = _lead_of(entry)


def _lead_of(entry: Entry) -> str | None:
    return next((spec["order"] for spec in entry.data.get("orders", ()) if spec["lead"]), None)


# --- reading


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
    round: int
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


def register_row(case: Mapping[str, Any], context: Context) -> RegisterRow:
    """The line of a case, out of its row in `CASES`.

    `context` is asked for the hour, units, the pinned policy, and the order or meeting whose unit must act.
    """
    unit = context.unit(case["unit"])
    role, due = duty_of(case, context)
    holder = holder_of(role, case, context) if role is not None else None
    due_at = as_instant(due) if due is not None else None
    return RegisterRow(
        id=case["stream"],
        title=case["title"],
        status=case["status"],
        step=case["step"],
        tier=unit.tier.value if unit is not None and unit.tier is not None else None,
        unit=case["unit"],
        unit_title=unit.title if unit is not None else case["unit"],
        place=case["place"],
        cycle=case["cycle"],
        round=case["round"],
        holder=role.value if role is not None else None,
        holder_unit=holder.unit if holder is not None else None,
        holder_title=holder.title if holder is not None else None,
        due_at=due_at,
        overdue=is_over(due_at, context.now),
        outcome=case["outcome"],
        category=case["category"],
        urgency=case["urgency"],
        raised_at=as_instant(case["raised_at"]),
    )
