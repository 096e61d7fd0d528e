"""Step 2, grid discussion 议事: a meeting talks the matter over and settles, forwards, returns or escalates it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from proposals.domain.authority import holds
from proposals.domain.case import (
    Proposal,
    ProposalCommand,
    S,
    a_parent_tier_exists,
    day_of,
    exhausted,
    parent_of,
    site_of,
    within_maximum,
)
from proposals.domain.deadlines import not_before
from proposals.domain.errors import Refusal, refusal
from proposals.domain.event import Event, Fact, StateEvent
from proposals.domain.meeting import Meeting, MeetingStatus, Outcome
from proposals.domain.meeting_table import on_agenda_of_called_meeting
from proposals.domain.process import SAME, Row
from proposals.domain.raising import nothing_was_merged_into_it, returns_are_left, revisions_are_left
from proposals.domain.vocabulary import MeetingId, PersonId, Role, Step, Text, UnitId

if TYPE_CHECKING:
    from proposals.domain.context import Context

# --- commands


class OpenDiscussion(ProposalCommand):
    """开议: the matter is before a discussion meeting."""

    meeting: MeetingId


class RecordOpinion(ProposalCommand):
    """意见: what someone who was there said, as a member, an observer by office or one who was invited."""

    late_entry: ClassVar[bool] = True

    opinion: Text
    approved_by: PersonId | None = None


class SettleMatter(ProposalCommand):
    """就地解决: settled on the spot. Small matters do not leave the grid 小事不出网格 (S002)."""

    how: Text
    by: PersonId


class ForwardProposal(ProposalCommand):
    """上会: forwards it for a decision, with a recommendation."""

    recommendation: Text


class ReferBack(ProposalCommand):
    """退回补充: sends it back to be completed."""

    reason: Text


class EscalateDiscussion(ProposalCommand):
    """上报: takes it to the tier above, to be discussed there."""

    reason: Text


# --- events


class DiscussionOpened(StateEvent):
    """The matter is before this meeting."""

    meeting: MeetingId

    def apply(self, state: Proposal, fact: Fact) -> None:
        """One more opening at this tier."""
        state.meetings = (*state.meetings, self.meeting)
        state.add("openings")


class OpinionRecorded(Event):
    """Someone said this."""

    opinion: Text
    approved_by: PersonId | None = None


class MatterSettled(StateEvent):
    """It was settled in discussion."""

    how: Text
    by: PersonId

    def apply(self, state: Proposal, fact: Fact) -> None:
        """Who settled it counts as its handler, and so does who recorded it."""
        state.handlers = (*state.handlers, fact.act._replace(actor=self.by))
        state.outcome = "settled"


class ProposalForwarded(StateEvent):
    """It awaits a decision."""

    recommendation: Text


class ProposalReferredBack(StateEvent):
    """It was sent back to be completed; that counts as a return."""

    reason: Text

    def apply(self, state: Proposal, fact: Fact) -> None:
        """One more return. The discussion came about, so failed openings are counted anew in the next."""
        state.add("returns")
        state.restart("openings")


class DiscussionEscalated(StateEvent):
    """It goes to the tier above."""

    reason: Text
    unit: UnitId

    @classmethod
    def of(cls, state: Proposal, command: EscalateDiscussion, context: Context) -> DiscussionEscalated:
        """One step up."""
        return cls(reason=command.reason, unit=parent_of(state, context))

    def apply(self, state: Proposal, fact: Fact) -> None:
        """The unit above deals with it now."""
        state.rise_to(self.unit)


# --- guards


def on_agenda_of_a_called_meeting(state: Proposal, command: OpenDiscussion, context: Context) -> Refusal | None:
    """It is on the agenda of a discussion meeting called with notice."""
    return on_agenda_of_called_meeting(state, command.meeting, context)


def the_last_meeting_came_to_nothing(state: Proposal, command: OpenDiscussion, context: Context) -> Refusal | None:
    """It is opened again only if the last meeting lapsed, was cancelled or left it out."""
    if state.status is not S.DISCUSSING:
        return None
    if not _came_to_nothing(_last_meeting(state, context), state):
        return refusal("discussion_is_open", meeting=state.meetings[-1])
    if command.meeting == state.meetings[-1]:
        return refusal("meeting_is_over", meeting=command.meeting, status="void")
    return None


def openings_are_left(state: Proposal, command: OpenDiscussion, context: Context) -> Refusal | None:
    """Openings are bounded at each tier."""
    return within_maximum("openings", state, context)


def minutes_are_published(state: Proposal, command: Any, context: Context) -> Refusal | None:
    """What was said in the meeting is public before anything follows from it."""
    meeting = _last_meeting(state, context)
    if meeting is None or meeting.status is not MeetingStatus.MINUTED or _came_to_nothing(meeting, state):
        return refusal("minutes_not_published", meeting=state.meetings[-1] if state.meetings else "")
    return None


def there_is_a_proposer(state: Proposal, command: ReferBack, context: Context) -> Refusal | None:
    """What nobody here could complete is not sent back: it would lapse."""
    return None if state.proposer.actor else refusal("nobody_to_complete_it", proposal=state.id)


def the_chair_comes_first(state: Proposal, command: Any, context: Context) -> Refusal | None:
    """The chair says what the meeting came to; once the chair's time is over, the convenor does, from the minutes."""
    if state.is_in(Role.CHAIR, command.actor, command, context):
        return None
    return not_before(state.due_at, command.at)


def discussed_or_openings_exhausted(state: Proposal, command: EscalateDiscussion, context: Context) -> Refusal | None:
    """It rises after a discussion, or when no meeting came about as often as the policy allows: the loop's exit.

    Where meetings were called off before their hour, the tier above takes it up: who called them off does not.
    """
    if not discussion_failed(state, context):
        return minutes_are_published(state, command, context) or the_chair_comes_first(state, command, context)
    if any(_called_off_early(context.read(meeting)) for meeting in state.meetings):
        day, site = day_of(command, state, context), site_of(state, command, context)
        if not holds(command.actor, Role.TIER_OFFICER, site, day, context):
            return refusal("tier_above_takes_it_up", unit=state.unit)
    return None


def discussion_failed(state: Proposal, context: Context) -> bool:
    """Whether the discussions at this tier are used up without one that came about."""
    return _came_to_nothing(_last_meeting(state, context), state) and exhausted("openings", state, context)


def _called_off_early(meeting: Meeting) -> bool:
    assert meeting.last_at is not None
    assert meeting.starts_at is not None
    return meeting.status is MeetingStatus.CANCELLED and meeting.last_at < meeting.starts_at


def _last_meeting(state: Proposal, context: Context) -> Meeting | None:
    meeting: Meeting | None = context.read(state.meetings[-1]) if state.meetings else None
    return meeting


def _came_to_nothing(meeting: Meeting | None, state: Proposal) -> bool:
    """No meeting, one that lapsed or was cancelled, or one that did not come to this case or found it gone."""
    if meeting is None or meeting.status in {MeetingStatus.LAPSED, MeetingStatus.CANCELLED}:
        return True
    outcomes = [
        meeting.outcomes.get(number) for number, item in enumerate(meeting.agenda, 1) if item.proposal == state.id
    ]
    over = meeting.status in {MeetingStatus.CLOSED, MeetingStatus.MINUTED}
    return not outcomes or outcomes == [Outcome.VOID] or (over and outcomes == [None])


# --- rows

_R = Role

DISCUSSION = (
    Row((S.ACCEPTED, S.DISCUSSING), OpenDiscussion, DiscussionOpened, S.DISCUSSING, (_R.CONVENOR,),
        (on_agenda_of_a_called_meeting, the_last_meeting_came_to_nothing, openings_are_left), step=Step.DISCUSS),
    Row(S.DISCUSSING, RecordOpinion, OpinionRecorded, SAME, (_R.ATTENDEE,), step=Step.DISCUSS),
    Row(S.DISCUSSING, SettleMatter, MatterSettled, S.HANDLED, (_R.CHAIR, _R.CONVENOR),
        (minutes_are_published, the_chair_comes_first), step=Step.DISCUSS),
    Row(S.DISCUSSING, ForwardProposal, ProposalForwarded, S.TABLED, (_R.CHAIR, _R.CONVENOR),
        (minutes_are_published, the_chair_comes_first), step=Step.DISCUSS),
    Row(S.DISCUSSING, ReferBack, ProposalReferredBack, S.RETURNED, (_R.CHAIR, _R.CONVENOR),
        (minutes_are_published, the_chair_comes_first, there_is_a_proposer, returns_are_left, revisions_are_left,
         nothing_was_merged_into_it), step=Step.DISCUSS),
    Row(S.DISCUSSING, EscalateDiscussion, DiscussionEscalated, S.ACCEPTED,
        (_R.CHAIR, _R.CONVENOR, _R.TIER_OFFICER),
        (a_parent_tier_exists, discussed_or_openings_exhausted), step=Step.DISCUSS),
)  # fmt: skip
