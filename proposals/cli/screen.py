"""What comes out: tables for people, JSON and CSV for programs, and progress where somebody is watching."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal

from proposals.adapters.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text


class Format(StrEnum):
    """Tables are for people; JSON and CSV are stable."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, what a row says in it, and how it gives way on a narrow screen.

    A column with `room` may shrink to that width, and then goes on below or is cut; of the others, those of the
    highest `rank` go first.
    """

    heading: str
    said: Callable[[Mapping[str, Any]], str]
    style: Callable[[Mapping[str, Any]], str] = lambda _: ""
    room: int = 0
    wrap: bool = False
    rank: int = 0
    right: bool = False


WIDE: Final = 10_000
"""Columns of a table that goes to a file or a pipe: nothing is cut there."""

PAGE: Final = 100
"""Columns of running text that goes to a file or a pipe."""

GAP: Final = 2
"""Cells between two columns."""

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_FORMULA = re.compile(r"'?[=+\-@\t\r]")


def visible(said: object) -> str:
    """Text on one line, without characters that steer a terminal or turn the direction of writing."""
    return _UNSEEN.sub("·", " ".join(str(said).split()))


def screen_width(otherwise: int = WIDE) -> int:
    """How wide the screen is, or a width for a file or a pipe."""
    from shutil import get_terminal_size

    return get_terminal_size().columns if sys.stdout.isatty() else otherwise


def draw(drawn: RenderableType, otherwise: int = WIDE) -> None:
    """Puts a table or the like on the screen; in a file or a pipe without blanks at the ends of lines."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    console = Console(highlight=False, markup=False, emoji=False, width=None if terminal else otherwise)
    if terminal:
        console.print(drawn)
        return
    with console.capture() as capture:
        console.print(drawn)
    for line in capture.get().splitlines():
        sys.stdout.write(f"{line.rstrip()}\n")
    sys.stdout.flush()


def as_json(value: object) -> str:
    """JSON text as it is written everywhere: one line, in UTF-8, keys in their order."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def put(said: str) -> None:
    """Writes a line to the standard output, at once."""
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()


def let_go_of_output() -> None:
    """Whoever read the output is gone: nothing more is written, not even by Python when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def json_array(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A JSON array with one object to a line, as long as it may be."""
    before = "["
    for row in rows:
        yield f"{before}\n{as_json(row)}"
        before = ","
    yield "\n]\n" if before == "," else "[]\n"


def json_object(value: Mapping[str, Any]) -> str:
    """A JSON object for people to read too: indented, in UTF-8, keys in their order."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def csv_lines(rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> Iterator[str]:
    """CSV with a header. What a spreadsheet would take for a formula gets an apostrophe in front."""
    yield _csv_line(names)
    for row in rows:
        yield _csv_line([_csv_cell(row.get(name)) for name in names])


def _csv_line(cells: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _csv_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list | tuple):
        return as_json(value)
    said = str(value)
    return f"'{said}" if isinstance(value, str) and _FORMULA.match(said) else said


def show(
    rows: Iterable[Mapping[str, Any]], shape: Format, names: Sequence[str], columns: Sequence[Column], nothing: str
) -> None:
    """Writes rows. `names` are the keys of every row; `columns` are for people, `nothing` is for none."""
    if shape is Format.TABLE:
        shown = list(rows)
        if shown:
            draw(table(shown, columns, screen_width()))
        else:
            put(nothing)
        return
    for part in json_array(rows) if shape is Format.JSON else csv_lines(rows, names):
        sys.stdout.write(part)
    sys.stdout.flush()


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], width: int) -> Table:
    """A table of what fits. A column that says nothing in any row is left out."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    cells = {column: [visible(column.said(row)) for row in rows] for column in columns}
    widths = fitted([column for column in columns if any(cells[column])], cells, width)
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), header_style="bold", border_style="dim")
    for column, wide in widths.items():
        heading = Text(column.heading, no_wrap=True, overflow="ellipsis")
        justify: Literal["left", "right"] = "right" if column.right else "left"
        overflow: Literal["fold", "ellipsis"] = "fold" if column.wrap else "ellipsis"
        made.add_column(heading, justify=justify, no_wrap=not column.wrap, overflow=overflow, width=wide)
    for place, row in enumerate(rows):
        made.add_row(*(Text(cells[column][place], style=column.style(row)) for column in widths))
    return made


def fitted(columns: Sequence[Column], cells: Mapping[Column, list[str]], width: int) -> dict[Column, int]:
    """How wide each column is to be: those of the highest rank go, then those with room give way, the widest first."""
    from rich.cells import cell_len

    natural = {column: max(map(cell_len, (column.heading, *cells[column]))) for column in columns}
    least = {column: min(natural[column], column.room or natural[column]) for column in columns}
    left = list(columns)
    while sum(least[column] + GAP for column in left) > width and any(column.rank for column in left):
        left.remove(max(left, key=lambda column: column.rank))
    widths = {column: natural[column] for column in left}
    while sum(widths.values()) + GAP * len(left) > width:
        yielding = [column for column in left if widths[column] > least[column]]
        if not yielding:
            break
        widths[max(yielding, key=lambda column: widths[column])] -= 1
    return widths


def aligned(pairs: Iterable[tuple[str, Text | str]]) -> Table:
    """Names and values in two columns, the values wrapped beside their names."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(Text(name), value if isinstance(value, Text) else Text(value))
    return grid


@contextmanager
def progress(what: str) -> Iterator[Callable[..., None]]:
    """A bar on a terminal's error output, nothing elsewhere. It is given how many more are done, and of how many."""
    if not sys.stderr.isatty():
        yield lambda _more, _total=None: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    parts = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
    with Progress(*parts, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda more, total=None: bars.update(task, advance=more, total=total)


def so_far(advance: Callable[..., None]) -> Callable[..., None]:
    """Tells a bar, which is given how many more are done, how many are done in all, and of how many, if known."""
    done = 0

    def told(now: int, total: int | None = None) -> None:
        nonlocal done
        advance(now - done, total)
        done = now

    return told


def write(file: Path, said: str, *, for_spreadsheets: bool) -> None:
    """Writes a file, whole or not at all. A mark before it tells spreadsheet programs that it is in UTF-8."""
    write_whole(file, lambda path: path.write_text(said, "utf-8-sig" if for_spreadsheets else "utf-8", newline=""))


def remark(said: str) -> None:
    """Something worth knowing that is no answer: it goes to the error output."""
    sys.stderr.write(f"{said}\n")
    sys.stderr.flush()
