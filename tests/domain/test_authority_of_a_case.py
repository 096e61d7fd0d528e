"""Roles that follow from a case, keying in for others, and where a role counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from proposals import (
    CastVote,
    CloseItem,
    CloseMeeting,
    ConfirmDecision,
    EscalateDiscussion,
    FixRoll,
    ForwardProposal,
    LapseMeeting,
    MergeProposal,
    MinutesPublished,
    OpenMeeting,
    PublishMinutes,
    RecordAttendance,
    RecordUnresolved,
    Recuse,
    ReferBack,
    ReviseProposal,
    SettleMatter,
    WithdrawProposal,
)
from proposals.domain.authority import ENTERING, JURISDICTION
from proposals.domain.vocabulary import FOLLOWING_FROM_A_CASE, Act, Choice, Role
from proposals.testing import Scenario, on
from tests.domain.stories import (
    DAY,
    D,
    M,
    P,
    a_case_in_discussion,
    a_case_of_the_community,
    a_case_to_decide,
    a_discussed_case,
    a_raised_case,
    a_returned_case,
    a_tabled_case,
    accepting,
    an_accepted_case,
    an_announced_case,
    appoint,
    called,
    closing,
    county,
    in_session,
    opening,
    raising,
    refused,
    rolled,
    rules,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from proposals.domain.event import Command


AREAS = ("unit-county", "unit-street", "unit-community", "unit-grid", "unit-grid2", "unit-water")


def overdue(story: Callable[[], Scenario], stream: str) -> Callable[[], Scenario]:
    """The same, when the time of whoever owns the state is over."""

    def later() -> Scenario:
        scenario = story()
        return scenario.at(scenario.state(stream).due_at)

    return later


def closed_session() -> Scenario:
    scenario = in_session(a_case_in_discussion())
    return scenario.given(closing(scenario, M), CloseMeeting(meeting=M, actor="grid-member1"))


def unresolvable() -> Scenario:
    """At the county, which is the top, with no deferral left."""
    from proposals.domain.decision import DecisionDeferred, DecisionEscalated

    scenario = a_tabled_case()
    for fact in (
        DecisionEscalated(meeting=M, why="motion", unit="unit-county"),
        DecisionDeferred(meeting=M, why="motion"),
        DecisionDeferred(meeting=M, why="motion"),
    ):
        scenario.given(on(P, fact, at=scenario.now))
    return scenario


def unresolved(scenario: Scenario, person: str) -> Command:
    return RecordUnresolved(proposal=P, reason="No", answer="Sorry", review_at=scenario.now + 90 * DAY, actor=person)


# --- roles that follow from a case

OF_THE_CASE: dict[str, tuple[Callable[[], Scenario], Callable[[str], Command], str]] = {
    "ReviseProposal by its proposer": (
        a_raised_case, lambda who: ReviseProposal(proposal=P, title="B", text="T", actor=who), "li",
    ),
    "ReviseProposal of what was returned": (
        a_returned_case, lambda who: ReviseProposal(proposal=P, title="B", text="T", actor=who), "li",
    ),
    "WithdrawProposal by its proposer": (
        a_raised_case, lambda who: WithdrawProposal(proposal=P, reason="Mended", actor=who), "li",
    ),
    "SettleMatter by the chair": (
        a_discussed_case,
        lambda who: SettleMatter(proposal=P, how="A new bulb", by="resident2", actor=who), "grid-member1",
    ),
    "ForwardProposal by the chair": (
        a_discussed_case,
        lambda who: ForwardProposal(proposal=P, recommendation="Mend it", actor=who), "grid-member1",
    ),
    "ReferBack by the chair": (
        a_discussed_case, lambda who: ReferBack(proposal=P, reason="Which?", actor=who), "grid-member1",
    ),
    "EscalateDiscussion by the chair": (
        a_discussed_case, lambda who: EscalateDiscussion(proposal=P, reason="Too big", actor=who), "grid-member1",
    ),
    "FixRoll by the chair": (
        lambda: called(an_accepted_case()), lambda who: FixRoll(meeting=M, actor=who), "grid-member1",
    ),
    "RecordAttendance by the chair": (
        lambda: rolled(called(an_accepted_case())),
        lambda who: RecordAttendance(meeting=M, present=("grid-member2",), actor=who), "grid-member1",
    ),
    "OpenMeeting by the chair": (
        lambda: rolled(called(an_accepted_case())).given(
            RecordAttendance(meeting=M, present=tuple(f"grid-member{n}" for n in range(1, 6)), actor="grid-member1")
        ),
        lambda who: OpenMeeting(meeting=M, actor=who), "grid-member1",
    ),
    "LapseMeeting by the chair": (
        lambda: rolled(called(an_accepted_case())), lambda who: LapseMeeting(meeting=M, actor=who), "grid-member1",
    ),
    "CloseItem by the chair": (
        lambda: a_case_to_decide().given(CastVote(meeting=D, item=1, choice=Choice.FOR, actor="grid-member2")),
        lambda who: CloseItem(meeting=D, item=1, actor=who), "grid-member1",
    ),
    "CloseMeeting by the chair": (
        lambda: (s := in_session(a_case_in_discussion())).given(closing(s, M)),
        lambda who: CloseMeeting(meeting=M, actor=who), "grid-member1",
    ),
    "PublishMinutes by the chair": (
        closed_session, lambda who: PublishMinutes(meeting=M, minutes="All", actor=who), "grid-member1",
    ),
    "Recuse by a member of the roll": (
        a_case_to_decide, lambda who: Recuse(meeting=D, item=1, reason="My lamp", actor=who), "grid-member2",
    ),
    "ConfirmDecision by the chair": (
        overdue(an_announced_case, P), lambda who: ConfirmDecision(proposal=P, actor=who), "grid-member1",
    ),
    "ConfirmDecision by the system": (
        overdue(an_announced_case, P), lambda who: ConfirmDecision(proposal=P, actor=who), "system",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("story", "command", "person"), OF_THE_CASE.values(), ids=OF_THE_CASE.keys())
def test_a_role_that_follows_from_the_case_belongs_to_that_person_alone(
    story: Callable[[], Scenario], command: Callable[[str], Any], person: str
) -> None:
    done = story().when(command(person))
    assert done.refused is None, done.refused
    refused(story().when(command("resident9")), "not_authorised")
    other = story()
    beside = {Role.CONVENOR, *([Role.TIER_OFFICER] if isinstance(command(person), EscalateDiscussion) else [])}
    for role in set(Role) - FOLLOWING_FROM_A_CASE - beside:
        other.given(*(appoint("busybody", role, unit) for unit in AREAS))
    refused(other.when(command("busybody")), "not_authorised")


def test_a_refusal_for_want_of_a_role_names_person_roles_unit_and_day() -> None:
    refused(
        a_raised_case().when(accepting(actor="resident1")),
        "not_authorised",
        actor="resident1",
        command="AcceptProposal",
        roles=["screener"],
        unit="unit-grid",
        day="2026-03-02",
    )


# --- keying in


@pytest.mark.parametrize("role", ENTERING)
def test_these_roles_over_the_place_may_key_in_what_others_did(role: Role) -> None:
    unit = "unit-grid" if role is Role.CONVENOR else "unit-community"
    scenario = county().given(appoint("clerk", role, unit))
    assert scenario.when(raising(entered_by="clerk")).refused is None


@pytest.mark.parametrize("role", sorted(set(Role) - set(ENTERING) - FOLLOWING_FROM_A_CASE - {Role.LINKED_LEADER}))
def test_no_other_role_lets_a_person_key_in_for_others(role: Role) -> None:
    scenario = county().given(*(appoint("clerk", role, unit) for unit in AREAS))
    refused(scenario.when(raising(entered_by="clerk")), "may_not_enter_for_others")


def test_a_chair_may_key_in_for_others_in_their_meeting_and_a_member_may_not() -> None:
    scenario = closed_session()
    command = PublishMinutes(meeting=M, minutes="All", actor="grid-convenor", entered_by="grid-member4")
    refused(scenario.at(scenario.state(M).due_at).when(command), "may_not_enter_for_others")
    scenario.when(command.model_copy(update={"entered_by": "grid-member1"})).then(MinutesPublished)


def test_a_new_clerk_enters_what_was_done_before_they_came() -> None:
    scenario = county().at(county().now + 3 * DAY)
    scenario.given(appoint("clerk", "grid_worker", "unit-grid", scenario.context().day(scenario.now)))
    yesterday = scenario.now - DAY
    scenario.when(raising(at=yesterday, entered_by="clerk"))
    assert scenario.refused is None, scenario.refused
    assert scenario.recorded[0].occurred_at == yesterday


def test_a_clerk_who_has_left_enters_nothing_any_more() -> None:
    scenario = county()
    today = scenario.context().day(scenario.now)
    scenario.given(appoint("clerk", "grid_worker", "unit-grid", today, today)).at(scenario.now + DAY)
    refused(scenario.when(raising(at=scenario.now - DAY, entered_by="clerk")), "may_not_enter_for_others")


def test_the_role_counts_on_the_day_of_the_act_not_on_that_of_the_entry() -> None:
    scenario = a_raised_case()
    today = scenario.context().day(scenario.now)
    scenario.given(appoint("locum", "screener", "unit-community", today, today))
    noon = scenario.now
    scenario.at(noon + DAY)
    refused(scenario.when(accepting(actor="locum")), "not_authorised")
    scenario.when(accepting(actor="locum", at=noon, entered_by="grid-grid-worker"))
    assert scenario.refused is None


def test_the_day_of_a_role_is_the_local_day_of_the_policy() -> None:
    """Eleven in the evening in Shanghai is the same day there, and three in the afternoon in UTC."""
    for zone, allowed in (("Asia/Shanghai", False), ("UTC", True)):
        scenario = county(rules(time_zone=zone)).given(raising())
        today = scenario.context().day(scenario.now)
        scenario.given(appoint("locum", "screener", "unit-community", today, today))
        scenario.at(scenario.now.replace(hour=16, minute=30)).when(accepting(actor="locum"))
        assert (scenario.refused is None) is allowed


# --- jurisdiction


def test_after_an_escalation_the_convenor_of_the_unit_above_acts_and_the_one_below_no_longer() -> None:
    scenario = called(a_case_of_the_community("accepted"), meeting="meeting-3", unit="community")
    refused(scenario.when(opening("meeting-3")), "not_authorised")
    assert scenario.when(opening("meeting-3", "community")).refused is None


def test_screeners_stay_those_of_the_community_and_above_wherever_the_case_has_risen() -> None:
    scenario = a_case_of_the_community("accepted").given(raising(proposal="proposal-2", actor="wang"))
    merge = MergeProposal(proposal=P, into="proposal-2", reason="Same", actor="community-screener")
    assert scenario.when(merge).refused is None


def test_at_the_top_the_officer_of_the_county_itself_is_the_one_above() -> None:
    scenario = unresolvable()
    assert scenario.when(unresolved(scenario, "county-tier-officer")).refused is None
    refused(scenario.when(unresolved(scenario, "street-tier-officer")), "wrong_state")


def test_the_officer_of_a_case_below_the_top_is_that_of_the_unit_above() -> None:
    scenario = a_tabled_case()
    refused(scenario.when(unresolved(scenario, "street-tier-officer")), "not_authorised")
    refused(scenario.when(unresolved(scenario, "community-tier-officer")), "not_top_tier", unit="unit-grid")


def test_every_role_one_is_appointed_to_has_a_jurisdiction_or_is_mentioned_in_no_rule() -> None:
    without = set(Role) - set(JURISDICTION) - FOLLOWING_FROM_A_CASE
    assert without == {Role.EXTERNAL_EVALUATOR, Role.LINKED_LEADER}


def test_acts_share_a_person_when_either_actor_had_a_hand_in_the_other() -> None:
    li, clerk = Act("li", "li"), Act("li", "clerk")
    assert li.shares_a_person_with(clerk)
    assert clerk.shares_a_person_with(Act("clerk", "clerk"))
    assert Act("clerk", "clerk").shares_a_person_with(clerk)
    assert not Act("wang", "clerk").shares_a_person_with(clerk)
    assert not li.shares_a_person_with(Act("wang", "wang"))
