"""Cases taken over from other registers: what the source states, and nothing that it does not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from proposals import (
    AddNote,
    ArchiveProposal,
    AttachEvidence,
    ClosedCaseImported,
    CloseImported,
    Command,
    EscalateDiscussion,
    ForwardProposal,
    GiveAnswer,
    ImportClosedCase,
    ImportedCaseClosed,
    ImportedCaseUpdated,
    ImportOpenCase,
    MergeProposal,
    OpenCaseImported,
    ProposalArchived,
    RaiseObjection,
    Reclassify,
    ReopenProposal,
    UpdateImported,
    UpholdObjection,
    WithdrawProposal,
)
from proposals.domain.importing import ImportedFacts, Provenance
from proposals.domain.organisation import UnitClosed, UnitCreated
from proposals.domain.vocabulary import Tier, UnitKind, Urgency
from proposals.testing import MORNING, Scenario, given, on
from tests.domain.works import (
    CASE,
    DAY,
    PHOTO,
    SECOND,
    SPINE,
    by,
    called,
    county,
    decided,
    held,
    named,
    open_in,
    raised,
    reached,
    recorded,
    refusal_of,
    who_may,
)

if TYPE_CHECKING:
    from collections.abc import Callable

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
CLOSE = CloseImported(
    proposal=CASE, provenance=CHANGED, facts=stated(text="Mended.", closed_at=MORNING - DAY), actor="county-importer"
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
    assert (case.raised_at, case.opened_at) == (RAISED, MORNING)
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
    assert case.raised_at == UPDATE.facts.raised_at
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


# --- closed at its source


def closing(**changes: Any) -> CloseImported:
    return CLOSE.model_copy(update=changes)


def test_what_the_source_has_closed_is_closed_here_as_one_that_was_closed_when_it_was_imported() -> None:
    scenario = empty().given(OPEN).at(MORNING + DAY).when(CLOSE).then(ImportedCaseClosed)

    case = scenario.state(CASE)
    assert (case.status, case.outcome, case.ended_at) == ("closed", "imported", MORNING + DAY)
    assert (case.text, case.source_status, case.import_hash) == ("Mended.", "open", "b" * 64)
    assert (case.revision, case.category) == (2, None)
    assert recorded(scenario, ImportedCaseClosed).facts == CLOSE.facts
    assert recorded(scenario, ImportedCaseClosed).provenance == CHANGED
    assert case.due_at == MORNING + DAY + timedelta(hours=15) + 30 * DAY


def test_it_is_reopened_and_put_into_the_archive_like_any_other() -> None:
    scenario = empty().given(OPEN, CLOSE)
    reopen = ReopenProposal(proposal=CASE, reason="Dark.", category="safety", actor="street-reviewer")

    assert refusal_of(scenario, reopen) is None
    assert scenario.at(MORNING + 31 * DAY).tick().names(CASE)[-1] == "ProposalArchived"


def test_an_importer_closes_what_the_source_has_closed_and_nobody_else() -> None:
    assert who_may(empty().given(OPEN), CLOSE) == {"county-importer"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"provenance": ROW}, "nothing_changes"),
        ({"facts": stated()}, "closing_time_does_not_fit"),
        ({"facts": stated(closed_at=RAISED)}, None),
        ({"facts": stated(closed_at=RAISED - SECOND)}, "closed_before_raised"),
        ({"facts": stated(closed_at=MORNING + HOUR)}, None),
        ({"facts": stated(closed_at=MORNING + HOUR + SECOND)}, "in_the_future"),
    ],
)
def test_a_closing_states_when_the_source_closed_it(changes: dict[str, Any], code: str | None) -> None:
    assert refusal_of(empty().given(OPEN), closing(**changes)) == code


def test_the_source_closes_what_is_accepted_and_was_imported_and_nothing_else() -> None:
    assert open_in(CLOSE) == {"accepted"}
    assert refusal_of(reached("accepted"), CLOSE) == "not_imported"
    assert refusal_of(empty().given(CLOSED), CLOSE) == "wrong_state"
    assert refusal_of(empty(), CLOSE) == "no_such_stream"


NOTES = (
    AddNote(proposal=CASE, note="Looked at.", actor="grid-grid-worker"),
    AttachEvidence(proposal=CASE, evidence=(PHOTO,), actor="grid-grid-worker"),
    GiveAnswer(proposal=CASE, answer="Soon.", actor="community-coordinator"),
    Reclassify(
        proposal=CASE, category="safety", urgency=Urgency.URGENT, reason="Sparks.", actor="community-coordinator"
    ),
    UPDATE.model_copy(update={"provenance": Provenance(source="hotline.2025", key="12345-0007", sha256="c" * 64)}),
)


@pytest.mark.parametrize("note", NOTES, ids=named)
def test_a_note_is_no_step(note: Command) -> None:
    assert refusal_of(empty().given(OPEN, note), CLOSE) is None


def discussed(scenario: Scenario) -> Scenario:
    return held(scenario, "meeting-1", "unit-grid", called(scenario, "meeting-1", "unit-grid", "discuss"), None)


def escalated(scenario: Scenario) -> Scenario:
    return discussed(scenario).given(EscalateDiscussion(proposal=CASE, reason="Too big.", actor="grid-member1"))


def objected(scenario: Scenario) -> Scenario:
    discussed(scenario).given(ForwardProposal(proposal=CASE, recommendation="Do.", actor="grid-member1"))
    decided(scenario, "meeting-2", "unit-grid")
    return scenario.given(
        RaiseObjection(proposal=CASE, grounds="Dear.", resides_in="unit-grid", actor="resident1"),
        UpholdObjection(proposal=CASE, objection=1, reason="It is.", actor="street-reviewer"),
    )


def reopened(scenario: Scenario) -> Scenario:
    reopen = ReopenProposal(proposal=CASE, reason="Dark.", category="safety", actor="street-reviewer")
    return scenario.given(CLOSE, reopen)


def joined(scenario: Scenario) -> Scenario:
    return raised(scenario, "proposal-2").given(
        MergeProposal(proposal="proposal-2", into=CASE, reason="The same.", actor="community-screener")
    )


@pytest.mark.parametrize("story", [escalated, objected, reopened, joined], ids=lambda story: str(story.__name__))
def test_what_was_dealt_with_here_is_closed_here_and_the_source_adds_a_note(
    story: Callable[[Scenario], Scenario],
) -> None:
    """It is accepted again, or still; but there are people here who wait for an answer."""
    scenario = story(empty().given(OPEN))
    again = closing(provenance=Provenance(source="hotline.2025", key="12345-0007", sha256="c" * 64))
    assert scenario.state(CASE).status == "accepted"

    refused = scenario.when(again).then_refused("dealt_with_here").refused
    assert refused is not None
    assert refused.text() != refused.text("zh")
    scenario.when(UPDATE.model_copy(update={"provenance": again.provenance, "facts": again.facts})).then(
        ImportedCaseUpdated
    )
    assert scenario.state(CASE).status == "accepted"


# --- what they are not


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
