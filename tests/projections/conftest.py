"""A county that has run every branch of the process, and some cases out of another register; once for all tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from proposals import (
    CloseImported,
    Fact,
    ImportClosedCase,
    ImportedFacts,
    ImportOpenCase,
    Kind,
    Proposals,
    Provenance,
    Reclassify,
    UpdateImported,
)
from proposals.adapters.keys import MemoryKeyStore
from proposals.demo import BRANCHES, SimulatedClock, run
from proposals.domain.organisation import Unit
from proposals.domain.vocabulary import Role, Tier, Urgency, kind_of
from tests.projections.logs import entry_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from proposals.domain.context import Context
    from proposals.domain.state import State
    from proposals.projections.projection import Entry


class County(NamedTuple):
    """A log, what its streams are folded to, and the door they were read through."""

    facts: list[Fact]
    entries: list[Entry]
    states: dict[str, State]
    now: datetime
    context: Context


@pytest.fixture(scope="session")
def county() -> Iterator[County]:
    """Every branch once, imports, and a second run that is cut short while most of its cases are under way."""
    clock = SimulatedClock()
    with Proposals(clock=clock, keys=MemoryKeyStore()) as app:
        run(app, cases=len(BRANCHES), seed=1, clock=clock)
        import_some(app, clock.now)
        stop_in_the_middle(app, clock)
        facts = list(app.log())
        streams = {fact.stream for fact in facts if kind_of(fact.stream) is not Kind.SUBJECT}
        states = {stream: app.get(stream) for stream in streams}
        yield County(facts, [entry_of(fact) for fact in facts], states, clock.now, app.writer.work().context)


class Enough(Exception):
    """The run is stopped here."""


def stop_in_the_middle(app: Proposals, clock: SimulatedClock) -> None:
    """A second run of which most cases are still under way."""
    calls = 0

    def progress(_ended: int, _cases: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 500:
            raise Enough

    clock.start = clock.now
    with pytest.raises(Enough):
        run(app, cases=2 * len(BRANCHES), seed=2, clock=clock, progress=progress)


def import_some(app: Proposals, now: datetime) -> None:
    """Cases of another register: updated, closed by its source, closed before, reclassified here before an update."""
    units = [unit for unit in app.states(Kind.UNIT) if isinstance(unit, Unit)]
    county = next(unit for unit in units if unit.tier is Tier.COUNTY)
    grid = next(unit for unit in units if unit.tier is Tier.GRID)
    importer = county.holders(frozenset({Role.IMPORTER}), now.date())[0]

    def provenance(letter: str) -> Provenance:
        return Provenance(source="hotline", key="7", sha256=letter * 64)

    def stated(title: str, closed_at: datetime | None = None) -> ImportedFacts:
        return ImportedFacts(
            title=title, category="noise", raised_at=now.replace(year=2020), source_status="x", closed_at=closed_at
        )

    who: dict[str, Any] = {"actor": importer, "at": now}
    app.do(
        ImportOpenCase(proposal="proposal-i1", place=grid.id, provenance=provenance("a"), facts=stated("Lamp"), **who),
        ImportOpenCase(proposal="proposal-i2", place=grid.id, provenance=provenance("a"), facts=stated("Wall"), **who),
        ImportClosedCase(
            proposal="proposal-i3", place=grid.id, provenance=provenance("a"), facts=stated("Door", now), **who
        ),
        UpdateImported(proposal="proposal-i1", provenance=provenance("b"), facts=stated("Lamp, broken"), **who),
        CloseImported(proposal="proposal-i2", provenance=provenance("b"), facts=stated("Wall", now), **who),
        ImportOpenCase(proposal="proposal-i4", place=grid.id, provenance=provenance("a"), facts=stated("Gate"), **who),
        Reclassify(
            proposal="proposal-i4",
            category="safety",
            urgency=Urgency.URGENT,
            reason="It hangs.",
            actor=screener(units, grid, now),
            at=now,
        ),
        UpdateImported(proposal="proposal-i4", provenance=provenance("b"), facts=stated("Gate, still"), **who),
    )


def screener(units: list[Unit], grid: Unit, now: datetime) -> str:
    community = next(unit for unit in units if unit.id == grid.parent)
    return community.holders(frozenset({Role.SCREENER}), now.date())[0]
