"""An append is one transaction: events, leaves, receipts, wake-ups and tracking together, or nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from eventsourcing.persistence import DataError, IntegrityError, ProgrammingError, StoredEvent, Tracking
from sqlalchemy import text

from proposals.adapters.store import (
    CommandIdTaken,
    CommandRecord,
    Envelope,
    Recorder,
    VersionConflict,
)
from proposals.adapters.store.leaf import leaf_hash, leaf_line, parse_line
from proposals.domain.vocabulary import instant_text

from .conftest import NOON, Opener, happened


def test_an_envelope_comes_back_as_it_was_stored_with_its_position_and_instant(url: str, opener: Opener) -> None:
    recorder = opener(url, clock=lambda: NOON)
    event = happened("p-1", 1, "c-1", '{"text":"修路 \\u0000 🛠"}'.encode())
    assert recorder.insert_events([event]) == [1]
    (found,) = recorder.select_events("p-1")
    assert found == Envelope(**{**vars(event), "position": 1, "recorded_at": "2030-01-01T12:00:00.000000Z"})
    (notification,) = recorder.select_notifications(1, 10)
    assert (notification.id, notification.actor, notification.state) == (1, "clerk", event.state)


def test_a_stream_that_was_read_or_written_must_be_where_it_was(recorder: Recorder) -> None:
    recorder.insert_events([happened("p-1", 1), happened("p-2", 1)])
    with pytest.raises(VersionConflict) as conflict:
        recorder.insert_events([happened("p-2", 2)], expected={"p-2": 1, "p-1": 2})
    assert (conflict.value.stream, conflict.value.expected, conflict.value.actual) == ("p-1", 2, 1)
    with pytest.raises(VersionConflict) as conflict:
        recorder.insert_events([happened("p-3", 1)], expected={"p-1": 0})
    assert (conflict.value.expected, conflict.value.actual) == (0, 1)
    assert recorder.insert_events([happened("p-3", 1)], expected={"p-1": 1, "p-4": 0}) == [3]
    assert recorder.heads(["p-1", "p-3", "p-4"]) == {"p-1": 1, "p-3": 1, "p-4": 0}


def test_versions_of_a_decided_stream_have_no_gap(recorder: Recorder) -> None:
    with pytest.raises(IntegrityError):
        recorder.insert_events([happened("p-1", 2)], expected={"p-1": 0})
    with pytest.raises(IntegrityError):
        recorder.insert_events([happened("p-1", 1), happened("p-1", 3)], expected={"p-1": 0})
    assert recorder.head() == 0


def test_a_refused_append_gives_its_positions_back(recorder: Recorder) -> None:
    recorder.insert_events([happened("p-1", 1)])
    for _ in range(3):
        with pytest.raises(IntegrityError):
            recorder.insert_events([happened("p-2", 1), happened("p-2", 1)])
    assert recorder.insert_events([happened("p-2", 1)]) == [2]


def test_a_command_is_found_by_its_id_with_the_positions_of_its_events(recorder: Recorder) -> None:
    recorder.insert_events([happened("p-0", 1)])
    recorder.insert_events(
        [happened("p-1", 1, "c-1"), happened("p-1", 2, "c-1"), happened("p-2", 1, "c-2")],
        commands=[
            CommandRecord("c-1", "f-1", 2),
            CommandRecord("c-0", "f-0", 0),
            CommandRecord("c-2", "f-2", 1),
        ],
    )
    assert recorder.find_command("c-1") == ("f-1", 2, 3)
    assert recorder.find_command("c-0") == ("f-0", 4, 3)
    assert recorder.find_command("c-2") == ("f-2", 4, 4)
    assert recorder.find_command("c-3") is None


def test_a_command_id_is_taken_once(recorder: Recorder) -> None:
    recorder.insert_events([happened("p-1", 1)], commands=[CommandRecord("c-1", "f", 1)])
    with pytest.raises(CommandIdTaken) as taken:
        recorder.insert_events(
            [happened("p-1", 2), happened("p-1", 3)],
            commands=[CommandRecord("c-2", "f", 1), CommandRecord("c-1", "f", 1)],
        )
    assert taken.value.command_id == "c-1"
    assert recorder.find_command("c-2") is None
    assert recorder.head() == 1


def test_wake_ups_move_go_away_and_come_earliest_first(recorder: Recorder) -> None:
    def at(day: int) -> str:
        return instant_text(NOON + timedelta(days=day))

    recorder.insert_events([happened("a", 1)], wakeups={"a": at(3), "b": at(2), "c": at(1), "d": at(9)})
    recorder.insert_events([], wakeups={"c": None, "a": at(1), "d": at(9), "never": None})
    assert recorder.due(at(5), 10) == ["a", "b"]
    assert recorder.due(at(5), 1) == ["a"]
    assert recorder.due(at(0), 10) == []


def test_recorded_at_never_goes_back_even_when_the_clock_does(url: str, opener: Opener) -> None:
    times = iter(
        [
            NOON,
            NOON - timedelta(hours=1),
            NOON.astimezone(timezone(timedelta(hours=8))),
            NOON + timedelta(microseconds=1),
        ]
    )
    recorder = opener(url, clock=lambda: next(times))
    for version in range(1, 5):
        recorder.insert_events([happened("p-1", version)])
    assert [event.recorded_at for event in recorder.log()] == ["2030-01-01T12:00:00.000000Z"] * 3 + [
        "2030-01-01T12:00:00.000001Z"
    ]


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        instant_text(datetime(2030, 1, 1))  # noqa: DTZ001 - that is the point
    assert instant_text(datetime(987, 1, 1, tzinfo=UTC)) == "0987-01-01T00:00:00.000000Z"


def test_tracking_is_recorded_with_the_events_or_not_at_all(recorder: Recorder) -> None:
    recorder.insert_events([happened("p-1", 1)], tracking=Tracking("upstream", 5))
    for notification_id in (4, 5):
        with pytest.raises(IntegrityError):
            recorder.insert_events([happened("p-1", 2)], tracking=Tracking("upstream", notification_id))
    with pytest.raises(IntegrityError):
        recorder.insert_events([happened("p-1", 1)], tracking=Tracking("upstream", 6))
    assert (recorder.max_tracking_id("upstream"), recorder.head()) == (5, 1)


def test_stored_text_must_be_utf_8(recorder: Recorder) -> None:
    with pytest.raises(DataError):
        recorder.insert_events([StoredEvent("p-1", 1, "Happened", b"\xff")])
    assert recorder.insert_events([happened("p-1", 1)]) == [1]


def test_an_empty_append_records_nothing(recorder: Recorder) -> None:
    assert recorder.insert_events([]) == []
    assert recorder.max_notification_id() is None


def test_streams_are_gone_through_in_order_of_id_and_version(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proposals.adapters.store.recorder.PAGE", 2)
    streams = ["b-2", "b-10", "a", "b-", "b-Ä", "c", "b-1"]
    for version in (1, 2, 3):
        recorder.insert_events([happened(stream, version) for stream in streams])
    mine = sorted(stream for stream in streams if stream.startswith("b-"))
    assert list(recorder.stream_ids("b-")) == mine
    found = [(event.originator_id, event.originator_version) for event in recorder.iterate_streams("b-")]
    assert found == [(stream, version) for stream in mine for version in (1, 2, 3)]
    assert len(list(recorder.iterate_streams())) == 21
    assert [event.position for event in recorder.iterate_streams("a", through=10)] == [3, 10]


def test_the_log_is_gone_through_as_it_was_when_asked(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proposals.adapters.store.recorder.PAGE", 2)
    recorder.insert_events([happened("p", version) for version in range(1, 8)])
    walk = recorder.log(after=1)
    assert next(walk).id == 2
    recorder.insert_events([happened("p", 8)])
    assert [event.id for event in walk] == [3, 4, 5, 6, 7]
    assert [event.id for event in recorder.log(after=3, limit=2)] == [4, 5]
    assert [event.id for event in recorder.log(through=3)] == [1, 2, 3]


def test_a_leaf_line_is_canonical_json_with_the_data_spliced_in(recorder: Recorder) -> None:
    actor = 'q"\\\n\x01\x7f\u2028/é修'
    data = b'{"a":1.0,"b":12345678901234567890123,"c":"\\u00e9"}'
    recorder.insert_events([replace(happened("p-ä", 1, "c", data), actor=actor, correlation_id="")])
    (event,) = recorder.log()
    line = leaf_line(event)
    columns = {
        "position": 1,
        "stream": "p-ä",
        "version": 1,
        "name": "Happened",
        "schema": 1,
        "occurred_at": "2030-01-01T00:00:00.000000Z",
        "recorded_at": event.recorded_at,
        "actor": actor,
        "entered_by": "clerk",
        "command_id": "c",
        "correlation_id": "",
        "causation_id": None,
        "index": 0,
        "data": "DATA",
    }
    canonical = json.dumps(columns, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert line.decode() == canonical.replace('"DATA"', data.decode())
    assert list(recorder.leaf_hashes()) == [sha256(b"\x00" + line).digest()]


@pytest.mark.parametrize(
    "state", [b"plain", b"{broken", b'{"a":\n1}', b'"text"', b"[1]", b"{}", b'{"a":"\xc3\xa9"}', b""]
)
def test_a_bare_event_has_a_leaf_line_too_and_it_can_be_read_back(recorder: Recorder, state: bytes) -> None:
    recorder.insert_events([StoredEvent("p-1", 0, "bare", state)])
    (event,) = recorder.log()
    line = leaf_line(event)
    assert b"\n" not in line
    assert json.loads(line)["stream"] == "p-1"
    assert parse_line(line).state == state
    assert list(recorder.leaf_hashes()) == [leaf_hash(line)]


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b"nonsense", b'{"actor":null}'])
def test_what_is_no_leaf_line_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="leaf line"):
        parse_line(line)


def test_a_leaf_line_that_was_written_otherwise_is_refused(recorder: Recorder) -> None:
    recorder.insert_events([happened("p-1", 1)])
    line = leaf_line(next(recorder.log()))
    for changed in (
        line.replace(b'"index":0', b'"index":1'),
        line.replace(b'"index":0', b'"index": 0'),
        line + b" ",
    ):
        with pytest.raises(ValueError, match="leaf line"):
            parse_line(changed)


def test_snapshots_can_be_kept_read_and_all_thrown_away(recorder: Recorder) -> None:
    snapshots = recorder.snapshot_recorder()
    snapshots.insert_events([happened("p-1", 5, data=b"\xff\x00"), StoredEvent("p-2", 1, "bare", b"x")])
    (kept,) = snapshots.select_events("p-1", desc=True, limit=1)
    assert (kept.state, getattr(kept, "schema", None)) == (b"\xff\x00", 1)
    snapshots.discard_snapshots()
    assert snapshots.select_events("p-1") == snapshots.select_events("p-2") == []


def test_the_events_table_can_be_read_with_plain_sql(recorder: Recorder) -> None:
    recorder.insert_events([happened("p-1", 1, "c-1")])
    with recorder.engine.connect() as connection:
        row = connection.execute(text("SELECT stream, version, name, data FROM events")).one()
    assert tuple(row) == ("p-1", 1, "Happened", '{"n":1}')


def test_a_store_that_is_closed_waits_for_who_is_still_using_it(recorder: Recorder) -> None:
    """To close a connection under a thread that is inside it would crash the process."""
    with recorder.readers.connection() as connection:
        recorder.close()
        assert connection.execute("SELECT 1").fetchone()[0] == 1
    with pytest.raises(ProgrammingError, match="closed"):
        recorder.head()
