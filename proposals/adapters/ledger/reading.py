"""The rows of a ledger, one at a time, whatever kind of file they come in."""

from __future__ import annotations

import codecs
import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from proposals.adapters.ledger.reasons import LedgerUnreadable
from proposals.adapters.ledger.wording import cleaned, one_line
from proposals.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proposals.adapters.ledger.mapping import LedgerMapping

DELIMITERS = (",", ";", "\t", "|")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row as it stands: its number as a spreadsheet or editor counts, and its cells by column.

    `unreadable` says why it has none.
    """

    number: int
    cells: dict[str, str]
    unreadable: str = ""


def read_rows(path: str | Path, mapping: LedgerMapping) -> Iterator[SourceRow]:
    """Every row of a ledger, with flat memory.

    Raises LedgerUnreadable if the file, or the rest of it, cannot be read; Invalid if the mapping names a column
    that a table does not have; OSError.
    """
    file = Path(path)
    match mapping.format_of(file):
        case "csv":
            return _csv_rows(file, mapping)
        case "jsonl":
            return _json_rows(file, mapping)
        case "xlsx":
            from proposals.adapters.ledger.xlsx import xlsx_rows

            return xlsx_rows(file, mapping)
        case "xes":
            from proposals.adapters.ledger.xes import xes_rows

            return xes_rows(file)


def headers(cells: Sequence[str], mapping: LedgerMapping, file: str) -> list[str]:
    """The names of the columns: those without one are numbered, and so is one that came before.

    Raises Invalid if a column of the mapping is not there.
    """
    names: list[str] = []
    taken = {one_line(cleaned(cell)) for cell in cells}
    for number, cell in enumerate(cells, start=1):
        name = wanted = one_line(cleaned(cell)) or f"column {number}"
        count = 1
        while name in names or (count > 1 and name in taken):
            count += 1
            name = f"{wanted} ({count})"
        names.append(name)
    lacking = [column for column in mapping.columns() if column not in names]
    if lacking:
        has = ", ".join(names)
        raise Invalid([(column, f"{file} has no such column; it has: {has}") for column in lacking])
    return names


def as_cells(names: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    """Cells by column. What a ragged row has too much gets numbered columns; what it lacks is empty."""
    more = [f"column {number}" for number in range(len(names) + 1, len(values) + 1)]
    cells = dict.fromkeys(names, "")
    cells.update(zip((*names, *more), values, strict=False))
    return cells


def _csv_rows(path: Path, mapping: LedgerMapping) -> Iterator[SourceRow]:
    _check_encoding(path, mapping.file.encoding)
    delimiter = mapping.file.delimiter or _delimiter(path, mapping)
    with path.open(encoding=mapping.file.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            names: list[str] | None = None
            for number, values in enumerate(reader, start=1):
                if not values:
                    continue
                if names is None:
                    names = headers(values, mapping, path.name)
                else:
                    yield SourceRow(number, as_cells(names, values))
        except csv.Error as error:
            # Guessing where the next row begins would turn one broken quote into many wrong rows.
            raise LedgerUnreadable(f"{path.name}, line {reader.line_num}: {error}; is a quote left open?") from error


def _delimiter(path: Path, mapping: LedgerMapping) -> str:
    """The one that finds most of the mapping's columns in the first line."""
    wanted = set(mapping.columns())

    def found(delimiter: str) -> int:
        with path.open(encoding=mapping.file.encoding, newline="") as file:
            try:
                first = next((row for row in csv.reader(file, delimiter=delimiter) if row), [])
            except csv.Error:
                return -1
        return len(wanted & {one_line(cleaned(cell)) for cell in first})

    return max(DELIMITERS, key=found)


def _check_encoding(path: Path, encoding: str) -> None:
    """Reads the file through once, so that a wrong encoding is found before anything is imported."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    done = 0
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
                done += len(chunk)
            decoder.decode(b"", final=True)
        except UnicodeError as error:
            where = done + getattr(error, "start", 0)
            said = encoding.removesuffix("-sig")
            raise LedgerUnreadable(
                f"{path.name} is not {said} text (near byte {where}); "
                "name its encoding in the mapping, for example file.encoding = 'gb18030'"
            ) from error


def _json_rows(path: Path, mapping: LedgerMapping) -> Iterator[SourceRow]:
    _check_encoding(path, mapping.file.encoding)
    with path.open(encoding=mapping.file.encoding, newline="\n") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                found = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
            except (ValueError, RecursionError) as error:
                yield SourceRow(number, {"line": line.rstrip("\r\n")}, unreadable=f"no JSON: {error}")
                continue
            if not isinstance(found, dict):
                yield SourceRow(number, {"line": line.rstrip("\r\n")}, unreadable="no JSON object")
                continue
            yield SourceRow(number, {one_line(cleaned(name)): _text(value) for name, value in found.items()})


def _text(value: object) -> str:
    """A JSON value as a cell: numbers as they were written, lists and objects as JSON."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case _:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
