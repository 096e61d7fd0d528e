"""Step 4, its beginning: who sends work out, to whom, and how more units are brought in."""

from __future__ import annotations

import pytest

from proposals import (
    AddOrder,
    BlowWhistle,
    Command,
    DispatchWork,
    EscalateHandling,
    OrderAdded,
    OrderCancelled,
    OrderDispatched,
    OrderReassigned,
    OrderWithdrawn,
    ReassignOrder,
    SettleMatter,
    SubmitHandling,
    WhistleBlown,
    WithdrawOrder,
    WorkDispatched,
)
from proposals.domain.organisation import Appointed, UnitClosed
from proposals.domain.vocabulary import Role, Urgency
from proposals.testing import SINCE, Scenario, on
from tests.domain.works import (
    ASSISTING,
    CASE,
    DAY,
    LEAD,
    PHOTO,
    asked,
    by,
    counted,
    decided,
    done_again,
    left_office,
    named,
    open_in,
    reached,
    recorded,
    refusal_of,
    shanghai,
    submitted,
    told,
    verified,
    who_may,
    worked,
)

COORDINATOR = "community-coordinator"
DISPATCH = DispatchWork(proposal=CASE, actor=COORDINATOR)
ADD = AddOrder(proposal=CASE, unit="unit-parks", reason="Trees.", actor=COORDINATOR)
REASSIGN = ReassignOrder(proposal=CASE, order=LEAD, unit="unit-parks", reason="Theirs.", actor=COORDINATOR)
WITHDRAW = WithdrawOrder(proposal=CASE, order=ASSISTING, reason="Not needed.", actor=COORDINATOR)
WHISTLE = BlowWhistle(
    proposal=CASE,
    cause="emergency",
    units=("unit-parks", "unit-volunteers"),
    signed_by="community-principal",
    reason="Now.",
    actor="grid-convenor",
)


def orders(scenario: Scenario) -> list[tuple[str, bool, str]]:
    """Unit, lead and status of every order that was made for the case."""
    return [
        (order.unit, order.lead, str(order.status))
        for name in (known.order for known in scenario.state(CASE).orders)
        if (order := scenario.state(name))
    ]


# --- 派单


def test_work_goes_out_to_the_units_of_the_plan_with_one_order_each() -> None:
    scenario = reached("confirmed").when(DISPATCH)

    scenario.then(WorkDispatched, OrderDispatched, OrderDispatched)
    assert scenario.state(CASE).status == "handling"
    assert orders(scenario) == [("unit-water", True, "dispatched"), ("unit-roads", False, "dispatched")]
    assert scenario.state(LEAD).proposal == CASE


def test_the_reaction_carries_the_person_and_the_cause() -> None:
    scenario = reached("confirmed").when(by(DISPATCH, COORDINATOR, "community-screener"))

    spine, *followed = scenario.recorded
    assert {(fact.actor, fact.entered_by) for fact in scenario.recorded} == {(COORDINATOR, "community-screener")}
    assert {fact.causation_id for fact in followed} == {spine.reference}
    assert {fact.command_id for fact in followed} == {spine.command_id}


def test_the_coordinator_may_name_other_assisting_units() -> None:
    scenario = reached("confirmed").when(DISPATCH.model_copy(update={"assisting": ("unit-parks", "unit-roads")}))

    assert orders(scenario) == [
        ("unit-water", True, "dispatched"),
        ("unit-parks", False, "dispatched"),
        ("unit-roads", False, "dispatched"),
    ]


def test_who_leads_was_decided_and_only_a_rectification_is_given_to_another() -> None:
    other = DISPATCH.model_copy(update={"lead": "unit-parks", "assisting": ()})
    assert refusal_of(reached("confirmed"), other) == "lead_is_decided"
    assert refusal_of(reached("confirmed"), DISPATCH.model_copy(update={"lead": "unit-water"})) is None
    assert orders(reached("rectifying").when(other))[-1] == ("unit-parks", True, "dispatched")


def test_an_empty_list_of_assisting_units_is_none_and_not_that_of_the_plan() -> None:
    scenario = reached("confirmed").when(DISPATCH.model_copy(update={"assisting": ()}))

    assert orders(scenario) == [("unit-water", True, "dispatched")]


def test_dispatching_is_open_after_the_decision_and_in_rectification_only() -> None:
    assert open_in(DISPATCH) == {"confirmed", "rectifying"}


@pytest.mark.parametrize("command", [ADD, REASSIGN, WITHDRAW, WHISTLE], ids=named)
def test_orders_change_only_while_the_case_is_handled(command: Command) -> None:
    assert open_in(command) == {"handling"}


@pytest.mark.parametrize(
    ("state", "command"),
    [("confirmed", DISPATCH), ("handling", ADD), ("handling", REASSIGN), ("handling", WITHDRAW)],
    ids=named,
)
def test_only_the_coordinator_of_the_community_or_above_sends_and_changes_orders(state: str, command: Command) -> None:
    assert who_may(reached(state), command) == {COORDINATOR}


def test_only_the_convenor_of_the_unit_that_deals_with_the_case_blows_a_whistle() -> None:
    assert who_may(reached("handling"), WHISTLE) == {"grid-convenor"}


@pytest.mark.parametrize(("days_ago", "code"), [(1, "not_authorised"), (0, None)])
def test_a_coordinator_dispatches_up_to_the_last_day_in_office(days_ago: int, code: str | None) -> None:
    scenario = left_office(reached("confirmed"), "unit-community", COORDINATOR, Role.COORDINATOR, days_ago)

    assert refusal_of(scenario, DISPATCH) == code


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"assisting": ("unit-water",)}, "unit_named_twice"),
        ({"assisting": ("unit-roads", "unit-roads")}, "unit_named_twice"),
        ({"lead": "unit-roads"}, "unit_named_twice"),
        ({"lead": "unit-nowhere"}, "no_such_unit"),
        ({"assisting": ("unit-nowhere",)}, "no_such_unit"),
    ],
)
def test_each_unit_is_named_once_and_exists(fields: dict[str, object], code: str) -> None:
    reached("confirmed").when(DISPATCH.model_copy(update=fields)).then_refused(code)


@pytest.mark.parametrize("unit", ["unit-water", "unit-roads"])
def test_a_closed_unit_gets_no_order(unit: str) -> None:
    reached("confirmed").given(on(unit, UnitClosed(reason="Merged."))).when(DISPATCH).then_refused("unit_is_closed")


def test_what_was_settled_without_a_plan_needs_a_lead_named() -> None:
    scenario = reached("discussing").given(
        SettleMatter(proposal=CASE, how="A new bulb.", by="grid-member2", actor="grid-member1")
    )
    told(scenario)
    counted(asked(scenario), "dissatisfied")

    assert refusal_of(scenario, DISPATCH) == "plan_has_no_lead"
    assert refusal_of(scenario, DISPATCH.model_copy(update={"lead": "unit-water"})) is None


def test_in_rectification_work_goes_out_again_under_new_numbers_and_the_old_orders_no_longer_count() -> None:
    scenario = reached("rectifying").when(DISPATCH).then(WorkDispatched, OrderDispatched, OrderDispatched)

    case = scenario.state(CASE)
    assert [known.order for known in case.live_orders] == ["order-1.3", "order-1.4"]
    assert case.lead_order.order == "order-1.3"
    assert [known.live for known in case.orders] == [False, False, True, True]


def test_after_the_last_round_nothing_goes_out_again_at_this_tier() -> None:
    scenario = done_again(reached("rectifying"), 3, "round-1.2")

    assert scenario.state(CASE).status == "rectifying"
    scenario.when(DISPATCH).then_refused("limit_reached")


def test_the_round_before_the_last_still_lets_work_go_out() -> None:
    scenario = done_again(reached("rectifying", maxima={"rounds": 3}), 3, "round-1.2")

    scenario.when(DISPATCH).then(WorkDispatched, OrderDispatched, OrderDispatched)


def test_a_maximum_of_rounds_does_not_hold_back_the_first_dispatch() -> None:
    """The rounds are counted in rectification; a decision that was confirmed is always carried out."""
    reached("confirmed", maxima={"rounds": 1}).when(DISPATCH).then(WorkDispatched, OrderDispatched, OrderDispatched)


# --- more units


def test_an_added_unit_assists() -> None:
    scenario = reached("handling").when(ADD).then(OrderAdded, OrderDispatched)

    assert orders(scenario)[-1] == ("unit-parks", False, "dispatched")
    assert scenario.state(CASE).status == "handling"
    assert scenario.state("order-1.3").lead is False


@pytest.mark.parametrize("command", [ADD, REASSIGN], ids=["AddOrder", "ReassignOrder"])
@pytest.mark.parametrize(
    ("unit", "code"),
    [("unit-roads", "unit_has_an_order"), ("unit-water", "unit_has_an_order"), ("unit-nowhere", "no_such_unit")],
)
def test_a_unit_has_at_most_one_live_order_of_a_case(command: Command, unit: str, code: str) -> None:
    reached("handling").when(command.model_copy(update={"unit": unit})).then_refused(code)


@pytest.mark.parametrize("command", [ADD, REASSIGN, WHISTLE], ids=["AddOrder", "ReassignOrder", "BlowWhistle"])
def test_a_closed_unit_is_not_brought_in(command: Command) -> None:
    scenario = reached("handling").given(on("unit-parks", UnitClosed(reason="Merged.")))

    scenario.when(command).then_refused("unit_is_closed")


def test_a_unit_whose_order_was_taken_back_can_be_brought_in_again() -> None:
    scenario = reached("handling").given(WITHDRAW)

    scenario.when(ADD.model_copy(update={"unit": "unit-roads"})).then(OrderAdded, OrderDispatched)


def test_a_unit_that_was_excused_can_be_brought_in_again() -> None:
    reached("order:excused").when(ADD.model_copy(update={"unit": "unit-roads"})).then(OrderAdded, OrderDispatched)


def test_the_lead_is_reassigned_and_the_new_order_leads() -> None:
    scenario = reached("handling").when(REASSIGN).then(OrderReassigned, OrderCancelled, OrderDispatched)

    assert orders(scenario) == [
        ("unit-water", True, "cancelled"),
        ("unit-roads", False, "dispatched"),
        ("unit-parks", True, "dispatched"),
    ]
    case = scenario.state(CASE)
    assert case.lead_order.order == "order-1.3"
    assert [known.order for known in case.live_orders] == [ASSISTING, "order-1.3"]
    assert case.status == "handling"


def test_an_assisting_order_is_reassigned_and_the_lead_stays() -> None:
    scenario = reached("handling").when(REASSIGN.model_copy(update={"order": ASSISTING}))

    scenario.then(OrderReassigned, OrderCancelled, OrderDispatched)
    assert scenario.state(CASE).lead_order.order == LEAD
    assert scenario.state("order-1.3").lead is False


@pytest.mark.parametrize("command", [REASSIGN, WITHDRAW], ids=["ReassignOrder", "WithdrawOrder"])
@pytest.mark.parametrize("order", ["order-9.9", "order-1.3"])
def test_only_an_order_of_this_case_that_still_counts_is_changed(command: Command, order: str) -> None:
    scenario = reached("handling").given(ADD, WITHDRAW.model_copy(update={"order": "order-1.3"}))

    scenario.when(command.model_copy(update={"order": order, "unit": "unit-volunteers"})).then_refused("no_such_order")


@pytest.mark.parametrize("command", [REASSIGN, WITHDRAW], ids=["ReassignOrder", "WithdrawOrder"])
def test_an_order_of_another_case_is_not_changed_from_here(command: Command) -> None:
    scenario = reached("handling").given(on("order-2.1", scenario_order("unit-volunteers")))

    scenario.when(command.model_copy(update={"order": "order-2.1"})).then_refused("no_such_order")


def scenario_order(unit: str) -> OrderDispatched:
    """An order that this case's spine knows nothing of."""
    return OrderDispatched(
        proposal=CASE, unit=unit, lead=False, urgency=Urgency.NORMAL, complete_by=shanghai(4, 1), due_at=shanghai(4, 1)
    )


def test_a_refusal_says_which_field_is_not_on_which_list() -> None:
    refused = reached("handling").when(WHISTLE.model_copy(update={"cause": "tea"})).refused

    assert refused is not None
    assert refused.text() == (
        "cause: tea is not on the policy's list (cannot_solve_here, emergency, joint_enforcement)"
    )
    assert refused.guard == "cause_is_in_policy"


@pytest.mark.parametrize("command", [REASSIGN, WITHDRAW], ids=["ReassignOrder", "WithdrawOrder"])
def test_an_excused_order_is_neither_reassigned_nor_taken_back(command: Command) -> None:
    reached("order:excused").when(command.model_copy(update={"order": ASSISTING})).then_refused("no_such_order")


def test_an_assisting_order_is_taken_back() -> None:
    scenario = reached("handling").when(WITHDRAW).then(OrderWithdrawn, OrderCancelled)

    assert orders(scenario) == [("unit-water", True, "dispatched"), ("unit-roads", False, "cancelled")]
    assert [known.order for known in scenario.state(CASE).live_orders] == [LEAD]
    assert scenario.state(CASE).status == "handling"


def test_the_lead_is_never_just_taken_back() -> None:
    reached("handling").when(WITHDRAW.model_copy(update={"order": LEAD})).then_refused("lead_cannot_be_withdrawn")


def test_the_handler_of_a_reassigned_lead_submits_and_the_old_one_does_not() -> None:
    scenario = reached("handling").given(REASSIGN, WITHDRAW)
    worked(scenario, "order-1.3", "parks")

    submit = SubmitHandling(proposal=CASE, report="Done.", evidence=(PHOTO,), actor="parks-handler")
    assert who_may(scenario, submit) == {"parks-handler"}
    submitted(scenario, "parks")
    assert verified(scenario).state(CASE).status == "handled"


# --- 吹哨


def test_a_whistle_summons_several_units_at_once() -> None:
    scenario = reached("handling").when(WHISTLE).then(WhistleBlown, OrderDispatched, OrderDispatched)

    assert orders(scenario)[2:] == [("unit-parks", False, "dispatched"), ("unit-volunteers", False, "dispatched")]
    assert [known.order for known in scenario.state(CASE).live_orders][2:] == ["order-1.3", "order-1.4"]
    assert recorded(scenario, WhistleBlown).signed_by == "community-principal"
    assert scenario.state(CASE).status == "handling"


@pytest.mark.parametrize("cause", ["cannot_solve_here", "joint_enforcement", "emergency"])
def test_a_whistle_is_blown_for_each_cause_of_the_policy(cause: str) -> None:
    reached("handling").when(WHISTLE.model_copy(update={"cause": cause})).then(
        WhistleBlown, OrderDispatched, OrderDispatched
    )


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"cause": "convenience"}, "not_on_the_list"),
        ({"signed_by": "grid-convenor"}, "signs_own_act"),
        ({"signed_by": "grid-member1"}, "not_a_principal"),
        ({"signed_by": "elsewhere-principal"}, "not_a_principal"),
        ({"signed_by": "water-principal"}, "not_a_principal"),
        ({"units": ("unit-parks", "unit-parks")}, "unit_named_twice"),
        ({"units": ("unit-parks", "unit-water")}, "unit_has_an_order"),
        ({"units": ("unit-water", "unit-parks")}, "unit_has_an_order"),
        ({"units": ("unit-nowhere",)}, "no_such_unit"),
    ],
)
def test_a_whistle_without_cause_signature_or_free_units_is_not_blown(fields: dict[str, object], code: str) -> None:
    reached("handling").when(WHISTLE.model_copy(update=fields)).then_refused(code)


@pytest.mark.parametrize("principal", ["community-principal", "street-principal", "county-principal"])
def test_any_principal_over_the_case_signs(principal: str) -> None:
    assert refusal_of(reached("handling"), WHISTLE.model_copy(update={"signed_by": principal})) is None


@pytest.mark.parametrize(("days_ago", "code"), [(1, "not_a_principal"), (0, None)])
def test_a_principal_signs_up_to_the_last_day_in_office(days_ago: int, code: str | None) -> None:
    scenario = left_office(reached("handling"), "unit-community", "community-principal", Role.PRINCIPAL, days_ago)

    assert refusal_of(scenario, WHISTLE) == code


def test_a_principal_who_keys_the_whistle_in_does_not_sign_it() -> None:
    scenario = reached("handling").given(
        on("unit-community", Appointed(person="community-principal", role=Role.SCREENER, since=SINCE))
    )

    scenario.when(by(WHISTLE, "grid-convenor", "community-principal")).then_refused("signs_own_act")


def test_the_signature_is_judged_by_the_day_of_the_whistle_in_the_policys_zone() -> None:
    """Half an hour after midnight in Shanghai it is still yesterday in UTC."""
    scenario = reached("handling")
    left_office(scenario, "unit-community", "community-principal", Role.PRINCIPAL, 0)

    assert refusal_of(scenario.at(shanghai(3, 18, 23)), WHISTLE) is None
    assert refusal_of(scenario.at(shanghai(3, 19, 0)), WHISTLE) == "not_a_principal"


def test_at_a_higher_tier_the_convenor_of_that_tier_blows_the_whistle() -> None:
    scenario = reached("handling").given(EscalateHandling(proposal=CASE, reason="Too big.", actor=COORDINATOR))
    decided(scenario, "meeting-3", "unit-community")
    scenario.at(scenario.now + 10 * DAY).tick().given(DISPATCH)

    assert who_may(scenario, WHISTLE) == {"community-convenor"}
