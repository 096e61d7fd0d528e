"""The books of projections: how far each generation has come, and the events that could not be projected."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from orjson import loads
from sqlalchemy import delete, func, insert, literal_column, select, update

from proposals.adapters.store.schema import DEAD_LETTERS, PROJECTIONS
from proposals.adapters.store.statements import number, words

if TYPE_CHECKING:
    from proposals.adapters.store.statements import Statements, Write


class Standing(NamedTuple):
    """How far a generation of a projection has come: a row of `projections`."""

    name: str
    generation: int
    version: int
    position: int
    live: int
    cursor: str | None
    tables: str

    @property
    def key(self) -> tuple[str, int]:
        """Which generation it is."""
        return self.name, self.generation


class DeadLetter(NamedTuple):
    """An event that could not be projected, or that waits behind one in its stream: a row of `dead_letters`."""

    name: str
    generation: int
    position: int
    stream: str
    version: int
    event: str
    why: str
    at: str


class Books:
    """The statements about both."""

    def __init__(self, statements: Statements) -> None:
        compiled, there, dead = statements.compiled, PROJECTIONS.c, DEAD_LETTERS.c
        # All generations, and the live one is picked out here: PostgreSQL looks at a row that it has waited for with
        # its new values, but only if it had been among the wanted ones with the old.
        of = select(PROJECTIONS).where(there.name == words("projection")).order_by(there.generation)
        self.of, self.locked = compiled(of), compiled(of.with_for_update())
        self.all = compiled(select(PROJECTIONS).order_by(there.name, there.generation))
        this = there.name == words("projection"), there.generation == number("one")
        self._begin = compiled(insert(PROJECTIONS))
        self._move = compiled(
            update(PROJECTIONS).where(*this).values(position=number("reached"), cursor=words("after"))
        )
        self._promote = compiled(update(PROJECTIONS).where(*this).values(live=literal_column("1")))
        self._end = compiled(delete(PROJECTIONS).where(*this))

        its = dead.name == words("projection"), dead.generation == number("one")
        stream = dead.stream == words("stream")
        self.letters = compiled(select(DEAD_LETTERS).where(*its).order_by(dead.position))
        first = select(dead.stream, func.min(dead.position)).where(*its)
        self.stopped = compiled(first.where(dead.stream.in_(select(statements.each("streams")))).group_by(dead.stream))
        self.waiting = compiled(select(dead.stream).distinct().where(*its).order_by(dead.stream))
        self.since = compiled(select(func.min(dead.version), func.count()).where(*its, stream))
        counted = select(dead.name, dead.generation, func.count()).group_by(dead.name, dead.generation)
        self.counted = compiled(counted)
        self._put_by = compiled(insert(DEAD_LETTERS))
        self._take_up = compiled(delete(DEAD_LETTERS).where(*its, stream))
        self._forget = compiled(delete(DEAD_LETTERS).where(*its))

    def begin(self, standing: Standing) -> list[Write]:
        """Enter a generation."""
        return [(self._begin, [standing])]

    def move(self, standing: Standing) -> list[Write]:
        """Enter how far one has come."""
        return [(self._move, [(standing.position, standing.cursor, *standing.key)])]

    def promote(self, standing: Standing) -> list[Write]:
        """Make one the live one."""
        return [(self._promote, [standing.key])]

    def end(self, standing: Standing) -> list[Write]:
        """Strike one out, with its dead letters."""
        return [(self._end, [standing.key]), (self._forget, [standing.key])]

    def put_by(self, letters: list[DeadLetter]) -> list[Write]:
        """Enter dead letters."""
        return [(self._put_by, letters)] if letters else []

    def take_up(self, standing: Standing, stream: str) -> list[Write]:
        """Strike out a stream's dead letters."""
        return [(self._take_up, [(*standing.key, stream)])]


def tables_of(standing: Standing) -> list[str]:
    """The names of a generation's tables, as they are when it is live."""
    names: list[str] = loads(standing.tables)
    return names
