"""What a projection is: tables, and how each event changes the rows that its stream has in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Column, Float, Integer, MetaData, String, Table

from proposals.domain.errors import ProposalsError
from proposals.domain.event import Event
from proposals.projections.columns import TEXT

READ_MODELS = MetaData()
"""The tables of the read models that come with the package, for a host to join to and for Alembic to know."""

Key: TypeAlias = tuple[Any, ...]
Row: TypeAlias = dict[str, Any]
Handler: TypeAlias = "Callable[[Rows, Entry], None]"
Stored: TypeAlias = Mapping[str, Sequence[Sequence[Any]]]
"""The rows that a stream has, by the names of the tables, each in the order of the columns."""

_LARGEST = 2**63
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class Entry(NamedTuple):
    """An event as projections see it: instants as the texts of the envelope, data as plain JSON types.

    Personal data is not in it: what a projection wrote down, `forget` could not reach (ADR 0020).
    """

    position: int
    stream: str
    version: int
    name: str
    occurred_at: str
    recorded_at: str
    actor: str
    entered_by: str
    data: Mapping[str, Any]


class NotProjected(ProposalsError):
    """What a projection makes of an event cannot be a row of its tables."""


class Projection:
    """A read model: a name, a version, its tables, and what each event does to them.

    The rows of a stream are a fold of its events, and nothing else touches them: the first key column of every table
    is the stream. So streams can be projected in any order and apart from each other, and one with an event that
    cannot be projected waits alone (ADR 0020). Raise `version` whenever the same events would give other rows or the
    tables change; the next rebuild replaces what is there. Raises ValueError for a name that is none.
    """

    def __init__(self, name: str, version: int, metadata: MetaData | None = None) -> None:
        if _NAME.fullmatch(name) is None:
            message = f"a projection's name is up to 40 small letters, digits, - and _: {name!r}"
            raise ValueError(message)
        self.name = name
        self.version = version
        self.metadata = metadata if metadata is not None else MetaData()
        self.tables: dict[str, Shape] = {}
        self.handlers: dict[str, list[Handler]] = {}

    def table(self, name: str, *columns: Any) -> Table:
        """A table of the projection: the stream, then these columns and indexes, those of the key first.

        A column's plain `default` is what a new row has there. Raises ValueError where a key column comes late, or
        one holds anything but texts and numbers.
        """
        stream = Column("stream", TEXT, primary_key=True)
        table = Table(name, self.metadata, stream, *columns, sqlite_with_rowid=False)
        self.tables[name] = Shape(table)
        return table

    def on(self, *events: type[Event]) -> Callable[[Handler], Handler]:
        """Registers what such an event does to the rows of its stream: `(rows, event) -> None`, without I/O."""

        def register(handler: Handler) -> Handler:
            for event in events:
                self.handlers.setdefault(event.name, []).append(handler)
            return handler

        return register


class Shape:
    """A table's columns, how many of them are its key, and what a row holds."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.columns = tuple(str(column.name) for column in table.c)
        self.key = len(table.primary_key)
        if [column.primary_key for column in table.c] != sorted((c.primary_key for c in table.c), reverse=True):
            message = f"table {table.name}: the columns of the key come first"
            raise ValueError(message)
        self.takes = tuple((_takes(column), bool(column.nullable)) for column in table.c)
        self.new = {str(c.name): c.default.arg if c.default is not None else None for c in table.c}  # type: ignore[attr-defined]
        self._values = itemgetter(*self.columns) if len(self.columns) > 1 else lambda row: (row["stream"],)
        self._fitting: dict[
            tuple[type, ...], tuple[Any, list[int]]
        ] = {}  # classes of values: where texts are, and numbers

    def checked(self, stream: str, key: Key, row: Row) -> Key:
        """A row as the database takes it, in the order of the columns. Raises NotProjected for what is no row."""
        try:
            values: Key = self._values(row)
        except KeyError:
            values = ()
        if len(row) != len(values):
            wrong = ", ".join(sorted(row.keys() ^ self.new.keys()))
            message = f"a row of table {self.table.name} has other columns than the table: {wrong}"
            raise NotProjected(message)
        fitting = self._fitting.get(tuple(map(type, values)))
        if fitting is None:
            values = self._fitted(values)
            fitting = self._fitting[tuple(map(type, values))]
        texts, numbers = fitting
        # PostgreSQL has no NUL in a text, neither database half a surrogate pair; SQLite has no number that is none.
        try:
            storable = b"\x00" not in "".join(texts(values)).encode()
        except UnicodeEncodeError:
            storable = False
        for n in numbers:
            storable = storable and -_LARGEST <= values[n] < _LARGEST
        if not storable:
            message = f"table {self.table.name} cannot hold all of {values!r:.200}"
            raise NotProjected(message)
        if values[: self.key] != (stream, *key):
            message = f"the key of a row of table {self.table.name} was changed"
            raise NotProjected(message)
        return values

    def _fitted(self, values: Key) -> Key:
        """The values in the classes of their columns: a truth value is a number, an enum's text is a text."""
        fitted: list[Any] = []
        for column, value, (takes, nullable) in zip(self.columns, values, self.takes, strict=True):
            if value is None and nullable:
                fitted.append(None)
            elif isinstance(value, takes) or (takes is float and isinstance(value, int)):
                fitted.append(str.__str__(value) if isinstance(value, str) else takes(value))
            else:
                what = "nothing" if value is None else type(value).__name__
                message = f"{self.table.name}.{column} takes {_CALLED[takes]}, not {what}"
                raise NotProjected(message)
        texts = [n for n, value in enumerate(fitted) if isinstance(value, str)]
        numbers = [n for n, value in enumerate(fitted) if isinstance(value, int | float)]
        self._fitting[tuple(map(type, fitted))] = itemgetter(*texts), numbers
        return tuple(fitted)


class Rows:
    """The rows that one stream has in a projection's tables, for its handlers to read and change.

    A row is a dictionary by column; one that has been given out is changed in place.
    """

    __slots__ = ("_held", "_settled", "_shapes", "_stored", "_touched", "stream")

    def __init__(self, projection: Projection, stream: str, stored: Stored) -> None:
        self.stream = stream
        self._shapes = projection.tables
        self._stored: dict[str, dict[Key, Key]] = {}
        self._settled: dict[str, dict[Key, Key]] = {}
        self._held: dict[str, dict[Key, Row]] = {}  # those that were given out
        for name, shape in projection.tables.items():
            there = {tuple(row[1 : shape.key]): tuple(row) for row in stored[name]} if name in stored else {}
            self._stored[name], self._settled[name], self._held[name] = there, there.copy(), {}
        self._touched: list[tuple[str, Key]] = []

    def put(self, table: Table, *key: Any, **values: Any) -> Row:
        """A new row under a key (beyond the stream), in place of one that is there."""
        shape = self._shapes[table.name]
        row = {**shape.new, **dict(zip(shape.columns, (self.stream, *key), strict=False)), **values}
        if len(row) != len(shape.columns) or len(key) != shape.key - 1:
            unknown = ", ".join(sorted(row.keys() - shape.new.keys())) or "its key"
            message = f"table {table.name} has other columns: {unknown}"
            raise NotProjected(message)
        self._held[table.name][key] = row
        self._touched.append((table.name, key))
        return row

    def get(self, table: Table, *key: Any) -> Row | None:
        """The row under a key, or None."""
        held = self._held[table.name]
        row = held.get(key)
        if row is None:
            settled = self._settled[table.name].get(key)
            if settled is None:
                return None
            row = held[key] = dict(zip(self._shapes[table.name].columns, settled, strict=True))
        self._touched.append((table.name, key))
        return row

    def of(self, table: Table, *key: Any) -> Row:
        """The row under a key. Raises NotProjected if there is none."""
        row = self.get(table, *key)
        if row is None:
            message = f"{self.stream} has no such row in table {table.name}"
            raise NotProjected(message)
        return row

    def all(self, table: Table) -> list[Row]:
        """All rows of the stream in a table, in the order of their keys."""
        return [self.of(table, *key) for key in sorted(self._keys(table))]

    def last(self, table: Table) -> Row:
        """The row of the stream with the greatest key in a table. Raises NotProjected if there is none."""
        keys = self._keys(table)
        if not keys:
            message = f"{self.stream} has no row in table {table.name}"
            raise NotProjected(message)
        return self.of(table, *max(keys))

    def delete(self, table: Table, *key: Any) -> None:
        """Takes the row under a key out, if it is there."""
        self._held[table.name].pop(key, None)
        self._settled[table.name].pop(key, None)

    def settle(self) -> None:
        """Checks the rows that were given out since the last time. Raises NotProjected for what is no row.

        It is called after each event, so that what is refused does not depend on how events are batched.
        """
        touched = self._touched
        while touched:
            name, key = touched.pop()
            row = self._held[name].get(key)
            if row is not None:
                self._settled[name][key] = self._shapes[name].checked(self.stream, key, row)

    def values(self, name: str) -> list[Key]:
        """The rows of a table as tuples in the order of its columns, as they were last settled."""
        return list(self._settled[name].values())

    def changed(self, name: str) -> tuple[list[Key], list[Key]]:
        """What of a table is to be written, as rows, and what is to go, as keys with the stream."""
        stored, settled = self._stored[name], self._settled[name]
        written = [row for key, row in settled.items() if stored.get(key) != row]
        gone = [(self.stream, *key) for key in stored if key not in settled]
        return written, gone

    def _keys(self, table: Table) -> set[Key]:
        return self._held[table.name].keys() | self._settled[table.name].keys()


def fold(projection: Projection, stream: str, stored: Stored, entries: Iterable[Entry]) -> Rows:
    """The rows of a stream after these events. Raises whatever a handler raises."""
    rows = Rows(projection, stream, stored)
    handlers = projection.handlers
    for entry in entries:
        for handler in handlers.get(entry.name, ()):
            handler(rows, entry)
        rows.settle()
    return rows


def fold_log(projection: Projection, entries: Iterable[Entry]) -> dict[str, list[Row]]:
    """The rows of all tables after these events, by the names of the tables, in the order of the keys.

    In memory, without a database. Raises whatever a handler raises.
    """
    streams: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.name in projection.handlers:
            streams.setdefault(entry.stream, []).append(entry)
    folded = [fold(projection, stream, {}, streams[stream]) for stream in sorted(streams)]
    return {
        name: [dict(zip(shape.columns, row, strict=True)) for rows in folded for row in sorted(rows.values(name))]
        for name, shape in projection.tables.items()
    }


_CALLED = {str: "texts", int: "whole numbers", float: "numbers"}


def _takes(column: Column[Any]) -> type[str | int | float]:
    for kind, takes in ((String, str), (Integer, int), (Float, float)):
        if isinstance(column.type, kind):
            return takes
    message = f"column {column.name}: a row holds texts and numbers, not {column.type!r}"
    raise ValueError(message)
