"""Step 2, what can come of a discussion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proposals.demo.branches.raising import revised
from proposals.demo.script import Script
from proposals.demo.steps import accepted, all_five, brought_back, discussed, settled, taken_up
from proposals.domain.discussion import EscalateDiscussion, ReferBack, SettleMatter
from proposals.domain.meeting import Purpose
from proposals.domain.vocabulary import Motion

if TYPE_CHECKING:
    from proposals.demo.case import Case

TIERS_ABOVE = 3
"""Community, street, county."""


def settled_in_grid(case: Case) -> Script[None]:
    """Small matters do not leave the grid 小事不出网格."""
    yield from taken_up(case)
    yield from settled(case, opinions=1)
    yield from brought_back(case)


def referred_back(case: Case) -> Script[None]:
    """The meeting wants to know more first."""
    yield from taken_up(case)
    held = yield from discussed(case)
    yield from case.go(ReferBack, held.chair, reason="请补充费用测算。 / Please add an estimate of the cost.")
    yield from revised(case)
    yield from accepted(case)
    yield from settled(case)
    yield from brought_back(case)


def escalated_in_discussion(case: Case) -> Script[None]:
    """Discussed at every tier, and settled only at the top."""
    yield from taken_up(case)
    for _ in range(TIERS_ABOVE):
        held = yield from discussed(case)
        reason = "本级难以解决，提请上级商议。 / It cannot be solved here."
        yield from case.go(EscalateDiscussion, held.chair, reason=reason)
        case.rise()
    yield from settled(case)
    yield from brought_back(case)


def cancelled_meeting(case: Case) -> Script[None]:
    """The meeting is called off; another takes the matter."""
    yield from taken_up(case)
    yield from _cancelled(case)
    yield from settled(case)
    yield from brought_back(case)


def lapsed_discussion(case: Case) -> Script[None]:
    """Hardly anybody comes; another meeting takes the matter."""
    yield from taken_up(case)
    yield from _lapsed(case)
    yield from all_five(case)


def openings_exhausted(case: Case) -> Script[None]:
    """No meeting comes about as often as it may, one was even called off: the tier above takes the matter up."""
    yield from taken_up(case)
    yield from _cancelled(case)
    yield from _lapsed(case)
    yield from _lapsed(case)
    reason = "多次未能开会。 / No meeting came about."
    yield from case.go(EscalateDiscussion, case.tier_officer, reason=reason)
    case.rise()
    yield from settled(case)
    yield from brought_back(case)


def void_item(case: Case) -> Script[None]:
    """On two agendas; the first meeting refers it back, and the second has an old text before it, which is void."""
    yield from taken_up(case)
    case.wait((1, 3))
    later = case.gathering(Purpose.DISCUSS, days=12)
    yield from case.together(*later.calling([case.wish(Motion.DISCUSS)], opened=False))
    case.wait((1, 3))
    sooner = case.gathering(Purpose.DISCUSS)
    yield from case.together(*sooner.calling([case.wish(Motion.DISCUSS)]))
    held = sooner.held((yield from case.together(*sooner.holding())))
    case.now = held.ended_at
    yield from case.go(ReferBack, held.chair, reason="文字有误，请修改。 / The text is wrong; please amend it.")
    yield from revised(case)
    yield from accepted(case)
    yield from case.together(*later.holding())
    case.now = max(case.now, later.held([]).ended_at)
    third = case.gathering(Purpose.DISCUSS)
    yield from case.together(*third.calling([case.wish(Motion.DISCUSS)]))
    held = third.held((yield from case.together(*third.holding())))
    case.now = held.ended_at
    yield from case.go(SettleMatter, held.chair, how="按修改稿解决。 / Settled as amended.", by=held.chair)
    yield from brought_back(case)


def _cancelled(case: Case) -> Script[None]:
    case.wait((1, 5))
    meeting = case.gathering(Purpose.DISCUSS)
    yield from case.together(*meeting.calling([case.wish(Motion.DISCUSS)]))
    case.wait((4, 20))
    yield from case.together(*meeting.cancelling(case.now, "场地停电。 / There is no power in the hall."))


def _lapsed(case: Case) -> Script[None]:
    case.wait((1, 5))
    meeting = case.gathering(Purpose.DISCUSS)
    yield from case.together(*meeting.calling([case.wish(Motion.DISCUSS)]))
    facts = yield from case.together(*meeting.lapsing())
    case.now = facts[-1].occurred_at


DISCUSSING = (
    (60, settled_in_grid),
    (4, referred_back),
    (3, escalated_in_discussion),
    (2, cancelled_meeting),
    (3, lapsed_discussion),
    (1, openings_exhausted),
    (1, void_item),
)
