"""What all tests can ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.hypothesis_profiles import load_profile
from tests.postgres import fresh_database, postgres_server

if TYPE_CHECKING:
    from collections.abc import Iterator

load_profile()


@pytest.fixture(scope="session")
def postgres_server_url() -> Iterator[str]:
    """Run one PostgreSQL server for all tests of this process."""
    with postgres_server() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server_url: str) -> Iterator[str]:
    """Give an empty PostgreSQL database of the test's own."""
    with fresh_database(postgres_server_url) as url:
        yield url
