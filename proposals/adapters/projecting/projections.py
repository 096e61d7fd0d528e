"""The projections of a store: run, caught up, rebuilt, replayed, waited for, and read."""

from __future__ import annotations

import logging
from contextlib import closing, contextmanager, nullcontext, suppress
from functools import cached_property
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from eventsourcing.persistence import PersistenceError
from sqlalchemy import Select, Table, select

from proposals.adapters.store.bell import Bell
from proposals.adapters.store.connections import ConnectionLost, in_memory, translated
from proposals.domain.errors import ProposalsError

from .bookkeeping import Books, DeadLetter, Standing
from .errors import ProjectionMissing
from .locks import Locks
from .projector import Projector
from .rebuilding import Progress, Rebuild

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from threading import Event

    from proposals.adapters.store import Recorder, Row, Transaction
    from proposals.projections.projection import Entry, Projection

log = logging.getLogger(__name__)

State = Literal["live", "building", "missing", "outdated", "newer"]

LONGEST_PAUSE = 30.0
"""Seconds, at most, after which a projection that failed is tried again."""


class Status(NamedTuple):
    """Where a projection stands: its live tables, or those that are being built beside them."""

    name: str
    state: State
    version: int
    """The code's."""
    stored: int | None
    """The version that made what is stored."""
    position: int
    head: int
    dead_letters: int

    @property
    def lag(self) -> int:
        """How many positions of the log it has not come to."""
        return self.head - self.position


class Projections:
    """All projections of one store. Those that are `inline` are brought forward in each append's own transaction.

    Of several who run a projection, in threads, processes or on other machines, one works and the others wait.
    """

    def __init__(
        self,
        recorder: Recorder,
        entry: Callable[[Row], Entry],
        projections: Iterable[Projection],
        inline: Iterable[str] = (),
    ) -> None:
        """Builds those inline that are not there. Raises ValueError for two of one name, and for an unknown name."""
        self._recorder = recorder
        self._entry = entry
        self._projections: dict[str, Projection] = {}
        for projection in projections:
            if self._projections.setdefault(projection.name, projection) is not projection:
                raise ValueError(f"two projections are called {projection.name}")
        self._inline = self._named(tuple(inline)) if inline else []
        if self._inline:
            recorder.follow = self._follow
            for projector in self._inline:
                if not any(standing.live for standing in projector.standings()):
                    with Locks(recorder) as locks:
                        Rebuild(projector, locks, None).run(anew=False)

    # What is compiled is compiled when it is first wanted: most who open a store never run a projection.

    @cached_property
    def _books(self) -> Books:
        return Books(self._recorder.statements)

    @cached_property
    def _projectors(self) -> dict[str, Projector]:
        return {
            name: Projector(self._recorder, self._books, self._entry, projection)
            for name, projection in self._projections.items()
        }

    def _follow(self, transaction: Transaction, head: int) -> None:
        for projector in self._inline:
            projector.follow(transaction, head)

    # --- going on

    def catch_up(self, *names: str, progress: Progress | None = None) -> None:
        """Brings projections, or all of them, to where the log ends now; one that is not there is built first.

        Where another runs one already, this waits for it to get there. Raises ProjectionStopped,
        ProjectionOutdated, ProjectionNewer.
        """
        head = self._recorder.head()
        with Locks(self._recorder) as locks:
            for projector in self._named(names):
                standing = self._live(projector, locks, progress)
                while standing.position < head:
                    if not locks.take(projector.name):
                        sleep(self._recorder.poll_interval)
                    elif (advanced := self._advance(projector, standing, head)) is not None:
                        standing, _ = advanced
                        if progress is not None:
                            progress(projector.name, standing.position, head)
                        continue
                    standing = projector.live(projector.standings())
                locks.release(projector.name)

    def run(self, stop: Event, *names: str) -> None:
        """Keeps projections, or all of them, up with the log until it is told to stop.

        One that fails is tried again after a while, the others go on; the log of the program tells why it did.
        """
        from .metrics import PROJECTED, observed

        projectors, pauses = self._named(names), _Pauses()

        def unless_stopped(*_: object) -> None:
            if stop.is_set():
                raise _Stopped

        with (
            Locks(self._recorder) as locks,
            closing(Bell(self._recorder)) as bell,
            observed(self),
            suppress(_Stopped),
        ):
            while not stop.is_set():
                with pauses.after("the log", self._recorder.poll_interval):
                    head, events = self._recorder.head(), {}
                    for projector in projectors:
                        if pauses.over(projector.name):
                            with pauses.after(projector.name, self._recorder.poll_interval):
                                events[projector.name] = self._turn(projector, locks, head, unless_stopped)
                    for name, count in events.items():
                        PROJECTED.add(count or 0, {"projection": name})
                    if not any(count is not None for count in events.values()):
                        bell.wait(head)
                if not pauses.over("the log"):
                    stop.wait(self._recorder.poll_interval)

    def _turn(self, projector: Projector, locks: Locks, head: int, progress: Progress) -> int | None:
        """Goes on by a batch, if that is ours to do; returns how many events it took, or None if it is all done."""
        standing = self._live(projector, locks, progress)
        if not locks.take(projector.name) or standing.position >= head:
            return None
        advanced = self._advance(projector, standing, head)
        return advanced[1] if advanced is not None else 0

    def _live(self, projector: Projector, locks: Locks, progress: Progress | None) -> Standing:
        """The live generation, which is built if there is none."""
        try:
            return projector.live(projector.standings())
        except ProjectionMissing:
            Rebuild(projector, locks, progress).run(anew=False)
            return projector.live(projector.standings())

    @staticmethod
    def _advance(projector: Projector, standing: Standing, head: int) -> tuple[Standing, int] | None:
        try:
            return projector.advance(projector.tables, standing, head)
        except ConnectionLost:  # an idle one had died, perhaps; the standing tells if the commit went through
            return projector.advance(projector.tables, standing, head)

    def rebuild(self, name: str, progress: Progress | None = None) -> None:
        """Builds a projection anew beside the live one, and puts it in its place at one stroke.

        Whoever reads sees the old or the new, never half; the position never goes back. One that was interrupted
        goes on where it was. Raises ProjectionStopped, ProjectionNewer.
        """
        (projector,) = self._named((name,))
        with Locks(self._recorder) as locks:
            Rebuild(projector, locks, progress).run(anew=True)

    def replay(self, name: str) -> int:
        """Tries the events that could not be projected once more; returns how many now were.

        Raises ProjectionStopped, ProjectionMissing, ProjectionOutdated, ProjectionNewer.
        """
        (projector,) = self._named((name,))
        return projector.replay()

    # --- looking

    def wait_for(self, name: str, position: int, timeout: float = 10.0) -> None:
        """Waits until a projection has come to a position of the log. Raises TimeoutError after so many seconds."""
        (projector,) = self._named((name,))
        give_up, pause = monotonic() + timeout, 0.002
        while True:
            standing = next((standing for standing in projector.standings() if standing.live), None)
            if standing is not None and standing.position >= position:
                return
            left = give_up - monotonic()
            if left <= 0:
                reached = standing.position if standing is not None else 0
                raise TimeoutError(f"projection {name} is at position {reached}, not yet at {position}")
            sleep(min(pause, left))
            pause = min(pause * 2, self._recorder.poll_interval)

    def status(self) -> list[Status]:
        """Where each projection stands; one that is being built beside the live one is there twice."""
        with self._recorder.snapshot() as read:
            ((head, _recorded_at),) = read(self._recorder.statements.head)
            standings = [Standing(*row) for row in read(self._books.all)]
            letters = {(name, generation): count for name, generation, count in read(self._books.counted)}
        found = []
        for projector in self._projectors.values():
            name, version = projector.name, projector.projection.version
            mine = [standing for standing in standings if standing.name == name]
            if not any(standing.live for standing in mine):
                found.append(Status(name, "missing", version, None, 0, head, 0))
            for standing in mine:
                # What is being filled in goes stream by stream: it has come to no position yet.
                position = standing.position if standing.cursor is None or standing.live else 0
                dead = letters.get(standing.key, 0)
                state = _state(standing, version)
                found.append(Status(name, state, version, standing.version, position, head, dead))
        return found

    def dead_letters(self, *names: str) -> list[DeadLetter]:
        """The events of live projections, or of all, that could not be projected, and those that wait behind them."""
        return [
            DeadLetter(*row)
            for projector in self._named(names)
            for standing in projector.standings()
            if standing.live
            for row in self._recorder.read(self._books.letters, standing.key)
        ]

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """The log as projections see it, for folding one in memory (`fold_log`). Raises UnknownEvent."""
        return map(self._entry, self._recorder.projected_rows(after))

    def entries_of(self, stream: str) -> Iterator[Entry]:
        """The same of one stream."""
        return map(self._entry, self._recorder.projected_of(stream))

    def rows(self, query: Table | Select[Any]) -> list[dict[str, Any]]:
        """The rows of a table by its key, or of a query on tables, of one moment. Raises what the store raises."""
        recorder = self._recorder
        asked = select(query).order_by(*query.primary_key) if isinstance(query, Table) else query
        # In memory there is one connection for all, and this takes its turn.
        turn = recorder.readers.connection() if in_memory(recorder.engine) else nullcontext()
        with translated(recorder.engine), turn, recorder.engine.connect() as connection:
            reading = connection.execution_options(read_only=True)
            return [dict(row) for row in reading.execute(asked).mappings()]

    def _named(self, names: tuple[str, ...]) -> list[Projector]:
        unknown = sorted(set(names) - self._projections.keys())
        if unknown:
            raise ValueError(f"no projection is called {', '.join(unknown)}; there are {', '.join(self._projections)}")
        return [projector for name, projector in self._projectors.items() if name in names or not names]


class _Stopped(Exception):
    """The runner was told to stop while it was building a projection."""


class _Pauses:
    """Until when that which failed is left alone: twice as long each time, from one poll interval on."""

    def __init__(self) -> None:
        self._pauses: dict[str, tuple[float, float]] = {}

    def over(self, name: str) -> bool:
        """Whether it may be tried."""
        return monotonic() >= self._pauses.get(name, (0.0, 0.0))[1]

    @contextmanager
    def after(self, name: str, shortest: float) -> Iterator[None]:
        """Tries something, and pauses after it if it fails."""
        try:
            yield
        except (PersistenceError, ProposalsError) as error:
            pause = min(max(2 * self._pauses.get(name, (0.0, 0.0))[0], shortest), LONGEST_PAUSE)
            self._pauses[name] = pause, monotonic() + pause
            log.error("%s (again in %.1f s)", error, pause)  # noqa: TRY400 - it says what there is to say
        else:
            self._pauses.pop(name, None)


def _state(standing: Standing, version: int) -> State:
    if not standing.live:
        return "building"
    if standing.version == version:
        return "live"
    return "outdated" if standing.version < version else "newer"
