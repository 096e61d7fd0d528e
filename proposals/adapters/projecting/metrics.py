"""The figures of running projections for OpenTelemetry; where they go is for the host's exporter to say."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from eventsourcing.persistence import PersistenceError
from opentelemetry.metrics import Observation, get_meter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opentelemetry.metrics import CallbackOptions

    from .projections import Projections, Status

_RUNNING: list[tuple[Projections, str]] = []


def _standing() -> Iterator[tuple[Status, dict[str, str]]]:
    for projections, store in _RUNNING.copy():
        with suppress(PersistenceError):  # a figure that cannot be had now is left out
            for status in projections.status():
                if status.state not in {"building", "unknown"}:
                    yield status, _named(store, status.name)


def _named(store: str, projection: str) -> dict[str, str]:
    """What tells figures apart; a process may run the projections of several stores."""
    return {"store": store, "projection": projection}


def _lag(_options: CallbackOptions) -> Iterator[Observation]:
    return (Observation(status.lag, named) for status, named in _standing())


def _dead_letters(_options: CallbackOptions) -> Iterator[Observation]:
    return (Observation(status.dead_letters, named) for status, named in _standing())


_METER = get_meter("proposals")
_PROJECTED = _METER.create_counter("proposals.projection.events", "{event}", "Events that were projected")
_METER.create_observable_gauge(
    "proposals.projection.lag", [_lag], "{event}", "Events of the log that a projection has not come to"
)
_METER.create_observable_gauge(
    "proposals.projection.dead_letters", [_dead_letters], "{event}", "Events that could not be projected, or wait"
)


@contextmanager
def observed(projections: Projections, store: str) -> Iterator[Callable[[str, int], None]]:
    """Counts these among those that run, and gives what counts the events of one by its name."""
    _RUNNING.append((projections, store))
    try:
        yield lambda name, events: _PROJECTED.add(events, _named(store, name))
    finally:
        _RUNNING.remove((projections, store))
