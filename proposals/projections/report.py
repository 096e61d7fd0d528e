"""An evaluation report: everything together, the groups one by one, the index and the ranking; as plain JSON types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from proposals.domain.vocabulary import Step, as_instant
from proposals.projections.cells import Cells
from proposals.projections.figures import UNITS, Dimension, Score, scores
from proposals.projections.organisation import Organisation
from proposals.projections.ranking import Index, Ranked, ranking

ZONE: Final = ZoneInfo("Asia/Shanghai")
"""In whose months, days and hours things are told to who does not ask for another."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was counted, up to when, and told apart by what."""

    until: str
    zone: str
    by: Sequence[Dimension]
    min_cell: int
    index: Index
    total: Score
    groups: Sequence[Score]
    months: Sequence[Score]
    ranked: Sequence[Ranked]
    waiting: int
    """How many streams could not be read to their end: what they say later is not counted."""
    organisation: Organisation

    def plain(self) -> dict[str, Any]:
        """As JSON types: equal logs give equal reports."""
        ranked = {tuple(place.score.group.values()): place for place in self.ranked}
        return {
            "until": self.until,
            "zone": self.zone,
            "by": [dimension.value for dimension in self.by],
            "min_cell": self.min_cell,
            "waiting": self.waiting,
            "index": self.index.model_dump(mode="json"),
            "total": _score(self.total),
            "groups": [
                {
                    "group": {dimension.value: value for dimension, value in score.group.items()},
                    "titles": {dimension.value: title for dimension, title in self.titles(score).items()},
                    **_score(score),
                    **_rank(ranked[tuple(score.group.values())]),
                }
                for score in self.groups
            ],
            "months": [{"month": score.group[Dimension.MONTH], **_score(score)} for score in self.months],
        }

    def titles(self, score: Score) -> dict[Dimension, str]:
        """What people call what a group is: units and categories by their titles, the rest by its value."""
        called = dict.fromkeys(UNITS, self.organisation.title) | {Dimension.CATEGORY: self.organisation.category}
        return {dimension: called.get(dimension, str)(value) for dimension, value in score.group.items()}


def report(
    cells: Cells,
    organisation: Organisation,
    *,
    until: str,
    zone: ZoneInfo,
    by: Sequence[Dimension],
    index: Index,
    waiting: int = 0,
) -> Report:
    """The report of what was counted."""
    total, months, *groups = scores(
        cells,
        (),
        (Dimension.MONTH,),
        *([by] if by else []),
        areas=organisation.areas,
        min_cell=organisation.min_cell,
    )
    told = groups[0] if groups else []
    return Report(
        until=until,
        zone=zone.key,
        by=by,
        min_cell=organisation.min_cell,
        index=index,
        total=total[0],
        groups=told,
        months=months,
        ranked=ranking(told, index),
        waiting=waiting,
        organisation=organisation,
    )


def month_in(zone: ZoneInfo) -> Callable[[str], str]:
    """Tells the local calendar month of an instant, both as texts."""

    def month(instant: str) -> str:
        local: datetime = as_instant(instant).astimezone(zone)
        return f"{local.year:04}-{local.month:02}"

    return month


def _score(score: Score) -> dict[str, Any]:
    steps = [step.value for step in Step]
    return {
        "figures": {name: result.plain() for name, result in score.rates.items()},
        "steps": {
            step: {
                "reached": score.reached.get(step, 0),
                "left": score.durations[step].cases if step in score.durations else 0,
                "median_seconds": score.durations[step].median if step in score.durations else None,
                "p90_seconds": score.durations[step].p90 if step in score.durations else None,
            }
            for step in steps
        },
        "cases": score.cases,
        "outcomes": dict(sorted(score.standing.items())),
        "proposers": score.proposers,
    }


def _rank(place: Ranked) -> dict[str, Any]:
    points = place.points
    return {
        "rank": place.rank,
        "points": round(float(points), 1) if points is not None else None,
        "lacks": list(place.lacks),
    }
