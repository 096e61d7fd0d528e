"""Reading the store: streams folded into states, facts and the log, and the states kept in memory."""

from __future__ import annotations

from collections import OrderedDict
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from proposals.domain.decider import fold
from proposals.domain.processes import PROCESSES
from proposals.domain.vocabulary import Kind, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from proposals.adapters.mapper import FactMapper
    from proposals.adapters.snapshots import Snapshots
    from proposals.adapters.store import Recorder
    from proposals.domain.event import Fact
    from proposals.domain.state import State

KEPT = 10_000
"""How many states are kept in memory. Every append re-checks their versions, so no decision rests on a stale one."""


class Reader:
    """Facts and states of one store."""

    def __init__(self, recorder: Recorder, mapper: FactMapper, snapshots: Snapshots | None) -> None:
        self._recorder = recorder
        self._mapper = mapper
        self._snapshots = snapshots
        self._kept: OrderedDict[str, State] = OrderedDict()

    def load(self, stream: str) -> State | None:
        """A stream's state, None if there is none. It may come from memory and be behind: see `moved_on`."""
        kept = self._kept.get(stream)
        return kept if kept is not None else self._fold(stream)

    def latest(self, stream: str) -> State | None:
        """A stream's state as the store has it now."""
        kept = self._kept.get(stream)
        if kept is not None and not self.moved_on({stream: kept.version}):
            return kept
        return self._fold(stream)

    def _fold(self, stream: str) -> State | None:
        snapshot = self._snapshots.latest(stream) if self._snapshots is not None else None
        happened = self._recorder.happened(stream, snapshot.version if snapshot is not None else 0)
        state = fold(PROCESSES[kind_of(stream)], map(self._mapper.happened, happened), snapshot)
        if state is not None:
            self.keep([state])
        return state

    def past(self, stream: str, as_of: datetime | None, known_at: datetime | None = None) -> State | None:
        """A stream's state as it had happened by an instant, of what was in the log by another."""
        return fold(PROCESSES[kind_of(stream)], by_then(self.history(stream), as_of, known_at))

    def keep(self, states: Iterable[State]) -> None:
        """Keeps states in memory, those longest unused go. Personal data is never kept: its key may go any time."""
        for state in states:
            if state.holds_personal_data:
                self._kept.pop(state.id, None)
                continue
            self._kept.pop(state.id, None)  # to the end; another thread may be letting go of it
            self._kept[state.id] = state
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def moved_on(self, versions: Mapping[str, int]) -> bool:
        """Whether a stream is no longer at the version it was read at; then memory lets go of it."""
        heads = self._recorder.heads(list(versions)) if versions else {}
        moved = [stream for stream, version in versions.items() if heads.get(stream, 0) != version]
        self.forget(moved)
        return bool(moved)

    def forget(self, streams: Iterable[str]) -> None:
        """Lets go of what is kept in memory of these streams."""
        for stream in streams:
            self._kept.pop(stream, None)

    def fact(self, stored: Any) -> Fact:
        """What the store holds, as a fact."""
        return cast("Fact", self._mapper.to_domain_event(stored))

    def history(self, stream: str, *, after: int = 0, through: int | None = None) -> list[Fact]:
        """The facts of a stream, in order."""
        return list(map(self._mapper.fact, self._recorder.history_rows(stream, after, through)))

    def event_at(self, stream: str, version: int) -> Fact | None:
        """One fact of a stream."""
        return next(iter(self.history(stream, after=version - 1, through=version)), None)

    def log(self, after: int = 0, limit: int | None = None) -> Iterator[Fact]:
        """Facts in commit order."""
        return map(self._mapper.fact, self._recorder.log_rows(after, limit))

    def states(self, kind: Kind) -> Iterator[State]:
        """Every state of a kind, folded in one pass with flat memory, sorted by id."""
        happened = map(self._mapper.happened, self._recorder.happened_by_stream(f"{kind.value}-"))
        for _, facts in groupby(happened, key=attrgetter("stream")):
            yield cast("State", fold(PROCESSES[kind], facts))


def by_then(facts: Iterable[Fact], as_of: datetime | None, known_at: datetime | None) -> Iterator[Fact]:
    """The facts that had happened by one instant, and of those the ones that were in the log by another."""
    for fact in facts:
        known = known_at is None or (fact.recorded_at is not None and fact.recorded_at <= known_at)
        if known and (as_of is None or fact.occurred_at <= as_of):
            yield fact
