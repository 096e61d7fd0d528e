"""The tables of one generation of a projection: how they are made, read, written, and put in the place of others."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import Executable, Index, MetaData, TableClause, bindparam, column, delete, select, table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from proposals.adapters.store.statements import objects, recordset

from .bookkeeping import tables_of

if TYPE_CHECKING:
    from proposals.adapters.store.statements import Statement, Statements, Write
    from proposals.projections.projection import Key, Projection, Shape

    from .bookkeeping import Standing


class Tables:
    """A projection's tables under their own names while it is live, with the generation's number until then."""

    def __init__(self, projection: Projection, statements: Statements, generation: int | None = None) -> None:
        self._statements = statements
        self._shapes = projection.tables
        self._suffix = _suffix(generation)
        shapes = self._shapes.items()
        self._bare = {name: _bare(name + self._suffix, shape, len(shape.columns)) for name, shape in shapes}
        self._keys = {name: _bare(name + self._suffix, shape, shape.key) for name, shape in shapes}

    # They are compiled when they are first wanted: who makes tables holds a lock, and does not write them yet.

    @cached_property
    def loads(self) -> list[Statement]:
        """What reads all rows of given streams, of each table."""
        compiled, streams = self._statements.compiled, select(self._statements.each("streams"))
        return [compiled(select(there).where(there.c.stream.in_(streams))) for there in self._bare.values()]

    @cached_property
    def reads(self) -> dict[str, Statement]:
        """What reads all of each table, by its name, in the order of its key."""
        named = self._bare.items()
        return {name: self._statements.compiled(select(there).order_by(*self._keys[name].c)) for name, there in named}

    @cached_property
    def _puts(self) -> dict[str, tuple[Statement, TableClause]]:
        compiled = self._statements.compiled
        return {name: (compiled(self._put(there, self._keys[name])), there) for name, there in self._bare.items()}

    @cached_property
    def _deletes(self) -> dict[str, tuple[Statement, TableClause]]:
        return {name: (self._statements.compiled(self._delete(there)), there) for name, there in self._keys.items()}

    def writes(self, written: dict[str, list[Key]], gone: dict[str, list[Key]]) -> list[Write]:
        """What writes rows, in place of those that are there, and takes rows out by their keys."""
        return [
            (statement, rows if self._statements.on_sqlite else [(objects(there, rows),)])
            for statements, changes in ((self._deletes, gone), (self._puts, written))
            for name, rows in changes.items()
            if rows
            for statement, there in [statements[name]]
        ]

    def create(self) -> list[str]:
        """What makes the tables, without their indexes."""
        return [self._ddl(CreateTable(copy)) for copy in self._copies()]

    def index(self) -> list[str]:
        """What makes the indexes, each at most once, and lets PostgreSQL know what it has."""
        copies = self._copies()
        made = [self._ddl(CreateIndex(index, if_not_exists=True)) for copy in copies for index in _in_order(copy)]
        if self._statements.on_sqlite:
            return made
        return [*made, *(f"ANALYZE {self._quoted(copy.name)}" for copy in copies)]

    def drop(self, standing: Standing) -> list[str]:
        """What drops the tables of a generation, this one's or another's, if nobody has thrown them away."""
        suffix = "" if standing.live else _suffix(standing.generation)
        return [f"DROP TABLE IF EXISTS {self._quoted(name + suffix)}" for name in tables_of(standing)]

    def rename(self) -> list[str]:
        """What gives the tables their own names. A host's views on SQLite must not mind that these are gone before."""
        renamed = [
            f"ALTER TABLE {self._quoted(name + self._suffix)} RENAME TO {self._quoted(name)}" for name in self._shapes
        ]
        if self._statements.on_sqlite:
            return ["PRAGMA legacy_alter_table = ON", *renamed, "PRAGMA legacy_alter_table = OFF"]
        return renamed

    def _put(self, there: TableClause, key: TableClause) -> Executable:
        on_sqlite = self._statements.on_sqlite
        put: Any = sqlite.insert(there) if on_sqlite else postgresql.insert(there)
        if not on_sqlite:
            put = put.from_select(list(there.c.keys()), recordset(there))
        keys = [str(column.name) for column in key.c]
        rest = {str(column.name): put.excluded[column.name] for column in there.c if column.name not in keys}
        written: Executable = (
            put.on_conflict_do_update(index_elements=keys, set_=rest)
            if rest
            else put.on_conflict_do_nothing(index_elements=keys)
        )
        return written

    def _delete(self, there: TableClause) -> Executable:
        if self._statements.on_sqlite:
            return delete(there).where(*(column == bindparam(f"old_{column.name}") for column in there.c))
        gone = recordset(there).subquery("gone")
        return delete(there).where(*(column == gone.c[column.name] for column in there.c))

    def _copies(self) -> list[Any]:
        """The tables as they are to be made; what else has a name gets the number, too, and keeps it."""
        copies = []
        for name, shape in self._shapes.items():
            copy = shape.table.to_metadata(MetaData(), name=name + self._suffix)
            named: Any
            for named in (*copy.indexes, *copy.constraints):
                if isinstance(named.name, str):
                    named.name += self._suffix
            copies.append(copy)
        return copies

    def _ddl(self, element: Any) -> str:  # noqa: ANN401 - one of SQLAlchemy's elements
        return str(element.compile(dialect=self._statements.dialect))

    def _quoted(self, name: str) -> str:
        return self._statements.dialect.identifier_preparer.quote(name)


def _suffix(generation: int | None) -> str:
    return "" if generation is None else f"__g{generation}"


def _bare(name: str, shape: Shape, columns: int) -> TableClause:
    """The first columns of a table, without what only matters when it is made."""
    return table(name, *(column(str(c.name), c.type) for c in list(shape.table.c)[:columns]))


def _in_order(copy: Any) -> list[Index]:  # noqa: ANN401 - a table of no metadata
    return sorted(copy.indexes, key=lambda index: str(index.name))
