"""`forget`: destroys one person's key, and says plainly what that destroyed and what it did not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from proposals.cli.options import FormatOption
from proposals.cli.screen import Format, as_json, csv_lines, progress, put
from proposals.cli.settings import Settings

if TYPE_CHECKING:
    from proposals.application import Proposals


def forget(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="help_forget_subject", show_default=False)],
    ground: Annotated[str, typer.Option("--ground", metavar="TEXT", help="help_forget_ground")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="help_forget_reason")],
    actor: Annotated[str, typer.Option("--actor", metavar="PERSON", help="help_actor")],
    approved_by: Annotated[str, typer.Option("--approved-by", metavar="PERSON", help="help_forget_approved_by")],
    shape: FormatOption = Format.TABLE,
) -> None:
    """Erases a data subject; see the catalogue under help_forget."""
    from proposals.application.parsing import parse_command

    settings: Settings = context.obj
    words = settings.words
    command = parse_command(
        {
            "command": "EraseSubject",
            "subject": subject,
            "ground": ground,
            "reason": reason,
            "actor": actor,
            "approved_by": approved_by,
        },
        language=words.language,
    )
    with settings.opened() as app, progress(words("forget_progress")):
        (fact, *_) = app.do(command)
        places = _sealed_for(app, subject)
    answer = {
        "subject": subject,
        "position": fact.position,
        "key": f"subject:{subject}",
        "destroyed": f"subject:{subject}" in app.keys.destroyed("subject:"),
        "unreadable": [{"stream": stream, "version": version, "field": field} for stream, version, field in places],
    }
    if shape is Format.JSON:
        put(as_json(answer))
    elif shape is Format.CSV:
        for line in csv_lines([answer], list(answer)):
            put(line.rstrip("\n"))
    else:
        streams = len({stream for stream, _, _ in places})
        put(words("forget_done", subject=subject, position=fact.position, keys=str(settings.key_file or "")))
        put(words("forget_unreadable", fields=len(places), streams=streams))
        for stream, version, field in places:
            put(f"  {stream} v{version} {field}")
        put(words("forget_left"))


def _sealed_for(app: Proposals, subject: str) -> list[tuple[str, int, str]]:
    """Where in the log something was sealed under the subject's key."""
    import json

    from proposals.domain.processes import EVENTS

    names = [name for name, event in EVENTS.items() if event.personal]
    found: list[tuple[str, int, str]] = []
    after = 0
    while page := app.recorder.select_notifications(after, 1_000, topics=names, inclusive_of_start=False):
        for event in page:
            data = json.loads(event.state)
            fields = sorted(EVENTS[event.topic].personal & data.keys())
            sealed = [field for field in fields if data[field].get("subject") == subject]
            found.extend((str(event.originator_id), event.originator_version, field) for field in sealed)
        after = page[-1].id
    return found
