"""A long log is rebuilt while four writers append: reads are of one moment, the swap is at one stroke, the lag goes.

`nightly` has a million events. How long it took, and how long others were held up, is printed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from sqlalchemy import ScalarSelect, func, select

from proposals.adapters.store.schema import LOG_HEAD, PROJECTIONS

from .conftest import Opener
from .test_runners import ROOT, running
from .worlds import World, event, marked, marks, things, whole
from .writing import LENGTH

EVENTS = 1_000_000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 4_000
AT_ONCE = 10_000
WRITERS = 4
PATIENCE = 60 + EVENTS / 1_000
"""Seconds."""

THINGS = things().tables["things"].table
MARKS, TIMES = (shape.table for shape in marks().tables.values())


def reached(name: str) -> ScalarSelect[Any]:
    live = PROJECTIONS.c.name == name, PROJECTIONS.c.live == 1
    return select(PROJECTIONS.c.position).where(*live).scalar_subquery()


SEEN = select(
    select(LOG_HEAD.c.position).scalar_subquery().label("head"),
    reached("things").label("things"),
    reached("marks").label("marks"),
    select(func.sum(THINGS.c.marked)).scalar_subquery().label("marked"),
    select(func.sum(MARKS.c.weight)).scalar_subquery().label("weight"),
    select(func.count()).select_from(TIMES).scalar_subquery().label("times"),
)
"""What everyone can see at one moment. Each event of the log marks something once: these are the same numbers."""


def fill(world: World) -> None:
    for start in range(0, EVENTS, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, EVENTS))
        world.recorder.insert_events([event(f"p-{n // LENGTH}", n % LENGTH + 1, marked(f"m-{n % 3}")) for n in numbers])


@contextmanager
def writing(url: str, stop: Path) -> Iterator[list[tuple[int, float]]]:
    """Has four processes append; then gives how many events each did, and how many seconds the slowest of them took."""
    command = [sys.executable, str(Path(__file__).with_name("writing.py")), url]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    told: list[tuple[int, float]] = []
    writers = [
        subprocess.Popen([*command, str(n), str(stop)], env=environment, stdout=subprocess.PIPE, text=True)
        for n in range(WRITERS)
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "writing\n"
        yield told
        stop.touch()
        for writer in writers:
            said, _ = writer.communicate(timeout=PATIENCE)
            assert writer.returncode == 0
            count, longest = said.split()
            told.append((int(count), float(longest)))
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()


@contextmanager
def watching(world: World) -> Iterator[list[dict[str, int]]]:
    """Has somebody look again and again; gives what was seen."""
    seen: list[dict[str, int]] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            began = perf_counter()
            seen.extend(world.projections.rows(SEEN))
            sleep(perf_counter() - began)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join(PATIENCE)


def test_a_rebuild_goes_on_while_four_writers_append(shared_url: str, opened: Opener, tmp_path: Path) -> None:
    world = opened(shared_url, synchronous="normal")
    fill(world)
    world.projections.catch_up()
    took = {}
    with running(opened(shared_url, synchronous="normal").projections), watching(opened(shared_url)) as seen:
        with writing(shared_url, tmp_path / "stop") as appended:
            for name in ("things", "marks"):
                began = perf_counter()
                world.projections.rebuild(name)
                took[name] = round(perf_counter() - began, 1)
        for name in ("things", "marks"):
            world.projections.wait_for(name, world.recorder.head(), PATIENCE)

    assert world.recorder.head() == EVENTS + sum(count for count, _ in appended)
    assert {status.lag for status in world.projections.status()} == {0}
    assert [status.state for status in world.projections.status()] == ["live", "live"]
    assert [now for now in seen if now["marked"] != now["things"]] == []
    assert [now for now in seen if not now["weight"] == now["times"] == now["marks"]] == []
    for name in ("head", "things", "marks"):
        assert [now[name] for now in seen] == sorted(now[name] for now in seen)
    assert whole(world)
    lags = [now["head"] - min(now["things"], now["marks"]) for now in seen]
    print(
        f"{EVENTS:,} events; rebuilt in {took} s; appended meanwhile {[count for count, _ in appended]}, the slowest"
        f" in {max(longest for _, longest in appended):.2f} s; looked {len(seen)} times, lag at most {max(lags):,}"
    )
