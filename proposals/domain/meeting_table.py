"""The meeting's guards and rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proposals.domain.context import Context, Site
from proposals.domain.deadlines import end_of, entered, first_day_after, is_over, not_before
from proposals.domain.errors import Refusal, on_the_list, refusal
from proposals.domain.meeting import Meeting, MeetingStatus, Outcome, Purpose
from proposals.domain.missed import missed_row
from proposals.domain.process import NEW, SAME, Process, Row
from proposals.domain.units import each_unit_once_and_open, unit_is_open
from proposals.domain.vocabulary import (
    SYSTEM,
    Kind,
    Motion,
    Role,
    instant_text,
)

if TYPE_CHECKING:
    from datetime import datetime

    from proposals.domain.case import Proposal
    from proposals.domain.rules import ProcessPolicy
from proposals.domain.meeting_acts import (
    AgendaSet,
    AttendanceRecorded,
    CallMeeting,
    CancelMeeting,
    CastVote,
    CloseItem,
    CloseMeeting,
    FixRoll,
    InviteObserver,
    ItemClosed,
    LapseMeeting,
    MeetingCalled,
    MeetingCancelled,
    MeetingClosed,
    MeetingLapsed,
    MeetingOpened,
    MemberRecused,
    MinutesPublished,
    ObserverInvited,
    OpenMeeting,
    PublishMinutes,
    RecordAttendance,
    Recuse,
    RollFixed,
    SetAgenda,
    VoteCast,
    case_is_still_there,
    outcome_now,
    roll_of,
)

# --- guards


def its_unit_is_open(state: None, command: CallMeeting, context: Context) -> Refusal | None:
    """The unit that is to meet exists."""
    return unit_is_open(command.unit, context)


def its_rules_are_in_force(state: None, command: CallMeeting, context: Context) -> Refusal | None:
    """Quorum and majority come from a policy."""
    assert command.at is not None
    if context.policy_in_force(command.unit, command.at) is None:
        return refusal("no_policy_in_force", unit=command.unit)
    return None


def its_kind_is_in_policy(state: None, command: CallMeeting, context: Context) -> Refusal | None:
    """居民议事会 and its like are the policy's list."""
    assert command.at is not None
    rules = context.policy(str(context.policy_in_force(command.unit, command.at)))
    return on_the_list("meeting_kind", command.meeting_kind, rules.meeting_kinds)


def it_is_not_too_far_ahead(state: None, command: CallMeeting, context: Context) -> Refusal | None:
    """Nobody keeps a matter waiting for a meeting in years to come."""
    assert command.at is not None
    rules = context.policy(str(context.policy_in_force(command.unit, command.at)))
    latest = end_of(command.at, rules.review_within, rules, context.calendar).at
    return refusal("meeting_too_late", last=instant_text(latest)) if command.starts_at > latest else None


def notice_is_long_enough(state: None, command: CallMeeting, context: Context) -> Refusal | None:
    """Members hear of it in time: nobody hears of a meeting before the call for it is entered."""
    assert command.at is not None
    rules = context.policy(str(context.policy_in_force(command.unit, command.at)))
    return _notice(command.starts_at, rules, context)


def members_hear_what_it_is_about(state: Meeting, command: SetAgenda, context: Context) -> Refusal | None:
    """The agenda is part of the notice: nobody is asked to vote on what they first hear of at the door."""
    assert state.starts_at is not None
    return _notice(state.starts_at, context.policy(state.policy), context)


def _notice(starts_at: datetime, rules: ProcessPolicy, context: Context) -> Refusal | None:
    earliest = first_day_after(context.now, rules.meeting_notice, rules, context.calendar)
    return refusal("notice_too_short", notice=str(rules.meeting_notice)) if starts_at < earliest else None


def cases_are_for_this_meeting(state: Meeting, command: SetAgenda, context: Context) -> Refusal | None:
    """Every case is on it once, under a motion that this meeting can deal with."""
    seen: set[str] = set()
    for item in command.agenda:
        if item.proposal in seen:
            return refusal("on_the_agenda_twice", proposal=item.proposal)
        seen.add(item.proposal)
        if (item.motion is Motion.DISCUSS) is not (state.purpose is Purpose.DISCUSS):
            return refusal("motion_of_another_purpose", motion=item.motion.value, purpose=state.purpose.value)
    return None


def cases_stand_where_they_must(state: Meeting, command: SetAgenda, context: Context) -> Refusal | None:
    """Every case is there to be dealt with: open, at this unit, in this revision."""
    for item in command.agenda:
        case: Proposal | None = context.read(item.proposal)
        if case is None:
            return refusal("no_such_stream", stream=item.proposal)
        if not case_is_still_there(state, item, context):
            return refusal(
                "case_not_for_this_meeting",
                proposal=item.proposal,
                status=str(case.status),
                unit=case.unit,
                revision=case.revision,
            )
    return None


def motions_carry_what_they_need(state: Meeting, command: SetAgenda, context: Context) -> Refusal | None:
    """A motion to adopt brings a plan of open units and funds that are there; any other brings neither."""
    for item in command.agenda:
        if item.motion is not Motion.ADOPT:
            if item.plan is not None or item.funding:
                return refusal("motion_takes_no_plan", proposal=item.proposal, motion=item.motion.value)
            continue
        if item.plan is None:
            return refusal("motion_needs_plan", proposal=item.proposal)
        reason = each_unit_once_and_open(item.proposal, item.plan.lead, item.plan.assisting, context)
        if reason is not None:
            return reason
        why = context.funds.refusal(state.unit, item.appropriation)
        if why is not None:
            return refusal("funds_refused", proposal=item.proposal, reason=why)
    return None


def observer_is_new(state: Meeting, command: InviteObserver, context: Context) -> Refusal | None:
    """Nobody is invited twice."""
    return refusal("invited_already", observer=command.observer) if command.observer in state.invited else None


def chair_is_on_the_roll(state: Meeting, command: FixRoll, context: Context) -> Refusal | None:
    """The chair is a voting member that day."""
    members, _ = roll_of(state, context)
    return None if state.chair in members else refusal("chair_not_on_the_roll", chair=state.chair)


def the_roll_is_not_right_yet(state: Meeting, command: FixRoll, context: Context) -> Refusal | None:
    """A roll is fixed again only when people were appointed, have left or are given leave."""
    as_it_was = roll_of(state, context) == (state.members, state.observers) and not _new_leave(state, command)
    return refusal("roll_is_right") if state.status is MeetingStatus.ROLLED and as_it_was else None


def leave_is_given_beforehand(state: Meeting, command: FixRoll, context: Context) -> Refusal | None:
    """Once the meeting's hour has come, the absent are absent: no quorum is made by giving them leave."""
    assert state.starts_at is not None
    late = entered(command.at, context) >= state.starts_at and _new_leave(state, command)
    return refusal("leave_too_late", people=len(late)) if late else None


def enough_are_due(state: Meeting, command: FixRoll, context: Context) -> Refusal | None:
    """Leave is given to so many at most that those due to attend are still a majority of all members."""
    members, _ = roll_of(state, context)
    due = len(set(members) - {*command.excused, *state.excused})
    if not _new_leave(state, command) or context.policy(state.policy).majority.is_met(due, len(members)):
        return None
    return refusal("too_many_excused", due=due, members=len(members))


def _new_leave(state: Meeting, command: FixRoll) -> set[str]:
    return set(command.excused) - set(state.excused)


def agenda_is_set(state: Meeting, command: FixRoll, context: Context) -> Refusal | None:
    """A meeting has something to deal with."""
    return None if state.agenda else refusal("no_agenda", meeting=state.id)


def excused_are_members(state: Meeting, command: FixRoll, context: Context) -> Refusal | None:
    """Only members have leave, and not the chair."""
    members, _ = roll_of(state, context)
    for person in command.excused:
        if person not in members or person == state.chair:
            return refusal("cannot_be_excused", person=person)
    return None


def they_are_on_the_roll(state: Meeting, command: RecordAttendance, context: Context) -> Refusal | None:
    """Only those on the roll are counted."""
    for person in command.present:
        if person not in state.members and person not in state.observers:
            return refusal("not_on_the_roll", person=person)
    return None


def its_day_has_come(state: Meeting, command: RecordAttendance, context: Context) -> Refusal | None:
    """Nobody is present before the meeting's day."""
    assert command.at is not None
    assert state.starts_at is not None
    rules = context.policy(state.policy)
    if context.day(command.at, rules) < context.day(state.starts_at, rules):
        return refusal("too_early", starts=instant_text(state.starts_at))
    return None


def its_hour_has_come(state: Meeting, command: OpenMeeting, context: Context) -> Refusal | None:
    """A meeting opens at the time it was called for, or later on that day: nobody was asked to come on another."""
    assert command.at is not None
    assert state.starts_at is not None
    if is_over(state.due_at, command.at):
        return refusal("meeting_is_over", meeting=state.id, status=state.status)
    return refusal("too_early", starts=instant_text(state.starts_at)) if command.at < state.starts_at else None


def chair_is_present(state: Meeting, command: OpenMeeting, context: Context) -> Refusal | None:
    """Nobody chairs from elsewhere."""
    return None if state.chair in state.present else refusal("chair_is_absent", chair=state.chair)


def the_roll_is_of_the_day(state: Meeting, command: OpenMeeting, context: Context) -> Refusal | None:
    """Who has been appointed or has left since the roll was fixed is not passed over: it is fixed again."""
    return None if roll_of(state, context) == (state.members, state.observers) else refusal("roll_has_changed")


def quorum_is_met(state: Meeting, command: OpenMeeting, context: Context) -> Refusal | None:
    """Enough of those due to attend are there."""
    if state.has_quorum(context.policy(state.policy)):
        return None
    tally = state.tally(None)
    return refusal("no_quorum", present=tally.present, due=tally.due)


def it_cannot_be_held(state: Meeting, command: LapseMeeting, context: Context) -> Refusal | None:
    """The chair lets it lapse from its hour on for want of a quorum; the clock does when its day is over."""
    assert command.at is not None
    assert state.starts_at is not None
    assert state.due_at is not None
    if command.actor == SYSTEM:
        return not_before(state.due_at, command.at)
    if command.at < state.starts_at:
        return refusal("too_early", starts=instant_text(state.starts_at))
    return refusal("quorum_is_met") if state.has_quorum(context.policy(state.policy)) else None


def the_item_is_open(state: Meeting, command: Recuse | CastVote | CloseItem, context: Context) -> Refusal | None:
    """The item is on the agenda and has no outcome yet."""
    return None if command.item in state.open_items() else refusal("item_not_open", item=command.item)


def member_is_present(state: Meeting, command: Recuse | CastVote, context: Context) -> Refusal | None:
    """Who is not there neither votes nor steps aside."""
    return None if command.actor in state.present else refusal("member_is_absent", member=command.actor)


def member_is_not_recused(state: Meeting, command: Recuse | CastVote, context: Context) -> Refusal | None:
    """Who has stepped aside stays aside."""
    if (command.item, command.actor) in state.recused:
        return refusal("member_is_recused", member=command.actor, item=command.item)
    return None


def the_chair_keys_in_no_vote(state: Meeting, command: Recuse | CastVote, context: Context) -> Refusal | None:
    """Who closes the item does not also write down how the others voted."""
    if command.act.entered_by == state.chair and command.actor != state.chair:
        return refusal("chair_keys_in_votes", chair=state.chair)
    return None


def somebody_has_voted(state: Meeting, command: CloseItem, context: Context) -> Refusal | None:
    """No matter is lost before anybody but the chair has voted on it, while there is anybody who may."""
    others = state.may_vote_on(command.item) - {state.chair}
    voted = any((command.item, person) in state.votes for person in others)
    if voted or not others or outcome_now(state, command.item, context) is not Outcome.LOST:
        return None
    return refusal("nobody_has_voted", item=command.item)


def the_item_is_voted_on(state: Meeting, command: CastVote, context: Context) -> Refusal | None:
    """A discussion has no vote."""
    if state.agenda[command.item - 1].motion is Motion.DISCUSS:
        return refusal("item_takes_no_vote", item=command.item)
    return None


def the_chair_has_left_it(state: Meeting, command: CloseMeeting | PublishMinutes, context: Context) -> Refusal | None:
    """The convenor steps in for a chair only when the chair's time is over."""
    return not_before(state.due_at, command.at) if command.actor != state.chair else None


def no_item_is_open(state: Meeting, command: CloseMeeting, context: Context) -> Refusal | None:
    """The chair leaves nothing on the agenda without an outcome; what a chair has left is closed as it is."""
    left = state.open_items() if command.actor == state.chair else []
    return refusal("items_are_open", items=left) if left else None


def on_agenda_of_called_meeting(case: Proposal, stream: str, context: Context) -> Refusal | None:
    """For step 2: the case is on the agenda of a discussion meeting of its unit that is still ahead or on."""
    meeting = context.read(stream)
    if not isinstance(meeting, Meeting):
        return refusal("no_such_stream", stream=stream)
    if meeting.status not in {MeetingStatus.CALLED, MeetingStatus.ROLLED, MeetingStatus.IN_SESSION}:
        return refusal("meeting_is_over", meeting=stream, status=str(meeting.status))
    item = meeting.item_for(case.id, Motion.DISCUSS)
    if item is None or meeting.unit != context.acting(case.unit) or item.revision != case.revision:
        return refusal("not_on_the_agenda", meeting=stream, proposal=case.id)
    return None


# --- rows


def _site(state: Meeting | None, command: Any, context: Context) -> Site:
    unit = state.unit if state is not None else command.unit
    return Site(place=unit, unit=unit)


def _rules(state: Meeting | None, command: Any, context: Context) -> ProcessPolicy | None:
    if state is not None:
        return context.policy(state.policy)
    edition = context.policy_in_force(command.unit, command.at)
    return context.policy(edition) if edition is not None else None


_M = MeetingStatus
_R = Role

MEETING = Process(
    Kind.MEETING,
    MeetingStatus,
    Meeting,
    (
        Row(NEW, CallMeeting, MeetingCalled, _M.CALLED, (_R.CONVENOR,),
            (its_unit_is_open, its_rules_are_in_force, its_kind_is_in_policy, notice_is_long_enough,
             it_is_not_too_far_ahead)),
        Row(_M.CALLED, SetAgenda, AgendaSet, SAME, (_R.CONVENOR,),
            (members_hear_what_it_is_about, cases_are_for_this_meeting, cases_stand_where_they_must,
             motions_carry_what_they_need)),
        Row(_M.CALLED, InviteObserver, ObserverInvited, SAME, (_R.CONVENOR,), (observer_is_new,)),
        Row((_M.CALLED, _M.ROLLED), FixRoll, RollFixed, _M.ROLLED, (_R.CHAIR,),
            (agenda_is_set, the_roll_is_not_right_yet, chair_is_on_the_roll, excused_are_members,
             leave_is_given_beforehand, enough_are_due)),
        Row((_M.CALLED, _M.ROLLED), CancelMeeting, MeetingCancelled, _M.CANCELLED, (_R.CONVENOR,)),
        Row((_M.ROLLED, _M.IN_SESSION), RecordAttendance, AttendanceRecorded, SAME, (_R.CHAIR,),
            (they_are_on_the_roll, its_day_has_come)),
        Row(_M.ROLLED, OpenMeeting, MeetingOpened, _M.IN_SESSION, (_R.CHAIR,),
            (its_hour_has_come, the_roll_is_of_the_day, chair_is_present, quorum_is_met)),
        Row((_M.CALLED, _M.ROLLED), LapseMeeting, MeetingLapsed, _M.LAPSED, (_R.CHAIR, _R.SYSTEM),
            (it_cannot_be_held,)),
        Row(_M.IN_SESSION, Recuse, MemberRecused, SAME, (_R.VOTER,),
            (the_item_is_open, member_is_present, member_is_not_recused, the_chair_keys_in_no_vote)),
        Row(_M.IN_SESSION, CastVote, VoteCast, SAME, (_R.VOTER,),
            (the_item_is_open, member_is_present, member_is_not_recused, the_item_is_voted_on,
             the_chair_keys_in_no_vote)),
        Row(_M.IN_SESSION, CloseItem, ItemClosed, SAME, (_R.CHAIR,), (the_item_is_open, somebody_has_voted)),
        Row(_M.IN_SESSION, CloseMeeting, MeetingClosed, _M.CLOSED, (_R.CHAIR, _R.CONVENOR),
            (the_chair_has_left_it, no_item_is_open)),
        Row(_M.CLOSED, PublishMinutes, MinutesPublished, _M.MINUTED, (_R.CHAIR, _R.CONVENOR),
            (the_chair_has_left_it,)),
        missed_row((_M.CALLED, _M.ROLLED, _M.IN_SESSION, _M.CLOSED), _rules),
    ),
    terminal=(_M.MINUTED, _M.LAPSED, _M.CANCELLED),
    site=_site,
    policy=_rules,
)  # fmt: skip
