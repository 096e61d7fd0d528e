"""Whatever a table holds, every row is accounted for, and importing it again adds nothing."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proposals.application.importing import import_ledger
from tests.importing.ledgers import COLUMNS, csv_text, mapping, register, row, store

USUAL = {
    "no": ["1", "2", "QH-3", "4 / 5"],
    "place": ["Riverside", "河畔", ""],
    "street": ["West", ""],
    "raised": ["2026/01/05 08:30", "2026-01-05", "2031-01-01"],
    "closed": ["", "2026/01/06", "2026/01/04"],
    "state": ["open", "done", "?"],
}


def _tables(characters: st.SearchStrategy[str]) -> st.SearchStrategy[list[dict[str, str]]]:
    """Rows that are mostly usable, with anything at all in up to three of their cells."""
    usual = st.fixed_dictionaries({name: st.sampled_from(USUAL.get(name, [row(1)[name]])) for name in COLUMNS})
    odd = st.dictionaries(st.sampled_from(COLUMNS), characters, max_size=3)
    return st.lists(st.builds(lambda cells, others: cells | others, usual, odd), max_size=6)


def _account(name: str, content: bytes, rows: int) -> None:
    with TemporaryDirectory() as folder, store() as app:
        path = Path(folder) / name
        path.write_bytes(content)
        known = mapping(Path(folder))
        dry = import_ledger(app, path, known, actor="clerk", dry_run=True)
        report = import_ledger(app, path, known, actor="clerk", rejects=Path(folder) / "rejects.csv")
        dry.dry_run = False
        assert dry == report
        assert report.rows == rows
        assert report.imported + report.updated + report.unchanged + report.rejected == rows
        before = register(app)
        again = import_ledger(app, path, known, actor="clerk")
        assert (again.imported, again.updated, again.units_created) == (0, 0, 0)
        assert again.rejected == report.rejected
        assert register(app) == before


@given(_tables(st.text(st.characters(exclude_categories=["Cs"]))))
def test_any_csv(rows: list[dict[str, str]]) -> None:
    _account("any.csv", csv_text(rows).encode(), len(rows))


@given(_tables(st.text(st.characters(codec=None))), st.lists(st.binary(max_size=8), max_size=2))
def test_any_json_lines(rows: list[dict[str, Any]], noise: list[bytes]) -> None:
    lines = [json.dumps(cells).encode() for cells in rows]
    broken = [b"{" + part.hex().encode() for part in noise]
    _account("any.jsonl", b"\n".join([*broken, *lines]), len(rows) + len(noise))
