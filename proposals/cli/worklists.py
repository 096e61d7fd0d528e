"""`worklist`: who must act, on what and by when, and what is overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from proposals.cli.failures import WRONG_USAGE, Failure, unless_waiting
from proposals.cli.options import FormatOption
from proposals.cli.screen import Column, Format, progress, remark, show
from proposals.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping


def worklist(
    context: typer.Context,
    role: Annotated[list[str] | None, typer.Option("--role", metavar="ROLE", help="help_worklist_role")] = None,
    unit: Annotated[str | None, typer.Option("--unit", metavar="UNIT", help="help_worklist_unit")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="TIME", help="help_as_of")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="help_worklist_overdue")] = False,
    shape: FormatOption = Format.TABLE,
) -> None:
    """Who must act; see the catalogue under help_worklist."""
    from proposals.application import answers
    from proposals.domain.vocabulary import Role, instant_text

    settings: Settings = context.obj
    words, moment = settings.words, settings.instant(as_of, "--as-of")
    unknown = [name for name in role or [] if name not in {*Role}]
    if unknown:
        raise Failure(f"--role: {words('invalid_choice', choices=', '.join(Role))}", WRONG_USAGE)
    with settings.opened() as app, progress(words("worklist_progress")) as advance:
        settings.require_unit(unit, app)
        listing = answers.worklist(app, unit=unit, as_of=moment, progress=advance)
        rows = sorted(
            (row for row in listing if (not role or row.role in role) and (row.overdue or not overdue)),
            key=lambda row: (instant_text(row.due_at) if row.due_at else "~", row.stream, row.duty),
        )
    plain = [row.plain() for row in rows]
    show(plain, shape, NAMES, columns(settings), words("worklist_empty"))
    if shape is Format.TABLE and rows:
        remark(words("worklist_summary", duties=len(rows), overdue=sum(row.overdue for row in rows)))
    unless_waiting(listing.waiting, words)


NAMES = (
    "role", "holder_unit", "holder_title", "stream", "duty", "proposal", "title", "since", "due_at", "overdue",
)  # fmt: skip


def columns(settings: Settings) -> list[Column]:
    """The columns as people see them, in the order in which they give way."""
    from proposals.domain.vocabulary import as_instant

    words = settings.words

    def holder(row: Mapping[str, Any]) -> str:
        at = f" · {words.half(row['holder_title'])}" if row["holder_title"] else ""
        return words.name(row["role"]) + at

    def duty(row: Mapping[str, Any]) -> str:
        name, _, number = row["duty"].partition(".")
        return words.name(f"duty_{name}") + (f" {number}" if number else "")

    return [
        Column(words("heading_holder"), holder, room=14),
        Column(words("heading_duty"), duty, style=lambda _: "bold"),
        Column(words("heading_title"), lambda row: words.half(row["title"]), room=12, rank=1),
        Column(words("heading_id"), lambda row: row["stream"], room=20),
        Column(
            words("heading_since"),
            lambda row: settings.local(as_instant(row["since"]))[:10],
            rank=2,
            style=lambda _: "dim",
        ),
        Column(words("heading_due"), settings.due, style=lambda row: "bold red" if row["overdue"] else ""),
    ]
