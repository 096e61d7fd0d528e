"""`demo`: a county in miniature runs all five steps in simulated time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proposals.cli.failures import WRONG_USAGE, Failure
from proposals.cli.screen import Column, draw, progress, put, remark, screen_width, so_far, table
from proposals.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proposals.adapters.ledger import LedgerMapping
    from proposals.application import Proposals
    from proposals.demo import Matter, Summary

SHOWN = 20
"""Rows of the register at the end."""

DUTIES = 12
"""Rows of the worklist."""

BAR = 24
"""Cells of the longest bar."""


def demo(
    context: typer.Context,
    cases: Annotated[int, typer.Option("--cases", min=1, max=100_000, metavar="N", help="help_demo_cases")] = 60,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="help_demo_seed")] = 1,
    matters: Annotated[Path | None, typer.Option("--matters", metavar="FILE", help="help_demo_matters")] = None,
    mapping: Annotated[Path | None, typer.Option("--mapping", metavar="MAP", help="help_demo_mapping")] = None,
) -> None:
    """A county runs all five steps; see the catalogue under help_demo."""
    from proposals.adapters.ledger import read_mapping
    from proposals.demo import SimulatedClock, run, run_matters

    settings: Settings = context.obj
    words = settings.words
    if (matters is None) is not (mapping is None):
        raise Failure(words("error_matters_and_mapping"), WRONG_USAGE)
    for path in (matters, mapping):
        if path is not None and not path.is_file():
            raise Failure(words("error_no_file", file=str(path)), WRONG_USAGE)
    known = read_mapping(mapping, language=words.language) if mapping is not None else None
    clock = SimulatedClock()
    with settings.opened(create=True, clock=clock, synchronous="normal") as app:
        _only_ours(app, settings)
        with progress(words("demo_progress")) as advance:
            told = so_far(advance)
            if matters is not None and known is not None:
                found = list(_matters(matters, known))
                summary = run_matters(app, found, seed=seed, clock=clock, progress=told)
            else:
                summary = run(app, cases=cases, seed=seed, clock=clock, progress=told)
        _look_back(app, settings)
        _sum_up(summary, settings)
        _scorecard(app, settings)
    remark(words("demo_next", url=settings.shown_url))


def _only_ours(app: Proposals, settings: Settings) -> None:
    """What is recorded stays for ever, so the demonstration keeps out of a real county's log."""
    from proposals.demo.county import the_county
    from proposals.domain.vocabulary import Kind

    if app.recorder.head() == 0:
        return
    foreign = any(not stream.startswith(("proposal-demo", "proposal-matters")) for stream in app.streams(Kind.PROPOSAL))
    if foreign or app.reader.latest(the_county().top) is None:
        raise Failure(settings.words("error_demo_elsewhere", database=settings.shown))


def _matters(file: Path, mapping: LedgerMapping) -> Iterator[Matter]:
    from proposals.adapters.ledger import read_matters
    from proposals.demo import Matter

    for row in read_matters(file, mapping):
        yield Matter(
            key=row.key,
            title=row.title,
            text=row.text,
            raised_at=row.raised_at,
            category=row.category,
            place=row.place,
            department=row.department,
            urgency=row.urgency,
        )


def _look_back(app: Proposals, settings: Settings) -> None:
    """Register and worklist as they were when half of everything had happened: at the end nobody has to do anything."""
    from proposals.application import answers
    from proposals.cli import worklists
    from proposals.cli.registers import columns
    from proposals.domain.vocabulary import Kind, as_instant

    times = sorted(str(event.occurred_at) for event in app.recorder.iterate_streams(f"{Kind.PROPOSAL.value}-"))
    day = as_instant(times[len(times) // 2])
    begun = list(answers.register(app, as_of=day))
    waiting = sorted(
        (row for row in begun if row.due_at is not None),
        key=lambda row: (row.holder == "system", str(row.due_at), row.id),
    )
    rows = [row.plain() for row in waiting[:SHOWN]]
    put(settings.words("demo_register", day=settings.local(day)[:10], cases=len(begun), open=len(waiting)))
    if rows:
        draw(table(rows, columns(settings), screen_width()))
    if len(waiting) > len(rows):
        put(settings.words("demo_more", more=len(waiting) - len(rows)))
    put("")
    duties = sorted(answers.worklist(app, as_of=day), key=lambda row: (str(row.due_at), row.stream))
    put(settings.words("demo_worklist", day=settings.local(day)[:10], duties=len(duties)))
    if duties:
        draw(table([row.plain() for row in duties[:DUTIES]], worklists.columns(settings), screen_width()))
    if len(duties) > DUTIES:
        put(settings.words("demo_more_duties", more=len(duties) - DUTIES))
    put("")


def _sum_up(summary: Summary, settings: Settings) -> None:
    """How many cases there were, and how they ended."""
    words = settings.words
    figures = {"cases": summary.proposals, "events": f"{summary.events:,}", "clock": f"{summary.by_the_clock:,}"}
    put(
        words(
            "demo_cases", began=settings.local(summary.began)[:10], ended=settings.local(summary.ended)[:10], **figures
        )
    )
    ends = [{"outcome": name, "cases": count} for name, count in summary.outcomes.items()]
    top = max(summary.outcomes.values(), default=1)
    if ends:
        columns = [
            Column(words("heading_outcome"), lambda row: words.name(row["outcome"]), style=lambda _: "bold"),
            Column(words("heading_cases"), lambda row: f"{row['cases']:,}", right=True),
            Column("", lambda row: "█" * max(1, round(row["cases"] * BAR / top)), style=lambda _: "green", rank=1),
        ]
        draw(table(ends, columns, screen_width()))
        put("")


def _scorecard(app: Proposals, settings: Settings) -> None:
    """How well it was done, how far the cases came and how long that took, and by which community."""
    from proposals.application import answers
    from proposals.cli.evaluating import draw_figures, draw_groups, draw_steps
    from proposals.projections.figures import Dimension

    whole = answers.evaluate(app, by=[Dimension.COMMUNITY], zone=settings.zone).plain()
    draw_figures(whole, settings)
    put("")
    draw_steps(whole, settings)
    put("")
    draw_groups(whole, settings)
