"""Meetings 会议: called with notice, opened with a quorum, votes by name, outcomes computed; for steps 2 and 3."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from proposals.domain.state import State
from proposals.domain.vocabulary import Choice, Funding, Line, Motion, Plan, ProposalId, Role, Text, Value

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from proposals.domain.context import Context
    from proposals.domain.rules import ProcessPolicy


class MeetingStatus(StrEnum):
    """The life of a meeting."""

    CALLED = "called"
    ROLLED = "rolled"
    IN_SESSION = "in_session"
    CLOSED = "closed"
    MINUTED = "minuted"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"


HELD = frozenset({MeetingStatus.IN_SESSION, MeetingStatus.CLOSED, MeetingStatus.MINUTED})
"""A meeting in one of these took place, or does."""


class Purpose(StrEnum):
    """Which step a meeting serves."""

    DISCUSS = "discuss"
    DECIDE = "decide"


class Outcome(StrEnum):
    """What came of an agenda item. It is computed, never typed."""

    DISCUSSED = "discussed"
    CARRIED = "carried"
    LOST = "lost"
    NO_QUORUM = "no_quorum"
    UNFUNDED = "unfunded"
    VOID = "void"


class AgendaItem(Value):
    """One matter on the agenda: a proposal's text in one revision, and the motion about it."""

    proposal: ProposalId
    revision: int
    motion: Motion
    plan: Plan | None = None
    funding: tuple[Funding, ...] = ()
    reason: Text | None = None

    @property
    def appropriation(self) -> int:
        """What county and street are asked to pay, in fen."""
        return sum(share.amount for share in self.funding if share.source.value == "county_and_street")


class Tally(NamedTuple):
    """The votes on an item and what they are measured against, without the recused."""

    votes_for: int
    votes_against: int
    abstained: int
    present: int
    due: int
    all: int

    def base(self, name: str) -> int:
        """The base of a threshold."""
        return int(getattr(self, name))


@dataclass(slots=True, kw_only=True)
class Meeting(State):
    """A meeting as its events add up."""

    policy: str = ""
    unit: str = ""
    meeting_kind: str = ""
    purpose: Purpose = Purpose.DISCUSS
    title: Line = ""
    starts_at: datetime | None = None
    chair: str = ""
    agenda: tuple[AgendaItem, ...] = ()
    invited: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    observers: tuple[str, ...] = ()
    excused: tuple[str, ...] = ()
    present: set[str] = field(default_factory=set)
    recused: set[tuple[int, str]] = field(default_factory=set)
    votes: dict[tuple[int, str], Choice] = field(default_factory=dict)
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    def is_in(self, role: Role, person: str, command: Any, context: Context) -> bool:
        """The chair chairs, and a voting member of the roll votes."""
        return (role is Role.CHAIR and person == self.chair) or (role is Role.VOTER and person in self.members)

    def attended(self, person: str) -> bool:
        """Whether a person was there, as a member or an observer, when it was held."""
        return self.status in HELD and person in self.present

    def has_quorum(self, rules: ProcessPolicy) -> bool:
        """Whether enough of those due to attend are present."""
        tally = self.tally(None)
        return rules.quorum.is_met(tally.present, tally.base(rules.quorum.base))

    def tally(self, item: int | None) -> Tally:
        """The count for an item, without those recused from it (for the meeting as a whole: nobody is)."""
        voting = {person for person in self.members if item is None or (item, person) not in self.recused}
        choices = [choice for (number, person), choice in self.votes.items() if number == item and person in voting]
        return Tally(
            votes_for=choices.count(Choice.FOR),
            votes_against=choices.count(Choice.AGAINST),
            abstained=choices.count(Choice.ABSTAIN),
            present=len(voting & self.present),
            due=len(voting - (set(self.excused) - self.present)),  # who has leave and comes all the same is due
            all=len(voting),
        )

    def may_vote_on(self, item: int) -> frozenset[str]:
        """The members who are there and have not stepped aside."""
        return frozenset(
            person for person in self.members if person in self.present and (item, person) not in self.recused
        )

    def voters(self, proposal: str) -> frozenset[str]:
        """Everyone who voted on a proposal here."""
        return self._of(proposal, self.votes)

    def recused_from(self, proposal: str) -> frozenset[str]:
        """Everyone who stepped aside from a proposal here."""
        return self._of(proposal, self.recused)

    def _of(self, proposal: str, acts: Iterable[tuple[int, str]]) -> frozenset[str]:
        items = {number for number, item in enumerate(self.agenda, 1) if item.proposal == proposal}
        return frozenset(person for number, person in acts if number in items)

    def open_items(self) -> list[int]:
        """The numbers of the items without an outcome."""
        return [number for number in range(1, len(self.agenda) + 1) if number not in self.outcomes]

    def item_for(self, proposal: str, motion: Motion) -> AgendaItem | None:
        """The item in which a proposal stands under a motion."""
        return next((item for item in self.agenda if item.proposal == proposal and item.motion is motion), None)


def outcome_of(meeting: Meeting, number: int, rules: ProcessPolicy) -> Outcome:
    """What the votes on an item come to: first the quorum, then the majority. A tie is lost."""
    item = meeting.agenda[number - 1]
    tally = meeting.tally(number)
    if item.motion is Motion.DISCUSS:
        return Outcome.DISCUSSED
    if not rules.quorum.is_met(tally.present, tally.base(rules.quorum.base)):
        return Outcome.NO_QUORUM
    carried = rules.majority.is_met(tally.votes_for, tally.base(rules.majority.base))
    return Outcome.CARRIED if carried else Outcome.LOST
