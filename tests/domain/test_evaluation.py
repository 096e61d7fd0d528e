"""Step 5, mass evaluation 评事: feedback, who evaluates, what a round leads to, rectification and closing."""

from __future__ import annotations

import pytest

from proposals import (
    AcknowledgeOrder,
    AnnulRound,
    CloseProposal,
    CloseRound,
    Command,
    CoSignProposal,
    DeclareInfeasible,
    DeliverFeedback,
    DispatchWork,
    EscalateRectification,
    EvaluationFailed,
    EvaluationInconclusive,
    EvaluationOpened,
    EvaluationPassed,
    FeedbackDelivered,
    HandlingDeclaredInfeasible,
    HandlingVerified,
    OpenEvaluation,
    ProposalClosed,
    ReassignOrder,
    RecordUnresolved,
    RectificationEscalated,
    RoundAnnulled,
    RoundClosed,
    RoundOpened,
    SettleMatter,
    WithdrawOrder,
    WorkDispatched,
)
from proposals.domain.organisation import Appointed
from proposals.domain.vocabulary import Role
from proposals.testing import SINCE, Scenario, on
from tests.domain.works import (
    ASSISTING,
    CASE,
    DAY,
    LEAD,
    ROUND,
    SECOND,
    VOTERS,
    accepted,
    asked,
    by,
    called,
    counted,
    decided,
    done_again,
    held,
    left_office,
    living_there,
    named,
    open_in,
    reached,
    recorded,
    refusal_of,
    shanghai,
    submitted,
    told,
    verified,
    voted,
    who_may,
    worked,
)

TELL = DeliverFeedback(proposal=CASE, feedback="It burns again.", channel="visit", actor="grid-grid-worker")
OPEN = OpenEvaluation(proposal=CASE, eligible=VOTERS, actor="community-coordinator")
ESCALATE = EscalateRectification(proposal=CASE, reason="Twice.", actor="community-coordinator")
CLOSE = CloseProposal(proposal=CASE, summary="It burns.", actor="community-coordinator")
CLOSE_ROUND = CloseRound(round=ROUND, actor="community-coordinator")
ANNUL = AnnulRound(round=ROUND, reason="The list was wrong.", actor="street-reviewer")


def failed_twice(**changes: object) -> Scenario:
    """In rectification for the second time."""
    return done_again(reached("rectifying", **changes), 3, "round-1.2")


def at_the_top(scenario: Scenario) -> Scenario:
    """A case that is escalated from rectification through every tier up to the county, and fails there twice."""
    order, round_ = 4, 3
    for meeting, unit in (("meeting-3", "unit-community"), ("meeting-4", "unit-street"), ("meeting-5", "unit-county")):
        scenario.given(ESCALATE)
        decided(scenario, meeting, unit)
        scenario.at(scenario.now + 10 * DAY).tick()
        for _ in range(2):
            done_again(scenario, order, f"round-1.{round_}")
            order, round_ = order + 1, round_ + 1
    return scenario


@pytest.mark.parametrize(
    ("command", "states"),
    [(TELL, {"handled"}), (OPEN, {"reported"}), (ESCALATE, {"rectifying"}), (CLOSE, {"reported", "evaluated"})],
    ids=named,
)
def test_each_command_is_open_in_these_states_and_no_other(command: Command, states: set[str]) -> None:
    assert open_in(command) == states


@pytest.mark.parametrize(
    ("state", "command", "people"),
    [
        ("handled", TELL, {"grid-grid-worker", "community-coordinator"}),
        ("reported", OPEN, {"community-coordinator"}),
        ("rectifying", ESCALATE, {"community-coordinator", "system"}),
        ("evaluated", CLOSE, {"community-coordinator"}),
        ("reported", CLOSE, {"community-coordinator"}),
    ],
    ids=named,
)
def test_these_people_may_and_nobody_else(state: str, command: Command, people: set[str]) -> None:
    assert who_may(reached(state), command) == people


@pytest.mark.parametrize(
    ("state", "command", "unit", "role"),
    [
        ("handled", TELL, "unit-grid", Role.GRID_WORKER),
        ("reported", OPEN, "unit-community", Role.COORDINATOR),
        ("evaluated", CLOSE, "unit-community", Role.COORDINATOR),
    ],
    ids=named,
)
def test_an_office_counts_to_its_last_day(state: str, command: Command, unit: str, role: Role) -> None:
    assert refusal_of(left_office(reached(state), unit, command.actor, role, days_ago=0), command) is None
    assert refusal_of(left_office(reached(state), unit, command.actor, role, days_ago=1), command) == "not_authorised"


# --- 反馈, 开评


def test_the_people_concerned_are_told() -> None:
    scenario = reached("handled").when(TELL).then(FeedbackDelivered)

    assert scenario.state(CASE).status == "reported"
    assert scenario.state(CASE).answered


def test_a_round_opens_for_its_voters_and_ends_with_the_policys_days() -> None:
    scenario = reached("reported").when(OPEN).then(EvaluationOpened, RoundOpened)

    opened = recorded(scenario, RoundOpened)
    assert scenario.state(CASE).status == "evaluating"
    assert scenario.state(CASE).round == ROUND
    assert scenario.state(ROUND).status == "open"
    assert scenario.state(ROUND).proposal == CASE
    assert len(opened.tokens) == len(VOTERS)
    assert opened.due_at == recorded(scenario, EvaluationOpened).due_at == shanghai(3, 26)
    assert opened.questions


@pytest.mark.parametrize(
    ("eligible", "code"),
    [
        (VOTERS, None),
        (("li",), None),
        ((*VOTERS, "resident1"), "listed_twice"),
        (VOTERS[1:], "proposer_left_out"),
        ((*VOTERS, "water-handler"), "handlers_evaluate"),
        ((*VOTERS, "roads-handler"), "handlers_evaluate"),
        ((*VOTERS, "water-principal"), "handlers_evaluate"),
        ((*VOTERS, "parks-handler"), "not_concerned"),
        ((*VOTERS, "wang", "resident9"), None),
        ((*VOTERS, "neighbour1"), "not_concerned"),
        ((*VOTERS, "nobody"), "not_concerned"),
    ],
)
def test_the_list_holds_the_proposer_and_nobody_twice_and_nobody_of_the_units_that_handled(
    eligible: tuple[str, ...], code: str | None
) -> None:
    assert refusal_of(reached("reported"), OPEN.model_copy(update={"eligible": eligible})) == code


@pytest.mark.parametrize("unit", ["unit-grid", "unit-community", "unit-county"])
def test_residents_of_the_place_and_above_evaluate_as_long_as_they_live_there(unit: str) -> None:
    scenario = living_there(reached("reported"), "newcomer", unit=unit)
    both = OPEN.model_copy(update={"eligible": (*VOTERS, "newcomer")})
    assert refusal_of(scenario, both) is None
    assert refusal_of(left_office(scenario, unit, "newcomer", Role.RESIDENT, days_ago=0), both) is None
    assert refusal_of(left_office(scenario, unit, "newcomer", Role.RESIDENT, days_ago=1), both) == "not_concerned"


def test_an_office_alone_makes_nobody_a_resident_concerned() -> None:
    officer = OPEN.model_copy(update={"eligible": (*VOTERS, "county-registrar")})

    scenario = reached("reported").when(officer).then_refused("not_concerned")
    assert scenario.refused is not None
    assert scenario.refused.reason.details == {"people": 1}


def test_a_supporter_evaluates_wherever_they_live() -> None:
    moved = left_office(reached("raised"), "unit-grid", "resident9", Role.RESIDENT, days_ago=-1)
    scenario = accepted(moved.given(CoSignProposal(proposal=CASE, actor="resident9")))
    held(scenario, "meeting-1", "unit-grid", called(scenario, "meeting-1", "unit-grid", "discuss"), None)
    told(scenario.given(SettleMatter(proposal=CASE, how="A bulb.", by="grid-member2", actor="grid-member1")))

    everyone = OPEN.model_copy(update={"eligible": (*VOTERS, "resident9", "resident8")})
    assert refusal_of(scenario, everyone) is None
    left_office(scenario, "unit-grid", "resident8", Role.RESIDENT, days_ago=1)
    assert refusal_of(scenario, everyone) == "not_concerned"


def test_further_homes_are_named_and_lie_in_the_area_that_decided() -> None:
    neighbours = OPEN.model_copy(update={"eligible": (*VOTERS, "neighbour1"), "resides_in": ("unit-grid2",)})
    reached("reported").when(neighbours).then_refused("area_lies_elsewhere")

    scenario = decided(failed_twice().given(ESCALATE), "meeting-3", "unit-community")
    scenario.at(scenario.now + 10 * DAY).tick()
    scenario.given(DispatchWork(proposal=CASE, lead="unit-water", assisting=(), actor="community-coordinator"))
    told(verified(submitted(worked(scenario, "order-1.4", "water"))))
    assert refusal_of(scenario, neighbours.model_copy(update={"resides_in": ()})) == "not_concerned"
    assert refusal_of(scenario, neighbours) is None
    for elsewhere in ("unit-faraway", "unit-street", "unit-nowhere"):
        lists = neighbours.model_copy(update={"resides_in": ("unit-grid2", elsewhere)})
        assert refusal_of(scenario, lists) == "area_lies_elsewhere"


def test_somebody_who_lives_where_a_unit_handles_is_no_handler() -> None:
    scenario = reached("reported").given(
        on("unit-water", Appointed(person="resident1", role=Role.RESIDENT, since=SINCE)),
        on("unit-water", Appointed(person="resident2", role=Role.PARTY_MEMBER, since=SINCE)),
    )

    assert refusal_of(scenario, OPEN) is None


@pytest.mark.parametrize(("days_ago", "code"), [(0, "handlers_evaluate"), (1, None)])
def test_an_office_in_a_unit_that_handled_counts_on_the_day_of_opening(days_ago: int, code: str | None) -> None:
    scenario = left_office(reached("reported"), "unit-water", "water-principal", Role.PRINCIPAL, days_ago)
    living_there(scenario, "water-principal")

    assert refusal_of(scenario, OPEN.model_copy(update={"eligible": (*VOTERS, "water-principal")})) == code


def test_who_handled_does_not_evaluate_after_leaving_office_either() -> None:
    scenario = left_office(reached("reported"), "unit-water", "water-handler", Role.HANDLER, days_ago=1)

    scenario.when(OPEN.model_copy(update={"eligible": (*VOTERS, "water-handler")})).then_refused("handlers_evaluate")


def test_a_unit_whose_work_was_taken_over_by_another_does_not_evaluate_it() -> None:
    scenario = reached("handling").given(
        AcknowledgeOrder(order=ASSISTING, actor="roads-handler"),
        ReassignOrder(
            proposal=CASE, order=ASSISTING, unit="unit-parks", reason="Trees.", actor="community-coordinator"
        ),
    )
    told(verified(submitted(worked(worked(scenario, LEAD, "water"), "order-1.3", "parks"))))

    for person in ("roads-handler", "roads-principal", "parks-principal"):
        scenario.when(OPEN.model_copy(update={"eligible": (*VOTERS, person)})).then_refused("handlers_evaluate")


def test_a_unit_that_had_an_order_and_never_touched_it_may_evaluate() -> None:
    scenario = reached("handling").given(
        WithdrawOrder(proposal=CASE, order=ASSISTING, reason="Not needed.", actor="community-coordinator")
    )
    living_there(told(verified(submitted(worked(scenario, LEAD, "water")))), "roads-principal")

    assert refusal_of(scenario, OPEN.model_copy(update={"eligible": (*VOTERS, "roads-principal")})) is None


def test_a_unit_that_let_its_order_lie_does_not_evaluate_what_was_declared_infeasible() -> None:
    scenario = told(
        reached("handling").given(DeclareInfeasible(proposal=CASE, reason="Private.", actor="community-tier-officer"))
    )

    scenario.when(OPEN.model_copy(update={"eligible": (*VOTERS, "water-principal")})).then_refused("handlers_evaluate")


def test_the_units_of_an_earlier_round_do_not_evaluate_a_later_one() -> None:
    scenario = reached("rectifying").given(
        DispatchWork(proposal=CASE, lead="unit-parks", assisting=(), actor="community-coordinator")
    )
    told(verified(submitted(worked(scenario, "order-1.3", "parks"), "parks")))

    scenario.when(OPEN.model_copy(update={"eligible": (*VOTERS, "water-principal")})).then_refused("handlers_evaluate")


def test_a_proposer_who_settled_the_matter_does_not_evaluate_it_and_need_not_be_listed() -> None:
    scenario = told(
        reached("discussing").given(SettleMatter(proposal=CASE, how="A bulb.", by="li", actor="grid-member1"))
    )

    assert refusal_of(scenario, OPEN) == "handlers_evaluate"
    assert refusal_of(scenario, OPEN.model_copy(update={"eligible": ("grid-member1",)})) == "handlers_evaluate"
    assert refusal_of(scenario, OPEN.model_copy(update={"eligible": VOTERS[1:]})) is None


def test_who_keyed_a_handlers_act_does_not_evaluate_it() -> None:
    scenario = reached("handling").given(
        AcknowledgeOrder(order=LEAD, actor="water-handler", entered_by="grid-grid-worker"),
        DeclareInfeasible(proposal=CASE, reason="Private.", actor="community-tier-officer"),
    )

    told(scenario).when(OPEN.model_copy(update={"eligible": (*VOTERS, "grid-grid-worker")})).then_refused(
        "handlers_evaluate"
    )


# --- what a round leads to


@pytest.mark.parametrize(
    ("grade", "event", "status"),
    [
        ("very_satisfied", EvaluationPassed, "evaluated"),
        ("satisfied", EvaluationPassed, "evaluated"),
        ("basically_satisfied", EvaluationPassed, "evaluated"),
        ("dissatisfied", EvaluationFailed, "rectifying"),
        ("very_dissatisfied", EvaluationFailed, "rectifying"),
    ],
)
def test_a_closed_round_decides(grade: str, event: type, status: str) -> None:
    scenario = voted(reached("evaluating"), dict.fromkeys(VOTERS, grade)).when(CLOSE_ROUND).then(RoundClosed, event)

    assert scenario.state(CASE).status == status
    assert scenario.state(ROUND).status == "closed"
    assert scenario.recorded[1].actor == "community-coordinator"


def test_too_few_ballots_decide_nothing_and_count_as_a_round() -> None:
    scenario = voted(reached("evaluating"), dict.fromkeys(VOTERS[:4], "satisfied")).at(shanghai(3, 26))
    scenario.when(CLOSE_ROUND).then(RoundClosed, EvaluationInconclusive)

    case = scenario.state(CASE)
    assert case.status == "reported"
    assert case.count("rounds") == 1
    assert case.last_round_inconclusive
    assert recorded(scenario, EvaluationInconclusive).why == "too_few_ballots"


def test_an_annulled_round_decides_nothing_and_counts_as_one() -> None:
    scenario = reached("evaluating").when(ANNUL).then(RoundAnnulled, EvaluationInconclusive)

    case = scenario.state(CASE)
    assert case.status == "reported"
    assert case.count("rounds") == 1
    assert recorded(scenario, EvaluationInconclusive).why == "annulled"


def test_rounds_are_numbered_through_the_case() -> None:
    scenario = asked(reached("evaluating").given(ANNUL))

    assert scenario.state(CASE).round == "round-1.2"
    assert scenario.state("round-1.2").status == "open"


def test_rounds_are_bounded_and_the_case_may_be_closed_after_the_last_inconclusive_one() -> None:
    scenario = reached("evaluating").given(ANNUL)
    assert refusal_of(scenario, CLOSE) == "evaluation_is_due"

    asked(scenario).given(ANNUL.model_copy(update={"round": "round-1.2"}))
    assert refusal_of(scenario, OPEN) == "limit_reached"
    scenario.when(CLOSE).then(ProposalClosed)
    assert recorded(scenario, ProposalClosed).outcome == "inconclusive"
    assert scenario.state(CASE).outcome == "inconclusive"


def test_too_few_ballots_in_the_last_round_do_not_read_as_handled_either() -> None:
    scenario = voted(reached("evaluating", maxima={"rounds": 1}), dict.fromkeys(VOTERS[:4], "very_satisfied"))
    scenario.at(shanghai(3, 26)).given(CLOSE_ROUND)

    assert recorded(scenario.when(CLOSE), ProposalClosed).outcome == "inconclusive"


def test_what_could_not_be_done_stays_so_when_its_evaluation_was_inconclusive() -> None:
    scenario = reached("evaluating", maxima={"rounds": 1}).given(
        on(CASE, HandlingDeclaredInfeasible(reason="No room.")), on(CASE, EvaluationOpened(round=ROUND)), ANNUL
    )

    assert recorded(scenario.when(CLOSE), ProposalClosed).outcome == "infeasible"


def test_a_failed_round_after_an_inconclusive_one_is_not_closed_as_inconclusive() -> None:
    """The last round counts, not that one of them was inconclusive."""
    scenario = counted(asked(reached("evaluating", maxima={"rounds": 3}).given(ANNUL)), "dissatisfied", "round-1.2")
    scenario.given(DispatchWork(proposal=CASE, assisting=(), actor="community-coordinator"))
    told(verified(submitted(worked(scenario, "order-1.3", "water"))))

    assert not scenario.state(CASE).last_round_inconclusive
    assert refusal_of(scenario, CLOSE) == "evaluation_is_due"


def test_a_case_that_was_not_evaluated_is_not_closed() -> None:
    reached("reported").when(CLOSE).then_refused("evaluation_is_due")


def test_a_case_without_an_answer_is_not_closed() -> None:
    """No way leads there by commands; the rule holds for whatever was recorded otherwise."""
    scenario = reached("handled").given(on(CASE, EvaluationPassed(round=ROUND)))

    scenario.when(CLOSE).then_refused("not_answered")


def test_a_case_whose_last_round_failed_is_not_closed_as_if_it_said_nothing() -> None:
    """No way leads there by commands either: a failed last round is escalated."""
    scenario = failed_twice().given(
        on(CASE, WorkDispatched(orders=())),
        on(CASE, HandlingVerified(findings="Bright.")),
        on(CASE, FeedbackDelivered(feedback="Bright.", channel="wall")),
    )

    assert refusal_of(scenario, OPEN) == "limit_reached"
    assert refusal_of(scenario, CLOSE) == "evaluation_is_due"


def test_a_record_that_names_no_outcome_is_closed_as_handled() -> None:
    scenario = reached("accepted").given(
        on(CASE, FeedbackDelivered(feedback="Bright.", channel="wall")), on(CASE, EvaluationPassed(round=ROUND))
    )

    assert closed_outcome(scenario) == "handled"


# --- rectification, 销号


def test_a_failed_case_is_put_right_here_while_a_round_is_left() -> None:
    scenario = reached("rectifying")
    assert refusal_of(scenario, ESCALATE) == "rounds_are_left"
    assert scenario.state(CASE).due_at == shanghai(4, 10)

    second = done_again(scenario, 3, "round-1.2", "satisfied")
    assert second.state(CASE).status == "evaluated"


def test_after_the_last_round_the_tier_above_decides() -> None:
    scenario = failed_twice().when(ESCALATE).then(RectificationEscalated)

    case = scenario.state(CASE)
    assert case.status == "tabled"
    assert case.unit == "unit-community"
    assert recorded(scenario, RectificationEscalated).unit == "unit-community"
    assert case.count("rounds") == 0


def test_at_the_higher_tier_the_case_is_handled_and_evaluated_anew() -> None:
    scenario = failed_twice().given(ESCALATE)
    decided(scenario, "meeting-3", "unit-community")
    scenario.at(scenario.now + 10 * DAY).tick()

    assert done_again(scenario, 4, "round-1.3", "satisfied").state(CASE).status == "evaluated"
    assert closed_outcome(scenario) == "handled"


def closed_outcome(scenario: Scenario) -> str:
    return recorded(scenario.when(CLOSE).then(ProposalClosed), ProposalClosed).outcome


def test_at_the_top_the_way_out_is_to_record_it_unresolved() -> None:
    scenario = at_the_top(failed_twice())
    unresolved = RecordUnresolved(
        proposal=CASE,
        reason="No money.",
        answer="Next year.",
        review_at=scenario.now + 300 * DAY,
        actor="county-tier-officer",
    )
    assert refusal_of(scenario, ESCALATE) == "top_tier"
    assert refusal_of(scenario, DispatchWork(proposal=CASE, actor="community-coordinator")) == "limit_reached"

    told(scenario.given(unresolved))
    assert refusal_of(scenario, OPEN) == "unresolved_is_not_evaluated"
    assert closed_outcome(scenario) == "unresolved"


def test_the_outcome_follows_from_what_happened() -> None:
    assert closed_outcome(reached("evaluated")) == "handled"
    settled = reached("discussing").given(
        SettleMatter(proposal=CASE, how="A bulb.", by="grid-member2", actor="grid-member1")
    )
    assert closed_outcome(counted(asked(told(settled)))) == "settled"
    infeasible = reached("handling").given(
        DeclareInfeasible(proposal=CASE, reason="Private.", actor="community-tier-officer")
    )
    assert closed_outcome(counted(asked(told(infeasible)))) == "infeasible"


def test_a_closed_case_is_at_its_end_and_the_reopen_window_runs_from_there() -> None:
    case = reached("closed").state(CASE)

    assert case.status == "closed"
    assert case.ended_at == shanghai(3, 18, 9)
    assert case.due_at == shanghai(4, 18)


def test_the_system_escalates_a_rectification_only_when_rounds_are_used_up() -> None:
    assert refusal_of(reached("rectifying"), by(ESCALATE, "system")) == "rounds_are_left"
    assert refusal_of(failed_twice(), by(ESCALATE, "system")) is None


def test_a_round_is_not_closed_for_the_case_a_second_before_its_time() -> None:
    scenario = voted(reached("evaluating"), dict.fromkeys(VOTERS[:6], "satisfied"))

    assert refusal_of(scenario.at(shanghai(3, 26) - SECOND), CLOSE_ROUND) == "not_yet_due"
    assert refusal_of(scenario.at(shanghai(3, 26)), CLOSE_ROUND) is None
