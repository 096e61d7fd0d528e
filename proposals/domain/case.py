"""The state of one proposal, and the commands' common address. The five steps work on it; `proposal` joins them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from proposals.domain.context import Context, Site
from proposals.domain.deadlines import Timer, end_of
from proposals.domain.errors import Refusal, Refused, refusal
from proposals.domain.event import Command, Fact
from proposals.domain.rules import Action
from proposals.domain.state import State
from proposals.domain.vocabulary import (
    RESIDENTS,
    Act,
    Erased,
    Evidence,
    Funding,
    Kind,
    Personal,
    Plan,
    ProposalId,
    Role,
    Source,
    Tier,
    Urgency,
)

if TYPE_CHECKING:
    from datetime import date, datetime

    from proposals.domain.meeting import Meeting
    from proposals.domain.rules import ProcessPolicy
    from proposals.domain.work_order import WorkOrder


class ProposalStatus(StrEnum):
    """Where a case can stand."""

    RAISED = "raised"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    DISCUSSING = "discussing"
    TABLED = "tabled"
    ANNOUNCED = "announced"
    CONFIRMED = "confirmed"
    HANDLING = "handling"
    SUSPENDED = "suspended"
    VERIFYING = "verifying"
    HANDLED = "handled"
    REPORTED = "reported"
    EVALUATING = "evaluating"
    EVALUATED = "evaluated"
    RECTIFYING = "rectifying"
    CLOSED = "closed"
    REFUSED = "refused"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    ARCHIVED = "archived"


S = ProposalStatus

TERMINAL = (S.CLOSED, S.REFUSED, S.REJECTED, S.WITHDRAWN, S.MERGED, S.ARCHIVED)
OPEN = tuple(status for status in S if status not in TERMINAL)
STILL_TO_BE_DEALT_WITH = frozenset(OPEN) - {S.RETURNED, S.VERIFYING, S.HANDLED, S.REPORTED, S.EVALUATING, S.EVALUATED}
"""What is done is told, evaluated and closed, without a matter that joins it then."""
NOT_ARCHIVED = tuple(status for status in S if status is not S.ARCHIVED)


class Objection(NamedTuple):
    """An objection to an announced decision, open until a reviewer has ruled on it."""

    by: Act
    due_at: datetime | None
    open: bool


class OrderRef(NamedTuple):
    """A work order of the case. `live` until it is cancelled or replaced. Its unit is in its own stream."""

    order: str
    lead: bool
    live: bool


@dataclass(slots=True, kw_only=True)
class Proposal(State):
    """A case as its events add up."""

    policy: str = ""
    place: str = ""
    unit: str = ""
    cycle: int = 1
    title: str = ""
    text: str = ""
    revision: int = 1
    source: Source | None = None
    category: str | None = None
    urgency: Urgency = Urgency.NORMAL
    proposer: Act = Act("", "")
    """Nobody, where the case was imported: its register knows who raised it, and the clerk did not."""
    proposer_is_party_member: bool = False
    contact: Personal | Erased | None = None
    cosigners: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    """How often each loop was run through in this cycle (reopenings: ever)."""
    absorbed: tuple[str, ...] = ()
    merged_into: str | None = None
    meetings: tuple[str, ...] = ()
    """The discussion meetings of the present tier, the last one last."""
    deferred_by: str | None = None
    """The meeting that put it off last."""
    decided_by: str | None = None
    plan: Plan | None = None
    funding: tuple[Funding, ...] = ()
    appropriation: int = 0
    objections: dict[int, Objection] = field(default_factory=dict)
    orders: tuple[OrderRef, ...] = ()
    orders_made: int = 0
    rounds_made: int = 0
    round: str | None = None
    handlers: tuple[Act, ...] = ()
    unresolved: bool = False
    review_at: datetime | None = None
    """When a matter that could not be resolved is looked at again."""
    infeasible: bool = False
    imported: bool = False
    answered: bool = False
    reclassified: bool = False
    """Whether its category was said here, and not only by the register it was imported from."""
    import_hash: str | None = None
    last_round_inconclusive: bool = False
    evidence: tuple[Evidence, ...] = ()
    corrections: tuple[tuple[int, str, str], ...] = ()
    """Event, field and right value, in the order the corrections were made."""
    source_status: str | None = None
    """What the register says that an imported case came from."""
    raised_at: datetime | None = None
    """When the matter was raised; of an imported case, as its register says, long before it came here."""
    outcome: str | None = None
    ended_at: datetime | None = None
    """When the case last came to an end; the reopen window runs from here."""
    retention_class: str | None = None

    def count(self, loop: str) -> int:
        """How often a bounded loop was run through."""
        return self.counts.get(loop, 0)

    def add(self, loop: str) -> None:
        """One more time through a loop."""
        self.counts[loop] = self.count(loop) + 1

    def restart(self, *loops: str) -> None:
        """Starts loops anew, as at a higher tier."""
        for loop in loops:
            self.counts.pop(loop, None)

    def rise_to(self, unit: str) -> None:
        """Puts the case on the tier above: what was exhausted below starts anew there."""
        self.unit = unit
        self.meetings = ()
        self.restart("openings", "deferrals", "suspensions", "verification_failures", "rounds")

    def end(self, fact: Fact, outcome: str) -> None:
        """Notes how and when the case ended."""
        self.outcome, self.ended_at = outcome, fact.occurred_at

    @property
    def live_orders(self) -> tuple[OrderRef, ...]:
        """The orders that count: not cancelled, not replaced."""
        return tuple(order for order in self.orders if order.live)

    @property
    def ruled_by_it(self) -> tuple[str, ...]:
        """The streams whose rules are those that the case has pinned: its live orders and its round."""
        return (*(order.order for order in self.live_orders), *([self.round] if self.round is not None else []))

    @property
    def lead_order(self) -> OrderRef | None:
        """The order of the lead unit."""
        return next((order for order in self.live_orders if order.lead), None)

    @property
    def open_objections(self) -> tuple[int, ...]:
        """The numbers of the objections nobody has ruled on."""
        return tuple(number for number, objection in self.objections.items() if objection.open)

    @property
    def holds_personal_data(self) -> bool:
        """The proposer's contact, until it is erased."""
        return isinstance(self.contact, Personal)

    def more_timers(self, rules: ProcessPolicy) -> list[Timer]:
        """One for each open objection, and one for the review of what was closed unresolved."""
        if self.review_at is not None and self.status is S.CLOSED:
            return [Timer("review", self.review_at, Role.REVIEWER, Action.RECORD)]
        deadline = rules.deadline(Kind.PROPOSAL, "objection")
        if deadline is None or self.status is not S.ANNOUNCED:
            return []
        return [
            Timer(f"objection.{number}", objection.due_at, deadline.owner, Action.RECORD)
            for number, objection in self.objections.items()
            if objection.open and objection.due_at is not None
        ]

    def is_in(self, role: Role, person: str, command: Any, context: Context) -> bool:
        """Proposer, residents concerned, who was at a discussion and the chair that counts follow from the case."""
        if role is Role.CONCERNED:
            return _lives_where_it_was_decided(self, person, command, context)
        if role is Role.PROPOSER:
            return person == self.proposer.actor
        if role is Role.ATTENDEE:
            discussions: list[Meeting | None] = [context.read(stream) for stream in self.meetings]
            return any(meeting is not None and meeting.attended(person) for meeting in discussions)
        if role is Role.CHAIR:
            meeting = self.meeting_that_counts(context)
            return meeting is not None and person == meeting.chair
        return False

    def meeting_that_counts(self, context: Context) -> Meeting | None:
        """The discussion meeting while the case is discussed, the one that decided it until that is in force."""
        stream = self.decided_by if self.status is S.ANNOUNCED else None
        if self.status is S.DISCUSSING and self.meetings:
            stream = self.meetings[-1]
        meeting: Meeting | None = context.read(stream) if stream is not None else None
        return meeting


def _lives_where_it_was_decided(case: Proposal, person: str, command: Any, context: Context) -> bool:
    """A resident, or a party member, of the area whose meeting decided; the command says where they belong.

    Who is registered above the place, as with its community, may raise a matter there, and so may object there too.
    """
    home = context.unit(command.resides_in)
    if home is None or not (context.is_within(home.id, case.unit) or context.is_within(case.place, home.id)):
        return False
    day = day_of(command, case, context)
    return home.holds(person, RESIDENTS, day)


class ProposalCommand(Command):
    """Addressed to a proposal."""

    kind: ClassVar[Kind] = Kind.PROPOSAL
    proposal: ProposalId


def rules_of(state: Proposal | None, command: Any, context: Context) -> ProcessPolicy | None:
    """The rules pinned by the case; before it exists, those of the edition the command will pin."""
    if state is not None:
        return context.policy(state.policy)
    edition = context.policy_in_force(command.place, command.at)
    return context.policy(edition) if edition is not None else None


def pinned(context: Context, state: Proposal) -> ProcessPolicy:
    """The rules the case was raised under (or migrated to)."""
    return context.policy(state.policy)


def day_of(command: Any, state: Proposal, context: Context) -> date:
    """The day of an act, by the clock of the case's own rules: who held office on it counts."""
    return context.day(command.at, pinned(context, state))


def edition_for(place: str, at: datetime, context: Context) -> str:
    """The policy edition a new case pins. Raises Refused if none is in force."""
    edition = context.policy_in_force(place, at)
    if edition is None:
        raise Refused(refusal("no_policy_in_force", unit=place))
    return edition


def area_of(place: str, context: Context) -> str:
    """The unit that deals with a matter first: the place itself, or the grid that a building is in."""
    return next((unit.id for unit in context.above(place) if unit.tier is Tier.GRID), place)


def site_of(state: Proposal | None, command: Any, context: Context) -> Site:
    """Where the case is; a new one where its command says."""
    if state is None:
        return Site(place=command.place, unit=area_of(command.place, context))
    lead = state.lead_order
    order = order_state(lead.order, context) if lead is not None else None
    return Site(place=state.place, unit=state.unit, handling_unit=order.unit if order is not None else None)


def within_maximum(loop: str, state: Proposal, context: Context) -> Refusal | None:
    """Whether a bounded loop may be run through once more."""
    maximum = int(getattr(pinned(context, state).maxima, loop))
    if state.count(loop) >= maximum:
        return refusal("limit_reached", loop=loop, maximum=maximum)
    return None


def reopen_until(state: Proposal, rules: ProcessPolicy, context: Context) -> datetime:
    """When the window for reopening is over: counted from the end, or from the review date of what is unresolved."""
    assert state.ended_at is not None
    begins = max(state.ended_at, state.review_at or state.ended_at)
    return end_of(begins, rules.reopen_window, rules, context.calendar).at


def exhausted(loop: str, state: Proposal, context: Context) -> bool:
    """Whether a bounded loop has been run through as often as the policy allows."""
    return within_maximum(loop, state, context) is not None


def a_parent_tier_exists(state: Proposal, command: Command, context: Context) -> Refusal | None:
    """There is a unit above to take the case to."""
    return None if context.parent(state.unit) is not None else refusal("top_tier", unit=state.unit)


def it_is_the_top_tier(state: Proposal, command: Command, context: Context) -> Refusal | None:
    """There is nothing above."""
    return refusal("not_top_tier", unit=state.unit) if context.parent(state.unit) is not None else None


def parent_of(state: Proposal, context: Context) -> str:
    """The unit one tier up. The guard `a_parent_tier_exists` stands before it."""
    parent = context.parent(state.unit)
    assert parent is not None
    return parent.id


def order_state(order: str, context: Context) -> WorkOrder | None:
    """A work order's state."""
    found: WorkOrder | None = context.read(order)
    return found
