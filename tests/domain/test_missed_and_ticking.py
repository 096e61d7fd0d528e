"""Ticks: what the clock does with a case, its orders and its rounds; late or repeated it does nothing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from proposals import (
    AcknowledgeOrder,
    AddOrder,
    DeadlineMissed,
    DecisionConfirmed,
    DismissObjection,
    EvaluationInconclusive,
    EvaluationPassed,
    GrantExtension,
    HandlingResumed,
    MigratePolicy,
    OrderClockRestarted,
    OrderUrged,
    ProposalArchived,
    ProposalLapsed,
    Proposals,
    RaiseObjection,
    RecordMissed,
    RectificationEscalated,
    ReportIn,
    RequestExtension,
    ResumeHandling,
    RoundClosed,
)
from proposals.adapters.policies import default_policy
from proposals.domain.rules import PeriodUnit, PeriodValue
from proposals.domain.vocabulary import Role
from proposals.testing import MORNING, Scenario
from tests.domain.works import (
    ASSISTING,
    CASE,
    LEAD,
    ROUND,
    SECOND,
    SPINE,
    VOTERS,
    done_again,
    edition,
    fork,
    open_in,
    reached,
    refusal_of,
    shanghai,
    suspended,
    voted,
    who_may,
)

if TYPE_CHECKING:
    from datetime import datetime


def missed(scenario: Scenario, stream: str = CASE) -> list[tuple[str, str]]:
    """The timers that went off on a stream, with who should have acted."""
    return [
        (fact.event.timer, str(fact.event.owner))
        for fact in scenario.facts
        if fact.stream == stream and isinstance(fact.event, DeadlineMissed)
    ]


def quiet_again(scenario: Scenario) -> bool:
    """Whether another tick at the same moment, or a little later, does nothing more."""
    before = len(scenario.facts)
    scenario.tick()
    return len(scenario.facts) == before and scenario.recorded == []


@pytest.mark.parametrize(
    ("state", "due", "timer", "owner"),
    [
        ("raised", shanghai(3, 10), "raised.record", "screener"),
        ("raised", shanghai(3, 12), "raised.tier_officer", "screener"),
        ("accepted", shanghai(3, 10), "accepted.record", "convenor"),
        ("called", shanghai(3, 13), "discussing.record", "chair"),
        ("tabled", shanghai(4, 6), "tabled.record", "convenor"),
        ("tabled", shanghai(4, 6), "tabled.tier_officer", "convenor"),
        ("confirmed", shanghai(3, 21), "confirmed.record", "coordinator"),
        ("handling", shanghai(6, 16), "handling.record", "handler"),
        ("verifying", shanghai(3, 26), "verifying.record", "verifier"),
        ("handled", shanghai(3, 24), "handled.record", "grid_worker"),
        ("reported", shanghai(3, 26), "reported.record", "coordinator"),
        ("evaluated", shanghai(3, 24), "evaluated.record", "coordinator"),
        ("rectifying", shanghai(4, 10), "rectifying.record", "coordinator"),
        ("rectifying", shanghai(4, 10), "rectifying.urge", "coordinator"),
        ("rectifying", shanghai(4, 10), "rectifying.escalate", "coordinator"),
    ],
)
def test_whoever_did_not_act_in_time_is_on_record(state: str, due: datetime, timer: str, owner: str) -> None:
    scenario = reached(state)
    assert (timer, owner) not in missed(fork(scenario).at(due - SECOND).tick())

    status = scenario.state(CASE).status
    assert (timer, owner) in missed(scenario.at(due).tick())
    assert scenario.state(CASE).status == status
    assert quiet_again(scenario)
    assert [name for name, _ in missed(scenario)].count(timer) == 1


def test_what_is_noted_says_when_and_what_follows() -> None:
    scenario = reached("raised").at(shanghai(3, 11)).tick()

    (fact,) = scenario.recorded
    assert fact.event == DeadlineMissed(
        timer="raised.record", due=shanghai(3, 10), owner=Role.SCREENER, action="record"
    )
    assert (fact.actor, fact.occurred_at) == ("system", shanghai(3, 11))
    assert fact.command_id == "tick:proposal-1:raised.record:2026-03-09T16:00:00.000000Z:RecordMissed"


def test_a_late_tick_does_all_that_was_due_once() -> None:
    scenario = reached("raised").at(shanghai(7, 1)).tick()

    assert [name for name, _ in missed(scenario)] == ["raised.record", "raised.tier_officer"]
    assert quiet_again(scenario)


def test_a_new_period_has_its_own_timers() -> None:
    scenario = done_again(reached("rectifying").at(shanghai(4, 10)).tick(), 3, "round-1.2")
    assert scenario.state(CASE).missed == ()

    scenario.at(shanghai(5, 20)).tick()
    assert scenario.state(CASE).status == "tabled"


# --- what the clock does itself


def test_a_proposal_that_nobody_completes_lapses_and_goes_to_the_archive() -> None:
    scenario = reached("returned")
    assert scenario.at(shanghai(3, 18) - SECOND).tick().recorded == []

    scenario.at(shanghai(3, 18)).tick().then(ProposalLapsed, ProposalArchived)
    assert scenario.state(CASE).outcome == "lapsed"
    assert quiet_again(scenario)


def test_a_decision_is_confirmed_when_its_publicity_is_over() -> None:
    scenario = reached("announced")
    assert scenario.at(shanghai(3, 18) - SECOND).tick().recorded == []

    scenario.at(shanghai(3, 18)).tick().then(DecisionConfirmed)


def test_an_open_objection_holds_the_confirmation_up_until_it_is_ruled_on() -> None:
    scenario = reached("announced").given(
        RaiseObjection(proposal=CASE, grounds="Too bright.", resides_in="unit-grid", actor="resident1")
    )
    scenario.at(shanghai(3, 18)).tick()
    assert scenario.state(CASE).status == "announced"
    assert missed(scenario) == [("objection.1", "reviewer")]
    assert quiet_again(scenario)

    scenario.given(DismissObjection(proposal=CASE, objection=1, reason="It is not.", actor="street-reviewer"))
    scenario.tick().then(DecisionConfirmed)


def test_a_suspended_case_goes_on_at_its_review_date() -> None:
    scenario = reached("suspended")
    assert scenario.at(shanghai(4, 1) - SECOND).tick().recorded == []

    scenario.at(shanghai(4, 1)).tick().then(HandlingResumed, OrderClockRestarted, OrderClockRestarted)
    assert scenario.recorded[0].actor == "system"
    assert quiet_again(scenario)


def test_a_round_closes_when_its_time_is_over_and_decides_its_case() -> None:
    scenario = voted(reached("evaluating"), dict.fromkeys(VOTERS[:5], "satisfied"))
    assert scenario.at(shanghai(3, 26) - SECOND).tick().recorded == []

    scenario.at(shanghai(3, 26)).tick().then(RoundClosed, EvaluationPassed)
    assert quiet_again(scenario)


def test_a_round_without_ballots_closes_too() -> None:
    reached("evaluating").at(shanghai(3, 26)).tick().then(RoundClosed, EvaluationInconclusive)


def test_a_rectification_rises_by_the_clock_once_rounds_are_used_up() -> None:
    scenario = done_again(reached("rectifying"), 3, "round-1.2")
    scenario.at(shanghai(4, 10)).tick()

    assert [fact.name for fact in scenario.recorded] == ["DeadlineMissed", "DeadlineMissed", "RectificationEscalated"]
    assert isinstance(scenario.recorded[-1].event, RectificationEscalated)
    assert scenario.recorded[-1].event.reason == "evaluation rounds exhausted"
    assert scenario.state(CASE).unit == "unit-community"
    assert quiet_again(scenario)


@pytest.mark.parametrize(
    ("state", "due"),
    [
        ("closed", shanghai(4, 18)),
        ("rejected", shanghai(4, 10)),
        ("refused", shanghai(4, 2)),
        ("withdrawn", MORNING),
        ("merged", MORNING),
    ],
)
def test_ended_cases_go_to_the_archive_when_they_can_no_longer_be_reopened(state: str, due: datetime) -> None:
    scenario = reached(state)
    assert "ProposalArchived" not in fork(scenario).at(due - SECOND).tick().names(CASE)

    scenario.at(due).tick()
    assert scenario.state(CASE).status == "archived"
    assert scenario.state(CASE).retention_class == "thirty_years"
    assert quiet_again(scenario)


def test_the_clock_archives_in_the_class_that_the_policy_names() -> None:
    scenario = reached("withdrawn", archive_as="permanent").tick()

    assert scenario.state(CASE).retention_class == "permanent"


# --- orders


def test_an_order_nobody_acknowledges_is_on_record() -> None:
    scenario = reached("handling").at(shanghai(3, 19, 9)).tick()

    assert missed(scenario, LEAD) == [("dispatched.record", "handler")]
    assert missed(scenario, ASSISTING) == [("dispatched.record", "handler")]
    assert quiet_again(scenario)


@pytest.mark.parametrize("state", ["acknowledged", "in_progress"])
def test_an_overdue_order_is_urged_the_day_after_and_stands_on_the_parents_worklist_five_days_later(state: str) -> None:
    """Due with Thursday 9 April: the day after is the 10th; the fifth working day is Thursday the 16th."""
    scenario = reached(f"order:{state}")
    for moment, timers in (
        (shanghai(4, 11) - SECOND, []),
        (shanghai(4, 11), ["urge"]),
        (shanghai(4, 17) - SECOND, ["urge"]),
        (shanghai(4, 17), ["urge", "tier_officer"]),
    ):
        scenario.at(moment).tick()
        assert missed(scenario, ASSISTING) == [(f"{state}.{timer}", "handler") for timer in timers]

    assert scenario.names(ASSISTING).count("OrderUrged") == 1
    assert scenario.state(ASSISTING).status == state
    assert scenario.state(CASE).status == "handling"
    assert quiet_again(scenario)


def test_an_urging_by_the_clock_says_since_when() -> None:
    scenario = reached("order:in_progress").at(shanghai(4, 11)).tick()

    (urged,) = (fact.event for fact in scenario.recorded if isinstance(fact.event, OrderUrged))
    assert urged.message == "overdue since 2026-04-10T16:00:00.000000Z"


def test_a_declined_order_waits_for_the_coordinator() -> None:
    scenario = reached("order:declined").at(shanghai(3, 21)).tick()

    assert missed(scenario, ASSISTING) == [("declined.record", "coordinator")]


def test_what_is_done_is_not_urged() -> None:
    scenario = reached("done").at(shanghai(6, 1)).tick()

    assert missed(scenario, ASSISTING) == []


def test_while_a_case_rests_its_orders_are_not_urged() -> None:
    scenario = suspended(reached("order:in_progress"), shanghai(5, 20)).at(shanghai(5, 10)).tick()

    assert missed(scenario, ASSISTING) == []


def test_after_a_rest_an_order_is_urged_later_by_its_length() -> None:
    """Rested from 18 March 9:00 to 28 March 9:00: ten days, so due on 20 April at midnight."""
    scenario = suspended(reached("order:in_progress"), shanghai(5, 20)).at(shanghai(3, 28, 9))
    scenario.given(ResumeHandling(proposal=CASE, actor="water-handler"))
    assert scenario.state(ASSISTING).complete_by == shanghai(4, 20)

    assert missed(scenario.at(shanghai(4, 21) - SECOND).tick(), ASSISTING) == []
    assert missed(scenario.at(shanghai(4, 21)).tick(), ASSISTING) == [("in_progress.urge", "handler")]


def test_an_order_that_was_overdue_before_a_rest_is_not_urged_again_for_it() -> None:
    scenario = reached("order:in_progress").at(shanghai(4, 11)).tick()
    suspended(scenario, shanghai(4, 20))

    scenario.at(shanghai(4, 20)).tick()

    assert scenario.state(CASE).status == "handling"
    assert [name for name, _ in missed(scenario, ASSISTING)] == ["in_progress.urge"]
    scenario.at(shanghai(5, 20)).tick()
    assert [name for name, _ in missed(scenario, ASSISTING)] == ["in_progress.urge", "in_progress.tier_officer"]


def test_with_more_time_an_order_is_urged_anew_when_that_is_over_too() -> None:
    period = PeriodValue(count=1, unit=PeriodUnit.WORKING_DAYS)
    scenario = reached("order:in_progress").given(
        RequestExtension(order=ASSISTING, period=period, reason="Rain.", actor="roads-handler")
    )
    scenario.at(shanghai(4, 11)).tick()
    scenario.given(GrantExtension(order=ASSISTING, period=period, actor="community-tier-officer"))
    assert scenario.state(ASSISTING).complete_by == shanghai(4, 11)

    scenario.at(shanghai(4, 12)).tick()
    assert [name for name, _ in missed(scenario, ASSISTING)] == ["in_progress.urge"] * 2


def test_more_time_to_do_it_does_not_note_twice_that_it_was_not_acknowledged() -> None:
    period = PeriodValue(count=1, unit=PeriodUnit.WORKING_DAYS)
    scenario = reached("handling").at(shanghai(3, 20)).tick()
    scenario.given(
        RequestExtension(order=ASSISTING, period=period, reason="Rain.", actor="roads-handler"),
        GrantExtension(order=ASSISTING, period=period, actor="community-tier-officer"),
    )

    assert quiet_again(scenario)
    assert missed(scenario, ASSISTING) == [("dispatched.record", "handler")]


# --- the note itself


DUE = shanghai(6, 16)
"""When a case that is handled from 18 March on is over its time."""
ACKNOWLEDGED_BY = shanghai(3, 19, 9)
"""When its orders are."""


def note(**changes: object) -> RecordMissed:
    plain = RecordMissed(on=CASE, timer="handling.record", due=DUE, owner=Role.HANDLER, action="record", actor="system")
    return plain.model_copy(update=changes)


def note_of_an_order(**changes: object) -> RecordMissed:
    return note(**{"on": LEAD, "timer": "dispatched.record", "due": ACKNOWLEDGED_BY, **changes})


def test_only_the_system_notes_that_a_time_has_passed() -> None:
    assert who_may(reached("handling").at(DUE), note()) == {"system"}


@pytest.mark.parametrize("command", [note(), note_of_an_order()], ids=["case", "order"])
def test_a_time_that_has_not_passed_is_not_noted(command: RecordMissed) -> None:
    assert refusal_of(reached("handling").at(command.due - SECOND), command) == "not_yet_due"
    assert refusal_of(reached("handling").at(command.due), command) is None


def test_a_time_is_noted_once_in_a_period() -> None:
    scenario = reached("handling").at(DUE).given(note())

    scenario.when(note()).then_refused("noted_already")
    assert scenario.state(CASE).missed == ("handling.record",)
    assert scenario.state(CASE).status == "handling"


@pytest.mark.parametrize(
    "changes",
    [
        {"timer": "handling.tier_officer"},
        {"timer": "tabled.record"},
        {"timer": "objection.1"},
        {"due": DUE - SECOND},
        {"due": MORNING},
        {"owner": Role.COORDINATOR},
        {"action": "urge"},
    ],
    ids=str,
)
def test_what_the_clock_does_not_wait_for_is_not_noted(changes: dict[str, object]) -> None:
    """The name, the time, who should have acted and what follows are those of the rules that the case keeps."""
    refused = reached("handling").at(DUE).when(note(**changes)).then_refused("no_such_timer").refused

    assert refused is not None
    assert refused.guard == "the_clock_waits_for_it"
    assert refused.text() != refused.text("zh")


def test_a_note_does_not_silence_a_timer_that_does_more() -> None:
    """Noted as missed, the decision would never take effect."""
    scenario = reached("announced")
    due = scenario.state(CASE).due_at
    silencing = note(timer="announced.confirm", due=due, owner=Role.SYSTEM, action="confirm")

    assert refusal_of(scenario.at(due), silencing) == "no_such_timer"
    assert "DecisionConfirmed" in [fact.name for fact in scenario.tick().recorded]


def test_what_a_tick_notes_it_may_note_by_hand_as_well() -> None:
    """The clock asks for nothing that the rule refuses, whatever it waits for."""
    for state in SPINE:
        scenario = reached(state).at(shanghai(12, 1))
        for fact in fork(scenario).tick().recorded:
            if isinstance(fact.event, DeadlineMissed) and fact.event.timer.startswith(str(scenario.state(CASE).status)):
                again = note(on=fact.stream, **fact.event.model_dump())
                assert refusal_of(scenario, again) is None, (state, again)


def test_another_edition_makes_other_timers() -> None:
    scenario = reached("handling").given(*edition("policy-2", deadlines=handled_within("5 working days")))
    scenario.given(MigratePolicy(proposal=CASE, to="policy-2", reason="New.", actor="community-tier-officer")).at(DUE)

    assert refusal_of(scenario, note()) == "no_such_timer"
    assert refusal_of(scenario, note(owner=Role.COORDINATOR)) is None


def handled_within(period: str) -> dict[str, Any]:
    """The default deadlines, but the coordinator has so long to see a case handled."""
    deadlines = default_policy().model_dump(mode="json")["deadlines"]
    deadlines["proposal"]["handling"] |= {"owner": "coordinator", "within": period}
    return dict(deadlines)


def test_a_missed_time_is_noted_in_every_state_but_the_archive() -> None:
    assert open_in(note(due=MORNING)) == set(SPINE) - {"archived"}


@pytest.mark.parametrize("stream", [CASE, LEAD])
def test_nothing_is_noted_on_what_is_over(stream: str) -> None:
    scenario = reached("archived") if stream == CASE else reached("closed")

    scenario.when(note(on=stream)).then_refused("wrong_state")


def test_orders_take_notes_while_they_live() -> None:
    assert refusal_of(reached("handling").at(ACKNOWLEDGED_BY), note_of_an_order()) is None
    declined = reached("order:declined")
    due = declined.state(ASSISTING).due_at
    declining = {"on": ASSISTING, "timer": "declined.record", "due": due, "owner": Role.COORDINATOR}
    assert refusal_of(declined.at(due), note(**declining)) is None
    assert refusal_of(reached("done").at(due), note(**declining)) == "no_such_timer"
    assert refusal_of(reached("evaluating"), note(on=ROUND)) == "wrong_state"


# --- through the door


def test_the_door_ticks_once_whenever_and_however_often_it_is_asked() -> None:
    scenario = reached("order:in_progress").given(
        AddOrder(proposal=CASE, unit="unit-parks", reason="Trees.", actor="community-coordinator"),
        AcknowledgeOrder(order="order-1.3", actor="parks-handler"),
        ReportIn(order="order-1.3", actor="parks-handler"),
    )
    later = shanghai(4, 12)
    with Proposals(clock=lambda: later) as app:
        for fact in scenario.facts:
            app.recorder.insert_events([app.mapper.to_stored_event(fact)], wakeups={fact.stream: "2026"})

        first = app.tick()
        again = app.tick(later)
        earlier = app.tick(shanghai(4, 11))

        assert sorted(fact.stream for fact in first if fact.name == "OrderUrged") == ["order-1.2", "order-1.3"]
        assert again == earlier == []
