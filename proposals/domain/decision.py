"""Step 3, decision 定事: a meeting adopts, rejects, defers or takes it higher; publicity, objections, confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proposals.domain.case import (
    Objection,
    Proposal,
    ProposalCommand,
    S,
    a_parent_tier_exists,
    exhausted,
    it_is_the_top_tier,
    parent_of,
    pinned,
    within_maximum,
)
from proposals.domain.deadlines import end_of, is_over, not_before
from proposals.domain.discussion import discussion_failed
from proposals.domain.errors import Refusal, refusal
from proposals.domain.event import Event, Fact, StateEvent
from proposals.domain.process import SAME, Row
from proposals.domain.review import review_is_ahead
from proposals.domain.vocabulary import (
    Funding,
    Instant,
    Kind,
    MeetingId,
    Plan,
    Role,
    Step,
    Text,
    UnitId,
    instant_text,
)

if TYPE_CHECKING:
    from proposals.domain.context import Context
    from proposals.domain.meeting import Meeting

# --- commands


class AdoptProposal(ProposalCommand):
    """通过: follows a motion to adopt that was carried."""

    meeting: MeetingId
    plan: Plan
    funding: tuple[Funding, ...]
    appropriation: int


class RejectProposal(ProposalCommand):
    """否决: follows a motion to adopt that was lost."""

    meeting: MeetingId


class DeferDecision(ProposalCommand):
    """缓议: follows a motion to defer that was carried, a missing quorum, lost funds or a lapsed meeting."""

    meeting: MeetingId
    why: str


class EscalateDecision(ProposalCommand):
    """提级: follows a motion to escalate that was carried, or one deferral too many."""

    meeting: MeetingId
    why: str


class RecordUnresolved(ProposalCommand):
    """未决: at the top tier, when nothing else is left, the matter is answered and looked at again on a day."""

    reason: Text
    answer: Text
    review_at: Instant


class RaiseObjection(ProposalCommand):
    """异议: a resident concerned objects in the publicity period. `resides_in` is where the objector belongs."""

    grounds: Text
    resides_in: UnitId


class DismissObjection(ProposalCommand):
    """Rules against an objection."""

    objection: int
    reason: Text


class UpholdObjection(ProposalCommand):
    """Rules for an objection: the decision falls."""

    objection: int
    reason: Text


class ConfirmDecision(ProposalCommand):
    """生效: the publicity period is over and nothing stands against the decision."""


# --- events


class ProposalAdopted(StateEvent):
    """It is to be done, by these units, with this money; and is announced 公示."""

    meeting: MeetingId
    plan: Plan
    funding: tuple[Funding, ...]
    appropriation: int

    def apply(self, state: Proposal, fact: Fact) -> None:
        """The plan and the money."""
        state.decided_by, state.plan, state.funding = self.meeting, self.plan, self.funding
        state.appropriation = self.appropriation
        state.objections = {}
        state.restart("rounds", "verification_failures")
        state.last_round_inconclusive = False


class ProposalRejected(StateEvent):
    """It is not to be done."""

    meeting: MeetingId

    def apply(self, state: Proposal, fact: Fact) -> None:
        """An end."""
        state.decided_by = self.meeting
        state.end(fact, "rejected")


class DecisionDeferred(Event):
    """It was put off."""

    meeting: MeetingId
    why: str

    def apply(self, state: Proposal, fact: Fact) -> None:
        """One more deferral at this tier."""
        state.add("deferrals")
        state.deferred_by = self.meeting


class DecisionEscalated(StateEvent):
    """The tier above decides."""

    meeting: MeetingId
    why: str
    unit: UnitId

    @classmethod
    def of(cls, state: Proposal, command: EscalateDecision, context: Context) -> DecisionEscalated:
        """One step up."""
        return cls(meeting=command.meeting, why=command.why, unit=parent_of(state, context))

    def apply(self, state: Proposal, fact: Fact) -> None:
        """The unit above deals with it now."""
        state.rise_to(self.unit)


class UnresolvedRecorded(StateEvent):
    """Nothing more can be done for now; the answer says why."""

    reason: Text
    answer: Text
    review_at: Instant

    def apply(self, state: Proposal, fact: Fact) -> None:
        """It is reported back, not evaluated."""
        state.unresolved, state.answered = True, True
        state.outcome, state.review_at = "unresolved", self.review_at


class ObjectionRaised(Event):
    """Someone objects to the decision; a reviewer has until `due_at` to rule."""

    objection: int
    grounds: Text
    resides_in: UnitId
    due_at: Instant | None = None
    calendar: str | None = None

    @classmethod
    def of(cls, state: Proposal, command: RaiseObjection, context: Context) -> ObjectionRaised:
        """Numbered from 1, with the time for a ruling."""
        assert command.at is not None
        rules = pinned(context, state)
        deadline = rules.deadline(Kind.PROPOSAL, "objection")
        due = None
        if deadline is not None and deadline.within is not None:
            due = end_of(command.at, deadline.within, rules, context.calendar).at
        return cls(
            objection=len(state.objections) + 1,
            grounds=command.grounds,
            resides_in=command.resides_in,
            due_at=due,
            calendar=context.calendar.version,
        )

    def apply(self, state: Proposal, fact: Fact) -> None:
        """One more open objection."""
        state.objections[self.objection] = Objection(fact.act, self.due_at, open=True)


class ObjectionDismissed(Event):
    """The objection does not stand."""

    objection: int
    reason: Text

    def apply(self, state: Proposal, fact: Fact) -> None:
        """It is ruled on."""
        state.objections[self.objection] = state.objections[self.objection]._replace(open=False)


class ObjectionUpheld(StateEvent):
    """The objection stands: the matter is taken up anew, and the money is free again."""

    objection: int
    reason: Text
    released: int

    @classmethod
    def of(cls, state: Proposal, command: UpholdObjection, context: Context) -> ObjectionUpheld:
        """Names what is released."""
        return cls(objection=command.objection, reason=command.reason, released=state.appropriation)

    def apply(self, state: Proposal, fact: Fact) -> None:
        """The decision is gone."""
        state.objections[self.objection] = state.objections[self.objection]._replace(open=False)
        state.add("upheld_objections")
        state.plan, state.funding, state.appropriation = None, (), 0
        state.meetings = ()
        state.restart("openings", "deferrals")


class DecisionConfirmed(StateEvent):
    """The decision is in force."""


# --- guards


def deferrals_are_left(state: Proposal, command: DeferDecision, context: Context) -> Refusal | None:
    """Deferrals are bounded at each tier; after that the matter rises or is recorded unresolved."""
    return within_maximum("deferrals", state, context)


def nothing_else_is_left(state: Proposal, command: RecordUnresolved, context: Context) -> Refusal | None:
    """Only when meetings, deferrals or rounds are used up."""
    left: dict[Any, Any] = {
        S.DISCUSSING: lambda: not discussion_failed(state, context),
        S.TABLED: lambda: not exhausted("deferrals", state, context),
        S.RECTIFYING: lambda: not exhausted("rounds", state, context),
    }
    return refusal("something_is_left", status=str(state.status)) if left[state.status]() else None


def publicity_is_open(state: Proposal, command: RaiseObjection, context: Context) -> Refusal | None:
    """Inside the publicity period 公示期."""
    assert command.at is not None
    if state.due_at is not None and is_over(state.due_at, command.at):
        return refusal("publicity_is_over", due=instant_text(state.due_at))
    return None


def objects_once(state: Proposal, command: RaiseObjection, context: Context) -> Refusal | None:
    """Nobody has two objections open to one decision."""
    if any(objection.open and objection.by.actor == command.actor for objection in state.objections.values()):
        return refusal("objects_already", actor=command.actor)
    return None


def the_objection_is_open(state: Proposal, command: Any, context: Context) -> Refusal | None:
    """There is such an objection, and nobody has ruled on it."""
    if command.objection not in state.open_objections:
        return refusal("no_such_objection", objection=command.objection)
    return None


def reviewer_did_not_vote(state: Proposal, command: Any, context: Context) -> Refusal | None:
    """Who raised it, voted on it or stepped aside does not rule on objections to it, nor who chaired or who objects."""
    meeting: Meeting = context.state(str(state.decided_by))
    involved = {
        *meeting.voters(state.id),
        *meeting.recused_from(state.id),
        meeting.chair,
        *state.objections[command.objection].by,
        *state.proposer,
    }
    for person in command.act:
        if person in involved:
            return refusal("reviewer_is_involved", person=person)
    return None


def upholding_is_left(state: Proposal, command: UpholdObjection, context: Context) -> Refusal | None:
    """Decisions fall a bounded number of times in one cycle; after that a reviewer can only dismiss, with reasons."""
    return within_maximum("upheld_objections", state, context)


def publicity_is_over(state: Proposal, command: ConfirmDecision, context: Context) -> Refusal | None:
    """The publicity period has run its whole length."""
    return not_before(state.due_at, command.at)


def no_objection_is_open(state: Proposal, command: ConfirmDecision, context: Context) -> Refusal | None:
    """Every objection has its ruling."""
    if state.open_objections:
        return refusal("objections_are_open", objections=list(state.open_objections))
    return None


# --- rows

_R = Role

DECISION = (
    Row(S.TABLED, AdoptProposal, ProposalAdopted, S.ANNOUNCED, reaction=True, step=Step.DECIDE),
    Row(S.TABLED, RejectProposal, ProposalRejected, S.REJECTED, reaction=True, step=Step.DECIDE),
    Row(S.TABLED, DeferDecision, DecisionDeferred, SAME, guards=(deferrals_are_left,), reaction=True,
        step=Step.DECIDE),
    Row(S.TABLED, EscalateDecision, DecisionEscalated, S.TABLED, guards=(a_parent_tier_exists,), reaction=True,
        step=Step.DECIDE),
    Row((S.DISCUSSING, S.TABLED, S.RECTIFYING), RecordUnresolved, UnresolvedRecorded, S.HANDLED, (_R.TIER_OFFICER,),
        (it_is_the_top_tier, nothing_else_is_left, review_is_ahead), step=Step.DECIDE),
    Row(S.ANNOUNCED, RaiseObjection, ObjectionRaised, SAME, (_R.CONCERNED,),
        (publicity_is_open, objects_once), step=Step.DECIDE),
    Row(S.ANNOUNCED, DismissObjection, ObjectionDismissed, SAME, (_R.REVIEWER,),
        (the_objection_is_open, reviewer_did_not_vote), step=Step.DECIDE),
    Row(S.ANNOUNCED, UpholdObjection, ObjectionUpheld, S.ACCEPTED, (_R.REVIEWER,),
        (the_objection_is_open, reviewer_did_not_vote, upholding_is_left), step=Step.DECIDE),
    Row(S.ANNOUNCED, ConfirmDecision, DecisionConfirmed, S.CONFIRMED, (_R.SYSTEM, _R.CHAIR),
        (publicity_is_over, no_objection_is_open), step=Step.DECIDE),
)  # fmt: skip
