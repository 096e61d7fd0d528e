"""A log that holds what this release cannot read: it is named, nothing is guessed, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from eventsourcing.persistence import OperationalError
from sqlalchemy import text

from proposals import AddNote, CoSignProposal, RaiseProposal, Unfinished, UnknownEvent
from proposals.adapters.mapper import BrokenEvent
from proposals.domain.vocabulary import Kind

from .county import County, ask

ROW: dict[str, Any] = {
    "stream": "proposal-1",
    "version": 2,
    "name": "NoteAdded",
    "schema": 1,
    "occurred_at": "2026-03-02T01:00:00.000000Z",
    "recorded_at": "2026-03-02T01:00:00.000000Z",
    "actor": "li",
    "entered_by": "li",
    "command_id": "x",
    "correlation_id": "x",
    "causation_id": "x",
    "data": '{"note":"n"}',
}


def slip_in(county: County, **changes: Any) -> None:
    """Put a row into the log behind the door's back, as another release or program would."""
    position = county.app.recorder.head() + 1
    row = {**ROW, "position": position, **changes}
    columns = ", ".join(f'"{column}"' for column in row)
    values = ", ".join(f":{column}" for column in row)
    with county.app.recorder.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO events ({columns}) VALUES ({values})"), row)
        connection.execute(text("UPDATE log_head SET position = :position"), {"position": position})


@pytest.fixture(params=["unknown name", "newer schema", "broken data"])
def spoilt(request: pytest.FixtureRequest, shared: County) -> tuple[County, type[Exception], str]:
    """A county in whose log something on proposal-1 cannot be read."""
    shared.raised(1)
    shared.raised(2)
    spoils: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
        "unknown name": ({"name": "ProposalTeleported"}, UnknownEvent, "ProposalTeleported in schema 1"),
        "newer schema": ({"schema": 7}, UnknownEvent, "NoteAdded in schema 7"),
        "broken data": ({"data": '{"note":13800138000}'}, BrokenEvent, "is no valid NoteAdded"),
    }
    changes, error, named = spoils[request.param]
    slip_in(shared, **changes)
    return shared, error, named


def test_every_way_to_it_names_it_and_shows_nothing_of_its_content(
    spoilt: tuple[County, type[Exception], str],
) -> None:
    county, error, named = spoilt
    app = county.app
    ways: list[Callable[[], object]] = [
        lambda: app.get("proposal-1"),
        lambda: app.get("proposal-1", as_of=county.clock()),
        lambda: app.history("proposal-1"),
        lambda: app.options("li", "proposal-1"),
        lambda: list(app.log()),
        lambda: list(app.states(Kind.PROPOSAL)),
        lambda: app.do(AddNote(proposal="proposal-1", note="n", actor="li")),
    ]
    for way in ways:
        with pytest.raises(error, match="proposal-1 version 2") as raised:
            way()
        assert named in str(raised.value)
        assert "138" not in str(raised.value)


def test_nothing_is_written_on_it_and_everything_else_goes_on(spoilt: tuple[County, type[Exception], str]) -> None:
    county, error, _ = spoilt
    head = county.app.recorder.head()
    new = {"place": "unit-grid", "source": "other", "title": "L", "text": "t", "actor": "li"}
    batch = (
        ask(RaiseProposal, proposal="proposal-3", **new),
        CoSignProposal(proposal="proposal-1", actor="wang"),
    )

    for commands in (batch, (CoSignProposal(proposal="proposal-1", actor="wang"),)):
        with pytest.raises(error):
            county.app.do(*commands)
    assert county.app.recorder.head() == head

    (fact,) = county.app.do(CoSignProposal(proposal="proposal-2", actor="wang"))
    assert (fact.position, county.app.get("proposal-2").version) == (head + 1, 2)


def test_a_tick_does_everything_else_and_then_names_it(spoilt: tuple[County, type[Exception], str]) -> None:
    county, error, named = spoilt
    county.clock.forward(days=8)

    with pytest.raises(Unfinished, match="proposal-1 version 2") as raised:
        county.app.tick()

    assert list(raised.value.streams) == ["proposal-1"]
    assert isinstance(raised.value.streams["proposal-1"], error)
    assert isinstance(raised.value.__cause__, ExceptionGroup)
    assert named in str(raised.value)
    assert [fact.stream for fact in raised.value.recorded] == ["proposal-2"]
    assert county.app.history("proposal-2")[-1] == raised.value.recorded[0]

    with pytest.raises(Unfinished) as again:
        county.app.tick()
    assert (list(again.value.streams), again.value.recorded) == (["proposal-1"], [])


def test_a_round_that_cannot_be_read_keeps_its_keys_and_holds_up_nothing_else(shared: County) -> None:
    shared.evaluating(1)
    shared.raised(2)
    slip_in(shared, stream="round-1.1", version=shared.app.get("round-1.1").version + 1, name="RoundTeleported")
    shared.clock.forward(days=8)

    with pytest.raises(Unfinished, match="RoundTeleported") as raised:
        shared.app.tick()

    assert "round-1.1" in raised.value.streams
    assert "proposal-2" in {fact.stream for fact in raised.value.recorded}
    assert len(shared.app.keys.names("round-")) == 2


def test_what_nobody_foresaw_is_named_without_its_text(memory: County, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.raised(1)
    memory.clock.forward(days=8)
    monkeypatch.setattr(memory.app.reader, "latest", Mock(side_effect=KeyError("13800138000")))

    with pytest.raises(Unfinished, match="proposal-1: KeyError") as raised:
        memory.app.tick()

    assert "138" not in str(raised.value)


def test_what_ails_the_store_itself_ends_a_tick_at_once(memory: County, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.raised(1)
    memory.raised(2)
    memory.clock.forward(days=8)
    latest = Mock(side_effect=OperationalError("gone"))
    monkeypatch.setattr(memory.app.reader, "latest", latest)

    with pytest.raises(OperationalError, match="gone"):
        memory.app.tick()
    assert latest.call_count == 1


def test_a_follower_stops_before_it_and_can_go_on_from_there_with_another_release(
    spoilt: tuple[County, type[Exception], str],
) -> None:
    county, error, _ = spoilt
    head = county.app.recorder.head()

    with county.app.subscribe(after=head - 3) as facts:
        assert [next(facts).position for _ in range(2)] == [head - 2, head - 1]
        with pytest.raises(error):
            next(facts)
