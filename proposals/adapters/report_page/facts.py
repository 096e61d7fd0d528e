"""What a report says, in words of one language: for the template, which only lays out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from fractions import Fraction
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from proposals.domain.catalogue import half, label, text
from proposals.domain.vocabulary import Step, as_instant
from proposals.projections.figures import (
    KNOWN,
    PERIODS,
    SHARE_OF_NON_MEMBERS,
    Dimension,
    Figure,
    Missing,
    Result,
    Score,
)
from proposals.projections.ranking import period_of, points
from proposals.projections.report import Report

ENGAGING: Final = ("turnout", SHARE_OF_NON_MEMBERS.name, "volunteering")
"""The figures of participation; the others tell how well work was done."""

DAY: Final = 86_400
_PARTS: Final = 2
_NOTHING: Final = {name: Result(name, None, 0, {}, Missing.NO_DATA) for name in KNOWN}
_DECEMBER: Final = 12


class Said(NamedTuple):
    """A figure in words: its share or why there is none, its counts, its interval, what was left out."""

    name: str
    title: str
    share: str
    counts: str
    interval: str
    left_out: str
    left_out_count: int
    missing: bool
    more_is_better: bool


class Row(NamedTuple):
    """A line of a table of figures."""

    title: str
    cells: Sequence[Said]


class Place(NamedTuple):
    """A line of the ranking, or of those who are not in it."""

    rank: str
    title: str
    points: str
    cases: str
    lacks: Sequence[str]


class Facts:
    """A report as its readers see it."""

    def __init__(self, report: Report, language: str) -> None:
        self.report = report
        self.language = language

    def say(self, code: str, /, **details: object) -> str:
        """A text of the catalogue. Raises KeyError for a code that is not there."""
        return text(code, self.language, **details)

    def name(self, word: object) -> str:
        """What people call a step, an outcome or a dimension."""
        return label(str(word), self.language)

    def figure(self, name: str) -> str:
        """What people call a figure."""
        return self.name(f"figure_{name}")

    def all_of(self, said: Sequence[str]) -> str:
        """Several things one after the other."""
        return ("、" if self.language == "zh" else ", ").join(said)

    @property
    def until(self) -> str:
        """Up to when, in local time."""
        if not self.report.until:
            return self.say("page_never")
        instant = as_instant(self.report.until)
        try:
            instant = instant.astimezone(ZoneInfo(self.report.zone))
        except OverflowError:
            instant = instant.astimezone(UTC)
        return f"{instant:%Y-%m-%d %H:%M} ({instant.tzinfo})"

    @property
    def by(self) -> str:
        """The dimensions, as a heading has them."""
        return " · ".join(self.name(dimension.value) for dimension in self.report.by)

    @property
    def cases(self) -> int:
        """How many cases there are."""
        return self.report.total.cases

    @property
    def index(self) -> str:
        """The index with its version."""
        index = self.report.index
        return self.say("page_index_named", title=half(index.title, self.language), version=index.version)

    @property
    def total_points(self) -> tuple[str, str]:
        """The index of everything together; without points, for want of what."""
        value, lacks = points(self.report.total, self.report.index)
        if value is None:
            return "", self.say("page_not_ranked_whole", lacks=self.all_of(self.lacking(self.report.total, lacks)))
        return _points(value), ""

    def said(self, result: Result) -> Said:
        """A figure in words. What is withheld has no numerator here either."""
        ratio, interval = result.ratio, result.interval
        numerator = "–" if result.numerator is None else f"{result.numerator:,}"
        left = [f"{self.name(f'left_out_{why}')} {count:,}" for why, count in sorted(result.excluded.items())]
        return Said(
            name=result.figure,
            title=self.figure(result.figure),
            share=f"{float(ratio):.1%}" if ratio is not None else self.missing(result),
            counts=f"{numerator} / {result.denominator:,}",
            interval=self.say("page_interval", low=f"{interval[0]:.0%}", high=f"{interval[1]:.0%}") if interval else "",
            left_out=self.say("page_left_out", what=self.all_of(left)) if left else "",
            left_out_count=sum(result.excluded.values()),
            missing=ratio is None,
            more_is_better=KNOWN[result.figure].more_is_better,
        )

    def missing(self, result: Result) -> str:
        """Why a figure has no value; nothing if it has one."""
        return self.say(f"missing_{result.missing.value}") if result.missing is not None else ""

    def figures(self, names: Sequence[str]) -> list[Said]:
        """Figures of everything together."""
        return [self.said(self.report.total.rates[name]) for name in names]

    def steps(self) -> Iterator[tuple[str, int, int, str, str]]:
        """Each step: its name, who came to it, who left it, and how long they were there."""
        total = self.report.total
        for step in Step:
            spent = total.durations.get(step.value)
            median, p90 = (spent.median, spent.p90) if spent is not None else (None, None)
            reached = total.reached.get(step.value, 0)
            yield self.name(step.value), reached, spent.cases if spent else 0, self.span(median), self.span(p90)

    def span(self, seconds: int | None) -> str:
        """A time in days, a short one in hours."""
        if seconds is None:
            return self.say("missing_no_data")
        if seconds >= DAY:
            return self.say("days", days=f"{seconds / DAY:,.1f}")
        return self.say("hours", hours=f"{seconds / 3600:.1f}")

    def outcomes(self) -> list[tuple[str, int, str]]:
        """How many cases have ended in which way, and how many are open; the most first."""
        standing = self.report.total.standing.items()
        named = [(self.name(outcome) if outcome else self.say("page_still_open"), count) for outcome, count in standing]
        ordered = sorted(named, key=lambda pair: (-pair[1], pair[0]))
        return [(title, count, f"{count / self.cases:.1%}") for title, count in ordered if count]

    def months(self) -> list[tuple[str, Score | None]]:
        """Every month from the first to the last; one in which nothing was counted has no score."""
        known = {score.group[Dimension.MONTH]: score for score in self.report.months}
        return [(month, known.get(month)) for month in _from_to(min(known), max(known))] if known else []

    def of_month(self, score: Score | None, name: str) -> Said:
        """A figure of a month, also of one in which nothing was counted."""
        return self.said(score.rates[name] if score is not None else _NOTHING[name])

    def groups(self) -> list[Score]:
        """Best first, as they are ranked; each through its time where they are told apart by time."""
        if {*PERIODS} & {*self.report.by}:
            return list(self.report.groups)
        return [place.score for place in self.report.ranked]

    def title(self, score: Score) -> str:
        """What people call a group: the reader's half of each of its titles."""
        return " · ".join(
            half(self.name(title), self.language) or self.say("evaluate_none")
            for title in self.report.titles(score).values()
        )

    @property
    def contested(self) -> bool:
        """Whether groups stand beside others of the same time; periods alone do not."""
        return bool({*self.report.by} - {*PERIODS})

    def ranked(self) -> list[Place]:
        """Who has points: best first, period by period."""
        shared = Counter((period_of(place.score), place.rank) for place in self.report.ranked)
        return [
            Place(
                rank=f"{place.rank}=" if shared[period_of(place.score), place.rank] > 1 else str(place.rank),
                title=self.title(place.score),
                points=_points(place.points),
                cases=f"{place.score.cases:,}",
                lacks=(),
            )
            for place in self.report.ranked
            if place.points is not None
        ]

    def unranked(self) -> list[Place]:
        """Who is not compared, and for want of what."""
        return [
            Place(
                rank="",
                title=self.title(place.score),
                points="",
                cases=f"{place.score.cases:,}",
                lacks=self.lacking(place.score, place.lacks),
            )
            for place in self.report.ranked
            if place.points is None
        ]

    def lacking(self, score: Score, lacks: Sequence[str]) -> list[str]:
        """What keeps a group out of the ranking: that it is no unit; of a figure, that it is missing or too little."""
        said = []
        for name in lacks:
            if name not in KNOWN:
                said.append(self.say("page_lacks_unit", unit=self.name(name)))
                continue
            result = score.rates[name]
            if result.missing is not None:
                said.append(self.say("page_lacks_missing", figure=self.figure(name), missing=self.missing(result)))
                continue
            least = self.report.index.indicators[name].at_least
            counted = f"{result.denominator:,}"
            said.append(self.say("page_lacks_fewer", figure=self.figure(name), counted=counted, least=f"{least:,}"))
        return said

    def indicators(self) -> list[tuple[Figure, str, int, int]]:
        """What the index is made of."""
        made_of = self.report.index.indicators.items()
        return [(KNOWN[name], self.figure(name), part.weight, part.at_least) for name, part in made_of]

    def tables(self, rows: Sequence[tuple[str, Mapping[str, Said]]]) -> list[tuple[Sequence[str], list[Row]]]:
        """All figures in tables that a sheet of paper is wide enough for."""
        names = list(KNOWN)
        size = -(-len(names) // _PARTS)
        parts = [names[at : at + size] for at in range(0, len(names), size)]
        return [(part, [Row(title, [cells[name] for name in part]) for title, cells in rows]) for part in parts]

    def cells(self, score: Score | None) -> dict[str, Said]:
        """All figures of a group or a month."""
        return {name: self.of_month(score, name) for name in KNOWN}


def _points(value: Fraction) -> str:
    return f"{float(value):.2f}"


def _from_to(first: str, last: str) -> Iterator[str]:
    year, month = int(first[:4]), int(first[5:])
    while (said := f"{year:04}-{month:02}") <= last:
        yield said
        year, month = (year + 1, 1) if month == _DECEMBER else (year, month + 1)
