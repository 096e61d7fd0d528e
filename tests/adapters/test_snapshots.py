"""Snapshots: a snapshot and the rest of the log come to the same state as the whole log, for every kind of stream."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import text

from proposals import AddNote, CastBallot, EraseSubject, RaiseObjection, SuspendHandling
from proposals.adapters.snapshots import Snapshot, Snapshots
from proposals.adapters.store import SnapshotRecorder
from proposals.domain.vocabulary import Erased, Kind
from tests.application.county import LI_CONTACT, VOTERS, County, ask

Opener = Callable[..., County]


@pytest.fixture
def opened() -> Iterator[Opener]:
    with ExitStack() as stack:

        def open_door(**ports: Any) -> County:
            county = County(**ports)
            stack.enter_context(county.app)
            return county

        yield open_door


def busy(county: County) -> County:
    """Something on every kind of stream, with as many fields filled as one pass through the steps fills."""
    county.found().evaluating(1, contact=LI_CONTACT)
    county.app.do(*(ask(CastBallot, round="round-1.1", grade="satisfied", actor=voter) for voter in VOTERS[:4]))
    county.announced(2)
    objection = ask(RaiseObjection, proposal="proposal-2", grounds="dear", resides_in="unit-grid", actor="resident1")
    county.app.do(objection)
    county.handling(3)
    rest = {"requested_by": "water-handler", "reason": "frost", "review_at": county.clock().replace(month=12)}
    county.app.do(ask(SuspendHandling, proposal="proposal-3", actor="community-tier-officer", **rest))
    county.voted(4)
    return county


def every_state(county: County) -> dict[str, Any]:
    return {stream: county.app.get(stream) for kind in Kind for stream in county.app.streams(kind)}


def every_log_folded(county: County) -> dict[str, Any]:
    """The same, from the events alone."""
    return {state.id: state for kind in Kind for state in county.app.states(kind)}


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_snapshot_and_the_rest_come_to_the_same_state_as_the_whole_log(opened: Opener, every: int) -> None:
    county = busy(opened(snapshot_every=every))

    states = every_state(county)

    assert {stream.partition("-")[0] for stream in states} == {kind.value for kind in Kind}
    assert states == every_log_folded(county)


def test_every_kind_has_been_read_from_a_snapshot_and_from_nothing_else(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    county = busy(opened(snapshot_every=1))
    expected = every_state(county)
    beginnings: set[int | None] = set()
    select = county.app.recorder.select_events

    def watched(originator_id: str, **span: Any) -> Any:
        beginnings.add(span.get("gt"))
        return select(originator_id, **span)

    monkeypatch.setattr(county.app.recorder, "select_events", watched)

    assert every_state(county) == expected
    assert None not in beginnings


def test_an_erased_subject_shows_as_erased_from_a_snapshot_that_held_its_data(opened: Opener) -> None:
    county = busy(opened(snapshot_every=1))
    county.app.do(
        EraseSubject(
            subject="subject-li",
            ground="asked",
            reason="r",
            approved_by="county-reviewer",
            actor="county-archivist",
        )
    )

    assert county.app.get("proposal-1").contact == Erased(subject="subject-li")
    county.app.do(AddNote(proposal="proposal-1", note="n", actor="li"))
    assert county.app.get("proposal-1").contact == Erased(subject="subject-li")
    assert every_state(county) == every_log_folded(county)


def test_a_snapshot_of_another_shape_is_passed_over(opened: Opener) -> None:
    county = busy(opened(snapshot_every=1))
    expected = every_state(county)
    with county.app.recorder.engine.begin() as connection:
        connection.execute(text("UPDATE snapshots SET name = 'proposal.of_another_release', data = x'7B7D'"))

    assert every_state(county) == expected
    county.app.do(AddNote(proposal="proposal-1", note="n", actor="li"))
    assert county.app.get("proposal-1").version == expected["proposal-1"].version + 1


def test_snapshots_may_be_thrown_away_at_any_time(opened: Opener) -> None:
    county = busy(opened(snapshot_every=1))
    expected = every_state(county)

    county.app.recorder.snapshot_recorder().discard_snapshots()

    assert every_state(county) == expected


@pytest.mark.parametrize("failure", [OSError("disk full"), KeyError("broken")], ids=repr)
def test_a_snapshot_that_cannot_be_written_loses_nothing_and_is_reported(
    opened: Opener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failure: Exception
) -> None:
    county = opened(snapshot_every=1).found()

    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(SnapshotRecorder, "insert_events", fail)
    with caplog.at_level(logging.WARNING):
        county.raised(1)

    assert "no snapshot of proposal-1" in caplog.text
    assert county.app.get("proposal-1").version == 1


def test_a_snapshot_that_is_there_already_does_not_disturb(
    opened: Opener, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    county = opened(snapshot_every=1).found()
    put = Snapshots.put

    def put_twice(self: Snapshots, snapshots: Any, **kwargs: Any) -> Any:
        put(self, snapshots, **kwargs)
        return put(self, snapshots, **kwargs)

    monkeypatch.setattr(Snapshots, "put", put_twice)
    county.raised(1)

    assert "no snapshot of proposal-1" in caplog.text
    assert county.app.get("proposal-1").version == 1


def test_a_snapshot_goes_by_the_names_that_the_event_store_asks_for(opened: Opener) -> None:
    state = busy(opened()).app.get("proposal-1")
    snapshot = Snapshot(state)
    assert (snapshot.originator_id, snapshot.originator_version) == (state.id, state.version)
