"""A county that is founded once; every test runs on a copy of its own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from proposals import Fact, Proposals
from proposals.adapters.keys import MemoryKeyStore
from proposals.demo import SimulatedClock, found_county, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Found the county in a file."""
    path = tmp_path_factory.mktemp("county") / "county.db"
    clock = SimulatedClock()
    with Proposals(f"sqlite:///{path}", clock=clock, keys=MemoryKeyStore()) as app:
        clock.now = clock.start.replace(year=2019)
        found_county(app, clock.now)
    return path


@pytest.fixture(scope="session")
def county(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[SimulatedClock], Proposals]:
    """Open a founded county of the caller's own."""

    def opened(clock: SimulatedClock) -> Proposals:
        copy = tmp_path_factory.mktemp("copy") / "county.db"
        shutil.copyfile(founded, copy)
        return Proposals(f"sqlite:///{copy}", clock=clock, keys=MemoryKeyStore())

    return opened


@pytest.fixture(scope="session")
def played(county: Callable[[SimulatedClock], Proposals]) -> Callable[[str], dict[str, list[Fact]]]:
    """Run one branch alone, once for all tests, and give the facts of every stream but the organisation's."""
    known: dict[str, dict[str, list[Fact]]] = {}

    def facts_of(branch: str) -> dict[str, list[Fact]]:
        if branch not in known:
            clock = SimulatedClock()
            with county(clock) as app:
                founding = app.recorder.head()
                run(app, cases=1, seed=1, clock=clock, branches=[branch])
                streams = known[branch] = {}
                for fact in app.log(after=founding):
                    streams.setdefault(fact.stream, []).append(fact)
        return known[branch]

    return facts_of
