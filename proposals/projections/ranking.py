"""The composite index 指数 and the ranking 擂台比武: weights over figures, who is compared, and who is not and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from proposals.domain.errors import unfit
from proposals.domain.vocabulary import Line, Value
from proposals.projections.figures import KNOWN, PERIODS, UNITS, Figure, Score


class Indicator(Value):
    """A figure in the index: how much it weighs, and below how many counted things it is not compared."""

    weight: Annotated[int, Field(gt=0, le=1_000, strict=True)]
    at_least: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] = 1


class Index(Value):
    """A composite index S004: its version is told with every number, for another version is another index."""

    title: Line
    version: Annotated[int, Field(ge=1, strict=True)]
    indicators: Annotated[dict[str, Indicator], Field(min_length=1)]

    def model_post_init(self, _context: Any) -> None:
        """Raises for a figure that nobody counts."""
        unknown = sorted(self.indicators.keys() - KNOWN.keys())
        if unknown:
            raise unfit("invalid_figure", figures=", ".join(unknown), known=", ".join(KNOWN))


class Ranked(NamedTuple):
    """Where a group stands. `points` are of 100; None where it is not compared, and `lacks` says for want of what.

    That is a figure of the index, or else the unit that it would be compared as, by its dimension. A period has points,
    and no `rank`: it has nobody beside it.
    """

    score: Score
    rank: int | None
    points: Fraction | None
    lacks: Sequence[str]


def ranking(scored: Sequence[Score], index: Index) -> list[Ranked]:
    """Best first, in each period by itself: what was done in one quarter is not compared with another.

    Equal points share a rank and the next is left out; who lacks a figure is not compared. Nor are the cases of no
    grid, or of no department: nobody stands for them.
    """
    contests: defaultdict[tuple[str, ...], list[Score]] = defaultdict(list)
    for score in scored:
        contests[period_of(score)].append(score)
    return [place for period in sorted(contests) for place in _contest(contests[period], index)]


def period_of(score: Score) -> tuple[str, ...]:
    """The periods that a group is of, in the order of `PERIODS`; none where it is not told apart by time."""
    return tuple(score.group[period] for period in PERIODS if period in score.group)


def _contest(scored: Sequence[Score], index: Index) -> Iterator[Ranked]:
    valued = [((None, lacks) if (lacks := _no_unit(score)) else points(score, index), score) for score in scored]
    compared = sorted(
        ((value, score) for (value, lacks), score in valued if value is not None and not lacks),
        key=lambda pair: (-pair[0], sorted(pair[1].group.items())),
    )
    rank, before = 0, None
    for place, (value, score) in enumerate(compared, 1):
        rank, before = rank if value == before else place, value
        yield Ranked(score, None if score.group.keys() <= {*PERIODS} else rank, value, ())
    yield from (Ranked(score, None, None, lacks) for (_, lacks), score in valued if lacks)


def _no_unit(score: Score) -> list[str]:
    return [dimension.value for dimension, value in score.group.items() if dimension in UNITS and not value]


def points(score: Score, index: Index) -> tuple[Fraction | None, list[str]]:
    """The weighted mean of a group's figures, of 100, and the figures it lacks or has too little of."""
    lacks, total, weights = [], Fraction(0), 0
    for name, indicator in index.indicators.items():
        result = score.rates[name]
        if result.ratio is None or result.denominator < indicator.at_least:
            lacks.append(name)
            continue
        total += indicator.weight * goodness(KNOWN[name], result.ratio)
        weights += indicator.weight
    return (total * 100 / weights if weights and not lacks else None), lacks


def goodness(figure: Figure, ratio: Fraction) -> Fraction:
    """A share turned so that more is better."""
    return ratio if figure.more_is_better else 1 - ratio
