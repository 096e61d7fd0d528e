"""The results as Markdown: one table, what it says about the targets, and the page docs/benchmarks.md."""

from __future__ import annotations

import platform
import sqlite3
from importlib.metadata import version
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.plan import LIMIT, PEERS
from benchmarks.prose import AFTER, BEFORE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.racing import Result

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
                f"{result.ratio(subject, LIMIT):.2f}",
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
            reached = result.ratio(ours, LIMIT)
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
    lines = [
        f"| Stage, µs (CPU µs) | {' | '.join(result.row.title for result in timed)} |",
        f"|---|{'--:|' * len(timed)}",
    ]
    for stage in timed[0].stages if timed else ():
        times = ([_us(time * _MICRO) for time in result.stages[stage]] for result in timed)
        cells = (f"{wall} ({cpu})" for wall, cpu in times)
        lines.append(f"| {stage} | {' | '.join(cells)} |")
    return "\n".join(lines)


def growth(results: Sequence[Result]) -> str:
    """How the cost of a command, and the memory of folding, change with the size of the store."""
    lines = []
    for job, what in (("command", "a command's CPU time"), ("fold", "folding: CPU time an event")):
        sized = [r for r in results if r.row.job == job and r.row.database == "sqlite" and r.row.busy_cases is None]
        if len(sized) < 2:
            continue
        first, last = sized[0], sized[-1]
        sizes = f"from {first.row.events:,} to {last.row.events:,} events"
        for subject in first.row.subjects:
            if subject not in last.figures:
                continue
            before, after = first.figures[subject], last.figures[subject]
            times = median(after.cpu) / median(before.cpu)
            noise = median(last.figures[LIMIT].cpu) / median(first.figures[LIMIT].cpu)
            line = f"- {subject}, {what} {sizes}: × {times:.2f}, beside the limit's own growth × {times / noise:.2f}"
            if job == "fold":
                line += f"; peak memory {(after.peak - before.peak) / _MEGA:+.1f} MB"
            lines.append(line)
    return "\n".join(lines)


def page(results: Sequence[Result]) -> str:
    """docs/benchmarks.md."""
    promises = dict.fromkeys(f"{result.row.database}: {result.durability}" for result in results)
    software = ", ".join(
        f"{name} {version(name)}" for name in ("eventsourcing", "SpiffWorkflow", "SQLAlchemy", "pydantic", "psycopg")
    )
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
    by_clients = {r.row.clients: r for r in results if r.row.database == "postgresql"}
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
