"""What a projection is: tables, and how each event changes the rows that its stream has in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from proposals.domain.errors import ProposalsError
from proposals.domain.event import Event
from proposals.domain.vocabulary import Kind, kind_of

# Texts sort by their bytes in both databases, whatever the server's language; an instant is text, and its order is
# that of time (see `instant_text`).
TEXT = Text().with_variant(Text(collation="C"), "postgresql")
NUMBER = BigInteger().with_variant(Integer(), "sqlite")

READ_MODELS = MetaData()
"""The tables of the read models that come with the package, for a host to join to and for Alembic to know."""

Key: TypeAlias = tuple[Any, ...]
Row: TypeAlias = dict[str, Any]
Handler: TypeAlias = "Callable[[Rows, Entry], None]"
Stored: TypeAlias = Mapping[str, Sequence[Sequence[Any]]]
"""The rows that a stream has, by the names of the tables, each in the order of the columns."""

_LARGEST = 2**63


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

    @property
    def kind(self) -> Kind:
        """What its stream is about."""
        return kind_of(self.stream)


class NotProjected(ProposalsError):
    """What a projection makes of an event cannot be a row of its tables."""


class Projection:
    """A read model: a name, a version, its tables, and what each event does to them.

    The rows of a stream are a fold of its events, and nothing else touches them: the first key column of every table
    is the stream. So streams can be projected in any order and apart from each other, and one with an event that
    cannot be projected waits alone (ADR 0020). Raise `version` whenever the same events would give other rows or the
    tables change; the next rebuild replaces what is there.
    """

    def __init__(self, name: str, version: int, metadata: MetaData | None = None) -> None:
        self.name = name
        self.version = version
        self.metadata = metadata if metadata is not None else MetaData()
        self.tables: dict[str, Shape] = {}
        self.handlers: dict[str, list[Handler]] = {}

    def table(self, name: str, *columns: Any) -> Table:
        """A table of the projection: the stream, then these columns and indexes, those of the key first.

        A column's plain `default` is what a new row has there. Raises ValueError where a key column comes late.
        """
        table = Table(name, self.metadata, Column("stream", TEXT, primary_key=True), *columns)
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
    """A table's columns, how many of them are its key, and what a new row holds."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.columns = tuple(str(column.name) for column in table.c)
        self.key = len(table.primary_key)
        if [column.primary_key for column in table.c] != sorted((c.primary_key for c in table.c), reverse=True):
            message = f"table {table.name}: the columns of the key come first"
            raise ValueError(message)
        self.required = frozenset(str(column.name) for column in table.c if not column.nullable)
        self.new = {str(c.name): c.default.arg if c.default is not None else None for c in table.c}  # type: ignore[attr-defined]


class Rows:
    """The rows that one stream has in a projection's tables, for its handlers to read and change.

    A row is a dictionary by column; one that `put` or `of` has given is changed in place.
    """

    __slots__ = ("_held", "_shapes", "_stored", "stream")

    def __init__(self, projection: Projection, stream: str, stored: Stored) -> None:
        self.stream = stream
        self._shapes = projection.tables
        self._stored: dict[str, dict[Key, Key]] = {}
        self._held: dict[str, dict[Key, Row]] = {}
        for name, shape in projection.tables.items():
            there = stored.get(name, ())
            self._stored[name] = {tuple(row[1 : shape.key]): tuple(row) for row in there}
            self._held[name] = {
                tuple(row[1 : shape.key]): dict(zip(shape.columns, row, strict=True)) for row in there
            }

    def put(self, table: Table, *key: Any, **values: Any) -> Row:
        """A new row under a key (beyond the stream), in place of one that is there."""
        shape = self._shapes[table.name]
        row = {**shape.new, **dict(zip(shape.columns, (self.stream, *key), strict=False)), **values}
        if len(row) != len(shape.columns) or len(key) != shape.key - 1:
            unknown = ", ".join(sorted(row.keys() - shape.new.keys())) or "its key"
            message = f"table {table.name} has other columns: {unknown}"
            raise NotProjected(message)
        self._held[table.name][key] = row
        return row

    def get(self, table: Table, *key: Any) -> Row | None:
        """The row under a key, or None."""
        return self._held[table.name].get(key)

    def of(self, table: Table, *key: Any) -> Row:
        """The row under a key. Raises NotProjected if there is none."""
        row = self._held[table.name].get(key)
        if row is None:
            message = f"{self.stream} has no such row in table {table.name}"
            raise NotProjected(message)
        return row

    def all(self, table: Table) -> list[Row]:
        """All rows of the stream in a table, in the order of their keys."""
        held = self._held[table.name]
        return [held[key] for key in sorted(held)]

    def delete(self, table: Table, *key: Any) -> None:
        """Takes the row under a key out, if it is there."""
        self._held[table.name].pop(key, None)

    def values(self, name: str) -> list[Key]:
        """The rows of a table as tuples in the order of its columns. Raises NotProjected for what is no row."""
        shape = self._shapes[name]
        return [_checked(shape, row) for row in self._held[name].values()]

    def changed(self, name: str) -> tuple[list[Key], list[Key]]:
        """What of a table is to be written, as rows, and what is to go, as keys with the stream."""
        stored, held = self._stored[name], self._held[name]
        written = [row for row in self.values(name) if stored.get(row[1 : self._shapes[name].key]) != row]
        gone = [(self.stream, *key) for key in stored if key not in held]
        return written, gone


def _checked(shape: Shape, row: Row) -> Key:
    values = tuple(row.values())
    if len(values) != len(shape.columns):
        message = f"table {shape.table.name} has no column {', '.join(sorted(row.keys() - shape.new.keys()))}"
        raise NotProjected(message)
    for column, value in row.items():
        if value is None:
            if column in shape.required:
                message = f"{shape.table.name}.{column} may not be empty"
                raise NotProjected(message)
        elif not isinstance(value, str | float) and not (isinstance(value, int) and -_LARGEST <= value < _LARGEST):
            message = f"{shape.table.name}.{column} takes texts and numbers, not {type(value).__name__}"
            raise NotProjected(message)
    return values


def fold(projection: Projection, stream: str, stored: Stored, entries: Iterable[Entry]) -> Rows:
    """The rows of a stream after these events. Raises whatever a handler raises."""
    rows = Rows(projection, stream, stored)
    handlers = projection.handlers
    for entry in entries:
        for handler in handlers.get(entry.name, ()):
            handler(rows, entry)
    return rows
