"""Evaluation figures: what each says, and how counts become ratios, intervals, an index and a ranking.

Everything here is computed from cells, whoever has counted them; every figure keeps its numerator, its denominator and
what was left out (domain, *Evaluation figures*).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from statistics import NormalDist
from typing import Any, Final, NamedTuple

from proposals.projections.cells import Cells

_Z: Final = NormalDist().inv_cdf(0.975)


class Dimension(StrEnum):
    """By what figures are told apart."""

    GRID = "grid"
    COMMUNITY = "community"
    STREET = "street"
    DEPARTMENT = "department"
    CATEGORY = "category"
    SOURCE = "source"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


AREAS: Final = (Dimension.GRID, Dimension.COMMUNITY, Dimension.STREET)


class Figure(NamedTuple):
    """What a rate says: whether more is better, and whether it tells what people wrote on their ballots."""

    name: str
    more_is_better: bool
    of_ballots: bool = False


FIGURES: Final = {
    figure.name: figure
    for figure in (
        Figure("response", more_is_better=True),
        Figure("on_time", more_is_better=True),
        Figure("first_pass", more_is_better=True),
        Figure("resolution", more_is_better=True, of_ballots=True),
        Figure("satisfaction", more_is_better=True, of_ballots=True),
        Figure("turnout", more_is_better=True),
        Figure("rectification", more_is_better=False),
        Figure("reopening", more_is_better=False),
        Figure("escalation", more_is_better=False),
        Figure("return", more_is_better=False),
        Figure("volunteering", more_is_better=True),
    )
}
"""The rates, in the order in which they are told. Proposers who are no party members have a rate of their own."""

SHARE_OF_NON_MEMBERS: Final = Figure("non_members", more_is_better=True)
"""Distinct proposers who were party members in none of their cases, of all (S003: the residents who stay away)."""

KNOWN: Final = {**FIGURES, SHARE_OF_NON_MEMBERS.name: SHARE_OF_NON_MEMBERS}
"""Every figure by its name."""


class Missing(StrEnum):
    """Why a figure has no value."""

    NO_DATA = "no_data"
    """Nothing to divide by: that is neither 0 nor 100 %."""
    SUPPRESSED = "suppressed"
    """So few people that one could tell who said or is what, or that the rest would tell it."""


class Result(NamedTuple):
    """A figure with what it is made of. `ratio` is exact; the interval is Wilson's at 95 %."""

    figure: str
    numerator: int | None
    denominator: int
    excluded: Mapping[str, int]
    missing: Missing | None = None

    @property
    def ratio(self) -> Fraction | None:
        """The numerator over the denominator, or None where there is no telling."""
        return (
            Fraction(self.numerator, self.denominator) if self.missing is None and self.numerator is not None else None
        )

    @property
    def interval(self) -> tuple[float, float] | None:
        """Between what the true share may well lie, which for few cases is far apart."""
        if self.ratio is None:
            return None
        n, p, z2 = self.denominator, float(self.ratio), _Z * _Z
        middle, half = p + z2 / (2 * n), _Z * ((p * (1 - p) + z2 / (4 * n)) / n) ** 0.5
        return max(0.0, (middle - half) / (1 + z2 / n)), min(1.0, (middle + half) / (1 + z2 / n))

    def plain(self) -> dict[str, Any]:
        """As JSON types, shares to four places."""
        ratio, interval = self.ratio, self.interval
        return {
            "numerator": self.numerator,
            "denominator": self.denominator,
            "ratio": round(float(ratio), 4) if ratio is not None else None,
            "interval": [round(bound, 4) for bound in interval] if interval is not None else None,
            "excluded": dict(sorted(self.excluded.items())),
            "missing": self.missing.value if self.missing is not None else None,
        }


class Duration(NamedTuple):
    """How long cases were in a step, all their stays together: half of them no longer, nine of ten no longer."""

    cases: int
    median: int | None
    p90: int | None


class Score(NamedTuple):
    """All figures of one group, which is told by the value of each dimension.

    `rates` by figure; `durations` and `reached` by step, the cases that left it and those that came to it; `standing`
    by outcome, "" for what is still open; `proposers` is how many people raised the cases.
    """

    group: Mapping[Dimension, str]
    rates: Mapping[str, Result]
    durations: Mapping[str, Duration]
    reached: Mapping[str, int]
    standing: Mapping[str, int]
    proposers: int


Group = tuple[str, ...]
Areas = Callable[[str], Mapping[str, str]]
"""The areas that a place lies in, by their tiers."""


def scores(cells: Cells, *, by: Sequence[Dimension], areas: Areas, min_cell: int) -> list[Score]:
    """The figures of every group, sorted; with no dimension those of everything together."""
    of = _grouping(by, areas)
    rates: defaultdict[Group, defaultdict[str, _Count]] = defaultdict(lambda: defaultdict(_Count))
    parents: dict[Group, Group] = {}
    for cell in cells.rates:
        group, parents[group] = of(cell)
        rates[group][cell.figure].add(cell.numerator, cell.denominator, cell.excluded)
    spent: defaultdict[Group, defaultdict[str, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
    for stay in cells.stays:
        spent[of(stay)[0]][stay.step][stay.seconds] += stay.cases
    reached: defaultdict[Group, Counter[str]] = defaultdict(Counter)
    for reach in cells.reaches:
        reached[of(reach)[0]][reach.step] += reach.cases
    standing: defaultdict[Group, Counter[str]] = defaultdict(Counter)
    for stand in cells.standings:
        standing[of(stand)[0]][stand.outcome] += stand.cases
    people: defaultdict[Group, Counter[str]] = defaultdict(Counter)
    for proposer in cells.proposers:
        group, parents[group] = of(proposer)
        people[group][proposer.person] += proposer.as_member
    hidden = {
        name: _hidden(_counts(rates, name), parents, min_cell) for name, figure in FIGURES.items() if figure.of_ballots
    }
    few = _hidden({group: len(found) for group, found in people.items()}, parents, min_cell)
    return [
        Score(
            group=dict(zip(by, group, strict=True)),
            rates={
                **{name: rates[group][name].result(name, hidden=group in hidden.get(name, ())) for name in FIGURES},
                SHARE_OF_NON_MEMBERS.name: _non_members(people[group], hidden=group in few),
            },
            durations={step: _duration(seconds) for step, seconds in spent[group].items()},
            reached=reached[group],
            standing=standing[group],
            proposers=len(people[group]),
        )
        for group in sorted({*rates, *spent, *reached, *standing, *people} or ([()] if not by else []))
    ]


class _Count:
    """What is added up for one figure of one group."""

    __slots__ = ("denominator", "excluded", "numerator")

    def __init__(self) -> None:
        self.numerator = self.denominator = 0
        self.excluded: Counter[str] = Counter()

    def add(self, numerator: int, denominator: int, excluded: Iterable[tuple[str, int]]) -> None:
        self.numerator += numerator
        self.denominator += denominator
        for reason, count in excluded:
            self.excluded[reason] += count

    def result(self, name: str, *, hidden: bool) -> Result:
        missing = Missing.SUPPRESSED if hidden else Missing.NO_DATA if not self.denominator else None
        return Result(name, None if missing else self.numerator, self.denominator, self.excluded, missing)


def _grouping(by: Sequence[Dimension], areas: Areas) -> Callable[[Any], tuple[Group, Group]]:
    """Gives a cell's group, and the group with each area named by the one above it: what the group is a part of."""
    above = dict(zip(AREAS, (*AREAS[1:], None), strict=True))

    def of(cell: Any) -> tuple[Group, Group]:
        lies_in = areas(cell.place)
        values, parents = [], []
        for dimension in by:
            value = _VALUES[dimension](cell) if dimension in _VALUES else lies_in.get(dimension, "")
            upper = above.get(dimension)
            values.append(value)
            parents.append(lies_in.get(upper, "") if upper is not None else "")
        return tuple(values), tuple(parents)

    return of


_VALUES: Final[dict[Dimension, Callable[[Any], str]]] = {
    Dimension.DEPARTMENT: lambda cell: cell.department,
    Dimension.CATEGORY: lambda cell: cell.category,
    Dimension.SOURCE: lambda cell: cell.source,
    Dimension.MONTH: lambda cell: cell.period,
    Dimension.QUARTER: lambda cell: f"{cell.period[:4]}-Q{(int(cell.period[5:]) + 2) // 3}",
    Dimension.YEAR: lambda cell: cell.period[:4],
}


def _counts(rates: Mapping[Group, Mapping[str, _Count]], name: str) -> dict[Group, int]:
    return {group: counts[name].denominator for group, counts in rates.items() if name in counts}


def _hidden(counts: Mapping[Group, int], parents: Mapping[Group, Group], min_cell: int) -> set[Group]:
    """The groups of too few people, and so many beside them that no sum over the rest gives one of them away."""
    ballots = {group: count for group, count in counts.items() if count}
    hidden = {group for group, count in ballots.items() if count < min_cell}
    found = True
    while found:
        found = False
        for dimension in range(len(next(iter(ballots), ()))):
            families: defaultdict[tuple[Any, ...], list[Group]] = defaultdict(list)
            for group in ballots:
                rest = group[:dimension] + group[dimension + 1 :]
                families[(rest, parents[group][dimension])].append(group)
            for family in families.values():
                shown = [group for group in family if group not in hidden]
                if len(family) - len(shown) == 1 and shown:
                    hidden.add(min(shown, key=lambda group: (ballots[group], group)))
                    found = True
    return hidden


def _non_members(people: Mapping[str, int], *, hidden: bool) -> Result:
    """Of a handful of people this would tell who is in the party."""
    others = sum(not as_member for as_member in people.values())
    missing = Missing.SUPPRESSED if hidden else None if people else Missing.NO_DATA
    return Result(SHARE_OF_NON_MEMBERS.name, None if missing else others, len(people), {}, missing)


def _duration(seconds: Counter[int]) -> Duration:
    return Duration(seconds.total(), quantile(seconds, 1, 2), quantile(seconds, 9, 10))


def quantile(values: Mapping[int, int], numerator: int, denominator: int) -> int | None:
    """The least value that so large a share of all values does not exceed; it is always one of them."""
    rank = -(-sum(values.values()) * numerator // denominator)
    for value in sorted(values):
        rank -= values[value]
        if rank <= 0:
            return value
    return None
