"""The command line: `proposals`."""

from __future__ import annotations


def main() -> None:
    """Runs the command line and exits: 0 fine, 1 failed, 2 wrong usage, 3 findings or refusals."""
    from proposals.cli.app import app

    app(prog_name="proposals")
