"""Which key store goes with a database: in memory for one in memory, else a file beside it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from proposals import Proposals
from proposals.adapters.key_encryption import WrongKeyEncryptionKey
from proposals.adapters.key_files import key_file_for, key_store_for
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


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///", "sqlite:///file:a?mode=memory&uri=true"]
)
def test_keys_of_a_database_in_memory_are_in_memory(url: str) -> None:
    assert isinstance(key_store_for(url, environ={}), MemoryKeyStore)
    assert made(url) == []


def test_keys_of_a_file_lie_beside_it(tmp_path: Path) -> None:
    assert made(f"sqlite:///{tmp_path}/county.db") == ["county.db.keys", "county.db.keys.kek"]


def test_keys_of_a_file_that_is_named_as_a_uri_lie_beside_it_too(tmp_path: Path) -> None:
    assert made(f"sqlite:///file:{tmp_path}/county.db?uri=true") == ["county.db.keys", "county.db.keys.kek"]


def test_keys_of_a_server_lie_in_the_working_directory_under_the_name_of_the_database() -> None:
    assert made("postgresql+psycopg://somewhere/county") == ["county.keys", "county.keys.kek"]


def test_two_databases_of_one_server_share_no_keys() -> None:
    first, second = (key_store_for(f"postgresql+psycopg://somewhere/{name}", environ={}) for name in ("east", "west"))

    assert first.create("subject:subject-1") != second.create("subject:subject-1")
    for store in (first, second):
        assert isinstance(store, FileKeyStore)
        store.close()


@pytest.mark.parametrize(
    ("url", "environ", "file"),
    [
        ("postgresql+psycopg://clerk@somewhere", {"PGDATABASE": "county"}, "county.keys"),
        ("postgresql+psycopg://clerk@somewhere", {}, "clerk.keys"),
        ("postgresql+psycopg://somewhere", {"PGUSER": "clerk"}, "clerk.keys"),
        ("postgresql+psycopg://somewhere", {}, "proposals.keys"),
        ("postgresql+psycopg://somewhere/a%2Fb", {}, "a%2Fb.keys"),
        ("postgresql+psycopg://somewhere/%E5%AE%89%E5%B1%85", {}, "安居.keys"),
    ],
)
def test_a_database_that_is_named_elsewhere_or_oddly_has_a_key_file_too(
    url: str, environ: dict[str, str], file: str
) -> None:
    assert key_file_for(url, environ=environ) == Path(file)


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
