"""Step 4: the case rests, goes on, rises, cannot be done, is submitted and verified."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from proposals import (
    Command,
    DeclareInfeasible,
    DeclineOrder,
    DispatchWork,
    EscalateHandling,
    ExcuseOrder,
    FailVerification,
    HandlingDeclaredInfeasible,
    HandlingEscalated,
    HandlingResumed,
    HandlingSubmitted,
    HandlingSuspended,
    OpenEvaluation,
    OrderCancelled,
    OrderClockRestarted,
    OrderClockStopped,
    PassVerification,
    ReassignOrder,
    RedispatchOrder,
    ResumeHandling,
    SubmitHandling,
    SuspendHandling,
    WithdrawOrder,
)
from proposals.domain.organisation import Appointed
from proposals.domain.vocabulary import Role
from proposals.testing import SINCE, Scenario, on
from tests.domain.works import (
    ASSISTING,
    CASE,
    DAY,
    LEAD,
    PHOTO,
    SECOND,
    asked,
    by,
    counted,
    decided,
    left_office,
    named,
    open_in,
    reached,
    refusal_of,
    shanghai,
    submitted,
    told,
    verified,
    who_may,
    worked,
)

REVIEW = shanghai(4, 1)
SUSPEND = SuspendHandling(
    proposal=CASE, requested_by="water-handler", reason="Frost.", review_at=REVIEW, actor="community-tier-officer"
)
RESUME = ResumeHandling(proposal=CASE, actor="water-handler")
ESCALATE = EscalateHandling(proposal=CASE, reason="Too big for us.", actor="community-coordinator")
INFEASIBLE = DeclareInfeasible(proposal=CASE, reason="The pole is private.", actor="community-tier-officer")
SUBMIT = SubmitHandling(proposal=CASE, report="All done.", evidence=(PHOTO,), actor="water-handler")
FAIL = FailVerification(proposal=CASE, orders=(LEAD,), reason="Still dark.", actor="community-verifier")
PASS = PassVerification(proposal=CASE, findings="It burns.", actor="community-verifier")


def status(scenario: Scenario, *streams: str) -> list[str]:
    return [str(scenario.state(stream).status) for stream in streams or (CASE, LEAD, ASSISTING)]


def appointed(scenario: Scenario, person: str, role: Role, unit: str = "unit-community") -> Scenario:
    return scenario.given(on(unit, Appointed(person=person, role=role, since=SINCE)))


@pytest.mark.parametrize(
    ("command", "states"),
    [
        (SUSPEND, {"handling"}),
        (RESUME, {"suspended"}),
        (ESCALATE, {"handling", "suspended", "verifying"}),
        (INFEASIBLE, {"handling", "suspended", "verifying"}),
        (SUBMIT, {"handling"}),
        (FAIL, {"verifying"}),
        (PASS, {"verifying"}),
    ],
    ids=named,
)
def test_each_command_is_open_in_these_states_and_no_other(command: Command, states: set[str]) -> None:
    assert open_in(command) == states


@pytest.mark.parametrize(
    ("state", "command", "people"),
    [
        ("handling", SUSPEND, {"community-tier-officer"}),
        ("suspended", RESUME, {"water-handler", "community-tier-officer", "system"}),
        ("handling", ESCALATE, {"community-coordinator"}),
        ("handling", INFEASIBLE, {"community-tier-officer"}),
        ("done", SUBMIT, {"water-handler"}),
        ("verifying", FAIL, {"community-verifier"}),
        ("verifying", PASS, {"community-verifier"}),
    ],
    ids=named,
)
def test_these_people_may_and_nobody_else(state: str, command: Command, people: set[str]) -> None:
    assert who_may(reached(state), command) == people


@pytest.mark.parametrize(
    ("state", "command", "unit", "role"),
    [
        ("handling", SUSPEND, "unit-community", Role.TIER_OFFICER),
        ("suspended", RESUME, "unit-water", Role.HANDLER),
        ("handling", ESCALATE, "unit-community", Role.COORDINATOR),
        ("done", SUBMIT, "unit-water", Role.HANDLER),
        ("verifying", PASS, "unit-community", Role.VERIFIER),
    ],
    ids=named,
)
def test_an_office_counts_to_its_last_day(state: str, command: Command, unit: str, role: Role) -> None:
    today = left_office(reached(state), unit, command.actor, role, days_ago=0)
    yesterday = left_office(reached(state), unit, command.actor, role, days_ago=1)

    assert refusal_of(today, command) is None
    assert refusal_of(yesterday, command) == "not_authorised"


# --- 挂起


def test_a_case_rests_until_its_review_date_and_so_do_its_orders() -> None:
    scenario = reached("handling").when(SUSPEND).then(HandlingSuspended, OrderClockStopped, OrderClockStopped)

    case = scenario.state(CASE)
    assert case.status == "suspended"
    assert case.due_at == REVIEW
    assert case.calendar is not None
    assert scenario.state(LEAD).clock_stopped
    assert scenario.state(ASSISTING).clock_stopped


@pytest.mark.parametrize("state", ["handling", "order:declined", "order:acknowledged", "order:in_progress"])
def test_the_clock_of_an_order_in_any_state_stops_and_runs_on(state: str) -> None:
    scenario = reached(state)
    due = scenario.state(ASSISTING).due_at

    scenario.when(SUSPEND).then(HandlingSuspended, OrderClockStopped, OrderClockStopped)
    scenario.at(scenario.now + DAY).when(RESUME).then(HandlingResumed, OrderClockRestarted, OrderClockRestarted)
    assert scenario.state(ASSISTING).due_at == due + DAY


def test_what_is_done_already_has_no_clock_to_stop() -> None:
    scenario = worked(reached("handling"), ASSISTING, "roads")
    due = scenario.state(ASSISTING).complete_by

    scenario.when(SUSPEND).then(HandlingSuspended, OrderClockStopped)
    scenario.at(scenario.now + 9 * DAY).when(RESUME).then(HandlingResumed, OrderClockRestarted)

    assert scenario.state(ASSISTING).complete_by == due


def test_a_suspension_gives_back_exactly_the_time_it_took() -> None:
    scenario = reached("order:in_progress")
    before = {order: scenario.state(order) for order in (LEAD, ASSISTING)}
    stop = timedelta(days=3, hours=5, seconds=7)

    scenario.given(SUSPEND).at(scenario.now + stop).when(RESUME)

    scenario.then(HandlingResumed, OrderClockRestarted, OrderClockRestarted)
    for order in (LEAD, ASSISTING):
        after = scenario.state(order)
        assert after.complete_by == before[order].complete_by + stop
        assert after.due_at == before[order].due_at + stop
        assert not after.clock_stopped
    assert status(scenario)[0] == "handling"


def test_an_order_declined_and_sent_out_again_in_the_stop_gets_back_only_the_rest_of_it() -> None:
    scenario = reached("suspended")
    scenario.at(scenario.now + 2 * DAY).given(
        DeclineOrder(order=ASSISTING, ground="duplicate", reason="Twice.", actor="roads-principal")
    )
    declined = scenario.state(ASSISTING).due_at
    assert scenario.state(ASSISTING).paused_at == scenario.now
    scenario.at(scenario.now + 1 * DAY).given(
        RedispatchOrder(order=ASSISTING, unit="unit-parks", reason="Yours.", actor="community-coordinator")
    )
    sent = scenario.state(ASSISTING)
    assert declined != sent.due_at

    scenario.at(scenario.now + 3 * DAY).given(RESUME)

    assert scenario.state(ASSISTING).complete_by == sent.complete_by + 3 * DAY
    assert scenario.state(ASSISTING).due_at == sent.due_at + 3 * DAY


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"requested_by": "roads-handler"}, "not_the_lead"),
        ({"requested_by": "water-principal"}, "not_the_lead"),
        ({"requested_by": "community-tier-officer"}, "answers_own_request"),
        ({"review_at": shanghai(3, 18, 9)}, "review_not_ahead"),
        ({"review_at": shanghai(3, 18, 9) - SECOND}, "review_not_ahead"),
        ({"review_at": shanghai(3, 18, 9) + SECOND}, None),
        ({"review_at": shanghai(3, 19) + 365 * DAY}, None),
        ({"review_at": shanghai(3, 19) + 365 * DAY + SECOND}, "review_too_late"),
        ({"review_at": datetime(9999, 12, 31, 23, 30, tzinfo=UTC)}, "review_too_late"),
    ],
)
def test_the_lead_asks_for_the_rest_and_it_ends_in_the_future(fields: dict[str, object], code: str | None) -> None:
    assert refusal_of(reached("handling"), SUSPEND.model_copy(update=fields)) == code


def test_who_asked_for_the_rest_does_not_key_in_that_it_is_granted() -> None:
    scenario = appointed(reached("handling"), "water-handler", Role.SCREENER)

    scenario.when(by(SUSPEND, "community-tier-officer", "water-handler")).then_refused("answers_own_request")


@pytest.mark.parametrize(("days_ago", "code"), [(0, None), (1, "not_the_lead")])
def test_a_handler_asks_up_to_the_last_day_in_office(days_ago: int, code: str | None) -> None:
    scenario = left_office(reached("handling"), "unit-water", "water-handler", Role.HANDLER, days_ago)

    assert refusal_of(scenario, SUSPEND) == code


def test_a_case_rests_at_most_as_often_as_the_policy_says() -> None:
    scenario = reached("handling")
    for _ in range(3):
        scenario.given(SUSPEND, RESUME)

    scenario.when(SUSPEND).then_refused("limit_reached")


def test_the_tier_officer_or_the_lead_may_end_the_rest_early_and_the_clock_may_not() -> None:
    scenario = reached("suspended")

    assert refusal_of(scenario, RESUME) is None
    assert refusal_of(scenario, by(RESUME, "community-tier-officer")) is None
    assert refusal_of(scenario.at(REVIEW - SECOND), by(RESUME, "system")) == "not_yet_due"
    assert refusal_of(scenario.at(REVIEW), by(RESUME, "system")) is None


# --- 提级, 无法办理


@pytest.mark.parametrize("state", ["handling", "suspended", "verifying"])
def test_a_case_rises_one_tier_and_its_open_orders_are_cancelled(state: str) -> None:
    scenario = reached(state).when(ESCALATE).then(HandlingEscalated, OrderCancelled, OrderCancelled)

    assert status(scenario) == ["tabled", "cancelled", "cancelled"]
    assert scenario.state(CASE).unit == "unit-community"


def test_at_the_higher_tier_what_was_used_up_below_starts_anew() -> None:
    scenario = reached("handling")
    for _ in range(3):
        scenario.given(SUSPEND, RESUME)
    scenario.given(ESCALATE)
    decided(scenario, "meeting-3", "unit-community")
    scenario.at(scenario.now + 10 * DAY).tick()
    scenario.given(DispatchWork(proposal=CASE, actor="community-coordinator"))

    officer = by(SUSPEND.model_copy(update={"review_at": scenario.now + DAY}), "street-tier-officer")
    assert who_may(scenario, officer) == {"street-tier-officer"}
    scenario.when(officer).then(HandlingSuspended, OrderClockStopped, OrderClockStopped)
    assert scenario.state(CASE).count("suspensions") == 1


def test_at_the_top_there_is_no_tier_to_rise_to_but_a_tier_officer_may_declare_it_infeasible() -> None:
    scenario = reached("handling").given(ESCALATE)
    for meeting, unit in (("meeting-3", "unit-community"), ("meeting-4", "unit-street"), ("meeting-5", "unit-county")):
        decided(scenario, meeting, unit)
        scenario.at(scenario.now + 10 * DAY).tick()
        scenario.given(DispatchWork(proposal=CASE, actor="community-coordinator"))
        if unit != "unit-county":
            scenario.given(ESCALATE)

    assert refusal_of(scenario, ESCALATE) == "top_tier"
    assert who_may(scenario, INFEASIBLE) == {"county-tier-officer"}
    assert refusal_of(scenario, by(INFEASIBLE, "county-tier-officer")) is None


@pytest.mark.parametrize("state", ["handling", "suspended", "verifying"])
def test_what_cannot_be_done_is_reported_back_all_the_same(state: str) -> None:
    scenario = reached(state).when(INFEASIBLE).then(HandlingDeclaredInfeasible, OrderCancelled, OrderCancelled)

    assert status(scenario) == ["handled", "cancelled", "cancelled"]
    assert scenario.state(CASE).outcome == "infeasible"
    assert scenario.state(CASE).infeasible


def test_what_cannot_be_done_is_evaluated_and_who_declared_it_does_not_evaluate_it() -> None:
    scenario = told(reached("handling").given(INFEASIBLE))
    mine = OpenEvaluation(proposal=CASE, eligible=("li", "community-tier-officer"), actor="community-coordinator")
    assert refusal_of(scenario, mine) == "handlers_evaluate"
    assert counted(asked(scenario), "dissatisfied").state(CASE).status == "rectifying"


def test_work_that_succeeds_after_all_is_no_longer_infeasible() -> None:
    scenario = counted(asked(told(reached("handling").given(INFEASIBLE))), "dissatisfied")
    scenario.given(DispatchWork(proposal=CASE, assisting=(), actor="community-coordinator"))
    assert not scenario.state(CASE).infeasible

    verified(submitted(worked(scenario, "order-1.3", "water")))
    assert scenario.state(CASE).outcome == "handled"


def test_an_excused_or_cancelled_order_is_not_cancelled_again() -> None:
    reached("order:excused").when(ESCALATE).then(HandlingEscalated, OrderCancelled)


# --- 办结


def test_the_last_order_done_only_lets_the_lead_submit() -> None:
    scenario = reached("done")
    assert status(scenario) == ["handling", "done", "done"]

    scenario.when(SUBMIT).then(HandlingSubmitted)
    assert status(scenario) == ["verifying", "done", "done"]
    assert scenario.state(CASE).evidence == (PHOTO,)


@pytest.mark.parametrize("state", ["handling", "order:declined", "order:acknowledged", "order:in_progress"])
def test_nothing_is_submitted_while_an_order_is_open(state: str) -> None:
    scenario = worked(reached(state), LEAD, "water")

    scenario.when(SUBMIT).then_refused("order_not_done")


def test_who_submits_hears_which_order_is_still_open() -> None:
    refused = worked(reached("order:declined"), LEAD, "water").when(SUBMIT).refused

    assert refused is not None
    assert refused.text() == f"{ASSISTING} is declined"


def test_nothing_is_submitted_while_the_lead_itself_is_not_done() -> None:
    worked(reached("handling"), ASSISTING, "roads").when(SUBMIT).then_refused("order_not_done")


@pytest.mark.parametrize(
    "command",
    [
        ExcuseOrder(order=ASSISTING, reason="Not needed.", actor="community-tier-officer"),
        WithdrawOrder(proposal=CASE, order=ASSISTING, reason="Not needed.", actor="community-coordinator"),
    ],
    ids=["excused", "withdrawn"],
)
def test_excused_and_cancelled_orders_hold_nothing_up(command: Command) -> None:
    worked(reached("handling").given(command), LEAD, "water").when(SUBMIT).then(HandlingSubmitted)


def test_a_reassigned_order_must_be_done_by_its_new_unit() -> None:
    scenario = worked(reached("handling"), LEAD, "water").given(
        ReassignOrder(proposal=CASE, order=ASSISTING, unit="unit-parks", reason="Trees.", actor="community-coordinator")
    )
    assert refusal_of(scenario, SUBMIT) == "order_not_done"

    worked(scenario, "order-1.3", "parks").when(SUBMIT).then(HandlingSubmitted)


def test_work_without_a_trace_is_not_submitted() -> None:
    reached("done").when(SUBMIT.model_copy(update={"evidence": ()})).then_refused("evidence_needed")
