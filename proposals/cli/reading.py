"""What `do` reads: JSON lines from a file or a pipe, and the rows of spreadsheets made from a template."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from proposals.adapters.spreadsheet import SheetRow
    from proposals.cli.settings import Settings
    from proposals.domain.event import Command

LONGEST_LINE: Final = 32 * 2**20
"""Bytes of one line; the largest real command, a policy, has a few thousand."""

_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Given:
    """A line of input: where it stands, and how to get the command out of it (raises Invalid)."""

    place: dict[str, Any]
    command: Callable[[], Command]

    @property
    def number(self) -> int:
        """The line's number in its file, from 1."""
        return int(self.place["line"])


def given(file: Path, settings: Settings, *, named: bool) -> Iterator[Given]:
    """What stands in a file, or in the standard input for `-`. With `named` each line says which file it is from."""
    place = {"file": str(file)} if named else {}
    if file.suffix.lower() in {".xlsx", ".csv"}:
        yield from _rows(file, place, settings)
    elif str(file) == "-":
        yield from _lines(sys.stdin.buffer, place, settings.words.language)
    else:
        with file.open("rb") as stream:
            yield from _lines(stream, place, settings.words.language)


def _lines(stream: BinaryIO, place: dict[str, Any], language: str) -> Iterator[Given]:
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        too_long = len(line) > LONGEST_LINE and not line.endswith(b"\n")
        if too_long:
            while rest := stream.readline(2**20):
                if rest.endswith(b"\n"):
                    break
        content = line.removeprefix(_MARK) if number == 1 else line
        yield Given(place | {"line": number}, _too_long(language) if too_long else _json(content, language))


def _json(line: bytes, language: str) -> Callable[[], Command]:
    from proposals.application.parsing import parse_line

    return lambda: parse_line(line, language=language)


def _too_long(language: str) -> Callable[[], Command]:
    from proposals.application.parsing import WHOLE
    from proposals.domain.catalogue import text
    from proposals.domain.errors import Invalid

    def refuse() -> Command:
        raise Invalid([(WHOLE, text("invalid_large_line", language, limit=LONGEST_LINE // 2**20))])

    return refuse


def _rows(file: Path, place: dict[str, Any], settings: Settings) -> Iterator[Given]:
    from proposals.adapters.spreadsheet import read_csv, read_workbook
    from proposals.application.parsing import parse_command
    from proposals.cli.columns import fields_of

    rows = read_workbook(file) if file.suffix.lower() == ".xlsx" else read_csv(file)
    for row in rows:
        where = place | ({"sheet": row.sheet} if row.sheet else {}) | {"line": row.number}

        def command(row: SheetRow = row) -> Command:
            return parse_command(fields_of(row, settings), language=settings.words.language)

        yield Given(where, command)
