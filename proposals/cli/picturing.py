"""`diagram` and `schema`: the process as a picture or a table, and the form of commands and events."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proposals.cli.failures import WRONG_USAGE, Failure
from proposals.cli.screen import Column, Format, put, show
from proposals.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from proposals.cli.words import Words
    from proposals.domain.process import Process, Row


class DiagramFormat(StrEnum):
    """A picture as Mermaid text, or its rows."""

    MERMAID = "mermaid"
    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class Stream(StrEnum):
    """The kinds of streams, each with a table of its own."""

    PROPOSAL = "proposal"
    MEETING = "meeting"
    ORDER = "order"
    ROUND = "round"
    UNIT = "unit"
    POLICY = "policy"
    SUBJECT = "subject"


def diagram(
    context: typer.Context,
    stream: Annotated[Stream, typer.Option("--stream", help="help_diagram_stream")] = Stream.PROPOSAL,
    shape: Annotated[DiagramFormat, typer.Option("--format", help="help_diagram_format")] = DiagramFormat.MERMAID,
) -> None:
    """The process, from the table it runs by; see the catalogue under help_diagram."""
    from proposals.domain.processes import PROCESSES
    from proposals.domain.vocabulary import Kind

    settings: Settings = context.obj
    words = settings.words
    process = PROCESSES[Kind(stream.value)]
    if shape is DiagramFormat.MERMAID:
        for line in mermaid(process, words):
            put(line)
        return
    rows = [_plain(row) for row in process.rows]
    columns = [
        Column(words("heading_step"), lambda row: words.name(row["step"]) if row["step"] else "", rank=3),
        Column(words("heading_from"), lambda row: ", ".join(map(words.name, row["from"])), room=12),
        Column(words("heading_command"), lambda row: words.name(row["command"]), room=12),
        Column(words("heading_event"), lambda row: words.name(row["event"]), room=12),
        Column(words("heading_to"), lambda row: words.name(row["to"]) if row["to"] else "↺"),
        Column(words("heading_who"), lambda row: _who(row, words), room=10, rank=1),
        Column(words("heading_guards"), lambda row: ", ".join(row["guards"]), room=10, rank=2),
    ]
    show(rows, Format(shape.value), list(rows[0]), columns, "")


def mermaid(process: Process, words: Words) -> Iterator[str]:
    """A state diagram in Mermaid's language: states under their step, notes left out, ends marked."""
    yield "stateDiagram-v2"
    for step, states in _by_step(process).items():
        if step is not None:
            yield f'    state "{words.name(step)}" as step_{step} {{'
        for name in states:
            yield f'    {"" if step is None else "    "}state "{words.name(name)}" as {name}'
        if step is not None:
            yield "    }"
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in process.rows:
        for source in row.sources if row.target is not None else ():
            arrows.setdefault((str(source or "[*]"), str(row.target)), []).append(words.name(row.command.__name__))
    for (before, after), names in arrows.items():
        yield f"    {before} --> {after}: {' / '.join(names)}"
    for end in process.states:
        if end in process.terminal:
            yield f"    {end} --> [*]"


def _by_step(process: Process) -> dict[str | None, list[str]]:
    """The states by the step whose turn it is; only proposals have steps."""
    from proposals.domain.case import ProposalStatus
    from proposals.projections.case_events import STEP

    found: dict[str | None, list[str]] = {}
    for state in process.states:
        turn = STEP.get(state) if isinstance(state, ProposalStatus) else None
        found.setdefault(turn.value if turn is not None else None, []).append(str(state))
    return found


def _plain(row: Row) -> dict[str, Any]:
    return {
        "step": row.step.value if row.step is not None else None,
        "from": [str(source) if source is not None else "new" for source in row.sources],
        "command": row.command.__name__,
        "event": row.event.name,
        "to": str(row.target) if row.target is not None else None,
        "roles": [role.value for role in row.roles],
        "guards": [guard.__name__ for guard in row.guards],
        "reaction": row.reaction,
    }


def _who(row: Mapping[str, Any], words: Words) -> str:
    return words("reaction") if row["reaction"] else ", ".join(map(words.name, row["roles"]))


def schema(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="help_schema_name", show_default=False)] = None,
) -> None:
    """JSON Schemas of commands and events; see the catalogue under help_schema."""
    from proposals.application.parsing import command_schema
    from proposals.domain.processes import COMMANDS, EVENTS

    settings: Settings = context.obj
    if name is None:
        said: dict[str, Any] = {
            "commands": {one: command_schema(one) for one in COMMANDS},
            "events": {one: event.model_json_schema(mode="serialization") for one, event in EVENTS.items()},
        }
    elif name in COMMANDS:
        said = command_schema(name)
    elif name in EVENTS:
        said = EVENTS[name].model_json_schema(mode="serialization")
    else:
        raise Failure(f"NAME: {_unknown(name, settings.words)}", WRONG_USAGE)
    put(json.dumps(said, ensure_ascii=False, indent=2))


def _unknown(name: str, words: Words) -> str:
    from difflib import get_close_matches

    from proposals.domain.processes import COMMANDS, EVENTS

    near = get_close_matches(name, [*COMMANDS, *EVENTS], n=3)
    return words("invalid_command_like", near=", ".join(near)) if near else words("invalid_command")
