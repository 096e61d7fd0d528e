"""`show`, `history`, `options`: one case now or then, its story, and what may be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from proposals.cli.options import FormatOption, PersonalOption
from proposals.cli.screen import PAGE, Column, Format, as_json, csv_lines, draw, put, show
from proposals.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proposals.domain.errors import Refusal

ENVELOPE: Final = (
    "position", "stream", "version", "name", "schema", "occurred_at", "recorded_at", "actor", "entered_by",
    "command_id", "correlation_id", "causation_id", "data",
)  # fmt: skip
"""The public names of an event, in their order."""

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="help_id", show_default=False)]


def show_one(
    context: typer.Context,
    stream: IdArgument,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="TIME", help="help_as_of")] = None,
    known_at: Annotated[str | None, typer.Option("--known-at", metavar="TIME", help="help_known_at")] = None,
    personal: PersonalOption = False,
    shape: FormatOption = Format.TABLE,
) -> None:
    """One case, or one of what stands around it; see the catalogue under help_show."""
    from proposals.application.answers import register_line
    from proposals.cli.states import as_the_log_says, card, state_json
    from proposals.domain.case import Proposal

    settings: Settings = context.obj
    past, known = settings.instant(as_of, "--as-of"), settings.instant(known_at, "--known-at")
    with settings.opened() as app:
        state = app.get(stream, as_of=past, known_at=known)
        whole = as_the_log_says(state_json(state, personal=personal), app)
        if shape is Format.TABLE:
            world = app.writer.world(past, known)
            row = register_line(app, stream, as_of=past, known_at=known) if isinstance(state, Proposal) else None
            draw(card(state, whole, row, world, settings), PAGE)
        elif shape is Format.JSON:
            put(as_json(whole))
        else:
            for line in csv_lines([whole], list(whole)):
                put(line.rstrip("\n"))


def history(
    context: typer.Context, stream: IdArgument, personal: PersonalOption = False, shape: FormatOption = Format.TABLE
) -> None:
    """The story of a case; see the catalogue under help_history."""
    from proposals.cli.states import event_json, told
    from proposals.domain.vocabulary import as_instant

    settings: Settings = context.obj
    words = settings.words
    with settings.opened() as app:
        rows = [event_json(fact, app, personal=personal) for fact in app.history(stream)]

    def who(row: Mapping[str, Any]) -> str:
        keyed = row["entered_by"]
        return row["actor"] if keyed == row["actor"] else words("by_through", actor=row["actor"], entered_by=keyed)

    columns = [
        Column("", lambda row: str(row["version"]), right=True, style=lambda _: "dim"),
        Column(settings.zoned("heading_when"), lambda row: settings.local(as_instant(row["occurred_at"]))),
        Column(words("heading_event"), lambda row: words.name(row["name"]), style=lambda _: "bold"),
        Column(words("heading_who"), who, room=12, wrap=True),
        Column(words("heading_details"), lambda row: told(row, settings), room=24, wrap=True, style=lambda _: "dim"),
    ]
    show(rows, shape, ENVELOPE, columns, "")


def options(
    context: typer.Context,
    stream: IdArgument,
    actor: Annotated[str, typer.Option("--actor", metavar="PERSON", help="help_actor")],
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="help_options_at")] = None,
    shape: FormatOption = Format.TABLE,
) -> None:
    """What may be done, and why the rest may not; see the catalogue under help_options."""
    settings: Settings = context.obj
    words = settings.words
    moment = settings.instant(at, "--at")
    with settings.opened() as app:
        found = app.options(actor, stream, at=moment)
    order = sorted(found, key=lambda option: option.refusal is not None and option.refusal.code == "wrong_state")
    rows = [
        {
            "command": option.command,
            "open": option.open,
            "needs": list(option.needs),
            "refused": _refused(option.refusal, settings),
        }
        for option in sorted(order, key=lambda option: not option.open)
    ]
    only_in = {option.command: _only_in(option.refusal, settings) for option in found}

    def name(row: Mapping[str, Any]) -> str:
        said = words.name(row["command"])
        return said if said == row["command"] else f"{said} {row['command']}"

    def colour(row: Mapping[str, Any]) -> str:
        return "green" if row["open"] else "dim"

    columns = [
        Column("", lambda row: "✓" if row["open"] else "–", style=colour),
        Column(words("heading_command"), name, style=lambda row: "bold" if row["open"] else "dim"),
        Column(
            words("heading_needs_or_why"),
            lambda row: ", ".join(row["needs"]) if row["open"] else only_in[row["command"]] or row["refused"]["text"],
            room=24,
            wrap=True,
            style=colour,
        ),
    ]
    show(rows, shape, ("command", "open", "needs", "refused"), columns, "")


def _refused(refusal: Refusal | None, settings: Settings) -> dict[str, str] | None:
    return None if refusal is None else {"code": refusal.code, "text": refusal.text(settings.words.language)}


def _only_in(refusal: Refusal | None, settings: Settings) -> str:
    """The commonest reason, shorter: it is not the time for it."""
    if refusal is None or refusal.code != "wrong_state":
        return ""
    words = settings.words
    return words("options_only_in", states=", ".join(words.name(state) for state in refusal.details["allowed"]))
