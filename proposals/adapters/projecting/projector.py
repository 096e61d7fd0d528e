"""Bringing one projection forward: a batch of the log is folded into its tables, with the position it reaches."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from eventsourcing.persistence import PersistenceError
from sqlalchemy.exc import SQLAlchemyError

from proposals.adapters.store.connections import ConnectionLost
from proposals.adapters.store.statements import texts
from proposals.projections.projection import fold

from .bookkeeping import DeadLetter, Standing
from .errors import ProjectionMissing, ProjectionNewer, ProjectionOutdated, ProjectionStopped
from .tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from proposals.adapters.store import Recorder, Row, Transaction
    from proposals.adapters.store.append import Question
    from proposals.adapters.store.statements import Write
    from proposals.projections.projection import Entry, Key, Projection, Rows, Stored

    from .bookkeeping import Books

    Ask = Callable[[Sequence[Question]], list[Any]]

BATCH = 2000
"""How many positions of the log one transaction goes on by."""

LONGEST_REASON = 500

_POSITION, _STREAM, _VERSION, _NAME = range(4)  # in a row of `PROJECTED`


class Changes(NamedTuple):
    """What events do to a projection's tables: rows to be written, keys of rows to go, and events put by."""

    written: dict[str, list[Key]]
    gone: dict[str, list[Key]]
    put_by: list[tuple[Row, str]]


class Projector:
    """One projection in one store. Whoever writes has locked its standing first, and writes both or neither."""

    def __init__(
        self,
        recorder: Recorder,
        books: Books,
        entry: Callable[[Row], Entry],
        events: frozenset[str],
        projection: Projection,
    ) -> None:
        self.recorder = recorder
        self.books = books
        self.projection = projection
        self.name = projection.name
        self._entry = entry
        # An event that this program does not know may well change the rows: it is not passed over.
        self._passed_over = events - projection.handlers.keys()
        self._passing_over = texts(sorted(self._passed_over))

    @cached_property
    def tables(self) -> Tables:
        """The live tables. Their statements are compiled when they are first wanted: a door may never want them."""
        return Tables(self.projection, self.recorder.statements)

    def concerns(self, row: Row) -> bool:
        """Whether an event may change the rows."""
        return row[_NAME] not in self._passed_over

    # --- where it stands

    def live(self, standings: Iterable[Standing]) -> Standing:
        """The live one. Raises ProjectionMissing, and ProjectionOutdated or ProjectionNewer if it is not ours."""
        live = next((standing for standing in standings if standing.live and standing.name == self.name), None)
        if live is None:
            raise ProjectionMissing(self.name)
        if live.version < self.projection.version:
            raise ProjectionOutdated(self.name, live.version, self.projection.version)
        if live.version > self.projection.version:
            raise ProjectionNewer(self.name, live.version, self.projection.version)
        return live

    def standings(self) -> list[Standing]:
        """All generations there are."""
        return [Standing(*row) for row in self.recorder.read(self.books.of, (self.name,))]

    def locked(self, transaction: Transaction) -> list[Standing]:
        """The same, and nobody else may change them until the transaction ends."""
        return [Standing(*row) for row in transaction.ask([(self.books.locked, (self.name,))])[0]]

    # --- going on

    def advance(self, tables: Tables, standing: Standing, head: int) -> tuple[Standing, int] | None:
        """Projects a batch of the log, not beyond its head, in a transaction of its own.

        Returns the new standing and how many events it took, or None if another has gone on or replayed meanwhile.
        Raises ProjectionStopped, and ConnectionLost.
        """
        moved = standing._replace(position=min(standing.position + BATCH, head))
        with self.told(standing.position):
            wanted = standing.position, moved.position, self._passing_over
            rows = self.recorder.read(self.recorder.statements.projected, wanted)
            # All that takes time is done before the lock is taken: on SQLite everybody else waits for it.
            stopped, stored = self._there(self._read, tables, standing, rows)
            writes = self.writes(tables, standing, self.fold(rows, stored, stopped))
            with self.recorder.beside_the_log() as transaction:
                if standing not in self.locked(transaction) or self._stopped(transaction, standing, rows) != stopped:
                    transaction.tell([])
                    return None
                transaction.write(writes)
                transaction.tell(self.books.move(moved))
        return moved, len(rows)

    def follow(self, transaction: Transaction, head: int) -> None:
        """Projects the log through its head, in the transaction that has just moved the head there.

        Raises ProjectionStopped, ProjectionMissing, ProjectionOutdated and ProjectionNewer.
        """
        standing = self.live(self.locked(transaction))
        try:
            self.go_on(transaction, self.tables, standing, head)
        except (self.recorder.engine.dialect.loaded_dbapi.Error, SQLAlchemyError) as error:
            raise ProjectionStopped(self.name, standing.position, error) from error

    def go_on(self, transaction: Transaction, tables: Tables, standing: Standing, through: int) -> None:
        """Projects the log through a position, in a transaction that somebody else ends."""
        while standing.position < through:
            reached = min(standing.position + BATCH, through)
            wanted = standing.position, reached, self._passing_over
            (rows,) = transaction.ask([(self.recorder.statements.projected, wanted)])
            self.project(transaction, tables, standing, rows)
            standing = standing._replace(position=reached)
            transaction.write(self.books.move(standing))

    def project(self, transaction: Transaction, tables: Tables, standing: Standing, rows: Sequence[Row]) -> None:
        """Folds events into the tables, and puts by those that cannot be projected with all behind them."""
        stopped, stored = self._there(transaction.ask, tables, standing, rows)
        transaction.write(self.writes(tables, standing, self.fold(rows, stored, stopped)))

    def _there(
        self, ask: Ask, tables: Tables, standing: Standing, rows: Sequence[Row]
    ) -> tuple[dict[str, int], dict[str, dict[str, list[Key]]]]:
        """Which of the streams of events wait, and behind what; and all rows that the streams have.

        In this order: no replay has changed the rows since, if the former is found to be the same later.
        """
        if not rows:
            return {}, {}
        streams = _streams(rows)
        waiting = self.books.stopped, (*standing.key, streams)
        stopped, *loaded = ask([waiting, *((load, (streams,)) for load in tables.loads)])
        stored: dict[str, dict[str, list[Key]]] = {}
        for name, found in zip(self.projection.tables, loaded, strict=True):
            for row in found:
                stored.setdefault(row[0], {}).setdefault(name, []).append(tuple(row))
        return {row[0]: row[1] for row in stopped}, stored

    def _stopped(self, transaction: Transaction, standing: Standing, rows: Sequence[Row]) -> dict[str, int]:
        """The former alone."""
        if not rows:
            return {}
        (stopped,) = transaction.ask([(self.books.stopped, (*standing.key, _streams(rows)))])
        return {row[0]: row[1] for row in stopped}

    def _read(self, questions: Sequence[Question]) -> list[Any]:
        """Asks without a transaction."""
        return [self.recorder.read(*question) for question in questions]

    def replay(self) -> int:
        """Tries the events that were put by again, each stream in a transaction; returns how many went through.

        Raises ProjectionStopped, ProjectionMissing, ProjectionOutdated and ProjectionNewer.
        """
        standing, projected = self.live(self.standings()), 0
        with self.told(standing.position):
            for (stream,) in self.recorder.read(self.books.waiting, standing.key):
                with self.recorder.beside_the_log() as transaction:
                    # Since when it waits is asked under the lock: another replay may have been through, or a rebuild.
                    standing = self.live(self.locked(transaction))
                    its = self.books.since, (*standing.key, stream)
                    (((version, before),),) = transaction.ask([its])
                    if before:
                        transaction.write(self.books.take_up(standing, stream))
                        wanted = stream, version, standing.position, self._passing_over
                        (rows,) = transaction.ask([(self.recorder.statements.projected_of, wanted)])
                        self.project(transaction, self.tables, standing, rows)
                        (((_, after),),) = transaction.ask([its])
                        projected += before - after
                    transaction.tell([])
        return projected

    # --- folding

    def fold(self, rows: Iterable[Row], stored: Mapping[str, Stored], stopped: Mapping[str, int]) -> Changes:
        """What events do to the tables, where these rows are stored and these streams wait behind a position."""
        streams: dict[str, list[Row]] = {}
        for row in rows:
            streams.setdefault(row[_STREAM], []).append(row)
        changes = Changes(
            {name: [] for name in self.projection.tables}, {name: [] for name in self.projection.tables}, []
        )
        for stream, its in streams.items():
            behind, done = stopped.get(stream), 0
            if behind is None:
                folded, done, error = self._folded(stream, stored.get(stream, {}), its)
                for name in self.projection.tables:
                    written, gone = folded.changed(name)
                    changes.written[name].extend(written)
                    changes.gone[name].extend(gone)
                if error is not None:
                    behind = its[done][_POSITION]
                    changes.put_by.append((its[done], _storable(f"{type(error).__name__}: {error}")))
                    done += 1
            changes.put_by.extend((row, f"waits behind {behind}") for row in its[done:])
        return changes

    def _folded(self, stream: str, stored: Stored, its: Sequence[Row]) -> tuple[Rows, int, Exception | None]:
        """The rows after the events up to the first that cannot be projected, how many these are, and why."""
        done = 0

        def entries() -> Iterator[Entry]:
            nonlocal done
            for row in its:
                yield self._entry(row)
                done += 1

        try:
            return fold(self.projection, stream, stored, entries()), done, None
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, only its own stream waits for it
            # A handler that raised may have changed rows before. Handlers are pure: once more, without that event.
            return fold(self.projection, stream, stored, map(self._entry, its[:done])), done, error

    def writes(self, tables: Tables, standing: Standing, changes: Changes) -> list[Write]:
        """What writes changes down."""
        at = self.recorder.now() if changes.put_by else ""
        letters = [
            DeadLetter(*standing.key, row[_POSITION], row[_STREAM], row[_VERSION], row[_NAME], why, at)
            for row, why in changes.put_by
        ]
        return [*tables.writes(changes.written, changes.gone), *self.books.put_by(letters)]

    @contextmanager
    def told(self, position: int) -> Iterator[None]:
        """Says of the database's errors which projection they stopped, and where."""
        try:
            yield
        except (ConnectionLost, ProjectionStopped):
            raise
        except PersistenceError as error:
            raise ProjectionStopped(self.name, position, error) from error


def _streams(rows: Iterable[Row]) -> str:
    return texts(list({row[_STREAM]: None for row in rows}))


def _storable(reason: str) -> str:
    """As much of it as a dead letter holds, in what both databases take for text."""
    return reason[:LONGEST_REASON].replace("\x00", "").encode(errors="backslashreplace").decode()
