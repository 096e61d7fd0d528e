"""An import that is killed is run again; two that run at once are one; what a batch refuses costs only its row."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from proposals import CloseUnit
from proposals.application import importing
from proposals.application.importing import import_ledger
from proposals.domain.vocabulary import Kind
from tests.importing.ledgers import MAPPING, ledger, mapping, register, row, store

if TYPE_CHECKING:
    from proposals import Proposals
    from proposals.adapters.ledger import LedgerMapping

BATCH = 40
ROOT = Path(__file__).parents[2]
ROWS = [
    row(
        number,
        place=f"Place {number % 11}",
        office=f"Office {number % 5}",
        state="done" if number % 2 else "open",
        closed="2026/01/09" if number % 2 else "",
        raised="" if number % 10 == 0 else "2026/01/05 08:30",
    )
    for number in range(2 * BATCH + 18)
]

KILLED = """
import os, signal, sys
from tests.importing.ledgers import store
from proposals.application import importing

url, path, mapping, when, batch = sys.argv[1:]
importing.BATCH = int(batch)
app = store(url)
append, calls = app.recorder.insert_events, 0

def killed(*given, **named):
    global calls
    calls += 1
    if calls == 3 and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    positions = append(*given, **named)
    if calls == 3 and when == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return positions

app.recorder.insert_events = killed
importing.import_ledger(app, path, mapping, actor="clerk", rejects=path + ".rejects.csv")
"""


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", BATCH)


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_in_the_middle_and_run_again_it_is_as_if_it_had_run_once(
    when: str, known: LedgerMapping, tmp_path: Path, small_batches: None
) -> None:
    path, url = ledger(tmp_path, ROWS), f"sqlite:///{tmp_path}/county.db"
    arguments = [url, path, tmp_path / "mapping.toml", when, BATCH]
    command = [sys.executable, "-c", textwrap.dedent(KILLED), *map(str, arguments)]
    killed = subprocess.run(command, cwd=ROOT, check=False, capture_output=True)
    assert killed.returncode == -9, killed.stderr.decode()
    rejects = Path(f"{path}.rejects.csv")
    with store(url) as app, store() as clean:
        begun = sum(1 for _ in app.streams(Kind.PROPOSAL))
        assert begun == sum(bool(cells["raised"]) for cells in ROWS[: BATCH * (1 if when == "before" else 2)])
        assert not rejects.exists()
        again = import_ledger(app, path, known, actor="clerk", rejects=rejects)
        once = import_ledger(clean, path, known, actor="clerk")
        assert register(app) == register(clean)
        assert again.unchanged == begun
        assert again.imported + begun == once.imported
        assert again.rejected == once.rejected
        assert len(rejects.read_text("utf-8-sig").splitlines()) == 1 + once.rejected


def test_two_imports_at_once_record_everything_once(known: LedgerMapping, tmp_path: Path, small_batches: None) -> None:
    path, url = ledger(tmp_path, ROWS), f"sqlite:///{tmp_path}/county.db"
    with store(url) as one, store(url) as other, store() as clean, ThreadPoolExecutor(2) as threads:
        reports = list(threads.map(lambda app: import_ledger(app, path, known, actor="clerk"), [one, other]))
        assert all(report.rows == len(ROWS) for report in reports)
        once = import_ledger(clean, path, known, actor="clerk")
        assert [report.rejected for report in reports] == [once.rejected] * 2
        assert register(one) == register(clean)


def test_what_changes_between_planning_and_recording_costs_no_row(
    app: Proposals, known: LedgerMapping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another importer takes over some rows of the batch in the moment before it is recorded."""
    import_ledger(app, ledger(tmp_path, [row("first")]), known, actor="clerk")
    do, calls = app.do, list[int]()

    def overtaken(*commands: Any) -> Any:
        calls.append(len(commands))
        if len(calls) == 1:
            theirs = [command.model_copy(update={"command_id": f"theirs-{n}"}) for n, command in enumerate(commands)]
            do(*theirs[:4])
        return do(*commands)

    monkeypatch.setattr(app, "do", overtaken)
    report = import_ledger(app, ledger(tmp_path, list(map(row, range(10)))), known, actor="clerk")
    assert (report.imported, report.unchanged, report.rejected) == (6, 4, 0)
    assert calls == [10, *[1] * 6]


def test_a_row_that_the_rules_refuse_costs_the_others_nothing(
    app: Proposals, known: LedgerMapping, tmp_path: Path
) -> None:
    import_ledger(app, ledger(tmp_path, [row("first", place="Gone")]), known, actor="clerk")
    gone = app.get("proposal-r-first").place
    app.do(CloseUnit(unit=gone, reason="merged", actor="system"))
    rows = [row(1), row(2, place="Gone", office="New office"), row(3, office="New office"), row(4)]
    dry = import_ledger(app, ledger(tmp_path, rows), known, actor="clerk", dry_run=True)
    report = import_ledger(app, ledger(tmp_path, rows), known, actor="clerk")
    assert [(found.number, found.code) for found in report.rejections] == [(3, "unit_is_closed")]
    assert (report.imported, report.rejected, report.units_created) == (3, 1, 2)
    dry.dry_run = False
    assert dry == report


def test_the_key_of_a_refused_row_can_be_used(app: Proposals, tmp_path: Path) -> None:
    known = mapping(tmp_path, MAPPING)
    rows = [row(1, raised="2031/01/01 08:00"), row(1), row(1, what="too late")]
    report = import_ledger(app, ledger(tmp_path, rows), known, actor="clerk")
    assert [(found.number, found.code) for found in report.rejections] == [(2, "in_the_future"), (4, "key_used_before")]
    assert app.get("proposal-r-1").title == "Lamp"


def test_the_units_of_a_refused_row_are_not_created_for_it(
    known: LedgerMapping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    rows = [row(number, place=f"Place {number}", raised="2031/01/01 08:00" if number % 2 else "") for number in (1, 3)]
    rows += [row(4, place="Place 1"), row(5, raised="2031/01/01 08:00", office="New office"), row(6, place="Place 6")]
    path = ledger(tmp_path, rows)
    with store() as app:
        dry = import_ledger(app, path, known, actor="clerk", dry_run=True)
        report = import_ledger(app, path, known, actor="clerk")
        assert (report.imported, report.rejected) == (2, 3)
        units = {app.get(unit).title for unit in app.streams(Kind.UNIT)}
        assert units == {"Root County", "West", "Place 1", "Place 6", "Roads"}
        assert report.units_created == len(units)
        dry.dry_run = False
        assert dry == report
