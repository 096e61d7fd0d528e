"""Evaluation rounds 评议: one secret ballot each, counted at the end in a way that anyone can check."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from proposals import (
    AnnulRound,
    Ballot,
    BallotsCast,
    CastBallot,
    CastBallots,
    CloseRound,
    Command,
    CompleteOrder,
    EvaluationFailed,
    EvaluationInconclusive,
    EvaluationPassed,
    ImportOpenCase,
    OpenEvaluation,
    Proposals,
    RaiseProposal,
    ReportIn,
    RoundAnnulled,
    RoundClosed,
    SettleMatter,
)
from proposals.adapters.ballot_box import KeyedBallotBox, VotersForgotten, open_ballot
from proposals.adapters.keys import MemoryKeyStore
from proposals.adapters.mapper import FactMapper
from proposals.adapters.sealing import Sealer
from proposals.domain.evaluation_round import RoundOpened, Tally, count, result_of
from proposals.domain.importing import ImportedFacts, Provenance
from proposals.domain.organisation import Appointed
from proposals.domain.vocabulary import Grade, Role, Source
from proposals.testing import SINCE, given, on
from tests.domain.works import (
    ASSISTING,
    CASE,
    DAY,
    LEAD,
    PHOTO,
    ROUND,
    SECOND,
    VOTERS,
    accepted,
    asked,
    by,
    called,
    county,
    held,
    left_office,
    living_there,
    named,
    reached,
    recorded,
    refusal_of,
    rules,
    shanghai,
    submitted,
    told,
    verified,
    voted,
    who_may,
    worked,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proposals.domain.event import Fact
    from proposals.testing import Scenario

OVER = shanghai(3, 26)
"""When the round that opened on 18 March is over."""
CAST = CastBallot(round=ROUND, grade=Grade.SATISFIED, resolved=True, comment="Bright.", actor="li")
CLOSE = CloseRound(round=ROUND, actor="community-coordinator")
ANNUL = AnnulRound(round=ROUND, reason="The list was wrong.", actor="street-reviewer")


CLERK = "grid-grid-worker"
SECOND_CLERK = "street-coordinator"
"""A coordinator who did not open the round."""
RAISE = RaiseProposal(
    proposal=CASE, place="unit-grid", source=Source.MEMBER_PROPOSAL, title="Lamp", text="It is broken.", actor="li"
)
IMPORT = ImportOpenCase(
    proposal=CASE,
    place="unit-grid",
    provenance=Provenance(source="hotline", key="7", sha256="a" * 64),
    facts=ImportedFacts(title="Lamp", raised_at=shanghai(2, 1), source_status="open"),
    actor="county-importer",
)
SETTLE = SettleMatter(proposal=CASE, how="A bulb.", by="grid-member2", actor="grid-member1")


def on_paper(*voters: str, grade: Grade = Grade.SATISFIED, actor: str = "grid-grid-worker") -> CastBallots:
    ballots = tuple(Ballot(voter=voter, grade=grade) for voter in voters)
    return CastBallots(round=ROUND, ballots=ballots, actor=actor)


def settled_and_asked(beginning: Command, settling: Command = SETTLE) -> Scenario:
    """From a beginning to an open round, with the proposer among the voters; settled in its discussion."""
    scenario = given(*county()).given(beginning)
    if isinstance(beginning, RaiseProposal):
        accepted(scenario)
    held(scenario, "meeting-1", "unit-grid", called(scenario, "meeting-1", "unit-grid", "discuss"), None)
    proposer = {scenario.state(CASE).proposer.actor} - {""}
    return asked(told(scenario.given(settling)), tuple({*VOTERS, *proposer}))


def staffed(scenario: Scenario) -> Scenario:
    """There is a second clerk."""
    return scenario.given(on("unit-street", Appointed(person=SECOND_CLERK, role=Role.COORDINATOR, since=SINCE)))


def codes_of_ballots_keyed_in(scenario: Scenario) -> set[str | None]:
    """With which codes the grid worker is refused who keys in somebody's ballot, in any of three ways."""
    staffed(scenario)
    return {
        refusal_of(scenario, on_paper("resident2")),
        refusal_of(scenario, by(on_paper("resident2"), SECOND_CLERK, CLERK)),
        refusal_of(scenario, by(CAST, "resident2", CLERK)),
    }


def many(number: int) -> tuple[str, ...]:
    """The proposer and so many people less one."""
    return ("li", *(f"voter{n}" for n in range(1, number)))


def closing(grades: dict[str, str], eligible: int = 20) -> Scenario:
    scenario = voted(asked(living_there(reached("reported"), *many(eligible)), many(eligible)), grades)
    return scenario.at(OVER).when(CLOSE)


def split(satisfied: int, dissatisfied: int) -> dict[str, str]:
    voters = many(satisfied + dissatisfied)
    return {voter: "satisfied" if place < satisfied else "dissatisfied" for place, voter in enumerate(voters)}


@pytest.mark.parametrize("command", [CAST, on_paper("li"), CLOSE, ANNUL], ids=named)
@pytest.mark.parametrize("status", ["closed", "annulled"])
def test_nothing_happens_to_a_round_that_is_over(command: Command, status: str) -> None:
    scenario = reached("evaluated") if status == "closed" else reached("evaluating").given(ANNUL)
    assert scenario.state(ROUND).status == status

    scenario.when(command).then_refused("wrong_state")


@pytest.mark.parametrize(
    ("command", "people"),
    [
        (CAST, {"li", "resident1"}),
        (on_paper("resident2"), {"grid-grid-worker", "community-coordinator"}),
        (CLOSE, {"community-coordinator", "system"}),
        (ANNUL, {"street-reviewer", "county-reviewer"}),
    ],
    ids=named,
)
def test_these_people_may_and_nobody_else(command: Command, people: set[str]) -> None:
    assert who_may(reached("evaluating"), command) == people


@pytest.mark.parametrize(("days_ago", "code"), [(0, None), (1, "not_authorised")])
def test_a_reviewer_annuls_up_to_the_last_day_in_office(days_ago: int, code: str | None) -> None:
    scenario = left_office(reached("evaluating"), "unit-street", "street-reviewer", Role.REVIEWER, days_ago)

    assert refusal_of(scenario, ANNUL) == code


# --- one ballot each


def test_a_ballot_is_cast() -> None:
    scenario = reached("evaluating").when(CAST).then(BallotsCast)

    assert scenario.state(ROUND).status == "open"
    assert len(scenario.state(ROUND).ballots) == 1


def test_a_neighbour_who_was_not_asked_does_not_vote() -> None:
    reached("evaluating").when(by(CAST, "neighbour1")).then_refused("not_authorised")


def test_nobody_votes_twice_whichever_way_they_vote() -> None:
    scenario = reached("evaluating").given(CAST, on_paper("resident1"))

    assert refusal_of(scenario, CAST) == "voted_already"
    assert refusal_of(scenario, CAST.model_copy(update={"grade": Grade.VERY_DISSATISFIED})) == "voted_already"
    assert refusal_of(scenario, on_paper("resident2", "li")) == "voted_already"
    assert refusal_of(scenario, by(CAST, "resident1")) == "voted_already"


@pytest.mark.parametrize(
    ("voters", "actor", "code"),
    [
        (("resident1", "resident2"), "grid-grid-worker", None),
        (("resident1", "resident2"), SECOND_CLERK, None),
        (("resident1", "resident2"), "community-coordinator", "clerk_is_involved"),
        (("resident1", "resident1"), "grid-grid-worker", "voted_already"),
        (("resident1", "neighbour1"), "grid-grid-worker", "not_entitled"),
    ],
)
def test_paper_ballots_are_entered_in_bulk(voters: tuple[str, ...], actor: str, code: str | None) -> None:
    assert refusal_of(staffed(reached("evaluating")), on_paper(*voters, actor=actor)) == code


def test_a_clerk_does_not_slip_in_a_ballot_of_their_own() -> None:
    scenario = staffed(asked(living_there(reached("reported"), CLERK), (*VOTERS, CLERK)))

    assert refusal_of(scenario, on_paper("resident1", "grid-grid-worker")) == "own_ballot_in_bulk"
    in_another_name = by(on_paper("grid-grid-worker"), SECOND_CLERK, "grid-grid-worker")
    assert refusal_of(scenario, in_another_name) == "own_ballot_in_bulk"
    assert refusal_of(scenario, by(CAST, "grid-grid-worker")) is None


@pytest.mark.parametrize(
    ("source", "proposer", "code"), [("patrol", CLERK, "clerk_is_involved"), ("other", "resident1", None)]
)
def test_who_raised_the_case_enters_no_ballots_of_others_but_who_only_keyed_it_in_does(
    source: str, proposer: str, code: str | None
) -> None:
    """A patrol's matter is the grid worker's own; one from the window is a resident's, in the grid worker's hand."""
    scenario = settled_and_asked(by(RAISE.model_copy(update={"source": Source(source)}), proposer, CLERK))

    assert codes_of_ballots_keyed_in(scenario) == {code}
    assert refusal_of(scenario, by(on_paper("resident2"), CLERK, SECOND_CLERK)) == code
    assert refusal_of(scenario, on_paper("resident2", actor=SECOND_CLERK)) is None
    assert refusal_of(scenario, by(CAST, proposer)) is None


@pytest.mark.parametrize(
    ("settling", "code"),
    [
        (SETTLE, None),
        (SETTLE.model_copy(update={"by": CLERK}), "clerk_is_involved"),
        (by(SETTLE, "grid-member1", CLERK), "clerk_is_involved"),
    ],
    ids=["no hand", "did it", "keyed it in"],
)
def test_who_had_any_hand_in_the_handling_enters_no_ballots_of_others(settling: SettleMatter, code: str | None) -> None:
    assert codes_of_ballots_keyed_in(settled_and_asked(RAISE, settling)) == {code}


def test_who_keyed_in_what_was_done_on_an_order_enters_no_ballots_of_others() -> None:
    scenario = reached("order:acknowledged").given(
        ReportIn(order=ASSISTING, actor="roads-handler", entered_by=CLERK),
        CompleteOrder(order=ASSISTING, report="Done.", evidence=(PHOTO,), actor="roads-handler"),
    )
    asked(told(verified(submitted(worked(scenario, LEAD, "water")))))

    assert codes_of_ballots_keyed_in(scenario) == {"clerk_is_involved"}
    refused = scenario.when(on_paper("resident2")).refused
    assert refused is not None
    said = "raised or handled the case, or chose its voters, and may not enter ballots of others"
    assert refused.text() == f"{CLERK} {said}"
    assert refused.text("zh") == f"{CLERK} 是提出人、参与过办理或确定了评议名单，不得代录他人选票"


def test_who_imported_a_case_did_not_raise_it() -> None:
    appointed = on("unit-community", Appointed(person="county-importer", role=Role.COORDINATOR, since=SINCE))
    scenario = settled_and_asked(IMPORT).given(appointed)

    assert refusal_of(scenario, on_paper("resident2", actor="county-importer")) is None


def test_a_bulk_of_ballots_is_all_or_nothing() -> None:
    scenario = reached("evaluating").when(on_paper("resident1", "neighbour1")).then_refused("not_entitled")

    assert scenario.state(ROUND).ballots == {}


def test_a_refusal_names_no_voter() -> None:
    scenario = reached("evaluating").given(CAST)
    for command in (on_paper("li", "resident1"), on_paper("resident1", "neighbour1")):
        refused = scenario.when(command).refused
        assert refused is not None
        assert not any(voter in str(refused) + refused.text("zh") for voter in ("li ", "resident1", "neighbour1"))


def test_a_grid_worker_enters_the_ballot_of_somebody_who_is_present() -> None:
    scenario = reached("evaluating").when(by(CAST, "li", "grid-grid-worker")).then(BallotsCast)

    (fact,) = scenario.recorded
    assert (fact.actor, fact.entered_by) == ("ballot-box", "grid-grid-worker")
    assert refusal_of(scenario, by(CAST, "resident1", "resident2")) == "may_not_enter_for_others"


# --- in time


def test_votes_are_given_until_the_time_is_over() -> None:
    scenario = reached("evaluating")

    assert refusal_of(scenario.at(OVER - SECOND), CAST) is None
    assert refusal_of(scenario.at(OVER), CAST) == "voting_is_over"
    assert refusal_of(scenario, on_paper("resident1")) == "voting_is_over"


def test_a_ballot_given_in_time_may_be_entered_late() -> None:
    late = CAST.model_copy(update={"at": OVER - SECOND})

    assert refusal_of(reached("evaluating").at(OVER + 6 * DAY), late) is None


def test_very_late_it_takes_an_approver_who_is_put_on_record() -> None:
    """Given on 25 March, so late entry ends with 1 April."""
    paper = on_paper("resident1").model_copy(update={"at": OVER - SECOND})
    scenario = reached("evaluating").at(shanghai(4, 2))
    assert refusal_of(scenario, paper) is None

    scenario.at(shanghai(4, 2) + SECOND)
    assert refusal_of(scenario, paper) == "entered_too_late"
    assert refusal_of(scenario, paper.model_copy(update={"approved_by": "nobody"})) == "not_an_approver"
    assert refusal_of(scenario, paper.model_copy(update={"approved_by": "grid-grid-worker"})) == "approves_own_act"
    for command in (paper, CAST.model_copy(update={"at": paper.at})):
        scenario.when(command.model_copy(update={"approved_by": "street-reviewer"}))
        assert recorded(scenario, BallotsCast).approved_by == "street-reviewer"


def test_no_ballot_is_older_than_its_round() -> None:
    early = CAST.model_copy(update={"at": shanghai(3, 18, 9) - SECOND})

    reached("evaluating").when(early).then_refused("before_the_stream")


def test_a_round_ends_with_its_time_or_when_all_have_voted() -> None:
    scenario = voted(reached("evaluating"), dict.fromkeys(VOTERS[:-1], "satisfied"))
    assert refusal_of(scenario, CLOSE) == "not_yet_due"
    assert refusal_of(scenario.at(OVER - SECOND), CLOSE) == "not_yet_due"

    voted(scenario, {VOTERS[-1]: "satisfied"})
    assert refusal_of(scenario, CLOSE) is None
    assert refusal_of(scenario, by(CLOSE, "system")) == "not_yet_due"
    assert refusal_of(scenario.at(OVER), by(CLOSE, "system")) is None


def test_late_and_unvoted_rounds_can_be_closed_all_the_same() -> None:
    reached("evaluating").at(OVER + 30 * DAY).when(CLOSE).then(RoundClosed, EvaluationInconclusive)


# --- the count


@pytest.mark.parametrize(
    ("satisfied", "dissatisfied", "event"),
    [
        (17, 3, EvaluationPassed),
        (16, 3, EvaluationFailed),
        (16, 4, EvaluationFailed),
        (20, 0, EvaluationPassed),
        (5, 0, EvaluationPassed),
        (4, 0, EvaluationInconclusive),
        (4, 1, EvaluationFailed),
        (0, 5, EvaluationFailed),
        (0, 4, EvaluationInconclusive),
    ],
)
def test_exactly_85_percent_of_at_least_five_ballots_passes(satisfied: int, dissatisfied: int, event: type) -> None:
    closing(split(satisfied, dissatisfied)).then(RoundClosed, event)


def test_the_three_upper_grades_count_as_satisfied() -> None:
    grades = dict(
        zip(many(5), ("very_satisfied", "satisfied", "basically_satisfied", "satisfied", "satisfied"), strict=True)
    )

    scenario = closing(grades).then(RoundClosed, EvaluationPassed)

    tally = recorded(scenario, RoundClosed).tally
    assert tally.satisfied == 5
    assert tally.grades == {
        Grade.VERY_SATISFIED: 1,
        Grade.SATISFIED: 3,
        Grade.BASICALLY_SATISFIED: 1,
        Grade.DISSATISFIED: 0,
        Grade.VERY_DISSATISFIED: 0,
    }
    assert scenario.state(ROUND).tally == tally
    assert scenario.state(ROUND).result == "passed"


def test_resolved_is_counted_of_those_who_answer_it() -> None:
    scenario = asked(living_there(reached("reported"), *many(9)), many(9))
    answers = {"li": True, "voter1": True, "voter2": False, "voter3": None, "voter4": None}
    for voter, resolved in answers.items():
        scenario.given(CAST.model_copy(update={"actor": voter, "resolved": resolved}))

    tally = recorded(scenario.at(OVER).when(CLOSE), RoundClosed).tally
    assert (tally.resolved, tally.answered_resolved, tally.valid, tally.eligible) == (2, 3, 5, 9)


@pytest.mark.parametrize("ballots", [0, 1, 2])
def test_fewer_than_the_smallest_cell_are_never_opened(ballots: int) -> None:
    scenario = closing(dict.fromkeys(many(ballots) if ballots else (), "dissatisfied"))
    scenario.then(RoundClosed, EvaluationInconclusive)

    closed = recorded(scenario, RoundClosed)
    assert closed.content_key is None
    assert closed.tally == Tally(eligible=20, valid=ballots, grades=None, resolved=None, answered_resolved=None)
    assert closed.tally.satisfied == 0


def test_as_many_as_the_smallest_cell_are_counted_even_if_they_decide_nothing() -> None:
    closed = recorded(closing(dict.fromkeys(many(3), "dissatisfied")), RoundClosed)

    assert closed.content_key is not None
    assert closed.result == "inconclusive"
    assert closed.tally.grades is not None
    assert closed.tally.grades[Grade.DISSATISFIED] == 3


def test_no_ballots_are_no_data() -> None:
    tally = count([], 7)

    assert (tally.valid, tally.satisfied, tally.resolved, tally.answered_resolved) == (0, 0, 0, 0)
    assert result_of(tally, rules()) == "inconclusive"


def test_an_annulled_round_is_not_counted() -> None:
    scenario = voted(reached("evaluating"), dict.fromkeys(VOTERS, "satisfied"))
    scenario.when(ANNUL).then(RoundAnnulled, EvaluationInconclusive)

    assert scenario.state(ROUND).tally is None
    assert scenario.state(ROUND).content_key is None


INVOLVED = {
    "who handled an order": ("water-handler", "water-handler"),
    "who opened the round": ("community-coordinator", "community-coordinator"),
    "who keyed ballots in": ("grid-grid-worker", "grid-grid-worker"),
    "somebody for whom one of them keys it in": ("street-reviewer", "grid-grid-worker"),
    "somebody for whom the opener keys it in": ("street-reviewer", "community-coordinator"),
    "one of them for whom another keys it in": ("water-handler", "community-screener"),
}


@pytest.mark.parametrize(("actor", "entered_by"), [("li", "li"), ("street-reviewer", "resident1")])
def test_nobody_annuls_a_round_that_they_may_vote_in(actor: str, entered_by: str) -> None:
    office = Role.REVIEWER if actor == "li" else Role.COORDINATOR
    scenario = reached("evaluating").given(on("unit-community", Appointed(person=entered_by, role=office, since=SINCE)))

    scenario.when(by(ANNUL, actor, entered_by)).then_refused("voter_annuls")


def test_whose_list_it_was_is_recorded_and_keeps_them_from_annulling() -> None:
    collected = by(on_paper("resident2", actor=SECOND_CLERK), SECOND_CLERK, CLERK)
    scenario = staffed(reached("evaluating")).when(collected).then(BallotsCast)
    assert recorded(scenario, BallotsCast).collected_by == SECOND_CLERK
    assert recorded(scenario.when(CAST), BallotsCast).collected_by is None
    scenario.given(by(on_paper("resident3"), CLERK), CAST.model_copy(update={"actor": "resident4"}))
    scenario.given(on("unit-street", Appointed(person=SECOND_CLERK, role=Role.REVIEWER, since=SINCE)))

    scenario.when(by(ANNUL, SECOND_CLERK)).then_refused("annuls_own_round")


@pytest.mark.parametrize(("actor", "entered_by"), INVOLVED.values(), ids=INVOLVED.keys())
def test_nobody_with_a_hand_in_it_annuls_a_round(actor: str, entered_by: str) -> None:
    scenario = reached("evaluating").given(on_paper("resident2"))
    if actor != "street-reviewer":
        scenario.given(on("unit-community", Appointed(person=actor, role=Role.REVIEWER, since=SINCE)))

    scenario.when(by(ANNUL, actor, entered_by)).then_refused("annuls_own_round")
    assert scenario.refused is not None
    assert scenario.refused.reason.details["actor"] == actor


def test_who_had_no_hand_in_it_annuls_it_and_a_clerk_who_is_apart_keys_it_in() -> None:
    assert reached("evaluating").given(on_paper("resident2")).when(ANNUL).refused is None
    keyed = by(ANNUL, "street-reviewer", "community-screener")
    assert reached("evaluating").given(on_paper("resident2")).when(keyed).refused is None


def test_whoever_keyed_in_their_own_ballot_is_no_clerk() -> None:
    scenario = voted(reached("evaluating"), dict.fromkeys(VOTERS, "satisfied"))
    clerks = scenario.state(ROUND).clerks
    assert clerks <= {"grid-grid-worker"}
    assert "ballot-box" not in reached("evaluating").given(CAST).state(ROUND).clerks


def test_who_settled_the_matter_annuls_no_round_on_it_but_who_imported_the_case_may() -> None:
    scenario = settled_and_asked(RAISE)
    scenario.given(on("unit-community", Appointed(person="grid-member2", role=Role.REVIEWER, since=SINCE)))
    scenario.when(by(ANNUL, "grid-member2")).then_refused("annuls_own_round")

    imported = settled_and_asked(IMPORT)
    imported.given(on("unit-community", Appointed(person="county-importer", role=Role.REVIEWER, since=SINCE)))
    assert imported.when(by(ANNUL, "county-importer")).refused is None


# --- secret and checkable


def test_the_tokens_are_those_of_the_eligible_sorted() -> None:
    scenario = reached("reported").when(OpenEvaluation(proposal=CASE, eligible=VOTERS, actor="community-coordinator"))
    opened = recorded(scenario, RoundOpened)

    assert len(opened.tokens) == len(VOTERS)
    assert list(opened.tokens) == sorted(opened.tokens)
    assert opened.scale == tuple(Grade)


def test_ballots_entered_in_bulk_are_stored_in_the_order_of_their_tokens() -> None:
    scenario = reached("evaluating").when(on_paper(*VOTERS[1:]))

    tokens = [ballot.token for ballot in recorded(scenario, BallotsCast).ballots]
    assert tokens == sorted(tokens)
    assert set(tokens) == set(scenario.state(ROUND).ballots)


def test_anyone_can_count_a_closed_round_again_from_the_record_alone() -> None:
    scenario = closing(split(17, 3))
    facts = [fact for fact in scenario.facts if fact.stream == ROUND]
    closed = recorded(scenario, RoundClosed)
    opened = facts[0].event
    assert isinstance(opened, RoundOpened)
    assert closed.content_key is not None

    assert sha256(closed.content_key.encode()).hexdigest() == opened.content_commitment
    sealed = [ballot for fact in facts if isinstance(fact.event, BallotsCast) for ballot in fact.event.ballots]
    contents = [open_ballot(closed.content_key, ROUND, ballot.token, ballot.sealed) for ballot in sealed]
    assert {tuple(sorted(content)) for content in contents} == {("comment", "grade", "resolved")}
    assert {ballot.token for ballot in sealed} <= set(opened.tokens)
    assert count(contents, len(opened.tokens)) == closed.tally
    assert scenario.state(ROUND).content_key == closed.content_key


def stored(facts: Iterable[Fact]) -> bytes:
    """All that a store keeps of facts: every column and the data as it is written."""
    mapper = FactMapper(Sealer(MemoryKeyStore()))
    envelopes = (mapper.to_stored_event(fact) for fact in facts)
    return b"\n".join(repr({**vars(envelope), "state": b""}).encode() + envelope.state for envelope in envelopes)


def test_no_stored_byte_of_a_round_tells_who_voted_or_how() -> None:
    scenario = reached("evaluating")
    for voter, grade in zip(VOTERS[1:4], ("very_dissatisfied", "dissatisfied", "basically_satisfied"), strict=True):
        scenario.given(
            CastBallot(round=ROUND, grade=Grade(grade), comment="The mayor's lamp.", resolved=False, actor=voter)
        )
    scenario.given(on_paper(*VOTERS[4:]))
    before = stored(fact for fact in scenario.facts if not fact.stream.startswith("unit"))
    scenario.at(OVER).given(CLOSE)
    after = stored(fact for fact in scenario.facts if not fact.stream.startswith("unit"))

    for voter in VOTERS[1:]:
        assert voter.encode() not in after
    for word in (b"mayor", b"basically", b'"grade"'):
        ballots = stored(fact for fact in scenario.facts if isinstance(fact.event, BallotsCast))
        assert word not in ballots
    assert b"mayor" not in before


def test_ballots_of_every_grade_look_alike() -> None:
    sealed = set()
    for grade in Grade:
        scenario = reached("evaluating").when(CAST.model_copy(update={"grade": grade}))
        sealed.add(len(recorded(scenario, BallotsCast).ballots[0].sealed))

    assert len(sealed) == 1


def test_once_the_token_key_is_gone_no_token_can_be_computed_from_a_name() -> None:
    keys = MemoryKeyStore()
    box = KeyedBallotBox(keys)
    token = box.token(ROUND, "li")
    box.forget_voters(ROUND)

    with pytest.raises(VotersForgotten):
        box.token(ROUND, "li")
    with pytest.raises(VotersForgotten):
        box.blind(ROUND, "my-command")
    assert KeyedBallotBox(MemoryKeyStore()).token(ROUND, "li") != token


@pytest.mark.parametrize("ending", [CLOSE, ANNUL], ids=named)
def test_the_door_forgets_the_voters_when_a_round_ends(ending: Command) -> None:
    scenario = voted(reached("evaluating"), dict.fromkeys(VOTERS, "satisfied"))
    keys = MemoryKeyStore()
    moment = scenario.now
    with Proposals(keys=keys, clock=lambda: moment) as app:
        rebuilt(app, scenario, keys)
        assert f"round-token:{ROUND}" in keys.names()

        app.do(ending)

        assert keys.destroyed("round-token:") == [f"round-token:{ROUND}"]


def rebuilt(app: Proposals, scenario: Scenario, keys: MemoryKeyStore) -> None:
    """Writes a scenario's facts into a store, with its round's keys."""
    mapper = app.mapper
    envelopes = [mapper.to_stored_event(fact) for fact in scenario.facts]
    app.recorder.insert_events(envelopes)
    for name in scenario._keys.names("round-"):
        keys._keys[name] = scenario._keys.create(name)
