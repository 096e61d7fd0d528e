"""Votes in a meeting: who may cast them, whom they are measured against, and what they come to."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import assume, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from proposals import (
    CastVote,
    ItemClosed,
    MemberRecused,
    Recuse,
    VoteCast,
)
from proposals.adapters.policies import default_policy
from proposals.domain.case import S
from proposals.domain.meeting import Meeting, Outcome, Tally, outcome_of
from proposals.domain.organisation import PolicyEnacted
from proposals.domain.policy import PolicyDrafted
from proposals.domain.rules import Base, Threshold
from proposals.domain.vocabulary import Choice, Motion
from proposals.testing import MORNING, Scenario, on
from tests.domain.stories import (
    DAY,
    D,
    M,
    P,
    a_case_in_discussion,
    a_case_to_decide,
    a_tabled_case,
    accepting,
    called,
    closing,
    in_session,
    item,
    members,
    raising,
    refused,
    rules,
    voted,
)

CHAIR = "grid-member1"


def voting(choice: str = "for", member: str = "grid-member2", number: int = 1, **changes: Any) -> CastVote:
    return CastVote.model_validate({"meeting": D, "item": number, "choice": choice, "actor": member, **changes})


def recusing(member: str = "grid-member2", number: int = 1, meeting: str = D) -> Recuse:
    return Recuse(meeting=meeting, item=number, reason="It is my lamp", actor=member)


def closed(scenario: Scenario) -> ItemClosed:
    """The item's outcome, with its counts."""
    scenario.when(closing(scenario))
    assert scenario.refused is None, scenario.refused
    event = scenario.recorded[0].event
    assert isinstance(event, ItemClosed)
    assert scenario.state(D).outcomes == {1: event.outcome}
    return event


# --- casting


def test_a_member_who_is_there_votes_and_may_change_it_until_the_item_closes() -> None:
    scenario = a_case_to_decide().when(voting("against")).then(VoteCast(item=1, choice=Choice.AGAINST))
    scenario.given(voting("for"))
    assert scenario.state(D).votes == {(1, "grid-member2"): Choice.FOR}
    event = closed(scenario)
    assert (event.votes_for, event.votes_against, event.abstained) == (1, 0, 0)


def test_after_it_is_closed_nobody_votes_any_more_and_it_is_not_closed_again() -> None:
    scenario = a_case_to_decide(motion="defer").given(voting("against"))
    scenario.given(closing(scenario))
    refused(scenario.when(voting()), "item_not_open", item=1)
    refused(scenario.when(recusing()), "item_not_open", item=1)
    refused(scenario.when(closing(scenario)), "item_not_open", item=1)


@pytest.mark.parametrize("motion", ["adopt", "defer", "escalate"])
def test_no_matter_is_lost_before_somebody_has_voted(motion: str) -> None:
    scenario = a_case_to_decide(motion=motion)
    refused(scenario.when(closing(scenario)), "nobody_has_voted", item=1)
    refused(scenario.given(voting("against", member=CHAIR)).when(closing(scenario)), "nobody_has_voted", item=1)
    assert closed(scenario.given(voting("abstain"))).outcome == Outcome.LOST


def test_an_item_from_which_all_stepped_aside_is_closed_without_a_vote() -> None:
    scenario = a_case_to_decide().given(*(recusing(member) for member in members()))
    assert closed(scenario).outcome == Outcome.NO_QUORUM


def test_the_chair_keys_in_nobody_elses_vote_and_nobody_out_of_one() -> None:
    scenario = a_case_to_decide()
    for command in (voting(entered_by=CHAIR), recusing().model_copy(update={"entered_by": CHAIR})):
        refused(scenario.when(command), "chair_keys_in_votes", chair=CHAIR)
    scenario.when(voting(member=CHAIR)).then(VoteCast(item=1, choice=Choice.FOR))
    scenario.when(voting(entered_by="grid-grid-worker")).then(VoteCast(item=1, choice=Choice.FOR))
    scenario.when(recusing(CHAIR)).then(MemberRecused)


def test_an_item_that_is_not_on_the_agenda_is_not_open() -> None:
    scenario = a_case_to_decide()
    refused(scenario.when(voting(number=2)), "item_not_open", item=2)
    refused(scenario.when(recusing(number=2)), "item_not_open", item=2)
    refused(scenario.when(closing(scenario, number=2)), "item_not_open", item=2)


def test_who_is_not_there_neither_votes_nor_steps_aside() -> None:
    scenario = a_case_to_decide(present=members("grid", (1, 2, 3, 4)))
    refused(scenario.when(voting(member="grid-member5")), "member_is_absent", member="grid-member5")
    refused(scenario.when(recusing("grid-member5")), "member_is_absent", member="grid-member5")


def test_observers_never_vote() -> None:
    from proposals import InviteObserver

    scenario = called(a_tabled_case(), item(motion="adopt"), meeting=D, purpose="decide")
    scenario.given(InviteObserver(meeting=D, observer="expert", actor="grid-convenor"))
    in_session(scenario, D, present=(*members(), "expert"))
    refused(scenario.when(voting(member="expert")), "not_authorised")
    refused(scenario.when(recusing("expert")), "not_authorised")


def test_a_discussion_has_no_vote() -> None:
    scenario = in_session(a_case_in_discussion())
    refused(scenario.when(voting(meeting=M)), "item_takes_no_vote", item=1)
    scenario.when(closing(scenario, M)).then(ItemClosed)
    assert scenario.state(M).outcomes == {1: Outcome.DISCUSSED}


def test_who_has_stepped_aside_stays_aside_for_that_item() -> None:
    scenario = called(a_tabled_case(), item(motion="adopt"), meeting=D, purpose="decide")
    in_session(scenario, D).given(voting("for"))
    scenario.when(recusing()).then(MemberRecused(item=1, reason="It is my lamp"))
    scenario.given(voting("against", member="grid-member3"))
    refused(scenario.when(voting()), "member_is_recused", member="grid-member2", item=1)
    refused(scenario.when(recusing()), "member_is_recused", member="grid-member2", item=1)
    event = closed(scenario)
    assert (event.votes_for, event.present, event.due, event.all_members) == (0, 4, 4, 4)


def test_stepping_aside_from_one_item_is_not_from_another() -> None:
    scenario = a_tabled_case().given(raising(proposal="proposal-2", actor="wang"), accepting(proposal="proposal-2"))
    from proposals import DiscussionOpened, ProposalForwarded

    for event in (DiscussionOpened(meeting="meeting-7"), ProposalForwarded(recommendation="Yes")):
        scenario.given(on("proposal-2", event, at=scenario.now))
    called(scenario, item(motion="adopt"), item("proposal-2", "adopt"), meeting=D, purpose="decide")
    in_session(scenario, D).given(recusing())
    scenario.given(voting(number=2), voting(member="grid-member3"), voting("against", number=2, member=CHAIR))
    state = scenario.state(D)
    assert state.tally(1) == Tally(votes_for=1, votes_against=0, abstained=0, present=4, due=4, all=4)
    assert state.tally(2) == Tally(votes_for=1, votes_against=1, abstained=0, present=5, due=5, all=5)
    assert state.voters(P) == {"grid-member3"}
    assert state.voters("proposal-2") == {"grid-member2", CHAIR}
    assert state.voters("proposal-3") == frozenset()


def test_each_item_is_closed_for_its_own_case_under_its_own_motion() -> None:
    scenario = a_tabled_case().given(raising(proposal="proposal-2", actor="wang"), accepting(proposal="proposal-2"))
    from proposals import DecisionDeferred, DiscussionOpened, ProposalAdopted, ProposalForwarded

    for event in (DiscussionOpened(meeting="meeting-7"), ProposalForwarded(recommendation="Yes")):
        scenario.given(on("proposal-2", event, at=scenario.now))
    called(scenario, item(motion="defer"), item("proposal-2", "adopt"), meeting=D, purpose="decide")
    in_session(scenario, D)
    for number in (1, 2):
        scenario.given(*(voting(member=member, number=number) for member in members()))
    scenario.when(closing(scenario, number=2)).then(ItemClosed, ProposalAdopted)
    assert [fact.stream for fact in scenario.recorded] == [D, "proposal-2"]
    adopted = scenario.recorded[0].event
    assert isinstance(adopted, ItemClosed)
    assert (adopted.proposal, adopted.motion) == ("proposal-2", Motion.ADOPT)
    scenario.when(closing(scenario, number=1)).then(ItemClosed, DecisionDeferred)
    assert [fact.stream for fact in scenario.recorded] == [D, P]


# --- what the votes come to


@pytest.mark.parametrize(
    ("votes", "outcome"),
    [
        ("+++++", "carried"),
        ("+++--", "carried"),
        ("+++..", "carried"),
        ("++000", "lost"),
        ("++---", "lost"),
        ("++...", "lost"),  # more than half of those due, not of those who vote
        (".0...", "lost"),
        ("-----", "lost"),
    ],
)
def test_more_than_half_of_those_due_carry_a_motion(votes: str, outcome: str) -> None:
    event = closed(voted(a_case_to_decide(), votes))
    assert event.outcome == outcome
    assert (event.proposal, event.motion, event.item) == (P, Motion.ADOPT, 1)
    assert (event.votes_for, event.votes_against, event.abstained) == tuple(map(votes.count, "+-0"))
    assert (event.present, event.due, event.all_members) == (5, 5, 5)


def test_a_tie_is_lost() -> None:
    scenario = called(a_tabled_case(), item(motion="adopt"), meeting=D, purpose="decide")
    in_session(scenario, D, excused=("grid-member5",), present=members("grid", (1, 2, 3, 4)))
    event = closed(voted(scenario, "++--"))
    assert (event.outcome, event.due, event.all_members) == (Outcome.LOST, 4, 5)
    assert scenario.state(P).status is S.REJECTED


@pytest.mark.parametrize(("base", "outcome"), [("present", "carried"), ("due", "lost"), ("all", "lost")])
def test_a_majority_of_those_present_is_not_one_of_those_due(base: str, outcome: str) -> None:
    """Four of five are there; with two abstaining, two in favour are half of them and less than half of all."""
    majority = {"numerator": 1, "denominator": 2, "strict": False, "base": base}
    scenario = a_case_to_decide(rules(majority=majority), present=members("grid", (1, 2, 3, 4)))
    assert closed(voted(scenario, "++00")).outcome == outcome


@pytest.mark.parametrize(("base", "outcome"), [("due", "carried"), ("all", "lost")])
def test_leave_lowers_those_due_but_not_all_members(base: str, outcome: str) -> None:
    majority = {"numerator": 1, "denominator": 2, "strict": True, "base": base}
    scenario = called(a_tabled_case(rules(majority=majority)), item(motion="adopt"), meeting=D, purpose="decide")
    in_session(scenario, D, excused=("grid-member4", "grid-member5"), present=members("grid", (1, 2, 3)))
    assert closed(voted(scenario, "++-")).outcome == outcome


def test_who_has_leave_and_comes_all_the_same_is_due() -> None:
    """Two of five must not carry a motion against two because those two had leave."""
    scenario = called(a_tabled_case(), item(motion="adopt"), meeting=D, purpose="decide")
    in_session(scenario, D, excused=members("grid", (4, 5)))
    event = closed(voted(scenario, "++0--"))
    assert (event.outcome, event.present, event.due) == (Outcome.LOST, 5, 5)


def test_recusals_can_break_the_quorum_of_an_item_and_that_defers_it() -> None:
    scenario = a_case_to_decide(present=members("grid", (1, 2, 3, 4)))
    scenario.given(*(recusing(member) for member in members("grid", (1, 2, 3))))
    event = closed(voted(scenario, "...+"))
    assert (event.outcome, event.present, event.due, event.all_members) == (Outcome.NO_QUORUM, 1, 2, 2)
    assert (scenario.state(P).status, scenario.state(P).count("deferrals")) == (S.TABLED, 1)


def test_two_thirds_of_those_due_without_the_recused_are_a_quorum() -> None:
    scenario = a_case_to_decide(present=members("grid", (1, 2, 3, 4)))
    scenario.given(*(recusing(member) for member in members("grid", (1, 2))))
    event = closed(voted(scenario, "..++"))
    assert (event.outcome, event.present, event.due) == (Outcome.CARRIED, 2, 3)


def test_when_everyone_steps_aside_there_is_no_quorum() -> None:
    quorum = {"numerator": 1, "denominator": 1000, "strict": False, "base": "present"}
    scenario = a_case_to_decide(rules(quorum=quorum)).given(*(recusing(member) for member in members()))
    event = closed(scenario)
    assert (event.outcome, event.present, event.due, event.all_members) == (Outcome.NO_QUORUM, 0, 0, 0)


def test_a_case_is_decided_by_the_rules_it_has_pinned_and_not_by_those_of_the_day() -> None:
    """Old matters by old rules 新老划断: a case keeps its majority when a stricter edition has come meanwhile."""
    strict = rules(
        majority={"numerator": 1, "denominator": 1, "strict": False, "base": "all"},
        quorum={"numerator": 3, "denominator": 5, "strict": False, "base": "all"},
    )
    scenario = a_tabled_case().given(
        on("policy-2", PolicyDrafted(unit="unit-county", rules=strict)),
        on("unit-county", PolicyEnacted(policy="policy-2", begins=MORNING - DAY)),
    )
    called(scenario, item(motion="adopt"), meeting=D, purpose="decide")
    in_session(scenario, D, present=members("grid", (1, 2, 3, 4)))
    assert scenario.state(D).policy == "policy-2"
    assert scenario.state(P).policy == "policy-1"
    assert closed(voted(scenario, "+++-")).outcome == "carried"


def test_each_item_has_the_outcome_of_its_own_motion() -> None:
    meeting = Meeting(id=D, agenda=(_item(Motion.DISCUSS), _item(Motion.ADOPT)), members=("m0",), present={"m0"})
    assert [outcome_of(meeting, number, rules()) for number in (1, 2)] == [Outcome.DISCUSSED, Outcome.LOST]


# --- laws

SHARES = st.builds(
    lambda numerator, extra, strict, base: Threshold(
        numerator=numerator, denominator=numerator + extra, strict=strict, base=base
    ),
    st.integers(1, 5),
    st.integers(1, 5),
    st.booleans(),
    st.sampled_from(Base),
)
NAMES = [f"m{number}" for number in range(7)]


@st.composite
def meetings(draw: st.DrawFn) -> Meeting:
    """A meeting in which some have leave, some are there, some step aside and some vote."""
    roll = NAMES[: draw(st.integers(1, 7))]
    present = {person for person in roll if draw(st.booleans())}
    return Meeting(
        id=D,
        agenda=(_item(draw(st.sampled_from(_MOTIONS))),),
        members=tuple(roll),
        excused=tuple(person for person in roll if draw(st.booleans())),
        present=present,
        recused={(1, person) for person in sorted(present) if draw(st.booleans())},
        votes={(1, person): draw(st.sampled_from(Choice)) for person in sorted(present) if draw(st.booleans())},
    )


_MOTIONS = [Motion.ADOPT, Motion.DEFER, Motion.ESCALATE]


def _item(motion: Motion) -> Any:
    from proposals.domain.meeting import AgendaItem

    return AgendaItem(proposal=P, revision=1, motion=motion)


@for_all(meetings(), SHARES, SHARES, st.integers(0, 6))
def test_with_roll_and_attendance_fixed_one_more_in_favour_never_loses_a_motion(
    meeting: Meeting, quorum: Threshold, majority: Threshold, who: int
) -> None:
    person = NAMES[who]
    assume(person in meeting.present and meeting.votes.get((1, person)) is not Choice.FOR)
    policy = default_policy().model_copy(update={"quorum": quorum, "majority": majority})
    before = outcome_of(meeting, 1, policy)
    after = meeting.copy()
    after.votes[1, person] = Choice.FOR
    order = [Outcome.NO_QUORUM, Outcome.LOST, Outcome.CARRIED]
    assert order.index(outcome_of(after, 1, policy)) >= order.index(before)
    assert (before is Outcome.NO_QUORUM) is (outcome_of(after, 1, policy) is Outcome.NO_QUORUM)


@for_all(meetings())
def test_nobody_counts_twice_and_nobody_recused_counts_at_all(meeting: Meeting) -> None:
    tally = meeting.tally(1)
    assert tally.votes_for + tally.votes_against + tally.abstained <= tally.present <= tally.due <= tally.all
    assert tally.all == len(meeting.members) - len(meeting.recused)


@settings(max_examples=settings().max_examples // 4)  # each example holds two meetings
@for_all(
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from(Base),
    st.text("+-0.", min_size=5, max_size=5),
    st.integers(0, 4),
    st.sets(st.integers(2, 5), max_size=1),
    st.sets(st.integers(2, 5), max_size=2),
)
def test_through_the_door_too_one_more_in_favour_never_rejects_what_was_adopted(
    share: int,
    strict: bool,  # noqa: FBT001
    base: Base,
    votes: str,
    who: int,
    away: set[int],
    leave: set[int],
) -> None:
    """The same meeting held twice, once with one more vote in favour."""
    majority = {"numerator": share, "denominator": 4, "strict": strict, "base": base.value}
    outcomes = []
    assume(any(vote != "." for number, vote in enumerate(votes, 1) if number not in {1, *away}))
    due = 5 - len(leave)
    assume(due * 4 > share * 5 if strict else due * 4 >= share * 5)  # more are not given leave
    for cast in (votes, votes[:who] + "+" + votes[who + 1 :]):
        present = [name for number, name in enumerate(members(), 1) if number not in away]
        scenario = called(a_tabled_case(rules(majority=majority)), item(motion="adopt"), meeting=D, purpose="decide")
        in_session(scenario, D, present, excused=[f"grid-member{number}" for number in leave])
        there = "".join(vote if name in present else "." for name, vote in zip(members(), cast, strict=True))
        outcomes.append(closed(voted(scenario, there)).outcome)
        assert [fact.name for fact in scenario.recorded[1:]] == [
            {"carried": "ProposalAdopted", "lost": "ProposalRejected", "no_quorum": "DecisionDeferred"}[outcomes[-1]]
        ]
    assert outcomes != ["carried", "lost"]


def test_the_tally_is_what_it_says_over_every_vote_of_three() -> None:
    for votes in product("+-0.", repeat=3):
        choices = {"+": Choice.FOR, "-": Choice.AGAINST, "0": Choice.ABSTAIN}
        meeting = Meeting(
            id=D, members=("m0", "m1", "m2"), present={"m0", "m1", "m2"}, agenda=(_item(Motion.ADOPT),),
            votes={(1, f"m{n}"): choices[vote] for n, vote in enumerate(votes) if vote != "."},
        )  # fmt: skip
        tally = meeting.tally(1)
        assert (tally.votes_for, tally.votes_against, tally.abstained) == tuple(map(votes.count, "+-0"))
        assert meeting.tally(None).votes_for == 0
        assert [tally.base(base) for base in Base] == [3, 3, 3]
