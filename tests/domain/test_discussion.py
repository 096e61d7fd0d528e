"""Step 2, grid discussion 议事: before which meeting, what was said, and the four ways out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from proposals import (
    CancelMeeting,
    CloseMeeting,
    DiscussionEscalated,
    DiscussionOpened,
    EscalateDiscussion,
    ForwardProposal,
    InviteObserver,
    LapseMeeting,
    MatterSettled,
    MergeProposal,
    OpinionRecorded,
    ProposalForwarded,
    ProposalReferredBack,
    ProposalRevised,
    PublishMinutes,
    RecordAttendance,
    RecordOpinion,
    RecordUnresolved,
    ReferBack,
    ReviseProposal,
    SettleMatter,
    UnitClosed,
)
from proposals.domain.case import S
from proposals.domain.discussion import discussion_failed
from proposals.domain.vocabulary import Act, instant_text
from proposals.testing import MORNING, on
from tests.domain.stories import (
    DAY,
    SECOND,
    M,
    P,
    a_case_in_discussion,
    a_case_of_the_community,
    a_discussed_case,
    a_raised_case,
    accepting,
    an_accepted_case,
    appoint,
    called,
    calling,
    closing,
    in_session,
    item,
    listing,
    members,
    minuted,
    opening,
    raising,
    refused,
    rolled,
    rules,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from proposals.domain.event import Command
    from proposals.testing import Scenario

N = "meeting-9"
CHAIR = "grid-member1"


def settling(**changes: object) -> SettleMatter:
    return SettleMatter.model_validate(
        {"proposal": P, "how": "A new bulb", "by": "resident2", "actor": CHAIR, **changes}
    )


def forwarding(**changes: object) -> ForwardProposal:
    return ForwardProposal.model_validate({"proposal": P, "recommendation": "Mend it", "actor": CHAIR, **changes})


def referring(**changes: object) -> ReferBack:
    return ReferBack.model_validate({"proposal": P, "reason": "Which lamp?", "actor": CHAIR, **changes})


def escalating(**changes: object) -> EscalateDiscussion:
    return EscalateDiscussion.model_validate({"proposal": P, "reason": "Too big", "actor": CHAIR, **changes})


def said(**changes: object) -> RecordOpinion:
    return RecordOpinion.model_validate({"proposal": P, "opinion": "Mend it", "actor": "grid-member2", **changes})


def cancelled(scenario: Scenario, meeting: str = M) -> Scenario:
    return scenario.given(CancelMeeting(meeting=meeting, reason="Snow", actor="grid-convenor"))


def lapsed(scenario: Scenario, meeting: str = M) -> Scenario:
    return scenario.at(scenario.state(meeting).starts_at).given(
        LapseMeeting(meeting=meeting, actor=scenario.state(meeting).chair)
    )


# --- opening


def test_the_convenor_brings_an_accepted_case_before_a_meeting() -> None:
    scenario = called(an_accepted_case()).when(opening()).then(DiscussionOpened(meeting=M))
    case = scenario.state(P)
    assert (case.status, case.meetings, case.count("openings")) == (S.DISCUSSING, (M,), 1)
    assert case.due_at == MORNING.replace(hour=16) + 10 * DAY


def test_a_case_is_discussed_only_after_it_was_taken_up() -> None:
    scenario = a_raised_case().given(calling(a_raised_case()))
    refused(
        scenario.when(opening()),
        "wrong_state", command="OpenDiscussion", stream=P, status="raised", allowed=["accepted", "discussing"],
    )  # fmt: skip


def test_there_has_to_be_such_a_meeting() -> None:
    refused(an_accepted_case().when(opening()), "no_such_stream", stream=M)


@pytest.mark.parametrize(
    "begun",
    [called, lambda s: rolled(called(s)), lambda s: in_session(called(s))],
    ids=["called", "rolled", "in session"],
)
def test_the_meeting_is_still_ahead_or_on(begun: Callable[[Scenario], Scenario]) -> None:
    assert begun(an_accepted_case()).when(opening()).refused is None


@pytest.mark.parametrize(
    ("over", "status"),
    [
        (lambda s: cancelled(called(s)), "cancelled"),
        (lambda s: lapsed(called(s)), "lapsed"),
        (lambda s: minuted(in_session(called(s))), "minuted"),
    ],
    ids=["cancelled", "lapsed", "minuted"],
)
def test_a_meeting_that_is_over_discusses_nothing_more(over: Callable[[Scenario], Scenario], status: str) -> None:
    refused(over(an_accepted_case()).when(opening()), "meeting_is_over", meeting=M, status=status)


def test_the_case_is_on_the_agenda_of_that_meeting() -> None:
    scenario = an_accepted_case().given(calling(an_accepted_case()))
    refused(scenario.when(opening()), "not_on_the_agenda", meeting=M, proposal=P)


def test_a_meeting_that_decides_discusses_nothing() -> None:
    scenario = a_discussed_case().given(forwarding())
    called(scenario, meeting=N, purpose="decide")
    scenario.given(on(P, DiscussionEscalated(reason="Too big", unit="unit-grid"), at=scenario.now))
    refused(scenario.when(opening(N)), "not_on_the_agenda", meeting=N, proposal=P)


def test_the_agenda_names_the_text_as_it_reads_now() -> None:
    scenario = an_accepted_case()
    called(scenario)
    scenario.given(on(P, ProposalRevised(title="B", text="B")), accepting())
    refused(scenario.when(opening()), "not_on_the_agenda", meeting=M, proposal=P)
    scenario.given(listing(item(revision=2)))
    assert scenario.when(opening()).refused is None


def test_the_meeting_is_that_of_the_unit_that_deals_with_the_case() -> None:
    scenario = called(an_accepted_case(), meeting=N)
    rise = called(scenario).given(opening())
    minuted(in_session(rise)).given(escalating())
    refused(
        rise.given(appoint("grid-convenor", "convenor", "unit-community", rise.context().day(rise.now))).when(
            opening(N)
        ),
        "not_on_the_agenda",
    )


# --- opening again


def test_while_a_meeting_is_to_deal_with_it_no_other_does() -> None:
    scenario = called(a_case_in_discussion(), meeting=N)
    refused(scenario.when(opening(N)), "discussion_is_open", meeting=M)
    in_session(scenario)
    refused(scenario.when(opening(N)), "discussion_is_open", meeting=M)


def test_after_a_discussion_it_is_not_discussed_again() -> None:
    scenario = called(a_discussed_case(), meeting=N)
    refused(scenario.when(opening(N)), "discussion_is_open", meeting=M)


@pytest.mark.parametrize("fails", [cancelled, lapsed])
def test_when_the_meeting_does_not_come_about_another_deals_with_it(fails: Callable[[Scenario], Scenario]) -> None:
    scenario = called(fails(a_case_in_discussion()), meeting=N).when(opening(N)).then(DiscussionOpened(meeting=N))
    case = scenario.state(P)
    assert (case.status, case.meetings, case.count("openings")) == (S.DISCUSSING, (M, N), 2)


def test_when_the_agenda_no_longer_names_it_another_meeting_deals_with_it() -> None:
    scenario = a_case_in_discussion().given(raising(proposal="proposal-2", actor="wang"))
    scenario.given(accepting(proposal="proposal-2"), listing(item("proposal-2")))
    called(scenario, meeting=N)
    assert scenario.when(opening(N)).refused is None


def test_when_its_item_was_void_another_meeting_deals_with_it() -> None:
    """The case was taken off to the community and came back to the grid between agenda and session."""
    scenario = in_session(a_case_in_discussion())
    scenario.given(on(P, DiscussionEscalated(reason="Too big", unit="unit-community"), at=scenario.now))
    scenario.when(closing(scenario, M))
    assert scenario.state(M).outcomes == {1: "void"}
    scenario.given(on(P, DiscussionEscalated(reason="After all not", unit="unit-grid"), at=scenario.now))
    scenario.given(on(P, DiscussionOpened(meeting=M), at=scenario.now))
    refused(scenario.when(opening()), "meeting_is_over", meeting=M, status="void")
    scenario.given(CloseMeeting(meeting=M, actor=CHAIR), PublishMinutes(meeting=M, minutes="-", actor=CHAIR))
    refused(scenario.when(forwarding()), "minutes_not_published", meeting=M)
    called(scenario, meeting=N)
    assert scenario.when(opening(N)).refused is None


def test_the_meeting_that_came_to_nothing_is_not_opened_again() -> None:
    scenario = a_case_in_discussion().given(raising(proposal="proposal-2", actor="wang"))
    scenario.given(accepting(proposal="proposal-2"), listing(item("proposal-2")))
    refused(scenario.when(opening()), "not_on_the_agenda")


def failed(times: int, maximum: int = 3, ending: Callable[[Scenario, str], Scenario] = lapsed) -> Scenario:
    """Every meeting up to now came to nothing."""
    scenario = an_accepted_case(rules(maxima={"openings": maximum}))
    for number in range(1, times + 1):
        meeting = f"meeting-{number}"
        called(scenario, meeting=meeting).given(opening(meeting))
        ending(scenario, meeting)
    return scenario


def called_off_at_its_hour(scenario: Scenario, meeting: str) -> Scenario:
    return cancelled(scenario.at(scenario.state(meeting).starts_at), meeting)


def called_off_late_and_dated_back(scenario: Scenario, meeting: str) -> Scenario:
    hour = scenario.state(meeting).starts_at
    cancel = CancelMeeting(meeting=meeting, reason="Snow", at=hour - SECOND, actor="grid-convenor")
    return scenario.at(hour).given(cancel)


@pytest.mark.parametrize("ending", [cancelled, called_off_late_and_dated_back])
def test_who_calls_meetings_off_does_not_take_the_matter_up_but_the_tier_above_does(
    ending: Callable[[Scenario, str], Scenario],
) -> None:
    scenario = failed(2, 2, ending)
    refused(scenario.when(escalating(actor="grid-convenor")), "tier_above_takes_it_up", unit="unit-grid")
    assert scenario.when(escalating(actor="community-tier-officer")).refused is None
    assert scenario.state(P).unit == "unit-community"


def test_one_meeting_called_off_early_among_those_that_lapsed_is_enough_to_keep_the_convenor_from_it() -> None:
    scenario = failed(1, 2)
    called(scenario, meeting=N).given(opening(N))
    refused(cancelled(scenario, N).when(escalating(actor="grid-convenor")), "tier_above_takes_it_up")


def test_what_was_called_off_at_its_hour_counts_as_not_having_come_about() -> None:
    assert failed(2, 2, called_off_at_its_hour).when(escalating(actor="grid-convenor")).refused is None


def test_the_chair_comes_before_the_convenor_with_escalating_too() -> None:
    scenario = a_discussed_case()
    due = scenario.state(P).due_at
    refused(scenario.when(escalating(actor="grid-convenor")), "not_yet_due", due=instant_text(due))
    assert scenario.at(due).when(escalating(actor="grid-convenor")).refused is None


def test_openings_are_bounded_and_then_it_rises() -> None:
    scenario = called(failed(1, 2), meeting=N)
    assert scenario.when(opening(N)).refused is None
    scenario = called(failed(2, 2), meeting=N)
    refused(scenario.when(opening(N)), "limit_reached", loop="openings", maximum=2)
    scenario.when(escalating(actor="grid-convenor"))
    case = scenario.then(DiscussionEscalated(reason="Too big", unit="unit-community")).state(P)
    assert (case.status, case.unit, case.meetings, case.count("openings")) == (S.ACCEPTED, "unit-community", (), 0)


def test_while_openings_are_left_it_does_not_rise_without_a_discussion() -> None:
    refused(failed(1, 2).when(escalating(actor="grid-convenor")), "minutes_not_published", meeting="meeting-1")


def test_with_openings_used_up_it_does_not_rise_while_the_last_meeting_may_still_come_about() -> None:
    scenario = called(failed(1, 2), meeting=N).given(opening(N))
    refused(scenario.when(escalating(actor="grid-convenor")), "minutes_not_published", meeting=N)
    assert not discussion_failed(scenario.state(P), scenario.context())
    assert discussion_failed(failed(2, 2).state(P), failed(2, 2).context())
    assert not discussion_failed(failed(1, 2).state(P), failed(1, 2).context())


def test_at_the_top_a_discussion_that_never_came_about_is_recorded_unresolved() -> None:
    def at_the_top(times: int) -> Scenario:
        scenario = a_case_of_the_community("accepted", rules(maxima={"openings": 2}))
        scenario.given(on(P, DiscussionEscalated(reason="Too big", unit="unit-county"), at=scenario.now))
        scenario.given(appoint("county-convenor", "convenor", "unit-county", scenario.context().day(MORNING)))
        for meeting in ("meeting-6", "meeting-7")[:times]:
            called(scenario, meeting=meeting, unit="county").given(opening(meeting, "county"))
            lapsed(scenario, meeting)
        return scenario

    scenario = at_the_top(2)
    refused(scenario.when(escalating(actor="county-convenor")), "top_tier", unit="unit-county")
    answer = RecordUnresolved(
        proposal=P, reason="No", answer="Sorry", review_at=scenario.now + DAY, actor="county-tier-officer"
    )
    assert scenario.when(answer).refused is None
    assert scenario.state(P).status is S.HANDLED
    refused(at_the_top(1).when(answer), "something_is_left", status="discussing")


def test_failed_openings_count_anew_after_a_discussion_that_sent_the_matter_back() -> None:
    """Else a case could come back accepted with no opening left, and with no way out of that state at all."""
    scenario = failed(2, 3)
    called(scenario, meeting=N).given(opening(N))
    minuted(in_session(scenario, N), N).given(referring())
    assert scenario.state(P).count("openings") == 0
    scenario.given(ReviseProposal(proposal=P, title="Lamp 7", text="At the gate", actor="li"), accepting())
    called(scenario, item(revision=2), meeting="meeting-10")
    assert scenario.when(opening("meeting-10")).refused is None


# --- opinions


def test_those_who_were_there_have_opinions_to_record() -> None:
    scenario = in_session(a_case_in_discussion()).when(said(entered_by="grid-grid-worker"))
    scenario.then(OpinionRecorded(opinion="Mend it"))
    assert scenario.state(P).status is S.DISCUSSING


def test_who_was_not_there_has_no_opinion_to_record() -> None:
    scenario = in_session(a_case_in_discussion(), present=members("grid", (1, 3, 4, 5)))
    refused(
        scenario.when(said()), "not_authorised",
        actor="grid-member2", command="RecordOpinion", roles=["attendee"], unit="unit-grid", day="2026-03-06",
    )  # fmt: skip


def with_observers(*present: str) -> Scenario:
    """In session, with an expert invited and an observer by office; who of them is there is said."""
    scenario = a_case_in_discussion().given(
        InviteObserver(meeting=M, observer="expert", actor="grid-convenor"),
        appoint("zhao", "observer", "unit-grid"),
    )
    return in_session(scenario, present=[*members(), *present])


@pytest.mark.parametrize("observer", ["expert", "zhao"])
def test_an_observer_who_was_there_has_an_opinion_whether_invited_or_appointed(observer: str) -> None:
    opinion = RecordOpinion(proposal=P, opinion="Two lamps", actor=observer)
    with_observers(observer).when(opinion).then(OpinionRecorded(opinion="Two lamps"))
    refused(with_observers().when(opinion), "not_authorised")


@pytest.mark.parametrize("role", ["member", "part_time_member", "observer", "convenor"])
def test_an_office_alone_gives_nobody_an_opinion_who_was_not_there(role: str) -> None:
    scenario = in_session(a_case_in_discussion()).given(appoint("newcomer", role, "unit-grid"))
    refused(scenario.when(RecordOpinion(proposal=P, opinion="Yes", actor="newcomer")), "not_authorised")


def test_somebody_elses_opinion_is_keyed_in_by_who_may_do_so() -> None:
    scenario = in_session(a_case_in_discussion())
    refused(scenario.when(said(entered_by="resident9")), "may_not_enter_for_others")
    assert scenario.when(said(entered_by="grid-grid-worker")).refused is None


def test_before_the_session_nobody_was_at_it() -> None:
    scenario = rolled(a_case_in_discussion())
    scenario.given(RecordAttendance(meeting=M, present=tuple(members()), actor=CHAIR))
    refused(scenario.when(said()), "not_authorised")
    lapsing = rolled(a_case_in_discussion()).given(
        RecordAttendance(meeting=M, present=(CHAIR, "grid-member2"), actor=CHAIR), LapseMeeting(meeting=M, actor=CHAIR)
    )
    refused(lapsing.when(said()), "not_authorised")


def test_an_opinion_may_be_entered_late_and_beyond_the_limit_with_an_approver() -> None:
    scenario = a_discussed_case()
    there = scenario.now
    scenario.at(there + 7 * DAY)
    assert scenario.when(said(at=there)).refused is None
    scenario.at(there + 9 * DAY)
    refused(scenario.when(said(at=there)), "entered_too_late")
    scenario.when(said(at=there, approved_by="street-reviewer"))
    scenario.then(OpinionRecorded(opinion="Mend it", approved_by="street-reviewer"))


# --- the four ways out


def test_a_small_matter_does_not_leave_the_grid() -> None:
    scenario = a_discussed_case().when(settling()).then(MatterSettled(how="A new bulb", by="resident2"))
    case = scenario.state(P)
    assert (case.status, case.outcome) == (S.HANDLED, "settled")
    assert case.handlers == (Act("resident2", CHAIR),)  # neither who settled it nor who says so evaluates it


def test_the_chair_forwards_it_with_a_recommendation() -> None:
    scenario = a_discussed_case().when(forwarding()).then(ProposalForwarded(recommendation="Mend it"))
    assert scenario.state(P).status is S.TABLED
    assert scenario.state(P).unit == "unit-grid"


def test_the_chair_sends_it_back_to_be_completed_and_that_is_a_return() -> None:
    scenario = a_discussed_case().when(referring()).then(ProposalReferredBack(reason="Which lamp?"))
    case = scenario.state(P)
    assert (case.status, case.count("returns")) == (S.RETURNED, 1)


def test_the_chair_takes_it_one_tier_up() -> None:
    scenario = a_discussed_case().when(escalating())
    case = scenario.then(DiscussionEscalated(reason="Too big", unit="unit-community")).state(P)
    assert (case.status, case.unit, case.place, case.meetings) == (S.ACCEPTED, "unit-community", "unit-grid", ())


def test_at_the_top_nothing_is_taken_up() -> None:
    scenario = a_discussed_case()
    scenario.given(on(P, DiscussionEscalated(reason="Too big", unit="unit-county"), at=scenario.now))
    scenario.given(on(P, DiscussionOpened(meeting=M), at=scenario.now))
    refused(scenario.when(escalating()), "top_tier", unit="unit-county")


WAYS_OUT: dict[str, Callable[[], Command]] = {
    "settle": settling,
    "forward": forwarding,
    "refer back": referring,
    "escalate": escalating,
}


@pytest.mark.parametrize("way", WAYS_OUT.values(), ids=WAYS_OUT.keys())
def test_nothing_follows_from_a_discussion_before_its_minutes_are_out(way: Callable[[], Command]) -> None:
    scenario = a_case_in_discussion()
    refused(scenario.when(way()), "minutes_not_published", meeting=M)
    in_session(scenario).given(closing(scenario, M))
    refused(scenario.when(way()), "minutes_not_published", meeting=M)
    scenario.given(CloseMeeting(meeting=M, actor=CHAIR))
    refused(scenario.when(way()), "minutes_not_published", meeting=M)
    scenario.given(PublishMinutes(meeting=M, minutes="-", actor=CHAIR))
    assert scenario.when(way()).refused is None


@pytest.mark.parametrize("way", WAYS_OUT.values(), ids=WAYS_OUT.keys())
def test_nothing_follows_from_a_meeting_that_was_called_off(way: Callable[[], Command]) -> None:
    refused(cancelled(a_case_in_discussion()).when(way()), "minutes_not_published", meeting=M)


@pytest.mark.parametrize("way", [settling, forwarding, referring])
def test_the_convenor_steps_in_only_when_the_chairs_time_is_over(way: Callable[..., Command]) -> None:
    """A chair who falls ill or moves away would otherwise keep the case where it is for ever."""
    scenario = a_discussed_case()
    due = scenario.state(P).due_at
    refused(scenario.when(way(actor="grid-convenor")), "not_yet_due", due=instant_text(due))
    refused(scenario.at(due - SECOND).when(way(actor="grid-convenor")), "not_yet_due", due=instant_text(due))
    assert scenario.at(due).when(way(actor="grid-convenor")).refused is None


def test_referring_back_is_bounded_as_returns_and_as_revisions_are() -> None:
    none_left = a_discussed_case(rules(maxima={"returns": 0}))
    refused(none_left.when(referring()), "limit_reached", loop="returns", maximum=0)
    unrevisable = a_discussed_case(rules(maxima={"revisions": 0}))
    refused(unrevisable.when(referring()), "limit_reached", loop="revisions", maximum=0)
    assert unrevisable.when(forwarding()).refused is None


def test_what_others_were_merged_into_is_not_sent_back_by_a_meeting_either() -> None:
    scenario = a_discussed_case().given(raising(proposal="proposal-2", actor="wang"))
    scenario.given(MergeProposal(proposal="proposal-2", into=P, reason="Same", actor="community-screener"))
    refused(scenario.when(referring()), "others_depend_on_it", absorbed=["proposal-2"])


def test_a_case_of_a_unit_that_was_closed_is_dealt_with_by_the_open_unit_above() -> None:
    """Grids are redrawn every few years; what was open in one that is gone must still have an exit."""
    scenario = an_accepted_case().given(on("unit-grid", UnitClosed(reason="Merged into grid 2")))
    called(scenario, unit="community").given(opening(M, "community"))
    minuted(in_session(scenario))
    scenario.when(escalating(actor="community-member1"))
    scenario.then(DiscussionEscalated(reason="Too big", unit="unit-street"))


def test_who_speaks_for_a_discussion_is_the_chair_of_the_last_meeting() -> None:
    scenario = cancelled(a_case_in_discussion())
    scenario.given(calling(scenario, N, chair="grid-member4"), listing(item(), meeting=N), opening(N))
    minuted(in_session(scenario, N), N)
    refused(scenario.when(forwarding(actor=CHAIR)), "not_authorised")
    assert scenario.when(forwarding(actor="grid-member4")).refused is None
