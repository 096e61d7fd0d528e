"""Evaluation figures: what each says, and how counts become ratios, intervals, an index and a ranking.

Everything here is computed from cells, whoever has counted them; every figure keeps its numerator, its denominator and
what was left out (domain, *Evaluation figures*).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from statistics import NormalDist
from typing import Any, Final, NamedTuple, TypeVar

from proposals.projections.cells import Cells
from proposals.projections.withholding import BALLOTS, PEOPLE, Path, Sum, families, withheld

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
PERIODS: Final = (Dimension.MONTH, Dimension.QUARTER, Dimension.YEAR)
UNITS: Final = frozenset({*AREAS, Dimension.DEPARTMENT})
"""Those whose values are units, which have titles. What belongs to none of them has an empty value."""


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

    @property
    def cases(self) -> int:
        """How many cases there are."""
        return sum(self.standing.values())


Group = tuple[str, ...]
Areas = Callable[[str], Mapping[str, str]]
"""The areas that a place lies in, by their tiers."""


def scores(cells: Cells, *listings: Sequence[Dimension], areas: Areas, min_cell: int) -> list[list[Score]]:
    """The figures of every group, sorted, in several listings; with no dimension those of everything together.

    The listings are told together: what is withheld in one cannot be worked out of the others.
    """
    counted = [_Listing(cells, by, areas) for by in listings]
    known = families(group for listing in counted for group in listing.sums.values())
    hidden = {
        figure.name: withheld(known, _merged(listing.ballots(figure.name) for listing in counted), BALLOTS, min_cell)
        for figure in FIGURES.values()
        if figure.of_ballots
    }
    people = _merged(listing.proposers() for listing in counted)
    hidden[SHARE_OF_NON_MEMBERS.name] = withheld(known, people, PEOPLE, min_cell)
    return [listing.scores(hidden) for listing in counted]


class _Listing:
    """Everything that is counted of the groups of one listing, and which sum each group is."""

    def __init__(self, cells: Cells, by: Sequence[Dimension], areas: Areas) -> None:
        self.by = by
        self.sums: dict[Group, Sum] = {} if by else {(): _EVERYTHING}
        self._areas = areas
        self._rates: defaultdict[Group, defaultdict[str, _Count]] = defaultdict(lambda: defaultdict(_Count))
        self._spent: defaultdict[Group, defaultdict[str, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
        self._reached: defaultdict[Group, Counter[str]] = defaultdict(Counter)
        self._standing: defaultdict[Group, Counter[str]] = defaultdict(Counter)
        self._people: defaultdict[Group, Counter[str]] = defaultdict(Counter)
        for cell in cells.rates:
            self._rates[self._group(cell)][cell.figure].add(cell.numerator, cell.denominator, cell.excluded)
        for stay in cells.stays:
            self._spent[self._group(stay)][stay.step][stay.seconds] += stay.cases
        for reach in cells.reaches:
            self._reached[self._group(reach)][reach.step] += reach.cases
        for stand in cells.standings:
            self._standing[self._group(stand)][stand.outcome] += stand.cases
        for proposer in cells.proposers:
            self._people[self._group(proposer)][proposer.person] += proposer.as_member

    def ballots(self, figure: str) -> dict[Sum, int]:
        """How many ballots a figure of each group tells of."""
        return {self.sums[group]: counts[figure].denominator for group, counts in self._rates.items()}

    def proposers(self) -> dict[Sum, Collection[str]]:
        """Who raised the cases of each group."""
        return {self.sums[group]: people for group, people in self._people.items()}

    def scores(self, hidden: Mapping[str, Container[Sum]]) -> list[Score]:
        """The figures of each group, less those that are hidden."""

        def is_hidden(group: Group, figure: str) -> bool:
            return self.sums[group] in hidden.get(figure, ())

        others = SHARE_OF_NON_MEMBERS.name
        return [
            Score(
                group=dict(zip(self.by, group, strict=True)),
                rates={
                    **{name: self._rates[group][name].result(name, hidden=is_hidden(group, name)) for name in FIGURES},
                    others: _non_members(self._people[group], hidden=is_hidden(group, others)),
                },
                durations={step: _duration(seconds) for step, seconds in self._spent[group].items()},
                reached=self._reached[group],
                standing=self._standing[group],
                proposers=len(self._people[group]),
            )
            for group in sorted(self.sums)
        ]

    def _group(self, cell: Any) -> Group:
        lies_in = self._areas(cell.place)

        def value(dimension: Dimension) -> str:
            return _VALUES[dimension](cell) if dimension in _VALUES else lies_in.get(dimension, "")

        group = tuple(map(value, self.by))
        if group not in self.sums:
            self.sums[group] = tuple(_path(axis, self.by, value) for axis in _AXES)
        return group


_AXES: Final = (
    AREAS,
    (Dimension.DEPARTMENT,),
    (Dimension.CATEGORY,),
    (Dimension.SOURCE,),
    PERIODS,
)
"""What lies in what. Periods are last, where the months of a report meet its groups."""

_EVERYTHING: Final[Sum] = ((),) * len(_AXES)


def _path(axis: Sequence[Dimension], by: Sequence[Dimension], value: Callable[[Dimension], str]) -> Path:
    """A group's value on an axis and what it lies in; of what lies in no grid that is known only where it is asked."""
    path: list[tuple[str, str]] = []
    for dimension in axis:
        if dimension in by or any(said for _, said in path):
            path.append((dimension, value(dimension)))
    return tuple(path)


Content = TypeVar("Content")


def _merged(listings: Iterable[Mapping[Sum, Content]]) -> dict[Sum, Content]:
    return {group: content for listing in listings for group, content in listing.items()}


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


_VALUES: Final[dict[Dimension, Callable[[Any], str]]] = {
    Dimension.DEPARTMENT: lambda cell: cell.department,
    Dimension.CATEGORY: lambda cell: cell.category,
    Dimension.SOURCE: lambda cell: cell.source,
    Dimension.MONTH: lambda cell: cell.period,
    Dimension.QUARTER: lambda cell: f"{cell.period[:4]}-Q{(int(cell.period[5:]) + 2) // 3}",
    Dimension.YEAR: lambda cell: cell.period[:4],
}


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
