"""Step 3, after the vote: publicity 公示, objections 异议 and their rulings, and the decision coming into force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from proposals import (
    ConfirmDecision,
    DecisionConfirmed,
    DismissObjection,
    ObjectionDismissed,
    ObjectionRaised,
    ObjectionUpheld,
    ProposalAdopted,
    RaiseObjection,
    UpholdObjection,
)
from proposals.domain.case import Objection, S
from proposals.domain.discussion import DiscussionOpened, ProposalForwarded
from proposals.domain.vocabulary import Act, instant_text
from proposals.testing import on
from tests.domain.stories import (
    DAY,
    HOUR,
    PLAN,
    SECOND,
    D,
    M,
    P,
    Purse,
    a_case_of_the_community,
    a_case_to_decide,
    a_tabled_case,
    an_announced_case,
    appoint,
    called,
    closing,
    in_session,
    item,
    refused,
    rules,
    voted,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from proposals.domain.event import Command
    from proposals.testing import Scenario


def objecting(person: str = "resident1", home: str = "unit-grid", **changes: object) -> RaiseObjection:
    return RaiseObjection.model_validate(
        {"proposal": P, "grounds": "It shines into my room", "resides_in": home, "actor": person, **changes}
    )


def dismissing(number: int = 1, **changes: object) -> DismissObjection:
    return DismissObjection.model_validate(
        {"proposal": P, "objection": number, "reason": "It does not", "actor": "street-reviewer", **changes}
    )


def upholding(number: int = 1, **changes: object) -> UpholdObjection:
    return UpholdObjection.model_validate(
        {"proposal": P, "objection": number, "reason": "It does", "actor": "street-reviewer", **changes}
    )


CONFIRM = ConfirmDecision(proposal=P, actor="system")
RULINGS = pytest.mark.parametrize("ruling", [dismissing, upholding])


# --- objections


def test_a_resident_objects_and_a_reviewer_has_five_working_days_to_rule() -> None:
    scenario = an_announced_case().when(objecting(entered_by="grid-grid-worker"))
    due = scenario.now.replace(hour=16) + 7 * DAY
    calendar = scenario.state(P).calendar
    scenario.then(
        ObjectionRaised(
            objection=1, grounds="It shines into my room", resides_in="unit-grid", due_at=due, calendar=calendar
        )
    )
    case = scenario.state(P)
    assert (case.status, case.open_objections) == (S.ANNOUNCED, (1,))
    assert case.objections == {1: Objection(Act("resident1", "grid-grid-worker"), due, open=True)}


def test_without_a_time_for_rulings_an_objection_has_none() -> None:
    policy = rules(deadlines={"proposal": {"objection": {"within": None}}})
    case = an_announced_case(policy).given(objecting()).state(P)
    assert case.objections[1].due_at is None
    assert case.more_timers(policy) == []


def test_objections_are_numbered() -> None:
    scenario = an_announced_case().given(objecting(), objecting("resident2"))
    assert scenario.state(P).open_objections == (1, 2)
    scenario.given(dismissing(1), objecting("resident3"))
    assert scenario.state(P).open_objections == (2, 3)


@pytest.mark.parametrize("person", ["li", "resident9"])
def test_members_and_residents_of_the_area_that_decided_are_concerned(person: str) -> None:
    assert an_announced_case().when(objecting(person)).refused is None


@pytest.mark.parametrize(
    ("person", "home"),
    [
        ("neighbour1", "unit-grid2"),  # lives elsewhere
        ("neighbour1", "unit-grid"),  # says otherwise
        ("resident1", "unit-nowhere"),
        ("resident1", "unit-community"),
        ("grid-grid-worker", "unit-grid"),  # works there, and does not live there
    ],
)
def test_nobody_else_is(person: str, home: str) -> None:
    refused(an_announced_case().when(objecting(person, home)), "not_authorised")


def test_what_a_community_decides_concerns_residents_of_its_other_grids_too() -> None:
    scenario = a_case_of_the_community("announced")
    assert scenario.state(P).place == "unit-grid"
    assert scenario.when(objecting("neighbour1", "unit-grid2")).refused is None
    assert scenario.when(objecting("resident1")).refused is None


def test_who_moved_away_yesterday_is_not_concerned_any_more() -> None:
    scenario = an_announced_case()
    today = scenario.context().day(scenario.now)
    scenario.given(
        appoint("gone", "resident", "unit-grid", today - 9 * DAY, today - DAY),
        appoint("going", "resident", "unit-grid", today - 9 * DAY, today),
    )
    refused(scenario.when(objecting("gone")), "not_authorised")
    assert scenario.when(objecting("going")).refused is None


def test_objections_end_with_the_publicity_period() -> None:
    scenario = an_announced_case()
    due = scenario.state(P).due_at
    refused(scenario.at(due).when(objecting()), "publicity_is_over", due=instant_text(due))
    assert scenario.at(due - SECOND).when(objecting()).refused is None


def test_no_objection_is_dated_before_the_decision() -> None:
    scenario = an_announced_case()
    announced = scenario.now
    scenario.at(announced + DAY)
    refused(scenario.when(objecting(at=announced - SECOND)), "before_the_last_event")
    assert scenario.when(objecting(at=announced)).refused is None


def test_nobody_has_two_objections_open() -> None:
    scenario = an_announced_case().given(objecting(), objecting("resident2"))
    refused(scenario.when(objecting()), "objects_already", actor="resident1")
    scenario.given(dismissing(1))
    assert scenario.when(objecting()).refused is None


# --- rulings


def test_a_dismissed_objection_leaves_the_decision_as_it_is() -> None:
    scenario = an_announced_case().given(objecting(), objecting("resident2")).when(dismissing(1))
    case = scenario.then(ObjectionDismissed(objection=1, reason="It does not")).state(P)
    assert (case.status, case.open_objections) == (S.ANNOUNCED, (2,))
    assert case.objections[1].open is False


def test_an_upheld_objection_fells_the_decision_and_frees_the_money() -> None:
    scenario = a_tabled_case(funds=Purse(100))
    money = [{"source": "county_and_street", "amount": 100}]
    called(scenario, item(motion="adopt", funding=money), meeting=D, purpose="decide")
    voted(in_session(scenario, D), "+++++").given(closing(scenario), objecting(), objecting("resident2"))
    scenario.when(upholding(2)).then(ObjectionUpheld(objection=2, reason="It does", released=100))
    case = scenario.state(P)
    assert (case.status, case.count("upheld_objections"), case.meetings) == (S.ACCEPTED, 1, ())
    assert (case.plan, case.funding, case.appropriation) == (None, (), 0)
    assert case.objections[2].open is False
    assert (case.count("openings"), case.count("deferrals")) == (0, 0)


def test_a_fallen_decision_counts_meetings_and_deferrals_anew() -> None:
    from proposals import DecisionDeferred

    scenario = a_case_to_decide()
    scenario.given(on(P, DecisionDeferred(meeting=M, why="motion"), at=scenario.now))
    voted(scenario, "+++++").given(closing(scenario), objecting())
    assert scenario.state(P).counts == {"openings": 1, "deferrals": 1}
    assert scenario.given(upholding()).state(P).counts == {"upheld_objections": 1}


@RULINGS
def test_only_an_open_objection_is_ruled_on(ruling: Callable[..., Command]) -> None:
    scenario = an_announced_case().given(objecting())
    refused(scenario.when(ruling(2)), "no_such_objection", objection=2)
    scenario.given(dismissing(1))
    refused(scenario.when(ruling(1)), "no_such_objection", objection=1)


def reviewed_by(person: str, story: Callable[[], Scenario] = an_announced_case) -> Scenario:
    """The case, with this person a reviewer of the community as well."""
    scenario = story()
    day = scenario.context().day(scenario.now)
    return scenario.given(appoint(person, "reviewer", "unit-community", day))


@RULINGS
@pytest.mark.parametrize("person", ["grid-member2", "grid-member1", "resident1", "li"])
def test_who_voted_chaired_objects_or_raised_it_does_not_rule(ruling: Callable[..., Command], person: str) -> None:
    scenario = reviewed_by(person).given(objecting())
    refused(scenario.when(ruling(actor=person)), "reviewer_is_involved", person=person)


@RULINGS
def test_nor_do_they_key_in_the_ruling_and_nor_does_who_keyed_in_the_objection_or_the_proposal(
    ruling: Callable[..., Command],
) -> None:
    scenario = an_announced_case().given(
        objecting(entered_by="grid-grid-worker"), objecting("resident2", entered_by="community-screener")
    )
    refused(scenario.when(ruling(1, entered_by="grid-grid-worker")), "reviewer_is_involved", person="grid-grid-worker")
    refused(scenario.when(ruling(1, entered_by="grid-member1")), "reviewer_is_involved", person="grid-member1")
    assert scenario.when(ruling(1, entered_by="community-screener")).refused is None


@RULINGS
def test_a_member_who_did_not_vote_may_rule_and_so_may_who_chaired_another_meeting(
    ruling: Callable[..., Command],
) -> None:
    def story() -> Scenario:
        scenario = voted(a_case_to_decide(), "+++0.")
        return scenario.given(closing(scenario), objecting())

    assert reviewed_by("grid-member5", story).when(ruling(actor="grid-member5")).refused is None
    refused(reviewed_by("grid-member4", story).when(ruling(actor="grid-member4")), "reviewer_is_involved")


def test_the_chair_rules_on_nothing_even_without_a_vote() -> None:
    def story() -> Scenario:
        scenario = voted(a_case_to_decide(), ".++++")
        return scenario.given(closing(scenario), objecting())

    refused(
        reviewed_by("grid-member1", story).when(dismissing(actor="grid-member1")),
        "reviewer_is_involved", person="grid-member1",
    )  # fmt: skip


def test_decisions_fall_a_bounded_number_of_times_and_then_objections_can_only_be_dismissed() -> None:
    scenario = an_announced_case(rules(maxima={"upheld_objections": 1})).given(objecting(), upholding())
    for event in (
        DiscussionOpened(meeting="meeting-8"),
        ProposalForwarded(recommendation="Again"),
        ProposalAdopted(meeting=D, plan=PLAN, funding=(), appropriation=0),
    ):
        scenario.given(on(P, event, at=scenario.now))
    scenario.given(objecting())
    refused(scenario.when(upholding()), "limit_reached", loop="upheld_objections", maximum=1)
    assert scenario.when(dismissing()).refused is None


# --- coming into force


@pytest.mark.parametrize("actor", ["system", "grid-member1"])
def test_when_publicity_is_over_the_decision_is_in_force(actor: str) -> None:
    scenario = an_announced_case()
    due = scenario.state(P).due_at
    confirm = ConfirmDecision(proposal=P, actor=actor)
    refused(scenario.at(due - SECOND).when(confirm), "not_yet_due", due=instant_text(due))
    case = scenario.at(due).when(confirm).then(DecisionConfirmed()).state(P)
    assert (case.status, case.due_at) == (S.CONFIRMED, due + 3 * DAY)  # two working days after


def test_while_an_objection_is_open_it_is_not() -> None:
    scenario = an_announced_case().given(objecting(), objecting("resident2"), dismissing(1))
    scenario.at(scenario.state(P).due_at)
    refused(scenario.when(CONFIRM), "objections_are_open", objections=[2])
    scenario.given(dismissing(2))
    assert scenario.when(CONFIRM).refused is None


def test_the_clock_confirms_at_the_first_tick_without_an_open_objection() -> None:
    scenario = an_announced_case()
    due = scenario.state(P).due_at
    scenario.at(due - HOUR).given(objecting())

    def ticked() -> list[str]:
        return [fact.name for fact in scenario.tick().recorded if fact.stream == P]

    scenario.at(due)
    assert ticked() == []
    scenario.at(scenario.state(P).objections[1].due_at)
    assert ticked() == ["DeadlineMissed"]
    scenario.given(dismissing())
    assert ticked() == ["DecisionConfirmed"]


def test_a_publicity_period_without_an_end_is_over_at_once_and_open_for_ever() -> None:
    """The policy check refuses such an edition; a host that forces one must not meet a crash."""
    scenario = an_announced_case(rules(deadlines={"proposal": {"announced": {"within": None}}}))
    scenario.at(scenario.now + 400 * DAY)
    assert scenario.when(objecting()).refused is None
    scenario.given(dismissing())
    assert scenario.when(CONFIRM).refused is None


@settings(max_examples=settings().max_examples // 2)
@for_all(
    st.integers(0, 2),
    st.lists(st.tuples(st.sampled_from(["object", "dismiss", "uphold", "confirm", "adopt"]), st.integers(1, 3))),
)
def test_whatever_is_objected_and_ruled_the_decision_falls_no_oftener_than_the_policy_says(
    maximum: int, walk: list[tuple[str, int]]
) -> None:
    scenario = an_announced_case(rules(maxima={"upheld_objections": maximum}))
    again = (
        DiscussionOpened(meeting="meeting-8"),
        ProposalForwarded(recommendation="Again"),
        ProposalAdopted(meeting=D, plan=PLAN, funding=(), appropriation=0),
    )
    for step, number in walk:
        before = scenario.state(P)
        if step == "adopt" and before.status is S.ACCEPTED:
            scenario.given(*(on(P, event, at=scenario.now) for event in again))
        elif step == "confirm":
            scenario.at(max(scenario.now, before.due_at or scenario.now)).when(CONFIRM)
            assert before.open_objections == () or scenario.refused is not None
        elif step in {"object", "dismiss", "uphold"}:
            ask = {"object": objecting(f"resident{number}"), "dismiss": dismissing(number), "uphold": upholding(number)}
            scenario.when(ask[step])
        case = scenario.state(P)
        assert case.count("upheld_objections") <= maximum
        assert case.appropriation == 0 or case.plan is not None
