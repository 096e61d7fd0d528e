"""Changes one cell of one rule of the process at a time and lists the changes that no test notices.

mutmut changes what functions do, so it reaches the guards; the rows are data, which it leaves alone. Here a
row is removed, a source, a role or a guard is taken out of one, or its target becomes that of another row of
the same file; then the pure tests run on a copy. `make mutation` runs it over the whole domain,
`python -m tests.mutation raising.py` over one step.
"""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).parent.parent
DOMAIN = Path("proposals/domain")
COPIED = ("proposals", "tests", "pyproject.toml", "README.md")
TESTS = ("tests/domain", "tests/process")
COLUMNS = ("source", "command", "event", "target", "roles", "guards")
WORKERS = os.cpu_count() or 1
TIME_LIMIT = 600
"""Seconds for one run of the tests; a change that makes them hang has been noticed."""


@dataclass(frozen=True)
class Change:
    """One file with one cell changed."""

    file: Path
    line: int
    says: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.says}"


def changes_in(file: Path, text: str) -> Iterator[Change]:
    """Every change of one cell of the `Row(…)` calls in a module."""
    nodes = list(ast.walk(ast.parse(text)))
    rows = [node for node in nodes if isinstance(node, ast.Call) and is_row(node)]
    listed = {entry for node in nodes if isinstance(node, ast.Tuple | ast.List) for entry in node.elts}
    targets = sorted({ast.unparse(cells(row)["target"]) for row in rows})
    for row in rows:
        cell = cells(row)
        name = ast.unparse(cell["command"])

        def change(node: ast.expr, new: str, says: str, name: str = name) -> Change:
            return Change(file, node.lineno, f"{name} {says}", replaced(text, node, new))

        if row in listed:
            yield change(row, "*()", "is no row any more")
        for column in ("source", "roles", "guards"):
            group = cell.get(column)
            if not isinstance(group, ast.Tuple):
                continue
            for gone in group.elts:
                rest = "".join(f"{ast.unparse(kept)}, " for kept in group.elts if kept is not gone)
                yield change(group, f"({rest})", f"loses {ast.unparse(gone)} of its {column}")
        target = cell["target"]
        other = targets[(targets.index(ast.unparse(target)) + 1) % len(targets)]
        if other != ast.unparse(target):
            yield change(target, other, f"leads to {other}")


def is_row(call: ast.Call) -> bool:
    """Whether a call makes a row with all of its first four cells."""
    return ast.unparse(call.func) == "Row" and {*COLUMNS[:4]} <= {*cells(call)}


def cells(row: ast.Call) -> dict[str, ast.expr]:
    """The cells of a row by column, however they were passed."""
    by_name = {cell.arg: cell.value for cell in row.keywords if cell.arg}
    return dict(zip(COLUMNS, row.args, strict=False)) | by_name


def replaced(text: str, node: ast.expr, new: str) -> str:
    """The text with one expression replaced; columns of syntax trees count UTF-8 bytes."""
    lines = text.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: (node.end_lineno or node.lineno) - 1])) + (node.end_col_offset or 0)
    raw = b"".join(lines)
    return (raw[:start] + new.encode() + raw[end:]).decode()


def noticed(copy: Path, file: Path) -> bool:
    """Whether the pure tests fail, or hang, on a copy of the project; those named after the file are asked first."""
    step = file.stem.removesuffix("_table")
    own = sorted(str(test.relative_to(copy)) for test in copy.glob(f"tests/domain/test_{step}*.py"))
    return (bool(own) and fail(copy, own)) or fail(copy, TESTS)


def fail(copy: Path, tests: Sequence[str]) -> bool:
    """Whether some of these tests fail, or hang."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(command, cwd=copy, capture_output=True, check=False, timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def rewrite(file: Path, text: str) -> None:
    """Write a file, and forget what it was compiled to: within one second its age would not tell that apart."""
    file.write_text(text, "utf-8")
    for compiled in file.parent.glob(f"__pycache__/{file.stem}.*"):
        compiled.unlink()


def copies() -> SimpleQueue[Path]:
    """One copy of the project for each worker, under build/mutation."""
    ready: SimpleQueue[Path] = SimpleQueue()
    for number in range(WORKERS):
        copy = ROOT / "build" / "mutation" / str(number)
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir(parents=True)
        for name in COPIED:
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy2)(ROOT / name, copy / name)
        ready.put(copy)
    return ready


def main() -> int:
    """Try every change in the named modules of the domain, or in all. Returns 1 if one went unnoticed."""
    chosen = sys.argv[1:] or sorted(file.name for file in (ROOT / DOMAIN).glob("*.py"))
    originals = {DOMAIN / name: (ROOT / DOMAIN / name).read_text("utf-8") for name in chosen}
    changes = [change for file, text in originals.items() for change in changes_in(file, text)]
    ready = copies()

    def survives(change: Change) -> bool:
        copy = ready.get()
        try:
            rewrite(copy / change.file, change.text)
            return not noticed(copy, change.file)
        finally:
            rewrite(copy / change.file, originals[change.file])
            ready.put(copy)

    if fail(ROOT, TESTS):
        sys.exit("the tests fail on the rules as they are")
    unnoticed = 0
    with ThreadPoolExecutor(WORKERS) as pool:
        for number, (change, alive) in enumerate(zip(changes, pool.map(survives, changes), strict=True), start=1):
            if alive:
                print(change, flush=True)
                unnoticed += 1
            if sys.stderr.isatty() or number % 50 == 0:
                print(f"{number} of {len(changes)}", end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr)
    print(f"{len(changes)} changes of a rule, {unnoticed} of them unnoticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
