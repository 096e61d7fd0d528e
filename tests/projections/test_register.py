"""The register: what each event says of a case, and who must act."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from proposals import (
    CoSignProposal,
    DismissObjection,
    MigratePolicy,
    RaiseObjection,
    ReassignOrder,
    Reclassify,
    RecordCorrected,
    ReopenProposal,
    ReviseProposal,
    UpholdObjection,
    Urgency,
)
from proposals.projections.register import CASES, NAMES, OPEN_OBJECTIONS, REGISTER, register_row
from proposals.testing import on
from tests.domain.works import CASE, LEAD, SPINE, edition, reached
from tests.projections.logs import rows_of
from tests.projections.oracle import step_of, text

if TYPE_CHECKING:
    from proposals.testing import Scenario
    from tests.projections.conftest import County


def row(scenario: Scenario, case: str = CASE) -> dict[str, Any]:
    return next(found for found in rows_of(REGISTER, CASES, scenario.facts) if found["stream"] == case)


def holder(scenario: Scenario) -> tuple[str | None, str | None]:
    line = register_row(row(scenario), scenario.context())
    return line.holder, line.holder_unit


def objecting(scenario: Scenario, *people: str) -> Scenario:
    return scenario.given(
        *(RaiseObjection(proposal=CASE, grounds="No.", resides_in="unit-grid", actor=person) for person in people)
    )


@pytest.mark.parametrize("state", SPINE)
def test_a_case_is_in_the_state_and_step_that_it_has_come_to(state: str) -> None:
    found = row(reached(state))

    assert found["status"] == state
    assert found["step"] == step_of(state)


@pytest.mark.parametrize(
    ("state", "role", "unit"),
    [
        ("raised", "screener", "unit-community"),
        ("returned", "proposer", "unit-grid"),
        ("accepted", "convenor", "unit-grid"),
        ("discussing", "chair", "unit-grid"),
        ("tabled", "convenor", "unit-grid"),
        ("announced", "system", None),
        ("confirmed", "coordinator", "unit-community"),
        ("handling", "handler", "unit-water"),
        ("suspended", "tier_officer", "unit-community"),
        ("verifying", "verifier", "unit-community"),
        ("handled", "grid_worker", "unit-grid"),
        ("closed", None, None),
    ],
)
def test_who_must_act_and_where(state: str, role: str | None, unit: str | None) -> None:
    assert holder(reached(state)) == (role, unit)


def test_an_open_objection_is_the_reviewers_and_due_before_the_decision_comes_into_force() -> None:
    scenario = objecting(reached("announced"), "resident1", "resident2")
    first = scenario.state(CASE).objections[1].due_at

    assert row(scenario)["open_objections"] == 2
    assert row(scenario)["ruling_due"] == text(first)
    assert holder(scenario) == ("reviewer", "unit-street")
    assert len(rows_of(REGISTER, OPEN_OBJECTIONS, scenario.facts)) == 2


def test_a_dismissed_objection_is_gone_and_the_other_still_there() -> None:
    scenario = objecting(reached("announced"), "resident1", "resident2")
    scenario.given(DismissObjection(proposal=CASE, objection=1, reason="No.", actor="street-reviewer"))

    assert row(scenario)["open_objections"] == 1
    assert [found["number"] for found in rows_of(REGISTER, OPEN_OBJECTIONS, scenario.facts)] == [2]


def test_objections_fall_with_the_decision_they_stand_against() -> None:
    scenario = objecting(reached("announced"), "resident1", "resident2")
    scenario.given(UpholdObjection(proposal=CASE, objection=2, reason="Yes.", actor="street-reviewer"))

    assert (row(scenario)["open_objections"], row(scenario)["ruling_due"]) == (0, None)
    assert rows_of(REGISTER, OPEN_OBJECTIONS, scenario.facts) == []


def test_a_revised_title_is_the_title() -> None:
    scenario = reached("raised").given(ReviseProposal(proposal=CASE, title="Two lamps", text="Both.", actor="li"))

    assert row(scenario)["title"] == "Two lamps"


def test_a_case_keeps_what_it_was_last_classified_as() -> None:
    scenario = reached("accepted").given(
        Reclassify(
            proposal=CASE, category="safety", urgency=Urgency.URGENT, reason="Sparks.", actor="community-screener"
        )
    )

    assert (row(scenario)["category"], row(scenario)["urgency"]) == ("safety", "urgent")


def test_a_migrated_case_is_under_the_other_edition() -> None:
    scenario = reached("accepted").given(*edition("policy-2"))
    scenario.given(MigratePolicy(proposal=CASE, to="policy-2", reason="New law.", actor="community-tier-officer"))

    assert row(scenario)["policy"] == "policy-2"


def test_the_lead_order_is_the_one_that_counts() -> None:
    scenario = reached("handling")
    assert row(scenario)["lead_order"] == LEAD

    scenario.given(
        ReassignOrder(proposal=CASE, order=LEAD, unit="unit-parks", reason="x", actor="community-coordinator")
    )

    assert row(scenario)["lead_order"] == "order-1.3"
    assert holder(scenario) == ("handler", "unit-parks")


def test_a_reopened_case_begins_a_cycle_without_outcome_or_lead() -> None:
    scenario = reached("closed").given(ReopenProposal(proposal=CASE, reason="Dark again.", actor="li"))
    found = row(scenario)

    assert (found["status"], found["cycle"], found["round"]) == ("accepted", 2, 1)
    assert (found["outcome"], found["ended_at"], found["lead_order"]) == (None, None, None)
    assert found["evaluations_passed"] == 1  # what is counted is counted through all cycles


def test_an_end_has_its_outcome_and_its_time() -> None:
    scenario = reached("closed")

    assert (row(scenario)["outcome"], row(scenario)["ended_at"]) == ("handled", text(scenario.now))


def test_an_imported_case_says_what_its_register_says(county: County) -> None:
    found = {line["stream"]: line for line in rows_of(REGISTER, CASES, county.facts)}
    lamp, wall, door = (found[f"proposal-i{number}"] for number in (1, 2, 3))

    assert (lamp["title"], lamp["status"], lamp["imported_from"]) == ("Lamp, broken", "accepted", "hotline")
    assert (lamp["proposer"], lamp["by_party_member"], lamp["source"]) == (None, None, None)
    assert lamp["raised_at"] < lamp["due_at"]
    assert (wall["outcome"], door["outcome"]) == ("imported", "imported")


def test_a_correction_is_counted_and_rewrites_nothing() -> None:
    event = RecordCorrected(event=1, field="title", value="Lantern", reason="Typing error.", approved_by="a")
    found = row(reached("accepted").given(on(CASE, event)))

    assert (found["title"], found["corrections"]) == ("Lamp", 1)


def test_what_changes_nothing_of_the_row_leaves_it() -> None:
    scenario = reached("raised")
    before = row(scenario)

    assert row(scenario.given(CoSignProposal(proposal=CASE, actor="resident1"))) == before


def test_a_line_is_overdue_once_its_time_is_over() -> None:
    scenario = reached("raised")
    found, due = row(scenario), scenario.state(CASE).due_at

    assert not register_row(found, scenario.at(due - timedelta(microseconds=1)).context()).overdue
    assert register_row(found, scenario.at(due).context()).overdue


def test_a_line_as_json_types_has_the_columns_in_their_order() -> None:
    scenario = reached("handling")
    plain = register_row(row(scenario), scenario.context()).plain()

    assert tuple(plain) == NAMES
    assert plain["raised_at"] == text(scenario.state(CASE).raised_at)
    assert all(value is None or isinstance(value, str | int) for value in plain.values())
