"""The projections of a store: run, caught up, rebuilt, replayed, waited for, and read."""

from __future__ import annotations

from contextlib import closing, suppress
from functools import cached_property
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sqlalchemy import Select, Table, select

from proposals.adapters.store.bell import Bell
from proposals.adapters.store.connections import ConnectionLost
from proposals.domain.vocabulary import instant_text

from . import views
from .bookkeeping import Books, DeadLetter, Standing
from .errors import ProjectionMissing
from .locks import Locks
from .projector import Projector
from .rebuilding import Progress, Rebuild, untold
from .waiting import Patience, Pauses

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import datetime
    from threading import Event

    from proposals.adapters.store import Recorder, Row, Transaction
    from proposals.projections.projection import Entry, Projection

    from .views import View

State = Literal["live", "building", "missing", "outdated", "newer", "unknown"]


class Status(NamedTuple):
    """Where a projection stands: its live tables, or those that are being built beside them."""

    name: str
    state: State
    version: int | None
    """The code's, if it has the projection."""
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
        events: Collection[str],
        projections: Iterable[Projection],
        inline: Iterable[str] = (),
    ) -> None:
        """Builds those inline that are not there. `events` are the names of all that this program knows.

        Raises ValueError for two of one name, and for an unknown name.
        """
        self._recorder = recorder
        self._entry = entry
        self._events = frozenset(events)
        self._projections: dict[str, Projection] = {}
        for projection in projections:
            if self._projections.setdefault(projection.name, projection) is not projection:
                raise ValueError(f"two projections are called {projection.name}")
        self._inline = self._named(tuple(inline)) if inline else []
        if self._inline:
            recorder.follow = self._follow
            for projector in self._inline:
                if not any(standing.live for standing in projector.standings()):
                    self._build(projector, untold, anew=False)

    # What is compiled is compiled when it is first wanted: most who open a store never run a projection.

    @cached_property
    def _books(self) -> Books:
        return Books(self._recorder.statements)

    @cached_property
    def _projectors(self) -> dict[str, Projector]:
        return {
            name: Projector(self._recorder, self._books, self._entry, self._events, projection)
            for name, projection in self._projections.items()
        }

    def _follow(self, transaction: Transaction, head: int) -> None:
        for projector in self._inline:
            projector.follow(transaction, head)

    # --- going on

    def catch_up(self, *names: str, progress: Progress = untold) -> None:
        """Brings projections, or all of them, to where the log ends now; one that is not there is built first.

        Where another runs one already, this waits for it to get there, as long as it gets on. Raises
        ProjectionStopped, ProjectionOutdated, ProjectionNewer.
        """
        head = self._recorder.head()
        with Locks(self._recorder) as locks:
            for projector in self._named(names):
                patience = Patience(projector)
                while True:
                    standing = self._live(projector, projector.standings(), locks, progress)
                    if standing is not None and standing.position >= head:
                        break
                    if standing is None or not locks.take(projector.name):
                        patience.wait()
                    elif (advanced := self._advance(projector, standing, head)) is not None:
                        progress(projector.name, advanced[0].position, head)
                locks.release(projector.name)

    def run(self, stop: Event, *names: str) -> None:
        """Keeps projections, or all of them, up with the log until it is told to stop.

        One that fails is tried again after a while, unless another takes over; the others go on. The log of the
        program tells why it did.
        """
        from .metrics import observed

        projectors = self._named(names)

        def unless_stopped(*_: object) -> None:
            if stop.is_set():
                raise _Stopped

        with (
            Locks(self._recorder) as locks,
            closing(Bell(self._recorder)) as bell,
            observed(self, self._recorder.store_id) as count,
            suppress(_Stopped),
        ):
            pauses = Pauses(locks, self._recorder.poll_interval)
            while not stop.is_set():
                with pauses.after(_THE_LOG, *(projector.name for projector in projectors)):
                    head, standings, events = self._recorder.head(), self._standings(), {}
                    for projector in projectors:
                        if not pauses.left(projector.name):
                            with pauses.after(projector.name, projector.name):
                                standing = self._live(projector, standings, locks, unless_stopped)
                                events[projector.name] = self._turn(projector, standing, locks, head)
                    for name, took in events.items():
                        count(name, took or 0)
                    if not any(took is not None for took in events.values()):
                        bell.wait(head)
                stop.wait(pauses.left(_THE_LOG))

    def _turn(self, projector: Projector, standing: Standing | None, locks: Locks, head: int) -> int | None:
        """Goes on by a batch; returns how many events it took, or None if there is nothing for us to do."""
        if standing is None or standing.position >= head or not locks.take(projector.name):
            return None
        advanced = self._advance(projector, standing, head)
        return advanced[1] if advanced is not None else 0

    def _live(
        self, projector: Projector, standings: Iterable[Standing], locks: Locks, progress: Progress
    ) -> Standing | None:
        """The live generation, which is built if there is none; none while another builds it."""
        try:
            return projector.live(standings)
        except ProjectionMissing:
            locks.release(*self._projectors)  # others may go on with them while we build this one
            built = Rebuild(projector, locks, progress).run(anew=False)
            return projector.live(projector.standings()) if built else None

    @staticmethod
    def _advance(projector: Projector, standing: Standing, head: int) -> tuple[Standing, int] | None:
        try:
            return projector.advance(projector.tables, standing, head)
        except ConnectionLost:  # an idle one had died, perhaps; the standing tells if the commit went through
            return projector.advance(projector.tables, standing, head)

    def rebuild(self, name: str, progress: Progress = untold) -> None:
        """Builds a projection anew beside the live one, and puts it in its place at one stroke.

        Whoever reads sees the old or the new, never half; the position never goes back. What one that was interrupted
        had built is dropped. While another builds it, this waits first, as long as that one gets on. Raises
        ProjectionStopped, ProjectionNewer.
        """
        (projector,) = self._named((name,))
        self._build(projector, progress, anew=True)

    def _build(self, projector: Projector, progress: Progress, *, anew: bool) -> None:
        patience = Patience(projector)
        with Locks(self._recorder) as locks:
            while not Rebuild(projector, locks, progress).run(anew=anew):
                patience.wait()

    def replay(self, name: str) -> int:
        """Tries the events that could not be projected once more; returns how many now were.

        Raises ProjectionStopped, ProjectionMissing, ProjectionOutdated, ProjectionNewer.
        """
        (projector,) = self._named((name,))
        return projector.replay()

    # --- looking

    def _standings(self) -> list[Standing]:
        return [Standing(*row) for row in self._recorder.read(self._books.all)]

    def wait_for(self, name: str, position: int, timeout: float = 10.0) -> None:
        """Waits until a projection has come to a position of the log, and until it is there.

        Raises TimeoutError after so many seconds, ProjectionOutdated and ProjectionNewer.
        """
        (projector,) = self._named((name,))
        reached, give_up, pause = 0, monotonic() + timeout, 0.002
        while True:
            with suppress(ProjectionMissing):
                reached = projector.live(projector.standings()).position
                if reached >= position:
                    return
            left = give_up - monotonic()
            if left <= 0:
                raise TimeoutError(f"projection {name} is at position {reached}, not yet at {position}")
            sleep(min(pause, left))
            pause = min(pause * 2, self._recorder.poll_interval)

    def status(self) -> list[Status]:
        """Where each projection stands; one that is being built beside the live one is there twice.

        Those that only others have, such as a host, come last.
        """
        with self._recorder.snapshot() as read:
            ((head, _recorded_at),) = read(self._recorder.statements.head)
            standings = [Standing(*row) for row in read(self._books.all)]
            letters = {(name, generation): count for name, generation, count in read(self._books.counted)}
        versions = {name: projection.version for name, projection in self._projections.items()}
        found = []
        for name in dict.fromkeys((*versions, *(standing.name for standing in standings))):
            version = versions.get(name)
            its = [standing for standing in standings if standing.name == name]
            if version is not None and not any(standing.live for standing in its):
                found.append(Status(name, "missing", version, None, 0, head, 0))
            for standing in its:
                # What is being filled in goes stream by stream: it has come to no position yet.
                position = standing.position if standing.cursor is None or standing.live else 0
                dead = letters.get(standing.key, 0)
                state = _state(standing, version)
                found.append(Status(name, state, version, standing.version, position, head, dead))
        return found

    def dead_letters(self, *names: str) -> list[DeadLetter]:
        """The events of live projections that could not be projected, and those that wait behind them.

        Without names, of all that the store has, also of those that only others have.
        """
        self._named(names)
        return [
            DeadLetter(*row)
            for standing in self._standings()
            if standing.live and (standing.name in names or not names)
            for row in self._recorder.read(self._books.letters, standing.key)
        ]

    def view(self, *names: str, until: datetime | None = None, progress: Progress = untold) -> View:
        """What read models say, all of one moment: now, or of what had happened by an instant.

        They are brought up to the end of the log first. A store that can only be read keeps none, and an earlier time
        has none: then they are folded in memory. While the log keeps growing one may be some events ahead of another.
        Raises ProjectionStopped, ProjectionOutdated, ProjectionNewer.
        """
        projectors = self._named(names)
        if until is not None or self._recorder.read_only:
            moment = instant_text(until) if until is not None else None
            return views.folded(self._recorder, projectors, moment, progress)
        for _ in range(_TRIES):
            self.catch_up(*names, progress=progress)
            view, together = views.stored(self._recorder, self._books, projectors)
            if together:
                break
        return view

    def entries_of(self, stream: str) -> Iterator[Entry]:
        """A stream as projections see it. Raises UnknownEvent."""
        return map(self._entry, self._recorder.projected_of(stream))

    def rows(self, query: Table | Select[Any]) -> list[dict[str, Any]]:
        """The rows of a table by its key, or of a query on tables, of one moment. Raises what the store raises."""
        asked = select(query).order_by(*query.primary_key) if isinstance(query, Table) else query
        with suppress(ConnectionLost):  # an idle one had died, perhaps
            return self._asked(asked)
        return self._asked(asked)

    def _asked(self, query: Select[Any]) -> list[dict[str, Any]]:
        with self._recorder.readers.queried() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _named(self, names: tuple[str, ...]) -> list[Projector]:
        unknown = sorted(set(names) - self._projections.keys())
        if unknown:
            raise ValueError(f"no projection is called {', '.join(unknown)}; there are {', '.join(self._projections)}")
        return [projector for name, projector in self._projectors.items() if name in names or not names]


_TRIES = 5  # to find read models equally far, while the log grows

_THE_LOG = "the log"  # what a runner leaves alone when the store itself fails: it is the name of no projection


class _Stopped(Exception):
    """The runner was told to stop while it was building a projection."""


def _state(standing: Standing, version: int | None) -> State:
    if not standing.live:
        return "building"
    if version is None:
        return "unknown"
    if standing.version == version:
        return "live"
    return "outdated" if standing.version < version else "newer"
