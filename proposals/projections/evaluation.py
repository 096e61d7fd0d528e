"""Evaluation rounds 评议: turnout while a round is open, the count once it is closed. One row a round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, Index

from proposals.domain.evaluation_round import BallotsCast, RoundAnnulled, RoundClosed, RoundOpened, RoundStatus
from proposals.domain.vocabulary import Grade
from proposals.projections.columns import NUMBER, TEXT
from proposals.projections.projection import READ_MODELS, Projection

if TYPE_CHECKING:
    from proposals.projections.projection import Entry, Rows

EVALUATION: Final = Projection("evaluation", 1, READ_MODELS)

GRADES: Final = tuple(grade.value for grade in Grade)

ROUNDS: Final = EVALUATION.table(
    "evaluation_rounds",
    Column("proposal", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("opened_at", TEXT, nullable=False),
    Column("closes_at", TEXT),
    Column("ended_at", TEXT),
    Column("eligible", NUMBER, nullable=False),
    Column("ballots", NUMBER, nullable=False, default=0),
    Column("valid", NUMBER),
    *(Column(grade, NUMBER) for grade in GRADES),
    Column("resolved", NUMBER),
    Column("answered_resolved", NUMBER),
    Column("result", TEXT),
    Index("evaluation_rounds_proposal", "proposal"),
)
"""`ballots` are those that came in. The rest is empty until the count, and stays so in a round that was annulled.

Where fewer came in than the smallest cell of the rules, only `valid` is told. Voters are nowhere in it.
"""


@EVALUATION.on(RoundOpened)
def _opened(rows: Rows, entry: Entry) -> None:
    rows.put(
        ROUNDS,
        proposal=entry.data["proposal"],
        status=RoundStatus.OPEN.value,
        opened_at=entry.occurred_at,
        closes_at=entry.data.get("due_at"),
        eligible=len(entry.data["tokens"]),
    )


@EVALUATION.on(BallotsCast)
def _cast(rows: Rows, entry: Entry) -> None:
    rows.of(ROUNDS)["ballots"] += len(entry.data["ballots"])


@EVALUATION.on(RoundClosed)
def _closed(rows: Rows, entry: Entry) -> None:
    row, tally = rows.of(ROUNDS), entry.data["tally"]
    row["status"], row["ended_at"], row["result"] = RoundStatus.CLOSED.value, entry.occurred_at, entry.data["result"]
    row["valid"], row["resolved"] = tally["valid"], tally["resolved"]
    row["answered_resolved"] = tally["answered_resolved"]
    if tally["grades"] is not None:
        for grade in GRADES:
            row[grade] = tally["grades"].get(grade, 0)


@EVALUATION.on(RoundAnnulled)
def _annulled(rows: Rows, entry: Entry) -> None:
    row = rows.of(ROUNDS)
    row["status"], row["ended_at"] = RoundStatus.ANNULLED.value, entry.occurred_at
