"""The test kit itself: given, when and then hold what they promise to the hosts whose tests rest on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from proposals import (
    AddNote,
    NoteAdded,
    ProposalAccepted,
    ProposalRaised,
    Refused,
)
from proposals.adapters.calendars import WeekdayCalendar
from proposals.domain.case import S
from proposals.domain.vocabulary import Role, Urgency, kind_of
from proposals.testing import MORNING, SINCE, Scenario, given, on, small_county
from tests.domain.stories import DAY, P, accepting, appoint, raising, rules

if TYPE_CHECKING:
    from collections.abc import Callable

ACCEPTED = ProposalAccepted(category="facilities", urgency=Urgency.NORMAL)


def county() -> Scenario:
    return given(*small_county())


def test_given_takes_facts_without_a_question_and_commands_as_the_rules_decide_them() -> None:
    scenario = county().given(raising(), on(P, NoteAdded(note="x"), by="nobody", entered_by="clerk", at=MORNING))
    assert scenario.names(P) == ["ProposalRaised", "NoteAdded"]
    assert (scenario.facts[-1].actor, scenario.facts[-1].entered_by) == ("nobody", "clerk")
    with pytest.raises(Refused, match="not_authorised"):
        scenario.given(accepting(actor="nobody"))


def test_given_keeps_what_came_before_a_refused_command_and_nothing_of_it() -> None:
    scenario = county()
    before = len(scenario.facts)
    with pytest.raises(Refused):
        scenario.given(raising(), accepting(actor="nobody"))
    assert [fact.name for fact in scenario.facts[before:]] == ["ProposalRaised"]


def test_facts_are_numbered_in_their_stream_and_in_the_log() -> None:
    scenario = county().given(raising(), accepting())
    raised, accepted = scenario.facts[-2:]
    assert (raised.version, accepted.version) == (1, 2)
    assert (raised.position, accepted.position) == (len(scenario.facts) - 1, len(scenario.facts))
    assert [fact.position for fact in scenario.facts] == list(range(1, len(scenario.facts) + 1))


def test_when_records_what_comes_of_a_command_or_keeps_its_refusal() -> None:
    scenario = county().when(raising())
    assert [fact.name for fact in scenario.recorded] == ["ProposalRaised"]
    refusals = [scenario.refused]
    scenario.when(accepting(actor="nobody"))
    assert scenario.recorded == []
    refusals.append(scenario.refused)
    scenario.when(accepting())
    refusals.append(scenario.refused)
    assert [refusal is not None for refusal in refusals] == [False, True, False]
    assert scenario.state(P).status is S.ACCEPTED


def test_then_compares_events_or_their_classes_in_order() -> None:
    scenario = county().given(raising()).when(accepting())
    assert scenario.then(ACCEPTED) is scenario
    scenario.then(ProposalAccepted)


FAILS: dict[str, Callable[[Scenario], Scenario]] = {
    "recorded": lambda s: s.then(),
    "recorded two": lambda s: s.then(ProposalAccepted, ProposalAccepted),
    "instead of ProposalRaised": lambda s: s.then(ProposalRaised),
    "instead of": lambda s: s.then(ACCEPTED.model_copy(update={"category": "noise"})),
    "not refused": lambda s: s.then_refused("nothing_changes"),
}


@pytest.mark.parametrize("then", FAILS.values(), ids=FAILS.keys())
def test_then_fails_for_anything_else(then: Callable[[Scenario], Scenario]) -> None:
    with pytest.raises(AssertionError):
        then(county().given(raising()).when(accepting()))


def test_then_compares_a_due_time_only_if_one_is_expected() -> None:
    scenario = county().given(raising()).when(accepting())
    due = scenario.state(P).due_at
    calendar = scenario.state(P).calendar
    scenario.then(ACCEPTED.model_copy(update={"due_at": due, "calendar": calendar}))
    with pytest.raises(AssertionError, match="instead of"):
        scenario.then(ACCEPTED.model_copy(update={"due_at": due + DAY, "calendar": calendar}))


def test_then_fails_for_a_refused_command_with_its_reason() -> None:
    with pytest.raises(AssertionError, match="refused: not_authorised"):
        county().given(raising()).when(accepting(actor="nobody")).then(ProposalAccepted)


def test_then_refused_asks_for_the_code() -> None:
    scenario = county().given(raising()).when(accepting(actor="nobody"))
    assert scenario.then_refused("not_authorised") is scenario
    with pytest.raises(AssertionError, match="refused with not_authorised"):
        scenario.then_refused("nothing_changes")


def test_the_clock_stands_still_until_it_is_moved() -> None:
    scenario = county().given(raising())
    assert scenario.facts[-1].occurred_at == MORNING
    scenario.at(MORNING + DAY).given(AddNote(proposal=P, note="x", actor="li"))
    assert scenario.facts[-1].occurred_at == MORNING + DAY
    assert given(now=MORNING + DAY).now == MORNING + DAY


def test_a_tick_does_what_is_due_until_nothing_is_and_a_second_one_nothing() -> None:
    scenario = county().given(raising()).at(MORNING + 60 * DAY).tick()
    assert [fact.name for fact in scenario.recorded] == ["DeadlineMissed", "DeadlineMissed"]
    assert scenario.tick().recorded == []
    early = county().given(raising())
    assert early.tick().recorded == []


def test_a_tick_forgets_an_earlier_refusal() -> None:
    scenario = county().when(raising(actor="nobody")).tick()
    assert scenario.refused is None


def test_a_state_is_a_copy_and_an_unknown_stream_has_none() -> None:
    scenario = county().given(raising())
    scenario.state(P).counts["returns"] = 9
    assert scenario.state(P).count("returns") == 0
    with pytest.raises(KeyError):
        scenario.state("proposal-9")
    assert scenario.names("proposal-9") == []


def test_what_a_host_supplies_is_used() -> None:
    assert given(*small_county(), calendar=WeekdayCalendar()).given(raising()).state(P).calendar == "weekdays 1"
    stored = county()
    directory = given(*small_county(), directory=lambda unit: stored.state(unit) if unit == "unit-grid" else None)
    assert directory.context().unit("unit-grid") is not None
    assert directory.context().unit("unit-street") is None


def test_events_can_be_looked_up_by_stream_and_version() -> None:
    scenario = county().given(raising(), accepting())
    found = scenario.context().event_at(P, 2)
    assert found is not None
    assert found.name == "ProposalAccepted"
    assert scenario.context().event_at(P, 3) is None


def test_two_scenarios_have_nothing_in_common() -> None:
    one, other = county().given(raising()), county()
    assert one.names(P) == ["ProposalRaised"]
    assert other.names(P) == []


# --- the small county


def test_it_has_four_tiers_and_a_policy_in_force() -> None:
    scenario = county()
    above = [unit.id for unit in scenario.context().above("unit-grid")]
    assert above == ["unit-grid", "unit-community", "unit-street", "unit-county"]
    assert scenario.context().policy_in_force("unit-grid2", MORNING) == "policy-1"
    assert scenario.context().day(MORNING) > SINCE


def test_it_has_someone_for_every_role_that_a_rule_asks_for() -> None:
    scenario = county()
    held = {
        appointment.role
        for fact in small_county()
        if kind_of(fact.stream) == "unit"
        for appointments in scenario.state(fact.stream).appointments.values()
        for appointment in appointments
    }
    missing = {role for role in Role if role not in held} - {
        Role.SYSTEM, Role.PROPOSER, Role.CHAIR, Role.VOTER, Role.CONCERNED, Role.ATTENDEE,
    }  # fmt: skip
    assert missing == {Role.PART_TIME_MEMBER, Role.OBSERVER, Role.EXTERNAL_EVALUATOR, Role.LINKED_LEADER}


def test_its_rules_can_be_others() -> None:
    assert given(*small_county(rules(title_limit=7))).context().policy("policy-1").title_limit == 7


def test_its_registrar_appoints_whoever_a_test_needs() -> None:
    assert county().when(appoint("zhao", "observer", "unit-grid")).refused is None
