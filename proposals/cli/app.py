"""The commands, put together. A command imports what it needs when it runs, so that help is quick."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proposals.cli import (
    checking,
    demonstrating,
    doing,
    evaluating,
    exporting,
    forgetting,
    importing,
    looking,
    picturing,
    projecting,
    registers,
    storing,
    templates,
    ticking,
    worklists,
)
from proposals.cli.failures import WRONG_USAGE, Failure
from proposals.cli.group import Command, Group, Subgroup
from proposals.cli.settings import DEFAULT_URL, DEFAULT_ZONE, Settings
from proposals.cli.words import LANGUAGES, Words, language_of

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(
    cls=Group,
    help="help_proposals",
    epilog="epilog_proposals",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _version(asked: bool) -> None:
    if asked:
        number = sys.modules["proposals"].__version__  # imported from inside it would run against the layers
        sys.stdout.write(f"proposals {number}\n")
        raise typer.Exit


@app.callback()
def proposals(
    context: typer.Context,
    db: Annotated[str | None, typer.Option("--db", envvar="PROPOSALS_DB", metavar="URL", help="help_db")] = None,
    keys: Annotated[
        Path | None, typer.Option("--keys", envvar="PROPOSALS_KEYS", metavar="PATH", help="help_keys")
    ] = None,
    lang: Annotated[
        str | None, typer.Option("--lang", envvar="PROPOSALS_LANG", metavar="|".join(LANGUAGES), help="help_lang")
    ] = None,
    zone: Annotated[
        str, typer.Option("--zone", envvar="PROPOSALS_ZONE", metavar="ZONE", help="help_zone")
    ] = DEFAULT_ZONE,
    wait: Annotated[float, typer.Option("--wait", metavar="SECONDS", help="help_wait")] = 10.0,
    version: Annotated[  # noqa: ARG001 - it has done its work by then
        bool, typer.Option("--version", callback=_version, is_eager=True, help="help_version")
    ] = False,
) -> None:
    """Takes the global options; see the catalogue under help_proposals."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    words = Words(language_of(["--lang", lang] if lang is not None else []))
    if lang is not None and lang.partition("_")[0].partition("-")[0].lower() not in LANGUAGES:
        raise Failure(f"--lang: {words('invalid_choice', choices=', '.join(LANGUAGES))}", WRONG_USAGE)
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Failure(f"--zone: {words('error_zone')}", WRONG_USAGE) from None
    settings = Settings(db or DEFAULT_URL, keys, words, place, wait, named=db is not None)
    context.obj = settings
    if isinstance(context.command, Group):
        context.command.settings = settings


def _add(name: str, run: Callable[..., Any], panel: str, to: typer.Typer = app) -> None:
    code = f"help_{'policy_' if to is not app else ''}{name}"
    to.command(name, cls=Command, help=code, rich_help_panel=panel)(run)


policy = typer.Typer(cls=Subgroup, no_args_is_help=True, pretty_exceptions_enable=False)

_add("demo", demonstrating.demo, "panel_begin")
_add("do", doing.do, "panel_work")
_add("template", templates.template, "panel_work")
_add("import", importing.import_, "panel_work")
_add("tick", ticking.tick, "panel_work")
_add("register", registers.register, "panel_look")
_add("worklist", worklists.worklist, "panel_look")
_add("show", looking.show_one, "panel_look")
_add("history", looking.history, "panel_look")
_add("options", looking.options, "panel_look")
_add("evaluate", evaluating.evaluate, "panel_look")
_add("check", checking.check, "", policy)
_add("show", checking.show_packaged, "", policy)
app.add_typer(policy, name="policy", help="help_policy", rich_help_panel="panel_rules")
_add("diagram", picturing.diagram, "panel_rules")
_add("schema", picturing.schema, "panel_rules")
_add("backup", storing.backup, "panel_keep")
_add("restore", storing.restore, "panel_keep")
_add("upgrade", storing.upgrade, "panel_keep")
_add("forget", forgetting.forget, "panel_keep")
_add("export", exporting.export, "panel_keep")
_add("status", projecting.status, "panel_keep")
_add("rebuild", projecting.rebuild, "panel_keep")
