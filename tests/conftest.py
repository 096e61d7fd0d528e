"""What all tests can ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.hypothesis_profiles import load_profile
from tests.postgres import empty, fresh_database, postgres_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

load_profile()


@pytest.fixture(scope="session")
def postgres_server_url() -> Iterator[str]:
    """Run one PostgreSQL server for all tests of this process."""
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def one_database(postgres_server_url: str) -> Iterator[str]:
    """One database for all tests of this process, because making one takes longer than most of them."""
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
