"""Deciding and folding: what every command is held to, whatever it asks: state, time, late entry, causes, due times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from proposals import (
    AddNote,
    AgendaSet,
    AttachEvidence,
    CastVote,
    CorrectRecord,
    CoSignProposal,
    EndAppointment,
    Evidence,
    EvidenceAttached,
    LapseProposal,
    MeetingOpened,
    NoteAdded,
    OpinionRecorded,
    ProposalAccepted,
    ProposalRaised,
    RecordOpinion,
    Refused,
    ReturnProposal,
    ReviseProposal,
    WithdrawProposal,
)
from proposals.adapters.calendars import WeekdayCalendar
from proposals.domain.case import Proposal, S
from proposals.domain.decider import Cause, decide, evolve, fold
from proposals.domain.proposal import PROPOSAL
from proposals.domain.vocabulary import Act, Choice, Role
from proposals.testing import MORNING, on
from tests.domain.stories import (
    DAY,
    HOUR,
    SECOND,
    TODAY,
    D,
    M,
    P,
    a_case_to_decide,
    a_discussed_case,
    a_raised_case,
    a_returned_case,
    accepting,
    an_accepted_case,
    appoint,
    called,
    calling,
    closing,
    county,
    in_session,
    raising,
    refused,
    rules,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from proposals.domain.event import Command
    from proposals.testing import Scenario

CAUSE = Cause("command-1", "correlation-1", "cause-1")


def returning() -> ReturnProposal:
    return ReturnProposal(proposal=P, reason="Which?", actor="community-screener")


# --- state


def test_a_command_to_what_does_not_exist_is_refused_with_its_address() -> None:
    refused(county().when(accepting()), "no_such_stream", stream=P)


def test_a_command_that_opens_a_stream_is_refused_where_there_is_one() -> None:
    refused(an_accepted_case().when(raising()), "already_exists", stream=P, status="accepted")


def test_a_command_in_the_wrong_state_is_refused_with_the_states_in_which_it_is_open() -> None:
    scenario = an_accepted_case().when(ReviseProposal(proposal=P, title="B", text="B", actor="li"))
    refused(
        scenario, "wrong_state", command="ReviseProposal", stream=P, status="accepted", allowed=["raised", "returned"]
    )


def guard_of(scenario: Scenario) -> tuple[str, str, str]:
    assert scenario.refused is not None
    return scenario.refused.guard, scenario.refused.command, scenario.refused.stream


def test_a_refusal_names_the_rule_that_refused_the_command_and_the_stream() -> None:
    told = {
        "state": an_accepted_case().when(accepting()),
        "time": a_raised_case().when(accepting(at=MORNING - DAY)),
        "authority": a_raised_case().when(accepting(actor="li")),
        "category_is_in_policy": a_raised_case().when(accepting(category="c")),
    }
    assert {guard: guard_of(scenario) for guard, scenario in told.items()} == {
        guard: (guard, "AcceptProposal", P) for guard in told
    }
    late = in_session(called(an_accepted_case()))
    late.at(late.now + 30 * DAY).when(
        AttachEvidence(proposal=P, evidence=(PHOTO,), at=MORNING, actor="community-screener")
    )
    assert guard_of(late) == ("late_entry", "AttachEvidence", P)


# --- time


@pytest.mark.parametrize(("ahead", "allowed"), [(HOUR, True), (HOUR + SECOND, False)])
def test_nothing_happens_in_the_future_beyond_the_skew_of_clocks(ahead: object, *, allowed: bool) -> None:
    scenario = a_raised_case().when(accepting(at=MORNING + ahead))  # type: ignore[operator]
    if allowed:
        assert scenario.state(P).last_at == MORNING  # it happened by now, whatever the other clock says
    else:
        refused(scenario, "in_the_future", at="2026-03-02T02:00:01.000000Z", now="2026-03-02T01:00:00.000000Z")


def test_the_skew_is_that_of_the_cases_own_edition_and_before_there_is_one_of_the_place() -> None:
    policy = rules(clock_skew="3 hours")
    scenario = county(policy).given(raising(at=MORNING + 2 * HOUR))
    assert scenario.when(accepting(at=MORNING + 3 * HOUR)).refused is None
    refused(county().when(raising(at=MORNING + 2 * HOUR)), "in_the_future")


def test_state_events_never_run_backwards() -> None:
    scenario = a_raised_case().at(MORNING + DAY).given(returning())
    revise = ReviseProposal(proposal=P, title="B", text="B", actor="li")
    back = revise.model_copy(update={"at": MORNING + DAY - SECOND})
    refused(
        scenario.when(back),
        "before_the_last_event", at="2026-03-03T00:59:59.000000Z", last="2026-03-03T01:00:00.000000Z",
    )  # fmt: skip
    assert scenario.when(revise.model_copy(update={"at": MORNING + DAY})).refused is None


def test_a_note_belongs_to_the_state_it_is_made_in() -> None:
    """Else a vote could be dated into last week, when its member still had a mandate, or before the session."""
    scenario = a_case_to_decide()
    opened = scenario.now
    scenario.at(opened + HOUR)
    vote = CastVote(meeting=D, item=1, choice=Choice.FOR, actor="grid-member2")
    refused(scenario.when(vote.model_copy(update={"at": opened - SECOND})), "before_the_last_event")
    assert scenario.when(vote.model_copy(update={"at": opened})).refused is None
    raised = a_raised_case().at(MORNING + DAY)
    raised.given(CoSignProposal(proposal=P, actor="wang"))
    assert raised.when(CoSignProposal(proposal=P, actor="resident1", at=MORNING)).refused is None


def test_notes_do_not_move_the_time_that_state_events_are_held_to() -> None:
    scenario = a_raised_case().at(MORNING + DAY).given(AddNote(proposal=P, note="Seen", actor="li"))
    assert scenario.state(P).last_at == MORNING
    assert scenario.when(accepting(at=MORNING)).refused is None


def test_nothing_is_dated_before_its_stream_began() -> None:
    scenario = a_raised_case().at(MORNING + 3 * DAY)
    evidence = AttachEvidence(proposal=P, evidence=(PHOTO,), actor="li")
    assert scenario.when(evidence.model_copy(update={"at": MORNING})).refused is None
    refused(
        scenario.when(evidence.model_copy(update={"at": MORNING - SECOND})),
        "before_the_stream", at="2026-03-02T00:59:59.000000Z", opened="2026-03-02T01:00:00.000000Z",
    )  # fmt: skip


# --- late entry

PHOTO = Evidence(name="p.jpg", media_type="image/jpeg", size=3, sha256="a" * 64, uri="file:p")


def attaching(**changes: object) -> AttachEvidence:
    return AttachEvidence.model_validate({"proposal": P, "evidence": [PHOTO], "actor": "li", "at": MORNING, **changes})


def test_what_may_be_entered_late_may_reach_back_over_state_events() -> None:
    scenario = a_raised_case().at(MORNING + DAY).given(accepting())
    assert scenario.when(attaching()).then(EvidenceAttached).recorded[0].occurred_at == MORNING


def test_late_entry_ends_with_the_last_day_the_policy_gives() -> None:
    """Seven days from the day after: entered on the 9th of March it is still in time, in Shanghai."""
    over = MORNING.replace(hour=16) + 7 * DAY
    assert a_raised_case().at(over).when(attaching()).refused is None
    refused(
        a_raised_case().at(over + SECOND).when(attaching()),
        "entered_too_late", at="2026-03-02T01:00:00.000000Z", limit="7 days",
    )  # fmt: skip
    short = a_raised_case(rules(late_entry="1 hour"))
    assert short.at(MORNING + HOUR).when(attaching()).refused is None
    refused(short.at(MORNING + HOUR + SECOND).when(attaching()), "entered_too_late")


@pytest.mark.parametrize("approver", ["community-tier-officer", "street-reviewer", "county-reviewer"])
def test_beyond_it_a_tier_officer_or_a_reviewer_of_the_case_approves(approver: str) -> None:
    assert a_raised_case().at(MORNING + 30 * DAY).when(attaching(approved_by=approver)).refused is None


@pytest.mark.parametrize("approver", ["community-screener", "street-tier-officer", "nobody"])
def test_nobody_else_approves(approver: str) -> None:
    scenario = a_raised_case().at(MORNING + 30 * DAY).when(attaching(approved_by=approver))
    refused(scenario, "not_an_approver", approver=approver, unit="unit-grid")


def test_nobody_approves_their_own_act_or_what_they_key_in() -> None:
    scenario = a_raised_case().given(appoint("li", "reviewer", "unit-community")).at(MORNING + 30 * DAY)
    refused(scenario.when(attaching(approved_by="li")), "approves_own_act", approver="li")
    scenario.given(appoint("grid-grid-worker", "reviewer", "unit-community"))
    keyed = attaching(approved_by="grid-grid-worker", entered_by="grid-grid-worker")
    refused(scenario.when(keyed), "approves_own_act", approver="grid-grid-worker")


def test_who_approves_holds_the_office_on_the_day_of_approval() -> None:
    scenario = a_raised_case().at(MORNING + 30 * DAY)
    today = scenario.context().day(scenario.now)
    scenario.given(
        appoint("former", "reviewer", "unit-community", today - 90 * DAY, today - DAY),
        appoint("present", "reviewer", "unit-community", today),
    )
    refused(scenario.when(attaching(approved_by="former")), "not_an_approver")
    assert scenario.when(attaching(approved_by="present")).refused is None


def test_the_day_of_approval_and_the_days_of_late_entry_are_those_of_the_policy() -> None:
    scenario = a_raised_case(rules(time_zone="UTC"))
    late = (MORNING + 30 * DAY).replace(hour=20)  # the next day in Shanghai already
    today = late.date()
    scenario.at(late).given(appoint("present", "reviewer", "unit-community", today, today))
    assert scenario.when(attaching(approved_by="present")).refused is None
    weekend = a_raised_case(rules(late_entry="5 working days"))  # Monday the 2nd to the end of Monday the 9th
    assert weekend.at(MORNING + 7 * DAY).when(attaching()).refused is None
    refused(weekend.at(MORNING + 8 * DAY).when(attaching()), "entered_too_late")


def test_what_a_rule_reads_and_does_not_find_is_named() -> None:
    context = county().context()
    with pytest.raises(Refused) as told:
        context.policy("policy-9")
    assert (told.value.code, told.value.reason.details) == ("policy_unknown", {"policy": "policy-9"})
    with pytest.raises(Refused) as told:
        context.state("proposal-9")
    assert (told.value.code, told.value.reason.details) == ("no_such_stream", {"stream": "proposal-9"})


def test_an_approver_who_is_named_without_need_is_checked_too_because_the_record_names_them() -> None:
    scenario = in_session(called(an_accepted_case())).given()
    case = a_discussed_case()
    opinion = RecordOpinion(proposal=P, opinion="Yes", actor="grid-member2", approved_by="nobody")
    refused(case.when(opinion), "not_an_approver")
    assert scenario.refused is None
    case.when(opinion.model_copy(update={"approved_by": "street-reviewer"}))
    case.then(OpinionRecorded(opinion="Yes", approved_by="street-reviewer"))


ENTERED_LATE = {
    "a first act": (county, raising(at=MORNING)),
    "a state event": (a_raised_case, accepting(at=MORNING)),
    "a note": (a_raised_case, AddNote(proposal=P, note="Seen", actor="li", at=MORNING)),
    "an appointment": (county, appoint("zhao", "handler", "unit-water").model_copy(update={"at": MORNING})),
    "a call": (county, calling(county(), at=MORNING, starts_at=MORNING + 60 * DAY)),
}


@pytest.mark.parametrize(("story", "command"), ENTERED_LATE.values(), ids=ENTERED_LATE.keys())
def test_whatever_a_person_did_is_entered_within_the_limit(story: Callable[[], Scenario], command: Command) -> None:
    over = MORNING.replace(hour=16) + 7 * DAY
    assert story().at(over).when(command).refused is None
    scenario = refused(story().at(over + SECOND).when(command), "entered_too_late")
    assert guard_of(scenario)[0] == "late_entry"


def test_what_always_has_an_approver_of_its_own_may_be_entered_at_any_time() -> None:
    correct = CorrectRecord(
        proposal=P, event=1, field="title", value="A bulb", reason="Typing error", at=MORNING,
        actor="community-screener", approved_by="street-reviewer",
    )  # fmt: skip
    scenario = a_raised_case().at(MORNING + 30 * DAY)
    assert scenario.when(correct).refused is None
    refused(scenario.when(correct.model_copy(update={"approved_by": "nobody"})), "not_an_approver")


def test_the_system_says_when_something_was_due_however_late_the_clock_is_asked() -> None:
    scenario = a_returned_case()
    due = scenario.state(P).due_at
    lapse = LapseProposal(proposal=P, actor="system", at=due)
    assert scenario.at(due + 90 * DAY).when(lapse).refused is None


def test_without_any_time_for_late_entry_there_is_still_the_skew_of_clocks() -> None:
    scenario = a_raised_case(rules(late_entry="0 days"))
    assert scenario.at(MORNING + HOUR).when(accepting(at=MORNING)).refused is None
    other = a_raised_case(rules(late_entry="0 days"))
    refused(other.at(MORNING + HOUR + SECOND).when(accepting(at=MORNING)), "entered_too_late")


def test_who_has_left_enters_nothing_any_more_not_even_what_they_did_themselves() -> None:
    def left(until: date) -> Scenario:
        end = EndAppointment(
            unit="unit-community", person="community-screener", role=Role.SCREENER, until=until, reason="Retired",
            actor="county-registrar",
        )  # fmt: skip
        return a_raised_case().given(end).at(MORNING + DAY)

    late = accepting(at=MORNING)
    refused(
        left(TODAY).when(late), "not_authorised",
        actor="community-screener", command="AcceptProposal", roles=["screener"], unit="unit-grid", day="2026-03-03",
    )  # fmt: skip
    assert left(TODAY + DAY).when(late).refused is None
    keyed = late.model_copy(update={"entered_by": "community-coordinator"})
    assert left(TODAY).when(keyed).then(ProposalAccepted).recorded[0].act == Act(
        "community-screener", "community-coordinator"
    )


def test_what_follows_from_the_case_still_does_on_the_day_of_entry() -> None:
    end = EndAppointment(
        unit="unit-grid", person="li", role=Role.PARTY_MEMBER, until=TODAY, reason="Moved", actor="county-registrar"
    )
    scenario = a_raised_case().given(end).at(MORNING + DAY)
    assert scenario.when(WithdrawProposal(proposal=P, reason="Done", actor="li", at=MORNING)).refused is None


# --- what is recorded


def test_a_fact_carries_its_people_its_time_its_number_and_its_cause() -> None:
    scenario = a_raised_case()
    command = accepting(at=MORNING, entered_by="grid-grid-worker")
    fact = decide(PROPOSAL, scenario.state(P), command, scenario.context(), CAUSE)
    assert (fact.stream, fact.version, fact.name) == (P, 2, "ProposalAccepted")
    assert (fact.actor, fact.entered_by, fact.occurred_at) == ("community-screener", "grid-grid-worker", MORNING)
    assert (fact.command_id, fact.correlation_id, fact.causation_id) == ("command-1", "correlation-1", "cause-1")
    assert fact.reference == "proposal-1@2"
    first = decide(PROPOSAL, None, raising(at=MORNING), scenario.context(), CAUSE)
    assert (first.version, first.entered_by) == (1, "li")


def test_deciding_twice_gives_the_same_and_changes_nothing() -> None:
    scenario = a_raised_case()
    before = scenario.state(P)
    first = decide(PROPOSAL, before, accepting(at=MORNING), scenario.context(), CAUSE)
    assert decide(PROPOSAL, before, accepting(at=MORNING), scenario.context(), CAUSE) == first
    assert before == scenario.state(P)
    with pytest.raises(Refused):
        decide(PROPOSAL, before, accepting(at=MORNING, category="c"), scenario.context(), CAUSE)


def test_a_due_time_is_recorded_with_the_calendar_that_gave_it() -> None:
    case = a_raised_case().state(P)
    assert (case.due_at, case.calendar) == (MORNING.replace(hour=16) + 7 * DAY, "chinesecalendar 1.11.0")
    other = county(calendar=WeekdayCalendar()).when(raising())
    event = other.recorded[0].event
    assert isinstance(event, ProposalRaised)
    assert (event.calendar, event.provisional) == ("weekdays 1", False)


def test_a_due_time_over_a_year_that_is_not_published_is_provisional() -> None:
    event = county().at(MORNING.replace(year=2035)).when(raising()).recorded[0].event
    assert isinstance(event, ProposalRaised)
    assert event.provisional is True


def test_an_event_that_names_its_own_time_keeps_it_and_a_state_without_one_has_none() -> None:
    scenario = called(an_accepted_case())
    assert scenario.state(M).due_at == scenario.state(M).starts_at.replace(hour=16)
    assert scenario.state(M).calendar == "chinesecalendar 1.11.0"
    timeless = a_raised_case(rules(deadlines={"proposal": {"raised": {"within": None}}})).state(P)
    assert (timeless.due_at, timeless.calendar) == (None, None)
    assert county().state("unit-grid").due_at is None


def test_a_note_starts_no_new_period() -> None:
    scenario = a_raised_case()
    due = scenario.state(P).due_at
    scenario.at(MORNING + DAY).given(AddNote(proposal=P, note="Seen", actor="li"))
    case = scenario.state(P)
    assert (case.due_at, case.last_at, case.version, case.status) == (due, MORNING, 2, S.RAISED)


# --- folding


def test_the_state_is_what_the_facts_add_up_to_however_they_are_taken() -> None:
    scenario = a_discussed_case()
    facts = [fact for fact in scenario.facts if fact.stream == P]
    whole = fold(PROPOSAL, facts)
    assert whole == scenario.state(P)
    assert fold(PROPOSAL, facts[2:], fold(PROPOSAL, facts[:2])) == whole
    step: Proposal | None = None
    for fact in facts:
        after = evolve(PROPOSAL, step, fact)
        assert step is None or step is not after
        assert isinstance(after, Proposal)
        step = after
    assert step == whole


def test_nothing_adds_up_to_nothing() -> None:
    assert fold(PROPOSAL, []) is None


def test_folding_on_changes_neither_the_state_nor_what_it_contains() -> None:
    scenario = a_returned_case()
    before = scenario.state(P)
    kept = before.copy()
    fact = scenario.facts[-1]._replace(version=9)
    after = evolve(PROPOSAL, before, fact)
    assert isinstance(after, Proposal)
    assert after.counts == {"returns": 2}
    assert fold(PROPOSAL, [fact], before) is not before
    assert before == kept


def test_what_is_recorded_happened_whether_or_not_a_rule_would_have_allowed_it() -> None:
    scenario = a_raised_case().given(on(P, NoteAdded(note="x"), by="nobody", at=MORNING - 9 * DAY))
    assert scenario.state(P).version == 2


def test_a_state_event_clears_what_was_missed_and_moves_the_time_on() -> None:
    scenario = a_raised_case().at(MORNING + 20 * DAY).tick()
    assert scenario.state(P).missed == ("raised.record", "raised.tier_officer")
    assert scenario.state(P).opened_at == MORNING
    scenario.given(accepting())
    assert scenario.state(P).missed == ()
    assert (scenario.state(P).last_at, scenario.state(P).opened_at) == (MORNING + 20 * DAY, MORNING)


def test_a_follow_up_is_the_act_of_the_same_people_at_the_same_time() -> None:
    scenario = a_case_to_decide()
    scenario.given(CastVote(meeting=D, item=1, choice=Choice.AGAINST, actor="grid-member2"))
    scenario.when(closing(scenario).model_copy(update={"entered_by": "grid-grid-worker", "command_id": "c-1"}))
    item, decision = scenario.recorded
    assert decision.act == item.act == Act("grid-member1", "grid-grid-worker")
    assert decision.command_id == item.command_id == decision.correlation_id == item.causation_id == "c-1"
    assert (decision.causation_id, decision.occurred_at) == (item.reference, item.occurred_at)


def test_names_of_events_and_their_kind_are_their_own() -> None:
    assert {AgendaSet.name, MeetingOpened.name} == {"AgendaSet", "MeetingOpened"}
    assert WithdrawProposal(proposal=P, reason="x", actor="li").stream == P
