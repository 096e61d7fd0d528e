"""The engine's projections: catching up with what is new, and rebuilding beside the live tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Column

from benchmarks.made_up import BATCH, CASE_EVENTS
from benchmarks.subjects.ours import OursFacts
from proposals import (
    EvidenceAttached,
    NoteAdded,
    ProposalAccepted,
    ProposalCoSigned,
    ProposalRaised,
    ProposalRevised,
)
from proposals.projections import NUMBER, TEXT, Projection

if TYPE_CHECKING:
    from benchmarks.made_up import Turn
    from proposals.projections import Entry, Rows

LINES = Projection("lines", version=1)
LINE = LINES.table("lines", Column("status", TEXT), Column("notes", NUMBER, default=0), Column("last_at", TEXT))


@LINES.on(ProposalRaised)
def _raised(rows: Rows, entry: Entry) -> None:
    rows.put(LINE, status="raised", last_at=entry.occurred_at)


@LINES.on(ProposalCoSigned, ProposalRevised, EvidenceAttached)
def _happened(rows: Rows, entry: Entry) -> None:
    rows.of(LINE)["last_at"] = entry.occurred_at


@LINES.on(ProposalAccepted)
def _accepted(rows: Rows, entry: Entry) -> None:
    rows.of(LINE).update(status="accepted", last_at=entry.occurred_at)


@LINES.on(NoteAdded)
def _noted(rows: Rows, entry: Entry) -> None:
    line = rows.of(LINE)
    line["notes"] += 1
    line["last_at"] = entry.occurred_at


class OursProjecting(OursFacts):
    """A line a case, through `app.projections`."""

    projections = (LINES,)
    name = "lines"

    def prepare(self, events: int) -> None:
        """A log, and what is known of it so far."""
        super().prepare(events)
        self.app.projections.catch_up(self.name)

    def ready(self, job: str, turn: Turn) -> Any:
        """New facts."""
        return self.append(turn) if job == "project" else None

    def run(self, job: str, ready: Any, turn: Turn) -> int:
        """To the end of the log, or all of it anew."""
        if job == "project":
            self.app.projections.catch_up(self.name)
            return turn.times * BATCH
        self.app.projections.rebuild(self.name)
        return self._cases * CASE_EVENTS


class OursRegister(OursProjecting):
    """The register that comes with the package: its rows have thirty columns, and it reads every event of a case."""

    name = "register"
