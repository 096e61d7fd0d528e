"""The public echo wall: what anyone may see, and what nobody may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, insert

from proposals import (
    GiveAnswer,
    RaiseObjection,
    ReopenProposal,
    ReviseProposal,
    UpholdObjection,
)
from proposals.projections.echo_wall import ECHO_WALL, WALL, public_wall
from proposals.projections.evaluation import EVALUATION, ROUNDS
from proposals.projections.projection import READ_MODELS
from tests.domain.works import CASE, ROUND, counted, reached, voted
from tests.projections.logs import rows_of, the_row
from tests.projections.oracle import text

if TYPE_CHECKING:
    from proposals.testing import Scenario
    from tests.projections.conftest import County


def row(scenario: Scenario) -> dict[str, Any]:
    return the_row(ECHO_WALL, WALL, scenario.facts)


def shown(scenario: Scenario) -> list[dict[str, Any]]:
    """What the public sees, read from a database."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        READ_MODELS.create_all(connection)
        for projection, table in ((ECHO_WALL, WALL), (EVALUATION, ROUNDS)):
            rows = rows_of(projection, table, scenario.facts)
            if rows:
                connection.execute(insert(table), rows)
        found = [dict(line) for line in connection.execute(public_wall()).mappings()]
    engine.dispose()
    return found


def test_what_nobody_has_screened_is_not_public() -> None:
    assert shown(reached("raised")) == []
    assert [line["title"] for line in shown(reached("accepted"))] == ["Lamp"]


def test_what_was_refused_and_its_proposer_reopened_is_public_once_a_meeting_has_dealt_with_it() -> None:
    scenario = reached("refused")
    scenario.given(ReopenProposal(proposal=CASE, reason="again", category="facilities", actor="li"))

    assert scenario.state(CASE).status == "accepted"
    assert shown(scenario) == []
    adopted = next(fact for fact in reached("announced").facts if fact.name == "ProposalAdopted")
    assert the_row(ECHO_WALL, WALL, [*scenario.facts, adopted])["screened"] == 1


def test_another_wording_is_screened_again() -> None:
    scenario = reached("returned")
    scenario.given(ReviseProposal(proposal=CASE, title="Two lamps", text="Both.", actor="li"))

    assert (row(scenario)["title"], row(scenario)["screened"]) == ("Two lamps", 0)


def test_a_decision_is_public_with_its_publicity_period() -> None:
    scenario = reached("announced")
    found = row(scenario)

    assert (found["decision"], found["plan"], found["lead_unit"]) == ("adopted", "Repair it.", "unit-water")
    assert found["publicity_until"] == text(scenario.state(CASE).due_at)
    assert found["in_force_at"] is None
    assert row(reached("confirmed"))["in_force_at"] is not None


def test_a_decision_that_has_fallen_is_none() -> None:
    scenario = reached("announced").given(
        RaiseObjection(proposal=CASE, grounds="No.", resides_in="unit-grid", actor="resident1"),
        UpholdObjection(proposal=CASE, objection=1, reason="Yes.", actor="street-reviewer"),
    )

    assert {row(scenario)[name] for name in ("decision", "plan", "lead_unit", "publicity_until")} == {None}


def test_the_answer_and_the_feedback_are_public() -> None:
    scenario = reached("reported").given(
        GiveAnswer(proposal=CASE, answer="We are on it.", actor="community-coordinator")
    )

    assert (row(scenario)["answer"], row(scenario)["feedback"]) == ("We are on it.", "It burns again.")
    assert row(reached("rejected"))["decision"] == "rejected"


def test_a_case_that_is_taken_up_again_is_answered_anew() -> None:
    scenario = reached("closed")
    assert row(scenario)["outcome"] == "handled"

    found = row(scenario.given(ReopenProposal(proposal=CASE, reason="Dark again.", actor="li")))

    assert {found[name] for name in ("outcome", "ended_at", "decision", "feedback", "answer")} == {None}
    assert (found["status"], found["cycle"]) == ("accepted", 2)


def test_satisfaction_is_public_once_the_round_is_closed() -> None:
    scenario = voted(reached("evaluating"), dict.fromkeys(("li", "resident1"), "satisfied"))
    assert [(line["valid"], line["satisfied"]) for line in shown(scenario)] == [(None, None)]

    (line,) = shown(counted(reached("evaluating"), "basically_satisfied"))
    assert (line["valid"], line["satisfied"]) == (7, 7)


def test_what_a_handful_thought_stays_untold() -> None:
    scenario = voted(reached("evaluating"), {"li": "satisfied"})
    scenario.at(scenario.state(ROUND).due_at).tick()

    assert [(line["valid"], line["satisfied"]) for line in shown(scenario)] == [(None, None)]


def test_nobody_is_named_on_the_wall(county: County) -> None:
    people = {name for fact in county.facts for name in fact.act}
    cells = [
        value for found in rows_of(ECHO_WALL, WALL, county.facts) for value in found.values() if isinstance(value, str)
    ]

    assert len(people) > 100
    assert not [cell for cell in cells for person in people if person in cell and person not in PLAIN_WORDS]


PLAIN_WORDS = {"system"}
"""An actor whose id is a word of the language."""
