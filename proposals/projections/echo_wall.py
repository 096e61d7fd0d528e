"""The public echo wall 公示/回音壁: what anyone may see of a case, and nothing that names a person.

Its columns take what officials publish (a decision, an answer, feedback) and a title that was screened; people,
contacts and reasons have no column. `public_wall` leaves out what no official has taken up yet.
"""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, Select, func, select

from proposals.domain.decision import (
    DecisionConfirmed,
    ObjectionUpheld,
    ProposalAdopted,
    ProposalRejected,
    UnresolvedRecorded,
)
from proposals.domain.evaluation import FeedbackDelivered
from proposals.domain.evaluation_round import RoundStatus
from proposals.domain.importing import ClosedCaseImported, ImportedCaseClosed, ImportedCaseUpdated, OpenCaseImported
from proposals.domain.keeping import AnswerGiven, ProposalReopened
from proposals.domain.raising import ProposalAccepted, ProposalMerged, ProposalRaised, ProposalRefused, ProposalRevised
from proposals.domain.vocabulary import SATISFIED
from proposals.projections.case_events import ENDING, MOVING, RISING, STANDING, ended_as, first_unit
from proposals.projections.columns import NUMBER, TEXT
from proposals.projections.evaluation import ROUNDS
from proposals.projections.projection import READ_MODELS, Projection

if TYPE_CHECKING:
    from proposals.projections.projection import Entry, Row, Rows

ECHO_WALL: Final = Projection("echo_wall", 2, READ_MODELS)

_DECISION: Final = (
    "decision", "decided_at", "plan", "lead_unit", "appropriation", "publicity_until", "in_force_at",
)  # fmt: skip
_REPLY: Final = ("answer", "answered_at", "feedback", "feedback_at")

WALL: Final = ECHO_WALL.table(
    "echo_wall",
    Column("title", TEXT, nullable=False),
    Column("screened", NUMBER, nullable=False, default=0),
    Column("place", TEXT, nullable=False),
    Column("unit", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("step", TEXT),
    Column("cycle", NUMBER, nullable=False, default=1),
    Column("raised_at", TEXT, nullable=False),
    *(Column(name, NUMBER if name == "appropriation" else TEXT) for name in (*_DECISION, *_REPLY)),
    Column("outcome", TEXT),
    Column("ended_at", TEXT),
    Column("merged_into", TEXT),
)
"""`screened` is 1 once somebody in office took the case up in this wording, or a register that had done so brought it.

`decision` is adopted or rejected; `plan`, `lead_unit` and `appropriation` (in fen) are those of an adopted one, open to
objections until `publicity_until`. A case that is taken up again has them, and the replies to it, anew.
"""


@ECHO_WALL.on(ProposalRaised)
def _raised(rows: Rows, entry: Entry) -> None:
    _begun(rows, entry, entry.data["title"], entry.occurred_at, screened=0)


@ECHO_WALL.on(OpenCaseImported, ClosedCaseImported)
def _imported(rows: Rows, entry: Entry) -> None:
    facts = entry.data["facts"]
    _begun(rows, entry, facts["title"], facts["raised_at"], screened=1)


def _begun(rows: Rows, entry: Entry, title: str, raised_at: str, *, screened: int) -> None:
    status, step = STANDING[entry.name]
    rows.put(
        WALL,
        title=title,
        screened=screened,
        place=entry.data["place"],
        unit=first_unit(entry),
        status=status,
        step=step,
        raised_at=raised_at,
    )


@ECHO_WALL.on(*MOVING)
def _moved(rows: Rows, entry: Entry) -> None:
    row = rows.of(WALL)
    row["status"], row["step"] = STANDING[entry.name]


@ECHO_WALL.on(ProposalAccepted, ProposalAdopted, ProposalRejected)
def _taken_up(rows: Rows, _: Entry) -> None:
    """By a screener, or else by a meeting: a proposer can reopen what was refused, past the screening."""
    rows.of(WALL)["screened"] = 1


@ECHO_WALL.on(*RISING)
def _risen(rows: Rows, entry: Entry) -> None:
    rows.of(WALL)["unit"] = entry.data["unit"]


@ECHO_WALL.on(ProposalRevised)
def _revised(rows: Rows, entry: Entry) -> None:
    row = rows.of(WALL)
    row["title"], row["screened"] = entry.data["title"], 0


@ECHO_WALL.on(ImportedCaseUpdated, ImportedCaseClosed)
def _restated(rows: Rows, entry: Entry) -> None:
    row, facts = rows.of(WALL), entry.data["facts"]
    row["title"], row["raised_at"] = facts["title"], facts["raised_at"]


@ECHO_WALL.on(ProposalAdopted)
def _adopted(rows: Rows, entry: Entry) -> None:
    row, data = rows.of(WALL), entry.data
    _clear(row, _DECISION)
    row["decision"], row["decided_at"], row["publicity_until"] = "adopted", entry.occurred_at, data.get("due_at")
    row["plan"], row["lead_unit"] = data["plan"]["summary"], data["plan"]["lead"]
    row["appropriation"] = data["appropriation"]


@ECHO_WALL.on(ProposalRejected)
def _rejected(rows: Rows, entry: Entry) -> None:
    row = rows.of(WALL)
    _clear(row, _DECISION)
    row["decision"], row["decided_at"] = "rejected", entry.occurred_at


@ECHO_WALL.on(ObjectionUpheld)
def _fallen(rows: Rows, _: Entry) -> None:
    _clear(rows.of(WALL), _DECISION)


@ECHO_WALL.on(DecisionConfirmed)
def _in_force(rows: Rows, entry: Entry) -> None:
    rows.of(WALL)["in_force_at"] = entry.occurred_at


@ECHO_WALL.on(ProposalRefused, UnresolvedRecorded, AnswerGiven)
def _answered(rows: Rows, entry: Entry) -> None:
    row = rows.of(WALL)
    row["answer"], row["answered_at"] = entry.data["answer"], entry.occurred_at


@ECHO_WALL.on(FeedbackDelivered)
def _told(rows: Rows, entry: Entry) -> None:
    row = rows.of(WALL)
    row["feedback"], row["feedback_at"] = entry.data["feedback"], entry.occurred_at


@ECHO_WALL.on(*ENDING)
def _ended(rows: Rows, entry: Entry) -> None:
    row = rows.of(WALL)
    row["outcome"], row["ended_at"] = ended_as(entry), entry.occurred_at


@ECHO_WALL.on(ProposalMerged)
def _merged(rows: Rows, entry: Entry) -> None:
    rows.of(WALL)["merged_into"] = entry.data["into"]


@ECHO_WALL.on(ProposalReopened)
def _reopened(rows: Rows, _: Entry) -> None:
    row = rows.of(WALL)
    row["cycle"] += 1
    _clear(row, (*_DECISION, *_REPLY, "outcome", "ended_at"))


def _clear(row: Row, columns: tuple[str, ...]) -> None:
    for column in columns:
        row[column] = None


def public_wall() -> Select[Any]:
    """What the public sees: the screened cases, each with the ballots of its rounds that are closed and told.

    `valid` and `satisfied` are empty where no round has been counted, or too few voted for it to be told.
    """
    satisfied = [ROUNDS.c[grade.value] for grade in sorted(SATISFIED)]
    told = (
        select(
            ROUNDS.c.proposal,
            func.sum(ROUNDS.c.valid).label("valid"),
            func.sum(reduce(add, satisfied)).label("satisfied"),
        )
        .where(ROUNDS.c.status == RoundStatus.CLOSED.value, satisfied[0].is_not(None))
        .group_by(ROUNDS.c.proposal)
        .subquery("told")
    )
    shown = [column for column in WALL.c if column is not WALL.c.screened]
    return (
        select(*shown, told.c.valid, told.c.satisfied)
        .join_from(WALL, told, WALL.c.stream == told.c.proposal, isouter=True)
        .where(WALL.c.screened == 1)
    )
