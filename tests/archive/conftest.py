"""A county in miniature, through every branch of the process, played once for all tests and archived once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from proposals import Proposals
from proposals.adapters.archive import export
from proposals.adapters.keys import MemoryKeyStore
from proposals.demo import BRANCHES, SimulatedClock, run

if TYPE_CHECKING:
    from pathlib import Path

    from proposals import Fact


class County(NamedTuple):
    """The county's store, its facts, and an archive of it."""

    url: str
    facts: list[Fact]
    archive: Path


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    """Play every branch once, and some twice."""
    folder, clock = tmp_path_factory.mktemp("county"), SimulatedClock()
    url = f"sqlite:///{folder / 'county.db'}"
    with Proposals(url, clock=clock, keys=MemoryKeyStore(), synchronous="off") as app:
        run(app, cases=len(BRANCHES) + 20, seed=3, clock=clock)
        export(app.recorder, folder / "archive")
        return County(url, list(app.log()), folder / "archive")
