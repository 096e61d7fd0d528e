"""What breaks, breaks with a clear error, leaves nothing half done, and does not stay broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import DatabaseError, OperationalError, ProgrammingError
from sqlalchemy import make_url

from proposals.adapters.store import CommandIdTaken, CommandRecord, Recorder
from proposals.adapters.store.append import PostgresTransaction, SqliteTransaction

from .conftest import Opener, happened


def cut_connections(url: str) -> None:
    """End all connections to a database, as a restart of the server does."""
    database = make_url(url)
    with psycopg.connect(
        host=str(database.query.get("host", database.host)),
        user="postgres",
        dbname="postgres",
        autocommit=True,
    ) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database.database])


def test_a_locked_sqlite_file_is_waited_for_and_then_reported(tmp_path: Path, opener: Opener) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    recorder, other = opener(url, busy_timeout=0.1), opener(url)
    with other.engine.begin():
        with pytest.raises(OperationalError, match="locked") as error:
            recorder.insert_events([happened("p-1", 1)])
        assert recorder.head() == 0
    assert error.value.__cause__ is not None
    assert recorder.insert_events([happened("p-1", 1)]) == [1]


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, opener: Opener) -> None:
    recorder = opener(f"sqlite:///{tmp_path}/store.db")
    recorder.insert_events([happened("p-1", 1)])
    with recorder.writers.connection() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 5}")
    big = b'{"text":"' + b"x" * 100_000 + b'"}'
    with pytest.raises(OperationalError, match="full"):
        recorder.insert_events([happened("p-1", 2), happened("p-1", 3, data=big)])
    assert (recorder.head(), recorder.heads(["p-1"])) == (1, {"p-1": 1})
    assert recorder.insert_events([happened("p-1", 2)]) == [2]


def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"no database, " * 1000)
    with pytest.raises(DatabaseError, match="not a database"):
        Recorder(f"sqlite:///{tmp_path}/store.db")


def test_a_closed_store_says_so(recorder: Recorder) -> None:
    recorder.close()
    with pytest.raises(ProgrammingError, match="closed"):
        recorder.head()


def test_reading_and_writing_go_on_after_a_restart_of_the_server(postgres_url: str, opener: Opener) -> None:
    recorder = opener(postgres_url)
    recorder.insert_events([happened("p-1", 1)])
    cut_connections(postgres_url)
    assert recorder.head() == 1
    cut_connections(postgres_url)
    assert recorder.insert_events([happened("p-1", 2)], expected={"p-1": 1}) == [2]


def test_a_connection_lost_before_the_commit_leaves_nothing(
    postgres_url: str, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = opener(postgres_url)
    tell = PostgresTransaction.tell

    def lose(self: PostgresTransaction, writes: Any) -> None:
        cut_connections(postgres_url)
        tell(self, writes)

    with monkeypatch.context() as patch:
        patch.setattr(PostgresTransaction, "tell", lose)
        with pytest.raises(OperationalError):
            recorder.insert_events([happened("p-1", 1)])
    assert recorder.head() == 0
    assert recorder.insert_events([happened("p-1", 1)]) == [1]


@pytest.mark.parametrize("kind", [SqliteTransaction, PostgresTransaction])
def test_after_a_commit_whose_answer_was_lost_the_command_is_found(
    kind: Any, tmp_path: Path, opener: Opener, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_postgres = kind is PostgresTransaction
    url = request.getfixturevalue("postgres_url") if on_postgres else f"sqlite:///{tmp_path}/store.db"
    recorder = opener(url)
    tell = kind.tell

    def lose(self: Any, writes: Any) -> None:
        tell(self, writes)
        if on_postgres:
            cut_connections(url)
            self._connection.execute("SELECT 1")
        raise recorder.engine.dialect.loaded_dbapi.OperationalError("the answer was lost")

    command = [CommandRecord("c-1", "f", 1)]
    with monkeypatch.context() as patch:
        patch.setattr(kind, "tell", lose)
        with pytest.raises(OperationalError):
            recorder.insert_events([happened("p-1", 1, "c-1")], commands=command)
    with pytest.raises(CommandIdTaken):
        recorder.insert_events([happened("p-1", 1, "c-1")], commands=command)
    assert recorder.find_command("c-1") == ("f", 1, 1)


def test_a_subscription_goes_on_when_its_listening_connection_is_lost(postgres_url: str, opener: Opener) -> None:
    recorder = opener(postgres_url, poll_interval=0.05)
    recorder.insert_events([happened("p-1", 1)])
    with recorder.subscribe() as subscription:
        assert next(subscription).id == 1
        subscription._bell.wait(subscription._seen)
        cut_connections(postgres_url)
        recorder.insert_events([happened("p-1", 2)])
        assert next(subscription).id == 2
        subscription._bell.wait(subscription._seen)
        recorder.insert_events([happened("p-1", 3)])
        assert next(subscription).id == 3
