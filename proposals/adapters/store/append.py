"""The append: one transaction that locks the log, checks what was decided on, and writes events with their leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, Self

from eventsourcing.persistence import IntegrityError, OperationalError, StoredEvent, Tracking
from sqlalchemy import Connection

from .leaf import leaf_hash, make_line
from .records import NO_ENVELOPE, CommandIdTaken, CommandRecord, Envelope, Positions, VersionConflict
from .statements import Statement, Statements, Write, texts

Question = tuple[Statement, tuple[Any, ...]]
Rows = list[Sequence[Any]]


class Batch(NamedTuple):
    """All that one transaction records."""

    events: Sequence[StoredEvent]
    tracking: Tracking | None = None
    commands: Sequence[CommandRecord] = ()
    expected: Mapping[str, int] = {}
    wakeups: Mapping[str, str | None] = {}


class Transaction(Protocol):
    """The steps of a transaction: the first `ask` begins it, `tell` ends it."""

    def ask(self, questions: Sequence[Question]) -> list[Rows]:
        """Run the statements in turn and give the rows of each."""

    def write(self, writes: Sequence[Write]) -> None:
        """Run each statement once for each of its rows."""

    def tell(self, writes: Sequence[Write]) -> None:
        """Write, then commit."""


Follow = Callable[[Transaction, int], None]
"""What goes on in an append's transaction after its events are written, up to the position of the last of them."""


class SqliteTransaction:
    """On our own SQLite connection; an error rolls it back."""

    __slots__ = ("_begun", "_connection", "_cursor", "ending")

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - a sqlite3 connection, or one that is like it
        self._connection = connection
        self._cursor = connection.cursor()  # one for all: to make one takes longer than to look a row up
        self._begun = self.ending = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        # SQLite may have rolled back already; what a host has begun in memory is not ours to roll back.
        if error is not None and self._begun and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def ask(self, questions: Sequence[Question]) -> list[Rows]:
        """Take the write lock, then run the statements."""
        execute = self._cursor.execute
        if not self._begun:
            execute("BEGIN IMMEDIATE")
            self._begun = True
        return [execute(statement.sql, values).fetchall() for statement, values in questions]

    def write(self, writes: Sequence[Write]) -> None:
        """Run the statements."""
        for statement, rows in writes:
            self._cursor.executemany(statement.sql, rows)

    def define(self, statements: Sequence[str]) -> None:
        """Run statements that make, change and drop tables."""
        for statement in statements:
            self._cursor.execute(statement)

    def tell(self, writes: Sequence[Write]) -> None:
        """Run the statements and commit."""
        self.write(writes)
        self.ending = True
        self._cursor.execute("COMMIT")


class PostgresTransaction:
    """On our own psycopg connection, two round trips whatever is written; an error rolls it back."""

    __slots__ = ("_begun", "_connection", "ending")

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - psycopg is an extra, imported by no module
        self._connection = connection
        self._begun = self.ending = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None and not self._connection.closed:
            self._connection.rollback()

    def ask(self, questions: Sequence[Question]) -> list[Rows]:
        """Begin and run the statements in one round trip."""
        execute = self._connection.execute
        with self._connection.pipeline():
            if not self._begun:
                execute("BEGIN ISOLATION LEVEL READ COMMITTED")  # each check sees what was committed before it
                self._begun = True
            cursors = [execute(statement.sql, values, prepare=True) for statement, values in questions]
        return [cursor.fetchall() for cursor in cursors]

    def write(self, writes: Sequence[Write]) -> None:
        """Run the statements."""
        for statement, rows in writes:
            for row in rows:
                self._connection.execute(statement.sql, row, prepare=True)

    def define(self, statements: Sequence[str]) -> None:
        """Run statements that make, change and drop tables."""
        for statement in statements:
            self._connection.execute(statement)

    def tell(self, writes: Sequence[Write]) -> None:
        """Run the statements and commit, in one round trip."""
        self.ending = True
        with self._connection.pipeline():
            self.write(writes)
            self._connection.execute("COMMIT")


class BorrowedTransaction:
    """Inside a host's SQLAlchemy transaction, which it neither begins nor commits."""

    def __init__(self, connection: Connection) -> None:
        """Do nothing yet."""
        self._connection = connection

    def ask(self, questions: Sequence[Question]) -> list[Rows]:
        """Run the statements."""
        execute = self._connection.execute
        return [
            list(execute(statement.construct, dict(zip(statement.names, values, strict=True))))
            for statement, values in questions
        ]

    def write(self, writes: Sequence[Write]) -> None:
        """Run the statements."""
        for statement, rows in writes:
            self._connection.execute(
                statement.construct, [dict(zip(statement.names, row, strict=True)) for row in rows]
            )

    tell = write  # the host commits


def append(
    transaction: Transaction, statements: Statements, batch: Batch, now: str, follow: Follow | None = None
) -> Positions:
    """Record a batch and return the positions of its events, in their order.

    `now` is the clock's instant as text; what is recorded never goes back before what was recorded last. `follow`
    goes on in the same transaction.
    Raises VersionConflict, CommandIdTaken, and IntegrityError for a tracking position that is not a later
    one.
    """
    events, tracking, commands, expected, wakeups = batch
    first_versions = _first_versions(events, expected)
    questions: list[Question] = [(statements.lock, (len(events), now))]
    streams = list(first_versions.keys() | expected.keys())
    ids = [command.command_id for command in commands]
    if streams or ids:
        questions.append((statements.check, (texts(ids), texts(streams))))
    if tracking is not None:
        questions.append((statements.track, (tracking.application_name, tracking.notification_id)))
    answers = iter(transaction.ask(questions))
    locked = next(answers)
    if not locked:
        raise OperationalError("the store has lost its log_head row")
    head, recorded_at = locked[0]
    if streams or ids:
        _check(next(answers), expected, first_versions)
    if tracking is not None and not next(answers):
        raise IntegrityError(f"{tracking.application_name!r} is tracked up to {tracking.notification_id} or further")

    position = head - len(events)
    rows, hashes = [], []
    for event in events:
        position += 1
        rows.append(event_row(event, position, recorded_at))
        hashes.append((position, leaf_hash(make_line(event, position, recorded_at))))
    receipts = _receipts(commands, head - len(events))
    awake = [(stream, due_at) for stream, due_at in wakeups.items() if due_at is not None]
    asleep = [(stream,) for stream, due_at in wakeups.items() if due_at is None]
    writes = statements.writes([(head, recorded_at)], rows, hashes, receipts, awake, asleep)
    if follow is not None:
        transaction.write(writes)
        follow(transaction, head)
        writes = []
    transaction.tell(writes)
    return Positions(range(head - len(events) + 1, head + 1), recorded_at)


def _first_versions(events: Sequence[StoredEvent], expected: Mapping[str, int]) -> dict[str, int]:
    """Give the version each stream goes on with, and refuse a gap in those whose version was decided on."""
    first: dict[str, int] = {}
    last = dict(expected)
    for event in events:
        stream, version = str(event.originator_id), event.originator_version
        if stream not in first:
            first[stream] = version
        if stream in last:
            if version != last[stream] + 1:
                raise IntegrityError(f"stream {stream!r} at version {last[stream]} cannot go on with version {version}")
            last[stream] = version
    return first


def _check(answers: Rows, expected: Mapping[str, int], first: Mapping[str, int]) -> None:
    """Compare the streams' versions with those that were decided on; a bare event only must not be there yet."""
    actual: dict[str, int | None] = {}
    for key, number, kind in answers:
        if kind == "stream":
            actual[key] = number
        elif number is not None:
            raise CommandIdTaken(key)
    for stream, version in expected.items():
        if (actual[stream] or 0) != version:
            raise VersionConflict(stream, version, actual[stream] or 0)
    for stream, version in first.items():
        now = actual[stream]
        if now is not None and now >= version:
            raise VersionConflict(stream, version - 1, now)


def event_row(event: StoredEvent, position: int, recorded_at: str) -> tuple[Any, ...]:
    """Give an event's row of `events`."""
    if isinstance(event, Envelope):
        return (
            position, event.originator_id, event.originator_version, event.topic, event.schema, event.occurred_at,
            recorded_at, event.actor, event.entered_by, event.command_id, event.correlation_id, event.causation_id,
            event.state.decode(),
        )  # fmt: skip
    key = (position, event.originator_id, event.originator_version, event.topic, None, None, recorded_at)
    return (*key, *NO_ENVELOPE[2:], event.state.decode())


def _receipts(commands: Sequence[CommandRecord], position: int) -> list[tuple[str, str, int, int]]:
    """Give each command its span of positions; one that recorded nothing gets an empty one."""
    rows = []
    for command_id, fingerprint, events in commands:
        rows.append((command_id, fingerprint, position + 1, position + events))
        position += events
    return rows
