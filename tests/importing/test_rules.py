"""The rules of the import commands, whoever gives them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from proposals import ClosedCaseImported, ImportClosedCase, ImportedCaseUpdated, ImportOpenCase, UpdateImported
from proposals.domain.importing import ImportedFacts, Provenance
from proposals.testing import MORNING, given, small_county

LONG_AGO = MORNING - timedelta(days=90)
BY: dict[str, Any] = {"actor": "county-importer", "proposal": "proposal-old"}


def row(content: str = "a") -> Provenance:
    return Provenance(source="ledger", key="1", sha256=content * 64)


def facts(**changes: Any) -> ImportedFacts:
    return ImportedFacts(**{"title": "Lamp", "raised_at": LONG_AGO, "source_status": "open", **changes})


def opening(**changes: Any) -> ImportOpenCase:
    return ImportOpenCase(**BY, place="unit-community", provenance=row(), facts=facts(**changes))


def test_a_closed_case_begins_at_its_end() -> None:
    command = ImportClosedCase(**BY, place="unit-grid", provenance=row(), facts=facts(closed_at=LONG_AGO))
    scenario = given(*small_county()).when(command).then(ClosedCaseImported)
    assert scenario.state("proposal-old").outcome == "imported"


@pytest.mark.parametrize(
    ("kind", "changes", "code"),
    [
        (ImportClosedCase, {}, "closing_time_does_not_fit"),
        (ImportOpenCase, {"closed_at": LONG_AGO}, "closing_time_does_not_fit"),
        (ImportClosedCase, {"closed_at": LONG_AGO - timedelta(seconds=1)}, "closed_before_raised"),
        (ImportClosedCase, {"closed_at": MORNING + timedelta(hours=2)}, "in_the_future"),
        (ImportOpenCase, {"raised_at": MORNING + timedelta(hours=2)}, "in_the_future"),
    ],
)
def test_what_no_register_can_state_is_refused(kind: Any, changes: dict[str, Any], code: str) -> None:
    command = kind(**BY, place="unit-grid", provenance=row(), facts=facts(**changes))
    given(*small_county()).when(command).then_refused(code)


def test_the_clocks_skew_is_allowed_for() -> None:
    given(*small_county(), opening(raised_at=MORNING + timedelta(minutes=59)))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"closed_at": LONG_AGO - timedelta(seconds=1)}, "closed_before_raised"),
        ({"closed_at": MORNING + timedelta(hours=2)}, "in_the_future"),
    ],
)
def test_an_update_states_nothing_impossible_either(changes: dict[str, Any], code: str) -> None:
    command = UpdateImported(**BY, provenance=row("b"), facts=facts(**changes))
    given(*small_county(), opening()).when(command).then_refused(code)


def test_the_same_row_again_is_no_update() -> None:
    command = UpdateImported(**BY, provenance=row(), facts=facts())
    given(*small_county(), opening()).when(command).then_refused("nothing_changes")


@pytest.mark.parametrize(
    ("changes", "revision"), [({"source_status": "in progress"}, 1), ({"title": "Two lamps"}, 2), ({"text": "Why"}, 2)]
)
def test_another_wording_is_another_revision(changes: dict[str, Any], revision: int) -> None:
    """A meeting that has the old wording on its agenda must not adopt the new one unseen."""
    command = UpdateImported(**BY, provenance=row("b"), facts=facts(**changes))
    scenario = given(*small_county(), opening()).when(command).then(ImportedCaseUpdated)
    assert scenario.state("proposal-old").revision == revision
