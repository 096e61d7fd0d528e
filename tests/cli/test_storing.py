"""`backup`, `restore`, `upgrade`, `forget`: what is kept, what comes back, and what never may."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from proposals.adapters.key_files import key_store_for
from tests.cli.conftest import Desk, accepted, lines, raised

FORGET = (
    "forget", "subject-li", "--ground", "PIPL 47", "--reason", "asked for it",
    "--actor", "archivist", "--approved-by", "reviewer",
)  # fmt: skip


@pytest.fixture
def personal(desk: Desk) -> Desk:
    """A case with somebody's telephone number."""
    desk.do(raised(contact={"subject": "subject-li", "value": "13800000000"}), accepted())
    return desk


def elsewhere(desk: Desk) -> Desk:
    """Another desk, with nothing on it."""
    folder = desk.folder / "elsewhere"
    folder.mkdir()
    return Desk(folder)


def test_what_was_saved_comes_back_event_by_event(personal: Desk) -> None:
    other = elsewhere(personal)

    personal.run("backup", "county.backup")
    done = other.run("restore", str(personal.folder / "county.backup"))

    assert str(personal.head()) in done.stdout
    assert other.head() == personal.head()
    theirs, ours = (desk.rows("history", "proposal-1") for desk in (other, personal))
    assert [event["recorded_at"] for event in theirs] == [event["recorded_at"] for event in ours]


def test_a_backup_says_that_the_keys_are_not_in_it(personal: Desk) -> None:
    assert "county.db.keys" in personal.run("backup", "county.backup").stdout
    assert b"13800000000" not in (personal.folder / "county.backup").read_bytes()


def test_a_backup_overwrites_nothing_unless_it_is_told_to(personal: Desk) -> None:
    (personal.folder / "county.backup").write_text("dear to me")

    assert "--force" in personal.run("backup", "county.backup", code=2).stderr
    assert (personal.folder / "county.backup").read_text() == "dear to me"
    personal.run("backup", "county.backup", "--force")
    assert (personal.folder / "county.backup").read_bytes()[:2] == b"\x1f\x8b"


@pytest.mark.parametrize("name", ["county.db", "county.db.keys"])
def test_a_backup_never_goes_over_the_database_or_its_keys(personal: Desk, name: str) -> None:
    before = personal.head()

    personal.run("backup", str(personal.folder / name), "--force", code=2)

    assert personal.head() == before


def test_only_an_empty_database_is_restored_into(personal: Desk) -> None:
    personal.run("backup", "county.backup")

    assert "not empty" in personal.run("restore", "county.backup", code=1).stderr


@pytest.mark.parametrize("damage", ["cut off", "changed", "something else"])
def test_a_damaged_backup_leaves_no_database_behind(personal: Desk, damage: str) -> None:
    personal.run("backup", "county.backup")
    file = personal.folder / "county.backup"
    whole = file.read_bytes()
    half = len(whole) // 2
    changed = whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :]
    file.write_bytes({"cut off": whole[:half], "changed": changed, "something else": b"PK\x03\x04"}[damage])
    other = elsewhere(personal)

    done = other.run("restore", str(file), code=1)

    assert len(done.stderr.splitlines()) == 1
    assert list(other.folder.iterdir()) == []


def test_forgetting_says_what_it_destroyed_and_what_it_left(personal: Desk) -> None:
    done = personal.run(*FORGET)

    assert "subject-li" in done.stdout
    assert "proposal-1 v1 contact" in done.stdout
    assert "not destroyed" in done.stdout
    state = json.loads(personal.run("show", "proposal-1", "--personal", "--format", "json").stdout)
    assert state["contact"] == {"subject": "subject-li", "erased": True}


def test_forgetting_in_json_names_every_field_that_cannot_be_read_any_more(personal: Desk) -> None:
    said = json.loads(personal.run(*FORGET, "--format", "json").stdout)

    assert said["destroyed"] is True
    assert said["unreadable"] == [{"stream": "proposal-1", "version": 1, "field": "contact"}]


@pytest.mark.parametrize("by", ["archivist", "li"])
def test_forgetting_takes_a_second_person_who_may(personal: Desk, by: str) -> None:
    head = personal.head()

    personal.run(*FORGET[:-1], by, code=3)

    assert personal.head() == head
    assert "13800000000" in personal.run("show", "proposal-1", "--personal").stdout


def test_what_was_forgotten_stays_forgotten_after_an_old_key_file_comes_back(personal: Desk) -> None:
    keys = personal.folder / "county.db.keys"
    shutil.copy(keys, personal.folder / "old.keys")
    personal.run(*FORGET)
    personal.run("backup", "county.backup")
    other = elsewhere(personal)
    shutil.copy(personal.folder / "old.keys", other.folder / "county.db.keys")
    shutil.copy(personal.folder / "county.db.keys.kek", other.folder / "county.db.keys.kek")

    done = other.run("restore", str(personal.folder / "county.backup"))

    assert "destroyed: 1" in done.stdout
    assert key_store_for(other.url).destroyed("subject:") == ["subject:subject-li"]
    assert "13800000000" not in other.run("show", "proposal-1", "--personal").stdout


def test_an_upgrade_of_what_is_up_to_date_changes_nothing(desk: Desk) -> None:
    head = desk.head()

    assert "already" in desk.run("upgrade").stdout
    assert desk.head() == head


@pytest.mark.parametrize(("version", "word"), [("0", "older"), ("999", "newer")])
def test_a_database_of_another_release_is_not_touched(desk: Desk, version: str, word: str) -> None:
    with sqlite3.connect(desk.file) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (version,))
    connection.close()

    done = desk.run("register", code=1)

    assert word in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_copy_that_can_only_be_read_is_read_as_it_is(personal: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {file.name: file.read_bytes() for file in personal.folder.iterdir()}
    monkeypatch.setattr("os.access", lambda _path, mode: mode != os.W_OK)

    assert "13800000000" in personal.run("show", "proposal-1", "--personal").stdout
    assert "proposal-1" in personal.run("register").stdout
    assert "database can only be read" in personal.run(*FORGET, code=1).stderr
    assert {file.name: file.read_bytes() for file in personal.folder.iterdir()} == before


@pytest.mark.parametrize(("lang", "said"), [("en", "can only be read"), ("zh", "只读")])
def test_a_key_file_that_can_only_be_read_is_named(
    personal: Desk, monkeypatch: pytest.MonkeyPatch, lang: str, said: str
) -> None:
    monkeypatch.setattr("os.access", lambda path, _: not str(path).endswith(".keys"))
    command = raised("proposal-2", contact={"subject": "subject-wang", "value": "13900000000"})

    done = personal.run("do", "-", given=lines(command), lang=lang, code=1)

    assert "county.db.keys" in done.stderr
    assert said in done.stderr


@pytest.mark.parametrize(("lang", "missing", "erased"), [("en", "key is missing", "erased"), ("zh", "缺少", "已遗忘")])
def test_only_what_the_log_says_was_erased_is_called_so(personal: Desk, lang: str, missing: str, erased: str) -> None:
    personal.do(raised("proposal-2", contact={"subject": "subject-wang", "value": "13900000000"}))
    personal.run(*FORGET)
    for file in personal.folder.glob("county.db.keys*"):
        file.unlink()

    for command in ("show", "history"):
        forgotten, lost = (personal.run(command, stream, lang=lang).stdout for stream in ("proposal-1", "proposal-2"))
        assert erased in forgotten
        assert missing not in forgotten
        assert missing in lost
        assert erased not in lost
    state = json.loads(personal.run("show", "proposal-2", "--personal", "--format", "json").stdout)
    assert state["contact"] == {"subject": "subject-wang", "key_missing": True}


@pytest.mark.parametrize("table", ["leaf_hashes", "events"])
@pytest.mark.parametrize("position", [3, -1], ids=["in the middle", "at the end"])
def test_a_log_that_does_not_agree_with_its_leaf_hashes_is_not_saved(desk: Desk, table: str, position: int) -> None:
    position = position if position > 0 else desk.head()
    with closing(sqlite3.connect(desk.file)) as connection, connection:
        connection.execute(f"DROP TRIGGER {table}_no_delete")
        connection.execute(f"DELETE FROM {table} WHERE position = ?", (position,))

    done = desk.run("backup", "county.backup", code=1)

    assert "do not agree" in done.stderr
    assert f"position {position}" in done.stderr
    assert not (desk.folder / "county.backup").exists()


def test_a_schema_version_that_is_no_number_says_so(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.file)) as connection, connection:
        connection.execute("UPDATE meta SET value = 'abc' WHERE key = 'schema_version'")

    assert "something else" in desk.run("register", code=1).stderr
