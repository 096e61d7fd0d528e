"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proposals.cli.screen import Format

FormatOption = Annotated[Format, typer.Option("--format", help="help_format")]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="help_output")]
PersonalOption = Annotated[bool, typer.Option("--personal", help="help_personal")]
ForceOption = Annotated[bool, typer.Option("--force", help="help_force")]
