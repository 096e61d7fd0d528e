"""The register of a real city: 924 matters of one day. It is not part of this repository."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from proposals.adapters.ledger import read_matters
from proposals.application.importing import import_ledger
from proposals.domain.vocabulary import Kind
from tests.importing.ledgers import register, size, store

if TYPE_CHECKING:
    from proposals import Proposals

REPOSITORY = Path(__file__).parents[2]
LEDGER = REPOSITORY.parent / "shared" / "data" / "nyc311.csv"
MAPPING = REPOSITORY / "examples" / "nyc311.toml"
EXAMPLE = (REPOSITORY / "examples" / "register.csv", REPOSITORY / "examples" / "register.toml")

real = pytest.mark.skipif(not LEDGER.exists(), reason="the register of the city is not here")


@real
def test_the_whole_day_is_taken_over_once(app: Proposals, tmp_path: Path) -> None:
    report = import_ledger(app, LEDGER, MAPPING, actor="clerk", rejects=tmp_path / "rejects.csv")
    assert report.imported + report.rejected == report.rows == 924
    assert report.rejected == 0
    statuses = Counter(str(case.status) for case in app.states(Kind.PROPOSAL))
    assert statuses == {"closed": 480, "accepted": 444}
    assert report.units_created == 79  # the city, five boroughs, 65 boards, eight agencies
    before = size(app)
    assert import_ledger(app, LEDGER, MAPPING, actor="clerk").unchanged == 924
    assert size(app) == before
    first = app.history("proposal-nyc311-54046813")[0].event.facts  # type: ignore[attr-defined]
    assert first.raised_at.isoformat() == "2022-05-01T04:00:09+00:00"
    assert first.closed_at.isoformat() == "2022-05-01T04:07:46+00:00"
    assert app.get(first.department).title == "New York City Police Department"


@real
def test_its_matters_can_be_read_without_a_store() -> None:
    matters = list(read_matters(LEDGER, MAPPING))
    assert Counter(matter.status for matter in matters) == {"closed": 480, "open": 444}
    assert len({matter.place_unit for matter in matters}) == 65
    assert {matter.department for matter in matters} >= {"NYPD", "DSNY", "DOT"}


@pytest.mark.parametrize(
    "example", [pytest.param((LEDGER, MAPPING), id="real", marks=real), pytest.param(EXAMPLE, id="own")]
)
def test_both_databases_hold_the_same_register(example: tuple[Path, Path], postgres_url: str, tmp_path: Path) -> None:
    with store(f"sqlite:///{tmp_path}/county.db") as sqlite, store(postgres_url) as postgres:
        reports = [import_ledger(app, *example, actor="clerk") for app in (sqlite, postgres)]
        assert reports[0] == reports[1]
        assert register(sqlite) == register(postgres)
