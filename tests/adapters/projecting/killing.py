"""Projecting is ended, or made to fail, before its n-th statement, for every n: `python killing.py URL HOW`.

A process of its own, with one thread, so that it may fork for every n.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import inspect, text

from proposals.adapters.projecting import projector, rebuilding
from proposals.adapters.projecting.errors import ProjectionStopped
from proposals.adapters.store.append import PostgresTransaction, SqliteTransaction
from proposals.adapters.store.schema import METADATA
from proposals.projections.projection import Row
from tests.adapters.projecting.worlds import POISON, Cleared, Opened, Unmarked, World, marked, whole

STRIDE = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 4
"""On a server, which takes its time for each, every fourth statement; `nightly` takes all."""

FIRST = [("p-1", Opened(title="a")), ("p-1", marked("red")), ("p-2", marked("green", POISON)), ("p-3", marked("now"))]
THEN = [("p-1", Unmarked(mark="red")), ("p-3", marked("new")), ("p-2", marked()), ("p-4", marked()), ("p-3", Cleared())]


class Counting:
    """A cursor or a connection, with something that happens before each statement."""

    def __init__(self, inner: Any, before: Callable[[], None]) -> None:
        self._inner, self._before = inner, before

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in {"execute", "executemany"}:
            return found

        def run(*args: Any, **options: Any) -> Any:
            self._before()
            return found(*args, **options)

        return run


def count(before: Callable[[], None]) -> None:
    """Has it happen before each statement of a transaction."""
    for kind, inner in ((SqliteTransaction, "_cursor"), (PostgresTransaction, "_connection")):

        def make(self: Any, connection: Any, *, made: Any = kind.__init__, inner: str = inner) -> None:
            made(self, connection)
            setattr(self, inner, Counting(getattr(self, inner), before))

        kind.__init__ = make  # type: ignore[method-assign]


def forget(world: World) -> None:
    """Has nothing projected."""
    with world.recorder.engine.begin() as connection:
        for table in set(inspect(connection).get_table_names()) - set(METADATA.tables):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("DELETE FROM projections"))
        connection.execute(text("DELETE FROM dead_letters"))


def create(world: World) -> None:
    world.projections.catch_up("marks")


def catch_up(world: World) -> None:
    world.projections.catch_up()


def rebuild(world: World) -> None:
    world.projections.rebuild("marks")


def killed(world: World, n: int, work: Callable[[World], None]) -> bool:
    """Whether it was, before it was done."""
    child = os.fork()
    if child == 0:
        left = itertools.count(n, -1)
        count(lambda: os._exit(9) if next(left) == 1 else None)
        with World(world.url, synchronous="normal") as mine:
            work(mine)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, 9}, code
    return code == 9


def failed(world: World, n: int, work: Callable[[World], None]) -> bool:
    """The same, for an error of the database."""
    left = itertools.count(n, -1)
    error = world.recorder.engine.dialect.loaded_dbapi.OperationalError

    def fail() -> None:
        if next(left) == 1:
            raise error("disk I/O error")

    FAILING.append(fail)
    try:
        work(world)
    except ProjectionStopped as stopped:
        assert "disk I/O error" in str(stopped)  # noqa: PT017 - whether it is raised depends on n
        return True
    else:
        return False
    finally:
        FAILING.clear()


FAILING: list[Callable[[], None]] = []


def main(url: str, how: str) -> None:
    projector.BATCH, rebuilding.PAGE = 4, 2
    if how == "failed":
        count(lambda: FAILING[0]() if FAILING else None)
    with World(url, synchronous="normal") as world:
        world.happen(*FIRST)
        world.projections.catch_up()
        world.happen(*THEN)
        world.projections.catch_up()
        expected, on_a_server = world.all(), not url.startswith("sqlite")
        for work, before in ((create, False), (rebuild, True), (catch_up, True)):
            for n in itertools.count(1, STRIDE if on_a_server else 1):
                forget(world)
                if before:
                    with pytest.MonkeyPatch.context() as patch:
                        patch.setattr(world.recorder, "head", lambda: len(FIRST))
                        world.projections.catch_up()
                ended = {"killed": killed, "failed": failed}[how](world, n, work)
                assert whole(world)
                work(world)
                world.projections.catch_up()
                complete(world, expected)
                if not ended:
                    print(work.__name__, n - 1)
                    break


def complete(world: World, expected: dict[str, list[Row]]) -> None:
    assert world.all() == expected
    dead = world.projections.dead_letters()
    assert [(letter.name, letter.position) for letter in dead] == [("marks", 3), ("marks", 7)]
    assert {status.state for status in world.projections.status()} == {"live"}
    assert {name for name in inspect(world.recorder.engine).get_table_names() if "__g" in name} == set()


if __name__ == "__main__":
    main(*sys.argv[1:])
