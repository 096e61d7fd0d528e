"""Inside a host's transaction: what was staged is written when the host commits, and forgotten when it rolls back."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary, ref

from eventsourcing.persistence import OperationalError, ProgrammingError
from sqlalchemy import Connection, event, select, update
from sqlalchemy.engine import TwoPhaseTransaction
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from .schema import LOG_HEAD, META

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .recorder import Recorder

Staged = TypeVar("Staged")


class HostRefused(ProgrammingError):
    """This connection cannot carry the store's events: it would not commit them with the host's rows, or elsewhere."""


class HostTransaction(Generic[Staged]):
    """What is staged in the transaction of a host's Session or Connection, until that transaction ends.

    The host commits, rolls back and uses savepoints through SQLAlchemy as ever (a SAVEPOINT in raw SQL is not
    seen). `flush` is called once, just before the outermost commit reaches the database, and writes `staged`
    through the connection it is given (`Recorder.insert_events(..., connection=...)`): the log is locked from
    there to the commit only. If it raises, all of the host's transaction is rolled back, and the error comes
    out of its commit. `dropped` is called with the number of staged items that are left after a rollback,
    also of a savepoint.

    On SQLite a host should open its transactions with BEGIN IMMEDIATE, as the recorder's own engine does; the
    write lock is taken here at the latest, for a transaction that had only read cannot get it once another
    has written.
    """

    def __init__(
        self,
        recorder: Recorder,
        host: Session | Connection,
        flush: Callable[[Connection, list[Staged]], None],
        dropped: Callable[[int], None] | None = None,
    ) -> None:
        """Join the host's transaction; one that has not begun begins here.

        Raises HostRefused for AUTOCOMMIT, two-phase, another database, or a transaction that has been joined
        already (see `current`), and OperationalError when SQLite's write lock cannot be had.
        """
        self.staged: list[Staged] = []
        self.finished = False
        self._host = ref(host)
        self._flush, self._dropped = flush, dropped
        self._marks: list[tuple[int, int]] = []  # (savepoint's number, how much was staged when it was set)
        connection = _connection_of(host)
        if connection in _CURRENT:
            raise HostRefused("this transaction has been joined already")
        _refuse_autocommit(connection)
        _take_write_lock(connection)
        for name, listener in _LISTENERS.items():
            if not event.contains(connection, name, listener):
                event.listen(connection, name, listener)
        # SQLAlchemy numbers a connection's savepoints and tells the number when one ends, but not when it is
        # set. The one under which we look for the store shows where the count stands.
        self._count = 0
        _CURRENT[connection] = self
        try:
            _refuse_other_store(connection, recorder.store_id)
        except BaseException:
            del _CURRENT[connection]
            raise
        self._marks.clear()

    @staticmethod
    def current(host: Session | Connection) -> HostTransaction[Any] | None:
        """Give the one that the host's running transaction has been joined by."""
        return _CURRENT.get(_connection_of(host))

    @property
    def connection(self) -> Connection:
        """The connection the host's transaction runs on now; a Session sets its SAVEPOINT only when asked for it."""
        host = self._host()
        if host is None or self.finished:
            raise ProgrammingError("the host's transaction has ended")
        return _connection_of(host)

    def stage(self, items: Iterable[Staged]) -> None:
        """Stage items, to be flushed in this order, under the savepoint the host is in now."""
        if _CURRENT.get(self.connection) is not self:
            raise ProgrammingError("the host's transaction has ended")
        self.staged.extend(items)

    def on_commit(self, connection: Connection) -> None:
        """Flush, or see to it that the host's rows are rolled back too. Called by SQLAlchemy, like the others."""
        try:
            _refuse_lost_transaction(connection)
            if self.staged:
                self._flush(connection, self.staged)
        except BaseException:
            self.on_rollback(connection)
            # SQLAlchemy takes the commit for done with, and would send no ROLLBACK: the host's rows would stay in
            # the database's transaction, for the next commit on this connection to keep.
            try:
                connection.connection.rollback()
            except Exception:  # noqa: BLE001 - whatever keeps us from rolling back, giving up the connection does it
                with suppress(Exception):
                    connection.invalidate()
            raise
        self._finish(connection)

    def on_rollback(self, connection: Connection) -> None:
        """Drop everything."""
        self._finish(connection)
        self._drop_to(0)

    def on_savepoint(self, _connection: Connection, _name: str | None) -> None:
        """Mark what is staged before the savepoint."""
        self._count += 1
        self._marks.append((self._count, len(self.staged)))

    def on_release_savepoint(self, _connection: Connection, name: str, _context: None) -> None:
        """Keep what was staged since, for the savepoint or the transaction around."""
        self._end_savepoint(name)

    def on_rollback_savepoint(self, _connection: Connection, name: str, _context: None) -> None:
        """Drop what was staged since; a savepoint that was set before joining takes everything along."""
        self._drop_to(self._end_savepoint(name))

    def _end_savepoint(self, name: str) -> int:
        """Forget a savepoint with those inside it, and give how much was staged when it was set."""
        number = int(name.rpartition("_")[2])
        self._count = max(self._count, number)  # learned from the first one, set on joining
        staged = dict(self._marks).get(number, 0)
        self._marks = [mark for mark in self._marks if mark[0] < number]
        return staged

    def _drop_to(self, left: int) -> None:
        if left < len(self.staged):
            del self.staged[left:]
            if self._dropped is not None:
                self._dropped(left)

    def _finish(self, connection: Connection) -> None:
        self.finished = True
        _CURRENT.pop(connection, None)


_CURRENT: WeakKeyDictionary[Connection, HostTransaction[Any]] = WeakKeyDictionary()


def _tell_current(handler: Callable[..., None]) -> Callable[..., None]:
    def listener(connection: Connection, *arguments: object) -> None:
        if (joined := _CURRENT.get(connection)) is not None:
            handler(joined, connection, *arguments)

    return listener


# Set once on a connection and idle between transactions: a listener cannot be taken away while it is being called.
_LISTENERS = {
    "commit": _tell_current(HostTransaction.on_commit),
    "rollback": _tell_current(HostTransaction.on_rollback),
    "savepoint": _tell_current(HostTransaction.on_savepoint),
    "release_savepoint": _tell_current(HostTransaction.on_release_savepoint),
    "rollback_savepoint": _tell_current(HostTransaction.on_rollback_savepoint),
}


def _connection_of(host: Session | Connection) -> Connection:
    return host.connection() if isinstance(host, Session) else host


def _refuse_autocommit(connection: Connection) -> None:
    if isinstance(connection.get_transaction(), TwoPhaseTransaction):
        raise HostRefused(
            "a two-phase transaction cannot carry events: they are written at its commit, after it was prepared"
        )
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        if not connection.in_transaction():
            connection.begin()
        autocommit = driver.isolation_level is None and not driver.in_transaction
    else:
        autocommit = connection.dialect.detect_autocommit_setting(connection.connection.dbapi_connection)  # type: ignore[arg-type]
    if autocommit or connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        raise HostRefused("a connection in AUTOCOMMIT has no transaction for the events to be part of")


def _take_write_lock(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    driver: Any = connection.connection.driver_connection
    try:
        if not driver.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'log_head'").first():
            connection.execute(update(LOG_HEAD).values(position=LOG_HEAD.c.position))
    except DBAPIError as error:
        raise OperationalError(
            f"no write lock: {error.orig}. Open the host's transactions with BEGIN IMMEDIATE"
        ) from error


def _refuse_other_store(connection: Connection, store_id: str) -> None:
    """Compare the stores' ids, under a savepoint: a query that fails would spoil the host's transaction."""
    found = None
    with suppress(DBAPIError), connection.begin_nested():
        found = connection.execute(select(META.c.value).where(META.c.key == "store_id")).scalar()
    if found != store_id:
        raise HostRefused("this connection is to another database than the store's")


def _refuse_lost_transaction(connection: Connection) -> None:
    """Python's sqlite3 may open a transaction with a SAVEPOINT, and then RELEASE commits: too soon for the events."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        if not driver.in_transaction:
            raise HostRefused(
                "the host's transaction was committed by a savepoint's release: begin it with BEGIN IMMEDIATE"
            )
