"""Step 1, raise 提事: cases about the same matter are joined 并案, and nobody is lost on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from proposals import (
    CaseAbsorbed,
    CoSignProposal,
    DecisionConfirmed,
    EvaluationFailed,
    EvaluationOpened,
    EvaluationPassed,
    FeedbackDelivered,
    HandlingSubmitted,
    HandlingSuspended,
    HandlingVerified,
    ImportOpenCase,
    MergeProposal,
    ProposalArchived,
    ProposalClosed,
    ProposalMerged,
    ProposalRejected,
    RefuseProposal,
    ReturnProposal,
    WithdrawProposal,
    WorkDispatched,
)
from proposals.domain.case import OPEN, TERMINAL, S
from proposals.domain.importing import ImportedFacts, Provenance
from proposals.domain.organisation import Appointed, PolicyEnacted, UnitCreated
from proposals.domain.policy import PolicyDrafted
from proposals.domain.vocabulary import Role, Source, Tier, UnitKind
from proposals.testing import MORNING, SINCE, Scenario, on
from tests.domain.stories import (
    DAY,
    P,
    a_case_in_discussion,
    a_case_of_the_community,
    a_raised_case,
    a_tabled_case,
    accepting,
    an_accepted_case,
    an_announced_case,
    appoint,
    county,
    raising,
    refused,
    rules,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from proposals.domain.event import Command, Fact, StateEvent

Q, R = "proposal-2", "proposal-3"


def returning(**changes: str) -> ReturnProposal:
    return ReturnProposal.model_validate(
        {"proposal": P, "reason": "Which lamp?", "actor": "community-screener", **changes}
    )


def merging(case: str = P, into: str = Q, **changes: str) -> MergeProposal:
    return MergeProposal.model_validate(
        {"proposal": case, "into": into, "reason": "The same lamp", "actor": "community-screener", **changes}
    )


def refusing(**changes: str) -> RefuseProposal:
    return RefuseProposal.model_validate(
        {"proposal": P, "ground": "in_court", "answer": "Ask the court", "actor": "community-screener", **changes}
    )


# --- merging


@pytest.mark.parametrize("accepted", [False, True])
def test_a_merged_case_ends_and_its_supporters_go_on_with_the_root(*, accepted: bool) -> None:
    scenario = county().given(raising(), CoSignProposal(proposal=P, actor="resident1"))
    scenario.given(CoSignProposal(proposal=P, actor="resident2"), *([accepting()] if accepted else []))
    scenario.given(raising(proposal=Q, actor="wang"), CoSignProposal(proposal=Q, actor="resident2"))
    scenario.when(merging()).then(
        ProposalMerged(into=Q, reason="The same lamp"),
        CaseAbsorbed(
            merged=P, source=Source.MEMBER_PROPOSAL, proposer="li", cosigners=("resident1", "resident2"), absorbed=()
        ),
    )
    merged, root = scenario.state(P), scenario.state(Q)
    assert (merged.status, merged.merged_into, merged.outcome, merged.ended_at) == (S.MERGED, Q, "merged", MORNING)
    assert (root.status, root.absorbed) == (S.RAISED, (P,))
    assert root.cosigners == ("resident2", "li", "resident1")
    follow = scenario.recorded[1]
    assert (follow.actor, follow.entered_by, follow.causation_id) == (
        "community-screener", "community-screener", scenario.recorded[0].reference,
    )  # fmt: skip


def test_the_roots_own_proposer_does_not_become_its_supporter() -> None:
    scenario = county().given(raising(), raising(proposal=Q), CoSignProposal(proposal=P, actor="wang"))
    assert scenario.given(merging()).state(Q).cosigners == ("wang",)


def importing(case: str = P) -> ImportOpenCase:
    return ImportOpenCase(
        proposal=case,
        place="unit-grid",
        provenance=Provenance(source="hotline", key=case, sha256="a" * 64),
        facts=ImportedFacts(title="Lamp", raised_at=MORNING - 9 * DAY, source_status="open"),
        actor="county-importer",
    )


def test_an_imported_case_brings_no_supporter_to_the_root() -> None:
    scenario = county().given(importing(), raising(proposal=Q, actor="wang"))
    scenario.when(merging()).then(
        ProposalMerged(into=Q, reason="The same lamp"),
        CaseAbsorbed(merged=P, source=None, proposer=None, cosigners=(), absorbed=()),
    )
    assert (scenario.state(Q).cosigners, scenario.state(Q).absorbed) == ((), (P,))


def test_who_imported_a_root_may_support_it_by_a_matter_of_their_own() -> None:
    scenario = county().given(
        on("unit-grid", Appointed(person="county-importer", role=Role.RESIDENT, since=SINCE)),
        importing(Q),
        raising(actor="county-importer", source="other"),
        accepting(),
    )
    assert scenario.given(merging()).state(Q).cosigners == ("county-importer",)


@pytest.mark.parametrize(("source", "proposer"), [(None, None), ("other", "li")])
def test_an_older_note_of_an_imported_case_is_read_without_its_clerk(source: str | None, proposer: str | None) -> None:
    old: dict[str, object] = {"merged": P, "source": source, "proposer": "li", "cosigners": [], "absorbed": []}
    assert CaseAbsorbed.model_validate(CaseAbsorbed.upcasters[1](old)).proposer == proposer


def test_what_was_merged_into_a_merged_case_comes_along() -> None:
    scenario = county().given(*(raising(proposal=case) for case in (P, Q, R)), merging(P, Q), merging(Q, R))
    assert scenario.state(R).absorbed == (Q, P)


def test_a_case_is_not_merged_into_itself() -> None:
    refused(a_raised_case().when(merging(P, P)), "merges_into_itself")


def test_a_case_is_not_merged_into_one_that_does_not_exist() -> None:
    refused(a_raised_case().when(merging(P, Q)), "no_such_stream", stream=Q)


ENDS = [S.RETURNED, *TERMINAL]


@pytest.mark.parametrize("status", ENDS)
def test_a_case_is_not_merged_into_one_that_is_over_or_sent_back(status: S) -> None:
    endings: dict[S, list[Command | Fact]] = {
        S.RETURNED: [returning(proposal=Q)],
        S.WITHDRAWN: [WithdrawProposal(proposal=Q, reason="Mended", actor="wang")],
        S.REFUSED: [refusing(proposal=Q)],
        S.MERGED: [raising(proposal=R), merging(Q, R)],
        S.CLOSED: [on(Q, ProposalClosed(summary="Done", outcome="handled"))],
        S.REJECTED: [on(Q, ProposalRejected(meeting="meeting-9"))],
        S.ARCHIVED: [refusing(proposal=Q), on(Q, ProposalArchived(retention_class="ten_years"))],
    }
    scenario = a_raised_case().given(raising(proposal=Q, actor="wang"), *endings[status])
    refused(scenario.when(merging()), "root_is_not_open", root=Q, status=status.value)


@pytest.mark.parametrize("story", [an_accepted_case, a_case_in_discussion, a_tabled_case, an_announced_case])
def test_a_case_is_merged_into_a_root_that_is_further_on(story: Callable[[], Scenario]) -> None:
    scenario = story().given(raising(proposal=Q, actor="wang")).when(merging(Q, P))
    before = scenario.state(P).status
    assert scenario.then(ProposalMerged, CaseAbsorbed).state(P).status is before
    assert before in OPEN


FURTHER: dict[S, StateEvent] = {
    S.CONFIRMED: DecisionConfirmed(),
    S.HANDLING: WorkDispatched(orders=()),
    S.SUSPENDED: HandlingSuspended(requested_by="x", reason="x"),
    S.VERIFYING: HandlingSubmitted(report="x", evidence=()),
    S.HANDLED: HandlingVerified(findings="x"),
    S.REPORTED: FeedbackDelivered(feedback="x", channel="x"),
    S.EVALUATING: EvaluationOpened(round="round-1"),
    S.EVALUATED: EvaluationPassed(round="round-1"),
    S.RECTIFYING: EvaluationFailed(round="round-1"),
}


DONE = {S.VERIFYING, S.HANDLED, S.REPORTED, S.EVALUATING, S.EVALUATED}


@pytest.mark.parametrize("status", FURTHER)
def test_until_it_is_done_a_root_takes_in_cases_about_the_same_matter(status: S) -> None:
    scenario = a_raised_case().given(raising(proposal=Q, actor="wang"), on(Q, FURTHER[status]))
    if status in DONE:  # nobody would deal with what joins it now
        refused(scenario.when(merging()), "root_is_not_open", root=Q, status=status.value)
        return
    case = scenario.when(merging()).then(ProposalMerged, CaseAbsorbed).state(Q)
    assert (case.status, case.absorbed) == (status, (P,))


def test_a_root_that_rose_to_the_community_is_still_of_the_same_county() -> None:
    scenario = a_case_of_the_community("accepted").given(raising(proposal=Q, actor="wang", place="unit-grid"))
    assert scenario.when(merging(Q, P)).refused is None


def test_cases_of_two_streets_of_one_county_are_merged() -> None:
    other = [
        on("unit-s2", UnitCreated(title="S", unit_kind=UnitKind.AREA, tier=Tier.STREET, parent="unit-county")),
        on("unit-g2", UnitCreated(title="G", unit_kind=UnitKind.AREA, tier=Tier.GRID, parent="unit-s2")),
        on("unit-g2", Appointed(person="zhao", role=Role.RESIDENT, since=SINCE)),
    ]
    scenario = a_raised_case().given(*other, raising(proposal=Q, place="unit-g2", source="other", actor="zhao"))
    assert scenario.when(merging()).refused is None


def test_a_case_is_not_merged_into_another_countys() -> None:
    other = [
        on("unit-far", UnitCreated(title="Far", unit_kind=UnitKind.AREA, tier=Tier.COUNTY)),
        on("unit-far-grid", UnitCreated(title="G", unit_kind=UnitKind.AREA, tier=Tier.GRID, parent="unit-far")),
        on("policy-2", PolicyDrafted(unit="unit-far", rules=rules())),
        on("unit-far", PolicyEnacted(policy="policy-2", begins=MORNING - DAY)),
    ]
    scenario = a_raised_case().given(
        *other, on("unit-far-grid", Appointed(person="zhao", role=Role.RESIDENT, since=SINCE))
    )
    scenario.given(raising(proposal=Q, place="unit-far-grid", source="other", actor="zhao"))
    refused(scenario.when(merging()), "root_is_elsewhere", root=Q)


def test_a_screener_gathers_no_supporters_for_a_proposal_of_their_own() -> None:
    def cases(**changes: str) -> Scenario:
        scenario = a_raised_case().given(
            appoint("zhao", "party_member", "unit-grid"), appoint("zhao", "screener", "unit-community")
        )
        return scenario.given(raising(proposal=Q, **changes))

    refused(cases(actor="zhao").when(merging(actor="zhao")), "screener_is_proposer")
    refused(cases(actor="wang", entered_by="zhao").when(merging(actor="zhao")), "screener_is_proposer")
    assert cases(actor="zhao").when(merging()).refused is None


CASES = ("proposal-1", "proposal-2", "proposal-3", "proposal-4", "proposal-5")


@settings(max_examples=settings().max_examples // 4)
@for_all(st.lists(st.tuples(st.sampled_from(CASES), st.sampled_from(CASES)), max_size=12))
def test_however_cases_are_merged_each_has_one_root_that_knows_it(merges: list[tuple[str, str]]) -> None:
    scenario = county().given(*(raising(proposal=case) for case in CASES))
    for case, into in merges:
        scenario.when(merging(case, into))
    absorbed: list[str] = []
    for case in CASES:
        state, steps = scenario.state(case), 0
        if state.status is not S.MERGED:
            absorbed.extend(state.absorbed)
            continue
        while state.merged_into is not None:
            state, steps = scenario.state(state.merged_into), steps + 1
            assert steps < len(CASES)
        assert state.status is S.RAISED
        assert case in state.absorbed
    assert len(absorbed) == len(set(absorbed))
