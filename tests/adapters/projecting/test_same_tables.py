"""Whatever way they were made, the tables are the fold of the log."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from eventsourcing.persistence import PersistenceError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event as event_of
from sqlalchemy import func, literal, select, text

from proposals.adapters.projecting import Projections, projector, rebuilding, views
from proposals.adapters.store import backup, restore
from proposals.domain.event import Event
from tests.postgres import empty

from .conftest import Opener
from .worlds import NOON, Passed, World, event, logs, marked, marks, things, whole, without_poison

Log = list[tuple[str, Event]]
SIZES = (1, 7, 500)
LATER = datetime(9000, 1, 1, tzinfo=UTC)
"""An earlier time is folded in memory, and so is this."""


def in_memory(read_models: Projections, until: datetime = LATER) -> dict[str, list[dict[str, Any]]]:
    return read_models.view(until=until).rows


@contextmanager
def fresh(kind: str, request: pytest.FixtureRequest) -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/store.db" if kind == "file" else "sqlite://"
        if kind == "postgres":
            url = request.getfixturevalue("one_database")
            empty(url)
        with World(url, synchronous="normal") as world:
            yield world


@pytest.mark.parametrize("kind", ["memory", "file", "postgres"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(log=logs, size=st.sampled_from(SIZES), cut=st.integers(1, 9))
def test_in_batches_rebuilt_and_folded_in_memory_they_are_alike(
    kind: str, request: pytest.FixtureRequest, log: Log, size: int, cut: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, fresh(kind, request) as world:
        patch.setattr(projector, "BATCH", size)
        patch.setattr(rebuilding, "PAGE", size)
        for start in range(0, max(len(log), 1), cut):
            world.happen(*log[start : start + cut])
            world.projections.catch_up()
        incremental, dead = world.all(), world.projections.dead_letters()
        assert whole(world)

        for name in ("things", "marks"):
            world.projections.rebuild(name)
        assert world.all() == incremental
        assert [letter[2:] for letter in world.projections.dead_letters()] == [letter[2:] for letter in dead]

        mended = world.with_(things(), marks(mended=True))
        assert mended.replay("marks") == len(dead)
        assert mended.dead_letters() == []
        assert world.all() == world.folded(things(), marks(mended=True))
        assert in_memory(mended) == world.folded(things(), marks(mended=True))

    with World() as other:
        other.happen(*without_poison(log))
        assert other.folded()["marks"] == incremental["marks"]


def test_an_earlier_time_is_folded_out_of_what_had_happened_by_then(world: World) -> None:
    times = [f"2030-01-0{day}T00:00:00.000000Z" for day in (3, 1, 2)]  # entered in another order than it happened
    world.recorder.insert_events(
        [replace(event("p-1", n, marked("red", n)), occurred_at=at) for n, at in enumerate(times, 1)]
    )
    views = [world.projections.view("marks", until=datetime.fromisoformat(at)) for at in sorted(times)]
    assert [row["weight"] for view in views for row in view.rows["marks"]] == [2, 5, 6]
    assert [view.position for view in views] == [3, 3, 3]
    assert in_memory(world.projections, NOON - timedelta(days=900)) == {"things": [], "marks": [], "mark_times": []}


def test_what_is_folded_in_memory_tells_how_far_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "BATCH", 4)
    world.happen(*((f"p-{n}", marked()) for n in range(9)), ("p-0", Passed()))
    told: list[tuple[str, int, int]] = []
    world.projections.view(until=LATER, progress=lambda *what: told.append(what))
    assert told == [("things, marks", 4, 10), ("things, marks", 8, 10), ("things, marks", 10, 10)]


def test_an_event_of_another_release_is_not_passed_over(world: World) -> None:
    """Nobody here can say that it changes nothing: its stream waits, for the tables as in memory, and others go on."""
    world.recorder.insert_events([replace(event("p-1", 1, marked()), topic="FromTheFuture")])
    world.happen(("p-1", marked()), ("p-2", marked()), ("p-2", Passed()))
    world.projections.catch_up("things")
    world.projections.rebuild("marks")

    assert {(letter.name, letter.stream, letter.version) for letter in world.projections.dead_letters()} == {
        (name, "p-1", version) for name in ("things", "marks") for version in (1, 2)
    }
    stored, folded = world.projections.view(), world.projections.view(until=LATER)
    assert stored.rows == folded.rows == world.all()
    assert stored.waiting == folded.waiting == {"p-1"}
    assert [row["stream"] for row in stored.rows["marks"]] == ["p-2"]


def test_what_was_projected_already_does_no_harm(world: World) -> None:
    world.happen(("p-1", marked()), ("p-2", marked("green")))
    world.projections.catch_up()
    before = world.all()

    for _ in range(3):
        world.projections.catch_up()
        one = world.projections._projectors["marks"]
        standing = one.live(one.standings())
        assert one.advance(one.tables, standing._replace(position=0), 2) is None

    assert world.all() == before


@pytest.mark.parametrize("log", [[], [("p-1", marked())]])
def test_tables_are_there_before_and_after_the_first_event(world: World, log: Log) -> None:
    world.projections.catch_up()
    assert world.all() == {"things": [], "marks": [], "mark_times": []}
    world.happen(*log)
    world.projections.catch_up()
    assert whole(world)
    assert len(world.all()["marks"]) == len(log)


def test_a_restored_store_makes_its_tables_again(shared: World, opened: Opener, tmp_path: object) -> None:
    """What projections have made is not saved; a store that is restored has them at its beginning."""
    shared.happen(("p-1", marked()), ("p-2", marked("green", 666)), ("p-2", marked()))
    shared.projections.catch_up()
    file = f"{tmp_path}/backup.gz"
    backup(shared.recorder, file)
    before, dead = shared.all(), shared.projections.dead_letters()
    other = opened(f"sqlite:///{tmp_path}/other.db")
    other.projections.catch_up()

    restore(file, other.recorder)

    assert [(status.position, status.lag) for status in other.projections.status()] == [(0, 3), (0, 3)]
    other.projections.catch_up()
    assert other.all() == before
    assert other.projections.dead_letters() == dead


def test_reading_rows_opens_no_connection_of_its_own(world: World) -> None:
    world.projections.catch_up()
    opened: list[object] = []
    event_of.listen(world.recorder.engine, "connect", lambda *_: opened.append(1))
    for _ in range(3):
        world.all()
    assert opened == []


def test_rows_are_read_when_the_server_has_closed_the_connections_meanwhile(postgres_url: str, opened: Opener) -> None:
    world = opened(postgres_url)
    world.happen(("p-1", marked()))
    world.projections.catch_up()
    before = world.all()
    with world.recorder.engine.connect() as connection:
        mine = "pid <> pg_backend_pid() AND datname = current_database()"
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}"))
    assert world.all() == before


def test_a_query_that_fails_leaves_nothing_behind_for_the_next(world: World) -> None:
    with pytest.raises(PersistenceError, match="nowhere"):
        world.projections.rows(select(text("x")).select_from(text("nowhere")))
    with pytest.raises(PersistenceError):
        world.projections.rows(select(literal(object())))
    assert world.recorder.head() == 0
    world.projections.catch_up()
    assert world.all() == {"things": [], "marks": [], "mark_times": []}


def test_queries_are_planned_as_the_server_would_and_ours_as_before(postgres_url: str, opened: Opener) -> None:
    world = opened(postgres_url)
    asked = select(func.current_setting("enable_seqscan").label("seqscan"))
    assert world.projections.rows(asked) == [{"seqscan": "on"}]
    with world.recorder.readers.connection() as connection:
        assert connection.execute("SELECT current_setting('enable_seqscan')").fetchone() == ("off",)


def test_rows_come_by_their_keys_whatever_order_they_were_written_in(shared: World) -> None:
    for stream in ("p-3", "p-1", "p-2"):
        shared.happen((stream, marked("red")), (stream, marked("green")))
        shared.projections.catch_up()
    table = shared.projections._projectors["marks"].projection.tables["marks"].table
    keys = [(row["stream"], row["mark"]) for row in shared.projections.rows(table)]
    assert keys == sorted(keys)
    assert len(keys) == 6
