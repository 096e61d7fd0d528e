"""Rows of text files: tables of separated values, and JSON lines."""

from __future__ import annotations

import codecs
import csv
import json
from typing import TYPE_CHECKING

from proposals.adapters.ledger.reasons import LedgerUnreadable
from proposals.adapters.ledger.source import SourceRow, as_cells, headers
from proposals.adapters.ledger.wording import cleaned, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from proposals.adapters.ledger.mapping import LedgerMapping

DELIMITERS = (",", ";", "\t", "|")
_CHUNK = 1 << 20


def csv_rows(path: Path, mapping: LedgerMapping) -> Iterator[SourceRow]:
    """The rows below the first line that is not empty. The delimiter is the mapping's, or the one that fits it best."""
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
                    # Most likely a delimiter that was not quoted: then the cells stand under the wrong names.
                    too_many = any(value.strip() for value in values[len(names) :])
                    yield SourceRow(number, as_cells(names, values), columns=len(names) if too_many else None)
            if names is None:
                raise LedgerUnreadable("ledger_empty", file=path.name)
        except csv.Error as error:
            # Guessing where the next row begins would turn one broken quote into many wrong rows.
            raise LedgerUnreadable(
                "ledger_quote_left_open", file=path.name, line=reader.line_num, why=str(error)
            ) from error


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
            raise LedgerUnreadable("ledger_of_another_encoding", file=path.name, encoding=said, byte=where) from error


def json_rows(path: Path, mapping: LedgerMapping) -> Iterator[SourceRow]:
    """A row for each line that is not empty; one that holds no JSON object says so."""
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
