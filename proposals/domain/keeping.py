"""Around the five steps: notes, evidence, answers, corrections, other rules for a case, reopening, the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from proposals.domain.authority import approved
from proposals.domain.case import (
    NOT_ARCHIVED,
    OPEN,
    Proposal,
    ProposalCommand,
    S,
    day_of,
    pinned,
    reopen_until,
    rules_of,
    site_of,
    within_maximum,
)
from proposals.domain.errors import Refusal, on_the_list, refusal
from proposals.domain.event import Event, Fact, StateEvent
from proposals.domain.missed import missed_row
from proposals.domain.process import SAME, Row
from proposals.domain.raising import category_is_in_policy, screener_is_not_proposer
from proposals.domain.vocabulary import (
    Code,
    Evidence,
    PersonId,
    PolicyId,
    Role,
    Text,
    Urgency,
    instant_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from proposals.domain.context import Context

# --- commands


class AddNote(ProposalCommand):
    """Adds a remark."""

    note: Text


class AttachEvidence(ProposalCommand):
    """Adds a document or photo, by its fingerprint."""

    late_entry: ClassVar[bool] = True

    evidence: Annotated[tuple[Evidence, ...], Field(min_length=1, max_length=100)]
    approved_by: PersonId | None = None


class GiveAnswer(ProposalCommand):
    """答复: answers the proposer."""

    answer: Text


class Reclassify(ProposalCommand):
    """Gives the case another category or urgency."""

    category: Code
    urgency: Urgency
    reason: Text


class CorrectRecord(ProposalCommand):
    """更正: says what a recorded event should have said. Nothing is rewritten."""

    event: Annotated[int, Field(ge=1, strict=True)]
    field: Code
    value: Text
    reason: Text
    approved_by: PersonId


class MigratePolicy(ProposalCommand):
    """Puts the case under another edition of the rules."""

    to: PolicyId
    reason: Text


class ReopenProposal(ProposalCommand):
    """重启: takes a case up again inside its window; one that has no category yet is given it here."""

    reason: Text
    category: Code | None = None
    urgency: Urgency | None = None


class ArchiveProposal(ProposalCommand):
    """归档: puts an ended case into the archive."""

    retention_class: Code


# --- events


class NoteAdded(Event):
    """A remark."""

    note: Text


class EvidenceAttached(Event):
    """More evidence; entered very late, with who approved it."""

    evidence: tuple[Evidence, ...]
    approved_by: PersonId | None = None

    def apply(self, state: Proposal, fact: Fact) -> None:
        """It stands beside what was there."""
        state.evidence = (*state.evidence, *self.evidence)


class AnswerGiven(Event):
    """The proposer was answered."""

    answer: Text

    def apply(self, state: Proposal, fact: Fact) -> None:
        """The case is answered."""
        state.answered = True


class ProposalReclassified(Event):
    """Another category or urgency."""

    category: Code
    urgency: Urgency
    reason: Text

    def apply(self, state: Proposal, fact: Fact) -> None:
        """From now on."""
        state.category, state.urgency, state.reclassified = self.category, self.urgency, True


class RecordCorrected(Event):
    """What a recorded event should have said."""

    event: int
    field: Code
    value: Text
    reason: Text
    approved_by: PersonId

    def apply(self, state: Proposal, fact: Fact) -> None:
        """The correction stands beside the record."""
        state.corrections = (*state.corrections, (self.event, self.field, self.value))


class PolicyMigrated(Event):
    """The case is under another edition."""

    policy: PolicyId
    to: PolicyId
    reason: Text

    @classmethod
    def of(cls, state: Proposal, command: MigratePolicy, context: Context) -> PolicyMigrated:
        """Names both."""
        return cls(policy=state.policy, to=command.to, reason=command.reason)

    def apply(self, state: Proposal, fact: Fact) -> None:
        """The other edition is pinned."""
        state.policy = self.to


class ProposalReopened(StateEvent):
    """The case is taken up again, in a new cycle; with another category or urgency if they are named."""

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[dict[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {
        1: lambda old: {"category": None, "urgency": None, **old}
    }

    reason: Text
    category: Code | None = None
    urgency: Urgency | None = None

    def apply(self, state: Proposal, fact: Fact) -> None:
        """What was counted in the last cycle starts anew, but not how often it was reopened."""
        state.category, state.urgency = self.category or state.category, self.urgency or state.urgency
        state.reclassified = state.reclassified or self.category is not None
        state.cycle += 1
        state.counts = {"reopenings": state.count("reopenings") + 1}
        state.outcome = state.ended_at = state.review_at = None
        state.unresolved = state.infeasible = state.answered = state.last_round_inconclusive = False
        state.meetings = ()
        state.plan, state.funding, state.appropriation = None, (), 0
        state.orders = tuple(order._replace(live=False) for order in state.orders)


class ProposalArchived(StateEvent):
    """The case is in the archive."""

    retention_class: Code

    def apply(self, state: Proposal, fact: Fact) -> None:
        """For how long it is kept."""
        state.retention_class = self.retention_class


# --- guards


def it_changes_something(state: Proposal, command: Reclassify, context: Context) -> Refusal | None:
    """Another category or another urgency."""
    same = (command.category, command.urgency) == (state.category, state.urgency)
    return refusal("nothing_changes") if same else None


def the_field_was_recorded(state: Proposal, command: CorrectRecord, context: Context) -> Refusal | None:
    """The event exists and has that field, which is not personal: that is changed by forgetting, not in clear."""
    fact = context.event_at(state.id, command.event)
    if fact is None:
        return refusal("no_such_event", stream=state.id, version=command.event)
    fields = set(type(fact.event).model_fields) | {"occurred_at"}
    if command.field not in fields - fact.event.personal:
        return refusal("no_such_field", event=fact.name, field=command.field)
    return None


def the_approver_may_approve(state: Proposal, command: CorrectRecord, context: Context) -> Refusal | None:
    """A tier officer or a reviewer of the case, who is not one of the two people on the command."""
    day = day_of(command, state, context)
    return approved(command.approved_by, command, site_of(state, command, context), day, context)


def the_edition_is_published(state: Proposal, command: MigratePolicy, context: Context) -> Refusal | None:
    """Another edition that was published for a unit over this case."""
    edition = context.read(command.to)
    if edition is None:
        return refusal("policy_unknown", policy=command.to)
    if command.to == state.policy:
        return refusal("nothing_changes")
    if str(edition.status) not in {"published", "superseded"}:
        return refusal("policy_not_published", policy=command.to)
    if not context.is_within(state.place, edition.unit):
        return refusal("policy_of_another_unit", policy=command.to, unit=edition.unit)
    return None


def it_leaves_a_way_out(state: Proposal, command: MigratePolicy, context: Context) -> Refusal | None:
    """What waits to be evaluated keeps a round, what was sent back a revision: else there is no way on."""
    maxima = context.policy(command.to).maxima
    stuck = state.count("rounds") >= maxima.rounds and not (state.unresolved or state.last_round_inconclusive)
    if state.status in _TO_BE_EVALUATED and stuck:
        return refusal("limit_reached", loop="rounds", maximum=maxima.rounds)
    if state.status is S.RETURNED and state.count("revisions") >= maxima.revisions:
        return refusal("limit_reached", loop="revisions", maximum=maxima.revisions)
    return None


def the_window_is_open(state: Proposal, command: ReopenProposal, context: Context) -> Refusal | None:
    """Inside the reopen window of the policy."""
    assert command.at is not None
    rules = pinned(context, state)
    if command.at >= reopen_until(state, rules, context):
        return refusal("window_is_over", window=str(rules.reopen_window))
    return None


def reopenings_are_left(state: Proposal, command: ReopenProposal, context: Context) -> Refusal | None:
    """A case is reopened a bounded number of times, ever."""
    return within_maximum("reopenings", state, context)


def it_has_a_category(state: Proposal, command: ReopenProposal, context: Context) -> Refusal | None:
    """Reopening leads past the screening: a case that was never taken up is told here what kind of matter it is."""
    return refusal("category_needed", proposal=state.id) if not (command.category or state.category) else None


def the_window_is_over(state: Proposal, command: ArchiveProposal, context: Context) -> Refusal | None:
    """What could still be reopened is not archived; withdrawn and merged cases may be at once."""
    assert command.at is not None
    if state.status in {S.WITHDRAWN, S.MERGED} or state.ended_at is None:
        return None
    rules = pinned(context, state)
    end = reopen_until(state, rules, context)
    return refusal("window_is_open", until=instant_text(end)) if command.at < end else None


def retention_class_is_in_policy(state: Proposal, command: ArchiveProposal, context: Context) -> Refusal | None:
    """How long it is kept is on the policy's list."""
    return on_the_list("retention_class", command.retention_class, pinned(context, state).retention_classes)


# --- rows

NOT_BEING_COUNTED = tuple(status for status in NOT_ARCHIVED if status not in {S.TABLED, S.EVALUATING})
"""Votes and ballots are measured by the rules under which they were cast."""

_R = Role
_OFFICIALS = (_R.GRID_WORKER, _R.CONVENOR, _R.SCREENER, _R.COORDINATOR, _R.HANDLER, _R.VERIFIER, _R.REVIEWER,
              _R.TIER_OFFICER)  # fmt: skip
_TO_BE_EVALUATED = (S.HANDLING, S.SUSPENDED, S.VERIFYING, S.HANDLED, S.REPORTED)
_ENDED = (S.CLOSED, S.REFUSED, S.REJECTED, S.WITHDRAWN, S.MERGED)

KEEPING = (
    Row(NOT_ARCHIVED, AddNote, NoteAdded, SAME, (*_OFFICIALS, _R.PROPOSER)),
    Row(NOT_ARCHIVED, AttachEvidence, EvidenceAttached, SAME, (*_OFFICIALS, _R.PROPOSER)),
    Row(NOT_ARCHIVED, GiveAnswer, AnswerGiven, SAME, (_R.GRID_WORKER, _R.SCREENER, _R.COORDINATOR)),
    Row(OPEN, Reclassify, ProposalReclassified, SAME, (_R.SCREENER, _R.COORDINATOR),
        (category_is_in_policy, it_changes_something, screener_is_not_proposer)),
    Row(NOT_ARCHIVED, CorrectRecord, RecordCorrected, SAME, (_R.SCREENER, _R.COORDINATOR, _R.ARCHIVIST),
        (the_field_was_recorded, the_approver_may_approve)),
    Row(NOT_BEING_COUNTED, MigratePolicy, PolicyMigrated, SAME, (_R.TIER_OFFICER,),
        (the_edition_is_published, it_leaves_a_way_out)),
    missed_row(NOT_ARCHIVED, rules_of),
    Row((S.CLOSED, S.REFUSED, S.REJECTED), ReopenProposal, ProposalReopened, S.ACCEPTED,
        (_R.PROPOSER, _R.REVIEWER),
        (the_window_is_open, reopenings_are_left, it_has_a_category, category_is_in_policy)),
    Row(_ENDED, ArchiveProposal, ProposalArchived, S.ARCHIVED, (_R.ARCHIVIST, _R.SYSTEM),
        (the_window_is_over, retention_class_is_in_policy)),
)  # fmt: skip
