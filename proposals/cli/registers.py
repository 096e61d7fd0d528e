"""`register`: where every case stands, who must act, and what is overdue."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proposals.adapters.whole_files import write_whole
from proposals.cli.failures import WRONG_USAGE, Failure, unless_waiting
from proposals.cli.options import OutputOption
from proposals.cli.screen import Column, Format, csv_lines, json_array, progress, remark, show, write
from proposals.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


class RegisterFormat(StrEnum):
    """A register may also be a workbook."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


STEP_STYLES = {"raise": "yellow", "discuss": "cyan", "decide": "magenta", "handle": "blue", "evaluate": "green"}


def register(
    context: typer.Context,
    state: Annotated[list[str] | None, typer.Option("--state", metavar="STATE", help="help_register_state")] = None,
    unit: Annotated[str | None, typer.Option("--unit", metavar="UNIT", help="help_register_unit")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="TIME", help="help_as_of")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="help_register_overdue")] = False,
    shape: Annotated[RegisterFormat, typer.Option("--format", help="help_register_format")] = RegisterFormat.TABLE,
    output: OutputOption = None,
) -> None:
    """Where every case stands; see the catalogue under help_register."""
    from proposals.application import answers

    settings: Settings = context.obj
    words = settings.words
    states, moment = _states(state or [], settings), settings.instant(as_of, "--as-of")
    if shape is RegisterFormat.XLSX and output is None:
        raise Failure(words("error_needs_output"), WRONG_USAGE)
    if shape is RegisterFormat.TABLE and output is not None:
        raise Failure(words("error_table_to_file"), WRONG_USAGE)
    with settings.opened() as app, progress(words("register_progress")) as advance:
        settings.require_unit(unit, app)
        listing = answers.register(app, unit=unit, as_of=moment, progress=advance)
        rows = [row for row in listing if row.status in states and (row.overdue or not overdue)]
    plain = [row.plain() for row in rows]
    if output is not None:
        _write(plain, shape, output, settings)
        remark(words("register_written", rows=len(plain), file=str(output)))
        unless_waiting(listing.waiting, words)
        return
    from proposals.projections.register import NAMES

    show(plain, Format(shape.value), NAMES, columns(settings), words("register_empty"))
    if shape is RegisterFormat.TABLE and rows:
        late = sum(row.overdue for row in rows)
        remark(words("register_summary", cases=len(rows), open=sum(row.step is not None for row in rows), overdue=late))
    unless_waiting(listing.waiting, words)


def _states(asked: Sequence[str], settings: Settings) -> frozenset[str]:
    from proposals.domain.case import OPEN, ProposalStatus

    known = [status.value for status in ProposalStatus]
    found: set[str] = set()
    for name in asked:
        if name == "open":
            found.update(OPEN)
        elif name in known:
            found.add(name)
        else:
            reason = settings.words("invalid_choice", choices=", ".join(["open", *known]))
            raise Failure(f"--state: {reason}", WRONG_USAGE)
    return frozenset(found or known)


def columns(settings: Settings) -> list[Column]:
    """The columns as people see them, in the order in which they give way."""
    words = settings.words

    def colour(row: Mapping[str, Any]) -> str:
        return STEP_STYLES.get(row["step"] or "", "dim")

    def holder(row: Mapping[str, Any]) -> str:
        if row["holder"] is None:
            return ""
        at = f" · {words.half(row['holder_title'])}" if row["holder_title"] else ""
        return words.name(row["holder"]) + at

    def named(field: str) -> Callable[[Mapping[str, Any]], str]:
        return lambda row: words.name(row[field]) if row[field] else ""

    return [
        Column(words("heading_id"), lambda row: row["id"], room=24),
        Column(words("heading_title"), lambda row: words.half(row["title"]), room=12),
        Column(words("heading_step"), named("step"), style=colour, rank=2),
        Column(words("heading_state"), named("status"), style=colour),
        Column(words("heading_unit"), lambda row: words.half(row["unit_title"]), room=8, rank=3),
        Column(words("heading_tier"), named("tier"), rank=5),
        Column(words("heading_cycle"), lambda row: str(row["cycle"]), right=True, rank=6),
        Column(words("heading_holder"), holder, room=10),
        Column(words("heading_due"), settings.due, style=lambda row: "bold red" if row["overdue"] else ""),
        Column(words("heading_outcome"), lambda row: named("outcome")(row) if row["step"] is None else "", rank=4),
    ]


def _write(rows: list[dict[str, Any]], shape: RegisterFormat, output: Path, settings: Settings) -> None:
    from proposals.projections.register import NAMES

    if shape is RegisterFormat.XLSX:
        from proposals.adapters.spreadsheet import workbook

        words, cells = settings.words, [[row[name] for name in NAMES] for row in rows]
        headings = [words.name(name) for name in NAMES]
        book = workbook(words("register_sheet"), headings, cells)
        write_whole(output, lambda path: path.write_bytes(book))
        return
    lines = json_array(rows) if shape is RegisterFormat.JSON else csv_lines(rows, NAMES)
    write(output, "".join(lines), for_spreadsheets=shape is RegisterFormat.CSV)
