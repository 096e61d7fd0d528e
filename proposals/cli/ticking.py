"""`tick`: what is due is done."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Final

import typer

from proposals.cli.failures import Failure
from proposals.cli.options import FormatOption
from proposals.cli.screen import Column, Format, progress, remark, show
from proposals.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST: Final = 5
"""How many streams in trouble are named on the one line of an error."""


def tick(
    context: typer.Context,
    now: Annotated[str | None, typer.Option("--now", metavar="TIME", help="help_tick_now")] = None,
    shape: FormatOption = Format.TABLE,
) -> None:
    """Does what is due; see the catalogue under help_tick."""
    from proposals.application import Unfinished
    from proposals.cli.looking import ENVELOPE
    from proposals.cli.states import event_json
    from proposals.domain.vocabulary import as_instant

    settings: Settings = context.obj
    words = settings.words
    moment = settings.instant(now, "--now")
    unfinished: Unfinished | None = None
    with settings.opened() as app, progress(words("tick_progress")):
        try:
            facts = app.tick(moment)
        except Unfinished as error:
            facts, unfinished = error.recorded, error
        rows = [event_json(fact, app, personal=False) for fact in facts]

    def when(row: Mapping[str, object]) -> str:
        return settings.local(as_instant(str(row["occurred_at"])))

    columns = [
        Column(words("heading_stream"), lambda row: row["stream"]),
        Column(words("heading_event"), lambda row: words.name(row["name"])),
        Column(words("heading_timer"), lambda row: row["data"].get("timer", ""), rank=2),
        Column(words("heading_holder"), lambda row: words.name(row["data"].get("owner", "")), rank=1),
        Column(settings.zoned("heading_when"), when, rank=3),
    ]
    if facts or unfinished is None or shape is not Format.TABLE:
        show(rows, shape, ENVELOPE, columns, words("tick_nothing"))
    if shape is Format.TABLE and facts:
        counted = Counter(words.name(fact.name) for fact in facts)
        remark(", ".join(f"{name} {count}" for name, count in counted.most_common()))
    if unfinished is not None:
        reasons = unfinished.reasons
        said = words("error_unfinished", count=len(reasons), what="; ".join(reasons[:MOST]))
        raise Failure(said + (f"; +{len(reasons) - MOST}" if len(reasons) > MOST else "")) from unfinished
