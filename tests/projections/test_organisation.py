"""The organisation as evaluation reads it: units and editions of the rules, as their streams add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proposals import MoveUnit, RenameUnit
from proposals.domain.organisation import Unit, UnitClosed
from proposals.domain.policy import Policy
from proposals.projections.organisation import EDITIONS, ORGANISATION, UNITS, Organisation
from proposals.testing import Scenario, on, small_county
from tests.projections.logs import rows_of

if TYPE_CHECKING:
    from tests.projections.conftest import County

BY = "county-registrar"


def changed() -> Scenario:
    return Scenario().given(
        *small_county(),
        RenameUnit(unit="unit-grid", title="Grid nine", reason="More of them.", actor=BY),
        MoveUnit(unit="unit-grid", parent="unit-street", reason="New borders.", actor=BY),
        on("unit-water", UnitClosed(reason="Merged.")),
    )


def as_states(units: dict[str, Unit]) -> list[dict[str, Any]]:
    return [
        {
            "stream": name, "title": unit.title, "unit_kind": unit.unit_kind, "tier": unit.tier, "parent": unit.parent,
            "closed": not unit.is_open,
        }
        for name, unit in sorted(units.items())
    ]  # fmt: skip


def test_a_unit_is_as_it_was_last_named_placed_and_closed() -> None:
    scenario = changed()
    names = {fact.stream for fact in scenario.facts if fact.stream.startswith("unit-")}
    units = {name: scenario.state(name) for name in names}

    rows = rows_of(ORGANISATION, UNITS, scenario.facts)

    assert rows == as_states(units)
    assert [row["title"] for row in rows if row["stream"] == "unit-grid"] == ["Grid nine"]
    assert [row["stream"] for row in rows if row["closed"]] == ["unit-water"]
    told = Organisation(rows, [])
    assert told.title("unit-grid") == "Grid nine"
    assert told.areas("unit-grid") == {"grid": "unit-grid", "street": "unit-street", "county": "unit-county"}


def test_units_and_editions_agree_with_the_states_of_a_county_at_work(county: County) -> None:
    units = {name: state for name, state in county.states.items() if isinstance(state, Unit)}
    policies = {name: state for name, state in county.states.items() if isinstance(state, Policy)}

    assert rows_of(ORGANISATION, UNITS, county.facts) == as_states(units)
    editions = {row["stream"]: row for row in rows_of(ORGANISATION, EDITIONS, county.facts)}
    assert editions.keys() == policies.keys()
    for name, policy in policies.items():
        assert policy.rules is not None
        effective = policy.effective.isoformat() if policy.effective is not None else None
        assert (editions[name]["unit"], editions[name]["min_cell"]) == (policy.unit, policy.rules.min_cell)
        assert editions[name]["effective"] == effective
