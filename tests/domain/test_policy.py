"""Policy editions: drafted, checked, signed by another, in force from a day; and what a pinned case keeps."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, settings
from hypothesis import given as for_all
from hypothesis import strategies as st
from pydantic import ValidationError

from proposals import (
    AppointmentEnded,
    CheckPolicy,
    DraftPolicy,
    PolicyChecked,
    PolicyDrafted,
    PolicyEnacted,
    PolicyPublished,
    PolicySuperseded,
    PublishPolicy,
    UnitClosed,
)
from proposals.adapters.policies import default_policy
from proposals.domain.policy import PolicyStatus
from proposals.domain.rules import (
    Base,
    Deadline,
    PeriodUnit,
    PeriodValue,
    ProcessPolicy,
    Threshold,
    differences,
)
from proposals.domain.vocabulary import Act, Kind, Role, Urgency
from proposals.testing import MORNING, on
from tests.domain.stories import (
    DAY,
    SECOND,
    TODAY,
    P,
    a_raised_case,
    accepting,
    appoint,
    county,
    raising,
    refused,
    rules,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from proposals.testing import Scenario

E = "policy-2"
BY = "county-registrar"


def drafting(policy: ProcessPolicy | None = None, **changes: Any) -> DraftPolicy:
    fields = {"policy": E, "unit": "unit-county", "rules": policy or default_policy(), "actor": BY}
    return DraftPolicy.model_validate({**fields, **changes})


CHECK = CheckPolicy(policy=E, actor=BY)


def publishing(effective: date = TODAY + 30 * DAY, **changes: Any) -> PublishPolicy:
    return PublishPolicy.model_validate({"policy": E, "effective": effective, "actor": "county-principal", **changes})


def drafted(policy: ProcessPolicy | None = None) -> Scenario:
    return county().given(drafting(policy))


def checked(policy: ProcessPolicy | None = None) -> Scenario:
    return drafted(policy).given(CHECK)


# --- an edition's life


def test_a_registrar_drafts_an_edition_for_a_unit_and_all_below_it() -> None:
    scenario = county().when(drafting(entered_by="county-importer"))
    scenario.then(PolicyDrafted(unit="unit-county", rules=default_policy()))
    edition = scenario.state(E)
    assert (edition.status, edition.unit, edition.rules) == (PolicyStatus.DRAFTED, "unit-county", default_policy())
    assert edition.drafted_by == Act(BY, "county-importer")


@pytest.mark.parametrize("story", [drafted, checked])
def test_a_draft_is_written_anew_until_it_is_published_and_has_to_be_checked_again(
    story: Callable[[], Scenario],
) -> None:
    scenario = story().when(drafting(rules(title_limit=50)))
    assert scenario.then(PolicyDrafted).state(E).rules.title_limit == 50
    refused(scenario.when(publishing()), "wrong_state")


def test_a_draft_stays_with_its_unit() -> None:
    refused(drafted().when(drafting(unit="unit-street")), "policy_of_another_unit", policy=E, unit="unit-county")


def test_an_edition_is_for_an_open_unit() -> None:
    refused(county().when(drafting(unit="unit-x", actor="system")), "no_such_unit", unit="unit-x")
    scenario = county().given(on("unit-street", UnitClosed(reason="Merged")))
    refused(scenario.when(drafting(unit="unit-street")), "unit_is_closed", unit="unit-street")


def test_who_drafts_and_checks() -> None:
    assert county().when(drafting()).refused is None
    assert drafted().when(CHECK).refused is None
    refused(county().when(drafting(actor="county-principal")), "not_authorised")
    refused(drafted().when(CHECK.model_copy(update={"actor": "county-principal"})), "not_authorised")
    refused(drafted().when(drafting(actor="system")), "not_authorised")  # the system writes nobody's draft anew
    scenario = county().given(appoint("clerk", "registrar", "unit-street"))
    refused(scenario.when(drafting(actor="clerk")), "not_authorised")
    assert scenario.when(drafting(actor="clerk", unit="unit-grid")).refused is None


def test_the_system_drafts_and_checks_only_where_nobody_is_registrar() -> None:
    check = CHECK.model_copy(update={"actor": "system"})
    refused(county().when(drafting(actor="system")), "system_only_founds", unit="unit-county")
    refused(county().when(drafting(actor="system", unit="unit-grid")), "system_only_founds", unit="unit-county")
    refused(drafted().when(check), "system_only_founds", unit="unit-county")
    left = AppointmentEnded(person=BY, role=Role.REGISTRAR, until=TODAY - DAY, reason="Retired")
    scenario = county().given(on("unit-county", left)).given(drafting(actor="system"))
    assert scenario.when(check).refused is None


def test_a_draft_without_errors_passes_and_its_remarks_are_noted() -> None:
    scenario = drafted(rules(maxima={"reopenings": 0, "deferrals": 0})).when(CHECK)
    scenario.then(PolicyChecked(remarks=("policy_unreachable", "policy_unreachable")))
    assert scenario.state(E).status is PolicyStatus.CHECKED


def test_a_draft_with_errors_does_not_pass() -> None:
    bad = rules(majority={"numerator": 0, "denominator": 2, "strict": False, "base": "due"}, maxima={"reopenings": 0})
    refused(drafted(bad).when(CHECK), "policy_has_errors", findings=["policy_always_met"])


def test_an_unchecked_draft_is_not_published() -> None:
    refused(drafted().when(publishing()), "wrong_state")


def test_the_principal_puts_it_into_force_from_a_day_on_and_the_one_before_is_superseded() -> None:
    effective = TODAY + 30 * DAY
    scenario = checked().when(publishing(effective)).then(
        PolicyPublished(unit="unit-county", effective=effective),
        PolicyEnacted(policy=E, begins=datetime(2026, 3, 31, 16, tzinfo=UTC)),
        PolicySuperseded(by=E),
    )  # fmt: skip
    assert [fact.stream for fact in scenario.recorded] == [E, "unit-county", "policy-1"]
    assert (scenario.state(E).status, scenario.state(E).effective) == (PolicyStatus.PUBLISHED, effective)
    old = scenario.state("policy-1")
    assert (old.status, old.superseded_by) == (PolicyStatus.SUPERSEDED, E)


def test_an_edition_begins_with_its_first_day_in_its_own_zone() -> None:
    scenario = checked(rules(time_zone="Pacific/Kiritimati")).given(publishing(TODAY + 2 * DAY))
    unit = scenario.state("unit-county")
    midnight = datetime(2026, 3, 3, 10, tzinfo=UTC)  # of the 4th there, while Shanghai still has the 3rd
    assert [unit.policy_at(at) for at in (midnight - SECOND, midnight)] == ["policy-1", E]


def test_the_first_edition_of_a_unit_supersedes_none() -> None:
    scenario = county().given(drafting(unit="unit-street"), CHECK)
    scenario.when(publishing(actor="street-principal")).then(PolicyPublished, PolicyEnacted)


def test_who_signs_is_a_principal_of_that_unit() -> None:
    for actor in (BY, "system", "street-principal", "water-principal"):
        refused(checked().when(publishing(actor=actor)), "not_authorised")


def test_who_signs_is_not_who_wrote() -> None:
    scenario = county().given(appoint("zhao", "registrar", "unit-county"), appoint("zhao", "principal", "unit-county"))
    scenario.given(drafting(actor="zhao"), CHECK)
    refused(scenario.when(publishing(actor="zhao")), "publisher_drafted", actor="zhao", entered_by="zhao", other="zhao")
    assert scenario.when(publishing()).refused is None
    keyed = county().given(drafting(entered_by="county-importer"), CHECK)
    keyed.given(appoint("county-importer", "principal", "unit-county"))
    refused(keyed.when(publishing(actor="county-importer")), "publisher_drafted")


def test_rules_do_not_reach_back() -> None:
    refused(checked().when(publishing(TODAY - DAY)), "policy_reaches_back", effective="2026-03-01", today="2026-03-02")
    assert checked().when(publishing(TODAY)).refused is None


def test_today_is_that_of_the_editions_own_zone() -> None:
    scenario = checked(rules(time_zone="Pacific/Kiritimati"))  # fourteen hours ahead: there it is the 3rd at noon
    scenario.at(scenario.now.replace(hour=11))
    refused(scenario.when(publishing(TODAY)), "policy_reaches_back")
    assert scenario.when(publishing(TODAY + DAY)).refused is None


def test_who_signs_holds_the_office_on_that_local_day() -> None:
    scenario = checked(rules(time_zone="Pacific/Kiritimati")).at(MORNING.replace(hour=11))
    scenario.given(appoint("zhao", "principal", "unit-county", TODAY + DAY))
    assert scenario.when(publishing(actor="zhao")).refused is None


def test_a_published_edition_is_neither_written_nor_published_again() -> None:
    scenario = checked().given(publishing())
    refused(scenario.when(drafting()), "already_exists", stream=E, status="published")
    for command in (CHECK, publishing()):
        refused(scenario.when(command), "wrong_state")


def test_no_role_follows_from_a_policy_by_itself() -> None:
    assert county().state("policy-1").is_in(Role.CHAIR, "li", None, county().context()) is False


# --- pinning


def test_a_case_keeps_the_edition_it_was_raised_under() -> None:
    scenario = a_raised_case().given(drafting(rules(categories={"other": "Other"})), CHECK, publishing(TODAY))
    scenario.given(raising(proposal="proposal-2", actor="wang"))
    assert [scenario.state(case).policy for case in (P, "proposal-2")] == ["policy-1", E]
    assert scenario.when(accepting()).refused is None
    refused(scenario.when(accepting(proposal="proposal-2")), "not_on_the_list")


def test_the_edition_of_the_nearest_unit_counts_from_its_day_on() -> None:
    scenario = county().given(drafting(unit="unit-street"), CHECK, publishing(TODAY + DAY, actor="street-principal"))
    assert scenario.given(raising()).state(P).policy == "policy-1"
    scenario.at(scenario.now + DAY).given(raising(proposal="proposal-2"))
    assert scenario.state("proposal-2").policy == E


@st.composite
def other_rules(draw: st.DrawFn) -> ProcessPolicy:
    """Some other edition."""
    return rules(
        maxima={"returns": draw(st.integers(0, 5)), "revisions": draw(st.integers(0, 5))},
        minimum_cosigners=draw(st.integers(0, 5)),
        title_limit=draw(st.integers(1, 200)),
        deadlines={"proposal": {"returned": {"within": f"{draw(st.integers(1, 99))} days"}}},
        late_entry=f"{draw(st.integers(0, 9))} days",
        time_zone=draw(st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"])),
    )


@settings(max_examples=settings().max_examples // 4)
@for_all(other_rules(), st.lists(st.sampled_from(["return", "revise", "accept", "tick"]), max_size=8))
def test_another_edition_changes_nothing_in_a_case_that_is_pinned(policy: ProcessPolicy, walk: list[str]) -> None:
    """The same commands, once with and once without another edition coming into force after the case was raised."""
    from proposals import ReturnProposal, ReviseProposal

    told: list[list[object]] = []
    for meanwhile in ([], [drafting(policy), CHECK, publishing(TODAY)]):
        scenario = a_raised_case().given(*meanwhile)
        story: list[object] = []
        for number, step in enumerate(walk):
            if step == "tick":
                scenario.at(scenario.now + 9 * DAY).tick()
            else:
                command = {
                    "return": ReturnProposal(proposal=P, reason="Which?", actor="community-screener"),
                    "revise": ReviseProposal(proposal=P, title="A lamp post" * 5, text=str(number), actor="li"),
                    "accept": accepting(),
                }[step]
                scenario.when(command)
                story.append(scenario.refused and scenario.refused.code)
        story += [fact.event for fact in scenario.facts if fact.stream == P]
        told.append(story)
    assert told[0] == told[1]


# --- what a policy file may say


@pytest.mark.parametrize(
    ("text", "count", "unit"),
    [
        ("2 hours", 2, PeriodUnit.HOURS),
        ("1 hour", 1, PeriodUnit.HOURS),
        ("15 days", 15, PeriodUnit.DAYS),
        ("1 working day", 1, PeriodUnit.WORKING_DAYS),
        ("3650 working days", 3_650, PeriodUnit.WORKING_DAYS),
        ("0 days", 0, PeriodUnit.DAYS),
    ],
)
def test_a_period_reads_as_people_say_it(text: str, count: int, unit: PeriodUnit) -> None:
    period = rules(late_entry=text).late_entry
    assert period == PeriodValue(count=count, unit=unit)
    assert str(period) == f"{count} {unit.value}"
    assert rules(late_entry=str(period)).late_entry == period
    assert rules(late_entry={"count": count, "unit": unit.value}).late_entry == period


@pytest.mark.parametrize("text", ["", "5", "days", "-1 days", "1.5 days", "5 weeks", "10000 days", "3651 days", 7])
def test_a_period_that_is_none_is_refused(text: object) -> None:
    with pytest.raises(ValidationError) as told:
        rules(late_entry=text)
    if isinstance(text, str) and text != "3651 days":
        assert "is no period of at most four digits; write '2 hours', '15 days' or '5 working days'" in str(told.value)


def test_a_time_zone_is_one_that_exists() -> None:
    for zone in ("Asia/Nowhere", "../etc/passwd", ""):
        with pytest.raises(ValidationError, match="is no time zone; use an IANA name such as Asia/Shanghai"):
            rules(time_zone=zone)


def share(numerator: int, denominator: int, *, strict: bool = False) -> Threshold:
    return Threshold(numerator=numerator, denominator=denominator, strict=strict, base=Base.DUE)


def test_a_share_is_met_exactly_without_rounding() -> None:
    two_thirds, half = share(2, 3), share(1, 2, strict=True)
    assert [two_thirds.is_met(n, 9) for n in (5, 6, 7)] == [False, True, True]
    assert [two_thirds.is_met(n, 10) for n in (6, 7)] == [False, True]
    assert [half.is_met(n, 10) for n in (5, 6)] == [False, True]
    assert [half.is_met(n, 9) for n in (4, 5)] == [False, True]
    assert share(1, 2).is_met(5, 10)


@pytest.mark.parametrize("base", [0, -1])
def test_an_empty_base_never_meets_a_share(base: int) -> None:
    assert not share(0, 1).is_met(0, base)
    assert not share(1, 2).is_met(5, base)
    assert share(0, 1).is_met(0, 1)


def test_a_share_above_the_whole_could_never_be_met() -> None:
    for numerator, strict in ((4, False), (3, True)):
        with pytest.raises(ValidationError, match="is above the whole and could never be met"):
            share(numerator, 3, strict=strict)
    assert share(3, 3).is_met(3, 3)
    assert share(2, 3, strict=True).is_met(3, 3)


@for_all(st.integers(0, 9), st.integers(1, 9), st.booleans(), st.integers(0, 40), st.integers(1, 40))
def test_more_of_the_same_base_never_falls_below_a_share_again(
    numerator: int,
    denominator: int,
    strict: bool,  # noqa: FBT001
    count: int,
    base: int,
) -> None:
    assume(numerator < denominator or (numerator == denominator and not strict))
    threshold = share(numerator, denominator, strict=strict)
    assert threshold.is_met(count, base) <= threshold.is_met(count + 1, base)


def test_every_urgency_has_its_times() -> None:
    for field in ("acknowledge_within", "handle_within"):
        with pytest.raises(ValidationError, match=f"{field} lacks normal, complex"):
            rules(**{field: {"urgent": "2 hours"}})


def test_a_round_is_never_so_small_that_it_shows_who_voted_how() -> None:
    with pytest.raises(ValidationError, match="minimum_ballots is below min_cell: a round that small would show who"):
        rules(minimum_ballots=2, min_cell=3)
    assert rules(minimum_ballots=3, min_cell=3).min_cell == 3


def test_the_clock_archives_in_a_class_there_is() -> None:
    with pytest.raises(ValidationError, match="archive_as is none of the retention classes: ten_years, thirty_years"):
        rules(archive_as="for_ever")


def test_there_is_always_a_round_and_no_loop_is_without_a_bound() -> None:
    for maxima in ({"rounds": 0}, {"returns": 101}, {"returns": None}, {"returns": -1}, {"returns": "2"}):
        with pytest.raises(ValidationError):
            rules(maxima=maxima)


def test_a_deadline_is_looked_up_by_kind_and_state() -> None:
    policy = default_policy()
    assert policy.deadline(Kind.PROPOSAL, "raised") == policy.deadlines[Kind.PROPOSAL]["raised"]
    assert isinstance(policy.deadline(Kind.MEETING, "called"), Deadline)
    for kind, status in ((Kind.PROPOSAL, "archived"), (Kind.UNIT, "open"), (Kind.PROPOSAL, None)):
        assert policy.deadline(kind, status) is None


def test_editions_are_compared_field_by_field() -> None:
    old, new = default_policy(), rules(title_limit=50, maxima={"rounds": 3})
    assert differences(old, old) == {}
    found = differences(old, new)
    assert found["title_limit"] == (100, 50)
    assert found.keys() == {"title_limit", "maxima"}
    assert (found["maxima"][0]["rounds"], found["maxima"][1]["rounds"]) == (2, 3)


def test_the_shipped_policy_is_what_the_design_proposes() -> None:
    policy = default_policy()
    assert str(policy.meeting_notice) == "3 days"
    assert policy.quorum == share(2, 3)
    assert policy.majority == share(1, 2, strict=True)
    assert (policy.pass_mark.numerator, policy.pass_mark.denominator) == (85, 100)
    assert {urgency: str(period) for urgency, period in policy.handle_within.items()} == {
        Urgency.URGENT: "7 working days", Urgency.NORMAL: "15 working days", Urgency.COMPLEX: "30 working days",
    }  # fmt: skip
    assert str(policy.reopen_window) == "30 days"
