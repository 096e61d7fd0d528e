"""Who does not judge, time or steer what they have a hand in, and how nobody gets round it by a date or a detour."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from proposals import (
    CallMeeting,
    CancelMeeting,
    CastVote,
    CloseItem,
    CloseMeeting,
    CloseRound,
    ConfirmDecision,
    DeclareInfeasible,
    DeclineOrder,
    DismissObjection,
    LapseMeeting,
    MeetingCalled,
    MigratePolicy,
    OpenEvaluation,
    OpenMeeting,
    OrderDispatched,
    PassVerification,
    RaiseObjection,
    ReassignOrder,
    Reclassify,
    RecordAttendance,
    Recuse,
)
from proposals.domain.meeting import Purpose
from proposals.domain.organisation import Appointed
from proposals.domain.vocabulary import Choice, Role, Urgency
from proposals.testing import SINCE, Scenario, on
from tests.domain.works import (
    ASSISTING,
    CASE,
    DAY,
    ROUND,
    SECOND,
    VOTERS,
    by,
    called,
    edition,
    in_session,
    reached,
    recorded,
    refusal_of,
    shanghai,
    voted,
)

HOUR = timedelta(hours=1)
PASS = PassVerification(proposal=CASE, findings="It burns.", actor="community-verifier")
OPEN = OpenEvaluation(proposal=CASE, eligible=VOTERS, actor="community-coordinator")
INFEASIBLE = DeclareInfeasible(proposal=CASE, reason="Private.", actor="community-tier-officer")
MIGRATE = MigratePolicy(proposal=CASE, to="policy-2", reason="New rules.", actor="community-tier-officer")
CHAIR = "grid-member1"


def holding(scenario: Scenario, person: str, role: Role, unit: str = "unit-community") -> Scenario:
    """Somebody holds another office too."""
    return scenario.given(on(unit, Appointed(person=person, role=role, since=SINCE)))


# --- handling, verifying, evaluating


@pytest.mark.parametrize("person", ["water-principal", "roads-principal", "second"])
def test_nobody_verifies_the_work_of_a_unit_they_hold_an_office_in(person: str) -> None:
    scenario = holding(reached("verifying"), person, Role.VERIFIER)
    holding(scenario, "second", Role.HANDLER, "unit-water")

    refused = scenario.when(by(PASS, person)).then_refused("verifier_is_of_the_unit").refused
    assert refused is not None
    assert refused.reason.details == {"person": person}
    assert refusal_of(scenario, by(PASS, "community-verifier", "community-screener")) is None


def test_who_handled_it_neither_gives_it_up_nor_chooses_who_evaluates_it() -> None:
    scenario = holding(reached("order:acknowledged"), "roads-handler", Role.TIER_OFFICER)
    scenario.when(by(INFEASIBLE, "roads-handler")).then_refused("declares_own_work_infeasible")

    told = holding(reached("reported"), "water-handler", Role.COORDINATOR)
    told.when(by(OPEN, "water-handler")).then_refused("opens_own_evaluation")
    assert refusal_of(told, OPEN) is None


def test_who_stepped_aside_in_the_meeting_rules_on_no_objection_to_what_it_decided() -> None:
    scenario = in_session(reached("tabled"), "meeting-2", "unit-grid")
    scenario.given(Recuse(meeting="meeting-2", item=1, reason="My lamp.", actor="grid-member5"))
    votes = (CastVote(meeting="meeting-2", item=1, choice=Choice.FOR, actor=f"grid-member{n}") for n in range(1, 5))
    scenario.given(*votes, CloseItem(meeting="meeting-2", item=1, actor=CHAIR))
    scenario.given(RaiseObjection(proposal=CASE, grounds="Too bright.", resides_in="unit-grid", actor="resident1"))
    holding(scenario, "grid-member5", Role.REVIEWER)

    ruling = DismissObjection(proposal=CASE, objection=1, reason="It is not.", actor="grid-member5")
    scenario.when(ruling).then_refused("reviewer_is_involved")
    assert refusal_of(scenario, by(ruling, "street-reviewer")) is None


def test_nobody_puts_their_own_matter_first() -> None:
    scenario = holding(reached("accepted"), "li", Role.COORDINATOR)
    urgent = Reclassify(proposal=CASE, category="safety", urgency=Urgency.URGENT, reason="It is mine.", actor="li")

    scenario.when(urgent).then_refused("screener_is_proposer")
    assert refusal_of(scenario, by(urgent, "community-coordinator")) is None


def test_an_order_that_is_sent_round_is_not_declined_as_often_again() -> None:
    scenario = reached("handling")
    for order, unit in ((ASSISTING, "roads"), ("order-1.3", "parks")):
        declined = DeclineOrder(order=order, ground="duplicate", reason="Twice.", actor=f"{unit}-principal")
        if unit == "parks":
            scenario.when(declined).then_refused("limit_reached")
            return
        scenario.given(declined)
        scenario.when(
            ReassignOrder(proposal=CASE, order=order, unit="unit-parks", reason="Trees.", actor="community-coordinator")
        )
        assert recorded(scenario, OrderDispatched).declines == scenario.state("order-1.3").declines == 1


def test_the_chair_of_a_meeting_that_is_over_keys_in_nothing_more_for_the_case() -> None:
    assert refusal_of(reached("verifying"), by(PASS, "community-verifier", CHAIR)) == "may_not_enter_for_others"


# --- no act before its time


def an_hour_early(scenario: Scenario, moment: datetime) -> Scenario:
    """Within the skew of clocks, somebody dates an act to the moment at which it would be open."""
    return scenario.at(moment - HOUR + SECOND)


def test_an_act_that_is_dated_ahead_is_not_done_before_its_time() -> None:
    scenario = reached("announced")
    over = scenario.state(CASE).due_at
    early = ConfirmDecision(proposal=CASE, actor=CHAIR, at=over)
    an_hour_early(scenario, over).when(early).then_refused("not_yet_due")

    scenario = voted(reached("evaluating"), {"li": "satisfied"})
    over = scenario.state(ROUND).due_at
    closing = CloseRound(round=ROUND, actor="community-coordinator", at=over)
    an_hour_early(scenario, over).when(closing).then_refused("not_yet_due")

    scenario = reached("accepted")
    start = called(scenario, "meeting-1", "unit-grid", "discuss")
    an_hour_early(scenario, start)
    everyone = tuple(f"grid-member{number}" for number in range(1, 6))
    scenario.given(RecordAttendance(meeting="meeting-1", present=everyone, actor=CHAIR))
    scenario.when(OpenMeeting(meeting="meeting-1", actor=CHAIR, at=start)).then_refused("too_early")
    scenario.when(LapseMeeting(meeting="meeting-1", actor=CHAIR, at=start)).then_refused("too_early")


def test_an_act_that_is_dated_ahead_keeps_nobody_waiting() -> None:
    scenario = reached("handling")
    now = scenario.now
    fact = scenario.when(INFEASIBLE.model_copy(update={"at": now + HOUR})).recorded[0]

    assert fact.occurred_at == now


# --- no votes thrown away, no goalposts moved


def test_a_session_is_not_called_off_over_the_votes_in_it() -> None:
    """Not even by a chair who is the convenor too."""
    scenario = holding(in_session(reached("tabled"), "meeting-2", "unit-grid"), CHAIR, Role.CONVENOR, "unit-grid")
    scenario.given(CastVote(meeting="meeting-2", item=1, choice=Choice.FOR, actor="grid-member2"))

    for actor in (CHAIR, "grid-convenor"):
        scenario.when(CancelMeeting(meeting="meeting-2", reason="Enough.", actor=actor)).then_refused("wrong_state")
    scenario.when(CloseMeeting(meeting="meeting-2", actor=CHAIR)).then_refused("items_are_open")
    scenario.when(CloseMeeting(meeting="meeting-2", actor="grid-convenor")).then_refused("not_yet_due")


@pytest.mark.parametrize("state", ["tabled", "evaluating"])
def test_rules_do_not_change_while_votes_or_ballots_are_measured_by_them(state: str) -> None:
    scenario = reached(state).given(*edition("policy-2", min_cell=3))

    scenario.when(MIGRATE).then_refused("wrong_state")


# --- nothing kept waiting for years


@pytest.mark.parametrize(("after", "code"), [(timedelta(0), None), (SECOND, "meeting_too_late")])
def test_a_meeting_is_called_within_the_time_in_which_things_are_looked_at_again(
    after: timedelta, code: str | None
) -> None:
    scenario = reached("accepted", review_within="30 days")
    midnight = shanghai(3, 2) + 31 * DAY
    call = CallMeeting(
        meeting="meeting-9", unit="unit-grid", meeting_kind="residents_council", purpose=Purpose.DISCUSS, title="Far",
        starts_at=midnight + after, chair=CHAIR, actor="grid-convenor",
    )  # fmt: skip

    assert refusal_of(scenario, call) == code
    if code is None:
        scenario.when(call).then(MeetingCalled)
