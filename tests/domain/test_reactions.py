"""Reactions: what follows from an event in the same transaction, in the same person's name, and never by itself."""

from __future__ import annotations

import ast
from inspect import getsource
from typing import TYPE_CHECKING

import pytest

from proposals import (
    AnnulRound,
    CloseRound,
    Command,
    CoSignProposal,
    DeclareInfeasible,
    DispatchWork,
    EscalateHandling,
    MergeProposal,
    OpenEvaluation,
    PassVerification,
    Proposals,
    ReassignOrder,
    Refused,
    ResumeHandling,
    SuspendHandling,
    WithdrawOrder,
)
from proposals.domain import reactions
from proposals.domain.dispatching import WorkDispatched
from proposals.domain.evaluation import FailEvaluation, LeaveInconclusive, PassEvaluation
from proposals.domain.evaluation_round import OpenRound
from proposals.domain.processes import PROCESSES
from proposals.domain.vocabulary import OrderSpec, Urgency
from proposals.domain.work_order import (
    AcceptOrder,
    CancelOrder,
    DispatchOrder,
    ReopenOrder,
    RestartOrderClock,
    StopOrderClock,
)
from proposals.testing import MORNING, on
from tests.domain.works import (
    ASSISTING,
    CASE,
    LEAD,
    ROUND,
    VOTERS,
    by,
    named,
    raised,
    reached,
    shanghai,
    voted,
)

if TYPE_CHECKING:
    from proposals.testing import Scenario

WITH_CONSEQUENCES = {
    "DispatchWork": ("confirmed", DispatchWork(proposal=CASE, actor="community-coordinator"), 3),
    "ReassignOrder": (
        "handling",
        ReassignOrder(proposal=CASE, order=LEAD, unit="unit-parks", reason="Theirs.", actor="community-coordinator"),
        3,
    ),
    "WithdrawOrder": (
        "handling",
        WithdrawOrder(proposal=CASE, order=ASSISTING, reason="Twice.", actor="community-coordinator"),
        2,
    ),
    "SuspendHandling": (
        "handling",
        SuspendHandling(
            proposal=CASE,
            requested_by="water-handler",
            reason="Frost.",
            review_at=shanghai(4, 1),
            actor="community-tier-officer",
        ),
        3,
    ),
    "ResumeHandling": ("suspended", ResumeHandling(proposal=CASE, actor="community-tier-officer"), 3),
    "EscalateHandling": (
        "handling",
        EscalateHandling(proposal=CASE, reason="Too big.", actor="community-coordinator"),
        3,
    ),
    "DeclareInfeasible": (
        "verifying",
        DeclareInfeasible(proposal=CASE, reason="Private.", actor="community-tier-officer"),
        3,
    ),
    "PassVerification": (
        "verifying",
        PassVerification(proposal=CASE, findings="Bright.", actor="community-verifier"),
        3,
    ),
    "OpenEvaluation": (
        "reported",
        OpenEvaluation(proposal=CASE, eligible=VOTERS, actor="community-coordinator"),
        2,
    ),
    "AnnulRound": ("evaluating", AnnulRound(round=ROUND, reason="Wrong list.", actor="street-reviewer"), 2),
}


@pytest.mark.parametrize("name", WITH_CONSEQUENCES)
def test_what_follows_has_the_people_time_command_and_cause_of_what_it_follows(name: str) -> None:
    state, command, count = WITH_CONSEQUENCES[name]
    scenario = reached(state).when(by(command, command.actor, "community-screener"))

    first, *followed = scenario.recorded
    assert len(scenario.recorded) == count
    assert (first.actor, first.entered_by) == (command.actor, "community-screener")
    for fact in followed:
        assert (fact.actor, fact.entered_by, fact.occurred_at) == (first.actor, first.entered_by, first.occurred_at)
        assert (fact.command_id, fact.correlation_id) == (first.command_id, first.correlation_id)
        assert fact.causation_id == first.reference
        assert fact.stream != first.stream


def test_an_order_names_its_case_and_its_reason() -> None:
    scenario = reached("handling").when(
        WithdrawOrder(proposal=CASE, order=ASSISTING, reason="Sent twice.", actor="community-coordinator")
    )

    assert scenario.recorded[1].stream == ASSISTING
    assert scenario.recorded[1].event.model_dump()["reason"] == "Sent twice."


def test_a_merged_case_brings_its_proposer_and_supporters_to_the_root() -> None:
    scenario = raised(reached("raised"), "proposal-2").given(CoSignProposal(proposal=CASE, actor="wang"))
    scenario.when(MergeProposal(proposal=CASE, into="proposal-2", reason="Same.", actor="community-screener"))

    assert [fact.name for fact in scenario.recorded] == ["ProposalMerged", "CaseAbsorbed"]
    assert scenario.state("proposal-2").absorbed == (CASE,)
    assert scenario.state("proposal-2").cosigners == ("wang",)


@pytest.mark.parametrize(
    "command",
    [
        DispatchOrder(
            order="order-1.9", proposal=CASE, unit="unit-parks", lead=False, urgency=Urgency.NORMAL, actor="system"
        ),
        CancelOrder(order=LEAD, reason="No.", actor="system"),
        AcceptOrder(order=LEAD, actor="system"),
        ReopenOrder(order=LEAD, reason="No.", actor="system"),
        StopOrderClock(order=LEAD, actor="system"),
        RestartOrderClock(order=LEAD, actor="system"),
        OpenRound(round=ROUND, proposal=CASE, eligible=("li",), closes_at=MORNING, questions=(), actor="system"),
        PassEvaluation(proposal=CASE, round=ROUND, actor="system"),
        FailEvaluation(proposal=CASE, round=ROUND, actor="system"),
        LeaveInconclusive(proposal=CASE, round=ROUND, why="", actor="system"),
    ],
    ids=named,
)
def test_nobody_asks_for_a_reaction_by_itself(command: Command) -> None:
    with Proposals() as app, pytest.raises(Refused) as refused:
        app.do(command)
    assert refused.value.code == "not_a_public_command"


REACTIONS = {
    "AbsorbCase", "AdoptProposal", "RejectProposal", "DeferDecision", "EscalateDecision", "DispatchOrder",
    "CancelOrder", "AcceptOrder", "ReopenOrder", "StopOrderClock", "RestartOrderClock", "OpenRound", "PassEvaluation",
    "FailEvaluation", "LeaveInconclusive", "EnactPolicy", "SupersedePolicy", "CreateSubjectKey",
}  # fmt: skip


def test_these_commands_are_reactions_and_no_others() -> None:
    rows = [row for process in PROCESSES.values() for row in process.rows]

    assert {row.command.__name__ for row in rows if row.reaction} == REACTIONS
    assert {row.command.__name__ for row in rows if not row.reaction}.isdisjoint(REACTIONS)
    assert not any(row.roles for row in rows if row.reaction)


def test_everything_a_reaction_asks_for_has_a_rule() -> None:
    called = {node.func.id for node in ast.walk(ast.parse(getsource(reactions))) if isinstance(node, ast.Call)
              and isinstance(node.func, ast.Name)}  # fmt: skip

    assert called & REACTIONS == REACTIONS - {"CreateSubjectKey"}


@pytest.mark.parametrize("grade", ["satisfied", "dissatisfied"])
def test_the_same_round_decides_its_case_once(grade: str) -> None:
    scenario = voted(reached("evaluating"), dict.fromkeys(VOTERS, grade))
    scenario.given(CloseRound(round=ROUND, actor="community-coordinator"))

    scenario.when(CloseRound(round=ROUND, actor="community-coordinator")).then_refused("wrong_state")
    assert recorded_outcomes(scenario) == 1


def recorded_outcomes(scenario: Scenario) -> int:
    return sum(name.startswith("Evaluation") and name != "EvaluationOpened" for name in scenario.names(CASE))


def test_facts_that_are_given_as_they_are_bring_no_reactions() -> None:
    """`given` takes facts as they happened: what followed from them is given too, or did not happen."""
    spec = OrderSpec(order=LEAD, unit="unit-water", lead=True)
    scenario = reached("confirmed").given(on(CASE, WorkDispatched(orders=(spec,))))

    assert scenario.state(CASE).status == "handling"
    with pytest.raises(KeyError):
        scenario.state(LEAD)
