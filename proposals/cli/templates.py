"""`template`: a form to enter many commands in, read back by `do`."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proposals.adapters.whole_files import write_whole
from proposals.cli.failures import WRONG_USAGE, Failure
from proposals.cli.options import OutputOption
from proposals.cli.screen import as_json, write
from proposals.cli.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from proposals.adapters.spreadsheet import EntryColumn
    from proposals.cli.columns import Field
    from proposals.cli.words import Words

_FORMS = {"instant": "yyyy-mm-dd hh:mm", "date": "yyyy-mm-dd", "int": "0", "bool": "General"}


class TemplateFormat(StrEnum):
    """For Excel and its like, for any table, or for programs."""

    XLSX = "xlsx"
    CSV = "csv"
    JSON = "json"


def template(
    context: typer.Context,
    command: Annotated[str, typer.Argument(metavar="COMMAND", help="help_template_command", show_default=False)],
    shape: Annotated[TemplateFormat, typer.Option("--format", help="help_template_format")] = TemplateFormat.XLSX,
    output: OutputOption = None,
) -> None:
    """A form for a command; see the catalogue under help_template."""
    from proposals.adapters.spreadsheet import csv_template
    from proposals.cli.columns import columns_for

    settings: Settings = context.obj
    words = settings.words
    known(command, words)
    fields = columns_for(command)
    if shape is TemplateFormat.XLSX:
        _workbook(command, [_entry(field, settings) for field in fields], output, words)
        return
    if shape is TemplateFormat.CSV:
        said = csv_template([_entry(field, settings) for field in fields], ("command", command))
    else:
        said = as_json(example(command, fields)) + "\n"
    if output is not None:
        write(output, said, for_spreadsheets=shape is TemplateFormat.CSV)
    else:
        sys.stdout.write(said)


def known(command: str, words: Words) -> None:
    """Raises Failure for a name that is no command, with those that are like it."""
    from difflib import get_close_matches

    from proposals.domain.processes import COMMANDS

    if command not in COMMANDS:
        near = get_close_matches(command, COMMANDS, n=3)
        reason = words("invalid_command_like", near=", ".join(near)) if near else words("invalid_command")
        raise Failure(f"COMMAND: {reason}", WRONG_USAGE)


def _workbook(command: str, columns: list[EntryColumn], output: Path | None, words: Words) -> None:
    from proposals.adapters.spreadsheet import template_workbook

    if output is None and sys.stdout.isatty():
        raise Failure(words("error_binary_to_terminal", command=command), WRONG_USAGE)
    book = template_workbook(command, columns)
    if output is not None:
        write_whole(output, lambda path: path.write_bytes(book))
    else:
        sys.stdout.buffer.write(book)


def _entry(field: Field, settings: Settings) -> EntryColumn:
    from proposals.adapters.spreadsheet import EntryColumn

    words = settings.words
    said = [words("field_required" if field.required else "field_optional"), words(f"field_{field.kind}")]
    if field.kind == "instant":
        said.append(words("field_zone", zone=settings.zone.key))
    if field.choices:
        said.append(words("field_choices", choices=", ".join(field.choices)))
    said.append(words("field_example", example=field.example))
    return EntryColumn(field.path, "; ".join(said), field.required, field.choices, _FORMS.get(field.kind, "@"))


def example(command: str, fields: tuple[Field, ...]) -> dict[str, Any]:
    """A line of JSON with what is required, to fill in."""
    made: dict[str, Any] = {"command": command}
    for field in fields:
        if not field.required:
            continue
        *outer, last = field.path.split(".")
        inner = made
        for part in outer:
            inner = inner.setdefault(part, {})
        match field.kind:
            case "int":
                inner[last] = 1
            case "bool":
                inner[last] = True
            case "ids" | "texts":
                inner[last] = field.example.split(", ")
            case "json":
                inner[last] = []
            case "instant":
                inner[last] = f"{field.example.replace(' ', 'T')}:00+08:00"
            case _:
                inner[last] = field.example
    return made
