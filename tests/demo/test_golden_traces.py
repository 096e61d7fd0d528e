"""Each branch alone, against a trace that was written by hand from the design of the domain, not from a run.

The process table may not judge itself: nothing here reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from proposals.adapters.policies import default_policy
from proposals.demo import BRANCHES

if TYPE_CHECKING:
    from collections.abc import Callable

    from proposals import Fact

    Played = Callable[[str], dict[str, list[Fact]]]

CASE = "proposal-demo1-0001"

TAKEN_UP = "ProposalRaised ProposalAccepted"
SETTLED = "DiscussionOpened MatterSettled"
EVALUATED = "FeedbackDelivered EvaluationOpened EvaluationPassed"
ENDED = f"{EVALUATED} ProposalClosed"
TABLED = "DiscussionOpened ProposalForwarded"
IN_FORCE = "ProposalAdopted DecisionConfirmed"
SENT_OUT = f"{TAKEN_UP} {TABLED} {IN_FORCE} WorkDispatched"
VERIFIED = "HandlingSubmitted HandlingVerified"
HANDLED = f"WorkDispatched {VERIFIED}"
REJECTED_BY_RESIDENTS = f"{HANDLED} FeedbackDelivered EvaluationOpened EvaluationFailed"
DONE = f"{IN_FORCE} {HANDLED} {ENDED}"
WHOLE_WAY = f"{TABLED} {DONE}"
RISES_AFTER_TWO_ROUNDS = f"{IN_FORCE} {REJECTED_BY_RESIDENTS} {REJECTED_BY_RESIDENTS} RectificationEscalated"

PROPOSAL_TRACES = {
    "returned_and_completed": f"ProposalRaised ProposalReturned ProposalRevised ProposalAccepted {SETTLED} {ENDED}",
    "lapsed": "ProposalRaised ProposalReturned ProposalLapsed ProposalArchived",
    "refused": "ProposalRaised ProposalRefused",
    "withdrawn": f"{TAKEN_UP} ProposalWithdrawn ProposalArchived",
    "cosigned": f"ProposalRaised ProposalCoSigned ProposalCoSigned ProposalCoSigned ProposalAccepted {WHOLE_WAY}",
    "merged": "ProposalRaised ProposalMerged ProposalArchived",
    "settled_in_grid": f"{TAKEN_UP} DiscussionOpened OpinionRecorded MatterSettled {ENDED}",
    "referred_back": (
        f"{TAKEN_UP} DiscussionOpened ProposalReferredBack ProposalRevised ProposalAccepted {SETTLED} {ENDED}"
    ),
    "escalated_in_discussion": (
        f"{TAKEN_UP} DiscussionOpened DiscussionEscalated DiscussionOpened DiscussionEscalated "
        f"DiscussionOpened DiscussionEscalated {SETTLED} {ENDED}"
    ),
    "cancelled_meeting": f"{TAKEN_UP} DiscussionOpened {SETTLED} {ENDED}",
    "lapsed_discussion": f"{TAKEN_UP} DiscussionOpened {WHOLE_WAY}",
    "openings_exhausted": (
        f"{TAKEN_UP} DiscussionOpened DiscussionOpened DiscussionOpened DiscussionEscalated {SETTLED} {ENDED}"
    ),
    "void_item": f"{TAKEN_UP} DiscussionOpened ProposalReferredBack ProposalRevised ProposalAccepted {SETTLED} {ENDED}",
    "adopted_and_done": f"{TAKEN_UP} {WHOLE_WAY}",
    "escalated_by_decision": f"{TAKEN_UP} {TABLED} DecisionEscalated DecisionEscalated DecisionEscalated {DONE}",
    "recusal": f"{TAKEN_UP} {WHOLE_WAY}",
    "no_quorum": f"{TAKEN_UP} {TABLED} DecisionDeferred {DONE}",
    "lapsed_decision": f"{TAKEN_UP} {TABLED} DecisionDeferred {DONE}",
    "deferred": f"{TAKEN_UP} {TABLED} DecisionDeferred {DONE}",
    "deferrals_exhausted": f"{TAKEN_UP} {TABLED} DecisionDeferred DecisionDeferred DecisionEscalated {DONE}",
    "rejected": f"{TAKEN_UP} {TABLED} ProposalRejected",
    "objection_dismissed": (
        f"{TAKEN_UP} {TABLED} ProposalAdopted ObjectionRaised ObjectionDismissed DecisionConfirmed {HANDLED} {ENDED}"
    ),
    "objection_upheld": f"{TAKEN_UP} {TABLED} ProposalAdopted ObjectionRaised ObjectionUpheld {WHOLE_WAY}",
    "unresolved": (
        f"{TAKEN_UP} {TABLED} DecisionEscalated DecisionEscalated DecisionEscalated DecisionDeferred DecisionDeferred "
        "UnresolvedRecorded FeedbackDelivered ProposalClosed"
    ),
    "order_declined": f"{SENT_OUT} {VERIFIED} {ENDED}",
    "order_directed": f"{SENT_OUT} {VERIFIED} {ENDED}",
    "order_excused": f"{SENT_OUT} {VERIFIED} {ENDED}",
    "order_reassigned": f"{SENT_OUT} OrderReassigned {VERIFIED} {ENDED}",
    "order_withdrawn": f"{SENT_OUT} OrderWithdrawn {VERIFIED} {ENDED}",
    "order_added": f"{SENT_OUT} OrderAdded {VERIFIED} {ENDED}",
    "whistle": f"{SENT_OUT} WhistleBlown {VERIFIED} {ENDED}",
    "extension_granted": f"{SENT_OUT} {VERIFIED} {ENDED}",
    "extension_denied": f"{SENT_OUT} {VERIFIED} {ENDED}",
    "suspended_and_resumed": (
        f"{SENT_OUT} HandlingSuspended HandlingResumed HandlingSuspended HandlingResumed {VERIFIED} {ENDED}"
    ),
    "infeasible": f"{SENT_OUT} HandlingDeclaredInfeasible {ENDED}",
    "verification_failed": f"{SENT_OUT} HandlingSubmitted VerificationFailed {VERIFIED} {ENDED}",
    "escalated_by_handling": (
        f"{SENT_OUT} HandlingEscalated {IN_FORCE} WorkDispatched HandlingEscalated "
        f"{IN_FORCE} WorkDispatched HandlingEscalated {DONE}"
    ),
    "urged": f"{SENT_OUT} {VERIFIED} {ENDED}",
    "evaluation_failed": f"{TAKEN_UP} {TABLED} {IN_FORCE} {REJECTED_BY_RESIDENTS} {HANDLED} {ENDED}",
    "escalated_by_rectification": (
        f"{TAKEN_UP} {TABLED} {RISES_AFTER_TWO_ROUNDS} {RISES_AFTER_TWO_ROUNDS} {RISES_AFTER_TWO_ROUNDS} {DONE}"
    ),
    "rounds_exhausted": (
        f"{TAKEN_UP} {TABLED} {IN_FORCE} {REJECTED_BY_RESIDENTS} {REJECTED_BY_RESIDENTS} "
        f"DeadlineMissed DeadlineMissed RectificationEscalated {DONE}"
    ),
    "inconclusive_round": (
        f"{TAKEN_UP} {SETTLED} FeedbackDelivered EvaluationOpened EvaluationInconclusive "
        "EvaluationOpened EvaluationPassed ProposalClosed"
    ),
    "inconclusive_to_the_end": (
        f"{TAKEN_UP} {SETTLED} FeedbackDelivered EvaluationOpened EvaluationInconclusive "
        "EvaluationOpened EvaluationInconclusive ProposalClosed"
    ),
    "annulled_round": (
        f"{TAKEN_UP} {SETTLED} FeedbackDelivered EvaluationOpened EvaluationInconclusive "
        "EvaluationOpened EvaluationPassed ProposalClosed"
    ),
    "reopened": f"{TAKEN_UP} {SETTLED} {ENDED} ProposalReopened {WHOLE_WAY}",
    "refused_and_reopened": f"ProposalRaised ProposalRefused ProposalReopened {SETTLED} {ENDED}",
    "corrected": f"{TAKEN_UP} RecordCorrected {SETTLED} {ENDED}",
    "reclassified": f"{TAKEN_UP} ProposalReclassified {WHOLE_WAY}",
    "annotated": f"{TAKEN_UP} NoteAdded EvidenceAttached AnswerGiven {SETTLED} {ENDED}",
    "with_contact": f"{TAKEN_UP} {SETTLED} {ENDED}",
    "policy_migrated": f"{TAKEN_UP} PolicyMigrated {SETTLED} {ENDED}",
    "archived": f"{TAKEN_UP} {SETTLED} {ENDED} ProposalArchived",
    # Noted, and noted again for the tier above, where the policy says so; everybody is a day late or more.
    "deadlines_missed": (
        "ProposalRaised DeadlineMissed DeadlineMissed ProposalAccepted DeadlineMissed "
        "DiscussionOpened ProposalForwarded DeadlineMissed DeadlineMissed ProposalAdopted DecisionConfirmed "
        "DeadlineMissed WorkDispatched HandlingSubmitted DeadlineMissed HandlingVerified DeadlineMissed "
        "FeedbackDelivered DeadlineMissed EvaluationOpened EvaluationPassed DeadlineMissed ProposalClosed"
    ),
}

ACKNOWLEDGED = "OrderDispatched OrderAcknowledged HandlerReportedIn"
ACCEPTED = "OrderCompleted OrderAccepted"
LATE = "OrderDispatched DeadlineMissed OrderAcknowledged HandlerReportedIn"

ORDER_TRACES = [
    ("adopted_and_done", "1", f"{ACKNOWLEDGED} {ACCEPTED}"),
    ("adopted_and_done", "2", f"{ACKNOWLEDGED} {ACCEPTED}"),
    (
        "order_declined",
        "2",
        f"OrderDispatched OrderDeclined OrderRedispatched OrderAcknowledged HandlerReportedIn {ACCEPTED}",
    ),
    (
        "order_directed",
        "2",
        f"OrderDispatched OrderDeclined OrderDirected OrderAcknowledged HandlerReportedIn {ACCEPTED}",
    ),
    ("order_excused", "2", f"{ACKNOWLEDGED} OrderExcused"),
    ("order_reassigned", "2", "OrderDispatched OrderCancelled"),
    ("order_reassigned", "3", f"{ACKNOWLEDGED} {ACCEPTED}"),
    ("order_withdrawn", "2", f"{ACKNOWLEDGED} OrderCancelled"),
    ("order_added", "3", f"{ACKNOWLEDGED} {ACCEPTED}"),
    ("whistle", "3", f"{ACKNOWLEDGED} {ACCEPTED}"),
    ("whistle", "4", f"{ACKNOWLEDGED} {ACCEPTED}"),
    ("extension_granted", "1", f"{ACKNOWLEDGED} ExtensionRequested ExtensionGranted {ACCEPTED}"),
    ("extension_denied", "1", f"{ACKNOWLEDGED} ExtensionRequested ExtensionDenied {ACCEPTED}"),
    (
        "suspended_and_resumed",
        "2",
        f"{ACKNOWLEDGED} OrderClockStopped OrderClockRestarted OrderClockStopped OrderClockRestarted {ACCEPTED}",
    ),
    ("infeasible", "1", f"{ACKNOWLEDGED} OrderCancelled"),
    ("verification_failed", "1", f"{ACKNOWLEDGED} OrderCompleted OrderReopened OrderCompleted OrderAccepted"),
    ("verification_failed", "2", f"{ACKNOWLEDGED} OrderCompleted OrderAccepted"),
    ("escalated_by_handling", "5", f"{ACKNOWLEDGED} OrderCancelled"),
    ("escalated_by_handling", "7", f"{ACKNOWLEDGED} {ACCEPTED}"),
    # Nobody acknowledged in time; then it was overdue: urged by the clock, and put before the tier above.
    (
        "urged",
        "2",
        f"{LATE} DeadlineMissed OrderUrged DeadlineMissed {ACCEPTED}",
    ),
    (
        "urged",
        "1",
        f"{LATE} OrderUrged DeadlineMissed OrderUrged DeadlineMissed ProgressRecorded {ACCEPTED}",
    ),
]

ROUND_TRACES = [
    ("settled_in_grid", "1", "RoundOpened BallotsCast BallotsCast RoundClosed"),
    ("inconclusive_round", "1", "RoundOpened BallotsCast BallotsCast RoundClosed"),
    ("inconclusive_round", "2", "RoundOpened BallotsCast BallotsCast RoundClosed"),
    ("annulled_round", "1", "RoundOpened BallotsCast BallotsCast RoundAnnulled"),
    ("annulled_round", "2", "RoundOpened BallotsCast BallotsCast RoundClosed"),
]

OPENED = "MeetingCalled AgendaSet RollFixed AttendanceRecorded MeetingOpened"
OVER = "ItemClosed MeetingClosed MinutesPublished"

MEETING_TRACES = [
    ("cancelled_meeting", "1", "MeetingCalled AgendaSet MeetingCancelled"),
    ("lapsed_discussion", "1", "MeetingCalled AgendaSet RollFixed AttendanceRecorded MeetingLapsed"),
    ("lapsed_decision", "1", "MeetingCalled AgendaSet MeetingLapsed"),
    ("void_item", "1", f"{OPENED} {OVER}"),
    ("recusal", "1", f"{OPENED} MemberRecused VoteCast VoteCast VoteCast VoteCast {OVER}"),
    ("no_quorum", "1", f"{OPENED} MemberRecused MemberRecused MemberRecused VoteCast {OVER}"),
]

OUTCOMES = {
    "settled_in_grid": "discussed",
    "adopted_and_done": "discussed carried",
    "rejected": "discussed lost",
    "recusal": "discussed carried",
    "no_quorum": "discussed no_quorum carried",
    "deferred": "discussed carried carried",
    "void_item": "discussed void discussed",
    "lapsed_decision": "discussed carried",
    "unresolved": "discussed carried carried carried carried carried",
}

HOW_IT_ENDED = {
    "settled_in_grid": "settled",
    "adopted_and_done": "handled",
    "infeasible": "infeasible",
    "unresolved": "unresolved",
    "inconclusive_to_the_end": "inconclusive",
    "reopened": "handled",
}


def test_every_branch_has_its_trace() -> None:
    assert set(PROPOSAL_TRACES) == set(BRANCHES)


@pytest.mark.parametrize("branch", PROPOSAL_TRACES)
def test_a_branch_runs_alone_to_its_end(branch: str, played: Played) -> None:
    assert names(played(branch)[CASE]) == PROPOSAL_TRACES[branch].split()


@pytest.mark.parametrize(("branch", "order", "trace"), ORDER_TRACES)
def test_its_work_orders_go_their_way(branch: str, order: str, trace: str, played: Played) -> None:
    assert names(played(branch)[f"order-demo1-0001.{order}"]) == trace.split()


@pytest.mark.parametrize(("branch", "round_", "trace"), ROUND_TRACES)
def test_its_rounds_are_opened_voted_in_and_closed(branch: str, round_: str, trace: str, played: Played) -> None:
    assert names(played(branch)[f"round-demo1-0001.{round_}"]) == trace.split()


@pytest.mark.parametrize(("branch", "meeting", "trace"), MEETING_TRACES)
def test_its_unusual_meetings_go_their_way(branch: str, meeting: str, trace: str, played: Played) -> None:
    assert names(played(branch)[f"meeting-demo1-0001.{meeting}"]) == trace.split()


@pytest.mark.parametrize("branch", OUTCOMES)
def test_meetings_come_to_the_outcomes_that_were_wanted(branch: str, played: Played) -> None:
    items = [fact for facts in played(branch).values() for fact in facts if fact.name == "ItemClosed"]
    items.sort(key=lambda fact: fact.position or 0)

    assert [getattr(fact.event, "outcome").value for fact in items] == OUTCOMES[branch].split()  # noqa: B009


@pytest.mark.parametrize("branch", HOW_IT_ENDED)
def test_a_case_is_closed_with_what_came_of_it(branch: str, played: Played) -> None:
    last = [fact for fact in played(branch)[CASE] if fact.name == "ProposalClosed"][-1]

    assert last.event.model_dump()["outcome"] == HOW_IT_ENDED[branch]


def test_a_merged_case_lives_on_in_its_root(played: Played) -> None:
    facts = played("merged")

    assert names(facts[f"{CASE}.root"]) == f"{TAKEN_UP} CaseAbsorbed {SETTLED} {ENDED}".split()


def test_the_unit_a_case_has_risen_to_is_the_county_in_the_end(played: Played) -> None:
    trace = played("escalated_by_decision")[CASE]
    risen = [fact.event.model_dump()["unit"] for fact in trace if fact.name == "DecisionEscalated"]

    assert risen == ["unit-xinghua", "unit-linshui", "unit-songshi"]


def test_a_case_that_was_refused_has_its_category_from_its_reopening(played: Played) -> None:
    (reopened,) = (fact for fact in played("refused_and_reopened")[CASE] if fact.name == "ProposalReopened")

    assert reopened.event.model_dump()["category"] in default_policy().categories


def test_a_telephone_number_brings_its_owner_a_key(played: Played) -> None:
    assert names(played("with_contact")["subject-demo1-0001"]) == ["SubjectKeyCreated"]


def test_a_migrated_case_is_under_the_edition_on_trial(played: Played) -> None:
    migrated = next(fact for fact in played("policy_migrated")[CASE] if fact.name == "PolicyMigrated")

    assert migrated.event.model_dump(include={"policy", "to"}) == {
        "policy": "policy-rules-1",
        "to": "policy-rules-trial",
    }


def test_only_the_late_miss_deadlines(played: Played) -> None:
    """Whoever is not said to be late is in time, on every stream."""
    late = {"deadlines_missed", "rounds_exhausted", "urged"}

    in_time = [name for name in BRANCHES if name not in late]
    missed = {
        name for name in in_time for facts in played(name).values() for fact in facts if fact.name == "DeadlineMissed"
    }

    assert missed == set()


def names(facts: list[Fact]) -> list[str]:
    """What happened on a stream, in order."""
    return [fact.name for fact in facts]
