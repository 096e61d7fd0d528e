"""Around the five steps: reopening, corrections, notes, other rules, the archive, and deadlines that nobody keeps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from proposals.demo.branches.raising import refused
from proposals.demo.script import Script
from proposals.demo.steps import (
    accepted,
    all_five,
    brought_back,
    closed,
    completed,
    confirmed,
    decided,
    dispatched,
    evaluated,
    forwarded,
    raised,
    reported,
    settled,
    submitted,
    taken_up,
    under_way,
    verified,
)
from proposals.domain.keeping import (
    AddNote,
    AttachEvidence,
    CorrectRecord,
    GiveAnswer,
    MigratePolicy,
    Reclassify,
    ReopenProposal,
)
from proposals.domain.vocabulary import Urgency

if TYPE_CHECKING:
    from proposals.demo.case import Case


def reopened(case: Case) -> Script[None]:
    """Closed, and taken up again by its proposer; this time it goes all the way."""
    yield from taken_up(case)
    yield from settled(case)
    yield from brought_back(case)
    reason = "问题再次出现。 / It has happened again."
    yield from case.go(ReopenProposal, case.proposer, hours=(100, 300), reason=reason)
    yield from all_five(case)


def refused_and_reopened(case: Case) -> Script[None]:
    """Refused; the reviewer finds that it should not have been."""
    yield from refused(case)
    reason = "经复核，属于受理范围。 / On review it is a matter of this process."
    category, urgency = case.content.category, case.content.urgency
    yield from case.go(ReopenProposal, case.reviewer, hours=(20, 90), reason=reason, category=category, urgency=urgency)
    yield from settled(case)
    yield from brought_back(case)


def corrected(case: Case) -> Script[None]:
    """The first event has a wrong title; the correction stands beside it."""
    yield from taken_up(case)
    yield from case.go(
        CorrectRecord,
        case.coordinator,
        event=1,
        field="title",
        value=f"{case.content.title[:90]}（更正）",
        reason="楼号写错。 / The number of the building was wrong.",
        approved_by=case.tier_officer,
    )
    yield from settled(case)
    yield from brought_back(case)


def reclassified(case: Case) -> Script[None]:
    """It turns out to be urgent."""
    yield from taken_up(case)
    urgency = Urgency.URGENT if case.content.urgency is not Urgency.URGENT else Urgency.COMPLEX
    category = "safety" if case.content.category != "safety" else "facilities"
    reason = "存在安全隐患。 / It is a danger."
    yield from case.go(Reclassify, case.coordinator, category=category, urgency=urgency, reason=reason)
    yield from all_five(case)


def annotated(case: Case) -> Script[None]:
    """A note, a picture, and an answer before anything is settled."""
    yield from taken_up(case)
    yield from case.go(AddNote, case.grid_worker, note="已电话联系提案人。 / The proposer was called.")
    yield from case.go(AttachEvidence, case.proposer, evidence=(case.photo("place"),))
    yield from case.go(GiveAnswer, case.screener, answer="已列入下次议事会。 / It is on the next agenda.")
    yield from settled(case)
    yield from brought_back(case)


def with_contact(case: Case) -> Script[None]:
    """The proposer leaves a telephone number, which is sealed."""
    yield from raised(case, with_contact=True)
    yield from accepted(case)
    yield from settled(case)
    yield from brought_back(case)


def policy_migrated(case: Case) -> Script[None]:
    """The case is put under the edition on trial in its street."""
    county = case.county
    if county.trial.unit not in county.above(case.grid):
        case.move([grid for grid in county.grids if county.trial.unit in county.above(grid)])
    pinned = (yield from raised(case)).policy
    yield from accepted(case)
    other = county.trial.edition if pinned != county.trial.edition else county.edition
    yield from case.go(MigratePolicy, case.tier_officer, to=other, reason="纳入试点。 / Part of the trial.")
    yield from settled(case)
    yield from brought_back(case)


def archived(case: Case) -> Script[None]:
    """Closed, and not reopened while it could be: the clock puts it into the archive."""
    yield from taken_up(case)
    yield from settled(case)
    yield from reported(case)
    yield from evaluated(case)
    end = yield from closed(case)
    yield from case.until(end.due_at)


def deadlines_missed(case: Case) -> Script[None]:
    """Everybody is late, at every step; the clock notes it each time, and the work is done all the same."""
    late = timedelta(days=1)
    beginning = yield from raised(case)
    yield from case.until(beginning.due_at and beginning.due_at + timedelta(days=12))
    taken = yield from accepted(case)
    yield from case.until(taken.due_at and taken.due_at + late)
    yield from forwarded(case)
    yield from case.days(32)
    held = yield from decided(case)
    yield from confirmed(case, held.facts)
    yield from case.days(12)
    orders = yield from dispatched(case)
    yield from under_way(case, orders)
    yield from completed(case, orders)
    yield from submitted(case, orders[0])
    yield from case.days(18)
    yield from verified(case)
    yield from case.days(12)
    yield from reported(case)
    yield from case.days(18)
    yield from evaluated(case)
    yield from case.days(12)
    yield from closed(case)


KEEPING = (
    (3, reopened),
    (1, refused_and_reopened),
    (2, corrected),
    (3, reclassified),
    (6, annotated),
    (10, with_contact),
    (1, policy_migrated),
    (2, archived),
    (3, deadlines_missed),
)
