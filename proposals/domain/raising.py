"""Step 1, raise 提事: a matter is put forward, screened, sent back for more, joined to another, or taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from proposals.domain.authority import apart, holds
from proposals.domain.case import (
    OPEN,
    STILL_TO_BE_DEALT_WITH,
    Proposal,
    ProposalCommand,
    S,
    area_of,
    edition_for,
    pinned,
    rules_of,
    site_of,
    within_maximum,
)
from proposals.domain.deadlines import is_over, not_before
from proposals.domain.errors import Refusal, on_the_list, refusal
from proposals.domain.event import Event, Fact, StateEvent
from proposals.domain.process import NEW, SAME, Row
from proposals.domain.units import place_is_an_area
from proposals.domain.vocabulary import (
    Act,
    Code,
    Erased,
    Line,
    Personal,
    PersonId,
    PolicyId,
    ProposalId,
    Role,
    Source,
    Step,
    Text,
    Tier,
    UnitId,
    Urgency,
    instant_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from proposals.domain.context import Context

# --- commands


class RaiseProposal(ProposalCommand):
    """提事: puts one matter forward, in the grid it is about."""

    place: UnitId
    source: Source
    title: Line
    text: Text
    sponsor: PersonId | None = None
    contact: Personal | None = None


class CoSignProposal(ProposalCommand):
    """附议: supports it."""


class ReviseProposal(ProposalCommand):
    """修改: words it anew; a returned proposal goes back to screening."""

    title: Line
    text: Text


class AcceptProposal(ProposalCommand):
    """受理: takes it up, with its category and urgency."""

    category: Code
    urgency: Urgency = Urgency.NORMAL


class ReturnProposal(ProposalCommand):
    """退回: sends it back to be completed."""

    reason: Text


class LapseProposal(ProposalCommand):
    """逾期: nobody completed it in time."""


class RefuseProposal(ProposalCommand):
    """不予受理: it is none of this process, on a ground of the policy's list. The proposer is answered."""

    ground: Code
    answer: Text


class MergeProposal(ProposalCommand):
    """并案: joins it to another open proposal about the same matter."""

    into: ProposalId
    reason: Text


class AbsorbCase(ProposalCommand):
    """Notes on the root that another case was joined to it."""

    merged: ProposalId
    source: Source | None
    proposer: PersonId | None
    cosigners: tuple[PersonId, ...]
    absorbed: tuple[ProposalId, ...]


class WithdrawProposal(ProposalCommand):
    """撤回: the proposer takes it back."""

    reason: Text


# --- events


class ProposalRaised(StateEvent):
    """A matter was put forward under an edition of the policy, which it keeps."""

    place: UnitId
    source: Source
    title: Line
    text: Text
    policy: PolicyId
    by_party_member: bool
    unit: UnitId | None = None
    """The grid that deals with it, where the place is a building in it."""
    sponsor: PersonId | None = None
    contact: Personal | Erased | None = None

    @classmethod
    def of(cls, state: None, command: RaiseProposal, context: Context) -> ProposalRaised:
        """Pins the edition in force and notes whether a party member raised it (the participation figures ask)."""
        assert command.at is not None
        edition = edition_for(command.place, command.at, context)
        day = context.day(command.at, context.policy(edition))
        member = holds(command.actor, Role.PARTY_MEMBER, site_of(state, command, context), day, context)
        area = area_of(command.place, context)
        return cls(
            place=command.place,
            source=command.source,
            title=command.title,
            text=command.text,
            policy=edition,
            by_party_member=member,
            unit=area if area != command.place else None,
            sponsor=command.sponsor,
            contact=command.contact,
        )

    def apply(self, state: Proposal, fact: Fact) -> None:
        """The case begins, in its grid."""
        state.policy, state.place, state.unit = self.policy, self.place, self.unit or self.place
        state.title, state.text, state.source = self.title, self.text, self.source
        state.proposer, state.proposer_is_party_member = fact.act, self.by_party_member
        state.raised_at = fact.occurred_at
        state.contact = self.contact


class ProposalCoSigned(Event):
    """Someone supports it."""

    def apply(self, state: Proposal, fact: Fact) -> None:
        """One more supporter."""
        state.cosigners = (*state.cosigners, fact.actor)


class ProposalRevised(StateEvent):
    """It reads differently now."""

    title: Line
    text: Text

    def apply(self, state: Proposal, fact: Fact) -> None:
        """A new text revision; agenda items are bound to one."""
        state.title, state.text = self.title, self.text
        state.revision += 1
        state.add("revisions")


class ProposalAccepted(StateEvent):
    """It was taken up."""

    category: Code
    urgency: Urgency

    def apply(self, state: Proposal, fact: Fact) -> None:
        """Category and urgency."""
        state.category, state.urgency = self.category, self.urgency


class ProposalReturned(StateEvent):
    """It was sent back to be completed."""

    reason: Text

    def apply(self, state: Proposal, fact: Fact) -> None:
        """One more return."""
        state.add("returns")


class ProposalLapsed(StateEvent):
    """It was not completed in time."""

    def apply(self, state: Proposal, fact: Fact) -> None:
        """An end."""
        state.end(fact, "lapsed")


class ProposalRefused(StateEvent):
    """It was not taken up, and the proposer was told why."""

    ground: Code
    answer: Text

    def apply(self, state: Proposal, fact: Fact) -> None:
        """An end, with an answer."""
        state.answered = True
        state.end(fact, "refused")


class ProposalMerged(StateEvent):
    """It goes on as part of another case."""

    into: ProposalId
    reason: Text

    def apply(self, state: Proposal, fact: Fact) -> None:
        """An end here; the root goes on."""
        state.merged_into = self.into
        state.end(fact, "merged")


class CaseAbsorbed(Event):
    """Another case was joined to this one; its sources and supporters are kept. An imported one brings no proposer."""

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[dict[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {
        # Only a case that was raised here has a source; of an imported one the importing clerk was noted.
        1: lambda old: {**old, "proposer": old["proposer"] if old["source"] is not None else None}
    }

    merged: ProposalId
    source: Source | None
    proposer: PersonId | None
    cosigners: tuple[PersonId, ...]
    absorbed: tuple[ProposalId, ...]

    def apply(self, state: Proposal, fact: Fact) -> None:
        """One more case in this one, and everything that was in it."""
        state.absorbed = (*state.absorbed, self.merged, *self.absorbed)
        known = {*state.cosigners, state.proposer.actor}
        joining = dict.fromkeys((*([self.proposer] if self.proposer else []), *self.cosigners))
        state.cosigners = (*state.cosigners, *(person for person in joining if person not in known))


class ProposalWithdrawn(StateEvent):
    """The proposer took it back."""

    reason: Text

    def apply(self, state: Proposal, fact: Fact) -> None:
        """An end."""
        state.end(fact, "withdrawn")


# --- guards


def place_is_an_open_grid(state: None, command: RaiseProposal, context: Context) -> Refusal | None:
    """The place is an existing grid, or a building in one."""
    return place_is_an_area(command.place, context, frozenset({Tier.GRID, Tier.BUILDING}))


def a_policy_is_in_force(state: None, command: RaiseProposal, context: Context) -> Refusal | None:
    """Without rules nothing could be decided later."""
    assert command.at is not None
    if context.policy_in_force(command.place, command.at) is None:
        return refusal("no_policy_in_force", unit=command.place)
    return None


def text_is_within_limits(state: Proposal | None, command: Any, context: Context) -> Refusal | None:
    """Title and text are as long as the policy allows."""
    assert command.at is not None
    policy = state.policy if state is not None else edition_for(command.place, command.at, context)
    rules = context.policy(policy)
    for field, limit in (("title", rules.title_limit), ("text", rules.text_limit)):
        if len(getattr(command, field)) > limit:
            return refusal("text_too_long", field=field, limit=limit)
    return None


def source_fits_the_proposer(state: None, command: RaiseProposal, context: Context) -> Refusal | None:
    """A member proposal comes from a party member, a council's matter from its convenor, a patrol's from a worker."""
    assert command.at is not None
    needed = {
        Source.MEMBER_PROPOSAL: Role.PARTY_MEMBER,
        Source.RESIDENT_COUNCIL: Role.CONVENOR,
        Source.PATROL: Role.GRID_WORKER,
    }.get(command.source)
    site, rules = site_of(state, command, context), rules_of(state, command, context)
    if needed is None or holds(command.actor, needed, site, context.day(command.at, rules), context):
        return None
    return refusal("source_needs_role", source=command.source.value, role=needed.value)


def a_member_sponsors_it_where_asked(state: None, command: RaiseProposal, context: Context) -> Refusal | None:
    """Where the policy asks for one, a party member of the place stands behind the matter."""
    assert command.at is not None
    rules = context.policy(edition_for(command.place, command.at, context))
    site, day = site_of(state, command, context), context.day(command.at, rules)
    if command.sponsor is None:
        if command.source in rules.sponsor_needed_from:
            return refusal("sponsor_needed", source=command.source.value)
        return None
    if command.sponsor == command.actor or not holds(command.sponsor, Role.PARTY_MEMBER, site, day, context):
        return refusal("sponsor_is_no_member", sponsor=command.sponsor)
    return None


def cosigner_is_not_the_proposer(state: Proposal, command: CoSignProposal, context: Context) -> Refusal | None:
    """Nobody supports their own proposal."""
    return refusal("cosigns_own") if command.actor == state.proposer.actor else None


def cosigns_once(state: Proposal, command: CoSignProposal, context: Context) -> Refusal | None:
    """Each person supports once."""
    return refusal("cosigned_already", actor=command.actor) if command.actor in state.cosigners else None


def something_changes(state: Proposal, command: ReviseProposal, context: Context) -> Refusal | None:
    """A revision that changes nothing is none."""
    same = (command.title, command.text) == (state.title, state.text)
    return refusal("nothing_changes") if same else None


def revisions_are_left(state: Proposal, command: Any, context: Context) -> Refusal | None:
    """Revisions are bounded; and nothing is sent back that could not be revised any more."""
    return within_maximum("revisions", state, context)


def screener_is_not_proposer(state: Proposal, command: Any, context: Context) -> Refusal | None:
    """Nobody screens what they raised or supported, nor keys in the screening of it."""
    supporters = (Act(person, person) for person in state.cosigners)
    return apart(command, [state.proposer, *supporters], "screener_is_proposer")


def enough_cosigners(state: Proposal, command: AcceptProposal, context: Context) -> Refusal | None:
    """As many supporters as the policy asks for."""
    minimum = pinned(context, state).minimum_cosigners
    if len(state.cosigners) < minimum:
        return refusal("too_few_cosigners", minimum=minimum, have=len(state.cosigners))
    return None


def category_is_in_policy(state: Proposal, command: Any, context: Context) -> Refusal | None:
    """The category is on the policy's list, where the command names one."""
    if command.category is None:
        return None
    return on_the_list("category", command.category, pinned(context, state).categories)


def returns_are_left(state: Proposal, command: Any, context: Context) -> Refusal | None:
    """Sending back is bounded: after that the matter is taken up, forwarded or refused."""
    return within_maximum("returns", state, context)


def correction_period_is_open(state: Proposal, command: ReviseProposal, context: Context) -> Refusal | None:
    """A returned case is completed in its time, whether or not a tick has come since."""
    assert command.at is not None
    if state.due_at is not None and state.status is S.RETURNED and is_over(state.due_at, command.at):
        return refusal("correction_is_over", due=instant_text(state.due_at))
    return None


def correction_period_is_over(state: Proposal, command: LapseProposal, context: Context) -> Refusal | None:
    """It lapses only when the time to complete it has passed, and not at all without one."""
    if state.due_at is None:
        return refusal("not_yet_due", due="")
    return not_before(state.due_at, command.at)


def ground_is_in_policy(state: Proposal, command: RefuseProposal, context: Context) -> Refusal | None:
    """Only the policy's grounds count."""
    return on_the_list("ground", command.ground, pinned(context, state).refusal_grounds)


def root_is_open(state: Proposal, command: MergeProposal, context: Context) -> Refusal | None:
    """The root is another case that is still to be dealt with, under the same top unit, so that no cycle can arise."""
    if command.into == state.id:
        return refusal("merges_into_itself")
    root = context.read(command.into)
    if root is None:
        return refusal("no_such_stream", stream=command.into)
    assert isinstance(root, Proposal)
    if root.status not in STILL_TO_BE_DEALT_WITH:
        return refusal("root_is_not_open", root=root.id, status=str(root.status))
    top = [list(context.above(place))[-1:] for place in (state.place, root.place)]
    if [unit.id for unit in top[0]] != [unit.id for unit in top[1]]:
        return refusal("root_is_elsewhere", root=root.id)
    return None


def screener_did_not_raise_the_root(state: Proposal, command: MergeProposal, context: Context) -> Refusal | None:
    """Nobody gathers supporters for a proposal of their own by merging others into it."""
    root = context.state(command.into)
    return apart(command, [root.proposer], "screener_is_proposer")


def nothing_was_merged_into_it(state: Proposal, command: Any, context: Context) -> Refusal | None:
    """Whoever was joined to a case must not lose it because its proposer takes it back or never completes it."""
    return refusal("others_depend_on_it", absorbed=list(state.absorbed)) if state.absorbed else None


# --- rows

_R = Role

RAISING = (
    Row(NEW, RaiseProposal, ProposalRaised, S.RAISED, (_R.PARTY_MEMBER, _R.RESIDENT, _R.GRID_WORKER, _R.CONVENOR),
        (place_is_an_open_grid, a_policy_is_in_force, text_is_within_limits, source_fits_the_proposer,
         a_member_sponsors_it_where_asked), step=Step.RAISE),
    Row(S.RAISED, CoSignProposal, ProposalCoSigned, SAME, (_R.PARTY_MEMBER, _R.RESIDENT),
        (cosigner_is_not_the_proposer, cosigns_once), step=Step.RAISE),
    Row((S.RAISED, S.RETURNED), ReviseProposal, ProposalRevised, S.RAISED, (_R.PROPOSER,),
        (correction_period_is_open, something_changes, revisions_are_left, text_is_within_limits), step=Step.RAISE),
    Row(S.RAISED, AcceptProposal, ProposalAccepted, S.ACCEPTED, (_R.SCREENER,),
        (screener_is_not_proposer, enough_cosigners, category_is_in_policy), step=Step.RAISE),
    Row(S.RAISED, ReturnProposal, ProposalReturned, S.RETURNED, (_R.SCREENER,),
        (screener_is_not_proposer, returns_are_left, revisions_are_left, nothing_was_merged_into_it), step=Step.RAISE),
    Row(S.RETURNED, LapseProposal, ProposalLapsed, S.WITHDRAWN, (_R.SYSTEM,),
        (correction_period_is_over,), step=Step.RAISE),
    Row(S.RAISED, RefuseProposal, ProposalRefused, S.REFUSED, (_R.SCREENER,),
        (screener_is_not_proposer, ground_is_in_policy), step=Step.RAISE),
    Row((S.RAISED, S.ACCEPTED), MergeProposal, ProposalMerged, S.MERGED, (_R.SCREENER,),
        (screener_is_not_proposer, root_is_open, screener_did_not_raise_the_root), step=Step.RAISE),
    Row(OPEN, AbsorbCase, CaseAbsorbed, SAME, reaction=True, step=Step.RAISE),
    Row((S.RAISED, S.RETURNED, S.ACCEPTED), WithdrawProposal, ProposalWithdrawn, S.WITHDRAWN, (_R.PROPOSER,),
        (nothing_was_merged_into_it,), step=Step.RAISE),
)  # fmt: skip
