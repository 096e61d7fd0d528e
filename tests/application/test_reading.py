"""get, history, log, subscribe and options: what is known, by which time, and by whom it may go on."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from proposals import (
    AcceptProposal,
    AddNote,
    Appoint,
    AttachEvidence,
    CallMeeting,
    CreateUnit,
    EndAppointment,
    Invalid,
    NotFound,
    Refused,
    RenameUnit,
    ReviseProposal,
    WithdrawProposal,
)
from proposals.domain.vocabulary import Kind
from proposals.testing import MORNING

from .conftest import Opener
from .county import PHOTO, Clock, County, ask, at


def accept(proposal: str = "proposal-1", **fields: Any) -> AcceptProposal:
    return AcceptProposal(proposal=proposal, category="facilities", actor="community-screener", **fields)


# --- get


def test_a_state_is_what_its_facts_add_up_to(county: County) -> None:
    county.raised(title="The lamp at gate 3")

    case = county.app.get("proposal-1")

    assert (case.id, case.version, str(case.status), case.title) == ("proposal-1", 1, "raised", "The lamp at gate 3")
    assert case.proposer.actor == "li"


def test_what_was_never_recorded_is_not_found(county: County) -> None:
    for door in (county.app.get, county.app.history, lambda stream: county.app.options("li", stream)):
        with pytest.raises(NotFound, match="proposal-9"):
            door("proposal-9")
    county.raised()
    with pytest.raises(NotFound):
        county.app.get("proposal-1", as_of=MORNING - timedelta(seconds=1))
    with pytest.raises(NotFound):
        county.app.get("proposal-1", known_at=MORNING - timedelta(seconds=1))


@pytest.mark.parametrize("stream", ["", "proposal", "proposal-", "parcel-1", "proposal-\x00", "proposal-\udc80", "-1"])
def test_what_can_be_no_id_is_invalid_on_every_store(county: County, stream: str) -> None:
    for door in (county.app.get, county.app.history, lambda stream: county.app.options("li", stream)):
        with pytest.raises(Invalid, match="stream"):
            door(stream)


def test_a_state_in_the_callers_hands_is_the_callers_own(county: County) -> None:
    unit = county.app.get("unit-grid")
    unit.appointments.clear()
    unit.title = "changed"

    assert county.app.get("unit-grid").title == "unit-grid"
    county.raised()


def test_as_of_shows_what_had_happened_whenever_it_was_recorded(county: County) -> None:
    county.raised()
    county.clock.now = at(5)
    county.app.do(accept(at=at(3)))
    county.app.do(ask(AttachEvidence, proposal="proposal-1", evidence=[PHOTO], actor="li", at=at(2, 3)))

    def case(moment: datetime) -> Any:
        return county.app.get("proposal-1", as_of=moment)

    assert (str(case(at(2)).status), len(case(at(2)).evidence)) == ("raised", 0)
    assert (str(case(at(2, 3)).status), len(case(at(2, 3)).evidence)) == ("raised", 1)
    assert (str(case(at(3)).status), len(case(at(3)).evidence)) == ("accepted", 1)


def test_known_at_shows_what_the_log_knew_whenever_it_had_happened(county: County) -> None:
    county.raised()
    county.clock.now = at(5)
    county.app.do(accept(at=at(3)))

    assert str(county.app.get("proposal-1", known_at=at(4)).status) == "raised"
    assert str(county.app.get("proposal-1", known_at=at(5)).status) == "accepted"
    assert str(county.app.get("proposal-1", as_of=at(3), known_at=at(4)).status) == "raised"
    assert str(county.app.get("proposal-1", as_of=at(3), known_at=at(5)).status) == "accepted"
    with pytest.raises(NotFound):
        county.app.get("proposal-1", as_of=MORNING - timedelta(days=1), known_at=at(5))


def test_both_times_may_be_given_in_any_zone_but_not_without_one(county: County) -> None:
    county.raised()
    shanghai = datetime.fromisoformat("2026-03-02T09:00:00+08:00")

    assert county.app.get("proposal-1", as_of=shanghai, known_at=shanghai).version == 1
    naive = MORNING.replace(tzinfo=None)
    for times in ({"as_of": naive}, {"known_at": naive}):
        with pytest.raises(ValueError, match="time zone"):
            county.app.get("proposal-1", **times)
    with pytest.raises(ValueError, match="time zone"):
        county.app.options("li", "proposal-1", at=naive)
    with pytest.raises(ValueError, match="time zone"):
        county.app.tick(naive)


# --- history and log


def test_the_log_tells_everything_in_commit_order_from_a_position_on(county: County) -> None:
    county.raised(1)
    county.raised(2)
    county.app.do(AddNote(proposal="proposal-1", note="n", actor="li"))
    facts = list(county.app.log())

    assert [fact.position for fact in facts] == list(range(1, len(facts) + 1))
    assert list(county.app.log(after=5)) == facts[5:]
    assert list(county.app.log(after=5, limit=3)) == facts[5:8]
    assert list(county.app.log(after=len(facts))) == []
    assert county.app.history("proposal-1") == [facts[-3], facts[-1]]


def test_streams_and_states_go_by_kind(county: County) -> None:
    for n in (2, 1, 10):
        county.raised(n)

    assert list(county.app.streams(Kind.PROPOSAL)) == ["proposal-1", "proposal-10", "proposal-2"]
    assert [state.id for state in county.app.states(Kind.PROPOSAL)] == ["proposal-1", "proposal-10", "proposal-2"]
    assert [state.id for state in county.app.states(Kind.POLICY)] == ["policy-1"]
    assert list(county.app.states(Kind.MEETING)) == []


# --- subscribe


def test_a_subscription_gives_what_is_there_and_then_what_comes(county: County) -> None:
    county.raised()
    head = county.app.recorder.head()
    with county.app.subscribe(after=head - 1) as facts:
        assert next(facts).name == "ProposalRaised"
        county.app.do(AddNote(proposal="proposal-1", note="n", actor="li"))
        assert next(facts).name == "NoteAdded"


def test_a_subscription_can_be_resumed_after_any_position(county: County) -> None:
    county.raised()
    everything = list(county.app.log())
    with county.app.subscribe() as facts:
        first = list(islice(facts, 5))
    with county.app.subscribe(after=first[-1].position or 0) as facts:
        rest = list(islice(facts, len(everything) - 5))

    assert [*first, *rest] == everything


def test_a_plain_loop_follows_the_log_until_it_is_stopped_from_another_thread(county: County) -> None:
    following = county.app.subscribe()
    seen = []
    for fact in following:
        seen.append(fact)
        if fact.position == county.app.recorder.head():
            stopper = threading.Thread(target=following.stop)
            stopper.start()
            stopper.join()

    assert seen == list(county.app.log())


def test_another_doors_facts_are_followed_too(shared: County, opened: Opener) -> None:
    other = opened(shared.url, clock=shared.clock)
    with other.app.subscribe(after=other.app.recorder.head()) as facts:
        shared.raised()
        assert next(facts).stream == "proposal-1"


# --- options


def commands(county: County, actor: str, stream: str = "proposal-1", *, open_: bool = True) -> dict[str, str]:
    return {
        option.command: option.refusal.code if option.refusal else ""
        for option in county.app.options(actor, stream)
        if option.open is open_
    }


def test_options_say_what_is_open_to_whom_and_why_the_rest_is_not(county: County) -> None:
    county.raised()
    head = county.app.recorder.head()

    assert set(commands(county, "li")) == {"ReviseProposal", "WithdrawProposal", "AddNote", "AttachEvidence"}
    closed = commands(county, "li", open_=False)
    assert closed["CoSignProposal"] == "cosigns_own"
    assert closed["AcceptProposal"] == "not_authorised"
    assert closed["DispatchWork"] == "wrong_state"
    assert "CoSignProposal" in commands(county, "wang")
    assert "AcceptProposal" in commands(county, "community-screener")
    assert county.app.recorder.head() == head


def test_what_begins_a_case_is_no_option_for_one_that_is_there(county: County) -> None:
    county.raised()

    options = {option.command: option for option in county.app.options("li", "proposal-1")}

    assert not {"RaiseProposal", "ImportOpenCase", "ImportClosedCase"} & options.keys()
    assert {"AcceptProposal", "ArchiveProposal", "WithdrawProposal"} <= options.keys()
    for option in options.values():
        if option.refusal is not None and option.refusal.code == "wrong_state":
            assert option.refusal.details["allowed"], option.command


def test_what_options_call_open_is_done_and_what_they_call_closed_is_refused_with_that_code(county: County) -> None:
    county.raised()
    county.app.do(accept())
    filled: dict[str, dict[str, Any]] = {
        "WithdrawProposal": {"reason": "solved"},
        "ReviseProposal": {"title": "Other", "text": "Other."},
        "AcceptProposal": {"category": "facilities"},
        "CoSignProposal": {},
    }
    classes = {"ReviseProposal": ReviseProposal, "AcceptProposal": AcceptProposal, "WithdrawProposal": WithdrawProposal}

    for option in county.app.options("li", "proposal-1"):
        command = classes.get(option.command)
        if command is None:
            continue
        given = command(proposal="proposal-1", actor="li", **filled[option.command])
        if option.open:
            county.app.do(given)
        else:
            assert option.refusal is not None
            with pytest.raises(Refused) as refused:
                county.app.do(given)
            assert refused.value.code == option.refusal.code
    assert str(county.app.get("proposal-1").status) == "withdrawn"


def test_options_do_not_rest_on_what_another_door_has_changed(shared: County, opened: Opener) -> None:
    other = opened(shared.url, clock=shared.clock)
    shared.raised()
    assert "CoSignProposal" in commands(other, "wang")

    yesterday = (MORNING - timedelta(days=1)).date()
    shared.app.do(
        ask(
            EndAppointment,
            unit="unit-grid",
            person="wang",
            role="party_member",
            until=yesterday,
            reason="moved",
            actor="county-registrar",
        )
    )

    assert "CoSignProposal" not in commands(other, "wang")


def test_a_decision_does_not_rest_on_what_another_door_has_changed(shared: County, opened: Opener) -> None:
    """Units are kept in memory: neither a yes nor a no may come from a stale one."""
    other = opened(shared.url, clock=shared.clock)
    other.raised(1, by="wang")
    yesterday = (MORNING - timedelta(days=1)).date()

    shared.app.do(
        ask(
            EndAppointment,
            unit="unit-grid",
            person="wang",
            role="party_member",
            until=yesterday,
            reason="moved",
            actor="county-registrar",
        )
    )
    with pytest.raises(Refused, match="not_authorised"):
        other.raised(2, by="wang")
    by, today = "county-registrar", MORNING.date()
    shared.app.do(ask(Appoint, unit="unit-grid", person="wang", role="resident", since=today, actor=by))
    other.raised(3, by="wang")
    shared.app.do(RenameUnit(unit="unit-grid", title="Grid 1", reason="numbered", actor=by))
    assert other.app.get("unit-grid").title == "Grid 1"


def test_options_of_a_round_tell_voters_from_others_and_end_with_it(county: County) -> None:
    county.evaluating()
    assert "CastBallot" in commands(county, "resident1", "round-1.1")
    assert commands(county, "resident9", "round-1.1", open_=False)["CastBallot"] == "not_authorised"
    county.clock.forward(days=8)
    county.app.tick()
    assert commands(county, "resident1", "round-1.1", open_=False)["CastBallot"] == "wrong_state"


def test_options_may_be_asked_for_another_day(county: County) -> None:
    call = "SetAgenda"
    day = MORNING + timedelta(days=4)
    county.app.do(
        ask(
            CallMeeting,
            meeting="meeting-1",
            unit="unit-grid",
            meeting_kind="residents_council",
            purpose="discuss",
            title="Council",
            starts_at=day,
            chair="grid-member1",
            actor="grid-convenor",
        ),
        ask(
            EndAppointment,
            unit="unit-grid",
            person="grid-convenor",
            role="convenor",
            until=MORNING.date(),
            reason="term over",
            actor="county-registrar",
        ),
    )
    now = {option.command for option in county.app.options("grid-convenor", "meeting-1") if option.open}
    county.clock.now = day
    later = {option.command for option in county.app.options("grid-convenor", "meeting-1", at=day) if option.open}

    assert call in now
    assert call not in later


def test_a_door_to_a_store_that_is_closed_says_so(county: County) -> None:
    county.app.close()
    with pytest.raises(Exception, match="closed"):
        county.raised()


def test_a_clock_of_the_hosts_is_the_only_one_that_is_asked(opened: Opener) -> None:
    long_ago = Clock(datetime.fromisoformat("2001-01-01T00:00:00+00:00"))
    county = opened(clock=long_ago)
    county.app.do(ask(CreateUnit, unit="unit-county", title="County", tier="county", actor="system"))

    (fact,) = county.app.log()
    assert fact.occurred_at == fact.recorded_at == long_ago()
