"""`policy check` and `policy show`: what is wrong with rules before they are in force, and rules to start from."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proposals.cli.failures import FINDINGS, WRONG_USAGE, Failure
from proposals.cli.options import FormatOption
from proposals.cli.screen import Column, Format, put, remark, show
from proposals.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proposals.domain.rules import ProcessPolicy


def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="help_policy_file", show_default=False)],
    shape: FormatOption = Format.TABLE,
) -> None:
    """What is wrong with a policy, and what it would change; see the catalogue under help_policy_check."""
    settings: Settings = context.obj
    words = settings.words
    if not file.is_file():
        raise Failure(words("error_no_file", file=str(file)), WRONG_USAGE)
    rules, rows = _found(file, settings)
    looked = rules is not None and (settings.named or (settings.file is not None and settings.file.exists()))
    if rules is not None and looked:
        rows += _changes(rules, settings)

    def colour(row: Mapping[str, Any]) -> str:
        return {"error": "bold red", "remark": "yellow"}.get(row["severity"], "cyan")

    columns = [
        Column(words("heading_severity"), lambda row: words.name(row["severity"]), style=colour),
        Column(words("heading_field"), lambda row: row["field"], room=16),
        Column(words("heading_finding"), lambda row: row["text"], room=24),
    ]
    if shape is Format.TABLE and rows and not any(row["severity"] in {"error", "remark"} for row in rows):
        put(words("policy_fine"))
        put("")
    show(rows, shape, ("severity", "code", "field", "text"), columns, words("policy_fine"))
    errors = sum(row["severity"] == "error" for row in rows)
    if shape is Format.TABLE and rules is not None:
        remark(words("policy_looked" if looked else "policy_not_looked", database=settings.shown))
    if errors:
        raise typer.Exit(FINDINGS)


def show_packaged(context: typer.Context) -> None:  # noqa: ARG001 - every command has its context
    """The edition the package ships; see the catalogue under help_policy_show."""
    from importlib.resources import files

    sys.stdout.write(files("proposals").joinpath("data/policy.toml").read_text("utf-8"))


def _found(file: Path, settings: Settings) -> tuple[ProcessPolicy | None, list[dict[str, str]]]:
    """The rules in the file, and what is wrong with them. Raises Failure for a file that is no TOML at all."""
    from proposals.adapters.policies import parse_policy
    from proposals.domain.errors import Invalid
    from proposals.domain.policy_check import check as findings

    try:
        rules = parse_policy(file.read_bytes(), str(file), language=settings.words.language)
    except Invalid as error:
        (field, reason), *_ = error.problems
        if field == str(file):
            raise Failure(f"{field}: {reason}", WRONG_USAGE) from None
        return None, [
            {"severity": "error", "code": "policy_invalid", "field": field, "text": reason}
            for field, reason in error.problems
        ]
    return rules, [
        {
            "severity": finding.severity.value,
            "code": finding.code,
            "field": finding.field,
            "text": finding.text(settings.words.language),
        }
        for finding in findings(rules)
    ]


def _changes(rules: ProcessPolicy, settings: Settings) -> list[dict[str, str]]:
    """For each edition that open cases keep: how many there are, and what would be otherwise under these rules."""
    from proposals.domain.case import TERMINAL, Proposal
    from proposals.domain.rules import differences
    from proposals.domain.vocabulary import Kind

    words = settings.words
    with settings.opened() as app:
        pinned: Counter[str] = Counter(
            case.policy
            for case in app.states(Kind.PROPOSAL)
            if isinstance(case, Proposal) and case.status not in TERMINAL
        )
        context = app.writer.work().context
        rows = []
        for policy, cases in sorted(pinned.items()):
            changed = differences(context.policy(policy), rules)
            said = words("policy_pinned", policy=policy, cases=cases, fields=len(changed))
            rows.append({"severity": "effect", "code": "policy_pinned", "field": policy, "text": said})
            for field, (old, new) in changed.items():
                for inner, before, after in _apart(field, old, new):
                    said = words("policy_change", policy=policy, before=before, after=after)
                    rows.append({"severity": "effect", "code": "policy_change", "field": inner, "text": said})
    return rows


def _apart(field: str, old: object, new: object) -> list[tuple[str, str, str]]:
    """Where exactly two values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        return [one for name in names for one in _apart(f"{field}.{name}", old.get(name), new.get(name))]
    return [(field, _said(old), _said(new))]


def _said(value: object) -> str:
    from proposals.cli.screen import as_json

    if value is None:
        return "—"
    return value if isinstance(value, str) else as_json(value)
