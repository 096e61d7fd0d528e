"""Ledgers come as CSV of many kinds, spreadsheets, JSON lines and event logs; all of them give the same facts."""

from __future__ import annotations

import json
import sys
import tracemalloc
from datetime import datetime
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from proposals.adapters.ledger import LedgerUnreadable, Rejection, read_ledger, read_matters
from proposals.adapters.ledger.reading import read_rows
from proposals.adapters.spreadsheet import SpreadsheetError, read_workbook
from proposals.domain.errors import Invalid
from tests.importing.ledgers import COLUMNS, MAPPING, csv_text, ledger, mapping, row

if TYPE_CHECKING:
    from pathlib import Path

    from proposals.adapters.ledger import LedgerMapping

ROWS = [
    row(1, what="路灯不亮"),
    row(2, detail='He said "dark",\nthen left'),
    row(3, state="done", closed="2026/01/06 09:00"),
]


def hashes(path: Path, known: LedgerMapping) -> list[str]:
    return [matter.provenance.sha256 for matter in read_matters(path, known)]


@pytest.fixture
def expected(tmp_path: Path, known: LedgerMapping) -> list[str]:
    return hashes(ledger(tmp_path, ROWS, "plain.csv"), known)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(
    encoding: str, delimiter: str, known: LedgerMapping, tmp_path: Path, expected: list[str]
) -> None:
    path = tmp_path / "other.csv"
    path.write_bytes(csv_text(ROWS, delimiter=delimiter).encode(encoding))
    if not encoding.startswith("utf-8"):
        known = mapping(tmp_path, MAPPING.replace("[case]", f'[file]\nencoding = "{encoding}"\n[case]', 1))
    assert hashes(path, known) == expected


def test_another_encoding_than_the_mappings_is_found_before_the_first_row(known: LedgerMapping, tmp_path: Path) -> None:
    path = tmp_path / "gb.csv"
    path.write_bytes(csv_text([*[row(number) for number in range(5_000)], ROWS[0]]).encode("gb18030"))
    with pytest.raises(LedgerUnreadable, match="not utf-8 text"):
        next(iter(read_rows(path, known)))


def test_ragged_rows_and_nul_bytes(known: LedgerMapping, tmp_path: Path) -> None:
    path = tmp_path / "ragged.csv"
    path.write_text("no,place,street,what,detail,raised,closed,state,office\n"
                    "1,Hill,West,La\x00mp,d,2026/01/05 08:30,,open,Roads, ,\n\n"
                    "2,Hill,West,Lamp,d,2026/01/05 08:30,,open\n"
                    "3,Hill\n", "utf-8")  # fmt: skip
    found = list(read_ledger(path, known))
    assert [one.number for one in found] == [2, 4, 5]
    assert found[0].title == "Lamp"  # type: ignore[union-attr]
    assert found[1].facts.department is None  # type: ignore[union-attr]
    assert found[2].code == "status_missing"  # type: ignore[union-attr]


def test_a_row_with_more_cells_than_columns_is_rejected_whole(known: LedgerMapping, tmp_path: Path) -> None:
    path = tmp_path / "ragged.csv"
    path.write_text(",".join(COLUMNS) + "\n1,Hill,West,Lamp,dark, at night,2026/01/05 08:30,,open,Roads\n", "utf-8")
    (found,) = read_ledger(path, known)
    assert isinstance(found, Rejection)
    assert (found.code, found.details) == ("more_cells_than_columns", {"cells": 10, "columns": 9})
    assert found.cells["column 10"] == "Roads"


def test_columns_of_one_name_are_numbered(known: LedgerMapping, tmp_path: Path) -> None:
    path = tmp_path / "twice.csv"
    path.write_text(",".join([*COLUMNS, "what", "", "what (2)"]) + "\n" + "x," * 11 + "x\n", "utf-8")
    cells = next(iter(read_rows(path, known))).cells
    assert list(cells) == [*COLUMNS, "what (3)", "column 11", "what (2)"]


def test_a_column_that_the_file_lacks_is_named(tmp_path: Path) -> None:
    known = mapping(tmp_path, MAPPING.replace('category = "{what}"', 'category = "{kind}"'))
    with pytest.raises(Invalid, match=r"kind: ledger\.csv has no such column; it has: no, place"):
        list(read_rows(ledger(tmp_path, ROWS), known))


def test_a_file_of_no_known_kind_is_named(known: LedgerMapping, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="say which format"):
        read_rows(tmp_path / "ledger.docx", known)


# --- JSON lines


def test_json_lines(known: LedgerMapping, tmp_path: Path, expected: list[str]) -> None:
    path = tmp_path / "ledger.jsonl"
    lines = [json.dumps(cells | {"no": int(cells["no"])}) for cells in ROWS]
    path.write_text("\n\n".join(lines), "utf-8")
    assert hashes(path, known) == expected


def test_a_line_that_is_no_json_object_is_a_rejected_row(known: LedgerMapping, tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    lines = ["{", "[1]", '{"no": NaN}', "9" * 5_000, "[" * 100_000, json.dumps(ROWS[0]), '{"no": "\\ud800"}']
    path.write_text("\n".join(lines), "utf-8")
    found = list(read_ledger(path, known))
    assert [getattr(one, "code", "used") for one in found] == [
        "row_unreadable", "row_unreadable", "status_missing", "row_unreadable", "row_unreadable", "used",
        "status_missing",
    ]  # fmt: skip
    assert found[0].cells == {"line": "{"}


# --- spreadsheets


def test_a_spreadsheet_with_real_dates_and_numbers(known: LedgerMapping, tmp_path: Path, expected: list[str]) -> None:
    from openpyxl import Workbook

    book = Workbook()
    other, sheet = book.active, book.create_sheet("台账")
    assert other is not None
    other.append(["something else"])
    sheet.append([])
    sheet.append(list(COLUMNS))
    for cells in ROWS:
        values = dict[str, object](cells) | {"no": float(cells["no"])}
        for name in ("raised", "closed"):
            values[name] = datetime.strptime(cells[name], "%Y/%m/%d %H:%M") if cells[name] else None  # noqa: DTZ007
        sheet.append(list(values.values()))
    sheet.append([None] * 9)
    book.save(tmp_path / "ledger.xlsx")
    known = mapping(tmp_path, MAPPING.replace("[case]", '[file]\nsheet = "台账"\n[case]', 1))
    found = list(read_matters(tmp_path / "ledger.xlsx", known))
    plain = list(read_matters(tmp_path / "plain.csv", known))
    assert len(expected) == len(found)
    assert [one.facts for one in found] == [one.facts for one in plain]
    assert [one.key for one in found] == ["1", "2", "3"]
    assert [one.number for one in found] == [3, 4, 5]
    wrong = mapping(tmp_path, MAPPING.replace("[case]", '[file]\nsheet = "none"\n[case]', 1))
    with pytest.raises(LedgerUnreadable, match="no sheet none; it has: Sheet, 台账"):
        list(read_rows(tmp_path / "ledger.xlsx", wrong))


def test_what_is_no_spreadsheet_is_said(known: LedgerMapping, tmp_path: Path) -> None:
    (tmp_path / "ledger.xlsx").write_text("no,place\n")
    with pytest.raises(LedgerUnreadable, match="is no spreadsheet"):
        list(read_rows(tmp_path / "ledger.xlsx", known))


def test_a_blank_sheet_is_an_error(known: LedgerMapping, tmp_path: Path) -> None:
    from openpyxl import Workbook

    Workbook().save(tmp_path / "ledger.xlsx")
    with pytest.raises(LedgerUnreadable, match="is empty"):
        list(read_rows(tmp_path / "ledger.xlsx", known))


def test_without_openpyxl_it_is_said_how_to_get_it(
    known: LedgerMapping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(LedgerUnreadable, match=r"pip install 'fivestep-proposals\[xlsx\]'"):
        list(read_rows(tmp_path / "ledger.xlsx", known))


# --- event logs

XES_MAPPING = """
source = "log"
zone = "UTC"
[case]
key = "{concept:name}"
id_prefix = "proposal-log-"
title = "{what}"
channel = "{events} events"
[case.raised_at]
value = "{first:time:timestamp}"
[case.closed_at]
value = "{last:time:timestamp}"
only_when_closed = true
[case.status]
value = "{last:concept:name}"
open = ["register", "work"]
closed = ["close"]
[root]
unit = "unit-root"
title = "Root County"
[place]
name = "{place}"
id_prefix = "unit-place-"
"""


def _xes(head: str = "", traces: str = "") -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>{head}
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <string key="concept:name" value="the log, not a trace"/>
  <global scope="trace"><string key="concept:name" value="undefined"/></global>{traces}
</log>"""


def _trace(key: str, *events: tuple[str, str]) -> str:
    inner = "".join(
        f'<event><string key="concept:name" value="{name}"><string key="concept:name" value="nested"/></string>'
        f'<date key="time:timestamp" value="{at}"/></event>'
        for name, at in events
    )
    return f'<trace><string key="concept:name" value="{key}"/><string key="what" value="灯"/>{inner}</trace>'


def test_a_trace_is_a_case(tmp_path: Path) -> None:
    known, path = mapping(tmp_path, XES_MAPPING), tmp_path / "log.xes"
    begin, middle, end = "2026-01-05T08:00:00+08:00", "2026-01-06T08:00:00Z", "2026-01-07T08:00:00Z"
    traces = [
        _trace("a", ("register", begin), ("work", middle), ("close", end)),
        _trace("b", ("register", begin), ("work", middle)),
        _trace("c"),
    ]
    path.write_text(_xes(traces="".join(traces)), "utf-8")
    closed, opened, empty = read_ledger(path, known)
    facts = closed.facts  # type: ignore[union-attr]
    assert (facts.title, facts.raised_at.isoformat(), facts.channel) == ("灯", "2026-01-05T00:00:00+00:00", "3 events")
    assert facts.closed_at is not None
    assert facts.closed_at.isoformat() == "2026-01-07T08:00:00+00:00"
    assert opened.facts.closed_at is None  # type: ignore[union-attr]
    assert empty.code == "status_missing"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE log [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE log [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE log SYSTEM "http://localhost/log.dtd">',
    ],
)
def test_a_document_type_is_refused(head: str, tmp_path: Path) -> None:
    path = tmp_path / "log.xes"
    path.write_text(_xes(head), "utf-8")
    with pytest.raises(LedgerUnreadable, match="document type"):
        list(read_rows(path, mapping(tmp_path, XES_MAPPING)))


def test_broken_xml_is_said_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "log.xes"
    path.write_text(_xes()[:-4], "utf-8")
    with pytest.raises(LedgerUnreadable, match="line 5"):
        list(read_rows(path, mapping(tmp_path, XES_MAPPING)))


@pytest.mark.parametrize("kind", ["csv", "jsonl", "xes"])
def test_memory_stays_flat(kind: str, tmp_path: Path) -> None:
    known = mapping(tmp_path, XES_MAPPING if kind == "xes" else MAPPING)

    def peak(rows: int) -> int:
        path = tmp_path / f"ledger.{kind}"
        cells = [row(number, detail="x" * 500) for number in range(rows)]
        match kind:
            case "csv":
                path.write_text(csv_text(cells), "utf-8")
            case "jsonl":
                path.write_text("\n".join(map(json.dumps, cells)), "utf-8")
            case _:
                event = ("register", "2026-01-05T08:00:00Z")
                path.write_text(_xes(traces="".join(_trace("x" * 500, event) for _ in cells)), "utf-8")
        del cells
        tracemalloc.start()
        try:
            count = sum(1 for _ in read_rows(path, known))
            assert count == rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(100)  # what is made once, at the first reading
    assert peak(4_000) < peak(1_000) + 500_000


def test_a_workbook_that_is_damaged_inside_is_named(known: LedgerMapping, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    whole, damaged = tmp_path / "whole.xlsx", tmp_path / "damaged.xlsx"
    book = openpyxl.Workbook()
    for line in (COLUMNS, *(tuple(one.values()) for one in ROWS)):
        book.active.append(line)
    book.save(whole)
    with ZipFile(whole) as old, ZipFile(damaged, "w") as new:
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, content[: len(content) // 2] if "sheet1" in part else content)

    with pytest.raises(LedgerUnreadable, match=r"damaged\.xlsx is no spreadsheet: ParseError"):
        list(read_matters(damaged, known))
    with pytest.raises(SpreadsheetError, match=r"damaged\.xlsx is damaged \(ParseError\)"):
        list(read_workbook(damaged))
