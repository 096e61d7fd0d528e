"""Which key store goes with a database: in memory for one in memory, else a file beside it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from proposals import Proposals
from proposals.adapters.key_encryption import WrongKeyEncryptionKey
from proposals.adapters.key_files import key_store_for
from proposals.adapters.keys import FileKeyStore, MemoryKeyStore

KEK = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROPOSALS_KEYS", raising=False)
    monkeypatch.delenv("PROPOSALS_KEK", raising=False)


def made(url: str, path: Path | None = None, **environ: str) -> list[str]:
    """Make one key, and tell which files there are besides."""
    store = key_store_for(url, path, environ)
    store.create("subject:subject-1")
    if isinstance(store, FileKeyStore):
        store.close()
    return sorted(file.name for file in Path.cwd().iterdir() if not file.name.endswith("-journal"))


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///"])
def test_keys_of_a_database_in_memory_are_in_memory(url: str) -> None:
    assert isinstance(key_store_for(url, environ={}), MemoryKeyStore)
    assert made(url) == []


def test_keys_of_a_file_lie_beside_it(tmp_path: Path) -> None:
    assert made(f"sqlite:///{tmp_path}/county.db") == ["county.db.keys", "county.db.keys.kek"]


def test_keys_of_a_server_lie_in_the_working_directory() -> None:
    assert made("postgresql+psycopg://somewhere/county") == ["proposals.keys", "proposals.keys.kek"]


def test_the_host_may_name_the_file(tmp_path: Path) -> None:
    assert made(f"sqlite:///{tmp_path}/county.db", tmp_path / "a.keys") == ["a.keys", "a.keys.kek"]


def test_the_environment_may_name_the_file_also_for_a_database_in_memory() -> None:
    assert made("sqlite://", PROPOSALS_KEYS="b.keys") == ["b.keys", "b.keys.kek"]


def test_what_the_host_names_goes_before_the_environment(tmp_path: Path) -> None:
    assert made("sqlite://", tmp_path / "a.keys", PROPOSALS_KEYS="b.keys") == ["a.keys", "a.keys.kek"]


def test_the_key_encryption_key_may_come_from_the_environment_and_is_written_nowhere() -> None:
    assert made("sqlite:///county.db", PROPOSALS_KEK=KEK) == ["county.db.keys"]


def test_keys_wrapped_under_one_key_encryption_key_are_not_opened_with_another() -> None:
    made("sqlite:///county.db", PROPOSALS_KEK=KEK)
    with pytest.raises(WrongKeyEncryptionKey):
        key_store_for("sqlite:///county.db", environ={})


def test_the_same_keys_are_found_again() -> None:
    first = key_store_for("sqlite:///county.db", environ={})
    key = first.create("subject:subject-1")
    second = key_store_for("sqlite:///county.db", environ={})

    assert second.get("subject:subject-1") == key
    for store in (first, second):
        assert isinstance(store, FileKeyStore)
        store.close()


def test_a_door_whose_keys_cannot_be_opened_leaves_its_database_free(tmp_path: Path) -> None:
    """Nothing stays open: a connection left behind would be reported as a warning, and that is an error here."""
    url = f"sqlite:///{tmp_path}/county.db"
    made(url, PROPOSALS_KEK=KEK)
    with pytest.raises(WrongKeyEncryptionKey):
        Proposals(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA locking_mode = EXCLUSIVE")
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
    engine.dispose()
