"""`status` and `rebuild`: how far the read models are, what waits, and making them anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from proposals.cli.failures import FINDINGS, WRONG_USAGE, Failure
from proposals.cli.options import FormatOption
from proposals.cli.screen import Column, Format, progress, remark, show, so_far
from proposals.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proposals.application import Proposals

STATE_STYLES = {
    "live": "green",
    "building": "cyan",
    "missing": "yellow",
    "outdated": "red",
    "newer": "red",
    "unknown": "yellow",
}


def status(context: typer.Context, shape: FormatOption = Format.TABLE) -> None:
    """How far each read model is; see the catalogue under help_status."""
    settings: Settings = context.obj
    words = settings.words
    with settings.opened() as app:
        rows = [{**found._asdict(), "lag": found.lag} for found in app.projections.status()]
        letters = [letter._asdict() for letter in app.projections.dead_letters()]
    columns = [
        Column(words("heading_projection"), lambda row: row["name"], style=lambda _: "bold"),
        Column(words("heading_state"), lambda row: words(f"projection_{row['state']}"), style=_colour),
        Column(words("heading_version"), _versions, right=True, rank=1),
        Column(words("heading_position"), lambda row: f"{row['position']:,}", right=True),
        Column(words("heading_lag"), lambda row: f"{row['lag']:,}", right=True),
        Column(words("heading_dead_letters"), lambda row: str(row["dead_letters"] or ""), right=True),
    ]
    show(rows, shape, ("name", "state", "version", "stored", "position", "head", "lag", "dead_letters"), columns, "")
    if shape is Format.TABLE:
        for letter in letters:
            remark(
                words("status_dead_letter", **{key: str(letter[key]) for key in ("name", "position", "stream", "why")})
            )
        ours = {row["name"] for row in rows if row["version"] is not None}
        stuck = {letter["name"] for letter in letters}
        if stuck & ours:
            remark(words("status_replay"))
        for name in sorted(stuck - ours):
            remark(words("status_replay_host", name=name))
    if letters:
        raise typer.Exit(FINDINGS)


def rebuild(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", help="help_rebuild_names")] = None,
    every: Annotated[bool, typer.Option("--all", help="help_rebuild_all")] = False,
    replay: Annotated[bool, typer.Option("--replay", help="help_rebuild_replay")] = False,
) -> None:
    """Makes read models anew; see the catalogue under help_rebuild."""
    settings: Settings = context.obj
    words = settings.words
    if bool(names) is every:
        raise Failure(words("error_rebuild_which"), WRONG_USAGE)
    with settings.opened() as app:
        known = [found.name for found in app.projections.status() if found.version is not None]
        chosen = list(dict.fromkeys(known if every else names or []))
        unknown = [name for name in chosen if name not in known]
        if unknown:
            raise Failure(words("error_no_projection", name=", ".join(unknown), known=", ".join(known)), WRONG_USAGE)
        for name in chosen:
            if replay:
                remark(words("rebuild_replayed", name=name, events=app.projections.replay(name)))
            else:
                _rebuild(app, name, settings)


def _rebuild(app: Proposals, name: str, settings: Settings) -> None:
    with progress(settings.words("rebuild_progress", name=name)) as advance:
        told = so_far(advance)
        app.projections.rebuild(name, progress=lambda _name, position, head: told(position, head))
    found = next(found for found in app.projections.status() if found.name == name)
    remark(settings.words("rebuild_done", name=name, position=found.position))


def _colour(row: Mapping[str, Any]) -> str:
    return STATE_STYLES[row["state"]]


def _versions(row: Mapping[str, Any]) -> str:
    return " → ".join(str(version) for version in dict.fromkeys((row["stored"], row["version"])) if version is not None)
