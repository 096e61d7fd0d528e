"""`python -m benchmarks`: runs the rows, prints the table, writes docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

from benchmarks.plan import plan
from benchmarks.racing import race
from benchmarks.report import growth, page, stages, table, verdicts
from tests.postgres import postgres_server

_PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def main() -> None:
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds on small stores; writes no page")
    parser.add_argument("--large", action="store_true", help="also bigger stores: an hour")
    parser.add_argument("--only", default="", metavar="TEXT", help="only rows whose title has the text; writes no page")
    parser.add_argument("--directory", type=Path, help="where the SQLite files go (default: the temporary directory)")
    options = parser.parse_args()
    rows = [row for row in plan(quick=options.quick, large=options.large) if options.only in row.title]
    began, code = time.monotonic(), _code()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=options.directory)))
        needs_server = any(row.database == "postgresql" for row in rows)
        server = stack.enter_context(postgres_server()) if needs_server else None
        results = [race(row, directory, server, _say) for row in rows]
    _say(f"{time.monotonic() - began:.0f} s\n")
    print("\n\n".join(filter(None, (table(results), verdicts(results), growth(results), stages(results)))))
    if code != _code():
        sys.exit("the code changed during the run: its rows are not of one release, so no page is written")
    if not options.quick and not options.only:
        _PAGE.parent.mkdir(exist_ok=True)
        _PAGE.write_text(page(results), encoding="utf-8")


def _code() -> str:
    """A fingerprint of what is measured: every worker reads the files anew."""
    root = Path(__file__).parent.parent
    files = sorted(file for folder in ("proposals", "benchmarks") for file in (root / folder).rglob("*.py"))
    return sha256(b"".join(sha256(file.read_bytes()).digest() for file in files)).hexdigest()


def _say(what: str) -> None:
    """Progress, on one line of a terminal and nowhere else."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{what}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
