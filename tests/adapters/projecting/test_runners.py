"""Runners keep up with the log, one at a time for each projection, and say where they stand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import OperationalError
from opentelemetry.metrics import CallbackOptions
from sqlalchemy import text

from proposals.adapters.projecting import (
    ProjectionMissing,
    ProjectionNewer,
    ProjectionOutdated,
    Projections,
    ProjectionStopped,
    metrics,
    projector,
    rebuilding,
    waiting,
)
from proposals.adapters.projecting.locks import Locks
from proposals.adapters.store.bell import Bell
from proposals.adapters.store.statements import Statement

from .conftest import Opener
from .worlds import POISON, Opened, World, marked, marks, things, whole

ROOT = Path(__file__).parents[3]
PATIENCE = 60

CHILD = """
import sys, threading
from tests.adapters.projecting.worlds import World
with World(sys.argv[1]) as world:
    print("ready", flush=True)
    world.projections.run(threading.Event())
"""


@contextmanager
def running(*projections: Projections) -> Iterator[list[threading.Event]]:
    """Has each of these run in a thread of its own."""
    stops = [threading.Event() for _ in projections]
    threads = [threading.Thread(target=each.run, args=(stop,)) for each, stop in zip(projections, stops, strict=True)]
    for thread in threads:
        thread.start()
    try:
        yield stops
    finally:
        for stop in stops:
            stop.set()
        for thread in threads:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in threads)


def caught_up(world: World) -> None:
    for name in ("things", "marks"):
        world.projections.wait_for(name, world.recorder.head(), PATIENCE)


def test_a_runner_builds_what_is_not_there_and_keeps_up_until_it_is_told_to_stop(world: World) -> None:
    world.happen(("p-1", marked()))
    with running(world.projections):
        for n in range(20):
            world.happen((f"p-{n % 3}", marked()))
        caught_up(world)
        assert whole(world)
    world.happen(("p-1", marked()))
    with pytest.raises(TimeoutError, match="position 21, not yet at 22"):
        world.projections.wait_for("marks", 22, timeout=0.1)


def test_of_two_runners_one_works_and_the_other_takes_over_when_it_stops(
    shared: World, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = opened(shared.url)
    worked: dict[str, set[int]] = defaultdict(set)
    advance = projector.Projector.advance

    def advance_and_tell(self: Any, *args: Any) -> Any:
        worked[self.name].add(threading.get_ident())
        return advance(self, *args)

    shared.projections.catch_up()
    monkeypatch.setattr(projector.Projector, "advance", advance_and_tell)
    with running(shared.projections, other.projections) as stops:
        for n in range(30):
            shared.happen((f"p-{n % 3}", marked()))
        caught_up(shared)
        first = {name: set(threads) for name, threads in worked.items()}
        assert {name: len(threads) for name, threads in first.items()} == {"things": 1, "marks": 1}
        stops[0].set()
        time.sleep(0.2)
        other.happen(("p-1", marked()))
        caught_up(other)
        stops[1].set()
    assert whole(shared)
    assert shared.projections.dead_letters() == []


@pytest.mark.parametrize("victims", [2])
def test_a_runner_that_is_killed_is_followed_by_the_one_that_waited(shared: World, victims: int) -> None:
    command, environment = [sys.executable, "-c", CHILD, shared.url], {**os.environ, "PYTHONPATH": str(ROOT)}
    children = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(victims + 1)
    ]
    try:
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for child in children[:-1]:
            for n in range(10):
                shared.happen((f"p-{n % 3}", marked()))
            child.send_signal(signal.SIGKILL)
            child.wait(PATIENCE)
            shared.happen(("p-1", marked()))
            caught_up(shared)
            assert whole(shared)
    finally:
        for child in children:
            child.kill()
            child.communicate()
    assert len(shared.rows("mark_times")["mark_times"]) == 11 * victims


def test_nobody_waits_until_a_batch_is_folded(shared: World, opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    shared.projections.catch_up()
    shared.happen(("p-1", marked()))
    other = opened(shared.url, busy_timeout=0.1)
    fold, written = projector.Projector.fold, list[int]()

    def slowly(self: Any, *args: Any) -> Any:
        written.extend(other.happen((f"w-{self.name}", marked())))
        return fold(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(projector.Projector, "fold", slowly)
        shared.projections.catch_up()
    assert written == [2, 3]
    shared.projections.catch_up()
    assert whole(shared)


def test_many_who_catch_up_at_once_do_it_once(shared: World, opened: Opener) -> None:
    worlds = [shared, *(opened(shared.url) for _ in range(3))]
    shared.happen(*((f"p-{n % 5}", marked()) for n in range(50)))
    threads = [threading.Thread(target=each.projections.catch_up) for each in worlds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert {(status.state, status.lag) for status in shared.projections.status()} == {("live", 0)}
    assert whole(shared)


def test_a_lock_is_of_one_holder_and_free_when_that_one_is_gone(world: World) -> None:
    with Locks(world.recorder) as first, Locks(world.recorder) as second:
        assert first.take("things")
        assert first.take("things")
        assert not second.take("things")
        assert second.take("marks")
        first.release("things")
        assert second.take("things")
    with Locks(world.recorder) as third:
        assert third.take("things")
        assert third.take("marks")


def test_a_lock_on_a_server_is_lost_with_its_session(postgres_url: str, opened: Opener) -> None:
    world = opened(postgres_url)
    with Locks(world.recorder) as first, Locks(world.recorder) as second:
        assert first.take("things")
        with world.recorder.engine.connect() as connection:
            others = "SELECT pid FROM pg_locks WHERE locktype = 'advisory'"
            connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM ({others}) AS holders"))
        with pytest.raises(OperationalError):
            first.take("things")
        assert second.take("things")
        assert not first.take("things")


def test_what_an_older_version_made_is_left_alone_until_it_is_rebuilt(world: World) -> None:
    world.happen(("p-1", Opened(title="a")))
    world.projections.catch_up()
    world.happen(("p-1", Opened(title="b")))
    before = world.all()
    newer = world.with_(things(version=2), marks())

    acts: list[Callable[[], object]] = [
        newer.catch_up,
        lambda: newer.replay("things"),
        lambda: newer.wait_for("things", 1, timeout=0),  # it has come there, but not by this version
    ]
    for act in acts:
        with pytest.raises(ProjectionOutdated, match="proposals rebuild things"):
            act()
    status = newer.status()[0]
    assert (status.state, status.stored, status.lag) == ("outdated", 1, 1)
    assert world.all() == before
    newer.rebuild("things")
    assert newer.rows(things(version=2).tables["things"].table) == [{"stream": "p-1", "title": "B", "seen": 0}]
    acts = [
        world.projections.catch_up,
        lambda: world.projections.rebuild("things"),
        lambda: world.projections.wait_for("things", 1, timeout=0),
    ]
    for act in acts:
        with pytest.raises(ProjectionNewer, match="newer release"):
            act()
    assert world.projections.status()[0].state == "newer"


def test_one_projection_that_fails_does_not_keep_the_others_from_running(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.projections.catch_up()
    with running(world.with_(things(version=2), marks())):
        world.happen(("p-1", marked()))
        world.projections.wait_for("marks", 1, PATIENCE)
    assert [status.position for status in world.projections.status()] == [0, 1]
    assert "projection things is stored in version 1, and this is version 2" in caplog.text


def test_a_runner_that_met_an_error_of_the_database_goes_on_when_that_is_over(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.projections.catch_up()
    with world.recorder.beside_the_log() as transaction:
        transaction.ask([])
        transaction.define(["ALTER TABLE marks RENAME TO away"])
        transaction.tell([])
    with running(world.projections):
        world.happen(("p-1", marked()))
        world.projections.wait_for("things", 1, PATIENCE)
        while "projection marks stopped at position 0" not in caplog.text:
            time.sleep(0.01)
        with world.recorder.beside_the_log() as transaction:
            transaction.ask([])
            transaction.define(["ALTER TABLE away RENAME TO marks"])
            transaction.tell([])
        caught_up(world)
    assert whole(world)


class Stop(threading.Event):
    """Told to wait, it notes for how long, and after five times it is set."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0)
        if len(self.waits) == 5:
            self.set()
        return self.is_set()


def test_a_log_that_cannot_be_read_is_left_alone_for_longer_each_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> int:
        raise OperationalError("server is down")

    monkeypatch.setattr(world.recorder, "head", down)
    monkeypatch.setattr(waiting, "monotonic", lambda: 0.0)
    stop = Stop()
    world.projections.run(stop)
    assert stop.waits == [0.02, 0.04, 0.08, 0.16, 0.32]


def test_an_idle_runner_asks_for_the_head_and_all_standings_and_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.happen(("p-1", marked()))
    world.projections.catch_up()
    asked, stop, read = [], threading.Event(), world.recorder.read

    def counted(statement: Statement, *values: Any) -> list[Any]:
        asked.append(statement.sql.partition("FROM ")[2].split()[0])
        return read(statement, *values)

    monkeypatch.setattr(world.recorder, "read", counted)
    monkeypatch.setattr(Locks, "take", lambda _self, name: asked.append(f"the lock of {name}"))
    monkeypatch.setattr(Bell, "wait", lambda _self, _head: stop.set())
    world.projections.run(stop)
    assert asked == ["log_head", "projections"]


def test_a_leader_that_fails_gives_way_to_one_that_does_not(
    shared: World, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()

    def fail(*_: object) -> None:
        failed.set()
        raise OperationalError("this process may not write")

    shared.projections.catch_up()
    for each in shared.projections._projectors.values():
        monkeypatch.setattr(each, "advance", fail)
    other = opened(shared.url)
    with running(shared.projections):
        shared.happen(("p-1", marked()))
        assert failed.wait(PATIENCE)
        with running(other.projections):
            caught_up(other)
        other.happen(("p-1", marked()))
        other.projections.catch_up()
    assert whole(other)


class Clock:
    """A minute goes by whenever somebody sleeps, and then something happens."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object] = lambda: None) -> None:
        self.now, self._happens = 0.0, happens
        monkeypatch.setattr(waiting, "monotonic", lambda: self.now)
        monkeypatch.setattr(waiting, "sleep", self.sleep)

    def sleep(self, _seconds: float) -> None:
        self.now += 60
        self._happens()


@pytest.mark.parametrize("lock", ["marks", "marks.rebuild"])
def test_who_waits_for_another_that_does_not_get_on_is_told(
    shared: World, opened: Opener, lock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = opened(shared.url).projections
    waits: list[Callable[[], object]] = [lambda: other.catch_up("marks"), lambda: other.rebuild("marks")]
    if lock == "marks":
        shared.projections.catch_up()
        waits.pop()  # a rebuild does not mind who runs it
    shared.happen(("p-1", marked()))
    clock = Clock(monkeypatch)
    with Locks(shared.recorder) as hangs:
        assert hangs.take(lock)
        for each in waits:
            with pytest.raises(ProjectionStopped, match=r"marks stopped at position 0: another process .* end it"):
                each()
    assert clock.now == 180 * len(waits)
    other.catch_up()
    assert whole(shared)


def test_who_waits_for_another_is_patient_as_long_as_that_one_gets_on(
    shared: World, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.projections.catch_up()
    shared.happen(*[("p-1", marked())] * 10)
    one = shared.projections._projectors["marks"]

    def goes_on() -> None:
        standing = one.live(one.standings())
        one.advance(one.tables, standing, standing.position + 1)

    clock = Clock(monkeypatch, goes_on)
    with Locks(shared.recorder) as slow:
        assert slow.take("marks")
        opened(shared.url).projections.catch_up("marks")
    assert clock.now == 600
    assert whole(shared)


def test_a_runner_goes_on_with_the_others_while_another_builds_one(shared: World, opened: Opener) -> None:
    shared.projections.catch_up("marks")
    with Locks(shared.recorder) as builds:
        assert builds.take("things.rebuild")
        with running(opened(shared.url).projections):
            shared.happen(("p-1", marked()))
            shared.projections.wait_for("marks", 1, PATIENCE)
            builds.release("things.rebuild")
            caught_up(shared)
    assert whole(shared)


def test_others_run_what_a_runner_ran_before_while_that_one_builds(
    shared: World, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.projections.catch_up("marks")
    shared.happen(("p-1", marked()))
    building, built, build = threading.Event(), threading.Event(), rebuilding.Rebuild._build

    def slowly(self: Any, *args: Any) -> None:
        building.set()
        assert built.wait(PATIENCE)
        build(self, *args)

    monkeypatch.setattr(rebuilding.Rebuild, "_build", slowly)
    last_first = opened(shared.url, marks(), things())
    with running(last_first.projections):
        assert building.wait(PATIENCE)
        shared.happen(("p-1", marked()))
        shared.projections.catch_up("marks")
        built.set()
        caught_up(shared)
    assert whole(shared)


def test_what_is_not_there_is_said(world: World) -> None:
    assert [(status.name, status.state, status.lag) for status in world.projections.status()] == [
        ("things", "missing", 0),
        ("marks", "missing", 0),
    ]
    with pytest.raises(ProjectionMissing, match="proposals rebuild marks"):
        world.projections.replay("marks")
    with pytest.raises(TimeoutError):
        world.projections.wait_for("marks", 0, timeout=0)
    with pytest.raises(ValueError, match="no projection is called nothing; there are things, marks"):
        world.projections.catch_up("nothing")
    with pytest.raises(ValueError, match="two projections are called things"):
        world.with_(things(), things())


def test_progress_goes_up_to_the_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projector, "BATCH", 4)
    told: list[tuple[str, int, int]] = []
    world.happen(*((f"p-{n}", marked()) for n in range(10)))
    world.projections.catch_up("marks", progress=lambda *what: told.append(what))
    world.happen(*((f"q-{n}", marked()) for n in range(10)))
    world.projections.catch_up("marks", progress=lambda *what: told.append(what))
    assert told == [("marks", 10, 10), ("marks", 14, 20), ("marks", 18, 20), ("marks", 20, 20)]


def test_an_error_names_the_projection_and_where_it_stopped_and_moves_nothing(world: World) -> None:
    world.happen(("p-1", marked()))
    world.projections.catch_up()
    world.happen(("p-1", marked()))
    with world.recorder.beside_the_log() as transaction:
        transaction.ask([])
        transaction.define(["DROP TABLE mark_times"])
        transaction.tell([])

    with pytest.raises(ProjectionStopped, match=r"projection marks stopped at position 1: .*mark_times"):
        world.projections.catch_up("marks")
    assert world.rows("marks")["marks"][0]["weight"] == 1
    assert [status.position for status in world.projections.status()] == [1, 1]
    world.projections.catch_up("things")


def test_a_full_disk_is_reported_and_moves_nothing(tmp_path: Path, opened: Opener) -> None:
    world = opened(f"sqlite:///{tmp_path}/store.db")
    world.projections.catch_up()
    world.happen(*((f"p-{n}", Opened(title="x" * 1000)) for n in range(50)))
    with world.recorder.writers.connection() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    acts: list[Callable[[], object]] = [world.projections.catch_up, lambda: world.projections.rebuild("things")]
    for act in acts:
        with pytest.raises(ProjectionStopped, match=r"projection things stopped at position 0: .*full"):
            act()
    assert world.projections.status()[0].position == 0
    assert world.rows("things")["things"] == []
    with world.recorder.writers.connection() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    world.projections.rebuild("things")
    world.projections.catch_up()
    assert whole(world)


def test_one_that_only_another_program_has_is_shown_with_what_waits_in_it(world: World) -> None:
    world.happen(("p-1", marked("a", POISON)), ("p-2", marked()))
    world.projections.catch_up()
    world.happen(("p-2", marked()))
    knows_one = world.with_(things())

    assert [(status.name, status.state, status.version) for status in knows_one.status()] == [
        ("things", "live", 1),
        ("marks", "unknown", None),
    ]
    there = knows_one.status()[1]
    assert (there.stored, there.position, there.lag, there.dead_letters) == (1, 2, 1, 1)
    assert [letter.name for letter in knows_one.dead_letters()] == ["marks"]
    assert knows_one.dead_letters("things") == []
    with pytest.raises(ValueError, match="no projection is called marks"):
        knows_one.dead_letters("marks")
    with metrics.observed(knows_one, world.recorder.store_id):  # its figures are for its own program to tell
        assert len(list(metrics._lag(CallbackOptions()))) == 1


def test_the_figures_of_two_stores_in_one_process_are_told_apart(world: World, opened: Opener) -> None:
    other = opened()
    with ExitStack() as both:
        for each in (world, other):
            both.enter_context(metrics.observed(each.projections, each.recorder.store_id))
        seen = [tuple((figure.attributes or {}).items()) for figure in metrics._lag(CallbackOptions())]
    assert len(set(seen)) == len(seen) == 4


def test_lag_and_dead_letters_are_figures_for_whoever_collects_them(world: World) -> None:
    world.happen(("p-1", marked("a", 666)), ("p-1", marked()))
    world.projections.catch_up()
    world.happen(("p-2", marked()))
    options = CallbackOptions()
    with metrics.observed(world.projections, world.recorder.store_id):
        lags, letters = list(metrics._lag(options)), list(metrics._dead_letters(options))
    assert [(seen.value, seen.attributes) for seen in lags] == [
        (1, {"store": world.recorder.store_id, "projection": "things"}),
        (1, {"store": world.recorder.store_id, "projection": "marks"}),
    ]
    assert [seen.value for seen in letters] == [0, 2]
    assert list(metrics._lag(options)) == []
