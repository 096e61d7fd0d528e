"""How long cases stay: one row for each state that a case comes to, from when to when."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import Column

from proposals.domain.keeping import ProposalReopened
from proposals.domain.vocabulary import as_instant
from proposals.projections.case_events import MOVING, OPENING, RISES, STANDING, first_unit
from proposals.projections.columns import NUMBER, TEXT
from proposals.projections.projection import READ_MODELS, Projection

if TYPE_CHECKING:
    from proposals.projections.projection import Entry, Rows

STEPS: Final = Projection("steps", 1, READ_MODELS)

STAYS: Final = STEPS.table(
    "case_stays",
    Column("version", NUMBER, primary_key=True),
    Column("status", TEXT, nullable=False),
    Column("step", TEXT),
    Column("cycle", NUMBER, nullable=False),
    Column("unit", TEXT, nullable=False),
    Column("entered_at", TEXT, nullable=False),
    Column("due_at", TEXT),
    Column("left_at", TEXT),
    Column("seconds", NUMBER),
)
"""`version` is that of the event that began the stay; `seconds` are whole ones, none while the case is still there.

An event that leads back into the same state, as a second opening of the discussion does, begins a stay of its own.
"""

_REOPENED: Final = ProposalReopened.name
_SECOND: Final = timedelta(seconds=1)


@STEPS.on(*OPENING)
def _begun(rows: Rows, entry: Entry) -> None:
    _enter(rows, entry, 1, first_unit(entry))


@STEPS.on(*MOVING)
def _moved(rows: Rows, entry: Entry) -> None:
    last = rows.last(STAYS)
    last["left_at"] = entry.occurred_at
    last["seconds"] = (as_instant(entry.occurred_at) - as_instant(last["entered_at"])) // _SECOND
    cycle = last["cycle"] + (entry.name == _REOPENED)
    _enter(rows, entry, cycle, entry.data["unit"] if entry.name in RISES else last["unit"])


def _enter(rows: Rows, entry: Entry, cycle: int, unit: str) -> None:
    status, step = STANDING[entry.name]
    rows.put(
        STAYS,
        entry.version,
        status=status,
        step=step,
        cycle=cycle,
        unit=unit,
        entered_at=entry.occurred_at,
        due_at=entry.data.get("due_at"),
    )
