"""The engine, through its one door; and below the door, facts straight into the store, as the bulk load has it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast

from benchmarks import made_up
from benchmarks.made_up import BATCH, CASE_EVENTS, batches
from benchmarks.subjects import database
from proposals import (
    AcceptProposal,
    AddNote,
    AttachEvidence,
    CoSignProposal,
    ImportClosedCase,
    Proposals,
    RaiseProposal,
    ReviseProposal,
)
from proposals.domain.event import Fact
from proposals.domain.vocabulary import Evidence, Kind, Source
from proposals.testing import small_county

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.made_up import Turn
    from proposals.projections import Projection

_MODEL = "proposal-model"


class Ours:
    """Commands through `Proposals.do`, folding through `Proposals.states`."""

    projections: ClassVar[tuple[Projection, ...]] = ()

    def __init__(self, url: str, cases: int, *, fresh: bool) -> None:
        self._url, self._cases = url, cases
        self.app = Proposals(url, projections=self.projections)

    def prepare(self, events: int) -> None:
        """A small county, one case decided by the rules, and that case's facts again for every other."""
        self._record(_numbered(small_county()))
        self.app.do(*_one_case(_MODEL))
        model = self.app.history(_MODEL)
        assert len(model) == CASE_EVENTS, model
        for cases in batches(events):
            self._record([_moved(fact, f"proposal-{case}") for case in cases for fact in model])

    def durability(self) -> str:
        """Of the connection that writes."""
        with self.app.recorder.writers.connection() as connection:
            return database.durability(connection.execute, self._url)

    def ready(self, job: str, turn: Turn) -> Any:
        """Which cases. The command itself is made and checked on the clock, as a host would do."""
        return turn.cases(self._cases) if job == "command" else None

    def run(self, job: str, ready: Any, turn: Turn) -> int:
        """Through the door."""
        if job == "fold":
            return sum(state.version for state in self.app.states(Kind.PROPOSAL))
        assert job == "command", job
        for case in ready:
            self.app.do(AddNote(proposal=f"proposal-{case}", note=made_up.NOTE, actor=made_up.PROPOSER))
        return len(ready)

    def close(self) -> None:
        """Its connections."""
        self.app.close()

    def _record(self, facts: list[Fact]) -> None:
        """What any recorder of `eventsourcing` is given: mapped events; here with the versions they go on from."""
        stored = [self.app.mapper.to_stored_event(cast("Any", fact)) for fact in facts]
        expected: dict[str, int] = {}
        for fact in facts:
            expected.setdefault(fact.stream, fact.version - 1)
        self.app.recorder.insert_events(stored, expected=expected)


class OursFacts(Ours):
    """Bulk load of facts that are known to be so: mapper and recorder, as a restore or a migration has them."""

    def ready(self, job: str, turn: Turn) -> Any:
        """The facts, as `stock` has its events at hand."""
        assert job == "load", job
        return self.facts(turn)

    def run(self, job: str, ready: Any, turn: Turn) -> int:
        """A transaction for each thousand."""
        for facts in ready:
            self._record(facts)
        return len(ready) * BATCH

    def append(self, turn: Turn) -> None:
        """New cases, for whoever reads the log."""
        for facts in self.facts(turn):
            self._record(facts)

    def facts(self, turn: Turn) -> list[list[Fact]]:
        """Of new cases, a thousand together."""
        self.app.do(*_one_case(f"{_MODEL}-{turn.start}"))
        model = self.app.history(f"{_MODEL}-{turn.start}")
        cases = BATCH // CASE_EVENTS
        first = self._cases + turn.start * cases
        return [
            [_moved(fact, f"proposal-{case}") for case in range(at, at + cases) for fact in model]
            for at in range(first, first + turn.times * cases, cases)
        ]


class OursImports(Ours):
    """Bulk load of decided commands: a thousand legacy cases in one `do`."""

    def ready(self, job: str, turn: Turn) -> Any:
        """The commands."""
        assert job == "load", job
        first = self._cases + turn.start * BATCH
        last = first + turn.times * BATCH
        return [[_import(case) for case in range(at, at + BATCH)] for at in range(first, last, BATCH)]

    def run(self, job: str, ready: Any, turn: Turn) -> int:
        """A transaction for each thousand."""
        return sum(len(self.app.do(*commands)) for commands in ready)


def _numbered(facts: Iterable[Fact]) -> list[Fact]:
    versions: dict[str, int] = {}
    numbered = []
    for fact in facts:
        versions[fact.stream] = versions.get(fact.stream, 0) + 1
        numbered.append(fact._replace(version=versions[fact.stream]))
    return numbered


def _moved(fact: Fact, stream: str) -> Fact:
    return fact._replace(stream=stream, position=None, recorded_at=None)


def _one_case(proposal: str) -> list[Any]:
    """The commands of a case of ten events."""
    by: dict[str, Any] = {"proposal": proposal, "actor": made_up.PROPOSER}
    return [
        RaiseProposal(place="unit-grid", source=Source.MEMBER_PROPOSAL, title=made_up.TITLE, text=made_up.TEXT, **by),
        *(CoSignProposal(proposal=proposal, actor=person) for person in made_up.COSIGNERS),
        ReviseProposal(title=made_up.TITLE, text=made_up.REVISED, **by),
        AcceptProposal(proposal=proposal, category=made_up.CATEGORY, actor=made_up.SCREENER),
        AttachEvidence(evidence=(Evidence.model_validate(made_up.PHOTO),), **by),
        *(AddNote(note=made_up.NOTE, **by) for _ in range(3)),
    ]


def _import(case: int) -> ImportClosedCase:
    day = datetime(2024, 3, 4, 1, 0, tzinfo=UTC)
    return ImportClosedCase.model_validate(
        {
            "proposal": f"proposal-legacy{case}",
            "place": "unit-grid",
            "actor": "county-importer",
            "provenance": {"source": "hotline", "key": f"{case}", "sha256": "0f" * 32},
            "facts": {
                "title": made_up.TITLE,
                "text": made_up.TEXT,
                "category": made_up.CATEGORY,
                "raised_at": day,
                "closed_at": day,
                "source_status": "办结",
                "resolution": made_up.NOTE,
            },
        }
    )
