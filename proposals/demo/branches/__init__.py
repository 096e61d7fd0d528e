"""Every branch of the process as a scenario of its own, by name, with how often it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proposals.demo.branches.deciding import DECIDING
from proposals.demo.branches.discussing import DISCUSSING
from proposals.demo.branches.evaluating import EVALUATING
from proposals.demo.branches.handling import HANDLING
from proposals.demo.branches.keeping import KEEPING
from proposals.demo.branches.raising import RAISING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from random import Random

    from proposals.demo.case import Case
    from proposals.demo.script import Script


class Branch(NamedTuple):
    """A scenario, and how often it is drawn against the others."""

    name: str
    weight: int
    play: Callable[[Case], Script[None]]


BRANCHES: Mapping[str, Branch] = {
    scenario.__name__: Branch(scenario.__name__, weight, scenario)
    for weight, scenario in (*RAISING, *DISCUSSING, *DECIDING, *HANDLING, *EVALUATING, *KEEPING)
}
"""Every branch, in the order of the five steps; the two commonest ways have by far the greatest weights."""


def drawn(rng: Random, branches: Sequence[Branch]) -> Branch:
    """A branch at random, by weight."""
    return rng.choices(branches, [branch.weight for branch in branches])[0]
