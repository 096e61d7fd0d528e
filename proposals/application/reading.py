"""Reading the store: streams folded into states, facts and the log, and the reference data kept in memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, cast

from eventsourcing.application import AggregateNotFoundError, Repository
from eventsourcing.persistence import EventStore

from proposals.domain.decider import fold
from proposals.domain.processes import PROCESSES
from proposals.domain.vocabulary import Kind, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from proposals.adapters.mapper import FactMapper
    from proposals.adapters.snapshots import Snapshots
    from proposals.adapters.store import Recorder
    from proposals.domain.event import Fact
    from proposals.domain.state import State

KEPT = 20_000
"""How many units and policies are kept in memory. Every append re-checks them, so no decision rests on a stale one."""

REFERENCE = frozenset({Kind.UNIT, Kind.POLICY})


class Reader:
    """Facts and states of one store."""

    def __init__(self, recorder: Recorder, mapper: FactMapper, snapshots: Snapshots | None) -> None:
        self._recorder = recorder
        self._mapper = mapper
        self._snapshots = snapshots
        self._repository: Repository[str] = Repository(EventStore(mapper, recorder), snapshot_store=snapshots)
        self._reference: OrderedDict[str, State] = OrderedDict()

    def load(self, stream: str) -> State | None:
        """A stream's state, None if there is none. Units and policies may come from memory: see `moved_on`."""
        kept = self._reference.get(stream)
        if kept is not None:
            return kept
        kind = kind_of(stream)
        try:
            state: Any = self._repository.get(stream, projector_func=self._projector(kind))
        except AggregateNotFoundError:
            return None
        if kind in REFERENCE:
            self._reference[stream] = state
            while len(self._reference) > KEPT:
                self._reference.popitem(last=False)
        return cast("State", state)

    def _projector(self, kind: Kind) -> Any:
        process = PROCESSES[kind]
        if self._snapshots is None:
            return lambda initial, facts: fold(process, facts, initial)

        def from_a_snapshot(initial: Any, facts: Iterable[Any]) -> Any:
            rest = iter(facts)
            first = next(rest, None)
            if first is None:
                return initial
            if hasattr(first, "state"):
                return fold(process, rest, first.state)
            return fold(process, rest, fold(process, [first], initial))

        return from_a_snapshot

    def latest(self, stream: str) -> State | None:
        """A stream's state as the store has it now."""
        self._reference.pop(stream, None)
        return self.load(stream)

    def moved_on(self, versions: Mapping[str, int]) -> bool:
        """Whether a stream is no longer at the version it was read at; then memory lets go of it."""
        heads = self._recorder.heads(list(versions)) if versions else {}
        moved = [stream for stream, version in versions.items() if heads.get(stream, 0) != version]
        self.forget(moved)
        return bool(moved)

    def forget(self, streams: Iterable[str]) -> None:
        """Lets go of what is kept in memory of these streams."""
        for stream in streams:
            self._reference.pop(stream, None)

    def fact(self, stored: Any) -> Fact:
        """What the store holds, as a fact."""
        return cast("Fact", self._mapper.to_domain_event(stored))

    def history(self, stream: str, *, after: int = 0, through: int | None = None) -> list[Fact]:
        """The facts of a stream, in order."""
        return [self.fact(stored) for stored in self._recorder.select_events(stream, gt=after, lte=through)]

    def event_at(self, stream: str, version: int) -> Fact | None:
        """One fact of a stream."""
        return next(iter(self.history(stream, after=version - 1, through=version)), None)

    def log(self, after: int = 0, limit: int | None = None) -> Iterator[Fact]:
        """Facts in commit order."""
        return map(self.fact, self._recorder.log(after, limit))

    def states(self, kind: Kind) -> Iterator[State]:
        """Every state of a kind, folded in one pass with flat memory, sorted by id."""
        process, facts = PROCESSES[kind], list[Any]()
        for stored in self._recorder.iterate_streams(f"{kind.value}-"):
            if facts and stored.originator_id != facts[0].stream:
                yield cast("State", fold(process, facts))
                facts = []
            facts.append(self.fact(stored))
        if facts:
            yield cast("State", fold(process, facts))
