"""What was not left as it was: objections to decisions, and ends of cases that were reopened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Column

from proposals.domain.decision import ObjectionDismissed, ObjectionRaised, ObjectionUpheld
from proposals.domain.keeping import ProposalReopened
from proposals.projections.case_events import ENDING, STANDING, ended_as
from proposals.projections.columns import NUMBER, TEXT
from proposals.projections.projection import READ_MODELS, Projection

if TYPE_CHECKING:
    from proposals.projections.projection import Entry, Row, Rows

OBJECTIONS: Final = Projection("objections", 1, READ_MODELS)

RAISED_OBJECTIONS: Final = OBJECTIONS.table(
    "objections",
    Column("version", NUMBER, primary_key=True),
    Column("number", NUMBER, nullable=False),
    Column("resides_in", TEXT, nullable=False),
    Column("raised_at", TEXT, nullable=False),
    Column("due_at", TEXT),
    Column("outcome", TEXT),
    Column("ruled_at", TEXT),
    Column("late", NUMBER),
)
"""Numbers begin anew with each decision, so the version of its event is an objection's key.

`outcome` is dismissed or upheld; moot where the decision fell to another objection first. `late`: the ruling came
when its time was over.
"""

CASE_ENDS: Final = OBJECTIONS.table(
    "case_ends",
    Column("version", NUMBER, primary_key=True),
    Column("cycle", NUMBER, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("outcome", TEXT, nullable=False),
    Column("ended_at", TEXT, nullable=False),
    Column("reopened_at", TEXT),
    Column("reopened_by", TEXT),
)
"""Each end of a case, and when and by whom it was reopened: the proposer, who is in the register, or a reviewer."""


@OBJECTIONS.on(ObjectionRaised)
def _objected(rows: Rows, entry: Entry) -> None:
    rows.put(
        RAISED_OBJECTIONS,
        entry.version,
        number=entry.data["objection"],
        resides_in=entry.data["resides_in"],
        raised_at=entry.occurred_at,
        due_at=entry.data.get("due_at"),
    )


@OBJECTIONS.on(ObjectionDismissed, ObjectionUpheld)
def _ruled(rows: Rows, entry: Entry) -> None:
    upheld = entry.name == ObjectionUpheld.name
    for row in _open(rows):
        if row["number"] == entry.data["objection"]:
            row["outcome"], row["ruled_at"] = "upheld" if upheld else "dismissed", entry.occurred_at
            row["late"] = int(entry.occurred_at >= row["due_at"]) if row["due_at"] is not None else None
    if upheld:
        for row in _open(rows):
            row["outcome"] = "moot"


def _open(rows: Rows) -> list[Row]:
    return [row for row in rows.all(RAISED_OBJECTIONS) if row["outcome"] is None]


@OBJECTIONS.on(*ENDING)
def _ended(rows: Rows, entry: Entry) -> None:
    rows.put(
        CASE_ENDS,
        entry.version,
        cycle=len(rows.all(CASE_ENDS)) + 1,
        status=STANDING[entry.name][0],
        outcome=ended_as(entry),
        ended_at=entry.occurred_at,
    )


@OBJECTIONS.on(ProposalReopened)
def _reopened(rows: Rows, entry: Entry) -> None:
    end = rows.last(CASE_ENDS)
    end["reopened_at"], end["reopened_by"] = entry.occurred_at, entry.actor
