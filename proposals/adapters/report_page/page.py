"""The page itself: the facts of a report and their drawings, laid out by the template."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from proposals.adapters.report_page.charts import Dot, Span, bars, columns, forest, spans, trend
from proposals.adapters.report_page.drawing import drawn
from proposals.adapters.report_page.facts import DAY, ENGAGING, Facts
from proposals.domain.vocabulary import Step
from proposals.projections.figures import KNOWN, Result, Score
from proposals.projections.report import Report

ROWS: Final = 40
"""Of groups in one drawing: as many as a sheet of paper holds."""

MOST_DOTS: Final = 2_000
"""Of groups, on the whole page; the figures that come after these are in the tables only."""


class Drawing(NamedTuple):
    """A chart with its title."""

    title: str
    svg: str


def page(report: Report, language: str, progress: Callable[[int], None] = lambda _: None) -> str:
    """The report as one HTML page in English (`en`) or Chinese (`zh`); equal reports give equal pages.

    `progress` is told of each drawing that is done: they take most of the time.
    """

    def done(drawings: Iterator[Drawing]) -> Iterator[Drawing]:
        for drawing in drawings:
            progress(1)
            yield drawing

    facts = Facts(report, language)
    groups = facts.groups()
    told, untold = _room_for(report, groups)
    return _TEMPLATES.get_template("page.html.jinja").render(
        facts=facts,
        say=facts.say,
        language=language,
        engaging=facts.figures(ENGAGING),
        working=facts.figures([name for name in KNOWN if name not in ENGAGING]),
        steps=list(done(_of_steps(facts))) if facts.cases else [],
        trends=list(done(_through_time(facts))),
        forests=list(done(_by_group(facts, groups, told))),
        untold=facts.all_of([facts.figure(name) for name in untold]),
        by_month=facts.tables([(month, facts.cells(score)) for month, score in facts.months()]),
        by_group=facts.tables([(facts.title(score), facts.cells(score)) for score in groups]),
        meanings=[
            (name, facts.figure(name), facts.say(f"define_{name}"), of.more_is_better) for name, of in KNOWN.items()
        ],
    )


_TEMPLATES: Final = Environment(
    loader=PackageLoader("proposals.adapters.report_page"),
    autoescape=True,  # titles are what people have typed
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def _drawing(facts: Facts, title: str, values: int, chart: dict[str, object]) -> Drawing:
    return Drawing(title, drawn(chart, facts.say("page_chart_label", title=title, count=values)))


def _of_steps(facts: Facts) -> Iterator[Drawing]:
    reached = [(facts.name(step.value), facts.report.total.reached.get(step.value, 0)) for step in Step]
    yield _drawing(facts, facts.say("page_reached_chart"), len(reached), bars(reached))
    rows = []
    for step in Step:
        spent = facts.report.total.durations.get(step.value)
        median, p90 = (spent.median, spent.p90) if spent is not None else (None, None)
        said = facts.say("missing_no_data")
        rows.append(Span(facts.name(step.value), _days(median), _days(p90), said))
    values = sum(row.median is not None for row in rows)
    if values:
        yield _drawing(facts, facts.say("page_time_chart"), values * 2, spans(rows))


def _days(seconds: int | None) -> float | None:
    return seconds / DAY if seconds is not None else None


def _through_time(facts: Facts) -> Iterator[Drawing]:
    """The figures of the index and the number of cases, where there is any month to tell of."""
    months = facts.months()
    if not months:
        return
    cases = [(month, score.cases if score is not None else 0) for month, score in months]
    yield _drawing(facts, facts.say("page_cases_chart"), len(cases), columns(cases))
    for name in facts.report.index.indicators:
        dots = [_dot(facts, month, score.rates[name] if score is not None else None) for month, score in months]
        values = sum(dot.value is not None for dot in dots)
        if values:
            yield _drawing(facts, facts.figure(name), values, trend(dots))


def _room_for(report: Report, groups: Sequence[Score]) -> tuple[list[str], list[str]]:
    """The figures that are drawn, those of the index first, and those that there is no room for."""
    ordered = dict.fromkeys([*report.index.indicators, *KNOWN])
    names = [name for name in ordered if any(score.rates[name].ratio is not None for score in groups)]
    room = MOST_DOTS // len(groups) if groups else 0
    return names[:room], names[room:]


def _by_group(facts: Facts, groups: Sequence[Score], names: Sequence[str]) -> Iterator[Drawing]:
    parts = [groups[at : at + ROWS] for at in range(0, len(groups), ROWS)]
    for name in names:
        whole = facts.report.total.rates[name].ratio
        for number, part in enumerate(parts, 1):
            dots = [_dot(facts, facts.title(score), score.rates[name]) for score in part]
            title = facts.figure(name)
            if len(parts) > 1:
                title = facts.say("page_part", title=title, part=number, parts=len(parts))
            values = sum(dot.value is not None for dot in dots)
            yield _drawing(facts, title, values, forest(dots, float(whole) if whole is not None else None))


def _dot(facts: Facts, name: str, result: Result | None) -> Dot:
    if result is None or result.ratio is None or result.interval is None:
        return Dot(name, None, None, None, facts.missing(result) if result is not None else "")
    low, high = result.interval
    return Dot(name, float(result.ratio), low, high, "")
