"""Step 5, what can come of an evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proposals.demo.script import Script
from proposals.demo.steps import (
    adopted,
    brought_back,
    cast,
    closed,
    evaluated,
    forwarded,
    handled,
    opened,
    reported,
    settled,
    taken_up,
)
from proposals.domain.evaluation import EscalateRectification
from proposals.domain.evaluation_round import AnnulRound

if TYPE_CHECKING:
    from proposals.demo.case import Case

TIERS_ABOVE = 3
ROUNDS = 2
A_FEW = 2
"""Ballots, too few to say anything."""


def evaluation_failed(case: Case) -> Script[None]:
    """The residents are not satisfied; it is put right, and they are."""
    yield from taken_up(case)
    yield from forwarded(case)
    yield from adopted(case)
    yield from handled(case)
    yield from reported(case)
    yield from evaluated(case, content=False)
    yield from handled(case)
    yield from brought_back(case)


def escalated_by_rectification(case: Case) -> Script[None]:
    """At each tier the residents say no as often as they are asked, and the coordinator takes it to the next."""
    yield from taken_up(case)
    yield from forwarded(case)
    for _ in range(TIERS_ABOVE):
        yield from _rounds_exhausted(case)
        reason = "两轮评议均未通过。 / Two rounds have failed."
        yield from case.go(EscalateRectification, case.coordinator, hours=(20, 60), reason=reason)
        case.rise()
    yield from adopted(case)
    yield from handled(case)
    yield from brought_back(case)


def rounds_exhausted(case: Case) -> Script[None]:
    """Rounds are used up and nobody acts: the clock takes the matter to the tier above."""
    yield from taken_up(case)
    yield from forwarded(case)
    yield from _rounds_exhausted(case)
    yield from case.days(40)
    case.rise()
    yield from adopted(case)
    yield from handled(case)
    yield from brought_back(case)


def inconclusive_round(case: Case) -> Script[None]:
    """Too few vote in the first round; enough do in the second."""
    yield from taken_up(case)
    yield from settled(case)
    yield from reported(case)
    yield from evaluated(case, ballots=A_FEW)
    yield from evaluated(case)
    yield from closed(case)


def inconclusive_to_the_end(case: Case) -> Script[None]:
    """Too few vote, twice; the case is closed all the same, for it was answered."""
    yield from taken_up(case)
    yield from settled(case)
    yield from reported(case)
    yield from evaluated(case, ballots=A_FEW)
    yield from evaluated(case, ballots=A_FEW)
    yield from closed(case)


def annulled_round(case: Case) -> Script[None]:
    """The reviewer annuls a round, and another is held."""
    yield from taken_up(case)
    yield from settled(case)
    yield from reported(case)
    round_, voters = yield from opened(case)
    yield from cast(case, round_.round, voters[:4], content=True)
    reason = "选票录入有误。 / Ballots were keyed in wrongly."
    yield from case.go(AnnulRound, case.reviewer, round_.round, reason=reason)
    yield from evaluated(case)
    yield from closed(case)


def _rounds_exhausted(case: Case) -> Script[None]:
    yield from adopted(case)
    for _ in range(ROUNDS):
        yield from handled(case)
        yield from reported(case)
        yield from evaluated(case, content=False)


EVALUATING = (
    (6, evaluation_failed),
    (1, escalated_by_rectification),
    (1, rounds_exhausted),
    (4, inconclusive_round),
    (2, inconclusive_to_the_end),
    (2, annulled_round),
)
