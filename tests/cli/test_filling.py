"""`import` and `demo`: thin commands over what fills a database; and the register of what came of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from proposals.domain.processes import PROCESSES
from proposals.domain.vocabulary import Kind
from proposals.projections.case_events import STEP
from tests.cli.conftest import Desk, raised

if TYPE_CHECKING:
    from pathlib import Path

MAPPING = """
source = "hotline"
zone = "Asia/Shanghai"

[root]
unit = "unit-hotline"
title = "热线县"

[bootstrap]
principal = "principal-1"
policy = "policy-hotline"

[case]
key = "{id}"
id_prefix = "proposal-hotline-"
title = "{title}"
raised_at = { value = "{raised}", formats = ["%Y-%m-%d"] }
closed_at = { value = "{closed}", formats = ["%Y-%m-%d"] }
status = { value = "{state}", open = ["open"], closed = ["done"] }

[place]
name = "{place}"
id_prefix = "unit-place-"
"""


@pytest.fixture
def empty(desk: Desk) -> Desk:
    """A desk without a database."""
    folder = desk.folder / "empty"
    folder.mkdir()
    return Desk(folder)


def test_the_demonstration_ends_with_a_register_and_a_summary(empty: Desk) -> None:
    done = empty.run("demo", "--cases", "3", lang="zh")

    for word in ("编号", "责任人", "提事", "评事", "中位用时"):
        assert word in done.stdout
    assert len(empty.rows("register")) >= 3


def test_the_same_seed_gives_the_same_demonstration(empty: Desk) -> None:
    first = empty.run("demo", "--cases", "2", "--seed", "7").stdout
    other = Desk(empty.folder / "other")
    other.folder.mkdir()

    assert other.run("demo", "--cases", "2", "--seed", "7").stdout == first


def test_the_demonstration_keeps_out_of_a_real_county(desk: Desk) -> None:
    desk.do(raised())
    head = desk.head()

    assert "--db" in desk.run("demo", "--cases", "1", code=1).stderr
    assert desk.head() == head


def test_a_state_waits_for_a_step_that_can_lead_out_of_it() -> None:
    """The register's steps are written by hand; the table has to agree."""
    process = PROCESSES[Kind.PROPOSAL]
    for state in process.states:
        step = STEP.get(state)  # type: ignore[call-overload]
        assert (step is None) is (state in process.terminal)
        if step is not None:
            assert step in {row.step for row in process.rows_from(state) if row.target is not None}


def test_the_register_of_the_demonstration_names_somebody_for_every_open_case(empty: Desk) -> None:
    empty.run("demo", "--cases", "12")
    seen = set()
    for day in range(5, 60, 6):
        at = f"2025-03-{day:02}T00:00:00Z" if day < 32 else f"2025-04-{day - 31:02}T00:00:00Z"
        for row in empty.rows("register", "--as-of", at):
            seen.add(row["status"])
            if row["step"] is None:
                assert row["holder"] is None
            else:
                assert row["holder"] == "system" or row["holder_unit"].startswith("unit-")
                assert row["due_at"]
    assert len(seen) > 5


@pytest.fixture
def ledger(empty: Desk) -> tuple[Path, Path]:
    """A ledger of two good rows and one without a date, with its mapping."""
    rows, mapping = empty.folder / "ledger.csv", empty.folder / "map.toml"
    rows.write_text(
        "id,title,raised,closed,place,state\n"
        "1,路灯不亮,2026-01-02,,河西,open\n"
        "2,井盖缺失,2026-01-03,2026-01-09,河西,done\n"
        "3,噪音,soon,,河西,open\n",
        "utf-8",
    )
    mapping.write_text(MAPPING, "utf-8")
    return rows, mapping


def test_an_import_counts_rows_and_shows_what_it_rejected(empty: Desk, ledger: tuple[Path, Path]) -> None:
    rows, mapping = map(str, ledger)

    done = empty.run("import", rows, "--mapping", mapping, "--rejects", "rejects.csv", "--format", "json", code=3)

    said = json.loads(done.stdout)
    assert (said["rows"], said["imported"], said["rejected"]) == (3, 2, 1)
    assert "row 4" in done.stderr
    assert {row["status"] for row in empty.rows("register")} == {"accepted", "closed"}


def test_a_dry_run_records_nothing(empty: Desk, ledger: tuple[Path, Path]) -> None:
    rows, mapping = map(str, ledger)

    done = empty.run("import", rows, "--mapping", mapping, "--dry-run", code=3)

    assert "nothing was recorded" in done.stdout
    assert empty.head() == 0


def test_a_missing_folder_for_the_rejects_is_named(empty: Desk, ledger: tuple[Path, Path]) -> None:
    rows, mapping = map(str, ledger)

    done = empty.run("import", rows, "--mapping", mapping, "--rejects", "nowhere/rejects.csv", code=2)

    assert "--rejects: there is no folder nowhere" in done.stderr
    assert not empty.file.exists()


@pytest.mark.parametrize("there", [False, True], ids=["no file", "an empty file"])
def test_a_dry_run_makes_nothing(empty: Desk, ledger: tuple[Path, Path], *, there: bool) -> None:
    rows, mapping = map(str, ledger)
    if there:
        empty.file.touch()
    before = sorted(empty.folder.iterdir())

    done = empty.run("import", rows, "--mapping", mapping, "--dry-run", code=3)

    assert "dry run" in done.stdout
    assert sorted(empty.folder.iterdir()) == before
    assert not empty.file.exists() or empty.file.stat().st_size == 0


def test_a_second_import_leaves_everything_as_it_is(empty: Desk, ledger: tuple[Path, Path]) -> None:
    rows, mapping = map(str, ledger)
    empty.run("import", rows, "--mapping", mapping, code=3)
    head = empty.head()

    said = json.loads(empty.run("import", rows, "--mapping", mapping, "--format", "json", code=3).stdout)

    assert (said["imported"], said["unchanged"]) == (0, 2)
    assert empty.head() == head


def test_a_mapping_that_is_wrong_is_named_field_by_field(empty: Desk, ledger: tuple[Path, Path]) -> None:
    rows, mapping = ledger
    mapping.write_text(MAPPING.replace("Asia/Shanghai", "Mars"), "utf-8")

    assert "zone" in empty.run("import", str(rows), "--mapping", str(mapping), code=2).stderr


def test_the_rejects_never_go_over_the_ledger(empty: Desk, ledger: tuple[Path, Path]) -> None:
    rows, mapping = map(str, ledger)

    assert "--rejects" in empty.run("import", rows, "--mapping", mapping, "--rejects", rows, code=2).stderr


def test_the_demonstration_takes_up_the_matters_of_a_ledger(empty: Desk, ledger: tuple[Path, Path]) -> None:
    rows, mapping = map(str, ledger)

    empty.run("demo", "--matters", rows, "--mapping", mapping)

    assert {"路灯不亮", "井盖缺失"} <= {row["title"] for row in empty.rows("register")}


def test_a_ledger_that_cannot_be_read_says_so_in_the_language_asked_for(empty: Desk, ledger: tuple[Path, Path]) -> None:
    rows, mapping = ledger
    rows.write_bytes("编号,标题".encode("gb18030"))

    said = empty.run("import", str(rows), "--mapping", str(mapping), lang="zh", code=1).stderr

    assert "不是 utf-8 文本" in said
    assert "file.encoding" in said
