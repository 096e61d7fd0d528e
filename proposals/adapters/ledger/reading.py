"""The rows of a ledger, one at a time, whatever kind of file they come in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from proposals.adapters.ledger.texts import csv_rows, json_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proposals.adapters.ledger.mapping import LedgerMapping
    from proposals.adapters.ledger.source import SourceRow


def read_rows(path: str | Path, mapping: LedgerMapping) -> Iterator[SourceRow]:
    """Every row of a ledger, with flat memory.

    Raises LedgerUnreadable if the file, or the rest of it, cannot be read; Invalid if the mapping names a column
    that a table does not have; OSError.
    """
    file = Path(path)
    match mapping.format_of(file):
        case "csv":
            return csv_rows(file, mapping)
        case "jsonl":
            return json_rows(file, mapping)
        case "xlsx":
            from proposals.adapters.ledger.xlsx import xlsx_rows

            return xlsx_rows(file, mapping)
        case "xes":
            from proposals.adapters.ledger.xes import xes_rows

            return xes_rows(file)
