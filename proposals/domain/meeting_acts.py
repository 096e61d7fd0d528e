"""The meeting's commands and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from proposals.domain.case import Proposal, S
from proposals.domain.deadlines import end_of_day
from proposals.domain.event import Command, Event, Fact, StateEvent
from proposals.domain.meeting import AgendaItem, Meeting, Outcome, Purpose, outcome_of
from proposals.domain.vocabulary import (
    Choice,
    Code,
    Instant,
    Kind,
    Line,
    MeetingId,
    Motion,
    PersonId,
    PolicyId,
    ProposalId,
    Role,
    Text,
    UnitId,
)

if TYPE_CHECKING:
    from proposals.domain.context import Context


ItemNumber = Annotated[int, Field(ge=1, le=1_000, strict=True)]
"""An agenda item's number, from 1."""

VOTING = frozenset({Role.MEMBER, Role.PART_TIME_MEMBER})


# --- commands


class MeetingCommand(Command):
    """Addressed to a meeting."""

    kind: ClassVar[Kind] = Kind.MEETING
    meeting: MeetingId


class CallMeeting(MeetingCommand):
    """Calls a meeting of a unit, with notice, and names its chair."""

    unit: UnitId
    meeting_kind: Code
    purpose: Purpose
    title: Line
    starts_at: Instant
    chair: PersonId


class SetAgenda(MeetingCommand):
    """Sets the agenda, whole; setting it again replaces it."""

    agenda: Annotated[tuple[AgendaItem, ...], Field(min_length=1, max_length=1_000)]


class InviteObserver(MeetingCommand):
    """Invites someone to attend without a vote 列席."""

    observer: PersonId


class FixRoll(MeetingCommand):
    """Fixes who is due to attend, from the appointments of the meeting's day; `excused` have leave 请假.

    It is fixed again when appointments have changed; who had leave keeps it.
    """

    excused: tuple[PersonId, ...] = ()


class CancelMeeting(MeetingCommand):
    """Calls it off."""

    reason: Text


class RecordAttendance(MeetingCommand):
    """Records who of the roll is present 签到."""

    late_entry: ClassVar[bool] = True

    present: Annotated[tuple[PersonId, ...], Field(min_length=1)]
    approved_by: PersonId | None = None


class OpenMeeting(MeetingCommand):
    """Opens the session."""


class LapseMeeting(MeetingCommand):
    """流会: it did not come about."""


class Recuse(MeetingCommand):
    """回避: a member steps aside for an item."""

    item: ItemNumber
    reason: Text


class CastVote(MeetingCommand):
    """A member votes; the last vote before the item closes counts."""

    item: ItemNumber
    choice: Choice


class CloseItem(MeetingCommand):
    """Closes an item; the engine computes what came of it."""

    item: ItemNumber


class CloseMeeting(MeetingCommand):
    """Ends the session."""


class PublishMinutes(MeetingCommand):
    """Publishes the minutes."""

    minutes: Text


# --- events


class MeetingCalled(StateEvent):
    """A meeting is to take place, under the rules of its unit."""

    unit: UnitId
    meeting_kind: Code
    purpose: Purpose
    title: Line
    starts_at: Instant
    chair: PersonId
    policy: PolicyId

    @classmethod
    def of(cls, state: None, command: CallMeeting, context: Context) -> MeetingCalled:
        """Pins the policy in force; unless held by the end of its day, the meeting lapses."""
        assert command.at is not None
        policy = context.policy_in_force(command.unit, command.at)
        assert policy is not None
        return cls(
            unit=command.unit,
            meeting_kind=command.meeting_kind,
            purpose=command.purpose,
            title=command.title,
            starts_at=command.starts_at,
            chair=command.chair,
            policy=policy,
            due_at=end_of_day(command.starts_at, context.policy(policy)),
        )

    def apply(self, state: Meeting, fact: Fact) -> None:
        """Where, when, what for, under whom."""
        state.policy, state.unit, state.meeting_kind = self.policy, self.unit, self.meeting_kind
        state.purpose, state.title = self.purpose, self.title
        state.starts_at, state.chair = self.starts_at, self.chair


class AgendaSet(Event):
    """The agenda is this."""

    agenda: tuple[AgendaItem, ...]

    def apply(self, state: Meeting, fact: Fact) -> None:
        """The items, numbered from 1."""
        state.agenda = self.agenda


class ObserverInvited(Event):
    """Someone may attend without a vote."""

    observer: PersonId

    def apply(self, state: Meeting, fact: Fact) -> None:
        """One more."""
        state.invited = (*state.invited, self.observer)


class RollFixed(StateEvent):
    """These are the voting members and the observers, and these of them have leave."""

    members: tuple[PersonId, ...]
    observers: tuple[PersonId, ...]
    excused: tuple[PersonId, ...]

    @classmethod
    def of(cls, state: Meeting, command: FixRoll, context: Context) -> RollFixed:
        """From the appointments of the meeting's day."""
        members, observers = roll_of(state, context)
        excused = {*command.excused, *state.excused} & set(members)
        return cls(members=members, observers=observers, excused=tuple(sorted(excused)), due_at=state.due_at)

    def apply(self, state: Meeting, fact: Fact) -> None:
        """The roll. Who is not on it any more is not present."""
        state.members, state.observers, state.excused = self.members, self.observers, self.excused
        state.present &= {*self.members, *self.observers}


class MeetingCancelled(StateEvent):
    """It was called off."""

    reason: Text


class AttendanceRecorded(Event):
    """These people are there."""

    present: tuple[PersonId, ...]
    approved_by: PersonId | None = None

    def apply(self, state: Meeting, fact: Fact) -> None:
        """More people present."""
        state.present |= set(self.present)


class MeetingOpened(StateEvent):
    """The session began with a quorum."""


class MeetingLapsed(StateEvent):
    """The meeting did not come about; its items are deferred."""


class MemberRecused(Event):
    """A member has stepped aside for an item."""

    item: ItemNumber
    reason: Text

    def apply(self, state: Meeting, fact: Fact) -> None:
        """Neither quorum nor base of the item counts them, and a vote already cast falls away."""
        state.recused.add((self.item, fact.actor))


class VoteCast(Event):
    """A member has voted."""

    item: ItemNumber
    choice: Choice

    def apply(self, state: Meeting, fact: Fact) -> None:
        """The last one counts."""
        state.votes[self.item, fact.actor] = self.choice


class ItemClosed(Event):
    """An item has its outcome, with the counts it was computed from."""

    item: ItemNumber
    proposal: ProposalId
    motion: Motion
    outcome: Outcome
    votes_for: int
    votes_against: int
    abstained: int
    present: int
    due: int
    all_members: int

    @classmethod
    def of(cls, state: Meeting, command: CloseItem, context: Context) -> ItemClosed:
        """Void if the case has moved on; else as the votes say; unfunded if the purse is empty by now."""
        item = state.agenda[command.item - 1]
        tally = state.tally(command.item)
        return cls(
            item=command.item,
            proposal=item.proposal,
            motion=item.motion,
            outcome=outcome_now(state, command.item, context),
            votes_for=tally.votes_for,
            votes_against=tally.votes_against,
            abstained=tally.abstained,
            present=tally.present,
            due=tally.due,
            all_members=tally.all,
        )

    def apply(self, state: Meeting, fact: Fact) -> None:
        """The outcome."""
        state.outcomes[self.item] = self.outcome


class MeetingClosed(StateEvent):
    """The session is over."""


class MinutesPublished(StateEvent):
    """Anyone can read what was said."""

    minutes: Text


def roll_of(meeting: Meeting, context: Context) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Voting members and observers on the meeting's day."""
    unit = context.unit(meeting.unit)
    assert unit is not None
    assert meeting.starts_at is not None
    day = context.day(meeting.starts_at, context.policy(meeting.policy))
    members = unit.holders(VOTING, day)
    observers = {*unit.holders(frozenset({Role.OBSERVER}), day), *meeting.invited} - set(members)
    return tuple(members), tuple(sorted(observers))


def outcome_now(meeting: Meeting, number: int, context: Context) -> Outcome:
    """Void if the case has moved on, unfunded if the purse is empty by now; else as the votes say.

    The votes are measured by the edition that the case has pinned, not by that of the meeting: a policy that
    changes between raising and deciding must not change the case.
    """
    item = meeting.agenda[number - 1]
    if not case_is_still_there(meeting, item, context):
        return Outcome.VOID
    case: Proposal = context.state(item.proposal)
    outcome = outcome_of(meeting, number, context.policy(case.policy))
    if outcome is Outcome.CARRIED and item.motion is Motion.ADOPT:
        return Outcome.CARRIED if context.funds.refusal(meeting.unit, item.appropriation) is None else Outcome.UNFUNDED
    return outcome


_NEEDED = {Purpose.DISCUSS: (S.ACCEPTED, S.DISCUSSING), Purpose.DECIDE: (S.TABLED,)}


def case_is_still_there(meeting: Meeting, item: AgendaItem, context: Context) -> bool:
    """Whether a case is where this meeting can deal with it: state, unit and revision as on the agenda."""
    case: Proposal | None = context.read(item.proposal)
    return (
        case is not None
        and case.status in _NEEDED[meeting.purpose]
        and context.acting(case.unit) == meeting.unit
        and case.revision == item.revision
    )
