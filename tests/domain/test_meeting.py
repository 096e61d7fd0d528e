"""Meetings 会议 up to their opening: notice, agenda, roll, attendance, quorum; and how they fail to come about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from proposals import (
    AttendanceRecorded,
    CancelMeeting,
    CloseMeeting,
    DeadlineMissed,
    EndAppointment,
    FixRoll,
    InviteObserver,
    LapseMeeting,
    MeetingCalled,
    MeetingCancelled,
    MeetingClosed,
    MeetingLapsed,
    MeetingOpened,
    MinutesPublished,
    ObserverInvited,
    OpenMeeting,
    PublishMinutes,
    RecordAttendance,
    RecordMissed,
    RollFixed,
    UnitClosed,
)
from proposals.domain.meeting import MeetingStatus, Purpose
from proposals.domain.organisation import PolicyEnacted
from proposals.domain.vocabulary import Role, instant_text
from proposals.testing import MORNING, given, on, small_county
from tests.domain.stories import (
    DAY,
    HOUR,
    SECOND,
    TODAY,
    M,
    an_accepted_case,
    appoint,
    called,
    calling,
    closing,
    county,
    in_session,
    item,
    listing,
    members,
    minuted,
    refused,
    rolled,
    rules,
    told,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from proposals.domain.event import Command
    from proposals.testing import Scenario

CHAIR = "grid-member1"
ST = MeetingStatus


def there(*present: str, **changes: object) -> RecordAttendance:
    return RecordAttendance.model_validate({"meeting": M, "present": present, "actor": CHAIR, **changes})


OPEN = OpenMeeting(meeting=M, actor=CHAIR)
LAPSE = LapseMeeting(meeting=M, actor=CHAIR)
CANCEL = CancelMeeting(meeting=M, reason="Snow", actor="grid-convenor")
MINUTES = PublishMinutes(meeting=M, minutes="All was said.", actor=CHAIR)


# --- calling


def test_the_convenor_calls_a_meeting_under_the_policy_in_force() -> None:
    scenario = county()
    starts = MORNING + 4 * DAY
    scenario.when(calling(scenario)).then(
        MeetingCalled(
            unit="unit-grid", meeting_kind="residents_council", purpose=Purpose.DISCUSS, title="A meeting",
            starts_at=starts, chair=CHAIR, policy="policy-1",
        )
    )  # fmt: skip
    meeting = scenario.state(M)
    assert (meeting.status, meeting.unit, meeting.policy, meeting.chair) == (ST.CALLED, "unit-grid", "policy-1", CHAIR)
    assert (meeting.meeting_kind, meeting.purpose, meeting.title) == ("residents_council", "discuss", "A meeting")
    assert meeting.starts_at == starts
    assert meeting.due_at == starts.replace(hour=16)  # the midnight that ends its day in Shanghai
    assert meeting.calendar == "chinesecalendar 1.11.0"


def test_three_days_of_notice_reach_to_the_third_day_after() -> None:
    """Called on Monday, whatever the hour, it may be held from the first minute of Thursday on."""
    thursday = MORNING.replace(hour=16) + 2 * DAY
    for monday in (MORNING, MORNING.replace(hour=15, minute=59)):
        scenario = county().at(monday)
        assert scenario.when(calling(scenario, starts_at=thursday)).refused is None
        other = county().at(monday)
        refused(other.when(calling(other, starts_at=thursday - SECOND)), "notice_too_short", notice="3 days")


def test_notice_runs_from_when_the_call_is_entered_not_from_an_earlier_day_it_is_dated_to() -> None:
    thursday = MORNING.replace(hour=16) + 2 * DAY
    scenario = county().at(MORNING + DAY)
    refused(scenario.when(calling(scenario, at=MORNING, starts_at=thursday)), "notice_too_short", notice="3 days")
    assert scenario.when(calling(scenario, at=MORNING, starts_at=thursday + DAY)).refused is None
    ahead = county().at(MORNING.replace(hour=15, minute=30))  # half an hour before midnight, dated after it
    assert ahead.when(calling(ahead, at=ahead.now + HOUR, starts_at=thursday)).refused is None


@pytest.mark.parametrize(
    ("notice", "earliest"),
    [
        ("0 days", MORNING),
        ("1 day", MORNING.replace(hour=16)),
        ("2 days", MORNING.replace(hour=16) + DAY),
        ("36 hours", MORNING + 36 * HOUR),
        ("6 working days", MORNING.replace(hour=16) + 7 * DAY),
    ],
)
def test_notice_is_counted_as_the_policy_says(notice: str, earliest: object) -> None:
    scenario = county(rules(meeting_notice=notice))
    assert scenario.when(calling(scenario, starts_at=earliest)).refused is None
    if notice != "0 days":
        other = county(rules(meeting_notice=notice))
        refused(other.when(calling(other, starts_at=earliest - SECOND)), "notice_too_short")  # type: ignore[operator]


def test_the_kind_of_meeting_is_on_the_policys_list() -> None:
    scenario = county(rules(meeting_kinds={"b": "B", "a": "A"}))
    refused(
        scenario.when(calling(scenario, meeting_kind="party")),
        "not_on_the_list", field="meeting_kind", value="party", known=["a", "b"],
    )  # fmt: skip
    assert scenario.when(calling(scenario, meeting_kind="a")).refused is None


def test_a_closed_unit_does_not_meet() -> None:
    scenario = county().given(on("unit-grid", UnitClosed(reason="Merged")))
    refused(
        scenario.given(appoint("grid-convenor", "convenor", "unit-community")).when(calling(scenario)),
        "unit_is_closed", unit="unit-grid",
    )  # fmt: skip


def test_without_a_policy_in_force_nobody_meets() -> None:
    scenario = given(*[fact for fact in small_county() if not isinstance(fact.event, PolicyEnacted)])
    refused(scenario.when(calling(scenario)), "no_policy_in_force", unit="unit-grid")


def test_a_meeting_is_called_once() -> None:
    scenario = county().given(calling(county()))
    refused(scenario.when(calling(scenario)), "already_exists", stream=M, status="called")


# --- observers and the roll


def test_an_observer_is_invited_once() -> None:
    invite = InviteObserver(meeting=M, observer="expert", actor="grid-convenor")
    scenario = called(an_accepted_case()).when(invite).then(ObserverInvited(observer="expert"))
    assert scenario.state(M).invited == ("expert",)
    refused(scenario.when(invite), "invited_already", observer="expert")


def test_the_roll_is_made_from_the_appointments_of_the_meetings_day() -> None:
    """The meeting is on Friday the 6th; whoever sits on the committee that day is on the roll, and nobody else."""
    friday = TODAY + 4 * DAY
    scenario = called(an_accepted_case()).given(
        appoint("begins-friday", "member", "unit-grid", friday),
        appoint("ends-friday", "part_time_member", "unit-grid", TODAY, friday),
        appoint("begins-saturday", "member", "unit-grid", friday + DAY),
        appoint("ended-thursday", "member", "unit-grid", TODAY, friday - DAY),
        appoint("of-the-other-grid", "member", "unit-grid2"),
        appoint("watcher", "observer", "unit-grid"),
        InviteObserver(meeting=M, observer="expert", actor="grid-convenor"),
        InviteObserver(meeting=M, observer="grid-member2", actor="grid-convenor"),
    )
    scenario.when(FixRoll(meeting=M, excused=("grid-member3", "grid-member2", "grid-member3"), actor=CHAIR))
    scenario.then(
        RollFixed(
            members=("begins-friday", "ends-friday", *members()),
            observers=("expert", "watcher"),
            excused=("grid-member2", "grid-member3"),
            due_at=scenario.state(M).due_at, calendar=scenario.state(M).calendar,
        )
    )  # fmt: skip
    meeting = scenario.state(M)
    assert meeting.status is ST.ROLLED
    assert meeting.due_at == meeting.starts_at.replace(hour=16)
    assert (meeting.members[:2], meeting.observers) == (("begins-friday", "ends-friday"), ("expert", "watcher"))
    assert meeting.excused == ("grid-member2", "grid-member3")


def test_the_meetings_day_for_the_roll_is_that_of_its_policys_zone() -> None:
    """Eight in the evening of Friday the 6th in UTC is Saturday in Shanghai."""
    for zone, day in (("UTC", 4), ("Asia/Shanghai", 5)):
        scenario = an_accepted_case(rules(time_zone=zone))
        scenario.given(calling(scenario, starts_at=(MORNING + 4 * DAY).replace(hour=20)), listing(item()))
        only = TODAY + day * DAY
        scenario.given(appoint("of-that-day", "member", "unit-grid", only, only), FixRoll(meeting=M, actor=CHAIR))
        assert "of-that-day" in scenario.state(M).members


@pytest.mark.parametrize(
    "change",
    [
        appoint("grid-member6", "member", "unit-grid"),
        appoint("grid-member6", "part_time_member", "unit-grid"),
        appoint("listener", "observer", "unit-grid"),
        EndAppointment(
            unit="unit-grid", person="grid-member5", role=Role.MEMBER, until=TODAY, reason="moved",
            actor="county-registrar",
        ),
    ],
    ids=["a member more", "a part-time member more", "an observer more", "a member less"],
)  # fmt: skip
def test_a_meeting_opens_only_with_the_roll_of_its_day(change: Command) -> None:
    """The roll was fixed four days ahead, and somebody has come or gone since: it is fixed again."""
    scenario = rolled(called(an_accepted_case())).given(change)
    over = scenario.state(M).due_at
    refused(scenario.given(there(*members())).when(OPEN), "roll_has_changed")
    scenario.when(FixRoll(meeting=M, actor=CHAIR)).then(RollFixed)
    assert scenario.state(M).due_at == over
    scenario.when(OPEN).then(MeetingOpened)


@pytest.mark.parametrize(
    "story", [lambda s: s, lambda s: s.given(there(*members("grid", (1, 2))))], ids=["before", "after attendance"]
)
def test_a_roll_that_is_right_is_not_fixed_again(story: Callable[[Scenario], Scenario]) -> None:
    scenario = story(rolled(called(an_accepted_case())))
    refused(scenario.when(FixRoll(meeting=M, actor=CHAIR)), "roll_is_right")


def test_who_falls_ill_after_the_roll_was_fixed_is_given_leave_until_the_hour() -> None:
    scenario = called(an_accepted_case())
    hour = scenario.state(M).starts_at
    rolled(scenario)
    ill = FixRoll(meeting=M, excused=("grid-member5",), actor=CHAIR)
    scenario.at(hour - SECOND).when(ill).then(RollFixed)
    assert scenario.state(M).excused == ("grid-member5",)
    refused(scenario.when(ill), "roll_is_right")
    refused(scenario.at(hour).when(ill.model_copy(update={"excused": ("grid-member4",)})), "leave_too_late", people=1)


def test_leave_leaves_a_majority_of_all_members_due() -> None:
    """A chair who sends the others home first must not decide alone."""
    scenario = called(an_accepted_case())
    three = FixRoll(meeting=M, excused=tuple(members("grid", (3, 4, 5))), actor=CHAIR)
    refused(scenario.when(three), "too_many_excused", due=2, members=5)
    scenario.when(three.model_copy(update={"excused": tuple(members("grid", (4, 5)))})).then(RollFixed)
    refused(
        scenario.when(three.model_copy(update={"excused": tuple(members("grid", (3,)))})),
        "too_many_excused",
        due=2,
        members=5,
    )


def test_nobody_wins_an_hour_by_dating_leave_back() -> None:
    scenario = called(an_accepted_case())
    hour = scenario.state(M).starts_at
    late = FixRoll(meeting=M, excused=("grid-member5",), at=hour - SECOND, actor=CHAIR)
    refused(scenario.at(hour).when(late), "leave_too_late", people=1)


def test_no_quorum_is_made_by_excusing_the_absent() -> None:
    """Three of five are there. A roll that is fixed late, or again because somebody came, gives nobody leave."""
    absent = ("grid-member4", "grid-member5")
    late = called(an_accepted_case())
    late.at(late.state(M).starts_at)
    refused(late.when(FixRoll(meeting=M, excused=absent, actor=CHAIR)), "leave_too_late", people=2)

    again = rolled(called(an_accepted_case())).given(appoint("grid-member6", "member", "unit-grid"))
    again.at(again.state(M).starts_at)
    refused(again.when(FixRoll(meeting=M, excused=absent, actor=CHAIR)), "leave_too_late", people=2)


def test_who_had_leave_keeps_it_when_the_roll_is_fixed_again_and_who_left_is_not_present() -> None:
    scenario = rolled(called(an_accepted_case()), excused=("grid-member4", "grid-member5"))
    scenario.given(there(*members("grid", (1, 2, 3))), appoint("grid-member6", "member", "unit-grid"))
    for person in ("grid-member3", "grid-member4"):
        scenario.given(
            EndAppointment(
                unit="unit-grid", person=person, role=Role.MEMBER, until=TODAY, reason="moved",
                actor="county-registrar",
            )
        )  # fmt: skip
    meeting = scenario.given(FixRoll(meeting=M, excused=("grid-member5",), actor=CHAIR)).state(M)
    assert meeting.excused == ("grid-member5",)
    assert meeting.present == set(members("grid", (1, 2)))
    assert meeting.members == (*members("grid", (1, 2, 5)), "grid-member6")


def test_without_an_agenda_there_is_no_roll() -> None:
    scenario = county().given(calling(county()))
    refused(scenario.when(FixRoll(meeting=M, actor=CHAIR)), "no_agenda", meeting=M)


def test_the_chair_is_a_voting_member_of_that_day() -> None:
    scenario = an_accepted_case()
    scenario.given(calling(scenario, chair="li"), listing(item()))
    refused(scenario.when(FixRoll(meeting=M, actor="li")), "chair_not_on_the_roll", chair="li")


@pytest.mark.parametrize("person", [CHAIR, "li"])
def test_leave_is_for_members_and_not_for_the_chair(person: str) -> None:
    scenario = called(an_accepted_case())
    refused(
        scenario.when(FixRoll(meeting=M, excused=("grid-member2", person), actor=CHAIR)),
        "cannot_be_excused", person=person,
    )  # fmt: skip


# --- attendance and opening


def test_those_on_the_roll_are_counted_members_and_observers() -> None:
    scenario = called(an_accepted_case()).given(InviteObserver(meeting=M, observer="expert", actor="grid-convenor"))
    rolled(scenario).when(there(CHAIR, "expert")).then(AttendanceRecorded(present=(CHAIR, "expert")))
    scenario.given(there("grid-member2"))
    assert scenario.state(M).present == {CHAIR, "expert", "grid-member2"}
    refused(scenario.when(there("grid-member2", "li")), "not_on_the_roll", person="li")


def test_who_comes_late_is_counted_from_then_on() -> None:
    scenario = in_session(called(an_accepted_case()), present=members("grid", (1, 2, 3, 4)))
    assert scenario.when(there("grid-member5")).refused is None
    assert len(scenario.state(M).present) == 5


def test_nobody_is_present_before_the_meetings_day() -> None:
    scenario = called(an_accepted_case()).given(FixRoll(meeting=M, actor=CHAIR))
    starts = scenario.state(M).starts_at
    midnight = starts.replace(hour=16) - DAY
    refused(scenario.at(midnight - SECOND).when(there(CHAIR)), "too_early", starts=instant_text(starts))
    assert scenario.at(midnight).when(there(CHAIR)).refused is None


def test_the_meetings_day_is_that_of_its_policys_zone() -> None:
    scenario = called(an_accepted_case(rules(time_zone="UTC"))).given(FixRoll(meeting=M, actor=CHAIR))
    midnight = scenario.state(M).starts_at.replace(hour=0)
    refused(scenario.at(midnight - SECOND).when(there(CHAIR)), "too_early")
    assert scenario.at(midnight).when(there(CHAIR)).refused is None


def test_attendance_may_be_entered_late_and_beyond_the_limit_with_an_approver() -> None:
    scenario = in_session(called(an_accepted_case()), present=members("grid", (1, 2, 3, 4)))
    hour = scenario.now
    scenario.at(hour + 9 * DAY)
    refused(scenario.when(there("grid-member5", at=hour)), "entered_too_late", at="2026-03-06T01:00:00.000000Z",
            limit="7 days")  # fmt: skip
    scenario.when(there("grid-member5", at=hour, approved_by="county-reviewer"))
    scenario.then(AttendanceRecorded(present=("grid-member5",), approved_by="county-reviewer"))


@pytest.mark.parametrize(("present", "enough"), [((1, 2, 3, 4), True), ((1, 2, 3), False)])
def test_two_thirds_of_five_are_four(present: tuple[int, ...], *, enough: bool) -> None:
    scenario = rolled(called(an_accepted_case())).given(there(*members("grid", present))).when(OPEN)
    if enough:
        assert scenario.then(MeetingOpened()).state(M).status is ST.IN_SESSION
        assert scenario.state(M).due_at == scenario.now.replace(hour=16) + DAY
    else:
        refused(scenario, "no_quorum", present=3, due=5)


@pytest.mark.parametrize(("base", "enough"), [("due", True), ("all", False), ("present", True)])
def test_the_excused_count_for_all_but_not_for_those_due(base: str, *, enough: bool) -> None:
    """Of five, two have leave: the other three are all of those due, but not two thirds of all."""
    quorum = {"numerator": 2, "denominator": 3, "strict": False, "base": base}
    scenario = rolled(called(an_accepted_case(rules(quorum=quorum))), excused=("grid-member4", "grid-member5"))
    scenario.given(there(*members("grid", (1, 2, 3)))).when(OPEN)
    if enough:
        assert scenario.refused is None
    else:
        refused(scenario, "no_quorum", present=3, due=3)


def test_observers_make_no_quorum() -> None:
    scenario = called(an_accepted_case()).given(
        *(InviteObserver(meeting=M, observer=f"expert{n}", actor="grid-convenor") for n in range(4))
    )
    rolled(scenario).given(there(*members("grid", (1, 2, 3)), "expert0", "expert1", "expert2", "expert3"))
    refused(scenario.when(OPEN), "no_quorum", present=3, due=5)


def test_nobody_chairs_from_elsewhere() -> None:
    scenario = rolled(called(an_accepted_case())).given(there(*members("grid", (2, 3, 4, 5))))
    refused(scenario.when(OPEN), "chair_is_absent", chair=CHAIR)


def test_a_meeting_opens_at_its_hour_or_later_that_day() -> None:
    scenario = rolled(called(an_accepted_case())).given(there(*members()))
    starts, over = scenario.state(M).starts_at, scenario.state(M).due_at
    refused(scenario.at(starts - SECOND).when(OPEN), "too_early", starts=instant_text(starts))
    refused(scenario.at(over).when(OPEN), "meeting_is_over", meeting=M, status="rolled")
    assert scenario.at(over - SECOND).when(OPEN).refused is None
    assert rolled(called(an_accepted_case())).given(there(*members())).when(OPEN).refused is None


def test_agenda_invitations_and_attendance_start_no_new_period() -> None:
    scenario = an_accepted_case()
    scenario.given(calling(scenario)).at(MORNING + HOUR)
    scenario.given(listing(item()), InviteObserver(meeting=M, observer="expert", actor="grid-convenor"))
    assert scenario.state(M).last_at == MORNING
    rolled(scenario)
    before = scenario.state(M).last_at
    scenario.at(scenario.now + HOUR).given(there(CHAIR))
    assert scenario.state(M).last_at == before


# --- meetings that do not come about


@pytest.mark.parametrize("story", [called, lambda s: rolled(called(s))], ids=["called", "rolled"])
def test_the_chair_lets_it_lapse_from_its_hour_on_for_want_of_a_quorum(
    story: Callable[[Scenario], Scenario],
) -> None:
    scenario = story(an_accepted_case())
    starts = scenario.state(M).starts_at
    refused(scenario.at(starts - SECOND).when(LAPSE), "too_early", starts=instant_text(starts))
    assert scenario.at(starts).when(LAPSE).then(MeetingLapsed()).state(M).status is ST.LAPSED


def test_with_a_quorum_the_meeting_is_held() -> None:
    scenario = rolled(called(an_accepted_case())).given(there(*members("grid", (1, 2, 3, 4))))
    refused(scenario.when(LAPSE), "quorum_is_met")


@pytest.mark.parametrize("story", [called, lambda s: rolled(called(s))], ids=["called", "rolled"])
def test_the_clock_lets_it_lapse_when_its_day_is_over_quorum_or_not(story: Callable[[Scenario], Scenario]) -> None:
    scenario = story(an_accepted_case())
    due = scenario.state(M).due_at
    if scenario.state(M).members:
        scenario.given(there(*members()))
    system = LapseMeeting(meeting=M, actor="system")
    refused(scenario.at(due - SECOND).when(system), "not_yet_due", due=instant_text(due))
    scenario.at(due).tick()
    assert "MeetingLapsed" in [fact.name for fact in scenario.recorded]
    assert scenario.state(M).status is ST.LAPSED


@pytest.mark.parametrize("story", [called, lambda s: rolled(called(s))], ids=["called", "rolled"])
def test_the_convenor_calls_a_meeting_off_with_a_reason(story: Callable[[Scenario], Scenario]) -> None:
    scenario = story(an_accepted_case()).when(CANCEL).then(MeetingCancelled(reason="Snow"))
    assert scenario.state(M).status is ST.CANCELLED


def test_a_session_is_not_called_off() -> None:
    refused(in_session(called(an_accepted_case())).when(CANCEL), "wrong_state")


def test_a_session_that_its_chair_has_left_is_closed_by_the_convenor_as_it_is() -> None:
    """A chair who faints in the chair must not keep the meeting, and all its cases, in session for ever."""
    scenario = in_session(called(an_accepted_case()))
    due = scenario.state(M).due_at
    close = CloseMeeting(meeting=M, actor="grid-convenor")
    refused(scenario.at(due - SECOND).when(close), "not_yet_due", due=instant_text(due))
    refused(scenario.at(due).when(close.model_copy(update={"actor": CHAIR})), "items_are_open", items=[1])
    scenario.when(close).then(MeetingClosed)


def test_a_session_without_a_time_may_be_closed_by_the_convenor_at_once() -> None:
    policy = rules(deadlines={"meeting": {"in_session": {"within": None}}})
    close = CloseMeeting(meeting=M, actor="grid-convenor")
    assert in_session(called(an_accepted_case(policy))).when(close).refused is None


def ended(scenario: Scenario) -> Scenario:
    in_session(scenario)
    return scenario.given(closing(scenario, M), CloseMeeting(meeting=M, actor=CHAIR))


@pytest.mark.parametrize(
    "story",
    [called, lambda s: rolled(called(s)), lambda s: in_session(called(s)), lambda s: ended(called(s))],
    ids=["called", "rolled", "in session", "closed"],
)
def test_in_every_state_that_waits_for_someone_a_missed_time_is_noted_once_and_not_before(
    story: Callable[[Scenario], Scenario],
) -> None:
    recorded = {status: {"then": [{"do": "record"}]} for status in ("called", "rolled")}
    scenario = story(an_accepted_case(rules(deadlines={"meeting": recorded})))
    due, status = scenario.state(M).due_at, scenario.state(M).status
    timer = f"{status}.record"
    note = RecordMissed(on=M, timer=timer, due=due, owner=Role.CHAIR, action="record", actor="system")
    refused(scenario.at(due - SECOND).when(note), "not_yet_due", due=instant_text(due))
    scenario.at(due).when(note).then(DeadlineMissed(timer=timer, due=due, owner=Role.CHAIR, action="record"))
    assert (scenario.state(M).missed, scenario.state(M).status) == ((timer,), status)
    refused(scenario.when(note), "noted_already", timer=timer)


# --- closing


def test_a_session_ends_when_nothing_on_its_agenda_is_open() -> None:
    scenario = in_session(called(an_accepted_case()))
    close = CloseMeeting(meeting=M, actor=CHAIR)
    refused(scenario.when(close), "items_are_open", items=[1])
    scenario.given(closing(scenario, M)).when(close).then(MeetingClosed())
    assert scenario.state(M).status is ST.CLOSED
    assert scenario.state(M).due_at == scenario.now.replace(hour=16) + 5 * DAY  # three working days, over a weekend


def test_the_minutes_are_published() -> None:
    scenario = in_session(called(an_accepted_case()))
    refused(scenario.when(MINUTES), "wrong_state")
    scenario.given(closing(scenario, M), CloseMeeting(meeting=M, actor=CHAIR))
    scenario.when(MINUTES).then(MinutesPublished(minutes="All was said."))
    assert scenario.state(M).status is ST.MINUTED


def test_the_convenor_publishes_the_minutes_when_the_chairs_time_is_over() -> None:
    scenario = in_session(called(an_accepted_case()))
    scenario.given(closing(scenario, M), CloseMeeting(meeting=M, actor=CHAIR))
    by_convenor = MINUTES.model_copy(update={"actor": "grid-convenor"})
    due = scenario.state(M).due_at
    refused(scenario.at(due - SECOND).when(by_convenor), "not_yet_due", due=instant_text(due))
    assert scenario.at(due).when(by_convenor).refused is None


@pytest.mark.parametrize(
    "over",
    [
        lambda: minuted(in_session(called(an_accepted_case()))),
        lambda: called(an_accepted_case()).given(CANCEL),
        lambda: rolled(called(an_accepted_case())).given(LAPSE),
    ],
    ids=["minuted", "cancelled", "lapsed"],
)
def test_what_is_over_stays_over(over: Callable[[], Scenario]) -> None:
    commands = [listing(item()), FixRoll(meeting=M, actor=CHAIR), there(CHAIR), OPEN, LAPSE, CANCEL, MINUTES]
    for command in commands:
        refused(over().when(command), "wrong_state")
        assert told(over().when(command))["allowed"]
