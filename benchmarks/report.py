"""The results as Markdown: one table, what it says about the targets, and the page docs/benchmarks.md."""

from __future__ import annotations

import platform
import sqlite3
from importlib.metadata import version
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.plan import PEERS
from benchmarks.prose import AFTER, BEFORE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.racing import Figures, Result

_GROWING = {"command": "a command", "fold": "folding", "rebuild": "projecting", "evaluate": "evaluating"}
_SOFTWARE = (
    *("eventsourcing", "SpiffWorkflow", "SQLAlchemy", "pydantic", "psycopg"),
    *("duckdb", "pyarrow", "ibis-framework"),
)
_MICRO = 1e6
_MEGA = 1e6


def table(results: Sequence[Result]) -> str:
    """Every subject of every row."""
    lines = [
        "| Work | Subject | Speed, limit = 1 | µs an operation: least / median / most | CPU µs | Peak MB |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for result in results:
        for number, (subject, figures) in enumerate(result.figures.items()):
            least, middle, most = (time * _MICRO for time in (min(figures.wall), figures.median, max(figures.wall)))
            cells = (
                result.row.title if number == 0 else "",
                f"**{subject}**" if number == 0 else subject,
                f"{result.ratio(subject, result.row.limit):.2f}",
                f"{_us(least)} / {_us(middle)} / {_us(most)}",
                _us(median(figures.cpu) * _MICRO),
                f"{figures.peak / _MEGA:.0f}",
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def verdicts(results: Sequence[Result]) -> str:
    """Whether each target was met."""
    lines = []
    for result in results:
        row = result.row
        ours = row.subjects[0]
        if row.target is not None:
            reached = result.ratio(ours, row.limit)
            what = f"{row.title}: {reached:.2f} of the limit, target {row.target}"
            lines.append(_verdict(what, reached >= row.target))
        peers = [subject for subject in row.subjects if subject in PEERS]
        if row.peer_target is not None and peers:
            fastest = min(peers, key=lambda peer: result.ratio(ours, peer))
            times = result.ratio(ours, fastest)
            what = f"{row.title}: {times:.1f} × {fastest}, its fastest peer, target {row.peer_target:g} ×"
            lines.append(_verdict(what, times >= row.peer_target))
    lines += _clients(results)
    return "\n".join(lines)


def stages(results: Sequence[Result]) -> str:
    """Where a command of ours goes, for each row that was timed so."""
    timed = [result for result in results if result.stages]
    if not timed:
        return ""
    lines = [
        f"| Stage, µs (CPU µs) | {' | '.join(result.row.title for result in timed)} |",
        f"|---|{'--:|' * len(timed)}",
    ]
    for stage in timed[0].stages:
        times = ([_us(time * _MICRO) for time in result.stages[stage]] for result in timed)
        cells = (f"{wall} ({cpu})" for wall, cpu in times)
        lines.append(f"| {stage} | {' | '.join(cells)} |")
    return "\n".join(lines)


def growth(results: Sequence[Result]) -> str:
    """How the cost of an operation, and the memory it takes, change with the size of the store."""
    by_size: dict[tuple[str, str], dict[int, Figures]] = {}
    for result in results:
        row = result.row
        if row.job in _GROWING and row.database == "sqlite" and row.busy_cases is None:
            for subject, figures in result.figures.items():
                by_size.setdefault((row.job, subject), {})[row.events] = figures
    sizes = sorted({size for grown in by_size.values() for size in grown})
    lines = [
        f"| CPU µs an operation (peak MB) | {' | '.join(f'{size:,} events' for size in sizes)} |",
        f"|---|{'--:|' * len(sizes)}",
    ]
    for (job, subject), grown in by_size.items():
        if len(grown) > 1:
            cells = (_cost(grown[size]) if size in grown else "" for size in sizes)
            lines.append(f"| {_GROWING[job]}: {subject} | {' | '.join(cells)} |")
    return "\n".join(lines) if len(lines) > 2 else ""


def _cost(figures: Figures) -> str:
    return f"{_us(median(figures.cpu) * _MICRO)} ({figures.peak / _MEGA:,.0f})"


def page(results: Sequence[Result]) -> str:
    """docs/benchmarks.md."""
    promises = dict.fromkeys(f"{result.row.database}: {result.durability}" for result in results)
    software = ", ".join(f"{name} {version(name)}" for name in _SOFTWARE)
    parts = (
        BEFORE,
        "## Results of one run\n",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {software}.",
        f"What every connection said of itself: {'; '.join(promises)}.\n",
        table(results),
        "\n### Targets\n",
        verdicts(results),
        "\n### Growth\n",
        growth(results),
        "\n### Where a command of ours spends its time\n",
        stages(results),
        AFTER,
    )
    return "\n".join(parts)


def _clients(results: Sequence[Result]) -> list[str]:
    by_clients = {r.row.clients: r for r in results if r.row.job == "command" and r.row.database == "postgresql"}
    if set(by_clients) != {1, 8}:
        return []
    lines = []
    for subject in by_clients[8].row.subjects:
        gain = by_clients[1].figures[subject].median / by_clients[8].figures[subject].median
        text = f"PostgreSQL, {subject}: from 1 to 8 clients throughput × {gain:.2f}"
        lines.append(_verdict(f"{text}, target ≥ 1", gain >= 1) if subject == "ours" else f"- {text}")
    return lines


def _verdict(text: str, met: bool) -> str:  # noqa: FBT001 - one word after the text
    return f"- {text}: {'met' if met else '**missed**'}"


def _us(time: float) -> str:
    return f"{time:,.0f}" if time >= 100 else f"{time:.1f}"
