"""Walks at random as logs: one walk, and many as the one log of a county with all their cases."""

from __future__ import annotations

import re
from heapq import merge
from itertools import accumulate
from operator import itemgetter
from random import Random
from typing import TYPE_CHECKING, TypeAlias

from hypothesis import strategies as st

from proposals.domain.vocabulary import kind_of
from tests.process.test_generated_machine import STARTS
from tests.process.walker import WALKED, Walker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from proposals import Fact

Walk: TypeAlias = tuple[str, int, int]
"""Where a walk starts, its seed, and how many steps it has."""

Timed: TypeAlias = "tuple[datetime, Fact]"

_CASES = re.compile(rf"\b({'|'.join(WALKED)})-(?=\d)")
"""Where the id of a stream begins that is a walk's own."""


def walks(least: int, most: int) -> st.SearchStrategy[list[Walk]]:
    """As many walks as lie between, for `joined`; their starts and seeds are shown where a test fails."""
    return st.lists(
        st.tuples(st.sampled_from(STARTS), st.integers(0, 2**32), st.integers(20, 80)), min_size=least, max_size=most
    )


EVERYWHERE = st.integers(0, 2**32).map(lambda seed: [(state, seed + n, 60) for n, state in enumerate(STARTS)])
"""A walk from every start, for those who want much history at a time."""


def walked(state: str, seed: int, steps: int) -> Walker:
    walker = Walker(state, Random(seed))
    for step in range(steps):
        walker.act()
        if step % 9 == 8:
            walker.wait(walker.random.choice((1, 24, 24 * 4, 24 * 15)))
    return walker


def joined(drawn: Iterable[Walk]) -> list[Fact]:
    """The cases of many walks in one county, in the order in which they would have been recorded.

    What one command or tick recorded stays together, and an act that was entered late stays where it was entered.
    """
    logs = [walked(*walk).scenario.facts for walk in drawn]
    county = [fact for fact in logs[0] if kind_of(fact.stream) not in WALKED]
    cases = [
        [_moved(fact, number) for fact in log if kind_of(fact.stream) in WALKED] for number, log in enumerate(logs)
    ]
    assert all(len(facts) == len(log) - len(county) for facts, log in zip(cases, logs, strict=True))
    together = merge(*map(_timed, (county, *cases)), key=itemgetter(0))
    return [fact._replace(position=position) for position, (_, fact) in enumerate(together, 1)]


def _timed(facts: list[Fact]) -> Iterator[Timed]:
    """With each fact, when it can have been recorded at the earliest."""
    return zip(accumulate((fact.occurred_at for fact in facts), max), facts, strict=True)


def _moved(fact: Fact, number: int) -> Fact:
    """The fact with the number of its walk in every id that is the walk's own."""

    def move(text: str) -> str:
        return _CASES.sub(rf"\g<1>-{number}.", text)

    event = type(fact.event).model_validate_json(move(fact.event.model_dump_json()))
    return fact._replace(stream=move(fact.stream), event=event)
