"""Many at once: threads that start together, and what came of each."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from proposals import Refused

REPEATED = 30 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 3
"""How often a race is run: what depends on luck is tried again and again at night."""


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run these in threads that start together; give what each came to, refusals included. Raises any other error."""
    together = Barrier(len(works))

    def start(work: Callable[[], object]) -> object:
        together.wait()
        try:
            return work()
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(start, works))


def refusals(outcomes: Sequence[object]) -> list[str]:
    """The codes of those that were refused."""
    return [outcome.code for outcome in outcomes if isinstance(outcome, Refused)]
