"""Work orders: what was asked and done when, and how each dispatch was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from proposals import (
    AcknowledgeOrder,
    CompleteOrder,
    DeclareInfeasible,
    DenyExtension,
    DirectOrder,
    ExcuseOrder,
    FailVerification,
    GrantExtension,
    ReassignOrder,
    RedispatchOrder,
    ReportIn,
    RequestExtension,
    ResumeHandling,
)
from proposals.domain.rules import PeriodUnit, PeriodValue
from proposals.projections.handling import DISPATCHES, HANDLING, WORK_ORDERS
from tests.domain.works import ASSISTING, CASE, DAY, LEAD, PHOTO, SECOND, reached
from tests.projections.logs import rows_of
from tests.projections.oracle import text

if TYPE_CHECKING:
    from datetime import datetime

    from proposals.testing import Scenario

WEEK = PeriodValue(count=5, unit=PeriodUnit.WORKING_DAYS)


def order(scenario: Scenario, stream: str = LEAD) -> dict[str, Any]:
    return next(row for row in rows_of(HANDLING, WORK_ORDERS, scenario.facts) if row["stream"] == stream)


def answers(scenario: Scenario, stream: str = LEAD) -> list[tuple[str, str | None, int | None]]:
    rows = [row for row in rows_of(HANDLING, DISPATCHES, scenario.facts) if row["stream"] == stream]
    return [(row["unit"], row["answer"], row["in_time"]) for row in rows]


def due(scenario: Scenario, stream: str = LEAD) -> datetime:
    found: datetime = scenario.state(stream).due_at
    return found


def acknowledged(scenario: Scenario, at: datetime) -> Scenario:
    return scenario.at(at).given(AcknowledgeOrder(order=LEAD, actor="water-handler"))


def completed(scenario: Scenario, at: datetime) -> Scenario:
    return scenario.at(at).given(
        ReportIn(order=LEAD, actor="water-handler"),
        CompleteOrder(order=LEAD, report="Done.", evidence=(PHOTO,), actor="water-handler"),
    )


def test_a_dispatch_awaits_its_answer() -> None:
    assert answers(reached("handling")) == [("unit-water", None, None)]


@pytest.mark.parametrize(("after", "in_time"), [(-SECOND, 1), (0 * SECOND, 0), (DAY, 0)])
def test_an_answer_is_in_time_until_the_time_is_over(after: Any, in_time: int) -> None:
    scenario = reached("handling")

    assert answers(acknowledged(scenario, due(scenario) + after)) == [("unit-water", "acknowledged", in_time)]


def test_each_unit_that_it_went_to_has_its_own_dispatch() -> None:
    scenario = reached("order:declined").given(
        RedispatchOrder(order=ASSISTING, unit="unit-parks", reason="Trees.", actor="community-coordinator")
    )

    assert answers(scenario, ASSISTING) == [("unit-roads", "declined", 1), ("unit-parks", None, None)]
    row = order(scenario, ASSISTING)
    assert (row["unit"], row["declines"], row["directed"]) == ("unit-parks", 1, 0)
    assert row["complete_by"] == text(scenario.state(ASSISTING).complete_by)


def test_a_directed_order_says_so() -> None:
    scenario = reached("order:declined").given(
        DirectOrder(order=ASSISTING, unit="unit-roads", reason="Yours.", actor="community-tier-officer")
    )

    assert order(scenario, ASSISTING)["directed"] == 1


def test_nobody_is_blamed_for_an_order_that_was_called_off_in_time() -> None:
    scenario = reached("handling").given(
        ExcuseOrder(order=ASSISTING, reason="Not needed.", actor="community-tier-officer")
    )

    assert answers(scenario, ASSISTING) == [("unit-roads", "excused", None)]
    assert order(scenario, ASSISTING)["late"] is None
    assert order(scenario, ASSISTING)["ended_at"] == text(scenario.now)


def test_an_order_that_was_never_answered_is_late_even_if_it_is_called_off_in_the_end() -> None:
    scenario = reached("handling")
    scenario.at(scenario.state(LEAD).complete_by).given(
        DeclareInfeasible(proposal=CASE, reason="No parts.", actor="community-tier-officer")
    )

    assert answers(scenario) == [("unit-water", "cancelled", 0)]
    assert order(scenario)["late"] == 1


def test_what_a_declined_order_was_replaced_by_keeps_its_declines() -> None:
    scenario = reached("order:declined").given(
        ReassignOrder(proposal=CASE, order=ASSISTING, unit="unit-parks", reason="x", actor="community-coordinator")
    )

    assert order(scenario, "order-1.3")["declines"] == 1
    assert answers(scenario, ASSISTING) == [("unit-roads", "declined", 1)]


@pytest.mark.parametrize(("after", "late"), [(-SECOND, 0), (0 * SECOND, 1)])
def test_work_is_late_once_its_time_is_over(after: Any, late: int) -> None:
    scenario = acknowledged(reached("handling"), reached("handling").now)
    scenario = completed(scenario, scenario.state(LEAD).complete_by + after)

    assert order(scenario)["late"] == late
    assert order(scenario)["completed_at"] == text(scenario.now)


def test_an_order_says_when_its_unit_had_it_and_was_on_the_spot() -> None:
    scenario = acknowledged(reached("handling"), reached("handling").now)
    had_it = scenario.now
    row = order(completed(scenario, had_it + DAY))

    assert (row["acknowledged_at"], row["reported_in_at"]) == (text(had_it), text(had_it + DAY))


def test_a_request_for_more_time_that_was_denied_is_counted() -> None:
    scenario = reached("handling").given(
        RequestExtension(order=LEAD, period=WEEK, reason="Rain.", actor="water-handler"),
        DenyExtension(order=LEAD, reason="Now.", actor="community-tier-officer"),
    )

    assert (order(scenario)["extensions"], order(scenario)["extensions_denied"]) == (0, 1)


def test_work_that_failed_is_open_again_with_a_new_time() -> None:
    scenario = reached("verifying").given(
        FailVerification(proposal=CASE, orders=(LEAD,), reason="Dark.", actor="community-verifier")
    )
    row = order(scenario)

    assert (row["status"], row["reopened"], row["completed_at"], row["late"]) == ("in_progress", 1, None, None)
    assert row["complete_by"] == text(scenario.state(LEAD).complete_by)


def test_more_time_moves_the_end_but_not_the_time_to_answer() -> None:
    scenario = reached("handling")
    answer_by = due(scenario)
    scenario.given(
        RequestExtension(order=LEAD, period=WEEK, reason="Rain.", actor="water-handler"),
        GrantExtension(order=LEAD, period=WEEK, actor="community-tier-officer"),
    )
    row = order(scenario)

    assert (row["extensions"], row["due_at"]) == (1, text(answer_by))
    assert row["complete_by"] == text(scenario.state(LEAD).complete_by)


def test_no_time_goes_by_while_the_case_is_suspended() -> None:
    scenario = reached("suspended")
    answered = acknowledged(scenario, due(scenario) + DAY)

    assert answers(answered) == [("unit-water", "acknowledged", 1)]


def test_after_a_suspension_everything_is_due_later() -> None:
    scenario = reached("suspended")
    before = due(scenario)
    scenario.at(scenario.now + DAY).given(ResumeHandling(proposal=CASE, actor="community-tier-officer"))

    dispatches = rows_of(HANDLING, DISPATCHES, scenario.facts)
    assert {row["due"] for row in dispatches if row["stream"] == LEAD} == {text(before + DAY)}
    assert order(scenario)["stopped_at"] is None


def test_whoever_is_urged_is_counted() -> None:
    scenario = acknowledged(reached("handling"), reached("handling").now)
    scenario.at(scenario.state(LEAD).complete_by + 3 * DAY).tick()

    assert order(scenario)["urged"] == 1
