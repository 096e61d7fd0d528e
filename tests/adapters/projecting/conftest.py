"""Stores for the tests of projections, on a file, in memory and on PostgreSQL, and a county is in none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from .worlds import World

Opener = Callable[..., World]


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Open stores with their projections, which are closed after the test."""
    with ExitStack() as stack:

        def open_one(*args: Any, **options: Any) -> World:
            return stack.enter_context(World(*args, **options))

        yield open_one


@pytest.fixture
def world(url: str, opened: Opener) -> World:
    return opened(url)


@pytest.fixture
def shared(shared_url: str, opened: Opener) -> World:
    return opened(shared_url)
