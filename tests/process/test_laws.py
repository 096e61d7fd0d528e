"""The laws hold for every state that can be reached, and each of them notices the log that breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from proposals import (
    AddNote,
    CaseAbsorbed,
    DismissObjection,
    FailVerification,
    HandlingEscalated,
    ImportedCaseClosed,
    OpenCaseImported,
    RaiseObjection,
)
from proposals.domain.importing import ImportedFacts, Provenance
from proposals.domain.processes import PROCESSES
from proposals.domain.vocabulary import Kind
from proposals.testing import on
from tests.domain.works import CASE, DAY, LEAD, SPINE, reached, rules, shanghai
from tests.process import laws

if TYPE_CHECKING:
    from collections.abc import Callable

    from proposals.domain.event import Fact

MAXIMA = dict(rules().maxima)


@pytest.mark.parametrize("state", SPINE)
def test_the_laws_hold_on_the_way_to_every_state(state: str) -> None:
    assert laws.broken(reached(state).facts, MAXIMA) == []


def test_the_laws_hold_when_the_clock_has_run_its_course() -> None:
    for state in SPINE:
        scenario = reached(state)
        for _ in range(40):
            scenario.at(scenario.now + 7 * DAY).tick()
        assert laws.broken(scenario.facts, MAXIMA) == []


@pytest.mark.parametrize("state", SPINE)
def test_each_state_event_leads_where_the_description_says(state: str) -> None:
    scenario = reached(state)
    last = [fact.name for fact in scenario.facts if fact.stream == CASE and fact.name in laws.STATE_OF_A_CASE][-1]

    assert scenario.state(CASE).status == laws.STATE_OF_A_CASE[last] == state


def test_the_laws_know_every_state_event() -> None:
    by_table = {
        event.name
        for kind in (Kind.PROPOSAL, Kind.MEETING, Kind.ORDER, Kind.ROUND)
        for event, target in PROCESSES[kind].target.items()
        if target is not None
    }

    assert by_table == set(laws.STATE_OF_A_CASE) | laws.OTHER_STATE_EVENTS


# --- each law notices the log that breaks it


def log(state: str = "") -> list[Fact]:
    """The log of a case that has come to a state; left out, of one that went through all five steps to the archive."""
    return list(reached(state).facts if state else reached("closed").at(shanghai(5, 1)).tick().facts)


def without(facts: list[Fact], *names: str) -> list[Fact]:
    """The same log as if some events had never been written, with versions that hide it."""
    return renumbered([fact for fact in facts if fact.name not in names])


def renumbered(facts: list[Fact]) -> list[Fact]:
    versions: dict[str, int] = {}
    for fact in facts:
        versions[fact.stream] = versions.get(fact.stream, 0) + 1
    seen: dict[str, int] = {}
    out = []
    for fact in facts:
        seen[fact.stream] = seen.get(fact.stream, 0) + 1
        out.append(fact._replace(version=seen[fact.stream]))
    return out


def changed(facts: list[Fact], name: str, **fields: object) -> list[Fact]:
    """The same log with an envelope changed wherever an event of that name stands."""
    return [fact._replace(**fields) if fact.name == name else fact for fact in facts]  # type: ignore[arg-type]


def told(facts: list[Fact], name: str, **fields: object) -> list[Fact]:
    """The same log with fields of an event changed wherever one of that name stands."""
    return [fact._replace(event=fact.event.model_copy(update=fields)) if fact.name == name else fact for fact in facts]


def again(facts: list[Fact], name: str, times: int = 1) -> list[Fact]:
    """The same log with more of what happened on a stream, at its end."""
    last = [fact for fact in facts if fact.name == name][-1]
    return renumbered([*facts, *(last._replace(command_id=f"again-{number}") for number in range(times))])


def objected() -> list[Fact]:
    scenario = reached("announced").given(
        RaiseObjection(proposal=CASE, grounds="Too bright.", resides_in="unit-grid", actor="resident1"),
        DismissObjection(proposal=CASE, objection=1, reason="It is not.", actor="street-reviewer"),
    )
    return list(scenario.facts)


ROW = Provenance(source="hotline", key="7", sha256="a" * 64)
STATED = ImportedFacts(title="Lamp", raised_at=shanghai(2, 1), source_status="open")
ABSORBED = CaseAbsorbed(merged="proposal-2", source=None, proposer="li", cosigners=(), absorbed=())


def imported() -> list[Fact]:
    event = OpenCaseImported(place="unit-grid", provenance=ROW, facts=STATED, policy="policy-1")
    return [on(CASE, event, by="county-importer")._replace(version=1)]


def closed_by_its_register(facts: list[Fact]) -> list[Fact]:
    return renumbered([*facts, on(CASE, ImportedCaseClosed(provenance=ROW, facts=STATED), by="county-importer")])


def test_a_case_may_be_closed_by_the_register_it_was_imported_from() -> None:
    assert laws.broken(closed_by_its_register(imported()), MAXIMA) == []


def missed() -> list[Fact]:
    return list(reached("handled").at(shanghai(4, 1)).tick().facts)


BREACHES: dict[str, tuple[Callable[[], list[Fact]], ...]] = {
    "versions_have_no_gaps": (
        lambda: [fact for fact in log() if fact.name != "HandlingSubmitted"],
        lambda: changed(log(), "HandlingVerified", version=99),
    ),
    "time_never_runs_backwards": (
        lambda: changed(log(), "HandlingVerified", occurred_at=shanghai(3, 1)),
        lambda: changed(log(), "OrderAcknowledged", occurred_at=shanghai(12, 1)),
    ),
    "what_is_over_is_over": (
        lambda: again(log(), "ProposalAccepted"),
        lambda: again(log("closed"), "FeedbackDelivered"),
        lambda: again(log("handled"), "OrderCompleted"),
        lambda: again(log("withdrawn"), "ProposalRaised"),
        lambda: again(list(reached("closed").given(AddNote(proposal=CASE, note="x", actor="li")).facts), "BallotsCast"),
    ),
    "a_missed_time_had_passed_and_is_noted_once": (
        lambda: again(missed(), "DeadlineMissed"),
        lambda: changed(missed(), "DeadlineMissed", occurred_at=shanghai(3, 18, 10)),
    ),
    "what_is_closed_was_decided_or_settled": (
        lambda: without(log(), "ProposalAdopted"),
        lambda: without(log(), "FeedbackDelivered"),
    ),
    "what_its_register_closed_was_imported_and_not_dealt_with": (
        lambda: closed_by_its_register(log("accepted")),
        lambda: closed_by_its_register([*imported(), *(f for f in log("discussing") if f.name == "DiscussionOpened")]),
        lambda: closed_by_its_register([*imported(), imported()[0]._replace(event=ABSORBED)]),
        lambda: closed_by_its_register(closed_by_its_register(imported())),
    ),
    "what_was_adopted_was_carried_by_its_meeting": (
        lambda: without(log(), "ItemClosed"),
        lambda: told(log(), "ItemClosed", outcome="lost"),
        lambda: told(log(), "ProposalAdopted", meeting="meeting-7"),
    ),
    "what_was_verified_has_no_open_order": (
        lambda: without(log(), "OrderAccepted"),
        lambda: [fact for fact in log() if (fact.stream, fact.name) != (LEAD, "OrderAccepted")],
        lambda: [fact for fact in log() if fact.stream != LEAD],
    ),
    "a_case_in_handling_has_one_lead": (
        lambda: told(log("handling"), "WorkDispatched", orders=()),
        lambda: [*log("order:excused")[:-1], log("order:excused")[-1]._replace(stream=LEAD, version=2)],
    ),
    "a_verdict_follows_its_round": (
        lambda: told(log(), "RoundClosed", result="failed"),
        lambda: without(log(), "RoundClosed"),
        lambda: told(log("rectifying"), "RoundClosed", result="passed"),
    ),
    "who_screened_is_not_who_raised": (
        lambda: changed(log(), "ProposalAccepted", actor="li"),
        lambda: changed(log(), "ProposalAccepted", entered_by="li"),
        lambda: changed(log("returned"), "ProposalReturned", actor="li"),
        lambda: changed(log("refused"), "ProposalRefused", actor="li"),
    ),
    "who_verified_is_not_who_handled": (
        lambda: changed(log(), "HandlingVerified", actor="roads-handler"),
        lambda: changed(log(), "HandlingVerified", entered_by="water-handler"),
        lambda: changed(log(), "HandlerReportedIn", entered_by="community-verifier"),
        lambda: changed(log(), "HandlingSubmitted", actor="community-verifier"),
    ),
    "who_ruled_on_an_objection_did_not_vote": (
        lambda: changed(objected(), "ObjectionDismissed", actor="grid-member2"),
        lambda: changed(objected(), "ObjectionDismissed", entered_by="grid-member5"),
    ),
    "who_entered_ballots_of_others_had_no_hand_in_the_case": (
        lambda: changed(log(), "BallotsCast", entered_by="li"),
        lambda: changed(log(), "BallotsCast", entered_by="roads-handler"),
        lambda: changed(changed(log(), "OrderCompleted", entered_by="clerk"), "BallotsCast", entered_by="clerk"),
        lambda: changed(changed(log(), "HandlingSubmitted", entered_by="clerk"), "BallotsCast", entered_by="clerk"),
    ),
    "ballots_are_those_of_the_entitled": (
        lambda: told(log(), "RoundOpened", tokens=("a" * 64,)),
        lambda: told(log(), "RoundOpened", tokens=reversed_tokens()),
        lambda: again(with_ballots(), "BallotsCast"),
        lambda: changed(log(), "BallotsCast", actor="li"),
        lambda: [fact for fact in log() if fact.name != "BallotsCast"],
    ),
}


def with_ballots() -> list[Fact]:
    return without(log("evaluated"), "RoundClosed", "EvaluationPassed")


def reversed_tokens() -> tuple[str, ...]:
    (opened,) = (fact for fact in log() if fact.name == "RoundOpened")
    return tuple(reversed(laws.said(opened, "tokens")))


@pytest.mark.parametrize(
    ("law", "breach"),
    [(law, number) for law, breaches in BREACHES.items() for number in range(len(breaches))],
)
def test_a_law_notices_the_log_that_breaks_it(law: str, breach: int) -> None:
    facts = BREACHES[law][breach]()

    assert list(getattr(laws, law)(facts)) != []


def test_every_law_has_a_log_that_breaks_it() -> None:
    assert set(BREACHES) == {law.__name__ for law in laws.LAWS}


LOOPING = {
    "returns": ("returned", "ProposalReturned"),
    "openings": ("discussing", "DiscussionOpened"),
    "suspensions": ("suspended", "HandlingSuspended"),
    "verification_failures": ("failed", "VerificationFailed"),
    "rounds": ("evaluating", "EvaluationOpened"),
    "order_declines": ("order:declined", "OrderDeclined"),
}


@pytest.mark.parametrize("loop", LOOPING)
def test_a_loop_that_was_run_through_too_often_is_noticed(loop: str) -> None:
    state, event = LOOPING[loop]
    facts = failed() if state == "failed" else log(state)

    assert list(laws.loops_are_bounded(again(facts, event, MAXIMA[loop] - 1), MAXIMA)) == []
    assert len(list(laws.loops_are_bounded(again(facts, event, MAXIMA[loop]), MAXIMA))) == 1


def failed() -> list[Fact]:
    failing = FailVerification(proposal=CASE, orders=(LEAD,), reason="Dark.", actor="community-verifier")
    return list(reached("verifying").given(failing).facts)


def test_a_loop_starts_anew_where_the_domain_says_so() -> None:
    facts = again(log("suspended"), "HandlingSuspended", 2)
    rise = HandlingEscalated(reason="Too big.", unit="unit-community")
    risen = renumbered([*facts, facts[-1]._replace(event=rise), *([facts[-1]] * 3)])

    assert list(laws.loops_are_bounded(risen, MAXIMA)) == []
    assert list(laws.loops_are_bounded(renumbered([*risen, facts[-1]]), MAXIMA)) != []


def test_the_law_of_the_round_names_the_round() -> None:
    (breach,) = laws.a_verdict_follows_its_round(told(log(), "RoundClosed", result="failed"))
    assert breach == f"EvaluationPassed on {CASE}, but its round was failed"
