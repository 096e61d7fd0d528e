"""Spreadsheets: rows in from XLSX and CSV, registers and entry templates out. XLSX needs the extra `xlsx`."""

from __future__ import annotations

import csv
import io
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from proposals.domain.errors import ProposalsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

DAMAGED: Final = (BadZipFile, ParseError, zlib.error, EOFError)
"""What reading a workbook raises half-way, when its parts are not what they should be."""

REMARK: Final = "#"
"""A row whose first cell begins with it is for people and is passed over."""

MOST_COLUMNS: Final = 500
LONGEST_CELL: Final = 32_767
"""Characters; a workbook holds no more."""

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_QUOTED = re.compile(r"'[=+\-@\t\r']")


class SpreadsheetError(ProposalsError):
    """The file is no spreadsheet that can be read, or the library for it is missing."""


@dataclass(frozen=True)
class SheetRow:
    """A row under its headings. `number` is the row's in its sheet, from 1; a CSV file has no sheet's name."""

    sheet: str
    number: int
    cells: dict[str, object]


@dataclass(frozen=True)
class EntryColumn:
    """A column of an entry template: its heading, what it wants, and what may be chosen."""

    name: str
    help: str
    required: bool
    choices: tuple[str, ...] = ()
    form: str = "@"
    """The cells' number format; `@` keeps what is typed as text, so that no leading zero is lost."""


def read_workbook(path: Path) -> Iterator[SheetRow]:
    """The rows of every sheet, formulas by their last value. Raises SpreadsheetError."""
    openpyxl = _openpyxl()
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError, OSError, openpyxl.utils.exceptions.InvalidFileException) as error:
        raise SpreadsheetError(f"{path} is not an XLSX workbook ({type(error).__name__})") from None
    try:
        for sheet in book.worksheets:
            yield from _under_headings(sheet.title, sheet.iter_rows(values_only=True), str(path))
    except DAMAGED as error:
        raise SpreadsheetError(f"{path} is damaged ({type(error).__name__})") from None
    finally:
        book.close()


def read_csv(path: Path) -> Iterator[SheetRow]:
    """The rows of a CSV file in UTF-8, with or without the mark that Excel puts in front. Raises SpreadsheetError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _under_headings("", _unquoted(csv.reader(file, strict=True)), str(path))
    except UnicodeDecodeError:
        raise SpreadsheetError(f"{path} is not UTF-8 text; save it as CSV UTF-8") from None
    except csv.Error as error:
        raise SpreadsheetError(f"{path} is not CSV: {error}") from None


def workbook(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A workbook of one sheet: headings that stay in sight, a filter, and texts that are never formulas."""
    openpyxl = _openpyxl()
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title[:31]
    sheet.append(list(headings))
    widest = [_cells(heading) for heading in headings]
    for number, row in enumerate(rows, 2):
        for place, value in enumerate(row, 1):
            _put(sheet, number, place, value)
            widest[place - 1] = max(widest[place - 1], _cells(str(value)) if value is not None else 0)
    _dress(sheet, len(headings), 1)
    sheet.auto_filter.ref = sheet.dimensions
    for place, width in enumerate(widest, 1):
        sheet.column_dimensions[openpyxl.utils.get_column_letter(place)].width = min(width, 60) + 2
    return _saved(book)


def template_workbook(title: str, columns: Sequence[EntryColumn]) -> bytes:
    """A workbook to enter commands in: a heading and a line of help for each field, lists where there is a choice."""
    openpyxl = _openpyxl()
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for place, column in enumerate(columns, 1):
        letter = openpyxl.utils.get_column_letter(place)
        _put(sheet, 1, place, column.name)
        _put(sheet, 2, place, f"{REMARK} {column.help}" if place == 1 else column.help)
        note = openpyxl.styles.Font(italic=True, color="808080")
        sheet.cell(2, place).font = note
        sheet.cell(2, place).alignment = openpyxl.styles.Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[letter].width = max(18, _cells(column.name) + 2)
        for number in range(3, 203):
            sheet.cell(number, place).number_format = column.form
        listed = f'"{",".join(column.choices)}"'
        if column.choices and len(listed) <= 255:  # noqa: PLR2004 - the format's limit
            rule = openpyxl.worksheet.datavalidation.DataValidation("list", formula1=listed, allow_blank=True)
            sheet.add_data_validation(rule)
            rule.add(f"{letter}3:{letter}1048576")
    _dress(sheet, len(columns), 2)
    for place, column in enumerate(columns, 1):
        if column.required:
            sheet.cell(1, place).fill = openpyxl.styles.PatternFill("solid", fgColor="FFF2CC")
    return _saved(book)


def csv_template(columns: Sequence[EntryColumn], first: Sequence[str]) -> str:
    """The same as CSV text; `first` are the cells of a column in front: heading and what it is filled with."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([first[0], *(column.name for column in columns)])
    writer.writerow([f"{REMARK} {first[1]}", *(column.help for column in columns)])
    return text.getvalue()


def _under_headings(sheet: str, rows: Iterable[Sequence[object]], name: str) -> Iterator[SheetRow]:
    headings: list[str] | None = None
    for number, row in enumerate(rows, 1):
        values = list(row)[:MOST_COLUMNS]
        first = next((value for value in values if value not in {None, ""}), None)
        if first is None or (isinstance(first, str) and first.startswith(REMARK)):
            continue
        if headings is None:
            headings = [str(value).strip() if value is not None else "" for value in values]
            twice = next((heading for heading in headings if heading and headings.count(heading) > 1), None)
            if twice is not None:
                raise SpreadsheetError(f"{name}: two columns are headed {twice[:60]!r}")
            continue
        cells: dict[str, object] = {}
        for place, value in enumerate(values):
            if value in {None, ""}:
                continue
            heading = headings[place] if place < len(headings) else ""
            cells[heading or f"column {place + 1}"] = value
        yield SheetRow(sheet, number, cells)


def _unquoted(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """The apostrophe goes that keeps a text from being taken for a formula."""
    for row in rows:
        yield [cell[1:] if _QUOTED.match(cell) else cell for cell in row]


def _put(sheet: Worksheet, row: int, column: int, value: object) -> None:
    fit = _UNFIT.sub("\ufffd", value)[:LONGEST_CELL] if isinstance(value, str) else value
    cell: Any = sheet.cell(row, column)
    cell.value = fit
    if isinstance(value, str):
        cell.data_type = "s"  # never a formula


def _dress(sheet: Worksheet, columns: int, rows: int) -> None:
    openpyxl = _openpyxl()
    for place in range(1, columns + 1):
        cell = sheet.cell(1, place)
        cell.font = openpyxl.styles.Font(bold=True)
        cell.fill = openpyxl.styles.PatternFill("solid", fgColor="DDEBF7")
    sheet.freeze_panes = f"A{rows + 1}"


def _cells(text: str) -> int:
    """How wide a text is; Chinese takes two places."""
    return sum(2 if ord(mark) > 0x2E80 else 1 for mark in text)  # noqa: PLR2004 - where the wide scripts begin


def _openpyxl() -> Any:  # noqa: ANN401 - a module that may be missing
    try:
        import openpyxl
        import openpyxl.styles
        import openpyxl.worksheet.datavalidation
    except ImportError:
        raise SpreadsheetError(
            "XLSX needs openpyxl: run `pip install 'fivestep-proposals[xlsx]'`, or use CSV"
        ) from None
    return openpyxl


def _saved(book: Any) -> bytes:  # noqa: ANN401 - of a library without types
    """The file. On a full disk the library would leave a trace of its own behind."""
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
