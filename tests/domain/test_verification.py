"""Step 4, its end: the work is verified by somebody who had no hand in it, or is done again."""

from __future__ import annotations

import pytest

from proposals import (
    AcknowledgeOrder,
    AddOrder,
    Command,
    CompleteOrder,
    DeclareInfeasible,
    DispatchWork,
    EscalateHandling,
    FailVerification,
    HandlingVerified,
    OrderAccepted,
    OrderReopened,
    PassVerification,
    RecordProgress,
    ReportIn,
    RequestExtension,
    ResumeHandling,
    SubmitHandling,
    SuspendHandling,
    VerificationFailed,
    WithdrawOrder,
)
from proposals.domain.organisation import Appointed
from proposals.domain.rules import PeriodUnit, PeriodValue
from proposals.domain.vocabulary import Role
from proposals.testing import SINCE, Scenario, on
from tests.domain.works import (
    ASSISTING,
    CASE,
    LEAD,
    PHOTO,
    asked,
    by,
    counted,
    reached,
    recorded,
    refusal_of,
    shanghai,
    submitted,
    told,
    verified,
    worked,
)

REVIEW = shanghai(4, 1)
SUSPEND = SuspendHandling(
    proposal=CASE, requested_by="water-handler", reason="Frost.", review_at=REVIEW, actor="community-tier-officer"
)
RESUME = ResumeHandling(proposal=CASE, actor="water-handler")
ESCALATE = EscalateHandling(proposal=CASE, reason="Too big for us.", actor="community-coordinator")
INFEASIBLE = DeclareInfeasible(proposal=CASE, reason="The pole is private.", actor="community-tier-officer")
SUBMIT = SubmitHandling(proposal=CASE, report="All done.", evidence=(PHOTO,), actor="water-handler")
FAIL = FailVerification(proposal=CASE, orders=(LEAD,), reason="Still dark.", actor="community-verifier")
PASS = PassVerification(proposal=CASE, findings="It burns.", actor="community-verifier")


def status(scenario: Scenario, *streams: str) -> list[str]:
    return [str(scenario.state(stream).status) for stream in streams or (CASE, LEAD, ASSISTING)]


def appointed(scenario: Scenario, person: str, role: Role, unit: str = "unit-community") -> Scenario:
    return scenario.given(on(unit, Appointed(person=person, role=role, since=SINCE)))


def test_what_was_found_done_is_handled_and_its_orders_are_accepted() -> None:
    scenario = reached("verifying").when(PASS).then(HandlingVerified, OrderAccepted, OrderAccepted)

    assert status(scenario) == ["handled", "accepted", "accepted"]
    assert scenario.state(CASE).outcome == "handled"


def test_excused_orders_are_not_accepted() -> None:
    scenario = submitted(worked(reached("order:excused"), LEAD, "water"))

    scenario.when(PASS).then(HandlingVerified, OrderAccepted)
    assert status(scenario) == ["handled", "accepted", "excused"]


def test_what_was_found_not_done_opens_the_named_orders_again_with_the_full_time() -> None:
    scenario = reached("verifying").when(FAIL).then(VerificationFailed, OrderReopened)

    assert status(scenario) == ["handling", "in_progress", "done"]
    assert scenario.state(CASE).count("verification_failures") == 1
    assert recorded(scenario, OrderReopened).complete_by == shanghai(4, 10)
    assert recorded(scenario, OrderReopened).due_at == shanghai(4, 10)
    assert scenario.state(LEAD).complete_by == shanghai(4, 10)


def test_a_reopened_order_is_done_and_submitted_again() -> None:
    scenario = reached("verifying").given(FAIL)
    assert refusal_of(scenario, SUBMIT) == "order_not_done"

    scenario.given(CompleteOrder(order=LEAD, report="Now.", evidence=(PHOTO,), actor="water-handler"), SUBMIT)
    scenario.when(PASS).then(HandlingVerified, OrderAccepted, OrderAccepted)


@pytest.mark.parametrize(
    ("orders", "code"),
    [
        ((LEAD, ASSISTING), None),
        ((ASSISTING,), None),
        ((LEAD, LEAD), "order_named_twice"),
        (("order-7.7",), "no_such_order"),
        ((LEAD, "order-7.7"), "no_such_order"),
    ],
)
def test_orders_of_the_case_are_named_once(orders: tuple[str, ...], code: str | None) -> None:
    assert refusal_of(reached("verifying"), FAIL.model_copy(update={"orders": orders})) == code


def test_an_excused_order_is_not_opened_again() -> None:
    scenario = submitted(worked(reached("order:excused"), LEAD, "water"))

    scenario.when(FAIL.model_copy(update={"orders": (ASSISTING,)})).then_refused("no_such_order")


def test_a_done_order_of_another_case_is_not_opened_again() -> None:
    scenario = reached("verifying")
    dispatched, *rest = (fact.event for fact in scenario.facts if fact.stream == ASSISTING)
    scenario.given(*(on("order-2.1", event) for event in (dispatched, *rest)))
    assert scenario.state("order-2.1").status == "done"

    scenario.when(FAIL.model_copy(update={"orders": (LEAD, "order-2.1")})).then_refused("no_such_order")


def test_who_only_submitted_the_case_does_not_verify_it_either() -> None:
    scenario = appointed(reached("done"), "second-handler", Role.HANDLER, "unit-water")
    scenario.given(by(SUBMIT, "second-handler"))

    appointed(scenario, "second-handler", Role.VERIFIER)
    scenario.when(by(PASS, "second-handler")).then_refused("verifier_is_handler")


def test_an_order_of_an_earlier_dispatch_is_not_opened_again() -> None:
    scenario = reached("rectifying").given(DispatchWork(proposal=CASE, assisting=(), actor="community-coordinator"))
    submitted(worked(scenario, "order-1.3", "water"))

    scenario.when(FAIL).then_refused("no_such_order")


def test_verification_fails_a_bounded_number_of_times_and_then_the_case_rises() -> None:
    scenario = reached("verifying")
    for _ in range(2):
        scenario.given(FAIL, CompleteOrder(order=LEAD, report="Now.", evidence=(PHOTO,), actor="water-handler"), SUBMIT)

    assert refusal_of(scenario, FAIL) == "limit_reached"
    assert refusal_of(scenario, ESCALATE) is None
    assert refusal_of(scenario, INFEASIBLE) is None


def test_another_dispatch_lets_verification_fail_anew() -> None:
    scenario = reached("verifying", maxima={"verification_failures": 1}).given(FAIL)
    scenario.given(CompleteOrder(order=LEAD, report="Now.", evidence=(PHOTO,), actor="water-handler"))
    assert refusal_of(submitted(scenario), FAIL) == "limit_reached"
    counted(asked(told(verified(scenario))), "dissatisfied")
    scenario.given(DispatchWork(proposal=CASE, assisting=(), actor="community-coordinator"))
    submitted(worked(scenario, "order-1.3", "water"))

    assert refusal_of(scenario, FAIL.model_copy(update={"orders": ("order-1.3",)})) is None


VERIFIER = "community-verifier"
HELPED = {
    "acknowledged an order": AcknowledgeOrder(order=ASSISTING, actor=VERIFIER),
    "keyed an acknowledgement": AcknowledgeOrder(order=ASSISTING, actor="roads-handler", entered_by=VERIFIER),
    "reported in": ReportIn(order=ASSISTING, actor=VERIFIER),
    "recorded progress": RecordProgress(order=ASSISTING, progress="Half.", actor=VERIFIER),
    "asked for more time": RequestExtension(
        order=ASSISTING, period=PeriodValue(count=1, unit=PeriodUnit.WORKING_DAYS), reason="Rain.", actor=VERIFIER
    ),
}


@pytest.mark.parametrize("deed", HELPED)
@pytest.mark.parametrize("verdict", [PASS, FAIL], ids=["PassVerification", "FailVerification"])
def test_nobody_verifies_work_they_had_a_hand_in(deed: str, verdict: Command) -> None:
    scenario = reached("order:acknowledged" if deed == "reported in" else "handling")
    for role, unit in ((Role.HANDLER, "unit-roads"), (Role.SCREENER, "unit-community")):
        appointed(scenario, VERIFIER, role, unit)
    scenario.given(HELPED[deed])
    finished(scenario)
    appointed(scenario, "second-verifier", Role.VERIFIER)

    assert refusal_of(scenario, verdict) == "verifier_is_handler"
    assert refusal_of(scenario, by(verdict, "second-verifier")) is None


def test_who_handled_does_not_key_in_another_persons_verification() -> None:
    scenario = appointed(
        appointed(reached("verifying"), "water-handler", Role.SCREENER), "roads-handler", Role.SCREENER
    )

    for handler in ("water-handler", "roads-handler"):
        assert refusal_of(scenario, by(PASS, VERIFIER, handler)) == "verifier_is_handler"
        assert refusal_of(scenario, by(FAIL, VERIFIER, handler)) == "verifier_is_handler"


def finished(scenario: Scenario) -> Scenario:
    """Whatever is still to be done on the orders, done by their own handlers, and submitted."""
    for order, place in ((LEAD, "water"), (ASSISTING, "roads")):
        begin = {"dispatched": 0, "acknowledged": 1, "in_progress": 2}[str(scenario.state(order).status)]

        handler = f"{place}-handler"
        steps = (
            AcknowledgeOrder(order=order, actor=handler),
            ReportIn(order=order, actor=handler),
            CompleteOrder(order=order, report="Done.", evidence=(PHOTO,), actor=handler),
        )
        scenario.given(*steps[begin:])
    return submitted(scenario)


@pytest.mark.parametrize("place", ["water", "roads"])
def test_who_completed_an_order_or_submitted_the_case_does_not_verify_it(place: str) -> None:
    scenario = appointed(reached("verifying"), f"{place}-handler", Role.VERIFIER)

    scenario.when(by(PASS, f"{place}-handler")).then_refused("verifier_is_handler")


def test_who_handled_an_order_that_was_taken_back_does_not_verify_the_case_either() -> None:
    scenario = worked(reached("handling"), ASSISTING, "roads").given(
        WithdrawOrder(proposal=CASE, order=ASSISTING, reason="Not needed.", actor="community-coordinator")
    )
    appointed(submitted(worked(scenario, LEAD, "water")), "roads-handler", Role.VERIFIER)

    scenario.when(by(PASS, "roads-handler")).then_refused("verifier_is_handler")


def test_who_asked_for_the_rest_handled_the_case() -> None:
    scenario = reached("handling")
    appointed(scenario, "second-handler", Role.HANDLER, "unit-water")
    scenario.given(SUSPEND.model_copy(update={"requested_by": "second-handler"}), RESUME)
    appointed(finished(scenario), "second-handler", Role.VERIFIER)

    scenario.when(by(PASS, "second-handler")).then_refused("verifier_is_handler")


def test_who_dispatched_or_screened_the_case_may_verify_it() -> None:
    """They decided who is to act, not how well it was done; and nobody is shut out without a reason."""
    scenario = appointed(reached("verifying"), "community-coordinator", Role.VERIFIER)

    assert refusal_of(scenario, by(PASS, "community-coordinator")) is None


def test_two_acts_that_only_share_a_clerk_are_apart() -> None:
    scenario = reached("handling")
    clerk = "community-screener"
    scenario.given(by(AcknowledgeOrder(order=LEAD, actor="water-handler"), "water-handler", clerk))
    finished(scenario)

    assert refusal_of(scenario, by(PASS, VERIFIER, clerk)) is None


def test_a_unit_brought_in_late_holds_the_submission_up() -> None:
    scenario = reached("done").given(
        AddOrder(proposal=CASE, unit="unit-parks", reason="Trees.", actor="community-coordinator")
    )

    scenario.when(SUBMIT).then_refused("order_not_done")
