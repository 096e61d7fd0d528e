"""`import`: ledgers of other registers are taken over, row by row, and nothing is invented."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proposals.cli.failures import FINDINGS, WRONG_USAGE, Failure
from proposals.cli.options import FormatOption
from proposals.cli.screen import Format, aligned, as_json, csv_lines, draw, progress, put, remark, so_far
from proposals.cli.settings import Settings

if TYPE_CHECKING:
    from proposals.application.importing import Report
    from proposals.cli.words import Words


def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="help_import_file", show_default=False)],
    mapping: Annotated[Path, typer.Option("--mapping", metavar="MAP", help="help_import_mapping")],
    actor: Annotated[str, typer.Option("--actor", metavar="PERSON", help="help_import_actor")] = "importer",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="help_import_dry_run")] = False,
    rejects: Annotated[Path | None, typer.Option("--rejects", metavar="FILE", help="help_import_rejects")] = None,
    shape: FormatOption = Format.TABLE,
) -> None:
    """Takes over a ledger; see the catalogue under help_import."""
    from proposals.adapters.ledger import read_mapping
    from proposals.application.importing import import_ledger

    settings: Settings = context.obj
    words = settings.words
    for path in (file, mapping):
        if not path.is_file():
            raise Failure(words("error_no_file", file=str(path)), WRONG_USAGE)
    if rejects is not None and rejects.resolve() in {file.resolve(), mapping.resolve()}:
        raise Failure(f"--rejects: {words('error_exists', file=str(rejects))}", WRONG_USAGE)
    if rejects is not None and not rejects.parent.is_dir():
        raise Failure(f"--rejects: {words('error_no_folder', folder=str(rejects.parent))}", WRONG_USAGE)
    known = read_mapping(mapping, language=words.language)
    with (
        settings.rehearsed() if dry_run else settings.opened(create=True) as app,
        progress(words("import_progress")) as advance,
    ):
        told = so_far(advance)
        report = import_ledger(app, file, known, actor=actor, dry_run=dry_run, rejects=rejects, progress=told)
    _tell(report, shape, words)
    if shape is Format.TABLE or report.rejected:
        _tell_rejected(report, rejects if not dry_run else None, words)
    if report.rejected:
        raise typer.Exit(FINDINGS)


def _tell(report: Report, shape: Format, words: Words) -> None:
    counts = {name: value for name, value in asdict(report).items() if isinstance(value, int)}
    if shape is Format.JSON:
        put(as_json({**counts, "reasons": dict(report.reasons)}))
    elif shape is Format.CSV:
        for line in csv_lines([counts], list(counts)):
            put(line.rstrip("\n"))
    else:
        if report.dry_run:
            put(words("import_dry_run"))
        draw(aligned((words(f"import_{name}"), f"{value:,}") for name, value in counts.items() if name != "dry_run"))


def _tell_rejected(report: Report, file: Path | None, words: Words) -> None:
    for rejection in report.rejections:
        remark(words("import_rejection", row=rejection.number, text=rejection.text(words.language)))
    if report.rejected > len(report.rejections):
        remark(words("import_more_rejections", more=report.rejected - len(report.rejections)))
    if report.rejected and file is not None:
        remark(words("import_rejects_file", file=str(file)))
