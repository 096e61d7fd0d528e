"""A store's own connections: long-lived, few, taken and given back; and its errors in `eventsourcing`'s words."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager, suppress
from threading import Condition
from typing import TYPE_CHECKING, Any, Literal

from eventsourcing import persistence
from sqlalchemy import Connection, Engine, NullPool, StaticPool, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import PoolProxiedConnection

Synchronous = Literal["full", "normal"]
_KINDS = (
    "InterfaceError",
    "DataError",
    "OperationalError",
    "IntegrityError",
    "InternalError",
    "ProgrammingError",
    "NotSupportedError",
    "DatabaseError",
)


def make_engine(url: str, *, synchronous: Synchronous = "full", busy_timeout: float = 10.0) -> Engine:
    """Make the engine of a store from a SQLAlchemy URL of SQLite or PostgreSQL. It pools nothing: `Pool` does.

    `synchronous` (SQLite only) says what a power cut can lose: with "full" nothing that was committed; with
    "normal" the last commits before the cut, never the order or the wholeness of what is left. The crash of a
    process loses nothing in either. `busy_timeout` is how many seconds a writer waits for another process.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, poolclass=NullPool)
    arguments = {"timeout": busy_timeout, "check_same_thread": False}
    memory = not parsed.database or parsed.database == ":memory:"
    engine = create_engine(parsed, poolclass=StaticPool if memory else NullPool, connect_args=arguments)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:  # noqa: ANN401 - a connection of any driver
        connection.isolation_level = None  # BEGIN is ours to say, not the driver's to guess
        connection.execute(f"PRAGMA synchronous = {'FULL' if synchronous == 'full' else 'NORMAL'}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def in_memory(engine: Engine) -> bool:
    """Tell whether the database is this one connection's own, gone when it closes."""
    return isinstance(engine.pool, StaticPool)


def translate(error: BaseException) -> persistence.PersistenceError:
    """Give the error of `eventsourcing.persistence` for one of a DBAPI driver or of SQLAlchemy."""
    if isinstance(error, UnicodeError):
        return persistence.DataError(f"the text of an event must be UTF-8: {error}")
    names = {kind.__name__ for kind in type(error).__mro__}
    kind = next((kind for kind in _KINDS if kind in names), "PersistenceError")
    translated: type[persistence.PersistenceError] = getattr(persistence, kind)
    return translated(str(error))


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Raise the errors of the driver and of SQLAlchemy as `eventsourcing`'s, with the first one as the cause."""
    driver = engine.dialect.loaded_dbapi.Error
    try:
        yield
    except (driver, SQLAlchemyError, UnicodeError) as error:
        raise translate(error) from error


class ConnectionLost(persistence.OperationalError):
    """The server closed the connection, or it broke. Idle connections have been dropped too; the next are new."""


class Pool:
    """At most `size` connections, opened when needed, each used by one thread at a time; the last used goes first."""

    def __init__(self, engine: Engine, size: int) -> None:
        self.engine = engine
        self.driver_error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self._idle: deque[PoolProxiedConnection] = deque()
        self._size = self._room = size
        self._waiting = 0
        self._change = Condition()
        self._closed = False

    def connection(self) -> Loan:
        """Lend a DBAPI connection in autocommit mode, waiting for one while all are lent. Leave no transaction open.

        Raises ConnectionLost, and the driver's other errors as those of `eventsourcing.persistence`.
        """
        return Loan(self)

    @contextmanager
    def queried(self) -> Iterator[Connection]:
        """Lend one as SQLAlchemy's own, in a transaction that only reads, for queries of anybody's. Raises the same."""
        with translated(self.engine):
            lent = self.take()
        try:
            if self.engine.dialect.name != "sqlite":
                dbapi: Any = lent.dbapi_connection
                dbapi.execute(_AS_THE_SERVER_PLANS, prepare=False)
            yield Connection(self.engine, lent).execution_options(read_only=True)
        except (self.driver_error, SQLAlchemyError, UnicodeError) as error:
            raise ConnectionLost(str(error)) if _is_lost(lent) else translate(error) from error
        finally:
            with suppress(Exception):  # one that was lost has nothing to roll back
                lent.rollback()
            self.give_back(lent)

    # Taking and giving back are single steps of a deque, without a lock, while there is enough for all. One
    # who has to wait first says so, then looks again; one who gives back first gives, then looks for those
    # who wait.

    def take(self) -> PoolProxiedConnection:
        """Take a connection out of the pool, for `give_back`."""
        with suppress(IndexError):
            return self._idle.pop()
        with self._change:
            self._waiting += 1
            try:
                while not self._closed:
                    with suppress(IndexError):
                        return self._idle.pop()
                    if self._room:
                        self._room -= 1
                        break
                    self._change.wait()
            finally:
                self._waiting -= 1
        try:
            return self._open()
        except BaseException:
            self._free_room()
            raise

    def give_back(self, lent: PoolProxiedConnection) -> None:
        """Take a connection back; one that was lost is thrown away, with the idle ones that met the same end."""
        if _is_lost(lent) or self._closed:
            self._throw_away(lent)
            self._throw_away_idle()
            return
        self._idle.append(lent)
        if self._waiting:
            with self._change:
                self._change.notify()

    def close(self) -> None:
        """Close the connections; those that are lent close when they come back."""
        self._closed = True
        self._throw_away_idle()

    @property
    def busy(self) -> bool:
        """Whether a connection is still lent when the pool has been closed."""
        return self._room < self._size

    def _open(self) -> PoolProxiedConnection:
        if self._closed:
            raise persistence.ProgrammingError("the store is closed")
        connection = self.engine.raw_connection()
        if self.engine.dialect.name != "sqlite":
            dbapi: Any = connection.dbapi_connection
            dbapi.autocommit = True
            # Plans are made once, perhaps while the tables are still empty and scanning them looks cheap.
            dbapi.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
        return connection

    def _throw_away_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._throw_away(self._idle.pop())

    def _throw_away(self, connection: PoolProxiedConnection) -> None:
        if connection.is_valid:
            with suppress(Exception):
                connection.invalidate()
        self._free_room()

    def _free_room(self) -> None:
        with self._change:
            self._room += 1
            self._change.notify_all()


_AS_THE_SERVER_PLANS = "BEGIN READ ONLY; SET LOCAL enable_seqscan = on; SET LOCAL plan_cache_mode = auto"


def _is_lost(lent: PoolProxiedConnection) -> bool:
    """Whether the driver has closed it, or SQLAlchemy has thrown it away."""
    dbapi = lent.dbapi_connection
    return bool(getattr(dbapi, "closed", dbapi is None))


class Loan:
    """A connection of a pool, for the length of a `with` block."""

    __slots__ = ("_connection", "_pool")

    _connection: PoolProxiedConnection

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def __enter__(self) -> Any:  # noqa: ANN401 - a connection of any driver
        try:
            self._connection = self._pool.take()
        except (self._pool.driver_error, SQLAlchemyError) as error:
            raise translate(error) from error
        return self._connection.dbapi_connection

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        lost = error is not None and _is_lost(self._connection)
        self._pool.give_back(self._connection)
        if isinstance(error, (self._pool.driver_error, UnicodeError)):
            raise ConnectionLost(str(error)) if lost else translate(error) from error
