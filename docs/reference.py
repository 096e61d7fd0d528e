"""Writes the reference from the code: tables, codes, the README's picture. Run: python docs/reference.py."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from proposals import PROCESSES, Kind
from proposals.cli.picturing import mermaid
from proposals.cli.words import Words
from proposals.domain.catalogue import SENTENCES, label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proposals.domain.process import Process, Row

HERE = Path(__file__).parent / "reference"
README = Path(__file__).parents[1] / "README.md"


def first_line(thing: object) -> str:
    """The first line of a docstring."""
    return (thing.__doc__ or "").strip().splitlines()[0]


def process_page() -> str:
    """Every table, a row a rule."""
    return "\n".join(
        [
            "# The process, table by table",
            "",
            "Written from the code by `python docs/reference.py`; a test fails when it is not up to date.",
            "↺ marks a note event: the state stays. Reactions follow an event of another stream and are no public",
            "commands. Guards stand in the order in which they are asked.",
            "",
            *(line for process in PROCESSES.values() for line in table(process)),
        ]
    )


def table(process: Process) -> Iterator[str]:
    """One stream's table, and what its guards say."""
    yield f"## {process.kind.value}: {first_line(process.state)}"
    yield ""
    yield "| Step | From | Command | Event | To | Who | Guards |"
    yield "|---|---|---|---|---|---|---|"
    for row in process.rows:
        yield f"| {' | '.join(cells(row))} |"
    yield ""
    guards = {guard.__name__: first_line(guard) for row in process.rows for guard in row.guards}
    for name in sorted(guards):
        yield f"- `{name}`: {guards[name]}"
    yield ""


def cells(row: Row) -> Iterator[str]:
    """A row's cells."""
    yield f"{label(row.step.value, 'zh')} {row.step.value}" if row.step else ""
    yield ", ".join("(new)" if source is None else str(source) for source in row.sources)
    yield f"{row.command.__name__}: {first_line(row.command)}"
    yield row.event.name
    yield "↺" if row.target is None else str(row.target)
    yield "reaction" if row.reaction else ", ".join(role.value for role in row.roles)
    yield ", ".join(f"`{guard.__name__}`" for guard in row.guards)


def refusals_page() -> str:
    """Every code with its sentences."""
    lines = [
        "# Codes of refusals, policy findings and import rejects",
        "",
        "Written from the code by `python docs/reference.py`. The codes are part of the public interface and change",
        "only with a major version; the sentences may get better at any time.",
        "",
        "| Code | English | 中文 |",
        "|---|---|---|",
    ]
    lines += [f"| `{code}` | {english} | {chinese} |" for code, (english, chinese) in sorted(SENTENCES.items())]
    return "\n".join([*lines, ""])


def readme() -> str:
    """The README with its diagram drawn anew."""
    drawn = "\n".join(mermaid(PROCESSES[Kind.PROPOSAL], Words("en")))
    picture = f"<!-- diagram -->\n```mermaid\n{drawn}\n```\n<!-- /diagram -->"
    text = README.read_text(encoding="utf-8")
    return re.sub(r"<!-- diagram -->.*<!-- /diagram -->", lambda _: picture, text, flags=re.DOTALL)


PAGES = {HERE / "process.md": process_page, HERE / "refusals.md": refusals_page, README: readme}

if __name__ == "__main__":
    for path, page in PAGES.items():
        path.write_text(page(), encoding="utf-8")
