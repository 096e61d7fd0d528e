"""Every statement of the store, written once in SQLAlchemy Core and compiled once for the store's own driver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from orjson import dumps
from sqlalchemy import (
    JSON,
    Dialect,
    Executable,
    Select,
    Table,
    TableClause,
    Text,
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

from proposals.projections.columns import NUMBER

from .schema import COMMANDS, EVENTS, LEAF_HASHES, LOG_HEAD, META, SNAPSHOTS, TRACKING, WAKEUPS

PROJECTED = (
    "position", "stream", "version", "name", "occurred_at", "recorded_at", "actor", "entered_by", "schema", "data"
)  # fmt: skip
"""What projections see."""

HAPPENED = ("stream", "version", "name", "schema", "occurred_at", "actor", "entered_by", "data")
"""What a state is folded from. To read the columns that say how it was recorded would take half as long again."""

CHANNEL = "proposals_log"  # of PostgreSQL's NOTIFY
NO_LIMIT = 2**62
LAST_TEXT = "\U0010ffff"  # sorts after every text a stream id begins with


class Statement:
    """A statement in three forms: the construct, its SQL for the driver, its parameters' names in their order."""

    __slots__ = ("construct", "names", "sql")

    def __init__(self, construct: Executable, dialect: Dialect) -> None:
        compiled: Any = construct.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.construct = construct
        self.sql = str(compiled)
        self.names: tuple[str, ...] = tuple(compiled.positiontup or ())


Row = tuple[Any, ...]
Write = tuple[Statement, Sequence[Row]]


class Statements:
    """The statements of a store, for one database; their parameters are positional, in the order they are named."""

    def __init__(self, engine_dialect: Dialect) -> None:
        kind: Any = type(engine_dialect)
        self.on_sqlite = engine_dialect.name == "sqlite"
        self.dialect: Dialect = kind(paramstyle="qmark" if self.on_sqlite else "format")
        self._upsert: Any = sqlite.insert if self.on_sqlite else postgresql.insert
        self._define_append()
        self._define_log()
        self._define_streams()
        self._define_rest()

    def _define_append(self) -> None:
        """Define the lock, the checks under it, and the rows that are written."""
        later: Any = func.max if self.on_sqlite else func.greatest
        head = LOG_HEAD.c.position + number("count"), later(LOG_HEAD.c.recorded_at, words("now"))
        self.lock = self.compiled(
            select(*head)  # SQLite's BEGIN IMMEDIATE has locked everything
            if self.on_sqlite
            else update(LOG_HEAD).values(position=head[0], recorded_at=head[1]).returning(*LOG_HEAD.c[1:])
        )
        self.advance = self.compiled(update(LOG_HEAD).values(position=number("head"), recorded_at=words("at")))

        # Subqueries, not joins: each goes through its index, whatever the planner thinks of the tables'
        # sizes.
        stream, command_id = self.each("streams"), self.each("ids")
        version = select(func.max(EVENTS.c.version)).where(EVENTS.c.stream == stream).scalar_subquery()
        receipt = select(COMMANDS.c.last_position).where(COMMANDS.c.command_id == command_id).scalar_subquery()
        self.heads = self.compiled(select(stream, version))
        self.check = self.compiled(
            union_all(
                select(command_id, receipt, literal_column("'command'")),
                select(stream, version, literal_column("'stream'")),
            )
        )

        tracked = self._upsert(TRACKING)
        further = TRACKING.c.notification_id < tracked.excluded.notification_id
        self.track = self.compiled(_moved(tracked, further).returning(TRACKING.c.notification_id))

        log = (EVENTS, LEAF_HASHES, COMMANDS)
        asleep = WAKEUPS.c.stream
        self._puts: tuple[Statement, ...] = ()
        if self.on_sqlite:
            awake, forgotten = _woken(self._upsert(WAKEUPS)), delete(WAKEUPS).where(asleep == words("asleep"))
            self._puts = (self.advance, *map(self.compiled, (*map(insert, log), awake, forgotten)))
        else:
            awake = _woken(self._upsert(WAKEUPS).from_select(WAKEUPS.c.keys(), recordset(WAKEUPS)))
            forgotten = delete(WAKEUPS).where(asleep.in_(select(self.each("asleep"))))
            inserts = (insert(table).from_select(table.c.keys(), recordset(table)) for table in log)
            puts = [put.cte(f"put_{n}") for n, put in enumerate((*inserts, awake, forgotten))]
            notified = func.pg_notify(literal_column(f"'{CHANNEL}'"), literal_column("''"))
            self._put = self.compiled(select(notified).add_cte(*puts))

    def _define_log(self) -> None:
        """Define what reads the log in its order."""
        self.head = self.compiled(select(LOG_HEAD.c.position, LOG_HEAD.c.recorded_at))
        page = select(EVENTS).where(*_between(EVENTS, "after", "through")).order_by(EVENTS.c.position)
        self.log = self._limited(page)
        self.log_of = self._limited(page.where(EVENTS.c.name.in_(select(self.each("names")))))
        hashes = select(LEAF_HASHES).where(*_between(LEAF_HASHES, "after", "through"))
        self.hashes = self._limited(hashes.order_by(LEAF_HASHES.c.position))
        receipt = select(COMMANDS.c.fingerprint, COMMANDS.c.first_position, COMMANDS.c.last_position)
        self.command = self.compiled(receipt.where(COMMANDS.c.command_id == words("command_id")))

    def _define_streams(self) -> None:
        """Define what reads streams and their snapshots."""
        self.history, self.history_back = self._histories(EVENTS)
        self.snapshots, self.snapshots_back = self._histories(SNAPSHOTS)
        stream, version = EVENTS.c.stream, EVENTS.c.version
        before = stream < words("before")
        ids = select(stream).distinct().where(stream >= words("first"), before)
        self.streams = self._limited(ids.order_by(stream))
        after = tuple_(stream, version) > tuple_(words("stream"), number("version"))
        known = after, before, EVENTS.c.position <= number("through")
        self.by_stream = self._limited(select(EVENTS).where(*known).order_by(stream, version))

        projected = select(*(EVENTS.c[name] for name in PROJECTED))
        not_passed_over = EVENTS.c.name.not_in(select(self.each("names")))
        between = projected.where(*_between(EVENTS, "after", "through"), not_passed_over)
        self.projected = self.compiled(between.order_by(EVENTS.c.position))
        self.projected_alone = self.compiled(projected.where(stream == words("stream")).order_by(version))
        until = EVENTS.c.position <= number("through")
        self.last_occurred = self.compiled(select(func.max(EVENTS.c.occurred_at)).where(until))
        self.projected_of = self.compiled(
            projected.where(stream == words("stream"), version >= number("gte"), EVENTS.c.position <= number("through"))
            .where(not_passed_over)
            .order_by(version)
        )
        self.projected_by_stream = self._limited(projected.where(*known).order_by(stream, version))
        before_it = select(func.count()).select_from(EVENTS).where(stream <= words("stream"))
        self.count_through_stream = self.compiled(before_it)

        happened = select(*(EVENTS.c[name] for name in HAPPENED))
        self.happened = self.compiled(
            happened.where(stream == words("stream"), version > number("gt")).order_by(version)
        )
        self.happened_by_stream = self._limited(happened.where(*known).order_by(stream, version))

    def _define_rest(self) -> None:
        """Define what reads and writes beside the log, and what a backup needs."""
        due = select(WAKEUPS.c.stream).where(WAKEUPS.c.due_at <= words("now"))
        self.due = self._limited(due.order_by(WAKEUPS.c.due_at, WAKEUPS.c.stream))
        upstream = TRACKING.c.application_name == words("application_name")
        self.tracked = self.compiled(select(TRACKING.c.notification_id).where(upstream))
        self.put_snapshots = self.compiled(insert(SNAPSHOTS))
        self.discard_snapshots = self.compiled(delete(SNAPSHOTS))

        named = META.c.key == literal_column("'store_id'")
        self.store_id = self.compiled(select(META.c.value).where(named))
        self.set_store_id = self.compiled(update(META).where(named).values(value=words("store_id")))
        self.all_tracking = self.compiled(select(TRACKING).order_by(TRACKING.c.application_name))
        wakeups = select(WAKEUPS).where(WAKEUPS.c.stream > words("after"))
        self.wakeups_after = self._limited(wakeups.order_by(WAKEUPS.c.stream))
        commands = select(COMMANDS).where(COMMANDS.c.command_id > words("after"))
        commands = commands.where(COMMANDS.c.last_position <= number("through"))
        self.commands_after = self._limited(commands.order_by(COMMANDS.c.command_id))
        one: Select[Any] = select(literal_column("1"))
        others = (COMMANDS, TRACKING, WAKEUPS, SNAPSHOTS)
        self.occupied = self.compiled(select(or_(*(exists(one.select_from(table)) for table in others))))

    def writes(self, head: Sequence[Row], *tables: Sequence[Row]) -> list[Write]:
        """Give the statements that write rows: the head, events, leaf hashes, commands, wake-ups, streams asleep.

        On PostgreSQL the lock has moved the head, and one statement takes all the rows in one round trip.
        """
        if self._puts:
            return [(put, rows) for put, rows in zip(self._puts, (head, *tables), strict=True) if rows]
        events, hashes, commands, awake, asleep = tables
        values = (
            objects(EVENTS, events),
            objects(LEAF_HASHES, [(position, "\\x" + leaf_hash.hex()) for position, leaf_hash in hashes]),
            objects(COMMANDS, commands),
            objects(WAKEUPS, awake),
            texts([stream for (stream,) in asleep]),
        )
        return [(self._put, [values])]

    def _histories(self, table: Table) -> list[Statement]:
        version = table.c.version
        span = version > number("gt"), version <= number("lte")
        page = select(table).where(table.c.stream == words("stream"), *span)
        return [self._limited(page.order_by(order)) for order in (version, version.desc())]

    def compiled(self, construct: Executable) -> Statement:
        """Compile a statement for the store's driver."""
        return Statement(construct, self.dialect)

    def _limited(self, query: Select[Any]) -> Statement:
        """Bind a LIMIT; SQLite wants an OFFSET beside it."""
        return self.compiled(query.limit(number("limit")).offset(literal_column("0")))

    def each(self, name: str) -> Any:  # noqa: ANN401 - a column, of a type SQLAlchemy does not know
        """Give the texts of one JSON array as a column: one parameter, however many there are."""
        array = bindparam(name, type_=Text)
        if self.on_sqlite:
            return func.json_each(array).table_valued("value").c.value
        return func.json_array_elements_text(cast(array, JSON)).column_valued(f"{name}_value")


def number(name: str) -> Any:  # noqa: ANN401 - SQLAlchemy does not know its type before it is used
    """Name a parameter that is a whole number."""
    return bindparam(name, type_=NUMBER)


def words(name: str) -> Any:  # noqa: ANN401 - as above
    """Name a parameter that is a text."""
    return bindparam(name, type_=Text)


def texts(values: Sequence[str]) -> str:
    """Give a list of texts as the one parameter our statements take it in."""
    return dumps(list(values)).decode()


def stream_span(stream: UUID | str, gt: int | None, lte: int | None, limit: int | None) -> tuple[str, int, int, int]:
    """Give the parameters of a statement that reads a stream's history or snapshots."""
    last, most = (NO_LIMIT if bound is None else bound for bound in (lte, limit))
    return str(stream), -1 if gt is None else gt, last, most


def _between(table: Table, after: str, through: str) -> tuple[Any, Any]:
    return table.c.position > number(after), table.c.position <= number(through)


def _moved(put: Any, moves: Any) -> Any:  # noqa: ANN401 - each database has its own insert
    """Overwrite the second column of a row that is there already, if it moves."""
    key, value = put.table.c.keys()
    return put.on_conflict_do_update(index_elements=[key], set_={value: put.excluded[value]}, where=moves)


def _woken(put: Any) -> Any:  # noqa: ANN401 - as above
    return _moved(put, WAKEUPS.c.due_at != put.excluded.due_at)


def recordset(table: TableClause) -> Select[Any]:
    """Read rows of a table out of one JSON array of objects (PostgreSQL)."""
    array: Any = func.json_to_recordset(cast(bindparam(table.name, type_=Text), JSON))
    return select(array.table_valued(*(column(c.name, c.type) for c in table.c)).render_derived(with_types=True))


def objects(table: TableClause, rows: Sequence[Row]) -> str:
    """Give rows as the one parameter that `recordset` reads them out of."""
    keys = [str(column.name) for column in table.c]
    return dumps([dict(zip(keys, row, strict=True)) for row in rows]).decode() if rows else "[]"
