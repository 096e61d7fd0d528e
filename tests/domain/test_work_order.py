"""Work orders 工单: acknowledged, declined, sent out again, done, excused, and given more time."""

from __future__ import annotations

from datetime import datetime

import pytest

from proposals import (
    AcknowledgeOrder,
    Command,
    CompleteOrder,
    DeclareInfeasible,
    DeclineOrder,
    DenyExtension,
    DirectOrder,
    DispatchWork,
    EscalateHandling,
    ExcuseOrder,
    ExtensionDenied,
    ExtensionGranted,
    ExtensionRequested,
    FailVerification,
    GrantExtension,
    HandlerReportedIn,
    OrderAcknowledged,
    OrderCompleted,
    OrderDeclined,
    OrderDirected,
    OrderExcused,
    OrderRedispatched,
    OrderUrged,
    ProgressRecorded,
    Reclassify,
    RecordProgress,
    RedispatchOrder,
    ReportIn,
    RequestExtension,
    ResumeHandling,
    UrgeOrder,
    WithdrawOrder,
)
from proposals.domain.organisation import Appointed, UnitClosed
from proposals.domain.rules import PeriodUnit, PeriodValue
from proposals.domain.vocabulary import Role, Urgency
from proposals.testing import SINCE, Scenario, on
from tests.domain.works import (
    ASSISTING,
    CASE,
    DAY,
    LEAD,
    PHOTO,
    SECOND,
    by,
    left_office,
    named,
    reached,
    recorded,
    refusal_of,
    shanghai,
    submitted,
    suspended,
    who_may,
    worked,
)


def days(count: int, unit: PeriodUnit = PeriodUnit.WORKING_DAYS) -> PeriodValue:
    return PeriodValue(count=count, unit=unit)


ACKNOWLEDGE = AcknowledgeOrder(order=ASSISTING, actor="roads-handler")
DECLINE = DeclineOrder(order=ASSISTING, ground="not_competent", reason="Not ours.", actor="roads-principal")
REDISPATCH = RedispatchOrder(order=ASSISTING, unit="unit-parks", reason="Yours.", actor="community-coordinator")
DIRECT = DirectOrder(order=ASSISTING, unit="unit-roads", reason="Yours.", actor="community-tier-officer")
REPORT_IN = ReportIn(order=ASSISTING, actor="roads-handler")
COMPLETE = CompleteOrder(order=ASSISTING, report="Done.", evidence=(PHOTO,), actor="roads-handler")
EXCUSE = ExcuseOrder(order=ASSISTING, reason="Not needed.", actor="community-tier-officer")
PROGRESS = RecordProgress(order=ASSISTING, progress="Half.", actor="roads-handler")
ASK = RequestExtension(order=ASSISTING, period=days(15), reason="Rain.", actor="roads-handler")
GRANT = GrantExtension(order=ASSISTING, period=days(15), actor="community-tier-officer")
DENY = DenyExtension(order=ASSISTING, reason="It does not rain.", actor="community-tier-officer")
URGE = UrgeOrder(order=ASSISTING, message="Soon, please.", actor="community-coordinator")


def in_status(status: str, **changes: object) -> Scenario:
    """The assisting order in each state of its life."""
    by_state = {"dispatched": "handling", "done": "verifying", "accepted": "handled"}
    if status == "cancelled":
        return reached("handling", **changes).given(
            WithdrawOrder(proposal=CASE, order=ASSISTING, reason="Not needed.", actor="community-coordinator")
        )
    scenario = reached(by_state.get(status, f"order:{status}"), **changes)
    assert scenario.state(ASSISTING).status == status
    return scenario


STATES = ("dispatched", "declined", "acknowledged", "in_progress", "done", "accepted", "excused", "cancelled")
LIVE = set(STATES[:5])
UNDER_WAY = {"dispatched", "acknowledged", "in_progress"}


@pytest.mark.parametrize(
    ("command", "states"),
    [
        (ACKNOWLEDGE, {"dispatched"}),
        (DECLINE, {"dispatched"}),
        (REDISPATCH, {"declined"}),
        (DIRECT, {"declined"}),
        (REPORT_IN, {"acknowledged"}),
        (COMPLETE, {"in_progress"}),
        (EXCUSE, LIVE - {"done"}),
        (PROGRESS, LIVE),
        (URGE, LIVE),
        (ASK, UNDER_WAY),
        (GRANT, UNDER_WAY),
        (DENY, UNDER_WAY),
    ],
    ids=named,
)
def test_each_command_is_open_in_these_states_and_no_other(command: Command, states: set[str]) -> None:
    assert {status for status in STATES if refusal_of(in_status(status), command) != "wrong_state"} == states


@pytest.mark.parametrize(
    ("status", "command", "people"),
    [
        ("dispatched", ACKNOWLEDGE, {"roads-handler"}),
        ("dispatched", DECLINE, {"roads-principal"}),
        ("declined", REDISPATCH, {"community-coordinator"}),
        ("declined", DIRECT, {"community-tier-officer"}),
        ("acknowledged", REPORT_IN, {"roads-handler"}),
        ("in_progress", COMPLETE, {"roads-handler"}),
        ("in_progress", EXCUSE, {"community-tier-officer"}),
        ("in_progress", PROGRESS, {"roads-handler"}),
        ("in_progress", ASK, {"roads-handler"}),
        ("in_progress", GRANT, {"community-tier-officer"}),
        ("in_progress", DENY, {"community-tier-officer"}),
        ("in_progress", URGE, {"community-coordinator", "community-tier-officer", "system"}),
    ],
    ids=named,
)
def test_these_people_may_and_nobody_else(status: str, command: Command, people: set[str]) -> None:
    assert who_may(in_status(status), command) == people


@pytest.mark.parametrize(
    ("status", "command", "unit", "role"),
    [
        ("dispatched", ACKNOWLEDGE, "unit-roads", Role.HANDLER),
        ("dispatched", DECLINE, "unit-roads", Role.PRINCIPAL),
        ("declined", REDISPATCH, "unit-community", Role.COORDINATOR),
        ("declined", DIRECT, "unit-community", Role.TIER_OFFICER),
    ],
    ids=named,
)
def test_an_office_counts_to_its_last_day(status: str, command: Command, unit: str, role: Role) -> None:
    assert refusal_of(left_office(in_status(status), unit, command.actor, role, days_ago=0), command) is None
    gone = left_office(in_status(status), unit, command.actor, role, days_ago=1)
    assert refusal_of(gone, command) == "not_authorised"


def test_a_clerk_keys_in_for_a_handler_and_nobody_else_does() -> None:
    scenario = in_status("dispatched")

    assert refusal_of(scenario, by(ACKNOWLEDGE, "roads-handler", "community-screener")) is None
    assert refusal_of(scenario, by(ACKNOWLEDGE, "roads-handler", "resident1")) == "may_not_enter_for_others"


# --- 签收, 报到, 办结


def test_an_order_is_acknowledged_taken_up_and_done() -> None:
    scenario = in_status("dispatched").when(ACKNOWLEDGE).then(OrderAcknowledged)
    assert scenario.state(ASSISTING).status == "acknowledged"
    assert recorded(scenario, OrderAcknowledged).due_at == scenario.state(ASSISTING).complete_by

    scenario.when(REPORT_IN).then(HandlerReportedIn)
    assert scenario.state(ASSISTING).status == "in_progress"

    scenario.when(COMPLETE).then(OrderCompleted)
    order = scenario.state(ASSISTING)
    assert order.status == "done"
    assert order.evidence == (PHOTO,)
    assert [act.actor for act in order.handlers] == ["roads-handler"] * 3


@pytest.mark.parametrize(
    ("urgency", "acknowledge_by", "complete_by"),
    [
        ("urgent", shanghai(3, 18, 11), shanghai(3, 28)),
        ("normal", shanghai(3, 19, 9), shanghai(4, 10)),
        ("complex", shanghai(3, 19, 9), shanghai(5, 1)),
    ],
)
def test_urgency_gives_the_time_to_acknowledge_and_to_be_done(
    urgency: str, acknowledge_by: datetime, complete_by: datetime
) -> None:
    """From 18 March: 7 working days to the 27th, 15 to 9 April (Qingming is off), 30 to the 30th."""
    scenario = reached("confirmed")
    if urgency != "normal":
        scenario.given(
            Reclassify(
                proposal=CASE,
                category="facilities",
                urgency=Urgency(urgency),
                reason="It is.",
                actor="community-screener",
            )
        )
    scenario.given(DispatchWork(proposal=CASE, actor="community-coordinator"))

    order = scenario.state(ASSISTING)
    assert (order.due_at, order.complete_by) == (acknowledge_by, complete_by)
    assert order.urgency == urgency


def test_once_acknowledged_the_order_is_due_when_it_must_be_done() -> None:
    scenario = in_status("acknowledged")
    assert scenario.state(ASSISTING).due_at == scenario.state(ASSISTING).complete_by

    scenario.given(REPORT_IN)
    assert scenario.state(ASSISTING).due_at == scenario.state(ASSISTING).complete_by

    scenario.given(COMPLETE)
    assert scenario.state(ASSISTING).due_at is None


@pytest.mark.parametrize("command", [REPORT_IN, COMPLETE], ids=["ReportIn", "CompleteOrder"])
def test_no_work_is_reported_on_a_case_that_rests(command: Command) -> None:
    scenario = in_status("acknowledged" if command is REPORT_IN else "in_progress")
    suspended(scenario, shanghai(4, 1))
    assert refusal_of(scenario, command) == "case_not_in_handling"

    scenario.given(ResumeHandling(proposal=CASE, actor="water-handler"))
    assert refusal_of(scenario, command) is None


def test_a_unit_may_still_acknowledge_while_the_case_rests() -> None:
    assert refusal_of(suspended(in_status("dispatched"), shanghai(4, 1)), ACKNOWLEDGE) is None


def test_work_without_a_trace_is_not_done() -> None:
    in_status("in_progress").when(COMPLETE.model_copy(update={"evidence": ()})).then_refused("evidence_needed")


def test_progress_and_urging_change_no_state() -> None:
    scenario = in_status("in_progress").when(PROGRESS).then(ProgressRecorded)
    scenario.when(URGE).then(OrderUrged)

    assert scenario.state(ASSISTING).status == "in_progress"


# --- 退单, 改派, 指派


@pytest.mark.parametrize("ground", ["not_competent", "wrong_place", "duplicate"])
def test_an_order_is_declined_on_a_ground_of_the_policy(ground: str) -> None:
    scenario = in_status("dispatched").when(DECLINE.model_copy(update={"ground": ground})).then(OrderDeclined)

    assert scenario.state(ASSISTING).status == "declined"
    assert scenario.state(ASSISTING).declines == 1
    assert scenario.state(ASSISTING).due_at == shanghai(3, 21)


def test_an_order_is_not_declined_on_another_ground() -> None:
    scenario = in_status("dispatched").when(DECLINE.model_copy(update={"ground": "too_busy"}))

    refused = scenario.then_refused("not_on_the_list").refused
    assert refused is not None
    assert refused.text().startswith("ground: too_busy is not")


def test_a_declined_order_goes_to_another_unit_with_the_full_time_again() -> None:
    scenario = in_status("declined")
    scenario.at(shanghai(3, 20, 9)).when(REDISPATCH).then(OrderRedispatched)

    order = scenario.state(ASSISTING)
    assert (order.status, order.unit, order.directed) == ("dispatched", "unit-parks", False)
    assert (order.due_at, order.complete_by) == (shanghai(3, 21, 9), shanghai(4, 14))
    assert who_may(scenario, ACKNOWLEDGE) == {"parks-handler"}


def test_a_declined_order_may_go_back_to_the_unit_that_declined_it() -> None:
    in_status("declined").when(REDISPATCH.model_copy(update={"unit": "unit-roads"})).then(OrderRedispatched)


@pytest.mark.parametrize("command", [REDISPATCH, DIRECT], ids=["RedispatchOrder", "DirectOrder"])
@pytest.mark.parametrize(("unit", "code"), [("unit-water", "unit_has_an_order"), ("unit-nowhere", "no_such_unit")])
def test_it_does_not_go_to_a_unit_that_has_an_order_or_does_not_exist(command: Command, unit: str, code: str) -> None:
    in_status("declined").when(command.model_copy(update={"unit": unit})).then_refused(code)


@pytest.mark.parametrize("command", [REDISPATCH, DIRECT], ids=["RedispatchOrder", "DirectOrder"])
def test_it_does_not_go_to_a_closed_unit(command: Command) -> None:
    scenario = in_status("declined").given(on("unit-parks", UnitClosed(reason="Merged.")))

    scenario.when(command.model_copy(update={"unit": "unit-parks"})).then_refused("unit_is_closed")


def test_declining_is_bounded_across_units() -> None:
    scenario = in_status("declined").given(REDISPATCH)

    refused = scenario.when(by(DECLINE, "parks-principal")).then_refused("limit_reached").refused
    assert refused is not None
    assert refused.text() == "order_declines: the policy's maximum of 1 is reached"


def test_where_the_policy_allows_two_a_second_unit_may_decline() -> None:
    scenario = in_status("declined", maxima={"order_declines": 2}).given(REDISPATCH)

    scenario.when(by(DECLINE, "parks-principal")).then(OrderDeclined)
    assert scenario.state(ASSISTING).declines == 2


def test_a_directed_order_cannot_be_declined() -> None:
    scenario = in_status("declined", maxima={"order_declines": 9}).when(DIRECT).then(OrderDirected)

    order = scenario.state(ASSISTING)
    assert (order.status, order.unit, order.directed) == ("dispatched", "unit-roads", True)
    assert (order.due_at, order.complete_by) == (shanghai(3, 19, 9), shanghai(4, 10))
    scenario.when(DECLINE).then_refused("order_is_directed")


def test_a_unit_that_gets_an_order_from_another_asks_for_more_time_in_its_own_right() -> None:
    scenario = in_status("dispatched").given(ASK, DECLINE, REDISPATCH)

    assert refusal_of(scenario, GRANT) == "nothing_was_asked"
    assert refusal_of(scenario, by(ASK, "parks-handler")) is None


def test_an_extension_of_the_unit_before_does_not_use_up_that_of_the_next() -> None:
    scenario = in_status("dispatched").given(ASK, GRANT, DECLINE, REDISPATCH)

    assert refusal_of(scenario, by(ASK, "parks-handler")) is None


# --- 免办


def test_an_assisting_unit_is_excused() -> None:
    for status in LIVE - {"done"}:
        scenario = in_status(status).when(EXCUSE).then(OrderExcused)
        assert scenario.state(ASSISTING).status == "excused"


def test_what_is_done_is_verified_and_not_excused() -> None:
    in_status("done").when(EXCUSE).then_refused("wrong_state")


def test_nobody_excuses_an_order_they_had_a_hand_in() -> None:
    officer = on("unit-community", Appointed(person="roads-handler", role=Role.TIER_OFFICER, since=SINCE))
    clerk = on("unit-community", Appointed(person="roads-handler", role=Role.COORDINATOR, since=SINCE))
    scenario = reached("order:acknowledged").given(officer, clerk)

    scenario.when(by(EXCUSE, "roads-handler")).then_refused("excuses_own_order")
    scenario.when(by(EXCUSE, "community-tier-officer", "roads-handler")).then_refused("excuses_own_order")


def test_the_lead_is_not_excused() -> None:
    """A case whose lead is excused would be submitted by someone who need not act."""
    reached("handling").when(EXCUSE.model_copy(update={"order": LEAD})).then_refused("lead_cannot_be_withdrawn")


# --- 延期


@pytest.mark.parametrize("status", sorted(UNDER_WAY))
def test_more_time_counts_from_when_the_order_was_due(status: str) -> None:
    """Due with 9 April; fifteen working days later is the 30th, and the first of May is a holiday."""
    scenario = in_status(status).when(ASK).then(ExtensionRequested)
    scenario.at(shanghai(3, 25, 9)).when(GRANT).then(ExtensionGranted)

    order = scenario.state(ASSISTING)
    assert order.complete_by == shanghai(5, 1)
    assert order.status == status
    assert order.extended


def test_an_order_that_is_not_acknowledged_gets_no_more_time_for_that() -> None:
    scenario = in_status("dispatched").given(ASK, GRANT)
    assert scenario.state(ASSISTING).due_at == shanghai(3, 19, 9)
    assert scenario.state(ASSISTING).complete_by == shanghai(5, 1)

    acknowledged = in_status("acknowledged").given(ASK, GRANT)
    assert acknowledged.state(ASSISTING).due_at == shanghai(5, 1)


@pytest.mark.parametrize(("at", "code"), [(shanghai(4, 9), None), (shanghai(4, 9) + SECOND, "asked_too_late")])
def test_more_time_is_asked_for_a_whole_working_day_before(at: datetime, code: str | None) -> None:
    """Due with 9 April, so that the whole of the 9th must be left."""
    assert refusal_of(in_status("in_progress").at(at), ASK) == code


def test_while_the_case_rests_the_time_to_ask_does_not_run_out() -> None:
    scenario = suspended(in_status("in_progress").at(shanghai(4, 8, 9)), shanghai(5, 20))

    assert refusal_of(scenario.at(shanghai(5, 10)), ASK) is None


def test_a_rest_that_began_too_late_does_not_bring_the_time_to_ask_back() -> None:
    scenario = suspended(in_status("in_progress").at(shanghai(4, 9, 9)), shanghai(5, 20))

    assert refusal_of(scenario.at(shanghai(5, 10)), ASK) == "asked_too_late"


@pytest.mark.parametrize(
    ("period", "code"),
    [
        (days(15), None),
        (days(1), None),
        (days(16), "extension_too_long"),
        (days(0), "extension_too_long"),
        (days(1, PeriodUnit.DAYS), "extension_too_long"),
        (days(1, PeriodUnit.HOURS), "extension_too_long"),
    ],
)
def test_an_extension_is_as_long_as_the_policy_allows_at_most(period: PeriodValue, code: str | None) -> None:
    scenario = in_status("in_progress")
    assert refusal_of(scenario, ASK.model_copy(update={"period": period})) == code

    scenario.given(ASK)
    assert refusal_of(scenario, GRANT.model_copy(update={"period": period})) == code


def test_there_is_one_extension_for_an_order() -> None:
    scenario = in_status("in_progress").given(ASK)
    assert refusal_of(scenario, ASK) == "extended_already"

    scenario.given(GRANT)
    assert refusal_of(scenario, ASK) == "extended_already"
    assert refusal_of(scenario, GRANT) == "nothing_was_asked"


def test_after_a_refusal_more_time_may_be_asked_for_again() -> None:
    scenario = in_status("in_progress").given(ASK).when(DENY).then(ExtensionDenied)

    assert refusal_of(scenario, GRANT) == "nothing_was_asked"
    assert refusal_of(scenario, DENY) == "nothing_was_asked"
    assert refusal_of(scenario, ASK) is None
    assert scenario.state(ASSISTING).status == "in_progress"


@pytest.mark.parametrize("command", [GRANT, DENY], ids=["GrantExtension", "DenyExtension"])
def test_nothing_is_answered_that_was_not_asked(command: Command) -> None:
    in_status("in_progress").when(command).then_refused("nothing_was_asked")


@pytest.mark.parametrize("command", [GRANT, DENY], ids=["GrantExtension", "DenyExtension"])
@pytest.mark.parametrize("since", ["nothing", "others reported in"])
def test_nobody_answers_their_own_request_whatever_others_did_since(command: Command, since: str) -> None:
    scenario = in_status("acknowledged").given(
        on("unit-roads", Appointed(person="community-tier-officer", role=Role.HANDLER, since=SINCE)),
        by(ASK, "community-tier-officer"),
    )
    if since != "nothing":
        scenario.given(REPORT_IN)

    scenario.when(command).then_refused("answers_own_request")


def test_an_officer_whose_own_act_is_older_than_the_request_may_answer_it() -> None:
    scenario = in_status("dispatched").given(
        on("unit-roads", Appointed(person="community-tier-officer", role=Role.HANDLER, since=SINCE)),
        by(ACKNOWLEDGE, "community-tier-officer"),
        ASK,
    )

    assert refusal_of(scenario, GRANT) is None


def test_a_reopened_order_may_ask_again() -> None:
    scenario = reached("order:in_progress").given(ASK, GRANT, COMPLETE)
    worked(scenario, LEAD, "water")
    submitted(scenario).at(scenario.now + DAY).given(
        FailVerification(proposal=CASE, orders=(ASSISTING,), reason="Holes.", actor="community-verifier")
    )

    order = scenario.state(ASSISTING)
    assert (order.status, order.extended, order.asked_by) == ("in_progress", False, None)
    assert order.due_at == order.complete_by == shanghai(4, 11)
    assert refusal_of(scenario, ASK) is None


# --- what a decision on the case does


@pytest.mark.parametrize(
    "command",
    [
        EscalateHandling(proposal=CASE, reason="Too big.", actor="community-coordinator"),
        DeclareInfeasible(proposal=CASE, reason="Private.", actor="community-tier-officer"),
    ],
    ids=["EscalateHandling", "DeclareInfeasible"],
)
@pytest.mark.parametrize("status", ["dispatched", "declined", "acknowledged", "in_progress", "done"])
def test_orders_in_every_live_state_fall_with_the_case(command: Command, status: str) -> None:
    scenario = in_status(status).given(command)

    assert scenario.state(ASSISTING).status == "cancelled"
    assert scenario.state(LEAD).status == "cancelled"


def test_what_was_asked_is_on_the_record() -> None:
    scenario = in_status("in_progress").when(ASK.model_copy(update={"period": days(3)}))
    assert recorded(scenario, ExtensionRequested).period == days(3)

    scenario.when(GRANT.model_copy(update={"period": days(2)}))
    assert recorded(scenario, ExtensionGranted).period == days(2)
    assert scenario.state(ASSISTING).complete_by == shanghai(4, 14)
