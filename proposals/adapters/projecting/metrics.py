"""The figures of running projections for OpenTelemetry; where they go is for the host's exporter to say."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from eventsourcing.persistence import PersistenceError
from opentelemetry.metrics import Observation, get_meter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.metrics import CallbackOptions

    from .projections import Projections, Status

_RUNNING: list[Projections] = []


def _standing() -> Iterator[tuple[Status, dict[str, str]]]:
    for projections in _RUNNING.copy():
        with suppress(PersistenceError):  # a figure that cannot be had now is left out
            for status in projections.status():
                if status.state != "building":
                    yield status, {"projection": status.name}


def _lag(_options: CallbackOptions) -> Iterator[Observation]:
    return (Observation(status.lag, named) for status, named in _standing())


def _dead_letters(_options: CallbackOptions) -> Iterator[Observation]:
    return (Observation(status.dead_letters, named) for status, named in _standing())


_METER = get_meter("proposals")
PROJECTED = _METER.create_counter("proposals.projection.events", "{event}", "Events that were projected")
_METER.create_observable_gauge(
    "proposals.projection.lag", [_lag], "{event}", "Events of the log that a projection has not come to"
)
_METER.create_observable_gauge(
    "proposals.projection.dead_letters", [_dead_letters], "{event}", "Events that could not be projected, or wait"
)


@contextmanager
def observed(projections: Projections) -> Iterator[None]:
    """Counts these among those that run."""
    _RUNNING.append(projections)
    try:
        yield
    finally:
        _RUNNING.remove(projections)
