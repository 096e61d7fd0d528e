"""Building a projection beside the live one: filled stream by stream, caught up, and put in its place at one stroke."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from time import sleep
from typing import TYPE_CHECKING, TypeAlias

from eventsourcing.persistence import OperationalError
from orjson import dumps

from .bookkeeping import Standing
from .errors import ProjectionNewer
from .tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proposals.adapters.store import Row
    from proposals.adapters.store.append import PostgresTransaction, SqliteTransaction

    from .locks import Locks
    from .projector import Projector

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told of a projection's name, how many events of the log are done, and of how many."""


def untold(_name: str, _done: int, _total: int) -> None:
    """Tell nobody."""


PAGE = 2000
"""Events that one transaction fills in, at least; a stream is not divided."""

PATIENCE = 120
"""How often the swap is tried while others keep reading the old tables; each time they wait half a second at most."""

_IN_USE = {"55P03", "40P01"}  # PostgreSQL: the lock was not to be had in time; a deadlock


class Rebuild:
    """One projection being built: anew, or as it is missing, and then on from what one that was killed committed."""

    def __init__(self, projector: Projector, locks: Locks, progress: Progress) -> None:
        self._projector = projector
        self._recorder = projector.recorder
        self._books = projector.books
        self._locks = locks
        self._progress = progress

    def run(self, *, anew: bool) -> bool:
        """Builds it; unless `anew`, only if no generation is live. False, and nothing is done, while another does so.

        Raises ProjectionStopped, ProjectionNewer.
        """
        projector, lock = self._projector, f"{self._projector.name}.rebuild"
        if not self._locks.take(lock):
            return False
        try:
            there = projector.standings()
            if anew or not any(standing.live for standing in there):
                with projector.told(max((standing.position for standing in there), default=0)):
                    self._build(self._begun(anew=anew))
        finally:
            self._locks.release(lock)
        return True

    def _build(self, standing: Standing) -> None:
        tables = self._tables(standing.generation)
        if standing.cursor is not None:
            standing = self._filled(tables, standing)
        standing = self._caught_up(tables, standing)  # what comes meanwhile is little: so there is less in the swap
        for attempt in range(1, PATIENCE + 1):
            standing = self._caught_up(tables, standing)
            try:
                self._swap(tables, standing)
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", None) not in _IN_USE or attempt == PATIENCE:
                    raise
                sleep(self._recorder.poll_interval)
            else:
                return

    def _begun(self, *, anew: bool) -> Standing:
        """A new generation with empty tables or, unless `anew`, one of this version that was begun before.

        Whoever asks for a projection anew may have mended what made the half of one that is there.
        """
        projector, head = self._projector, self._recorder.head()
        version = projector.projection.version
        with self._recorder.beside_the_log() as transaction:
            standings = projector.locked(transaction)
            for standing in standings:
                if standing.version > version:
                    raise ProjectionNewer(projector.name, standing.version, version)
                if not anew and not standing.live and standing.version == version:
                    transaction.tell([])
                    return standing
            for standing in standings:
                if not standing.live:
                    transaction.define(projector.tables.drop(standing))
                    transaction.write(self._books.end(standing))
            generation = max((standing.generation for standing in standings), default=0) + 1
            names = dumps(list(projector.projection.tables)).decode()
            begun = Standing(projector.name, generation, version, head, 0, "", names)
            transaction.define(self._tables(generation).create())
            transaction.tell(self._books.begin(begun))
        return begun

    def _tables(self, generation: int) -> Tables:
        return Tables(self._projector.projection, self._recorder.statements, generation)

    def _filled(self, tables: Tables, standing: Standing) -> Standing:
        """Fills the tables through the position at which this was begun: each row is written once, then indexed."""
        cursor = standing.cursor or ""
        done = self._recorder.read(self._recorder.statements.count_through_stream, (cursor,))[0][0] if cursor else 0
        for last, count, rows in self._pages(cursor, standing.position):
            changes = self._projector.fold(rows, {}, {})
            with self._transaction(standing) as transaction:
                standing = standing._replace(cursor=last)
                transaction.write(self._projector.writes(tables, standing, changes))
                transaction.tell(self._books.move(standing))
            done += count
            self._progress(standing.name, min(done, standing.position), standing.position)
        for index in tables.index():
            with self._transaction(standing) as transaction:
                transaction.define([index])
                transaction.tell([])
        with self._transaction(standing) as transaction:
            standing = standing._replace(cursor=None)
            transaction.tell(self._books.move(standing))
        return standing

    def _pages(self, cursor: str, through: int) -> Iterator[tuple[str, int, list[Row]]]:
        """Whole streams in their order, with the last of them, how many events they have, and those that matter."""
        count, stream, rows = 0, cursor, []
        for stream, its in groupby(self._recorder.projected_by_stream(cursor, through), key=itemgetter(1)):
            for row in its:
                count += 1
                if self._projector.concerns(row):
                    rows.append(row)
            if count >= PAGE:
                yield stream, count, rows
                count, rows = 0, []
        if count:
            yield stream, count, rows

    def _caught_up(self, tables: Tables, standing: Standing) -> Standing:
        """Projects what was recorded since, in the order of the log."""
        head = self._recorder.head()
        while standing.position < head:
            advanced = self._projector.advance(tables, standing, head)
            if advanced is None:
                raise _overtaken(standing)
            standing, _ = advanced
            self._progress(standing.name, standing.position, head)
        return standing

    def _swap(self, tables: Tables, standing: Standing) -> None:
        """Puts the tables in the place of the live ones, no less far than these have come.

        On PostgreSQL whoever wants the old tables queues up behind us while we wait for those who are reading them,
        so that wait is short, and tried again.
        """
        with self._transaction(standing) as transaction:
            if not self._recorder.statements.on_sqlite:
                transaction.define(["SET LOCAL lock_timeout = '500ms'"])
            live = next((other for other in self._projector.locked(transaction) if other.live), None)
            if live is not None:
                self._projector.go_on(transaction, tables, standing, live.position)
                transaction.define(tables.drop(live))
                transaction.write(self._books.end(live))
            transaction.define(tables.rename())
            transaction.tell(self._books.promote(standing))

    @contextmanager
    def _transaction(self, standing: Standing) -> Iterator[SqliteTransaction | PostgresTransaction]:
        """A transaction in which this generation is as we know it."""
        with self._recorder.beside_the_log() as transaction:
            if standing not in self._projector.locked(transaction):
                raise _overtaken(standing)
            yield transaction


def _overtaken(standing: Standing) -> OperationalError:
    """A lock was lost, with its connection, and another has taken over."""
    return OperationalError(f"another rebuild of {standing.name} has gone on with generation {standing.generation}")
