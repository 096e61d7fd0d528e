"""Stores for the tests: on a file, in memory, on PostgreSQL, and small events to put into them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from proposals.adapters.store import Envelope, Recorder

Opener = Callable[..., Recorder]
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def happened(stream: str, version: int, command_id: str | None = None, data: bytes = b'{"n":1}') -> Envelope:
    return Envelope(
        originator_id=stream,
        originator_version=version,
        topic="Happened",
        state=data,
        schema=1,
        occurred_at="2030-01-01T00:00:00.000000Z",
        actor="clerk",
        entered_by="clerk",
        command_id=command_id,
    )


@pytest.fixture
def opener() -> Iterator[Opener]:
    """Open recorders that are closed after the test."""
    with ExitStack() as stack:
        yield lambda *args, **kwargs: stack.enter_context(Recorder(*args, **kwargs))


@pytest.fixture
def recorder(url: str, opener: Opener) -> Recorder:
    return opener(url)


@pytest.fixture
def shared(shared_url: str, opener: Opener) -> Recorder:
    return opener(shared_url)
