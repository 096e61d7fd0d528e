"""Where a command of ours spends its time: the door's own parts, each with a stopwatch around it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from proposals.application import work

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.made_up import Turn

LOAD, DECIDE, MAP, APPEND, REST = (
    "load: read and fold the case",
    "decide and evolve",
    "map to the stored form",
    "append and commit",
    "the rest: make and check the command, ids, fingerprint, wake-ups",
)


def stages(ours: Any, turn: Turn) -> dict[str, tuple[float, float]]:
    """Wall and CPU seconds of each stage over some commands. The stopwatches cost a few microseconds a command."""
    spent: dict[str, list[float]] = {stage: [0.0, 0.0] for stage in (LOAD, DECIDE, MAP, APPEND)}
    app = ours.app
    inside = [0.0, 0.0]  # what a stage that runs inside another has taken from it

    def timed(stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            before = tuple(inside)
            wall, cpu = time.perf_counter(), time.thread_time()
            try:
                return call(*args, **kwargs)
            finally:
                took = time.perf_counter() - wall, time.thread_time() - cpu
                for clock in (0, 1):
                    nested = inside[clock] - before[clock]
                    spent[stage][clock] += took[clock] - nested
                    inside[clock] += took[clock] - nested

        return run

    real = {name: getattr(work, name) for name in ("decide", "evolve")}
    for name, call in real.items():
        setattr(work, name, timed(DECIDE, call))
    app.reader.load = timed(LOAD, app.reader.load)
    app.mapper.to_stored_event = timed(MAP, app.mapper.to_stored_event)
    app.recorder.insert_events = timed(APPEND, app.recorder.insert_events)
    try:
        ready = ours.ready("command", turn)
        wall, cpu = time.perf_counter(), time.thread_time()
        ours.run("command", ready, turn)
        whole = time.perf_counter() - wall, time.thread_time() - cpu
    finally:
        for name, call in real.items():
            setattr(work, name, call)
        for part, name in (
            (app.reader, "load"),
            (app.mapper, "to_stored_event"),
            (app.recorder, "insert_events"),
        ):
            delattr(part, name)
    result = {stage: (wall, cpu) for stage, (wall, cpu) in spent.items()}
    walls, cpus = zip(*result.values(), strict=True)
    result[REST] = (whole[0] - sum(walls), whole[1] - sum(cpus))
    return result
