"""How long one waits: after a failure, and for another who is at it."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from time import monotonic, sleep
from typing import TYPE_CHECKING

from eventsourcing.persistence import PersistenceError

from proposals.domain.errors import ProposalsError

from .errors import ProjectionStopped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .bookkeeping import Standing
    from .locks import Locks
    from .projector import Projector

log = logging.getLogger(__name__)

LONGEST_PAUSE = 30.0
"""Seconds, at most, after which what failed is tried again."""

LONGEST_STANDSTILL = 120.0
"""Seconds without any progress of another after which who waits for it gives up. An index may take a while to make."""


class Pauses:
    """How long what failed is left alone: twice as long each time, from one poll interval on."""

    def __init__(self, locks: Locks, shortest: float) -> None:
        self._locks = locks
        self._shortest = shortest
        self._pauses: dict[str, tuple[float, float]] = {}

    def left(self, name: str) -> float:
        """For how many seconds more it is left alone."""
        return max(0.0, self._pauses.get(name, (0.0, 0.0))[1] - monotonic())

    @contextmanager
    def after(self, name: str, *held: str) -> Iterator[None]:
        """Tries something; if it fails, gives locks that are held for it back, to whom it may not fail, and pauses."""
        try:
            yield
        except (PersistenceError, ProposalsError) as error:
            self._locks.release(*held)
            pause = min(max(2 * self._pauses.get(name, (0.0, 0.0))[0], self._shortest), LONGEST_PAUSE)
            self._pauses[name] = pause, monotonic() + pause
            log.error("%s (again in %.1f s)", error, pause)  # noqa: TRY400 - it says what there is to say
        else:
            self._pauses.pop(name, None)


class Patience:
    """With another who runs or builds a projection, for as long as that one gets on with it."""

    def __init__(self, projector: Projector) -> None:
        self._projector = projector
        self._seen: list[Standing] | None = None
        self._since = 0.0

    def wait(self) -> None:
        """Waits a little. Raises ProjectionStopped if there has been no progress for too long."""
        standings = self._projector.standings()
        if standings != self._seen:
            self._seen, self._since = standings, monotonic()
        elif monotonic() - self._since > LONGEST_STANDSTILL:
            reached = max((standing.position for standing in standings if standing.live), default=0)
            still = f"another process is at it and has not got on for {LONGEST_STANDSTILL:g} s: if it hangs, end it"
            raise ProjectionStopped(self._projector.name, reached, still)
        sleep(self._projector.recorder.poll_interval)
