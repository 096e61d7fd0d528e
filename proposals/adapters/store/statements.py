"""Every statement of the store, written once in SQLAlchemy Core and compiled once for the store's own driver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from orjson import dumps
from sqlalchemy import (
    JSON,
    Text,
    and_,
    bindparam,
    cast,
    column,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from .schema import BIG, COMMANDS, EVENTS, LEAF_HASHES, LOG_HEAD, META, SNAPSHOTS, TRACKING, WAKEUPS

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Dialect, Executable, Select, Table

NO_LIMIT = 2**62
CHANNEL = "proposals_log"  # of PostgreSQL's NOTIFY
LAST_TEXT = "\U0010ffff"  # sorts after every text a stream id begins with


class Statement:
    """A statement in three forms: the construct, its SQL for the driver, and its parameters' names in their order."""

    __slots__ = ("construct", "names", "sql")

    def __init__(self, construct: Executable, dialect: Dialect) -> None:
        """Compile the construct; `dialect` has a positional parameter style."""
        compiled: Any = construct.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.construct = construct
        self.sql = str(compiled)
        self.names: tuple[str, ...] = tuple(compiled.positiontup or ())


Write = tuple[Statement, Sequence[tuple[Any, ...]]]


class Statements:
    """The statements of a store, for one database."""

    def __init__(self, engine_dialect: Dialect) -> None:
        """Compile them all: a few milliseconds, once for each recorder."""
        on_sqlite = engine_dialect.name == "sqlite"
        kind: Any = type(engine_dialect)
        dialect = kind(paramstyle="qmark" if on_sqlite else "format")
        later: Any = func.max if on_sqlite else func.greatest
        upsert: Any = sqlite.insert if on_sqlite else postgresql.insert
        events, hashes, commands, wakeups, shots = EVENTS.c, LEAF_HASHES.c, COMMANDS.c, WAKEUPS.c, SNAPSHOTS.c

        def given(name: str) -> Any:
            array = bindparam(name, type_=Text)
            values: Any = func.json_each(array) if on_sqlite else func.json_array_elements_text(cast(array, JSON))
            return (values.table_valued("value").c.value) if on_sqlite else values.column_valued(name + "_value")

        def number(name: str) -> Any:
            return bindparam(name, type_=BIG)

        def words(name: str) -> Any:
            return bindparam(name, type_=Text)

        def compiled(construct: Executable) -> Statement:
            return Statement(construct, dialect)

        def limited(query: Select[Any]) -> Statement:  # SQLite wants an OFFSET beside a bound LIMIT
            return compiled(query.limit(number("limit")).offset(literal_column("0")))

        # the append: the lock, the checks under it, the rows
        head = LOG_HEAD.c.position + number("count"), later(LOG_HEAD.c.recorded_at, words("now"))
        self.lock = compiled(
            select(*head)  # SQLite's BEGIN IMMEDIATE has locked everything
            if on_sqlite
            else update(LOG_HEAD).values(position=head[0], recorded_at=head[1]).returning(*LOG_HEAD.c[1:])
        )
        self.advance = compiled(update(LOG_HEAD).values(position=number("head"), recorded_at=words("at")))
        stream = given("streams")
        newest = select(func.max(events.version)).where(events.stream == stream).scalar_subquery()
        heads = select(stream, newest)
        self.heads = compiled(heads)
        command_id = given("ids")
        receipt = select(commands.last_position).where(commands.command_id == command_id).scalar_subquery()
        receipts = select(command_id, receipt, literal_column("'command'"))
        self.check = compiled(union_all(receipts, heads.add_columns(literal_column("'stream'"))))
        tracked = upsert(TRACKING)
        self.track = compiled(
            tracked.on_conflict_do_update(
                index_elements=["application_name"],
                set_={"notification_id": tracked.excluded.notification_id},
                where=TRACKING.c.notification_id < tracked.excluded.notification_id,
            ).returning(TRACKING.c.notification_id)
        )
        asleep = wakeups.stream
        self.puts: tuple[Statement, ...] = ()
        if on_sqlite:
            self.puts = (
                self.advance,
                *(compiled(insert(table)) for table in (EVENTS, LEAF_HASHES, COMMANDS)),
                compiled(_wake(upsert(WAKEUPS))),
                compiled(delete(WAKEUPS).where(asleep == words("asleep"))),
            )
        else:
            puts = [
                *(insert(table).from_select(table.c.keys(), _rows(table)) for table in (EVENTS, LEAF_HASHES, COMMANDS)),
                _wake(upsert(WAKEUPS).from_select(WAKEUPS.c.keys(), _rows(WAKEUPS))),
                delete(WAKEUPS).where(asleep.in_(select(given("asleep")))),
            ]
            notified = select(func.pg_notify(literal_column(f"'{CHANNEL}'"), literal_column("''")))
            self.put = compiled(notified.add_cte(*(put.cte(f"put_{n}") for n, put in enumerate(puts))))

        # reading
        def history(order: Any) -> Statement:
            span = and_(
                events.stream == words("stream"),
                events.version > number("gt"),
                events.version <= number("lte"),
            )
            return limited(select(EVENTS).where(span).order_by(order))

        self.history, self.history_back = history(events.version), history(events.version.desc())
        span = and_(events.position > number("after"), events.position <= number("through"))
        page = select(EVENTS).where(span).order_by(events.position)
        self.log = limited(page)
        self.log_of = limited(page.where(events.name.in_(select(given("names")))))
        span = and_(hashes.position > number("after"), hashes.position <= number("through"))
        self.hashes = limited(select(LEAF_HASHES).where(span).order_by(hashes.position))
        receipt_of = select(commands.fingerprint, commands.first_position, commands.last_position)
        self.command = compiled(receipt_of.where(commands.command_id == words("command_id")))
        woken = select(wakeups.stream).where(wakeups.due_at <= words("now"))
        self.due = limited(woken.order_by(wakeups.due_at, wakeups.stream))
        span = and_(events.stream >= words("first"), events.stream < words("before"))
        self.streams = limited(select(events.stream).distinct().where(span).order_by(events.stream))
        later_rows = tuple_(events.stream, events.version) > tuple_(words("stream"), number("version"))
        span = and_(later_rows, events.stream < words("before"), events.position <= number("through"))
        self.by_stream = limited(select(EVENTS).where(span).order_by(events.stream, events.version))
        self.head = compiled(select(LOG_HEAD.c.position, LOG_HEAD.c.recorded_at))
        self.tracked = compiled(
            select(TRACKING.c.notification_id).where(TRACKING.c.application_name == words("application_name"))
        )

        # backup and restore
        named = META.c.key == literal_column("'store_id'")
        self.store_id = compiled(select(META.c.value).where(named))
        self.set_store_id = compiled(update(META).where(named).values(value=words("store_id")))
        self.all_tracking = compiled(select(TRACKING))
        self.wakeups_after = limited(select(WAKEUPS).where(wakeups.stream > words("after")).order_by(wakeups.stream))
        span = and_(commands.command_id > words("after"), commands.last_position <= number("through"))
        self.commands_after = limited(select(COMMANDS).where(span).order_by(commands.command_id))
        others = (COMMANDS, TRACKING, WAKEUPS, SNAPSHOTS)
        rows = (exists(select(literal_column("1")).select_from(table)) for table in others)
        self.occupied = compiled(select(or_(*rows)))

        # snapshots: a cache, so outside the triggers

        def snapshots(order: Any) -> Statement:
            span = and_(shots.stream == words("stream"), shots.version > number("gt"), shots.version <= number("lte"))
            return limited(select(SNAPSHOTS).where(span).order_by(order))

        self.snapshots, self.snapshots_back = snapshots(shots.version), snapshots(shots.version.desc())
        self.put_snapshots = compiled(insert(SNAPSHOTS))
        self.discard_snapshots = compiled(delete(SNAPSHOTS))

    def writes(self, *tables: Sequence[tuple[Any, ...]]) -> list[Write]:
        """Give the statements that write the head, rows of events, leaf hashes, commands, wake-ups, and sleepers.

        On PostgreSQL the lock has written the head; the rest is one statement with all rows as its parameters, for one round trip.
        """
        if self.puts:
            return [(put, rows) for put, rows in zip(self.puts, tables, strict=True) if rows]
        _advanced, events, hashes, commands, awake, asleep = tables
        values = (
            _objects(EVENTS, events),
            _objects(LEAF_HASHES, [(position, "\\x" + leaf_hash.hex()) for position, leaf_hash in hashes]),
            _objects(COMMANDS, commands),
            _objects(WAKEUPS, awake),
            dumps([stream for (stream,) in asleep]).decode(),
        )
        return [(self.put, [values])]


def _objects(table: Table, rows: Sequence[tuple[Any, ...]]) -> str:
    keys = [str(column.name) for column in table.c]
    return dumps([dict(zip(keys, row, strict=True)) for row in rows]).decode() if rows else "[]"


def _wake(put: Any) -> Any:
    """Move a wake-up that is there already, and leave one alone that would not move."""
    moved = WAKEUPS.c.due_at != put.excluded.due_at
    return put.on_conflict_do_update(index_elements=["stream"], set_={"due_at": put.excluded.due_at}, where=moved)


def _rows(table: Table) -> Select[Any]:
    """Read rows of a table out of one JSON array of objects (PostgreSQL)."""
    array: Any = func.json_to_recordset(cast(bindparam(table.name, type_=Text), JSON))
    columns = [column(c.name, c.type) for c in table.c]
    return select(array.table_valued(*columns, name=f"{table.name}_rows").render_derived(with_types=True))


def stream_span(stream: UUID | str, gt: int | None, lte: int | None, limit: int | None) -> tuple[str, int, int, int]:
    """Give the values of a statement that reads a stream's history or snapshots."""
    last, most = (NO_LIMIT if bound is None else bound for bound in (lte, limit))
    return str(stream), -1 if gt is None else gt, last, most
