"""Evaluation rounds 评议: voters are fixed at opening, ballots are secret, and anyone can check the count."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from proposals.domain.authority import apart
from proposals.domain.context import Context, Site
from proposals.domain.deadlines import is_over, not_before
from proposals.domain.errors import Refusal, refusal
from proposals.domain.event import Command, Event, Fact, StateEvent
from proposals.domain.handling import people_who_handled
from proposals.domain.process import NEW, SAME, Process, Row
from proposals.domain.state import State
from proposals.domain.vocabulary import (
    BALLOT_BOX,
    SATISFIED,
    SYSTEM,
    Act,
    Grade,
    Instant,
    Kind,
    PersonId,
    ProposalId,
    Role,
    RoundId,
    Text,
    Value,
    instant_text,
)

if TYPE_CHECKING:
    from proposals.domain.case import Proposal
    from proposals.domain.rules import ProcessPolicy


class RoundStatus(StrEnum):
    """The life of a round."""

    OPEN = "open"
    CLOSED = "closed"
    ANNULLED = "annulled"


class Result(StrEnum):
    """What a closed round comes to."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


class Ballot(Value):
    """One voter's answer."""

    voter: PersonId
    grade: Grade
    resolved: bool | None = None
    comment: Text | None = None

    @property
    def content(self) -> dict[str, object]:
        """What is sealed: everything but the voter. The grade by its place on the scale."""
        return {"grade": list(Grade).index(self.grade), "resolved": self.resolved, "comment": self.comment}


class SealedBallot(Value):
    """What is stored of a ballot."""

    token: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    sealed: Annotated[str, Field(max_length=200_000)]


class Tally(Value):
    """The count of a closed round. With fewer valid ballots than the policy's smallest cell only `valid` is told."""

    eligible: int
    valid: int
    grades: dict[Grade, int] | None
    resolved: int | None
    answered_resolved: int | None

    @property
    def satisfied(self) -> int:
        """How many are at least basically satisfied."""
        return sum(count for grade, count in (self.grades or {}).items() if grade in SATISFIED)


@dataclass(slots=True, kw_only=True)
class EvaluationRound(State):
    """A round as its events add up."""

    proposal: str = ""
    opened_by: Act = Act("", "")
    clerks: frozenset[str] = frozenset()
    """Who keyed ballots of others in."""
    eligible: frozenset[str] = frozenset()
    ballots: dict[str, str] = field(default_factory=dict)
    tally: Tally | None = None
    result: Result | None = None
    content_key: str | None = None

    def is_in(self, role: Role, person: str, command: Any, context: Context) -> bool:
        """A voter is whoever's token is on the list."""
        return role is Role.VOTER and context.ballot_box.token(self.id, person) in self.eligible


# --- commands


class RoundCommand(Command):
    """Addressed to a round."""

    kind: ClassVar[Kind] = Kind.ROUND
    round: RoundId


class OpenRound(RoundCommand):
    """Follows the opening of an evaluation."""

    proposal: ProposalId
    eligible: tuple[PersonId, ...]
    closes_at: Instant
    questions: tuple[Text, ...]


class CastBallot(RoundCommand):
    """Votes. The voter is the actor; neither is stored."""

    late_entry: ClassVar[bool] = True
    secret: ClassVar[bool] = True

    grade: Grade
    resolved: bool | None = None
    comment: Text | None = None
    approved_by: PersonId | None = None

    @property
    def cast(self) -> tuple[Ballot, ...]:
        """The one ballot."""
        return (Ballot(voter=self.actor, grade=self.grade, resolved=self.resolved, comment=self.comment),)

    @property
    def clerks(self) -> frozenset[str]:
        """Who keyed it, unless that is the voter."""
        return frozenset(self.act) - {self.actor}

    @property
    def recorded_act(self) -> Act:
        """The ballot box; and who keyed it only if that is not the voter."""
        entered_by = self.act.entered_by
        return Act(BALLOT_BOX, BALLOT_BOX if entered_by == self.actor else entered_by)


class CastBallots(RoundCommand):
    """Enters ballots given on paper or by telephone, in bulk."""

    late_entry: ClassVar[bool] = True
    secret: ClassVar[bool] = True

    ballots: Annotated[tuple[Ballot, ...], Field(min_length=1, max_length=20_000)]
    approved_by: PersonId | None = None

    @property
    def cast(self) -> tuple[Ballot, ...]:
        """The ballots."""
        return self.ballots

    @property
    def clerks(self) -> frozenset[str]:
        """Whose list it is, and who keyed it."""
        return frozenset(self.act)

    @property
    def recorded_act(self) -> Act:
        """The ballot box, and who keyed them."""
        return Act(BALLOT_BOX, self.act.entered_by)


class CloseRound(RoundCommand):
    """Closes the round and counts."""


class AnnulRound(RoundCommand):
    """Declares the round void."""

    reason: Text


# --- events


class RoundOpened(StateEvent):
    """These tokens may vote until `due_at`. `content_commitment` fixes the key that will open the ballots."""

    proposal: ProposalId
    tokens: tuple[str, ...]
    questions: tuple[Text, ...]
    scale: tuple[Grade, ...]
    content_commitment: str

    @classmethod
    def of(cls, state: None, command: OpenRound, context: Context) -> RoundOpened:
        """Tokens are sorted, so that their order tells nothing."""
        box = context.ballot_box
        return cls(
            proposal=command.proposal,
            tokens=tuple(sorted(box.token(command.round, person) for person in set(command.eligible))),
            questions=command.questions,
            scale=tuple(Grade),
            content_commitment=sha256(box.content_key(command.round).encode()).hexdigest(),
            due_at=command.closes_at,
        )

    def apply(self, state: EvaluationRound, fact: Fact) -> None:
        """Who may vote, and who opened it."""
        state.proposal, state.eligible, state.opened_by = self.proposal, frozenset(self.tokens), fact.act


class BallotsCast(Event):
    """Ballots came in, sealed, sorted by token; whose list it was, if one; entered very late, with who approved it."""

    ballots: tuple[SealedBallot, ...]
    collected_by: PersonId | None = None
    approved_by: PersonId | None = None

    @classmethod
    def of(cls, state: EvaluationRound, command: CastBallot | CastBallots, context: Context) -> BallotsCast:
        """Seals each."""
        box = context.ballot_box
        sealed = []
        for ballot in command.cast:
            token = box.token(state.id, ballot.voter)
            sealed.append(SealedBallot(token=token, sealed=box.seal(state.id, token, ballot.content)))
        return cls(
            ballots=tuple(sorted(sealed, key=lambda ballot: ballot.token)),
            collected_by=command.actor if isinstance(command, CastBallots) else None,
            approved_by=command.approved_by,
        )

    def apply(self, state: EvaluationRound, fact: Fact) -> None:
        """More ballots in the box."""
        state.ballots |= {ballot.token: ballot.sealed for ballot in self.ballots}
        state.clerks |= {fact.entered_by, self.collected_by or BALLOT_BOX} - {BALLOT_BOX}


class RoundClosed(StateEvent):
    """The count, and the key with which anyone can count again."""

    proposal: ProposalId
    tally: Tally
    result: Result
    content_key: str | None

    @classmethod
    def of(cls, state: EvaluationRound, command: CloseRound, context: Context) -> RoundClosed:
        """Opens and counts. A handful of ballots is never opened: one could tell who voted how."""
        rules = _rules(state, command, context)
        box = context.ballot_box
        if len(state.ballots) < rules.min_cell:
            tally = Tally(
                eligible=len(state.eligible),
                valid=len(state.ballots),
                grades=None,
                resolved=None,
                answered_resolved=None,
            )
            return cls(proposal=state.proposal, tally=tally, result=Result.INCONCLUSIVE, content_key=None)
        contents = [box.open(state.id, token, sealed) for token, sealed in sorted(state.ballots.items())]
        tally = count(contents, len(state.eligible))
        return cls(
            proposal=state.proposal,
            tally=tally,
            result=result_of(tally, rules),
            content_key=box.content_key(state.id),
        )

    def apply(self, state: EvaluationRound, fact: Fact) -> None:
        """The result."""
        state.tally, state.result, state.content_key = self.tally, self.result, self.content_key


class RoundAnnulled(StateEvent):
    """The round does not count."""

    proposal: ProposalId
    reason: Text

    @classmethod
    def of(cls, state: EvaluationRound, command: AnnulRound, context: Context) -> RoundAnnulled:
        """Names the case."""
        return cls(proposal=state.proposal, reason=command.reason)


def count(contents: list[dict[str, Any]], eligible: int) -> Tally:
    """Counts opened ballots."""
    scale = list(Grade)
    grades = [scale[content["grade"]] for content in contents]
    answers = [content["resolved"] for content in contents if content["resolved"] is not None]
    return Tally(
        eligible=eligible,
        valid=len(contents),
        grades={grade: grades.count(grade) for grade in scale},
        resolved=sum(1 for answer in answers if answer),
        answered_resolved=len(answers),
    )


def result_of(tally: Tally, rules: ProcessPolicy) -> Result:
    """Too few ballots decide nothing; else the satisfied share of the valid ballots against the pass mark."""
    if tally.valid < rules.minimum_ballots:
        return Result.INCONCLUSIVE
    return Result.PASSED if rules.pass_mark.is_met(tally.satisfied, tally.valid) else Result.FAILED


# --- guards


def clerk_may_enter(state: EvaluationRound, command: CastBallots, context: Context) -> Refusal | None:
    """Ballots entered in bulk are other people's: nobody slips their own in among them."""
    if any(ballot.voter in command.act for ballot in command.ballots):
        return refusal("own_ballot_in_bulk")
    return None


def clerk_is_not_involved(
    state: EvaluationRound, command: CastBallot | CastBallots, context: Context
) -> Refusal | None:
    """Who raised the case, handled it or chose its voters enters nobody's ballot but their own."""
    if not command.clerks:
        return None
    case: Proposal = context.state(state.proposal)
    involved = {person for act in people_who_handled(case, context) for person in act}
    involved |= {case.proposer.actor, *state.opened_by}
    person = min(command.clerks & involved, default=None)
    return refusal("clerk_is_involved", person=person) if person is not None else None


def every_voter_is_entitled(state: EvaluationRound, command: CastBallots, context: Context) -> Refusal | None:
    """Only who was entitled at opening votes. The refusal names nobody."""
    box = context.ballot_box
    strangers = sum(box.token(state.id, ballot.voter) not in state.eligible for ballot in command.cast)
    return refusal("not_entitled", ballots=strangers) if strangers else None


def each_votes_once(state: EvaluationRound, command: CastBallot | CastBallots, context: Context) -> Refusal | None:
    """One ballot each. The refusal names nobody."""
    box = context.ballot_box
    tokens = [box.token(state.id, ballot.voter) for ballot in command.cast]
    twice = sum(token in state.ballots for token in tokens) + len(tokens) - len(set(tokens))
    return refusal("voted_already", ballots=twice) if twice else None


def voting_is_open(state: EvaluationRound, command: CastBallot | CastBallots, context: Context) -> Refusal | None:
    """Ballots are given before the time is over."""
    assert command.at is not None
    if state.due_at is not None and is_over(state.due_at, command.at):
        return refusal("voting_is_over", due=instant_text(state.due_at))
    return None


def time_is_over_or_all_have_voted(state: EvaluationRound, command: CloseRound, context: Context) -> Refusal | None:
    """Nobody closes a round while votes are still to come."""
    if command.actor != SYSTEM and len(state.ballots) == len(state.eligible):
        return None
    return not_before(state.due_at, command.at)


def reviewer_is_apart(state: EvaluationRound, command: AnnulRound, context: Context) -> Refusal | None:
    """Who raised or handled the case, opened the round, keyed ballots in or votes does not throw the count away."""
    for person in command.act:
        if context.ballot_box.token(state.id, person) in state.eligible:
            return refusal("voter_annuls", person=person)
    case: Proposal = context.state(state.proposal)
    keyed = [Act(clerk, clerk) for clerk in sorted(state.clerks)]
    return apart(
        command, [case.proposer, *people_who_handled(case, context), state.opened_by, *keyed], "annuls_own_round"
    )


# --- rows


def _site(state: EvaluationRound, command: Command, context: Context) -> Site:
    case: Proposal = context.state(state.proposal)
    return Site(place=case.place, unit=case.unit)


def _rules(state: EvaluationRound | None, command: Any, context: Context) -> ProcessPolicy:
    proposal = state.proposal if state is not None else command.proposal
    return context.policy(context.state(proposal).policy)


_S = RoundStatus
_R = Role

EVALUATION_ROUND = Process(
    Kind.ROUND,
    RoundStatus,
    EvaluationRound,
    (
        Row(NEW, OpenRound, RoundOpened, _S.OPEN, reaction=True),
        Row(_S.OPEN, CastBallot, BallotsCast, SAME, (_R.VOTER,),
            (voting_is_open, clerk_is_not_involved, each_votes_once)),
        Row(_S.OPEN, CastBallots, BallotsCast, SAME, (_R.GRID_WORKER, _R.COORDINATOR),
            (voting_is_open, clerk_may_enter, clerk_is_not_involved, every_voter_is_entitled, each_votes_once)),
        Row(_S.OPEN, CloseRound, RoundClosed, _S.CLOSED, (_R.COORDINATOR, _R.SYSTEM),
            (time_is_over_or_all_have_voted,)),
        Row(_S.OPEN, AnnulRound, RoundAnnulled, _S.ANNULLED, (_R.REVIEWER,), (reviewer_is_apart,)),
    ),
    terminal=(_S.CLOSED, _S.ANNULLED),
    site=_site,
    policy=_rules,
)  # fmt: skip
