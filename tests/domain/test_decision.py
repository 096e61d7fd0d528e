"""Step 3, decision 定事: what a meeting's outcome does to a case, and what is left when meetings bring nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from proposals import (
    CancelMeeting,
    CastVote,
    CloseItem,
    CloseMeeting,
    DecisionDeferred,
    DecisionEscalated,
    DiscussionOpened,
    EvaluationFailed,
    EvaluationInconclusive,
    EvaluationOpened,
    ItemClosed,
    LapseMeeting,
    MeetingCancelled,
    MeetingClosed,
    MeetingLapsed,
    ObjectionRaised,
    ProposalAdopted,
    ProposalForwarded,
    ProposalRejected,
    ProposalRevised,
    RecordUnresolved,
    RectificationEscalated,
    Recuse,
    UnitClosed,
    UnresolvedRecorded,
    VerificationFailed,
)
from proposals.domain.case import S
from proposals.domain.decision import DeferDecision, EscalateDecision
from proposals.domain.errors import Refused
from proposals.domain.meeting import Outcome
from proposals.domain.vocabulary import Choice, Funding, FundingSource, Motion
from proposals.testing import on
from tests.domain.stories import (
    DAY,
    PLAN,
    SECOND,
    D,
    M,
    P,
    Purse,
    a_case_in_discussion,
    a_case_to_decide,
    a_tabled_case,
    accepting,
    appoint,
    called,
    closing,
    in_session,
    item,
    members,
    raising,
    refused,
    rolled,
    rules,
    voted,
)

if TYPE_CHECKING:
    from proposals.domain.event import Event
    from proposals.domain.rules import ProcessPolicy
    from proposals.testing import Scenario

MONEY = {"source": "county_and_street", "amount": 100}
THEIRS = {"source": "neighbourhood", "amount": 40}


def outcome(scenario: Scenario, meeting: str = D) -> Outcome:
    """What came of the meeting's first item."""
    return Outcome(scenario.state(meeting).outcomes[1])


# --- adopted and rejected


def test_a_carried_motion_adopts_the_plan_and_announces_it() -> None:
    scenario = voted(a_case_to_decide(), "+++++")
    scenario.when(closing(scenario)).then(
        ItemClosed, ProposalAdopted(meeting=D, plan=PLAN, funding=(), appropriation=0)
    )
    case = scenario.state(P)
    assert (case.status, case.decided_by, case.unit) == (S.ANNOUNCED, D, "unit-grid")
    assert (case.plan.lead, case.plan.assisting, case.funding) == ("unit-water", ("unit-roads",), ())
    assert case.due_at == scenario.now.replace(hour=16) + 7 * DAY  # publicity of five working days
    follow = scenario.recorded[1]
    assert (follow.actor, follow.entered_by, follow.occurred_at) == ("grid-member1", "grid-member1", scenario.now)
    assert follow.causation_id == scenario.recorded[0].reference


def test_the_money_is_what_the_agenda_said_and_the_appropriation_what_county_and_street_pay() -> None:
    scenario = a_tabled_case(funds=Purse(100))
    called(scenario, item(motion="adopt", funding=[MONEY, THEIRS]), meeting=D, purpose="decide")
    voted(in_session(scenario, D), "+++++")
    scenario.given(closing(scenario))
    case = scenario.state(P)
    assert case.appropriation == 100
    assert case.funding == (
        Funding(source=FundingSource.COUNTY_AND_STREET, amount=100),
        Funding(source=FundingSource.NEIGHBOURHOOD, amount=40),
    )


def test_a_new_decision_starts_the_loops_of_handling_anew_and_forgets_old_objections() -> None:
    scenario = voted(a_case_to_decide(), "+++++")
    earlier: list[Event] = [
        ProposalAdopted(meeting="meeting-0", plan=PLAN, funding=(), appropriation=0),
        EvaluationOpened(round="round-1"),
        VerificationFailed(orders=("order-1",), reason="No"),
    ]
    earlier.append(ObjectionRaised(objection=1, grounds="No", resides_in="unit-grid"))
    earlier.append(EvaluationInconclusive(round="round-1", why="annulled"))
    earlier.append(RectificationEscalated(reason="Rounds", unit="unit-grid"))
    for event in earlier:
        scenario.given(on(P, event, at=scenario.now))
    assert scenario.state(P).objections
    assert scenario.state(P).last_round_inconclusive
    case = scenario.given(closing(scenario)).state(P)
    assert case.objections == {}
    assert not case.last_round_inconclusive
    assert (case.count("rounds"), case.count("verification_failures")) == (0, 0)


def test_counts_that_stood_when_a_decision_is_made_anew_are_gone() -> None:
    scenario = a_case_to_decide()
    for event in (
        EvaluationOpened(round="round-1"),
        VerificationFailed(orders=("order-1",), reason="No"),
        EvaluationFailed(round="round-1"),
        DecisionDeferred(meeting=M, why="motion"),
    ):
        scenario.given(on(P, event, at=scenario.now))
    assert scenario.state(P).counts.keys() >= {"rounds", "verification_failures", "deferrals", "openings"}
    scenario.given(on(P, ProposalAdopted(meeting=D, plan=PLAN, funding=(), appropriation=0), at=scenario.now))
    assert scenario.state(P).counts.keys() == {"deferrals", "openings"}


def test_a_lost_motion_rejects_it() -> None:
    scenario = voted(a_case_to_decide(), "++---")
    case = scenario.when(closing(scenario)).then(ItemClosed, ProposalRejected(meeting=D)).state(P)
    assert (case.status, case.outcome, case.decided_by, case.ended_at) == (S.REJECTED, "rejected", D, scenario.now)


def test_when_the_purse_runs_dry_between_agenda_and_vote_the_matter_is_put_off() -> None:
    purse = Purse(100)
    scenario = a_tabled_case(funds=purse)
    called(scenario, item(motion="adopt", funding=[MONEY]), meeting=D, purpose="decide")
    voted(in_session(scenario, D), "+++++")
    purse.left = 99
    scenario.when(closing(scenario)).then(ItemClosed, DecisionDeferred(meeting=D, why="unfunded"))
    assert outcome(scenario) is Outcome.UNFUNDED
    assert purse.asked[-1] == ("unit-grid", 100)
    assert (scenario.state(P).status, scenario.state(P).count("deferrals")) == (S.TABLED, 1)


def test_a_lost_motion_is_lost_however_dry_the_purse() -> None:
    purse = Purse(100)
    scenario = a_tabled_case(funds=purse)
    called(scenario, item(motion="adopt", funding=[MONEY]), meeting=D, purpose="decide")
    voted(in_session(scenario, D), "-----")
    purse.left = 0
    scenario.when(closing(scenario)).then(ItemClosed, ProposalRejected)


@pytest.mark.parametrize("motion", ["defer", "escalate"])
def test_a_motion_without_a_plan_asks_for_no_money(motion: str) -> None:
    purse = Purse(0)
    scenario = voted(a_case_to_decide(motion=motion, funds=purse), "+++++")
    scenario.when(closing(scenario))
    assert outcome(scenario) is Outcome.CARRIED
    assert purse.asked == []


# --- void items


def test_an_item_is_void_when_the_case_has_left_its_state() -> None:
    scenario = voted(a_case_to_decide(), "+++++")
    scenario.given(on(P, ProposalRejected(meeting="meeting-0"), at=scenario.now))
    scenario.when(closing(scenario)).then(ItemClosed)
    assert outcome(scenario) is Outcome.VOID


def test_an_item_is_void_when_the_case_has_left_its_tier() -> None:
    scenario = voted(a_case_to_decide(), "+++++")
    scenario.given(on(P, DecisionEscalated(meeting=M, why="motion", unit="unit-community"), at=scenario.now))
    scenario.when(closing(scenario)).then(ItemClosed)
    assert (outcome(scenario), scenario.state(P).status) == (Outcome.VOID, S.TABLED)


def test_an_item_is_void_when_the_case_reads_differently_now() -> None:
    scenario = voted(a_case_to_decide(), "+++++")
    scenario.given(on(P, ProposalRevised(title="B", text="B"), at=scenario.now))
    scenario.given(on(P, ProposalForwarded(recommendation="Yes"), at=scenario.now))
    scenario.when(closing(scenario)).then(ItemClosed)
    assert outcome(scenario) is Outcome.VOID


def test_the_second_of_two_meetings_finds_the_matter_decided() -> None:
    scenario = a_tabled_case()
    called(scenario, meeting=D, purpose="decide")
    called(scenario, meeting="meeting-3", purpose="decide")
    voted(in_session(scenario, D), "+++++").given(closing(scenario))
    in_session(scenario, "meeting-3")
    scenario.when(closing(scenario, "meeting-3")).then(ItemClosed)
    assert outcome(scenario, "meeting-3") is Outcome.VOID


# --- deferral and escalation


def test_a_carried_motion_to_defer_puts_it_off_and_a_lost_one_does_nothing() -> None:
    scenario = voted(a_case_to_decide(motion="defer"), "+++++")
    scenario.when(closing(scenario)).then(ItemClosed, DecisionDeferred(meeting=D, why="motion"))
    assert scenario.state(P).status is S.TABLED
    other = voted(a_case_to_decide(motion="defer"), "-----")
    other.when(closing(other)).then(ItemClosed)
    assert (other.state(P).status, other.state(P).count("deferrals")) == (S.TABLED, 0)


def test_a_carried_motion_to_escalate_takes_it_one_tier_up_and_a_lost_one_does_nothing() -> None:
    scenario = voted(a_case_to_decide(motion="escalate"), "+++++")
    scenario.when(closing(scenario)).then(ItemClosed, DecisionEscalated(meeting=D, why="motion", unit="unit-community"))
    case = scenario.state(P)
    assert (case.status, case.unit, case.place, case.meetings) == (S.TABLED, "unit-community", "unit-grid", ())
    assert case.due_at == scenario.now.replace(hour=16) + 30 * DAY
    other = voted(a_case_to_decide(motion="escalate"), "-----")
    other.when(closing(other)).then(ItemClosed)
    assert other.state(P).unit == "unit-grid"


def without_quorum(motion: str, policy: ProcessPolicy | None = None) -> Scenario:
    scenario = a_case_to_decide(policy, motion)
    return scenario.given(*(Recuse(meeting=D, item=1, reason="Mine", actor=member) for member in members()))


@pytest.mark.parametrize("motion", [Motion.ADOPT, Motion.DEFER, Motion.ESCALATE])
def test_whatever_the_motion_no_quorum_puts_it_off(motion: Motion) -> None:
    scenario = without_quorum(motion)
    scenario.when(closing(scenario)).then(ItemClosed, DecisionDeferred(meeting=D, why="no_quorum"))


def put_off(times: int, unit: str = "grid", maximum: int = 2) -> Scenario:
    """Tabled, and deferred so often at its tier."""
    policy = rules(maxima={"deferrals": maximum})
    scenario = a_tabled_case(policy)
    if unit != "grid":
        up = DecisionEscalated(meeting=M, why="motion", unit=f"unit-{unit}")
        scenario.given(on(P, up, at=scenario.now))
    for _ in range(times):
        scenario.given(on(P, DecisionDeferred(meeting=M, why="motion"), at=scenario.now))
    return scenario


def defer_again(scenario: Scenario, unit: str = "grid") -> Scenario:
    if unit == "county":
        scenario.given(appoint("county-convenor", "convenor", "unit-county", scenario.context().day(scenario.now)))
    called(scenario, item(motion="defer"), meeting=D, unit=unit, purpose="decide")
    voted(in_session(scenario, D), "+++++")
    return scenario.when(closing(scenario))


@pytest.mark.parametrize(("unit", "above"), [("grid", "community"), ("community", "street"), ("street", "county")])
def test_one_deferral_too_many_takes_the_matter_up_and_it_counts_anew_there(unit: str, above: str) -> None:
    defer_again(put_off(1, unit), unit).then(ItemClosed, DecisionDeferred)
    scenario = defer_again(put_off(2, unit), unit)
    scenario.then(ItemClosed, DecisionEscalated(meeting=D, why="deferrals_exhausted", unit=f"unit-{above}"))
    assert (scenario.state(P).unit, scenario.state(P).count("deferrals")) == (f"unit-{above}", 0)


def test_at_the_top_nothing_follows_from_one_deferral_too_many_but_it_can_be_recorded_unresolved() -> None:
    scenario = defer_again(put_off(2, "county"), "county").then(ItemClosed)
    assert (scenario.state(P).status, scenario.state(P).unit) == (S.TABLED, "unit-county")
    assert scenario.when(answering(scenario)).refused is None


def test_at_the_top_a_motion_to_escalate_leads_nowhere() -> None:
    scenario = put_off(0, "county")
    scenario.given(appoint("county-convenor", "convenor", "unit-county", scenario.context().day(scenario.now)))
    called(scenario, item(motion="escalate"), meeting=D, unit="county", purpose="decide")
    voted(in_session(scenario, D), "+++++")
    scenario.when(closing(scenario)).then(ItemClosed)
    assert scenario.state(P).unit == "unit-county"


def test_the_table_itself_bounds_deferrals_and_escalations_whoever_asks() -> None:
    """The reaction asks for neither when it may not; another caller of the domain meets the rule."""
    defer = DeferDecision(proposal=P, meeting=M, why="motion", actor="system")
    with pytest.raises(Refused, match="limit_reached: deferrals: the policy's maximum of 2 is reached"):
        put_off(2).given(defer)
    assert put_off(1).given(defer).state(P).count("deferrals") == 2
    escalate = EscalateDecision(proposal=P, meeting=M, why="motion", actor="system")
    with pytest.raises(Refused, match="top_tier"):
        put_off(0, "county").given(escalate)
    assert put_off(0, "street").given(escalate).state(P).unit == "unit-county"
    refused(put_off(0, "street").when(escalate), "not_a_public_command", command="EscalateDecision")


# --- meetings that do not come about


def test_a_meeting_that_lapses_puts_off_every_item_that_still_stands() -> None:
    scenario = a_tabled_case()
    others = ("proposal-2", "proposal-3")
    for other in others:
        scenario.given(raising(proposal=other, actor="wang"), accepting(proposal=other))
        for event in (DiscussionOpened(meeting="meeting-7"), ProposalForwarded(recommendation="Yes")):
            scenario.given(on(other, event, at=scenario.now))
    called(scenario, *(item(case, "adopt") for case in (P, *others)), meeting=D, purpose="decide")
    rolled(scenario, D)
    gone = DecisionEscalated(meeting=M, why="motion", unit="unit-community")
    scenario.given(on("proposal-2", gone, at=scenario.now))
    scenario.when(LapseMeeting(meeting=D, actor="grid-member1"))
    why = DecisionDeferred(meeting=D, why="meeting_lapsed")
    scenario.then(MeetingLapsed(), why, why)
    assert [fact.stream for fact in scenario.recorded] == [D, P, "proposal-3"]


def test_a_meeting_that_lapses_one_time_too_many_takes_the_matter_up() -> None:
    scenario = put_off(2)
    called(scenario, meeting=D, purpose="decide")
    rolled(scenario, D).when(LapseMeeting(meeting=D, actor="grid-member1"))
    scenario.then(MeetingLapsed, DecisionEscalated(meeting=D, why="deferrals_exhausted", unit="unit-community"))


def test_a_discussion_that_lapses_puts_nothing_off() -> None:
    scenario = rolled(a_case_in_discussion())
    scenario.when(LapseMeeting(meeting=M, actor="grid-member1")).then(MeetingLapsed)


def test_a_meeting_that_is_called_off_puts_off_what_it_was_to_decide() -> None:
    scenario = rolled(called(a_tabled_case(), meeting=D, purpose="decide"), D)
    scenario.when(CancelMeeting(meeting=D, reason="Snow", actor="grid-convenor"))
    scenario.then(MeetingCancelled, DecisionDeferred(meeting=D, why="meeting_cancelled"))
    assert scenario.state(P).count("deferrals") == 1


def test_a_meeting_that_is_called_off_before_its_hour_puts_nothing_off() -> None:
    """Otherwise a convenor could take a matter up by calling and cancelling alone, and no meeting need be held."""
    scenario = called(a_tabled_case(), meeting=D, purpose="decide")
    scenario.at(scenario.state(D).starts_at - SECOND)
    scenario.when(CancelMeeting(meeting=D, reason="Snow", actor="grid-convenor")).then(MeetingCancelled)
    assert scenario.state(P).count("deferrals") == 0


def test_calling_meetings_off_one_time_too_many_takes_the_matter_up() -> None:
    scenario = rolled(called(put_off(2), meeting=D, purpose="decide"), D)
    scenario.when(CancelMeeting(meeting=D, reason="Snow", actor="grid-convenor"))
    scenario.then(MeetingCancelled, DecisionEscalated(meeting=D, why="deferrals_exhausted", unit="unit-community"))


def test_a_discussion_that_is_called_off_puts_nothing_off() -> None:
    scenario = rolled(a_case_in_discussion())
    scenario.when(CancelMeeting(meeting=M, reason="Snow", actor="grid-convenor")).then(MeetingCancelled)


def test_what_was_settled_before_the_meeting_broke_off_is_not_put_off_again() -> None:
    scenario = a_case_to_decide(motion="defer").given(
        CastVote(meeting=D, item=1, choice=Choice.AGAINST, actor="grid-member2"),
        CloseItem(meeting=D, item=1, actor="grid-member1"),
    )
    scenario.at(scenario.state(D).due_at).when(CloseMeeting(meeting=D, actor="grid-convenor"))
    scenario.then(MeetingClosed)
    assert scenario.state(P).status == "tabled"


# --- unresolved


def answering(scenario: Scenario, **changes: object) -> RecordUnresolved:
    fields = {
        "proposal": P,
        "reason": "Nobody owns the wall",
        "answer": "We look again next year",
        "review_at": scenario.now + 300 * DAY,
        "actor": "county-tier-officer",
    }
    return RecordUnresolved.model_validate({**fields, **changes})


def test_at_the_top_what_nothing_could_settle_is_answered_and_looked_at_again() -> None:
    scenario = put_off(2, "county")
    review = scenario.now + 300 * DAY
    scenario.when(answering(scenario)).then(
        UnresolvedRecorded(reason="Nobody owns the wall", answer="We look again next year", review_at=review)
    )
    case = scenario.state(P)
    assert (case.status, case.outcome, case.unresolved, case.answered) == (S.HANDLED, "unresolved", True, True)


def test_below_the_top_nothing_is_recorded_unresolved() -> None:
    scenario = put_off(2, "street")
    refused(scenario.when(answering(scenario)), "not_top_tier", unit="unit-street")


def test_while_a_deferral_is_left_the_meeting_decides() -> None:
    scenario = put_off(1, "county")
    refused(scenario.when(answering(scenario)), "something_is_left", status="tabled")


@pytest.mark.parametrize(("rounds", "left"), [(1, True), (2, False)])
def test_while_a_round_is_left_it_is_put_right(rounds: int, *, left: bool) -> None:
    scenario = put_off(0, "county")
    for number in range(rounds):
        scenario.given(on(P, EvaluationOpened(round=f"round-{number}"), at=scenario.now))
    scenario.given(on(P, EvaluationFailed(round="round-1"), at=scenario.now)).when(answering(scenario))
    if left:
        refused(scenario, "something_is_left", status="rectifying")
    else:
        assert scenario.then(UnresolvedRecorded).state(P).status is S.HANDLED


def test_a_review_date_lies_ahead() -> None:
    scenario = put_off(2, "county")
    refused(scenario.when(answering(scenario, review_at=scenario.now)), "review_not_ahead")
    assert scenario.when(answering(scenario, review_at=scenario.now + SECOND)).refused is None
    refused(put_off(2, "county").when(answering(scenario, review_at=scenario.now + 400 * DAY)), "review_too_late")


def test_a_closed_county_tier_in_between_is_passed_over() -> None:
    """A street that was closed must not be where a case ends up: nobody would act for it there."""
    scenario = put_off(2, "community").given(on("unit-street", UnitClosed(reason="Merged")))
    defer_again(scenario, "community")
    assert scenario.state(P).unit == "unit-county"


# --- the loops of steps 2 and 3 keep to the policy, whatever happens


@settings(max_examples=settings().max_examples // 4)
@for_all(st.integers(0, 2), st.lists(st.sampled_from(["defer", "lapse", "escalate", "no quorum"]), max_size=8))
def test_however_often_it_is_put_off_deferrals_keep_to_the_policy(maximum: int, walk: list[str]) -> None:
    scenario = a_tabled_case(rules(maxima={"deferrals": maximum}))
    scenario.given(appoint("county-convenor", "convenor", "unit-county"))
    tiers = ["grid", "community", "street", "county"]
    seen = ["grid"]
    for number, step in enumerate(walk, 10):
        unit, meeting = scenario.state(P).unit.removeprefix("unit-"), f"meeting-{number}"
        called(
            scenario, item(motion="escalate" if step == "escalate" else "defer"),
            meeting=meeting, unit=unit, purpose="decide",
        )  # fmt: skip
        if step == "lapse":
            scenario.at(scenario.state(meeting).due_at).tick()
        else:
            in_session(scenario, meeting)
            if step == "no quorum":
                scenario.given(
                    *(Recuse(meeting=meeting, item=1, reason="Mine", actor=member) for member in members(unit))
                )
            scenario.given(closing(voted(scenario, "+++++" if step != "no quorum" else "", meeting), meeting))
        case = scenario.state(P)
        assert case.status is S.TABLED
        assert case.count("deferrals") <= maximum
        now = case.unit.removeprefix("unit-")
        assert tiers.index(now) - tiers.index(seen[-1]) in {0, 1}
        seen.append(now)
