"""The ordinary course of the five steps, in parts that every scenario is put together from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proposals.demo.case import DAYS, Case, Hours
from proposals.demo.script import Held, Script, Seat, Step, found
from proposals.domain.decision import ProposalAdopted
from proposals.domain.discussion import ForwardProposal, RecordOpinion, SettleMatter
from proposals.domain.dispatching import DispatchWork, WorkDispatched
from proposals.domain.evaluation import CloseProposal, DeliverFeedback, EvaluationOpened, OpenEvaluation, ProposalClosed
from proposals.domain.evaluation_round import Ballot, CastBallot, CastBallots, CloseRound
from proposals.domain.handling import PassVerification, SubmitHandling
from proposals.domain.meeting import Purpose
from proposals.domain.raising import AcceptProposal, ProposalAccepted, ProposalRaised, RaiseProposal
from proposals.domain.vocabulary import Grade, Motion, Personal, Source
from proposals.domain.work_order import AcknowledgeOrder, CompleteOrder, ReportIn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proposals.domain.event import Fact
    from proposals.domain.vocabulary import OrderSpec

VOTERS = 7
"""Residents who are asked, besides the proposer."""

CONTENT = (Grade.VERY_SATISFIED, Grade.SATISFIED, Grade.SATISFIED, Grade.BASICALLY_SATISFIED)
UNHAPPY = (Grade.DISSATISFIED, Grade.VERY_DISSATISFIED, Grade.SATISFIED)

# --- 1, raise 提事


def raised(case: Case, *, with_contact: bool = False) -> Script[ProposalRaised]:
    """The matter is put forward; what comes through the window is keyed in by the grid worker."""
    contact = None
    if with_contact:
        contact = Personal(subject=f"subject-{case.run}-{case.key}", value=f"139{case.rng.randrange(10**8):08}")
    facts: list[Fact] = yield Step(
        (
            case.command(
                RaiseProposal,
                case.proposer,
                place=case.grid,
                source=case.source,
                title=case.content.title,
                text=case.content.text,
                contact=contact,
                entered_by=case.grid_worker if case.source is Source.OTHER else None,
            ),
        )
    )
    return found(facts, ProposalRaised)


def accepted(case: Case, hours: Hours = (2, 30)) -> Script[ProposalAccepted]:
    """It is screened and taken up."""
    content = case.content
    facts = yield from case.go(
        AcceptProposal, case.screener, hours=hours, category=content.category, urgency=content.urgency
    )
    return found(facts, ProposalAccepted)


def taken_up(case: Case) -> Script[None]:
    """Raised and accepted."""
    yield from raised(case)
    yield from accepted(case)


# --- 2, grid discussion 议事


def discussed(case: Case, opinions: int = 0) -> Script[Held]:
    """It is talked over in the next meeting of the unit."""
    held: Held = yield Seat(case.now, case.unit, Purpose.DISCUSS, case.wish(Motion.DISCUSS))
    case.now = held.ended_at
    for speaker in held.present[:opinions]:
        opinion = "同意就近解决，先易后难。 / Solve it nearby, the easy part first."
        yield from case.go(RecordOpinion, speaker, hours=(0.1, 0.5), opinion=opinion)
    return held


def settled(case: Case, opinions: int = 0) -> Script[None]:
    """It is settled on the spot: small matters do not leave the grid."""
    held = yield from discussed(case, opinions)
    how = "议事会当场协调解决。 / Settled on the spot in the meeting."
    yield from case.go(SettleMatter, held.chair, how=how, by=held.chair)


def forwarded(case: Case) -> Script[None]:
    """It is discussed, and goes to a decision."""
    held = yield from discussed(case)
    recommendation = "建议列入联动办理。 / Recommended for joint handling."
    yield from case.go(ForwardProposal, held.chair, recommendation=recommendation)


# --- 3, meeting decision 定事


def decided(case: Case, motion: Motion = Motion.ADOPT, *, passes: bool = True) -> Script[Held]:
    """The next meeting of the unit votes."""
    held: Held = yield Seat(case.now, case.unit, Purpose.DECIDE, case.wish(motion, passes=passes))
    case.now = held.ended_at
    return held


def confirmed(case: Case, facts: Sequence[Fact]) -> Script[None]:
    """The publicity period passes, and the clock confirms the decision."""
    yield from case.until(found(facts, ProposalAdopted, case.id).due_at)


def adopted(case: Case) -> Script[None]:
    """Adopted, announced and confirmed."""
    held = yield from decided(case)
    yield from confirmed(case, held.facts)


# --- 4, joint handling 办事


def dispatched(case: Case) -> Script[tuple[OrderSpec, ...]]:
    """Orders go out, as planned."""
    facts = yield from case.go(DispatchWork, case.coordinator, hours=(0.5, 6))
    return found(facts, WorkDispatched).orders


def under_way(case: Case, orders: Sequence[OrderSpec]) -> Script[None]:
    """The units acknowledge at once, and are on the spot soon."""
    case.wait((0.2, 1.2), day_and_night=True)
    yield from case.together(*(case.command(AcknowledgeOrder, case.handler(spec.unit), spec.order) for spec in orders))
    case.wait((3, 20))
    yield from case.together(*(case.command(ReportIn, case.handler(spec.unit), spec.order) for spec in orders))


def completed(case: Case, orders: Sequence[OrderSpec], hours: Hours = (24, 90)) -> Script[None]:
    """The units do their part, and show it."""
    case.wait(hours)
    report = "现场处置完毕，已拍照留存。 / Done on the spot, with pictures."
    yield from case.together(
        *(
            case.command(
                CompleteOrder, case.handler(spec.unit), spec.order, report=report, evidence=(case.photo(spec.order),)
            )
            for spec in orders
        )
    )


def submitted(case: Case, lead: OrderSpec) -> Script[None]:
    """The lead says that all is done."""
    report, evidence = "各单位均已办结。 / Every unit is done.", (case.photo("result"),)
    yield from case.go(SubmitHandling, case.handler(lead.unit), report=report, evidence=evidence)


def verified(case: Case) -> Script[None]:
    """Somebody else looks whether it is so."""
    yield from case.go(PassVerification, case.verifier, hours=(4, 40), findings="现场核查属实。 / Checked on the spot.")


def worked_off(case: Case, orders: Sequence[OrderSpec]) -> Script[None]:
    """From the first acknowledgement to the verification."""
    yield from under_way(case, orders)
    yield from completed(case, orders)
    yield from submitted(case, orders[0])
    yield from verified(case)


def handled(case: Case) -> Script[None]:
    """Dispatched, worked off and verified."""
    orders = yield from dispatched(case)
    yield from worked_off(case, orders)


# --- 5, mass evaluation 评事


def reported(case: Case) -> Script[None]:
    """The proposer and the residents hear what came of it."""
    channel = case.rng.choice(("上门 / visit", "电话 / telephone", "回音壁 / echo wall"))
    yield from case.go(
        DeliverFeedback, case.grid_worker, hours=(2, 24), feedback="办理情况已告知。 / They were told.", channel=channel
    )


def opened(case: Case) -> Script[tuple[EvaluationOpened, list[str]]]:
    """A round opens. Gives it with those who were asked, the proposer first."""
    voters = [case.proposer, *case.residents(VOTERS)]
    facts = yield from case.go(OpenEvaluation, case.coordinator, hours=(2, 24), eligible=tuple(voters))
    return found(facts, EvaluationOpened), voters


def evaluated(case: Case, *, content: bool = True, ballots: int | None = None) -> Script[None]:
    """Residents vote, on the telephone or on paper; the round is closed when all have, or when its time is over."""
    round_, voters = yield from opened(case)
    voting = voters[: len(voters) - case.rng.choice((0, 0, 0, 1, 2)) if ballots is None else ballots]
    yield from cast(case, round_.round, voting, content=content)
    if len(voting) == len(voters):
        yield from case.go(CloseRound, case.coordinator, round_.round)
    else:
        yield from case.until(round_.due_at)


def cast(case: Case, round_: str, voting: Sequence[str], *, content: bool) -> Script[None]:
    """The proposer votes in person, the others on paper that a clerk keys in."""
    papers = [_ballot(case, number, voter, content=content) for number, voter in enumerate(voting)]
    case.wait(DAYS)
    first = papers[0]
    yield from case.together(
        case.command(CastBallot, first.voter, round_, grade=first.grade, resolved=first.resolved),
        *([case.command(CastBallots, case.clerk, round_, ballots=tuple(papers[1:]))] if papers[1:] else ()),
    )


def _ballot(case: Case, number: int, voter: str, *, content: bool) -> Ballot:
    """Happy voters give good grades; of unhappy ones at most every third does."""
    grade = case.rng.choice(CONTENT) if content else UNHAPPY[number % len(UNHAPPY)]
    return Ballot(voter=voter, grade=grade, resolved=case.rng.choice((content, content, None)))


def closed(case: Case, hours: Hours = (2, 24)) -> Script[ProposalClosed]:
    """The case is closed 销号."""
    facts = yield from case.go(CloseProposal, case.coordinator, hours=hours, summary="已办结销号。 / Done and closed.")
    return found(facts, ProposalClosed)


def brought_back(case: Case) -> Script[None]:
    """Reported back, evaluated to the residents' content, and closed: how nearly every case ends."""
    yield from reported(case)
    yield from evaluated(case)
    yield from closed(case)


def all_five(case: Case) -> Script[None]:
    """From discussion to the end without anything unusual."""
    yield from forwarded(case)
    yield from adopted(case)
    yield from handled(case)
    yield from brought_back(case)
