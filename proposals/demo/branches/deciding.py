"""Step 3, what can come of a decision."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from proposals.demo.script import Held, Script, found
from proposals.demo.steps import (
    adopted,
    all_five,
    brought_back,
    closed,
    confirmed,
    decided,
    forwarded,
    handled,
    reported,
    taken_up,
)
from proposals.domain.decision import DismissObjection, RaiseObjection, RecordUnresolved, UpholdObjection
from proposals.domain.meeting import Purpose
from proposals.domain.meeting_acts import MeetingCalled
from proposals.domain.vocabulary import Motion

if TYPE_CHECKING:
    from proposals.demo.case import Case
    from proposals.demo.gathering import Gathering

TIERS_ABOVE = 3


def adopted_and_done(case: Case) -> Script[None]:
    """The whole way, without anything unusual."""
    yield from taken_up(case)
    yield from all_five(case)


def escalated_by_decision(case: Case) -> Script[None]:
    """Each meeting resolves that the one above should decide; the county's does."""
    yield from taken_up(case)
    yield from forwarded(case)
    for _ in range(TIERS_ABOVE):
        yield from decided(case, Motion.ESCALATE)
        case.rise()
    yield from _done(case)


def recusal(case: Case) -> Script[None]:
    """A member has an interest, steps aside, and counts for nothing."""
    yield from taken_up(case)
    yield from forwarded(case)
    held = yield from _on_its_own(case, recused=1)
    yield from confirmed(case, held.facts)
    yield from handled(case)
    yield from brought_back(case)


def no_quorum(case: Case) -> Script[None]:
    """So many have an interest that no quorum is left for the item; another meeting decides."""
    yield from taken_up(case)
    yield from forwarded(case)
    yield from _on_its_own(case, recused=3, absent=1)
    yield from _done(case)


def lapsed_decision(case: Case) -> Script[None]:
    """Nobody holds the meeting: when its day is over the clock lets it lapse, and the matter is put off."""
    yield from taken_up(case)
    yield from forwarded(case)
    yield from _lapsed(case)
    yield from _done(case)


def deferred(case: Case) -> Script[None]:
    """Put off once, then adopted."""
    yield from taken_up(case)
    yield from forwarded(case)
    yield from decided(case, Motion.DEFER)
    yield from _done(case)


def deferrals_exhausted(case: Case) -> Script[None]:
    """Put off once too often: the matter rises by itself."""
    yield from taken_up(case)
    yield from forwarded(case)
    yield from decided(case, Motion.DEFER)
    yield from _lapsed(case)
    yield from decided(case, Motion.DEFER)
    case.rise()
    yield from _done(case)


def rejected(case: Case) -> Script[None]:
    """The motion is lost."""
    yield from taken_up(case)
    yield from forwarded(case)
    yield from decided(case, passes=False)


def objection_dismissed(case: Case) -> Script[None]:
    """A resident objects; the reviewer finds nothing in it."""
    yield from taken_up(case)
    yield from forwarded(case)
    held = yield from decided(case)
    yield from _objected(case)
    reason = "程序合规。 / The procedure was followed."
    yield from case.go(DismissObjection, case.reviewer, hours=(2, 20), objection=1, reason=reason)
    yield from confirmed(case, held.facts)
    yield from handled(case)
    yield from brought_back(case)


def objection_upheld(case: Case) -> Script[None]:
    """A resident objects, and is right: the matter is discussed and decided anew."""
    yield from taken_up(case)
    yield from forwarded(case)
    yield from decided(case)
    yield from _objected(case)
    reason = "公示信息有误，重新议定。 / What was announced was wrong; to be decided anew."
    yield from case.go(UpholdObjection, case.reviewer, hours=(2, 20), objection=1, reason=reason)
    yield from all_five(case)


def unresolved(case: Case) -> Script[None]:
    """At the top, put off as often as it may be: answered, reported back, and looked at again on a day."""
    yield from taken_up(case)
    yield from forwarded(case)
    for _ in range(TIERS_ABOVE):
        yield from decided(case, Motion.ESCALATE)
        case.rise()
    yield from decided(case, Motion.DEFER)
    yield from decided(case, Motion.DEFER)
    case.wait((4, 30))
    yield from case.go(
        RecordUnresolved,
        case.tier_officer,
        reason="涉及上级规划，暂不具备条件。 / It hangs on plans above the county.",
        answer="条件具备后优先安排。 / It comes first once it can be done.",
        review_at=case.now + timedelta(days=180),
    )
    yield from reported(case)
    yield from closed(case)


def _done(case: Case) -> Script[None]:
    yield from adopted(case)
    yield from handled(case)
    yield from brought_back(case)


def _objected(case: Case) -> Script[None]:
    objector = case.residents(1)[0]
    grounds = "未征求本单元意见。 / Our entrance was not asked."
    yield from case.go(RaiseObjection, objector, hours=(2, 20), grounds=grounds, resides_in=case.grid)


def _called(case: Case, recused: int = 0) -> Script[Gathering]:
    """A meeting for this matter alone."""
    case.wait((4, 30))
    meeting = case.gathering(Purpose.DECIDE)
    yield from case.together(*meeting.calling([case.wish(Motion.ADOPT, recused=recused)]))
    return meeting


def _on_its_own(case: Case, recused: int, absent: int = 0) -> Script[Held]:
    meeting = yield from _called(case, recused)
    away = [member for member in meeting.members if member != meeting.chair][-absent:] if absent else []
    held = meeting.held((yield from case.together(*meeting.holding(away))))
    case.now = held.ended_at
    return held


def _lapsed(case: Case) -> Script[None]:
    case.wait((4, 30))
    meeting = case.gathering(Purpose.DECIDE)
    facts = yield from case.together(*meeting.calling([case.wish(Motion.ADOPT)]))
    yield from case.until(found(facts, MeetingCalled).due_at)


DECIDING = (
    (40, adopted_and_done),
    (3, escalated_by_decision),
    (3, recusal),
    (2, no_quorum),
    (2, lapsed_decision),
    (3, deferred),
    (1, deferrals_exhausted),
    (4, rejected),
    (2, objection_dismissed),
    (2, objection_upheld),
    (1, unresolved),
)
