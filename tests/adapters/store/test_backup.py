"""A backup taken while others write comes back as the same log, byte for byte, in either database."""

from __future__ import annotations

import gzip
import json
import threading
from hashlib import sha256
from pathlib import Path

import pytest
from eventsourcing.persistence import ProgrammingError, StoredEvent, Tracking
from sqlalchemy import text

from proposals.adapters.store import BackupError, CommandRecord, Recorder, backup, restore
from proposals.adapters.store.leaf import leaf_line

from .conftest import Opener, happened


@pytest.fixture
def filled(recorder: Recorder) -> Recorder:
    due = "2030-01-01T00:00:00.000000Z"
    recorder.insert_events(
        [happened("p-1", n, "c-1", '{"text":"修路","n":1.0}'.encode()) for n in range(1, 4)],
        commands=[CommandRecord("c-1", "f", 3), CommandRecord("c-0", "g", 0)],
        tracking=Tracking("upstream", 7),
        wakeups={"p-1": due, "p-2": due},
    )
    recorder.insert_events([StoredEvent("bare", 0, "bare", b"not json")])
    return recorder


def content(recorder: Recorder) -> list[object]:
    return [
        recorder.store_id,
        [leaf_line(event) for event in recorder.log()],
        list(recorder.leaf_hashes()),
        [recorder.find_command(command) for command in ("c-0", "c-1", "c-2")],
        recorder.max_tracking_id("upstream"),
        recorder.due("2031", 10),
    ]


def assert_empty(recorder: Recorder) -> None:
    assert content(recorder)[1:] == [[], [], [None] * 3, None, []]


@pytest.fixture
def file(filled: Recorder, tmp_path: Path) -> Path:
    path = tmp_path / "backup.gz"
    assert backup(filled, path) == 4
    return path


@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
def test_the_same_log_comes_back_in_either_database(
    filled: Recorder, file: Path, into: str, tmp_path: Path, opener: Opener, request: pytest.FixtureRequest
) -> None:
    if into == "postgresql":
        from tests.postgres import fresh_database

        with fresh_database(request.getfixturevalue("postgres_server_url")) as url, Recorder(url) as restored:
            assert restore(file, restored) == 4
            assert content(restored) == content(filled)
        return
    restored = opener(f"sqlite:///{tmp_path}/restored.db")
    assert restore(file, restored) == 4
    assert content(restored) == content(filled)
    assert restored.insert_events([happened("p-1", 4)], expected={"p-1": 3}) == [5]
    backup(opener(f"sqlite:///{tmp_path}/restored.db"), tmp_path / "again.gz")


def test_two_backups_of_the_same_log_are_the_same_file(filled: Recorder, file: Path, tmp_path: Path) -> None:
    backup(filled, tmp_path / "again.gz")
    assert (tmp_path / "again.gz").read_bytes() == file.read_bytes()
    assert sorted(path.name for path in tmp_path.glob("*.gz*")) == ["again.gz", "backup.gz"]


def test_a_backup_of_the_first_schema_is_restored(filled: Recorder, file: Path, opener: Opener) -> None:
    """The second added nothing that is saved."""
    whole = gzip.decompress(file.read_bytes()).splitlines(keepends=True)[:-1]
    lines = [whole[0].replace(b'"schema_version":2', b'"schema_version":1'), *whole[1:]]
    digest = sha256(b"".join(lines)).hexdigest()
    file.write_bytes(gzip.compress(b"".join([*lines, b'["end","%s"]\n' % digest.encode()])))
    restored = opener()

    assert restore(file, restored) == 4
    assert content(restored) == content(filled)


def test_an_empty_store_can_be_saved_and_restored(recorder: Recorder, tmp_path: Path, opener: Opener) -> None:
    assert backup(recorder, tmp_path / "empty.gz") == 0
    restored = opener()
    assert restore(tmp_path / "empty.gz", restored) == 0
    assert restored.store_id == recorder.store_id


def test_a_backup_while_others_write_is_the_log_of_one_moment(shared: Recorder, tmp_path: Path, opener: Opener) -> None:
    stop, started = threading.Event(), threading.Event()

    def write() -> None:
        version = 0
        while not stop.is_set():
            version += 1
            due = f"2030-01-01T00:00:00.{version:06}Z"
            shared.insert_events(
                [happened("p-1", version, f"c-{version}")],
                commands=[CommandRecord(f"c-{version}", "f", 1)],
                wakeups={"p-1": due},
                tracking=Tracking("upstream", version),
            )
            if version == 20:
                started.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        started.wait(timeout=30)
        heads = [backup(shared, tmp_path / f"{n}.gz") for n in range(3)]
    finally:
        stop.set()
        writer.join()
    for n, head in enumerate(heads):
        restored = opener()
        assert restore(tmp_path / f"{n}.gz", restored) == head
        assert restored.max_tracking_id("upstream") == head
        assert restored.due(f"2030-01-01T00:00:00.{head:06}Z") == ["p-1"]
        assert restored.find_command(f"c-{head}") == ("f", head, head)
        assert restored.find_command(f"c-{head + 1}") is None


def test_only_an_empty_store_is_restored(filled: Recorder, file: Path) -> None:
    before = content(filled)
    with pytest.raises(ProgrammingError, match="empty store"):
        restore(file, filled)
    assert content(filled) == before


@pytest.fixture
def empty(opener: Opener, tmp_path: Path) -> Recorder:
    return opener(f"sqlite:///{tmp_path}/empty.db")


@pytest.mark.parametrize("percent", [0, 1, 10, 50, 90, 99])
def test_a_backup_that_was_cut_off_is_refused(file: Path, empty: Recorder, percent: int) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * percent // 100])
    with pytest.raises(BackupError):
        restore(file, empty)
    assert_empty(empty)


def rewritten(file: Path, change: dict[bytes, bytes]) -> None:
    content = gzip.decompress(file.read_bytes())
    for old, new in change.items():
        assert old in content
        content = content.replace(old, new, 1)
    file.write_bytes(gzip.compress(content))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"actor":"clerk"', b'"actor":"thief"'),
        (b'"head":4', b'"head":3'),
        (b'"format":"proposals-backup.1"', b'"format":"proposals-backup.2"'),
        (b'"schema_version":2', b'"schema_version":3'),
        (b'"schema_version":2', b'"schema_version":0'),
        (b'"position":2', b'"position":3'),
        (b'["command","c-1"', b'["command","c-9"'),
        (b'["tracking"', b'["whatever"'),
        (b'["end"', b'["mid"'),
    ],
)
def test_a_backup_that_was_changed_is_refused(file: Path, empty: Recorder, old: bytes, new: bytes) -> None:
    rewritten(file, {old: new})
    with pytest.raises(BackupError):
        restore(file, empty)
    assert_empty(empty)


def test_a_backup_whose_line_was_taken_out_is_refused(file: Path, empty: Recorder) -> None:
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    del lines[-3]
    file.write_bytes(gzip.compress(b"".join(lines)))
    with pytest.raises(BackupError):
        restore(file, empty)
    assert_empty(empty)


FOREIGN = {
    "empty": b"",
    "zip": b"PK\x03\x04",
    "nothing": gzip.compress(b"", mtime=0),
    "text": gzip.compress(b"hello\n", mtime=0),
    "json": gzip.compress(b"{}\n[]\n", mtime=0),
}


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file_is_refused(tmp_path: Path, empty: Recorder, foreign: bytes) -> None:
    (tmp_path / "foreign").write_bytes(foreign)
    with pytest.raises(BackupError):
        restore(tmp_path / "foreign", empty)
    assert_empty(empty)


def test_a_store_that_was_tampered_with_is_not_saved(opener: Opener, tmp_path: Path) -> None:
    recorder = opener(f"sqlite:///{tmp_path}/store.db")
    recorder.insert_events([happened("p-1", 1)])
    with recorder.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER events_no_update"))
        connection.execute(text("UPDATE events SET data = '{}'"))
    with pytest.raises(BackupError, match="position 1"):
        backup(recorder, tmp_path / "backup.gz")
    assert not list(tmp_path.glob("*.gz*"))


def test_the_file_can_be_read_without_us(file: Path) -> None:
    header, *lines = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    assert header["format"] == "proposals-backup.1"
    assert [line["position"] for line in lines if isinstance(line, dict)] == [1, 2, 3, 4]
