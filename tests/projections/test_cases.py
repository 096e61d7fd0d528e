"""What becomes of a case: its stays, its tiers, objections, ends that were reopened, and who is behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from proposals import (
    ClosedCaseImported,
    CoSignProposal,
    DismissObjection,
    EscalateHandling,
    ImportedFacts,
    MergeProposal,
    Provenance,
    RaiseObjection,
    RaiseProposal,
    ReopenProposal,
    Source,
    UpholdObjection,
)
from proposals.projections.escalations import CASE_TIERS, ESCALATIONS
from proposals.projections.objections import CASE_ENDS, OBJECTIONS, RAISED_OBJECTIONS
from proposals.projections.participation import PARTICIPANTS, PARTICIPATION
from proposals.projections.steps import STAYS, STEPS
from proposals.testing import MORNING, on
from tests.domain.works import CASE, DAY, SECOND, raised, reached
from tests.projections.logs import rows_of, the_row
from tests.projections.oracle import text

if TYPE_CHECKING:
    from proposals.testing import Scenario


# --- stays


def test_a_case_stays_in_a_state_until_the_next_event_that_leads_on() -> None:
    scenario = reached("accepted")
    first, second = rows_of(STEPS, STAYS, scenario.facts)

    assert (first["status"], first["step"], first["left_at"]) == ("raised", "raise", second["entered_at"])
    assert (second["status"], second["step"]) == ("accepted", "discuss")
    assert (second["left_at"], second["seconds"]) == (None, None)


def test_a_stay_is_told_in_whole_seconds() -> None:
    scenario = reached("closed")
    stays = rows_of(STEPS, STAYS, scenario.facts)
    announced = next(stay for stay in stays if stay["status"] == "announced")
    began, ended = (
        fact.occurred_at for fact in scenario.facts if fact.name in {"ProposalAdopted", "DecisionConfirmed"}
    )

    assert announced["seconds"] == (ended - began) // SECOND


def test_stays_of_another_cycle_say_so() -> None:
    scenario = reached("closed").given(ReopenProposal(proposal=CASE, reason="Dark again.", actor="li"))
    stays = rows_of(STEPS, STAYS, scenario.facts)

    assert stays[-1]["due_at"] == text(scenario.state(CASE).due_at)
    assert {stay["cycle"] for stay in stays[:-1]} == {1}
    assert (stays[-1]["status"], stays[-1]["cycle"]) == ("accepted", 2)


# --- tiers


def test_a_case_begins_in_its_grid_and_rises_from_there() -> None:
    scenario = reached("handling").given(
        EscalateHandling(proposal=CASE, reason="Too big.", actor="community-coordinator")
    )
    first, rise = rows_of(ESCALATIONS, CASE_TIERS, scenario.facts)

    assert (first["from_unit"], first["to_unit"], first["from_step"]) == (None, "unit-grid", None)
    assert (rise["from_unit"], rise["to_unit"], rise["from_step"]) == ("unit-grid", "unit-community", "handle")
    assert (rise["event"], rise["at"]) == ("HandlingEscalated", text(scenario.now))
    assert rows_of(STEPS, STAYS, scenario.facts)[-1]["unit"] == "unit-community"


# --- objections and ends


def objected(*people: str) -> Scenario:
    return reached("announced").given(
        *(RaiseObjection(proposal=CASE, grounds="No.", resides_in="unit-grid", actor=person) for person in people)
    )


def test_an_objection_waits_for_its_ruling() -> None:
    row = the_row(OBJECTIONS, RAISED_OBJECTIONS, objected("resident1").facts)

    assert (row["number"], row["outcome"], row["ruled_at"], row["late"]) == (1, None, None, None)


@pytest.mark.parametrize(("after", "late"), [(-SECOND, 0), (0 * SECOND, 1)])
def test_a_ruling_is_late_once_its_time_is_over(after: Any, late: int) -> None:
    scenario = objected("resident1")
    scenario.at(scenario.state(CASE).objections[1].due_at + after).given(
        DismissObjection(proposal=CASE, objection=1, reason="No.", actor="street-reviewer")
    )
    row = the_row(OBJECTIONS, RAISED_OBJECTIONS, scenario.facts)

    assert (row["outcome"], row["ruled_at"], row["late"]) == ("dismissed", text(scenario.now), late)


def test_the_others_are_moot_when_a_decision_falls_to_one_objection() -> None:
    scenario = objected("resident1", "resident2", "resident3").given(
        DismissObjection(proposal=CASE, objection=3, reason="No.", actor="street-reviewer"),
        UpholdObjection(proposal=CASE, objection=2, reason="Yes.", actor="street-reviewer"),
    )
    rows = rows_of(OBJECTIONS, RAISED_OBJECTIONS, scenario.facts)

    assert [(row["number"], row["outcome"]) for row in rows] == [(1, "moot"), (2, "upheld"), (3, "dismissed")]


def test_an_end_that_was_reopened_says_when_and_by_whom() -> None:
    scenario = reached("refused").given(
        ReopenProposal(proposal=CASE, reason="It is ours.", category="facilities", actor="li")
    )
    row = the_row(OBJECTIONS, CASE_ENDS, scenario.facts)

    assert (row["cycle"], row["status"], row["outcome"]) == (1, "refused", "refused")
    assert (row["reopened_at"], row["reopened_by"]) == (text(scenario.now), "li")


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("closed", "handled"), ("refused", "refused"), ("rejected", "rejected"), ("withdrawn", "withdrawn"),
     ("merged", "merged"), ("archived", "withdrawn")],
)  # fmt: skip
def test_an_end_has_its_outcome(state: str, outcome: str) -> None:
    assert the_row(OBJECTIONS, CASE_ENDS, reached(state).facts)["outcome"] == outcome


def test_a_case_that_was_closed_elsewhere_ends_as_imported() -> None:
    facts = ImportedFacts(title="Door", raised_at=MORNING - DAY, closed_at=MORNING, source_status="done")
    event = ClosedCaseImported(
        place="unit-grid",
        provenance=Provenance(source="hotline", key="7", sha256="a" * 64),
        facts=facts,
        policy="policy-1",
    )

    assert the_row(OBJECTIONS, CASE_ENDS, [on("proposal-7", event)])["outcome"] == "imported"
    assert rows_of(PARTICIPATION, PARTICIPANTS, [on("proposal-7", event)]) == []


# --- participants


def participants(scenario: Scenario, case: str = CASE) -> list[tuple[str, str, int | None, str | None]]:
    rows = rows_of(PARTICIPATION, PARTICIPANTS, scenario.facts)
    return [(r["part"], r["person"], r["party_member"], r["merged_from"]) for r in rows if r["stream"] == case]


def test_who_raised_a_case_and_who_supports_it() -> None:
    scenario = reached("raised").given(CoSignProposal(proposal=CASE, actor="resident1"))

    assert participants(scenario) == [("cosigner", "resident1", None, None), ("proposer", "li", 1, None)]


def test_who_stands_behind_a_case_as_its_sponsor() -> None:
    scenario = reached("raised").given(
        RaiseProposal(
            proposal="proposal-2", place="unit-grid", source=Source.OTHER, title="Wall", text="It leans.",
            sponsor="wang", actor="resident1",
        )
    )  # fmt: skip

    assert participants(scenario, "proposal-2") == [("proposer", "resident1", 0, None), ("sponsor", "wang", 1, None)]


def test_who_was_in_a_case_that_was_joined_supports_the_other_once() -> None:
    scenario = raised(reached("raised").given(CoSignProposal(proposal=CASE, actor="resident1")), "proposal-2")
    scenario.given(
        CoSignProposal(proposal="proposal-2", actor="resident1"),
        CoSignProposal(proposal="proposal-2", actor="resident2"),
        MergeProposal(proposal="proposal-2", into=CASE, reason="The same.", actor="community-screener"),
    )

    assert participants(scenario) == [
        ("cosigner", "resident1", None, None),
        ("cosigner", "resident2", None, "proposal-2"),
        ("proposer", "li", 1, None),
    ]
