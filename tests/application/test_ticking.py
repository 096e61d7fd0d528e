"""`tick`: what is due is done once, however late, however often, and whoever ticks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from proposals import (
    AcceptProposal,
    AcknowledgeOrder,
    CheckPolicy,
    CoSignProposal,
    DeadlineMissed,
    DecisionConfirmed,
    DraftPolicy,
    MigratePolicy,
    ObjectionRaised,
    ProposalArchived,
    PublishPolicy,
    RaiseObjection,
    Refused,
    ReportIn,
    ReviseProposal,
    RoundClosed,
    WithdrawProposal,
)
from proposals.adapters.policies import default_policy
from proposals.testing import MORNING

from .checks import assert_whole
from .conftest import Opener
from .county import County, ask, at


def test_nothing_is_done_before_it_is_due(county: County) -> None:
    county.raised()
    head = county.app.recorder.head()
    county.clock.forward(days=5)

    assert county.app.tick() == []
    assert county.app.recorder.head() == head


def test_a_missed_deadline_is_noted_with_its_owner_and_its_time(county: County) -> None:
    county.raised()
    county.clock.forward(days=8)

    (fact,) = county.app.tick()

    assert isinstance(fact.event, DeadlineMissed)
    assert (fact.stream, fact.actor, fact.occurred_at) == ("proposal-1", "system", county.clock())
    assert (fact.event.timer, fact.event.owner.value) == ("raised.record", "screener")
    assert fact.event.due < county.clock()
    assert county.app.history("proposal-1")[-1] == fact


def test_a_tick_has_no_second_effect(county: County) -> None:
    county.raised()
    county.clock.forward(days=8)
    county.app.tick()
    head = county.app.recorder.head()

    assert county.app.tick() == []
    assert county.app.tick(county.clock() - timedelta(days=1)) == []
    county.clock.forward(hours=1)
    assert county.app.tick() == []
    assert county.app.recorder.head() == head
    assert_whole(county.app)


def test_a_late_tick_catches_up_with_everything_that_was_due_meanwhile(county: County) -> None:
    county.raised()
    county.clock.forward(days=30)

    done = county.app.tick()

    assert [fact.event.timer for fact in done if isinstance(fact.event, DeadlineMissed)] == [
        "raised.record",
        "raised.tier_officer",
    ]


def test_one_tick_leads_to_the_next_state_and_what_is_due_there(county: County) -> None:
    county.raised()
    county.app.do(WithdrawProposal(proposal="proposal-1", reason="solved", actor="li"))

    (fact,) = county.app.tick()

    assert isinstance(fact.event, ProposalArchived)
    assert county.app.tick() == []


def test_what_has_been_dealt_with_in_time_is_no_longer_due(county: County) -> None:
    county.raised()
    county.app.do(ask(AcceptProposal, proposal="proposal-1", category="facilities", actor="community-screener"))
    county.clock.forward(days=8)

    (fact,) = county.app.tick()

    assert isinstance(fact.event, DeadlineMissed)
    assert fact.event.timer == "accepted.record"


def test_a_timer_that_must_wait_goes_off_at_the_first_tick_that_finds_nothing_in_its_way(county: County) -> None:
    county.announced()
    county.app.do(
        ask(RaiseObjection, proposal="proposal-1", grounds="too dear", resides_in="unit-grid", actor="resident1")
    )
    county.clock.forward(days=8)
    assert DecisionConfirmed not in {type(fact.event) for fact in county.app.tick()}
    assert ObjectionRaised in {type(fact.event) for fact in county.app.history("proposal-1")}
    assert county.app.tick() == []


def test_many_streams_are_ticked_in_one_go(memory: County) -> None:
    for n in range(1, 41):
        memory.raised(n)
    memory.clock.forward(days=8)

    done = memory.app.tick()

    assert sorted(fact.stream for fact in done) == sorted(f"proposal-{n}" for n in range(1, 41))
    assert_whole(memory.app)


def test_the_clock_closes_a_round_and_what_follows_is_recorded_with_it(county: County) -> None:
    county.evaluating()
    county.clock.forward(days=8)

    closed, evaluated = county.app.tick()

    assert isinstance(closed.event, RoundClosed)
    assert (closed.event.tally.valid, closed.event.tally.grades, closed.event.content_key) == (0, None, None)
    assert evaluated.name == "EvaluationInconclusive"
    assert county.app.history("round-1.1")[-1] == closed
    assert_whole(county.app)


def test_a_tick_in_the_future_is_refused(county: County) -> None:
    county.raised()
    head = county.app.recorder.head()
    with pytest.raises(Refused, match="in_the_future"):
        county.app.tick(county.clock() + timedelta(days=30))
    assert county.app.recorder.head() == head


def test_a_timer_that_is_pending_again_after_a_backdated_act_is_not_noted_twice_nor_forever(county: County) -> None:
    """The revision restarts the period in which a time was missed already: the same timer, the same due time."""
    county.raised()
    county.clock.forward(days=8)
    first = county.app.tick()
    county.app.do(
        ReviseProposal(proposal="proposal-1", title="Lamp", text="Two lamps.", actor="li", at=MORNING + timedelta(1))
    )
    county.app.do(ReviseProposal(proposal="proposal-1", title="Lamp", text="Three.", actor="li", at=at(3, 2)))
    again = county.app.tick()
    head = county.app.recorder.head()

    assert len(first) == 1
    assert county.app.tick() == []
    assert county.app.recorder.head() == head
    missed = [fact.event for fact in (*first, *again)]
    assert len({(event.timer, event.due) for event in missed if isinstance(event, DeadlineMissed)}) == len(missed)
    assert_whole(county.app)


def test_a_case_whose_timer_has_gone_off_twice_over_still_meets_its_later_timers(county: County) -> None:
    county.raised()
    county.clock.now = at(9).replace(hour=16)  # what was done on the 2nd can still be entered
    (first,) = county.app.tick()
    county.app.do(ReviseProposal(proposal="proposal-1", title="Lamp", text="Two.", actor="li", at=MORNING))
    assert county.app.tick() == []
    county.clock.now = at(13)

    (second,) = county.app.tick()

    assert isinstance(first.event, DeadlineMissed)
    assert isinstance(second.event, DeadlineMissed)
    assert (first.event.timer, second.event.timer) == ("raised.record", "raised.tier_officer")


def test_tickers_at_once_do_everything_once(shared: County, opened: Opener) -> None:
    for n in range(1, 9):
        shared.raised(n)
    shared.clock.forward(days=8)
    doors = [shared, *(opened(shared.url, clock=shared.clock) for _ in range(3))]
    together = Barrier(len(doors))

    def tick(county: County) -> None:
        together.wait()
        county.app.tick()

    with ThreadPoolExecutor(len(doors)) as threads:
        list(threads.map(tick, doors))

    facts = assert_whole(shared.app)
    assert sorted(fact.stream for fact in facts if isinstance(fact.event, DeadlineMissed)) == sorted(
        f"proposal-{n}" for n in range(1, 9)
    )


def test_a_tick_does_not_rest_on_what_another_door_has_changed(shared: County, opened: Opener) -> None:
    """The case was taken up in time elsewhere: this door may still remember it as raised, but must not say so."""
    shared.raised()
    shared.app.get("proposal-1")
    other = opened(shared.url, clock=shared.clock)
    shared.clock.forward(days=1)
    other.app.do(ask(AcceptProposal, proposal="proposal-1", category="facilities", actor="community-screener"))
    shared.clock.forward(days=10)

    done = [fact.event for fact in shared.app.tick()]

    assert [event.timer for event in done if isinstance(event, DeadlineMissed)] == ["accepted.record"]
    assert_whole(other.app)


def test_a_timer_that_is_overtaken_between_the_look_and_the_record_is_passed_over(
    shared: County, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accepted just then: to say that nobody did so in time would be untrue of the case as it stands."""
    shared.raised()
    other = opened(shared.url, clock=shared.clock)
    shared.clock.forward(days=8)
    latest = shared.app.reader.latest

    def latest_and_then_accepted(stream: str) -> Any:
        state = latest(stream)
        if state is not None and state.version == 1:
            accepted = ask(AcceptProposal, proposal=stream, category="facilities", actor="community-screener")
            other.app.do(accepted)
        return state

    with monkeypatch.context() as patch:
        patch.setattr(shared.app.reader, "latest", latest_and_then_accepted)
        assert shared.app.tick() == []

    assert [fact.name for fact in shared.app.history("proposal-1")] == ["ProposalRaised", "ProposalAccepted"]
    assert shared.app.tick() == []


def test_a_tick_passes_over_what_others_are_changing(shared: County, opened: Opener) -> None:
    for n in range(1, 9):
        shared.raised(n)
    shared.clock.forward(days=8)
    other = opened(shared.url, clock=shared.clock)

    def cosign() -> None:
        for n in range(1, 9):
            other.app.do(CoSignProposal(proposal=f"proposal-{n}", actor="wang"))

    with ThreadPoolExecutor(2) as threads:
        done = threads.submit(shared.app.tick)
        threads.submit(cosign).result()

    assert len(done.result()) == 8
    assert_whole(shared.app)


def test_another_edition_moves_what_the_clock_waits_for_on_the_orders_of_a_case_too(county: County) -> None:
    case = county.handling()
    order = "order-1.1"
    county.app.do(AcknowledgeOrder(order=order, actor="water-handler"), ReportIn(order=order, actor="water-handler"))
    stricter = default_policy().model_dump(mode="json")
    stricter["deadlines"]["order"]["in_progress"]["then"] = [{"do": "urge"}]
    by: dict[str, Any] = {"policy": "policy-2", "actor": "county-registrar"}
    county.app.do(
        ask(DraftPolicy, unit="unit-county", rules=stricter, **by),
        CheckPolicy(**by),
        PublishPolicy(policy="policy-2", effective=county.clock.now.date(), actor="county-principal"),
    )
    due = county.app.get(order).due_at

    county.app.do(MigratePolicy(proposal=case, to="policy-2", reason="Sooner.", actor="community-tier-officer"))

    county.clock.now = due
    assert order in {fact.stream for fact in county.app.tick() if fact.name == "OrderUrged"}


def test_a_host_cannot_tick_inside_its_transaction(county: County) -> None:
    county.raised()
    county.clock.forward(days=8)
    engine = county.app.recorder.engine

    with engine.connect() as connection:
        with county.app.within(connection), pytest.raises(Refused, match="not_inside_a_host"):
            county.app.tick()
        connection.rollback()
    assert len(county.app.tick()) == 1
