"""An import: what is taken over, what is turned away, and that it can be done as often as one likes."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from proposals import Appoint, CreateUnit, DiscussionOpened, Refused
from proposals.adapters.ledger import LedgerUnreadable
from proposals.application.importing import BATCH, import_ledger
from proposals.domain.errors import Invalid
from proposals.domain.vocabulary import Role, Tier
from tests.importing.ledgers import MAPPING, NOW, csv_text, ledger, mapping, register, row, size, store

if TYPE_CHECKING:
    from proposals import Proposals
    from proposals.adapters.ledger import LedgerMapping

EXAMPLES = Path(__file__).parents[2] / "examples"

NASTY = [
    row(1),
    row(2, state="done", closed="2026/01/06 09:00"),
    row(3, place="", street="", office=""),
    row(""),
    row(5, raised=""),
    row(6, raised="yesterday"),
    row(7, state=""),
    row(8, state="perhaps"),
    row(9, state="done"),
    row(10, state="done", closed="2026/01/04 09:00"),
    row(11, closed="2026/01/06 09:00"),
    row(12, raised="2031/01/01 00:00"),
    row(1, what="Another matter under a key that is taken"),
    row(1),
    row(15, detail="\x00bell\x07 and NUL"),
]
CODES = {
    5: "key_missing",
    6: "time_missing",
    7: "time_not_readable",
    8: "status_missing",
    9: "status_unknown",
    10: "closing_time_does_not_fit",
    11: "closed_before_raised",
    12: "closing_time_does_not_fit",
    13: "in_the_future",
    14: "key_used_before",
}


def test_every_row_is_imported_or_rejected_with_its_reason(
    app: Proposals, known: LedgerMapping, tmp_path: Path
) -> None:
    report = import_ledger(app, ledger(tmp_path, NASTY), known, actor="clerk")
    assert {found.number: found.code for found in report.rejections} == CODES
    assert (report.rows, report.imported, report.unchanged, report.rejected) == (15, 4, 1, 10)
    assert report.cleaned == 1
    assert app.get("proposal-r-15").text == "Lamp: bell and NUL"
    for found in report.rejections:
        assert found.text("zh") != found.text("en")


def test_a_case_is_taken_over_as_the_source_states_it(app: Proposals, known: LedgerMapping, tmp_path: Path) -> None:
    import_ledger(app, ledger(tmp_path, NASTY[:2]), known, actor="clerk")
    opened, closed = app.history("proposal-r-1"), app.history("proposal-r-2")
    assert [fact.name for fact in opened] == ["OpenCaseImported"]
    assert [fact.name for fact in closed] == ["ClosedCaseImported"]
    facts = closed[0].event.facts  # type: ignore[attr-defined]
    assert facts.raised_at.isoformat() == "2026-01-05T00:30:00+00:00"
    assert facts.closed_at.isoformat() == "2026-01-06T01:00:00+00:00"
    assert (facts.title, facts.text, facts.source_status) == ("Lamp", "Lamp: It is dark.", "done")
    assert app.get(facts.department).title == "Roads"
    assert app.get("proposal-r-1").status == "accepted"
    assert app.get("proposal-r-2").status == "closed"
    place = app.get(app.get("proposal-r-1").place)
    street = app.get(place.parent)
    assert (place.title, place.tier, street.title, street.parent) == ("Riverside", "community", "West", "unit-root")


def test_rows_without_a_place_are_taken_over_too(app: Proposals, known: LedgerMapping, tmp_path: Path) -> None:
    import_ledger(app, ledger(tmp_path, [row(1, place="", street="")]), known, actor="clerk")
    place = app.get(app.get("proposal-r-1").place)
    assert (place.title, place.parent) == (known.place.otherwise, "unit-root")


def test_importing_twice_adds_nothing(app: Proposals, known: LedgerMapping, tmp_path: Path) -> None:
    path = ledger(tmp_path, NASTY)
    first = import_ledger(app, path, known, actor="clerk")
    before = size(app)
    again = import_ledger(app, path, known, actor="clerk")
    assert size(app) == before
    assert (again.imported, again.updated, again.units_created) == (0, 0, 0)
    assert again.unchanged == first.imported + first.unchanged
    assert again.rejected == first.rejected


def test_a_changed_row_is_noted_on_its_case_each_time(app: Proposals, known: LedgerMapping, tmp_path: Path) -> None:
    versions = [row(1), row(1, what="Two lamps", office="Light"), row(1), row(1, what="Two lamps", office="Light")]
    for version in versions:
        import_ledger(app, ledger(tmp_path, [version, row(2)]), known, actor="clerk")
    history = app.history("proposal-r-1")
    assert [fact.name for fact in history] == ["OpenCaseImported", *["ImportedCaseUpdated"] * 3]
    assert len(app.history("proposal-r-2")) == 1
    case = app.get("proposal-r-1")
    assert (case.title, case.revision, case.status) == ("Two lamps", 4, "accepted")


DONE = {"state": "done", "closed": "2026/01/09 10:00"}


def test_a_row_that_is_closed_later_closes_its_case_once(app: Proposals, known: LedgerMapping, tmp_path: Path) -> None:
    import_ledger(app, ledger(tmp_path, [row(1), row(2)]), known, actor="clerk")
    changed = ledger(tmp_path, [row(1, **DONE, what="Two lamps"), row(2)])
    report = import_ledger(app, changed, known, actor="clerk", dry_run=True)
    assert (report.updated, report.unchanged) == (1, 1)
    assert app.get("proposal-r-1").status == "accepted"
    report = import_ledger(app, changed, known, actor="clerk")
    assert (report.updated, report.unchanged) == (1, 1)
    case = app.get("proposal-r-1")
    assert (case.status, case.outcome, case.ended_at, case.source_status) == ("closed", "imported", NOW, "done")
    assert (case.title, case.revision) == ("Two lamps", 2)
    assert app.get("proposal-r-2").status == "accepted"

    before = size(app)
    assert import_ledger(app, changed, known, actor="clerk").unchanged == 2
    assert size(app) == before


def test_a_case_that_its_register_closed_stays_closed_whatever_the_row_says_then(
    app: Proposals, known: LedgerMapping, tmp_path: Path
) -> None:
    for version in (row(1), row(1, **DONE), row(1), row(1, **DONE), row(1, **DONE, what="Two lamps")):
        import_ledger(app, ledger(tmp_path, [version]), known, actor="clerk")
    names = [fact.name for fact in app.history("proposal-r-1")]
    assert names == ["OpenCaseImported", "ImportedCaseClosed", *["ImportedCaseUpdated"] * 3]
    assert app.get("proposal-r-1").status == "closed"
    assert app.get("proposal-r-1").title == "Two lamps"


def test_a_case_that_was_dealt_with_here_is_not_closed_by_its_register(
    app: Proposals, known: LedgerMapping, tmp_path: Path
) -> None:
    import_ledger(app, ledger(tmp_path, [row(1)]), known, actor="clerk")
    stored = app.history("proposal-r-1")[-1]
    taken = stored._replace(version=2, event=DiscussionOpened(meeting="meeting-1"), actor="boss", entered_by="boss")
    app.recorder.insert_events([app.mapper.to_stored_event(taken)])
    report = import_ledger(app, ledger(tmp_path, [row(1, **DONE)]), known, actor="clerk")
    assert (report.updated, report.rejected) == (1, 0)
    assert [fact.name for fact in app.history("proposal-r-1")][2:] == ["ImportedCaseUpdated"]
    assert (app.get("proposal-r-1").status, app.get("proposal-r-1").source_status) == ("discussing", "done")


def test_a_corrected_mapping_is_a_change_and_an_ignored_column_is_none(app: Proposals, tmp_path: Path) -> None:
    path = ledger(tmp_path, [row(1)])
    import_ledger(app, path, mapping(tmp_path), actor="clerk")
    ignoring = mapping(tmp_path, MAPPING.replace("[case]", '[file]\nignore = ["exported"]\n[case]', 1))
    exported = tmp_path / "exported.csv"
    exported.write_text(csv_text([row(1) | {"exported": "today"}], [*row(1), "exported"]), "utf-8")
    assert import_ledger(app, exported, ignoring, actor="clerk").unchanged == 1
    zone = mapping(tmp_path, MAPPING.replace("Asia/Shanghai", "Europe/Berlin"))
    assert import_ledger(app, path, zone, actor="clerk").updated == 1


def _files(folder: Path) -> dict[str, bytes]:
    """What is on disk, apart from what SQLite itself keeps beside an open database."""
    found = (path for path in folder.iterdir() if path.is_file() and not path.name.endswith(("-shm", "-wal")))
    return {path.name: path.read_bytes() for path in found}


@pytest.mark.parametrize("rejects", ["rejects.csv", "rejects.jsonl"])
def test_a_dry_run_says_what_would_happen_and_writes_nothing(
    rejects: str, known: LedgerMapping, tmp_path: Path
) -> None:
    rows = [*NASTY, *(row(100 + number, place=f"Place {number % 7}") for number in range(BATCH)), row(2)]
    path, folder = ledger(tmp_path, rows), tmp_path / "out"
    folder.mkdir()
    with store(f"sqlite:///{tmp_path}/county.db") as app:
        files = _files(tmp_path)
        dry = import_ledger(app, path, known, actor="clerk", dry_run=True, rejects=folder / rejects)
        assert size(app) == 0
        assert _files(tmp_path) == files
        assert list(folder.iterdir()) == []
        real = import_ledger(app, path, known, actor="clerk", rejects=folder / rejects)
        assert [found.name for found in folder.iterdir()] == [rejects]
        dry.dry_run = False
        assert dry == real
        dry = import_ledger(app, path, known, actor="clerk", dry_run=True)
        real = import_ledger(app, path, known, actor="clerk")
        dry.dry_run = False
        assert dry == real


def test_rejected_rows_are_kept_as_they_were_and_can_be_put_right(
    app: Proposals, known: LedgerMapping, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.csv"
    import_ledger(app, ledger(tmp_path, NASTY), known, actor="clerk", rejects=rejects)
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    assert {int(line["_row"]): line["_code"] for line in found} == CODES
    originals = {number: NASTY[number - 2] for number in CODES}
    assert [{name: line[name] for name in row(0)} for line in found] == list(originals.values())

    for line in found:
        line.update(row(f"put-right-{line['_row']}"))
    rejects.write_text(csv_text(found, found[0]), "utf-8")
    assert import_ledger(app, rejects, known, actor="clerk").imported == len(CODES)
    put_right = [row(f"put-right-{number}") for number in CODES]
    assert import_ledger(app, ledger(tmp_path, put_right), known, actor="clerk").unchanged == len(CODES)


def test_rejects_can_be_json_lines_and_replace_those_of_before(
    app: Proposals, known: LedgerMapping, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.jsonl"
    rejects.write_text("those of last week")
    import_ledger(app, ledger(tmp_path, NASTY), known, actor="clerk", rejects=rejects)
    found = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [line["row"] for line in found] == list(CODES)
    assert found[0]["cells"] == row("")
    assert set(found[0]["reason"]) == {"zh", "en"}
    import_ledger(app, ledger(tmp_path, [row(1)]), known, actor="clerk", rejects=rejects)
    assert rejects.read_text() == ""


def test_an_import_that_fails_leaves_the_rejects_of_before(
    app: Proposals, known: LedgerMapping, tmp_path: Path
) -> None:
    rejects, broken = tmp_path / "rejects.csv", tmp_path / "broken.csv"
    rejects.write_text("those of last week")
    broken.write_text(csv_text(NASTY) + '16,"' + "never closed " * 20_000, "utf-8")
    with pytest.raises(LedgerUnreadable, match="quote"):
        import_ledger(app, broken, known, actor="clerk", rejects=rejects)
    assert rejects.read_text() == "those of last week"
    assert not list(tmp_path.glob("*.part*"))


# --- whose store it is


def test_an_empty_store_is_founded(app: Proposals, known: LedgerMapping, tmp_path: Path) -> None:
    report = import_ledger(app, ledger(tmp_path, [row(1)]), known, actor="clerk")
    root = app.get("unit-root")
    assert set(root.appointments) == {"clerk", "boss"}
    assert root.editions[-1].policy == "policy-root"
    assert report.units_created == 4
    published = app.history("policy-root")[-1]
    assert (published.actor, published.entered_by) == ("boss", "clerk")


def test_a_store_with_the_root_is_only_added_to(app: Proposals, known: LedgerMapping, tmp_path: Path) -> None:
    import_ledger(app, ledger(tmp_path, [row(1)]), known, actor="clerk")
    before = app.history("unit-root")
    report = import_ledger(app, ledger(tmp_path, [row(1), row(2, place="Hill")]), known, actor="clerk")
    assert (report.imported, report.unchanged, report.units_created) == (1, 1, 1)
    assert app.history("unit-root") == before


def test_nobody_becomes_importer_of_a_county_that_is_there(
    app: Proposals, known: LedgerMapping, tmp_path: Path
) -> None:
    import_ledger(app, ledger(tmp_path, [row(1)]), known, actor="clerk")
    with pytest.raises(Refused) as refused:
        import_ledger(app, ledger(tmp_path, [row(2)]), known, actor="stranger")
    assert refused.value.code == "not_authorised"


def test_a_county_without_a_policy_is_not_imported_into(app: Proposals, known: LedgerMapping, tmp_path: Path) -> None:
    app.do(CreateUnit(unit="unit-root", title="Root", tier=Tier.COUNTY, actor="system"))
    app.do(Appoint(unit="unit-root", person="clerk", role=Role.IMPORTER, since=NOW.date(), actor="system"))
    with pytest.raises(Refused) as refused:
        import_ledger(app, ledger(tmp_path, [row(1)]), known, actor="clerk")
    assert refused.value.code == "no_policy_in_force"


def test_without_a_bootstrap_a_store_without_the_root_is_no_place_to_import_into(
    app: Proposals, tmp_path: Path
) -> None:
    with pytest.raises(Invalid, match="unit-root"):
        import_ledger(app, ledger(tmp_path, [row(1)]), mapping(tmp_path, MAPPING.split("[bootstrap]")[0]), actor="c")
    assert size(app) == 0


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_a_ledger_without_columns_is_an_error(
    content: str, app: Proposals, known: LedgerMapping, tmp_path: Path
) -> None:
    path = tmp_path / "empty.csv"
    path.write_text(content, "utf-8")
    with pytest.raises(LedgerUnreadable, match=r"empty\.csv is empty"):
        import_ledger(app, path, known, actor="clerk")
    assert size(app) == 0


def test_a_ledger_without_rows_founds_nothing(app: Proposals, known: LedgerMapping, tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text(csv_text([]), "utf-8")
    report = import_ledger(app, path, known, actor="clerk")
    assert (report.rows, size(app)) == (0, 0)


def test_another_register_with_the_same_ids_overwrites_nothing(app: Proposals, tmp_path: Path) -> None:
    import_ledger(app, ledger(tmp_path, [row(1)]), mapping(tmp_path), actor="clerk")
    other = mapping(tmp_path, MAPPING.replace('source = "register"', 'source = "another"'))
    report = import_ledger(app, ledger(tmp_path, [row(1, what="Theirs")]), other, actor="clerk")
    assert [found.code for found in report.rejections] == ["key_of_another_source"]
    assert app.get("proposal-r-1").title == "Lamp"


def test_it_does_not_join_a_hosts_transaction(app: Proposals, known: LedgerMapping, tmp_path: Path) -> None:
    with app.recorder.engine.connect() as host, host.begin(), app.within(host), pytest.raises(Refused) as refused:
        import_ledger(app, ledger(tmp_path, [row(1)]), known, actor="clerk")
    assert refused.value.code == "not_inside_a_host"


def test_progress_is_told_after_each_batch(app: Proposals, known: LedgerMapping, tmp_path: Path) -> None:
    told: list[int] = []
    path = ledger(tmp_path, map(row, range(2 * BATCH + 3)))
    import_ledger(app, path, known, actor="clerk", progress=told.append)
    assert told == [BATCH, 2 * BATCH, 2 * BATCH + 3]


def test_the_example_can_be_imported(app: Proposals) -> None:
    report = import_ledger(app, EXAMPLES / "register.csv", EXAMPLES / "register.toml", actor="clerk")
    assert (report.rows, report.imported, report.rejected) == (10, 6, 4)
    assert {app.get(stream).status for stream in register(app) if stream.startswith("proposal-")} == {
        "accepted",
        "closed",
    }
