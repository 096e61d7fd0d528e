"""`export`: the log in a standard format, for tools that are not ours."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from proposals.cli.failures import WRONG_USAGE, Failure
from proposals.cli.screen import progress, remark, so_far
from proposals.cli.settings import Settings


class ExportFormat(StrEnum):
    """What a log can be exported as."""

    PARQUET = "parquet"


def export(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="help_export_directory", show_default=False)],
    shape: Annotated[ExportFormat, typer.Option("--format", help="help_export_format")] = ExportFormat.PARQUET,  # noqa: ARG001 - one as yet
) -> None:
    """The log as an archive; see the catalogue under help_export."""
    from proposals.adapters import archive

    settings: Settings = context.obj
    words = settings.words
    if directory.exists() and not directory.is_dir():
        raise Failure(words("error_not_a_folder", folder=str(directory)), WRONG_USAGE)
    with settings.opened() as app, progress(words("export_progress")) as advance:
        manifest = archive.export(app.recorder, directory, progress=so_far(advance))
    rows = sum(part.rows for part in manifest.files.values())
    remark(words("export_done", folder=str(directory), events=f"{rows:,}", files=len(manifest.files)))
