"""A writer that appends until it is told to stop: `python writing.py URL NUMBER STOP`.

A process of its own, as writers are. It ends when there is a file STOP, and says how many events it appended, and how
long the slowest append took.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from time import perf_counter, sleep

from tests.adapters.projecting.worlds import World, event, marked

LENGTH = 10
"""Events of a stream."""

PAUSE = 0.005
"""Seconds. SQLite has no queue: whoever writes again at once keeps the others waiting."""


def main(url: str, number: str, stop: str) -> None:
    longest, end = 0.0, Path(stop)
    with World(url, synchronous="normal") as world:
        for n in itertools.count():
            began = perf_counter()
            world.recorder.insert_events([event(f"w-{number}-{n // LENGTH}", n % LENGTH + 1, marked(f"m-{n % 3}"))])
            longest = max(longest, perf_counter() - began)
            if n == 0:
                print("writing", flush=True)
            if end.exists():
                break
            sleep(PAUSE)
    print(n + 1, longest)


if __name__ == "__main__":
    main(*sys.argv[1:])
