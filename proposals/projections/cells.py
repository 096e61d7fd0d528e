"""Cells: what evaluation figures are added up from, and all that two ways of counting must agree on.

`place` is where a case was raised, `department` the unit its work went to last, `period` a local calendar month; what
there is not, as the source of an imported case, is the empty text.
"""

from __future__ import annotations

from typing import NamedTuple


class Rate(NamedTuple):
    """A share: so many of so many, and what was left out by reason, sorted."""

    figure: str
    place: str
    department: str
    category: str
    source: str
    period: str
    numerator: int
    denominator: int
    excluded: tuple[tuple[str, int], ...] = ()


class Stay(NamedTuple):
    """So many cases spent so many whole seconds in a step, all their stays in it together, and have left it."""

    step: str
    place: str
    department: str
    category: str
    source: str
    period: str
    seconds: int
    cases: int


class Reach(NamedTuple):
    """So many cases came to a step."""

    step: str
    place: str
    department: str
    category: str
    source: str
    period: str
    cases: int


class Standing(NamedTuple):
    """So many cases have ended with an outcome, or have none yet."""

    outcome: str
    place: str
    department: str
    category: str
    source: str
    period: str
    cases: int


class Proposer(NamedTuple):
    """A person raised so many cases, so many of them as a party member."""

    person: str
    place: str
    department: str
    category: str
    source: str
    period: str
    cases: int
    as_member: int


class Cells(NamedTuple):
    """Everything that was counted, each list sorted: equal logs give equal cells."""

    rates: list[Rate]
    stays: list[Stay]
    reaches: list[Reach]
    standings: list[Standing]
    proposers: list[Proposer]
