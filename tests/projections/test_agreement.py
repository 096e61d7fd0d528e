"""Every read model against the states: on a county that ran every branch, and on walks at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proposals.domain.evaluation_round import EvaluationRound
from proposals.domain.vocabulary import kind_of
from proposals.projections import BUILT_IN
from tests.process.test_generated_machine import STARTS
from tests.process.walks import walked
from tests.projections.agreement import Agreement
from tests.projections.logs import entry_of, folded, in_batches

if TYPE_CHECKING:
    from proposals.projections import Projection
    from tests.projections.conftest import County

MODELS = [pytest.param(projection, id=projection.name) for projection in BUILT_IN]
CHECKS = ("register", "stays", "tiers", "orders", "meetings", "rounds", "objections", "participants", "duties", "wall")


@pytest.mark.parametrize("check", CHECKS)
def test_rows_agree_with_the_states_of_a_county_at_work(county: County, check: str) -> None:
    agreement = Agreement(county.facts, county.states, county.now, county.context)

    getattr(agreement, check)()


@settings(max_examples=settings().max_examples // 4)
@given(state=st.sampled_from(STARTS), seed=st.integers(0, 2**32), steps=st.integers(1, 60))
def test_rows_agree_with_the_states_wherever_cases_go(state: str, seed: int, steps: int) -> None:
    scenario = walked(state, seed, steps).scenario

    Agreement(scenario.facts, scenario._states, scenario.now, scenario.context()).check()


@pytest.mark.parametrize("projection", MODELS)
@pytest.mark.parametrize("size", [1, 7, 500])
def test_it_does_not_matter_how_many_events_are_read_at_a_time(
    county: County, projection: Projection, size: int
) -> None:
    assert in_batches(projection, county.entries, size) == folded(projection, county.entries)


@pytest.mark.parametrize("projection", MODELS)
def test_streams_can_be_projected_one_after_the_other(county: County, projection: Projection) -> None:
    in_turn = sorted(county.entries, key=lambda entry: (entry.stream, entry.version))

    assert folded(projection, in_turn) == folded(projection, county.entries)


@pytest.mark.parametrize("projection", MODELS)
def test_handlers_leave_the_events_as_they_were(county: County, projection: Projection) -> None:
    before = [entry_of(fact) for fact in county.facts]

    folded(projection, county.entries)

    assert county.entries == before


def test_the_county_has_what_makes_the_comparison_worth_while(county: County) -> None:
    assert {kind_of(stream) for stream in county.states} == {
        "proposal", "meeting", "order", "round", "unit", "policy",
    }  # fmt: skip
    names = {fact.name for fact in county.facts}
    assert {"OpenCaseImported", "ClosedCaseImported", "ImportedCaseUpdated", "ImportedCaseClosed"} <= names
    rounds = [state for state in county.states.values() if isinstance(state, EvaluationRound)]
    assert {str(state.status) for state in rounds} == {"closed", "annulled", "open"}
    assert {str(state.status) for stream, state in county.states.items() if stream.startswith("order-")} >= {
        "in_progress", "accepted", "cancelled", "excused",
    }  # fmt: skip
