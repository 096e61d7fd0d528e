"""Spark counts what DuckDB counts. Needs Java 17 and the extra `spark`: `make test-spark`."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from proposals import Proposals
from proposals.adapters.archive import Archive, Engine, count, export
from proposals.adapters.keys import MemoryKeyStore
from proposals.demo import BRANCHES, SimulatedClock, run
from tests.archive.histories import SHANGHAI, archived, case, numbered, order
from tests.archive.naive import counted
from tests.archive.test_counties import other

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("pyspark", reason="the extra `spark` is not installed")

pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="no Java was found"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # the gateway to the JVM is left to the process's end
]


def test_spark_counts_a_county_as_duckdb_does(tmp_path: Path) -> None:
    clock = SimulatedClock()
    with Proposals(clock=clock, keys=MemoryKeyStore()) as app:
        run(app, cases=len(BRANCHES), seed=5, clock=clock)
        export(app.recorder, tmp_path)
        facts = list(app.log())
    archive = Archive(tmp_path)
    half = sorted(fact.occurred_at for fact in facts)[len(facts) // 2]

    whole = count(archive, SHANGHAI, engine=Engine.SPARK)

    assert whole == count(archive, SHANGHAI) == counted(facts, SHANGHAI)
    assert count(archive, SHANGHAI, until=half, engine=Engine.SPARK) == count(archive, SHANGHAI, until=half)


def test_a_host_that_has_a_session_finds_nothing_of_ours_in_it_afterwards(tmp_path: Path) -> None:
    from pyspark.sql import SparkSession

    archived(numbered([*case(), *order((2, "dispatched"))]), tmp_path)
    session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        count(Archive(tmp_path), SHANGHAI, engine=Engine.SPARK)
        assert session.catalog.listTables() == []
    finally:
        session.stop()


def test_spark_counts_counties_together_as_duckdb_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archived(numbered([*case(), *order((2, "dispatched"), (20, "stopped"), (5, "acknowledged"))]), tmp_path / "one")
    both = Archive(tmp_path / "one", other(tmp_path / "other", monkeypatch))

    assert count(both, SHANGHAI, engine=Engine.SPARK) == count(both, SHANGHAI)
