"""Data subjects: a key with the first personal data, and its end on a ground that two people stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from proposals import EraseSubject, ProposalRaised, RaiseProposal, SubjectErased, SubjectKeyCreated
from proposals.domain.data_subject import CreateSubjectKey
from proposals.domain.errors import Refused
from proposals.domain.organisation import Appointed
from proposals.domain.vocabulary import Personal, Role, Source
from proposals.testing import SINCE, Scenario, given, on
from tests.domain.works import by, county, left_office, recorded, refusal_of, shanghai, who_may

if TYPE_CHECKING:
    from datetime import datetime

SUBJECT = "subject-li"
ERASE = EraseSubject(
    subject=SUBJECT,
    ground="Article 47",
    reason="Consent was withdrawn.",
    approved_by="county-reviewer",
    actor="county-archivist",
)


def with_contact(proposal: str = "proposal-1", place: str = "unit-grid") -> RaiseProposal:
    return RaiseProposal(
        proposal=proposal,
        place=place,
        source=Source.MEMBER_PROPOSAL,
        title="Lamp",
        text="Broken.",
        contact=Personal(subject=SUBJECT, value="13800000000"),
        actor="li",
    )


def keyed() -> Scenario:
    return given(*county()).given(with_contact())


def test_the_first_personal_data_brings_the_key_and_what_follows_uses_it() -> None:
    scenario = given(*county()).when(with_contact()).then(ProposalRaised, SubjectKeyCreated)
    assert scenario.state(SUBJECT).status == "keyed"
    assert scenario.state(SUBJECT).commitment == recorded(scenario, SubjectKeyCreated).commitment

    scenario.when(with_contact("proposal-2")).then(ProposalRaised)


def test_the_subjects_own_stream_never_holds_the_data() -> None:
    facts = [fact for fact in keyed().facts if fact.stream == SUBJECT]

    assert all("13800000000" not in fact.event.model_dump_json() for fact in facts)
    assert facts


def test_a_key_is_destroyed_on_a_ground_and_for_good() -> None:
    scenario = keyed().when(ERASE).then(SubjectErased)

    assert scenario.state(SUBJECT).status == "erased"
    assert scenario.state(SUBJECT).ground == "Article 47"
    assert recorded(scenario, SubjectErased).approved_by == "county-reviewer"
    scenario.when(ERASE).then_refused("wrong_state")


def test_after_erasure_no_data_of_that_subject_is_stored_again() -> None:
    keyed().given(ERASE).when(with_contact("proposal-2")).then_refused("subject_erased")


def test_an_unknown_subject_has_nothing_to_erase() -> None:
    given(*county()).when(ERASE).then_refused("no_such_stream")


def test_an_archivist_where_the_data_are_or_above_erases_and_nobody_else() -> None:
    """`elsewhere-archivist` keeps the archive of another community, and cannot say that the data are theirs."""
    assert who_may(keyed(), ERASE) == {"county-archivist"}
    archivist = on("unit-grid", Appointed(person="grid-archivist", role=Role.ARCHIVIST, since=SINCE))
    scenario = keyed().given(archivist)
    assert refusal_of(scenario, by(ERASE, "grid-archivist")) is None
    assert refusal_of(scenario, by(ERASE, "elsewhere-archivist")) == "not_authorised"


def test_the_first_case_with_the_data_says_who_answers_for_them() -> None:
    scenario = given(*county()).when(with_contact()).then(ProposalRaised, SubjectKeyCreated)
    assert recorded(scenario, SubjectKeyCreated).place == scenario.state(SUBJECT).place == "unit-grid"
    scenario.given(on("unit-grid2", Appointed(person="li", role=Role.PARTY_MEMBER, since=SINCE)))
    assert scenario.given(with_contact("proposal-2", place="unit-grid2")).state(SUBJECT).place == "unit-grid"


@pytest.mark.parametrize(("days_ago", "code"), [(0, None), (1, "not_authorised")])
def test_an_archivist_erases_up_to_the_last_day_in_office(days_ago: int, code: str | None) -> None:
    scenario = left_office(keyed(), "unit-county", "county-archivist", Role.ARCHIVIST, days_ago)

    assert refusal_of(scenario, ERASE) == code


@pytest.mark.parametrize(
    ("approver", "code"),
    [
        ("county-reviewer", None),
        ("county-principal", None),
        ("community-principal", None),
        ("street-reviewer", None),
        ("county-registrar", "may_not_approve_erasure"),
        ("county-archivist", "approves_own_act"),
        ("elsewhere-reviewer", "may_not_approve_erasure"),
    ],
)
def test_what_cannot_be_undone_takes_two(approver: str, code: str | None) -> None:
    assert refusal_of(keyed(), ERASE.model_copy(update={"approved_by": approver})) == code


def test_who_keys_it_in_does_not_approve_it() -> None:
    scenario = keyed().given(on("unit-county", Appointed(person="county-reviewer", role=Role.REGISTRAR, since=SINCE)))

    scenario.when(by(ERASE, "county-archivist", "county-reviewer")).then_refused("approves_own_act")


@pytest.mark.parametrize(("at", "code"), [(shanghai(3, 2, 23), None), (shanghai(3, 3), "may_not_approve_erasure")])
def test_an_approver_holds_office_on_the_local_day(at: datetime, code: str | None) -> None:
    scenario = left_office(keyed(), "unit-county", "county-reviewer", Role.REVIEWER, 0)

    assert refusal_of(scenario.at(at), ERASE) == code


def test_a_key_is_never_asked_for_by_itself_a_second_time() -> None:
    again = CreateSubjectKey(subject=SUBJECT, commitment="a" * 64, place="unit-grid", actor="system")

    with pytest.raises(Refused, match="already_exists"):
        keyed().given(again)
