"""`tick`: what is due is done."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from proposals.cli.options import FormatOption
from proposals.cli.screen import Column, Format, progress, remark, show
from proposals.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping


def tick(
    context: typer.Context,
    now: Annotated[str | None, typer.Option("--now", metavar="TIME", help="help_tick_now")] = None,
    shape: FormatOption = Format.TABLE,
) -> None:
    """Does what is due; see the catalogue under help_tick."""
    from proposals.adapters.mapper import plain
    from proposals.cli.looking import ENVELOPE
    from proposals.domain.vocabulary import as_instant

    settings: Settings = context.obj
    words = settings.words
    moment = settings.instant(now, "--now")
    with settings.opened() as app, progress(words("tick_progress")):
        facts = app.tick(moment)

    def when(row: Mapping[str, object]) -> str:
        return settings.local(as_instant(str(row["occurred_at"])))

    columns = [
        Column(words("heading_stream"), lambda row: row["stream"]),
        Column(words("heading_event"), lambda row: words.name(row["name"])),
        Column(words("heading_timer"), lambda row: row["data"].get("timer", ""), rank=2),
        Column(words("heading_holder"), lambda row: words.name(row["data"].get("owner", "")), rank=1),
        Column(words("heading_when"), when, rank=3),
    ]
    show(map(plain, facts), shape, ENVELOPE, columns, words("tick_nothing"))
    if shape is Format.TABLE and facts:
        counted = Counter(words.name(fact.name) for fact in facts)
        remark(", ".join(f"{name} {count}" for name, count in counted.most_common()))
