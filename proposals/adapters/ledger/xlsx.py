"""Rows of a spreadsheet. Reading one takes openpyxl, which is an extra of this package."""

from __future__ import annotations

import warnings
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, cast
from zipfile import BadZipFile

from proposals.adapters.ledger.reasons import LedgerUnreadable
from proposals.adapters.ledger.source import SourceRow, as_cells, headers
from proposals.adapters.spreadsheet import DAMAGED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    from proposals.adapters.ledger.mapping import LedgerMapping


def xlsx_rows(path: Path, mapping: LedgerMapping) -> Iterator[SourceRow]:
    """The rows below the first one that holds anything; a formula counts by the value that was saved with it."""
    try:
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException
    except ImportError as error:
        raise LedgerUnreadable("ledger_needs_openpyxl") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions, which hold no data
        try:
            book = load_workbook(path, read_only=True, data_only=True)
        except (BadZipFile, KeyError, ValueError, InvalidFileException) as error:
            raise LedgerUnreadable("ledger_no_spreadsheet", file=path.name, why=str(error)) from error
        try:
            sheet = _sheet(book, mapping, path.name)
            cast("Any", sheet).reset_dimensions()  # some programs write a size that is not the sheet's
            names: list[str] | None = None
            for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
                cells = [_text(value) for value in values]
                while cells and not cells[-1]:
                    cells.pop()
                if not cells:
                    continue
                if names is None:
                    names = headers(cells, mapping, path.name)
                else:
                    yield SourceRow(number, as_cells(names, cells))
            if names is None:
                raise LedgerUnreadable("ledger_empty", file=path.name)
        except DAMAGED as error:
            raise LedgerUnreadable("ledger_no_spreadsheet", file=path.name, why=type(error).__name__) from error
        finally:
            book.close()


def _sheet(book: Workbook, mapping: LedgerMapping, name: str) -> Worksheet:
    wanted = mapping.file.sheet
    for sheet in book.worksheets:
        if wanted in {None, sheet.title}:
            return sheet
    raise LedgerUnreadable("ledger_without_sheet", file=name, sheet=wanted or "", sheets=", ".join(book.sheetnames))


def _text(value: object) -> str:
    """A cell as text: dates as ISO 8601, whole numbers without a fraction."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            # Excel counts days in floating point: a second may come out a few microseconds short.
            whole = value.replace(microsecond=0) if value.microsecond < 500_000 else _next_second(value)  # noqa: PLR2004
            return whole.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case float() if value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - beyond it floats skip integers
            return str(int(value))
        case _:
            return str(value)


def _next_second(value: datetime) -> datetime:
    return value.replace(microsecond=0) + timedelta(seconds=1)
