"""The way of cases up the tiers: one row for each unit that a case has come to, the first where it began."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Column

from proposals.projections.case_events import OPENING, RISING, first_unit
from proposals.projections.columns import NUMBER, TEXT
from proposals.projections.projection import READ_MODELS, Projection

if TYPE_CHECKING:
    from proposals.projections.projection import Entry, Rows

ESCALATIONS: Final = Projection("escalations", 1, READ_MODELS)

CASE_TIERS: Final = ESCALATIONS.table(
    "case_tiers",
    Column("version", NUMBER, primary_key=True),
    Column("event", TEXT, nullable=False),
    Column("from_step", TEXT),
    Column("from_unit", TEXT),
    Column("to_unit", TEXT, nullable=False),
    Column("at", TEXT, nullable=False),
)
"""An escalation is a row with a `from_unit`; `from_step` is the step out of which the case rose."""

_STEP: Final = {event.name: step.value for event, step in RISING.items()}


@ESCALATIONS.on(*OPENING)
def _begun(rows: Rows, entry: Entry) -> None:
    rows.put(CASE_TIERS, entry.version, event=entry.name, to_unit=first_unit(entry), at=entry.occurred_at)


@ESCALATIONS.on(*RISING)
def _risen(rows: Rows, entry: Entry) -> None:
    rows.put(
        CASE_TIERS,
        entry.version,
        event=entry.name,
        from_step=_STEP[entry.name],
        from_unit=rows.last(CASE_TIERS)["to_unit"],
        to_unit=entry.data["unit"],
        at=entry.occurred_at,
    )
