"""A rebuild beside the live tables: readers see the old or the new, never half, and nothing goes back."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select, text

from proposals.adapters.projecting import Projections, ProjectionStopped, projector, rebuilding
from proposals.adapters.projecting.locks import Locks

from .conftest import Opener
from .test_runners import PATIENCE, caught_up, running
from .worlds import POISON, Marked, Opened, World, marked, marks, positions, things, whole

WRITERS, EACH = 4, 30


def wrongs(reader: World, done: threading.Event) -> list[tuple[int, int, int]]:
    """What a reader sees that is less than there was at the beginning, or than it saw before."""
    wrong, seen = [], 0
    while not done.is_set():
        here = sum(row["marked"] for row in reader.rows("things")["things"])
        position = positions(reader)["things"]
        if here < 20 or position < seen:
            wrong.append((here, position, seen))
        seen = position
    return wrong


def test_it_goes_on_while_writers_append_and_readers_read(
    shared: World, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "BATCH", 20)
    monkeypatch.setattr(rebuilding, "PAGE", 20)
    for n in range(60):
        shared.happen((f"p-{n % 20}", Opened(title="t")), (f"p-{n % 20}", marked()))
    shared.projections.catch_up()
    done, wrong = threading.Event(), []

    def write(n: int) -> None:
        writer = opened(shared.url)
        for _ in range(EACH):
            writer.happen((f"w-{n}", marked()))

    runner = opened(shared.url)
    with running(runner.projections):
        reader = threading.Thread(target=lambda: wrong.extend(wrongs(opened(shared.url), done)))
        writers = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
        for thread in (reader, *writers):
            thread.start()
        for _ in range(3):
            for name in ("things", "marks"):
                shared.projections.rebuild(name)
        for thread in writers:
            thread.join(PATIENCE)
        caught_up(shared)
        done.set()
        reader.join(PATIENCE)
    assert wrong == []
    assert whole(shared)
    assert {status.lag for status in shared.projections.status()} == {0}
    assert len(shared.projections.status()) == 2


def interrupted(projections: Projections, name: str) -> None:
    """A rebuild that ends when all is filled in, and not caught up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rebuilding.Rebuild, "_caught_up", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            projections.rebuild(name)


def test_what_was_begun_by_another_version_is_dropped(world: World) -> None:
    world.happen(("p-1", Opened(title="a")))
    world.projections.catch_up("things")
    interrupted(world.projections, "things")
    assert [(status.state, status.stored) for status in world.projections.status()[:2]] == [
        ("live", 1),
        ("building", 1),
    ]
    newer = world.with_(things(version=2))

    newer.rebuild("things")

    assert [(status.state, status.stored) for status in newer.status()] == [("live", 2)]
    tables = set(inspect(world.recorder.engine).get_table_names()) if world.url != "sqlite://" else set()
    assert not any("__g" in table for table in tables)
    assert newer.rows(things(version=2).tables["things"].table)[0]["title"] == "A"


@pytest.mark.parametrize("live", [True, False])
def test_a_rebuild_after_a_mend_does_not_go_on_with_what_one_before_it_had_made(world: World, *, live: bool) -> None:
    world.happen(("p-1", marked("a", POISON)), ("p-2", marked()))
    if live:
        world.projections.catch_up("marks")
    interrupted(world.projections, "marks")
    mended = world.with_(things(), marks(mended=True))

    mended.rebuild("marks")

    assert mended.dead_letters() == []
    assert world.rows("marks", "mark_times") == world.folded(marks(mended=True))
    assert [standing.generation for standing in mended._projectors["marks"].standings()] == [2 + live]


def test_one_that_is_missing_is_built_on_from_where_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.happen(("p-1", marked()), ("p-2", marked()))
    interrupted(world.projections, "marks")
    monkeypatch.setattr(rebuilding.Rebuild, "_filled", None)  # it is not filled in again
    world.happen(("p-3", marked()))
    told: list[Any] = []
    world.projections.catch_up("marks", progress=lambda *what: told.append(what))
    assert told == [("marks", 3, 3)]
    assert [standing.generation for standing in world.projections._projectors["marks"].standings()] == [1]
    assert whole(world)


def test_one_that_goes_on_tells_how_far_it_is_from_where_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "PAGE", 2)
    world.happen(*((f"p-{n}", Marked(mark="m", weight=m)) for n in range(3) for m in range(2)))
    told: list[Any] = []

    def stop_at_once(*what: Any) -> None:
        told.append(what)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.projections.catch_up("marks", progress=stop_at_once)
    world.projections.catch_up("marks", progress=lambda *what: told.append(what))

    assert told == [("marks", 2, 6), ("marks", 4, 6), ("marks", 6, 6)]
    assert whole(world)


def test_tables_that_were_thrown_away_are_built_again(world: World) -> None:
    world.happen(("p-1", marked()))
    world.projections.catch_up()
    with world.recorder.beside_the_log() as transaction:
        transaction.ask([])
        transaction.define(["DROP TABLE marks", "DROP TABLE mark_times"])
        transaction.tell([])
    world.happen(("p-1", marked()))
    world.projections.rebuild("marks")
    world.projections.catch_up()
    assert whole(world)


def test_tables_and_indexes_of_a_version_that_has_others_go(shared: World) -> None:
    shared.happen(("p-1", marked()))
    shared.projections.catch_up("marks")
    slim = marks()
    slim.version = 2
    del slim.tables["mark_times"]
    slim.handlers.clear()

    shared.with_(slim).rebuild("marks")

    tables = inspect(shared.recorder.engine)
    assert "mark_times" not in tables.get_table_names()
    assert [index["column_names"] for index in tables.get_indexes("marks")] == [["due"]]


def test_another_rebuild_waits_and_one_that_is_not_needed_is_not_done(shared: World, opened: Opener) -> None:
    shared.happen(("p-1", marked()))
    other = opened(shared.url)
    with Locks(shared.recorder) as locks:
        assert locks.take("marks.rebuild")
        waiting = threading.Thread(target=other.projections.catch_up, args=("marks",))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        rebuilding.Rebuild(shared.projections._projectors["marks"], locks, rebuilding.untold).run(anew=True)
        waiting.join(PATIENCE)
    assert not waiting.is_alive()
    assert [standing.generation for standing in shared.projections._projectors["marks"].standings()] == [1]
    assert len(shared.rows("marks")["marks"]) == 1


def test_many_who_open_a_store_with_one_inline_build_it_once(shared: World, opened: Opener) -> None:
    shared.happen(("p-1", marked()))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: opened(shared.url, inline=["marks"]), range(4)))
    assert [standing.generation for standing in shared.projections._projectors["marks"].standings()] == [1]
    assert len(shared.rows("marks")["marks"]) == 1


def test_a_reader_in_a_transaction_keeps_what_it_sees_and_nobody_waits_long(
    postgres_url: str, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The swap gives up soon, and is tried again, for whoever comes after it would have to wait with it."""
    world = opened(postgres_url)
    world.happen(("p-1", marked()))
    world.projections.catch_up()
    with world.recorder.engine.connect() as reader:
        reader.execute(text("SELECT * FROM marks"))
        thread = threading.Thread(target=world.projections.rebuild, args=("marks",))
        thread.start()
        for _ in range(20):
            assert len(world.rows("marks")["marks"]) == 1
        assert thread.is_alive()
        reader.rollback()
        thread.join(PATIENCE)
    assert not thread.is_alive()

    monkeypatch.setattr(rebuilding, "PATIENCE", 2)
    with world.recorder.engine.connect() as reader:
        reader.execute(text("SELECT * FROM marks"))
        with pytest.raises(ProjectionStopped, match="lock timeout"):
            world.projections.rebuild("marks")
    world.projections.rebuild("marks")
    assert whole(world)


def test_a_view_is_whole_though_a_rebuild_swaps_the_tables_while_it_is_read(
    shared: World, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.happen(("p-1", marked()))
    shared.projections.catch_up()
    rebuild = threading.Thread(target=opened(shared.url).projections.rebuild, args=("marks",))
    live = projector.Projector.live

    def swapped_meanwhile(self: Any, standings: Any) -> Any:
        if not rebuild.ident:
            rebuild.start()
            rebuild.join(1)  # as far as it comes
        return live(self, standings)

    expected = shared.projections.view("marks").rows
    monkeypatch.setattr(shared.projections, "catch_up", lambda *_, **__: None)
    monkeypatch.setattr(projector.Projector, "live", swapped_meanwhile)
    assert shared.projections.view("marks").rows == expected
    rebuild.join(PATIENCE)
    assert not rebuild.is_alive()
    assert whole(shared)


def test_a_reader_in_a_transaction_on_sqlite_keeps_what_it_sees(tmp_path: Path, opened: Opener) -> None:
    world = opened(f"sqlite:///{tmp_path}/store.db")
    world.happen(("p-1", marked()))
    world.projections.catch_up()
    with world.recorder.engine.connect().execution_options(read_only=True) as reader:
        assert len(reader.execute(text("SELECT * FROM marks")).all()) == 1
        world.happen(("p-2", marked()))
        world.projections.rebuild("marks")
        assert len(reader.execute(text("SELECT * FROM marks")).all()) == 1
        reader.rollback()
        assert len(reader.execute(text("SELECT * FROM marks")).all()) == 2


def test_a_hosts_view_on_sqlite_stays(tmp_path: Path, opened: Opener) -> None:
    world = opened(f"sqlite:///{tmp_path}/store.db")
    world.happen(("p-1", marked()))
    world.projections.catch_up()
    with world.recorder.engine.begin() as host:
        host.execute(text("CREATE VIEW heavy AS SELECT * FROM marks WHERE weight > 0"))
    world.projections.rebuild("marks")
    with world.recorder.engine.begin() as host:
        assert len(host.execute(text("SELECT * FROM heavy")).all()) == 1


def test_a_hosts_table_of_the_same_name_is_left_alone(world: World) -> None:
    with world.recorder.beside_the_log() as transaction:
        transaction.ask([])
        transaction.define(["CREATE TABLE things (id INTEGER)"])
        transaction.tell([])
    with pytest.raises(ProjectionStopped, match=r"projection things stopped at position 0: .*things"):
        world.projections.catch_up("things")
    assert world.projections.rows(select(text("id")).select_from(text("things"))) == []


def test_a_long_stream_is_in_one_piece(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "PAGE", 3)
    world.happen(*(("p-1", Marked(mark=f"m{n}", weight=n)) for n in range(50)), ("p-2", marked()))
    told: list[Any] = []
    world.projections.catch_up("marks", progress=lambda *what: told.append(what))
    assert told == [("marks", 50, 51), ("marks", 51, 51)]
    assert whole(world)
