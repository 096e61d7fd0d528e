"""The worklist: what is open, whose it is, and what nobody need do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proposals import (
    AcknowledgeOrder,
    DismissObjection,
    GrantExtension,
    RaiseObjection,
    RequestExtension,
    ResumeHandling,
)
from proposals.domain.rules import PeriodUnit, PeriodValue
from proposals.projections.projection import fold_log
from proposals.projections.register import CASES, REGISTER
from proposals.projections.worklist import DUTIES, WORKLIST, WorklistRow, worklist_rows
from tests.domain.works import ASSISTING, CASE, DAY, LEAD, called, reached, worked
from tests.projections.logs import entry_of, rows_of

if TYPE_CHECKING:
    from proposals.testing import Scenario

Line = tuple[str, str, str, str | None]
WEEK = PeriodValue(count=5, unit=PeriodUnit.WORKING_DAYS)


def listed(scenario: Scenario) -> list[WorklistRow]:
    cases = fold_log(REGISTER, map(entry_of, scenario.facts))[CASES.name]
    duties = rows_of(WORKLIST, DUTIES, scenario.facts)
    return list(worklist_rows(duties, {row["stream"]: row for row in cases}, scenario.context()))


def lines(scenario: Scenario) -> list[Line]:
    return [(line.stream, line.duty, line.role, line.holder_unit) for line in listed(scenario)]


def test_a_case_is_on_it_with_whoever_must_act() -> None:
    assert lines(reached("raised")) == [(CASE, "raised", "screener", "unit-community")]


def test_a_case_that_has_ended_is_nobodys() -> None:
    assert lines(reached("closed")) == []


def test_what_waits_for_the_clock_is_nobodys() -> None:
    assert lines(reached("announced")) == []


def test_an_objection_is_the_reviewers() -> None:
    scenario = reached("announced").given(
        RaiseObjection(proposal=CASE, grounds="No.", resides_in="unit-grid", actor="resident1")
    )

    assert lines(scenario) == [(CASE, "objection.1", "reviewer", "unit-street")]

    scenario.given(DismissObjection(proposal=CASE, objection=1, reason="No.", actor="street-reviewer"))

    assert lines(scenario) == []


def test_orders_are_their_units_and_the_case_waits_for_them() -> None:
    assert lines(reached("handling")) == [
        (LEAD, "acknowledge", "handler", "unit-water"),
        (ASSISTING, "acknowledge", "handler", "unit-roads"),
    ]


def test_an_order_that_was_declined_is_the_coordinators() -> None:
    assert (ASSISTING, "redispatch", "coordinator", "unit-community") in lines(reached("order:declined"))


def test_the_lead_submits_when_every_order_is_done() -> None:
    scenario = worked(reached("handling"), LEAD, "water")
    assert lines(scenario) == [(ASSISTING, "acknowledge", "handler", "unit-roads")]

    assert lines(worked(scenario, ASSISTING, "roads")) == [(CASE, "handling", "handler", "unit-water")]


def test_orders_rest_while_the_case_does_and_are_due_later_then() -> None:
    scenario = reached("suspended")
    assert lines(scenario) == [(CASE, "suspended", "tier_officer", "unit-community")]

    scenario.at(scenario.now + DAY).given(ResumeHandling(proposal=CASE, actor="community-tier-officer"))

    due = {line.stream: line.due_at for line in listed(scenario)}
    assert due == {order: scenario.state(order).due_at for order in (LEAD, ASSISTING)}


def test_a_request_for_more_time_waits_for_a_tier_officer() -> None:
    scenario = reached("order:acknowledged").given(
        RequestExtension(order=ASSISTING, period=WEEK, reason="Rain.", actor="roads-handler")
    )
    assert (ASSISTING, "extension", "tier_officer", "unit-community") in lines(scenario)

    scenario.given(GrantExtension(order=ASSISTING, period=WEEK, actor="community-tier-officer"))

    own = [line for line in listed(scenario) if line.stream == ASSISTING]
    assert [(line.duty, line.due_at) for line in own] == [("complete", scenario.state(ASSISTING).due_at)]


def test_it_still_waits_when_the_order_is_acknowledged_meanwhile() -> None:
    scenario = reached("handling").given(
        RequestExtension(order=LEAD, period=WEEK, reason="Rain.", actor="water-handler"),
        AcknowledgeOrder(order=LEAD, actor="water-handler"),
    )

    assert [line[1] for line in lines(scenario) if line[0] == LEAD] == ["complete", "extension"]


def test_a_meeting_is_its_chairs() -> None:
    scenario = reached("accepted")
    called(scenario, "meeting-1", "unit-grid", "discuss")

    (meeting,) = [line for line in listed(scenario) if line.proposal is None]
    assert (meeting.duty, meeting.role, meeting.holder_unit, meeting.title) == ("open", "chair", "unit-grid", "Council")


def test_a_duty_is_overdue_once_its_time_is_over() -> None:
    scenario = reached("raised")
    assert [line.overdue for line in listed(scenario)] == [False]

    assert [line.overdue for line in listed(scenario.at(scenario.now + 30 * DAY))] == [True]


def test_a_case_that_the_register_does_not_know_yet_is_left_out() -> None:
    scenario = reached("raised")
    duties = rows_of(WORKLIST, DUTIES, scenario.facts)

    assert list(worklist_rows(duties, {}, scenario.context())) == []


def test_a_line_as_json_types() -> None:
    (line,) = listed(reached("raised"))
    plain = line.plain()

    assert plain["due_at"] > plain["since"]
    assert all(value is None or isinstance(value, str | int) for value in plain.values())
