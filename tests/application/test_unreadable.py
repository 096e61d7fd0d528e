"""A log that holds what this release cannot read: it is named, nothing is guessed, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from proposals import AddNote, CoSignProposal, RaiseProposal, UnknownEvent
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


def test_a_follower_stops_before_it_and_can_go_on_from_there_with_another_release(
    spoilt: tuple[County, type[Exception], str],
) -> None:
    county, error, _ = spoilt
    head = county.app.recorder.head()

    with county.app.subscribe(after=head - 3) as facts:
        assert [next(facts).position for _ in range(2)] == [head - 2, head - 1]
        with pytest.raises(error):
            next(facts)
