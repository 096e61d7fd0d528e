"""Counties for the tests: in memory, on a file, on PostgreSQL, each with keys of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .county import County

Opener = Callable[..., County]


@pytest.fixture(autouse=True)
def _keys_lie_in_the_tests_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server's keys are kept in the working directory unless the host says otherwise."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Open doors that are closed after the test. A county is not founded by it."""
    with ExitStack() as stack:

        def open_door(*args: object, **ports: object) -> County:
            county = County(*args, **ports)  # type: ignore[arg-type]
            stack.enter_context(county.app)
            return county

        yield open_door


@pytest.fixture
def county(url: str, opened: Opener) -> County:
    """A founded county on each kind of store."""
    return opened(url).found()


@pytest.fixture
def shared(shared_url: str, opened: Opener) -> County:
    """A founded county whose store others can open too, at `shared.url`."""
    return opened(shared_url).found()


@pytest.fixture
def memory(opened: Opener) -> County:
    """A founded county in memory, for what no store has a part in."""
    return opened().found()
