"""Withholding: which groups are not told, so that nobody gets at a few people by adding up and subtracting.

All that one report tells is one system of sums: groups make up areas and periods, these the total, and so do the months
that are told beside them. One rule, kept in every family of that system, makes it safe (ADR 0019).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

Path = tuple[tuple[str, str], ...]
"""A value with all that it lies in, the nearest first: a grid, its community, its street. `()` is everything."""

Sum = tuple[Path, ...]
"""What is added up: a path on each axis. The total has `()` on all of them."""


class Family(NamedTuple):
    """A sum, and all the parts that make it up along one axis."""

    whole: Sum
    parts: Sequence[Sum]


Content = TypeVar("Content")


@dataclass(frozen=True, slots=True)
class Measure(Generic[Content]):
    """What groups hold: how it is put together, and how many people that is."""

    together: Callable[[Iterable[Content]], Content]
    size: Callable[[Content], int]


BALLOTS: Final[Measure[int]] = Measure(sum, int)
"""Each is in one group only."""

PEOPLE: Final[Measure[Collection[str]]] = Measure(lambda groups: set[str]().union(*groups), len)
"""One person may be in several groups."""


def families(groups: Iterable[Sum]) -> list[Family]:
    """How groups make up the total, the finest families first.

    Each is added up along its first axis, step by step, and then along the next. So groups and months told side by side
    meet in the periods that both make up, which are on the last axis. Along each other axis a group is only in the
    family of all that differ from it on that axis alone: a report that asks for less tells their sum.
    """
    found: defaultdict[tuple[Sum, int], dict[Sum, None]] = defaultdict(dict)
    climbed: set[Sum] = set()
    for group in groups:
        for axis in _axes(group)[1:]:
            found[_with(group, axis, ()), axis][group] = None
        here = group
        while here not in climbed and (axes := _axes(here)):
            climbed.add(here)
            whole = _with(here, axes[0], here[axes[0]][1:])
            found[whole, axes[0]][here] = None
            here = whole
    made = [Family(whole, list(parts)) for (whole, _), parts in found.items()]
    return sorted(made, key=lambda family: -sum(map(len, family.whole)))


def _axes(of: Sum) -> list[int]:
    return [axis for axis, path in enumerate(of) if path]


def _with(group: Sum, axis: int, path: Path) -> Sum:
    return (*group[:axis], path, *group[axis + 1 :])


def withheld(
    known: Iterable[Family], groups: Mapping[Sum, Content], measure: Measure[Content], min_cell: int
) -> set[Sum]:
    """The sums that are not told: those of fewer people than `min_cell`, and as many more as the rule takes.

    `known` are the families of all groups, of which those with nobody in them are left out.
    """
    content = {group: held for group, held in groups.items() if measure.size(held)}
    bound: list[_Bound[Content]] = []
    near: defaultdict[Sum, list[_Bound[Content]]] = defaultdict(list)
    for whole, parts in known:
        if there := {part: content[part] for part in parts if part in content}:
            bound.append(_Bound(whole, content.setdefault(whole, measure.together(there.values())), there, measure))
            for each in (whole, *there):
                near[each].append(bound[-1])
    untold = {each for each, held in content.items() if measure.size(held) < min_cell}
    while bound:
        found = [each for family in bound for each in family.wanting(untold, min_cell)]
        bound = list(dict.fromkeys(family for each in found for family in near[each]))
    return untold


class _Bound(Generic[Content]):
    """A family with what is in it, its smallest parts first. This is the one rule of what is told and what is not."""

    def __init__(self, whole: Sum, held: Content, parts: Mapping[Sum, Content], measure: Measure[Content]) -> None:
        self._whole = whole
        self._people = measure.size(held)
        self._parts = {part: parts[part] for part in sorted(parts, key=lambda part: (measure.size(parts[part]), part))}
        self._measure = measure

    def wanting(self, untold: set[Sum], min_cell: int) -> Iterator[Sum]:
        """Adds to what is untold, and gives, what this family needs if any of it is untold.

        Then two of its sums are, so that neither is the others' remainder; and the remainder that two or more make up
        is of `min_cell` people or more. The smallest parts go first, the whole only where it has a single part.
        """
        away = [part for part in self._parts if part in untold]
        told = [part for part in self._parts if part not in untold]
        least = 1 if self._whole in untold else 2
        if not away and least > 1:
            return
        while told and (len(away) < least or self._gives_away(away, told, min_cell)):
            away.append(told.pop(0))
            untold.add(away[-1])
            yield away[-1]
        if len(away) < least:
            untold.add(self._whole)
            yield self._whole

    def _gives_away(self, away: Iterable[Sum], told: Iterable[Sum], min_cell: int) -> bool:
        """Whether few are untold, or few are in nothing that is told: of several groups, people may be in both."""
        return self._size(away) < min_cell or 0 < self._people - self._size(told) < min_cell

    def _size(self, parts: Iterable[Sum]) -> int:
        return self._measure.size(self._measure.together(self._parts[part] for part in parts))
