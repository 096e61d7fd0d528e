"""Cases taken over from other registers: what the source states, and nothing that it does not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from proposals import (
    ArchiveProposal,
    ClosedCaseImported,
    Command,
    ImportClosedCase,
    ImportedCaseUpdated,
    ImportOpenCase,
    OpenCaseImported,
    ProposalArchived,
    ReopenProposal,
    UpdateImported,
    WithdrawProposal,
)
from proposals.domain.importing import ImportedFacts, Provenance
from proposals.domain.organisation import UnitClosed, UnitCreated
from proposals.domain.vocabulary import Tier, UnitKind
from proposals.testing import MORNING, Scenario, given, on
from tests.domain.works import (
    CASE,
    DAY,
    SECOND,
    SPINE,
    by,
    county,
    named,
    reached,
    recorded,
    refusal_of,
    who_may,
)

ROW = Provenance(source="hotline.2025", key="12345-0007", sha256="a" * 64)
CHANGED = Provenance(source="hotline.2025", key="12345-0007", sha256="b" * 64)
HOUR = timedelta(hours=1)
RAISED = MORNING - 30 * DAY


def stated(**more: Any) -> ImportedFacts:
    return ImportedFacts(title="Lamp", raised_at=RAISED, source_status="open", **more)


OPEN = ImportOpenCase(
    proposal=CASE, place="unit-grid", provenance=ROW, facts=stated(category="Street light"), actor="county-importer"
)
CLOSED = ImportClosedCase(
    proposal=CASE,
    place="unit-community",
    provenance=ROW,
    facts=stated(text="It is broken.", closed_at=MORNING - DAY),
    actor="county-importer",
)
UPDATE = UpdateImported(proposal=CASE, provenance=CHANGED, facts=stated(text="Still broken."), actor="county-importer")


def empty() -> Scenario:
    return given(*county())


def test_an_open_case_begins_accepted_and_says_what_its_source_said() -> None:
    scenario = empty().when(OPEN).then(OpenCaseImported)

    case = scenario.state(CASE)
    assert (case.status, case.place, case.unit, case.policy) == ("accepted", "unit-grid", "unit-grid", "policy-1")
    assert (case.title, case.text, case.category, case.source_status) == ("Lamp", "Lamp", "Street light", "open")
    assert case.imported
    assert case.source is None
    assert case.ended_at is None
    assert recorded(scenario, OpenCaseImported).facts == OPEN.facts
    assert recorded(scenario, OpenCaseImported).provenance == ROW


def test_a_closed_case_begins_at_its_end() -> None:
    scenario = empty().when(CLOSED).then(ClosedCaseImported)

    case = scenario.state(CASE)
    assert (case.status, case.outcome, case.ended_at) == ("closed", "imported", MORNING)
    assert case.text == "It is broken."
    assert case.place == "unit-community"


def test_no_step_is_invented() -> None:
    assert empty().given(CLOSED).names(CASE) == ["ClosedCaseImported"]


@pytest.mark.parametrize("command", [OPEN, CLOSED, UPDATE], ids=named)
def test_an_importer_over_the_place_imports_and_nobody_else(command: Command) -> None:
    scenario = empty().given(OPEN) if command is UPDATE else empty()

    assert who_may(scenario, command) == {"county-importer"}


@pytest.mark.parametrize("command", [OPEN, CLOSED], ids=named)
def test_a_case_is_taken_over_once(command: Command) -> None:
    empty().given(OPEN).when(command).then_refused("already_exists")


@pytest.mark.parametrize("command", [OPEN, CLOSED], ids=named)
@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("unit-grid", None),
        ("unit-community", None),
        ("unit-block", None),
        ("unit-street", "place_of_wrong_tier"),
        ("unit-county", "place_of_wrong_tier"),
        ("unit-grid2", "unit_is_closed"),
    ],
)
def test_the_place_is_an_open_grid_building_or_community(command: Command, place: str, code: str | None) -> None:
    scenario = empty().given(
        on("unit-block", UnitCreated(title="B", unit_kind=UnitKind.AREA, tier=Tier.BUILDING, parent="unit-grid")),
        on("unit-grid2", UnitClosed(reason="Merged.")),
    )

    assert refusal_of(scenario, command.model_copy(update={"place": place})) == code


def test_a_place_nobody_knows_has_no_importer() -> None:
    empty().when(OPEN.model_copy(update={"place": "unit-nowhere"})).then_refused("not_authorised")


@pytest.mark.parametrize("command", [OPEN, CLOSED], ids=named)
def test_without_rules_in_force_nothing_is_taken_over(command: Command) -> None:
    scenario = given(*(fact for fact in county() if fact.name != "PolicyEnacted"))

    scenario.when(command).then_refused("no_policy_in_force")
    assert scenario.refused is not None
    assert scenario.refused.guard == "a_policy_is_in_force"


@pytest.mark.parametrize(
    ("command", "closed_at", "code"),
    [
        (OPEN, MORNING, "closing_time_does_not_fit"),
        (OPEN, None, None),
        (CLOSED, None, "closing_time_does_not_fit"),
        (CLOSED, RAISED - SECOND, "closed_before_raised"),
        (CLOSED, RAISED, None),
    ],
)
def test_closed_means_closed(command: ImportOpenCase | ImportClosedCase, closed_at: object, code: str | None) -> None:
    facts = command.facts.model_copy(update={"closed_at": closed_at})

    assert refusal_of(empty(), command.model_copy(update={"facts": facts})) == code


@pytest.mark.parametrize("command", [OPEN, CLOSED, UPDATE], ids=named)
@pytest.mark.parametrize(("raised_at", "code"), [(MORNING + HOUR, None), (MORNING + HOUR + SECOND, "in_the_future")])
def test_no_register_knows_what_was_raised_tomorrow(
    command: ImportOpenCase | ImportClosedCase | UpdateImported, raised_at: datetime, code: str | None
) -> None:
    """An hour is the clock's skew."""
    closed_at = raised_at if command is CLOSED else None
    facts = command.facts.model_copy(update={"raised_at": raised_at, "closed_at": closed_at})
    scenario = empty().given(OPEN) if command is UPDATE else empty()

    assert refusal_of(scenario, command.model_copy(update={"facts": facts})) == code


@pytest.mark.parametrize(
    ("closed_at", "code"),
    [(MORNING + HOUR, None), (MORNING + HOUR + SECOND, "in_the_future"), (RAISED - SECOND, "closed_before_raised")],
)
def test_what_a_register_closed_it_closed_between_raising_and_now(closed_at: datetime, code: str | None) -> None:
    closed = CLOSED.facts.model_copy(update={"closed_at": closed_at})
    assert refusal_of(empty(), CLOSED.model_copy(update={"facts": closed})) == code

    updated = UPDATE.facts.model_copy(update={"closed_at": closed_at})
    assert refusal_of(empty().given(OPEN), UPDATE.model_copy(update={"facts": updated})) == code


def test_a_changed_row_updates_what_the_source_states() -> None:
    scenario = empty().given(OPEN).when(UPDATE).then(ImportedCaseUpdated)

    case = scenario.state(CASE)
    assert (case.status, case.text, case.category) == ("accepted", "Still broken.", None)
    assert case.import_hash == "b" * 64


@pytest.mark.parametrize(
    ("facts", "revision"),
    [
        (stated(text="Lamp"), 1),
        (stated(), 1),
        (stated(text="Still broken."), 2),
        (ImportedFacts(title="Lamps", text="Lamp", raised_at=RAISED, source_status="open"), 2),
        (ImportedFacts(title="Lamp", raised_at=RAISED, source_status="closed"), 1),
    ],
)
def test_other_words_are_another_revision_and_other_facts_are_not(facts: ImportedFacts, revision: int) -> None:
    """Where the source has no text, its title is the text."""
    scenario = empty().given(OPEN, UPDATE.model_copy(update={"facts": facts}))

    assert scenario.state(CASE).revision == revision
    assert scenario.state(CASE).text == (facts.text or facts.title)


def test_the_same_row_again_changes_nothing() -> None:
    empty().given(OPEN).when(UPDATE.model_copy(update={"provenance": ROW})).then_refused("nothing_changes")


def test_a_case_that_was_raised_here_is_not_updated_from_elsewhere() -> None:
    reached("accepted").when(UPDATE).then_refused("not_imported")


def test_a_row_may_change_in_every_state_but_the_archive() -> None:
    states = {state for state in SPINE if refusal_of(reached(state), UPDATE) != "wrong_state"}

    assert states == set(SPINE) - {"archived"}


def test_a_closed_import_may_be_updated_too() -> None:
    assert empty().given(CLOSED).when(UPDATE).then(ImportedCaseUpdated).state(CASE).status == "closed"


def test_the_importer_is_not_the_proposer() -> None:
    """Nobody who raised it is known: neither is it taken back here nor reopened as one's own."""
    scenario = empty().given(OPEN)
    withdraw = WithdrawProposal(proposal=CASE, reason="Mine?", actor="county-importer")
    assert refusal_of(scenario, withdraw) == "not_authorised"

    ended = empty().given(CLOSED)
    reopen = ReopenProposal(proposal=CASE, reason="Dark.", actor="county-importer")
    assert refusal_of(ended, reopen) == "not_authorised"
    assert refusal_of(ended, by(reopen.model_copy(update={"category": "safety"}), "street-reviewer")) is None


def test_an_imported_case_needs_no_proposer_among_its_voters() -> None:
    from proposals import DeliverFeedback, OpenEvaluation, SettleMatter
    from tests.domain.works import called, held

    scenario = empty().given(OPEN)
    held(scenario, "meeting-1", "unit-grid", called(scenario, "meeting-1", "unit-grid", "discuss"), None)
    scenario.given(
        SettleMatter(proposal=CASE, how="A bulb.", by="grid-member2", actor="grid-member1"),
        DeliverFeedback(proposal=CASE, feedback="Bright.", channel="wall", actor="grid-grid-worker"),
    )

    opening = OpenEvaluation(proposal=CASE, eligible=("resident1",), actor="community-coordinator")
    assert refusal_of(scenario, opening) is None


def test_an_imported_case_goes_into_the_archive_like_any_other() -> None:
    scenario = empty().given(CLOSED).at(MORNING + 31 * DAY)

    scenario.when(ArchiveProposal(proposal=CASE, retention_class="ten_years", actor="county-archivist")).then(
        ProposalArchived
    )
