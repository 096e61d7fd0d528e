"""The recorder: what the application asks of a store, on SQLite files, in memory, and on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from threading import Event
from typing import Any, Self
from uuid import UUID

from eventsourcing.persistence import IntegrityError, ProcessRecorder, StoredEvent, Tracking
from sqlalchemy import Connection

from proposals.domain.vocabulary import instant_text

from .append import Batch, BorrowedTransaction, Follow, PostgresTransaction, SqliteTransaction, append
from .connections import ConnectionLost, Pool, Synchronous, in_memory, make_engine, translated
from .opening import open_store
from .records import CommandRecord, Envelope, Positions, Recorded, Row, envelope, recorded
from .snapshots import SnapshotRecorder
from .statements import LAST_TEXT, NO_LIMIT, Statement, Statements, stream_span, texts
from .subscription import LogSubscription

_KEY = slice(1, 3)  # stream and version in a row of `events`
PAGE = 1000  # rows read at a time when a whole log goes by


def utc_now() -> datetime:
    """Read the machine's clock."""
    return datetime.now(UTC)


class Recorder(ProcessRecorder):
    """One log of events, with its commands, tracking, wake-ups and snapshots; safe to share between threads.

    Reading and writing raise the errors of `eventsourcing.persistence`, with the driver's own as `__cause__`.
    Readers never wait for a writer, except in memory, where there is one connection for all.
    """

    def __init__(
        self,
        url: str = "sqlite://",
        *,
        clock: Callable[[], datetime] = utc_now,
        synchronous: Synchronous = "full",
        busy_timeout: float = 10.0,
        pool_size: int = 10,
        poll_interval: float = 0.2,
        create: bool = True,
    ) -> None:
        """Open a store, and create it when the database is empty, unless that is not to be.

        `clock` gives aware instants. `synchronous` and `busy_timeout` (seconds) are for SQLite, see `make_engine`.
        `pool_size` is how many connections for reading are kept at most, beside the one for writing.
        `poll_interval` (seconds) is how long a subscription sleeps before it looks again.
        Raises SchemaOlder, SchemaNewer, SchemaForeign; without `create` SchemaMissing.
        """
        self.engine = make_engine(url, synchronous=synchronous, busy_timeout=busy_timeout)
        self.poll_interval = poll_interval
        self._clock = clock
        self._on_sqlite = self.engine.dialect.name == "sqlite"
        self.store_id = open_store(self.engine, busy_timeout, create=create)
        self.statements = Statements(self.engine.dialect)
        self.transaction: type[SqliteTransaction | PostgresTransaction]
        self.transaction = SqliteTransaction if self._on_sqlite else PostgresTransaction
        self.readers = Pool(self.engine, 1 if in_memory(self.engine) else pool_size)
        # The log has one writer at a time anyway. Threads that wait for it here do not hold the log's lock while they
        # wait for Python's, which would make eight of them slower than one.
        self.writers = self.readers if in_memory(self.engine) else Pool(self.engine, 1)
        self.waiting: set[Event] = set()  # of those who sleep until something is appended
        self.follow: Follow | None = None  # what goes on in each append's transaction

    def __enter__(self) -> Self:
        """Give the recorder itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Close all connections; a store in memory is gone then."""
        self.readers.close()
        self.writers.close()
        # In memory that would close the one connection under a thread that is still using it, which crashes Python.
        if not self.readers.busy:
            self.engine.dispose()

    @cached_property
    def file(self) -> str:
        """The path of the SQLite file; empty for a store in memory, or on a server."""
        if not self._on_sqlite:
            return ""
        with self.readers.connection() as connection:
            return str(connection.execute("PRAGMA database_list").fetchone()[2])

    @cached_property
    def read_only(self) -> bool:
        """Whether we cannot write here: a file that was opened so or is not ours, or a server that only stands by."""
        if self._on_sqlite:
            return self.engine.url.query.get("mode") == "ro" or bool(self.file and not os.access(self.file, os.W_OK))
        with translated(self.engine), self.engine.connect() as connection:
            return bool(connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on")

    # --- writing

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        tracking: Tracking | None = None,
        commands: Sequence[CommandRecord] = (),
        expected: Mapping[str, int] | None = None,
        wakeups: Mapping[str, str | None] | None = None,
        connection: Connection | None = None,
        **_: Any,  # noqa: ANN401 - what `eventsourcing` may pass on
    ) -> Positions:
        """Record events and all that goes with them in one transaction, and return the events' positions.

        `commands` are the receipts of the commands that made the events, in their order. `expected` maps each
        stream that was read or written to the version it must still have (0 = none). `wakeups` maps streams
        to the instant they are next due at, or to None when they are not. With `connection` all is written in
        that connection's transaction, which its owner commits.

        Raises VersionConflict, CommandIdTaken, IntegrityError, and OperationalError. After an
        OperationalError the events may have been committed if the connection was lost during the commit;
        `find_command` tells.
        """
        batch = Batch(stored_events, tracking, commands, expected or {}, wakeups or {})
        if not any(batch):
            return Positions()
        now = self.now()
        if connection is not None:
            with translated(self.engine):
                host = BorrowedTransaction(connection)
                return append(host, self.statements, batch, now, self.follow)
        positions = self._append(batch, now)
        if self.waiting:
            for waiting in tuple(self.waiting):
                waiting.set()
        return positions

    def _append(self, batch: Batch, now: str, *, again: bool = True) -> Positions:
        transaction = None
        try:
            with self.writers.connection() as connection, self.transaction(connection) as transaction:
                return append(transaction, self.statements, batch, now, self.follow)
        except ConnectionLost:
            # Before the commit was sent nothing can have been committed: an idle connection had died, no
            # more.
            if not again or transaction is None or transaction.ending:
                raise
        return self._append(batch, now, again=False)

    def write(self, statement: Statement, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run a statement of `statements` that writes beside the log, once for each of its rows, all or none."""
        with self.beside_the_log() as transaction:
            transaction.ask([])
            transaction.tell([(statement, rows)])

    @contextmanager
    def beside_the_log(self) -> Iterator[SqliteTransaction | PostgresTransaction]:
        """Lend a transaction for writing something else than the log, which goes on meanwhile on PostgreSQL."""
        pool = self.writers if self._on_sqlite else self.readers
        with pool.connection() as connection, self.transaction(connection) as transaction:
            yield transaction

    def now(self) -> str:
        """Read the clock, as text."""
        return instant_text(self._clock())

    def insert_tracking(self, tracking: Tracking) -> None:
        """Record how far an upstream log has been processed; raises IntegrityError unless it is further than before."""
        with self.writers.connection() as connection:
            values = (tracking.application_name, tracking.notification_id)
            later = connection.execute(self.statements.track.sql, values).fetchall()
        if not later:
            raise IntegrityError(
                f"{tracking.application_name!r} is tracked up to {tracking.notification_id} or further"
            )

    # --- reading

    def read(self, statement: Statement, values: Sequence[Any] = ()) -> list[Any]:
        """Run a statement of `statements` that only reads, once more if its connection had died."""
        try:
            with self.readers.connection() as connection:
                return list(connection.execute(statement.sql, values).fetchall())
        except ConnectionLost:
            with self.readers.connection() as connection:
                return list(connection.execute(statement.sql, values).fetchall())

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[Envelope]:
        """Read a stream, or the versions of it after `gt` and up to `lte`."""
        if not desc:
            return list(map(envelope, self.history_rows(originator_id, gt, lte, limit)))
        span = stream_span(originator_id, gt, lte, limit)
        return list(map(envelope, self.read(self.statements.history_back, span)))

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> list[Recorded]:
        """Read the log from position `start` to `stop`, at most `limit` events of the given names (none = all)."""
        after = 0 if start is None else start - inclusive_of_start
        through = NO_LIMIT if stop is None else stop
        if topics:
            return [recorded(row) for row in self.read(self.statements.log_of, (after, through, texts(topics), limit))]
        return [recorded(row) for row in self.read(self.statements.log, (after, through, limit))]

    def max_notification_id(self) -> int | None:
        """Give the last position of the log, or None while it is empty."""
        return self.head() or None

    def head(self) -> int:
        """Give the last position of the log, 0 while it is empty."""
        return int(self.read(self.statements.head)[0][0])

    def last_occurred(self, position: int) -> str:
        """Give the last instant (text) at which anything had happened of the log through a position; none: empty."""
        return self.read(self.statements.last_occurred, (position,))[0][0] or ""

    def heads(self, streams: Sequence[str]) -> dict[str, int]:
        """Give the version of each stream, 0 for one that is not there."""
        return {stream: version or 0 for stream, version in self.read(self.statements.heads, (texts(streams),))}

    def find_command(self, command_id: str) -> tuple[str, int, int] | None:
        """Give a recorded command's fingerprint and its first and last position (last < first: it made no event)."""
        rows = self.read(self.statements.command, (command_id,))
        return tuple(rows[0]) if rows else None

    def due(self, now: str, limit: int = PAGE) -> list[str]:
        """Give the streams whose wake-up is at or before an instant (text), the earliest first."""
        return [stream for (stream,) in self.read(self.statements.due, (now, limit))]

    def max_tracking_id(self, application_name: str) -> int | None:
        """Give how far an upstream log has been processed."""
        rows = self.read(self.statements.tracked, (application_name,))
        return rows[0][0] if rows else None

    @contextmanager
    def snapshot(self, *tables: str) -> Iterator[Callable[..., list[Any]]]:
        """Lend a way to run statements that all see the store as of one moment.

        Tables that others may swap meanwhile are named: PostgreSQL finds a table by its name at the moment it is read,
        and shows it empty where its rows were written after that of the transaction.
        """
        with self.readers.connection() as connection:
            connection.execute("BEGIN" if self._on_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                if tables and not self._on_sqlite:
                    quoted = map(self.engine.dialect.identifier_preparer.quote, tables)
                    connection.execute(f"LOCK TABLE {', '.join(quoted)} IN ACCESS SHARE MODE")
                yield lambda statement, values=(): connection.execute(statement.sql, values).fetchall()
            finally:
                connection.execute("ROLLBACK")

    # The log only ever grows at its end, so pages that stop at one position are a consistent snapshot
    # together, and no connection or transaction is held while the caller works on a page.

    def log(self, after: int = 0, limit: int | None = None, *, through: int | None = None) -> Iterator[Recorded]:
        """Go through the log in commit order, after one position and through another (default: its end now)."""
        return map(recorded, self.log_rows(after, limit, through=through))

    def leaf_hashes(self, after: int = 0, *, through: int | None = None) -> Iterator[bytes]:
        """Go through the leaf hashes of the log, in commit order."""
        return (leaf_hash for _position, leaf_hash in self.placed_hashes(after, through=through))

    def placed_hashes(self, after: int = 0, *, through: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Go through the leaf hashes with their positions, in commit order."""
        through = self.head() if through is None else through
        while page := self.read(self.statements.hashes, (after, through, PAGE)):
            yield from ((position, bytes(leaf_hash)) for position, leaf_hash in page)
            after = page[-1][0]

    def iterate_streams(self, prefix: str = "", *, through: int | None = None) -> Iterator[Envelope]:
        """Go through all streams whose ids begin with `prefix`, ordered by stream and version, as of one moment."""
        return map(envelope, self._stream_rows(self.statements.by_stream, _KEY, prefix, through))

    # The same as bare rows of `events`, for a reader that makes something else of them than envelopes.

    def history_rows(
        self, stream: UUID | str, after: int | None = None, through: int | None = None, limit: int | None = None
    ) -> list[Row]:
        """Read a stream's rows, or those of its versions after one and through another."""
        return self.read(self.statements.history, stream_span(stream, after, through, limit))

    def log_rows(self, after: int = 0, limit: int | None = None, *, through: int | None = None) -> Iterator[Row]:
        """Go through the rows of the log, as `log` does."""
        through = self.head() if through is None else through
        through = through if limit is None else min(through, after + limit)
        while page := self.read(self.statements.log, (after, through, PAGE)):
            yield from page
            after = page[-1][0]

    def happened(self, stream: str, after: int = 0) -> list[Row]:
        """Read what happened on a stream after a version: the columns `HAPPENED`, which a state is folded from."""
        return self.read(self.statements.happened, (stream, after))

    def happened_by_stream(self, prefix: str = "") -> Iterator[Row]:
        """Go through what happened on all streams whose ids begin with `prefix`, as `iterate_streams` does."""
        return self._stream_rows(self.statements.happened_by_stream, slice(2), prefix, None)

    def projected_of(self, stream: str) -> list[Row]:
        """Read what projections see (`PROJECTED`) of one stream."""
        return self.read(self.statements.projected_alone, (stream,))

    def projected_by_stream(self, after: str, through: int) -> Iterator[Row]:
        """Go through what projections see (`PROJECTED`) of the streams after one, by stream and version."""
        return self._stream_rows(self.statements.projected_by_stream, _KEY, "", through, (after, NO_LIMIT))

    def _stream_rows(
        self, statement: Statement, key: slice, prefix: str, through: int | None, after: tuple[str, int] | None = None
    ) -> Iterator[Row]:
        (stream, version), through = after or (prefix, -1), self.head() if through is None else through
        before = prefix + LAST_TEXT
        while page := self.read(statement, (stream, version, before, through, PAGE)):
            yield from page
            stream, version = page[-1][key]

    def stream_ids(self, prefix: str = "") -> Iterator[str]:
        """Go through the ids of the streams that begin with `prefix`, sorted."""
        first, before = prefix, prefix + LAST_TEXT
        while page := self.read(self.statements.streams, (first, before, PAGE)):
            yield from (stream for (stream,) in page)
            first = page[-1][0] + "\x01"  # the next text there can be

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> LogSubscription:
        """Follow the log from after a position on: what is there already, then what is appended by anyone."""
        return LogSubscription(self, gt, topics)

    def snapshot_recorder(self) -> SnapshotRecorder:
        """Give the recorder of snapshots that goes with this store."""
        return SnapshotRecorder(self)
