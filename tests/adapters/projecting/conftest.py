"""Stores for the tests of projections, on a file, in memory and on PostgreSQL, and a county is in none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import empty, fresh_database

from .worlds import World

Opener = Callable[..., World]


@pytest.fixture(scope="session")
def one_database(postgres_server_url: str) -> Iterator[str]:
    """One database for all tests here, because making one takes longer than most of them."""
    with fresh_database(postgres_server_url) as url:
        yield url


@pytest.fixture
def postgres_url(one_database: str) -> str:
    """The database, emptied."""
    empty(one_database)
    return one_database


@pytest.fixture(params=["file", "memory", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Each of the three kinds of stores."""
    if request.param == "memory":
        return "sqlite://"
    return f"sqlite:///{tmp_path}/store.db" if request.param == "file" else request.getfixturevalue("postgres_url")


@pytest.fixture(params=["file", "postgres"])
def shared_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The kinds of stores that several can open."""
    return f"sqlite:///{tmp_path}/store.db" if request.param == "file" else request.getfixturevalue("postgres_url")


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
