"""Counties for the tests: in memory, on a file, on PostgreSQL, each with keys of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.postgres import empty, fresh_database

from .county import County

Opener = Callable[..., County]


@pytest.fixture(autouse=True)
def _keys_lie_in_the_tests_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server's keys are kept in the working directory unless the host says otherwise."""
    monkeypatch.chdir(tmp_path)


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


@pytest.fixture(params=["memory", "file", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Each of the three kinds of stores."""
    if request.param == "memory":
        return "sqlite://"
    return f"sqlite:///{tmp_path}/county.db" if request.param == "file" else request.getfixturevalue("postgres_url")


@pytest.fixture(params=["file", "postgres"])
def shared_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The kinds of stores that several doors can be opened to."""
    return f"sqlite:///{tmp_path}/county.db" if request.param == "file" else request.getfixturevalue("postgres_url")


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
