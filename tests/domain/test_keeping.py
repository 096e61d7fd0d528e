"""Around the five steps: notes, evidence, answers, corrections, other rules, reopening and the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from proposals import (
    AddNote,
    AnnulRound,
    AnswerGiven,
    ArchiveProposal,
    AttachEvidence,
    CloseProposal,
    Command,
    CorrectRecord,
    DispatchWork,
    EscalateRectification,
    EvidenceAttached,
    FailVerification,
    ForwardProposal,
    GiveAnswer,
    MigratePolicy,
    NoteAdded,
    OpenEvaluation,
    PolicyMigrated,
    ProposalArchived,
    ProposalClosed,
    ProposalReclassified,
    ProposalReopened,
    RaiseProposal,
    Reclassify,
    RecordCorrected,
    ReopenProposal,
    SettleMatter,
    UnresolvedRecorded,
)
from proposals.domain.organisation import Appointed
from proposals.domain.policy import PolicyChecked, PolicySuperseded
from proposals.domain.vocabulary import Personal, Role, Source, Urgency
from proposals.testing import SINCE, Scenario, given, on
from tests.domain.works import (
    CASE,
    DAY,
    LEAD,
    PHOTO,
    ROUND,
    SECOND,
    SPINE,
    asked,
    by,
    called,
    closed,
    counted,
    county,
    decided,
    edition,
    held,
    left_office,
    named,
    open_in,
    photographed,
    reached,
    recorded,
    refusal_of,
    shanghai,
    submitted,
    suspended,
    told,
    verified,
    who_may,
    worked,
)

if TYPE_CHECKING:
    from datetime import datetime

NOTE = AddNote(proposal=CASE, note="The pole leans.", actor="grid-grid-worker")
ATTACH = AttachEvidence(proposal=CASE, evidence=(PHOTO,), actor="grid-grid-worker")
ANSWER = GiveAnswer(proposal=CASE, answer="Soon.", actor="community-coordinator")
RECLASSIFY = Reclassify(
    proposal=CASE, category="safety", urgency=Urgency.URGENT, reason="It sparks.", actor="community-screener"
)
CORRECT = CorrectRecord(
    proposal=CASE,
    event=1,
    field="title",
    value="Lamp 7",
    reason="Misheard.",
    approved_by="street-reviewer",
    actor="community-screener",
)
MIGRATE = MigratePolicy(proposal=CASE, to="policy-2", reason="New rules.", actor="community-tier-officer")
REOPEN = ReopenProposal(proposal=CASE, reason="Dark again.", actor="li")
REOPEN_AS = ReopenProposal(proposal=CASE, reason="Dark again.", category="safety", urgency=Urgency.URGENT, actor="li")
ARCHIVE = ArchiveProposal(proposal=CASE, retention_class="thirty_years", actor="county-archivist")

NOT_ARCHIVED = set(SPINE) - {"archived"}
ENDED = {"closed", "refused", "rejected", "withdrawn", "merged"}
OFFICIALS = {
    "grid-grid-worker", "grid-convenor", "community-screener", "community-coordinator", "water-handler",
    "community-verifier", "street-reviewer", "county-reviewer", "community-tier-officer",
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "states"),
    [
        (NOTE, NOT_ARCHIVED),
        (ATTACH, NOT_ARCHIVED),
        (ANSWER, NOT_ARCHIVED),
        (RECLASSIFY, NOT_ARCHIVED - ENDED),
        (CORRECT, NOT_ARCHIVED),
        (MIGRATE, NOT_ARCHIVED - {"tabled", "evaluating"}),
        (REOPEN, {"closed", "refused", "rejected"}),
        (ARCHIVE, ENDED),
    ],
    ids=named,
)
def test_each_command_is_open_in_these_states_and_no_other(command: Command, states: set[str]) -> None:
    assert open_in(command) == states


@pytest.mark.parametrize(
    ("state", "command", "people"),
    [
        ("handling", NOTE, {*OFFICIALS, "li"}),
        ("handling", ATTACH, {*OFFICIALS, "li"}),
        ("handling", ANSWER, {"grid-grid-worker", "community-screener", "community-coordinator"}),
        ("handling", RECLASSIFY, {"community-screener", "community-coordinator"}),
        ("handling", CORRECT, {"community-screener", "community-coordinator", "county-archivist"}),
        ("handling", MIGRATE, {"community-tier-officer"}),
        ("closed", REOPEN, {"li", "street-reviewer", "county-reviewer"}),
        ("withdrawn", ARCHIVE, {"county-archivist", "system"}),
    ],
    ids=named,
)
def test_these_people_may_and_nobody_else(state: str, command: Command, people: set[str]) -> None:
    assert who_may(reached(state), command) == people


@pytest.mark.parametrize(
    ("state", "command", "unit", "role"),
    [
        ("handling", NOTE, "unit-grid", Role.GRID_WORKER),
        ("handling", ANSWER, "unit-community", Role.COORDINATOR),
        ("withdrawn", ARCHIVE, "unit-county", Role.ARCHIVIST),
    ],
    ids=named,
)
def test_an_office_counts_to_its_last_day(state: str, command: Command, unit: str, role: Role) -> None:
    assert refusal_of(left_office(reached(state), unit, command.actor, role, days_ago=0), command) is None
    assert refusal_of(left_office(reached(state), unit, command.actor, role, days_ago=1), command) == "not_authorised"


# --- notes


@pytest.mark.parametrize(
    ("command", "event"),
    [(NOTE, NoteAdded), (ATTACH, EvidenceAttached), (ANSWER, AnswerGiven), (RECLASSIFY, ProposalReclassified)],
    ids=named,
)
def test_a_note_changes_no_state(command: Command, event: type) -> None:
    scenario = reached("handling")
    before = scenario.state(CASE)

    scenario.when(command).then(event)

    after = scenario.state(CASE)
    assert (after.status, after.due_at, after.last_at) == (before.status, before.due_at, before.last_at)


def test_a_note_is_added_even_to_a_closed_case() -> None:
    assert reached("closed").when(NOTE).then(NoteAdded).state(CASE).status == "closed"


def test_evidence_stands_beside_what_was_there() -> None:
    scenario = reached("verifying")
    assert scenario.state(CASE).evidence == (PHOTO,)

    assert scenario.given(ATTACH).state(CASE).evidence == (PHOTO, PHOTO)


def test_evidence_may_be_entered_late_and_very_late_with_an_approver_on_record() -> None:
    """A photo of 19 March: late entry ends with the 26th."""
    taken = shanghai(3, 19, 12)
    scenario = reached("handling").at(shanghai(3, 27))
    photographed(scenario, taken).then(EvidenceAttached)
    scenario.at(shanghai(3, 27) + SECOND)
    photographed(scenario, taken).then_refused("entered_too_late")
    photographed(scenario, taken, "grid-grid-worker").then_refused("approves_own_act")
    photographed(scenario, taken, "elsewhere-reviewer").then_refused("not_an_approver")

    photographed(scenario, taken, "street-reviewer").then(EvidenceAttached)
    assert recorded(scenario, EvidenceAttached).approved_by == "street-reviewer"


def test_an_answer_answers_the_case() -> None:
    assert not reached("handling").state(CASE).answered
    assert reached("handling").given(ANSWER).state(CASE).answered


def test_a_case_gets_another_category_and_urgency() -> None:
    case = reached("handling").given(RECLASSIFY).state(CASE)

    assert (case.category, case.urgency) == ("safety", "urgent")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"category": "facilities", "urgency": Urgency.NORMAL}, "nothing_changes"),
        ({"category": "facilities"}, None),
        ({"urgency": Urgency.NORMAL}, None),
        ({"category": "weather"}, "not_on_the_list"),
    ],
)
def test_a_reclassification_changes_something_into_what_the_policy_knows(
    fields: dict[str, object], code: str | None
) -> None:
    assert refusal_of(reached("handling"), RECLASSIFY.model_copy(update=fields)) == code


# --- 更正


def test_a_correction_stands_beside_the_record_and_rewrites_nothing() -> None:
    scenario = reached("handling")
    before = list(scenario.facts)

    scenario.when(CORRECT).then(RecordCorrected)

    assert scenario.facts[:-1] == before
    assert scenario.state(CASE).corrections == ((1, "title", "Lamp 7"),)
    assert scenario.state(CASE).title == "Lamp"
    assert scenario.state(CASE).status == "handling"
    assert scenario.given(CORRECT).state(CASE).corrections == ((1, "title", "Lamp 7"),) * 2


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"event": 8}, "no_such_event"),
        ({"event": 7, "field": "orders"}, None),
        ({"event": 2, "field": "title"}, "no_such_field"),
        ({"field": "occurred_at"}, None),
        ({"field": "contact"}, "no_such_field"),
        ({"field": "actor"}, "no_such_field"),
        ({"approved_by": "community-screener"}, "approves_own_act"),
        ({"approved_by": "grid-grid-worker"}, "not_an_approver"),
        ({"approved_by": "elsewhere-reviewer"}, "not_an_approver"),
        ({"approved_by": "street-tier-officer"}, "not_an_approver"),
        ({"approved_by": "community-tier-officer"}, None),
        ({"approved_by": "county-reviewer"}, None),
    ],
)
def test_a_correction_names_what_was_recorded_and_a_second_person(fields: dict[str, object], code: str | None) -> None:
    assert refusal_of(reached("handling"), CORRECT.model_copy(update=fields)) == code


def test_who_keys_a_correction_in_does_not_approve_it() -> None:
    scenario = reached("handling").given(
        on("unit-community", Appointed(person="street-reviewer", role=Role.SCREENER, since=SINCE))
    )

    scenario.when(by(CORRECT, "community-screener", "street-reviewer")).then_refused("approves_own_act")


def test_personal_data_is_not_corrected_in_clear() -> None:
    scenario = given(*county()).given(
        RaiseProposal(
            proposal=CASE,
            place="unit-grid",
            source=Source.MEMBER_PROPOSAL,
            title="Lamp",
            text="Broken.",
            contact=Personal(subject="subject-li", value="13800000000"),
            actor="li",
        )
    )

    scenario.when(CORRECT.model_copy(update={"field": "contact"})).then_refused("no_such_field")


# --- other rules


def migratable(state: str, **changes: Any) -> Scenario:
    return reached(state).given(*edition("policy-2", **changes))


def test_a_case_moves_to_another_edition_and_both_are_named() -> None:
    scenario = migratable("handling").when(MIGRATE).then(PolicyMigrated)

    assert (recorded(scenario, PolicyMigrated).policy, recorded(scenario, PolicyMigrated).to) == (
        "policy-1",
        "policy-2",
    )
    assert scenario.state(CASE).policy == "policy-2"
    assert scenario.state(CASE).status == "handling"


def test_publishing_an_edition_changes_no_case_that_is_under_another() -> None:
    assert migratable("handling").state(CASE).policy == "policy-1"


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("policy-2", None),
        ("policy-3", None),
        ("policy-4", "policy_not_published"),
        ("policy-5", "policy_of_another_unit"),
        ("policy-6", "policy_unknown"),
        ("policy-1", "nothing_changes"),
        ("policy-7", None),
    ],
)
def test_a_case_moves_to_a_published_edition_of_a_unit_over_it(to: str, code: str | None) -> None:
    (draft, _) = edition("policy-4")
    scenario = reached("handling").given(
        *edition("policy-2"),
        *edition("policy-3", unit="unit-grid"),
        draft,
        *edition("policy-5", unit="unit-elsewhere"),
        *edition("policy-7"),
        on("policy-7", PolicySuperseded(by="policy-2")),
    )

    assert refusal_of(scenario, MIGRATE.model_copy(update={"to": to})) == code


def test_an_unknown_edition_is_refused_by_the_rule_that_asks_for_a_published_one() -> None:
    refused = reached("handling").when(MIGRATE).then_refused("policy_unknown").refused

    assert refused is not None
    assert refused.guard == "the_edition_is_published"


def test_a_draft_that_was_only_checked_is_no_edition_yet() -> None:

    (draft, _) = edition("policy-2")
    reached("handling").given(draft, on("policy-2", PolicyChecked())).when(MIGRATE).then_refused("policy_not_published")


def test_from_then_on_the_new_rules_hold() -> None:
    scenario = migratable("verifying", maxima={"verification_failures": 0}).given(MIGRATE)

    failing = FailVerification(proposal=CASE, orders=(LEAD,), reason="Dark.", actor="community-verifier")
    assert refusal_of(scenario, failing) == "limit_reached"


@pytest.mark.parametrize("state", ["handling", "suspended", "verifying", "handled", "reported"])
@pytest.mark.parametrize(("rounds", "code"), [(1, "limit_reached"), (2, None)])
def test_a_case_that_is_still_to_be_evaluated_keeps_a_round(state: str, rounds: int, code: str | None) -> None:
    """Under fewer rounds it could neither be evaluated nor closed."""
    scenario = reached("rectifying").given(DispatchWork(proposal=CASE, assisting=(), actor="community-coordinator"))

    if state == "suspended":
        suspended(scenario, scenario.now + DAY)
    elif state != "handling":
        submitted(worked(scenario, "order-1.3", "water"))
    if state in {"handled", "reported"}:
        verified(scenario)
    if state == "reported":
        told(scenario)
    assert scenario.state(CASE).status == state
    scenario.given(*edition("policy-2", maxima={"rounds": rounds})).when(MIGRATE)

    refused = scenario.refused
    assert (refused.code if refused else None) == code
    assert refused is None or refused.text() == "rounds: the policy's maximum of 1 is reached"


def test_a_case_with_a_way_out_moves_to_fewer_rounds() -> None:
    fewer = edition("policy-2", maxima={"rounds": 1})
    inconclusive = reached("evaluating").given(
        AnnulRound(round=ROUND, reason="Wrong list.", actor="street-reviewer"), *fewer, MIGRATE
    )
    closed(inconclusive)

    unresolved = reached("rectifying").given(
        on(CASE, UnresolvedRecorded(reason="No money.", answer="Later.", review_at=shanghai(12, 1))), *fewer
    )
    assert refusal_of(unresolved, MIGRATE) is None

    rectifying = reached("rectifying").given(*fewer, MIGRATE)

    escalate = EscalateRectification(proposal=CASE, reason="Twice.", actor="community-coordinator")
    assert refusal_of(rectifying, escalate) is None


# --- 重启


@pytest.mark.parametrize("state", ["closed", "refused", "rejected"])
def test_a_case_is_taken_up_again_in_a_new_cycle(state: str) -> None:
    scenario = reached(state).when(REOPEN_AS).then(ProposalReopened)

    case = scenario.state(CASE)
    assert (case.status, case.cycle) == ("accepted", 2)
    assert (case.outcome, case.ended_at, case.plan, case.funding, case.appropriation) == (None, None, None, (), 0)
    assert {case.answered, case.unresolved, case.infeasible, case.last_round_inconclusive} == {False}
    assert case.counts == {"reopenings": 1}
    assert case.live_orders == ()
    assert case.meetings == ()


@pytest.mark.parametrize(
    ("state", "last"),
    [
        ("closed", shanghai(4, 18)),
        ("rejected", shanghai(4, 10)),
        ("refused", shanghai(4, 2)),
    ],
)
def test_it_is_taken_up_inside_the_window_and_not_after(state: str, last: datetime) -> None:
    """Thirty days after 18 March, 10 March and 2 March."""
    scenario = reached(state)

    assert refusal_of(scenario.at(last - SECOND), REOPEN_AS) is None
    assert refusal_of(scenario.at(last), REOPEN_AS) == "window_is_over"


def test_it_is_taken_up_a_bounded_number_of_times_ever() -> None:
    scenario = reached("refused", maxima={"reopenings": 1}).given(REOPEN_AS)
    decide_again(scenario)

    assert scenario.state(CASE).status == "rejected"
    assert scenario.state(CASE).count("reopenings") == 1
    scenario.when(REOPEN).then_refused("limit_reached")


@pytest.mark.parametrize(
    ("state", "category", "code"),
    [
        ("refused", None, "category_needed"),
        ("refused", "safety", None),
        ("refused", "weather", "not_on_the_list"),
        ("rejected", None, None),
        ("closed", None, None),
        ("closed", "safety", None),
        ("closed", "weather", "not_on_the_list"),
    ],
)
def test_what_is_taken_up_again_has_a_category_of_the_policy(
    state: str, category: str | None, code: str | None
) -> None:
    """Who refuses a case says no category, and a reopened one is not screened again."""
    scenario = reached(state)

    assert refusal_of(scenario, REOPEN.model_copy(update={"category": category})) == code
    assert refusal_of(scenario, by(REOPEN.model_copy(update={"category": category}), "street-reviewer")) == code


def test_a_case_without_a_category_is_told_to_name_one_in_both_languages() -> None:
    refused = reached("refused").when(REOPEN).then_refused("category_needed").refused

    assert refused is not None
    assert refused.text() == "proposal-1 has no category yet; name one to reopen it"
    assert refused.text("zh") == "proposal-1 尚无分类，重启时须注明类别"


@pytest.mark.parametrize(
    ("command", "known"),
    [
        (REOPEN, ("facilities", "normal")),
        (REOPEN_AS, ("safety", "urgent")),
        (REOPEN.model_copy(update={"category": "safety"}), ("safety", "normal")),
        (REOPEN.model_copy(update={"urgency": Urgency.URGENT}), ("facilities", "urgent")),
    ],
)
def test_what_is_taken_up_again_keeps_its_category_and_urgency_unless_others_are_named(
    command: ReopenProposal, known: tuple[str, str]
) -> None:
    scenario = reached("closed").when(command).then(ProposalReopened)

    assert (scenario.state(CASE).category, scenario.state(CASE).urgency) == known
    event = recorded(scenario, ProposalReopened)
    assert (event.category, event.urgency) == (command.category, command.urgency)


def decide_again(scenario: Scenario) -> None:
    """From accepted to rejected."""
    start = called(scenario, "meeting-8", "unit-grid", "discuss")
    held(scenario, "meeting-8", "unit-grid", start, None)
    scenario.given(ForwardProposal(proposal=CASE, recommendation="Do.", actor="grid-member1"))
    decided(scenario, "meeting-9", "unit-grid", "against")


def test_a_reopened_case_goes_through_the_steps_again_and_is_answered_again() -> None:
    scenario = reached("closed").given(REOPEN)
    start = called(scenario, "meeting-8", "unit-grid", "discuss")

    held(scenario, "meeting-8", "unit-grid", start, None)
    scenario.given(SettleMatter(proposal=CASE, how="A bulb.", by="grid-member2", actor="grid-member1"))
    assert not scenario.state(CASE).answered
    asked(told(scenario))
    assert scenario.state(CASE).round == "round-1.2"
    counted(scenario, round_="round-1.2").when(
        CloseProposal(proposal=CASE, summary="Bright.", actor="community-coordinator")
    ).then(ProposalClosed)


def test_who_handled_an_earlier_cycle_still_does_not_evaluate() -> None:
    scenario = reached("closed").given(REOPEN)
    start = called(scenario, "meeting-8", "unit-grid", "discuss")

    held(scenario, "meeting-8", "unit-grid", start, None)
    told(scenario.given(SettleMatter(proposal=CASE, how="A bulb.", by="grid-member2", actor="grid-member1")))

    scenario.when(
        OpenEvaluation(proposal=CASE, eligible=("li", "water-handler"), actor="community-coordinator")
    ).then_refused("handlers_evaluate")


# --- 归档


@pytest.mark.parametrize("state", sorted(ENDED))
def test_an_ended_case_goes_into_the_archive_for_a_class_of_the_policy(state: str) -> None:
    scenario = reached(state).at(shanghai(5, 1))
    refused = scenario.when(ARCHIVE.model_copy(update={"retention_class": "for_ever"})).refused
    assert refused is not None
    assert refused.text().startswith("retention_class: for_ever is not on the policy's list")

    scenario.when(ARCHIVE).then(ProposalArchived)
    assert scenario.state(CASE).status == "archived"
    assert scenario.state(CASE).retention_class == "thirty_years"


@pytest.mark.parametrize(("state", "last"), [("closed", (4, 18)), ("rejected", (4, 10)), ("refused", (4, 2))])
def test_what_may_still_be_reopened_is_not_archived(state: str, last: tuple[int, int]) -> None:
    scenario = reached(state)

    assert refusal_of(scenario.at(shanghai(*last) - SECOND), ARCHIVE) == "window_is_open"
    assert refusal_of(scenario.at(shanghai(*last)), ARCHIVE) is None


@pytest.mark.parametrize("state", ["withdrawn", "merged"])
def test_what_cannot_be_reopened_is_archived_at_once(state: str) -> None:
    assert refusal_of(reached(state), ARCHIVE) is None


@pytest.mark.parametrize(("zone", "code"), [("Asia/Shanghai", None), ("UTC", "not_an_approver")])
def test_an_approver_of_a_correction_holds_office_on_the_day_of_the_cases_own_zone(zone: str, code: str | None) -> None:
    """Appointed from the day after: in Shanghai that has begun an hour ago, in London's winter not yet."""
    scenario = reached("raised", time_zone=zone).at(shanghai(3, 3, 1))
    appointed = Appointed(person="newcomer", role=Role.REVIEWER, since=shanghai(3, 3, 9).date())
    scenario.given(on("unit-street", appointed))

    assert refusal_of(scenario, CORRECT.model_copy(update={"approved_by": "newcomer"})) == code
