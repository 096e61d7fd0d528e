"""What holds for every read model: no I/O, no personal data, and nothing that its tables do not say."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from proposals import Personal
from proposals.domain.processes import EVENTS
from proposals.projections import BUILT_IN, READ_MODELS
from proposals.projections.projection import fold_log
from tests.test_architecture import PACKAGE, WORLD, WORLDLY_CALLS, imports, named

if TYPE_CHECKING:
    from pathlib import Path

    from proposals.projections import Projection
    from tests.projections.conftest import County

MODELS = [pytest.param(projection, id=projection.name) for projection in BUILT_IN]


@pytest.mark.parametrize("module", named(sorted((PACKAGE / "projections").glob("*.py"))))
def test_a_read_model_touches_nothing_outside_its_rows(module: Path) -> None:
    called = {
        ast.unparse(node.func) for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, ast.Call)
    }

    assert {name.partition(".")[0] for name in imports(module)} & WORLD == set()
    assert called & WORLDLY_CALLS == set()


@pytest.mark.parametrize("projection", MODELS)
def test_no_row_holds_personal_data(county: County, projection: Projection) -> None:
    contacts = {
        value.value
        for fact in county.facts
        for field in fact.event.personal
        if isinstance(value := getattr(fact.event, field), Personal)
    }
    rows = [row for table in fold_log(projection, county.entries).values() for row in table]

    assert contacts
    assert not [value for row in rows for value in row.values() if any(contact in str(value) for contact in contacts)]


@pytest.mark.parametrize("projection", MODELS)
def test_a_read_model_has_rows_for_a_county_at_work(county: County, projection: Projection) -> None:
    empty = {name for name, rows in fold_log(projection, county.entries).items() if not rows}

    assert empty <= {"register_objections"}  # each has its ruling by then


def test_read_models_have_names_and_tables_of_their_own() -> None:
    assert len({projection.name for projection in BUILT_IN}) == len(BUILT_IN)
    tables = [name for projection in BUILT_IN for name in projection.tables]
    assert sorted(tables) == sorted(READ_MODELS.tables)
    assert len(set(tables)) == len(tables)


@pytest.mark.parametrize("projection", MODELS)
def test_what_is_handled_are_events(projection: Projection) -> None:
    assert projection.handlers.keys() <= EVENTS.keys()


SAYS_NOTHING = {
    # remarks, and what is kept elsewhere
    "NoteAdded", "EvidenceAttached", "OpinionRecorded", "ProgressRecorded", "DeadlineMissed", "ObserverInvited",
    "VoteCast", "DecisionDeferred", "SubjectKeyCreated", "SubjectErased",
    # an order of theirs says the rest
    "OrderAdded", "WhistleBlown",
    # the organisation and its rules are read as they are
    "UnitPaired", "Appointed", "AppointmentEnded",
    "PolicyChecked", "PolicySuperseded", "PolicyEnacted",
}  # fmt: skip


def test_every_event_is_read_by_a_model_or_known_to_say_nothing_in_one() -> None:
    handled = {name for projection in BUILT_IN for name in projection.handlers}

    assert EVENTS.keys() - handled == SAYS_NOTHING
