"""Opening a store creates its tables or checks them, and the database itself refuses to change the log."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from eventsourcing.persistence import OperationalError
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from proposals.adapters.store import (
    CommandRecord,
    Recorder,
    SchemaForeign,
    SchemaMissing,
    SchemaNewer,
    SchemaOlder,
    upgrade,
)
from proposals.adapters.store.connections import make_engine
from proposals.adapters.store.schema import MIGRATIONS, SCHEMA_VERSION

from .conftest import Opener, happened


def set_version(url: str, version: int) -> None:
    with make_engine(url).begin() as connection:
        connection.execute(text("UPDATE meta SET value = :v WHERE key = 'schema_version'"), {"v": str(version)})


def add_a_column(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE wakeups ADD COLUMN reason TEXT"))


def fail(_connection: Connection) -> None:
    raise RuntimeError("half way")


def test_a_store_keeps_its_id_and_its_log_when_it_is_opened_again(shared_url: str, opener: Opener) -> None:
    first = opener(shared_url)
    first.insert_events([happened("p-1", 1)])
    first.close()
    again = opener(shared_url)
    assert (again.store_id, again.head()) == (first.store_id, 1)


def test_an_older_store_asks_for_the_upgrade(shared_url: str, opener: Opener) -> None:
    opener(shared_url)
    set_version(shared_url, 0)
    with pytest.raises(SchemaOlder, match="proposals upgrade"):
        Recorder(shared_url)


def test_a_newer_store_asks_for_a_newer_release(shared_url: str, opener: Opener) -> None:
    opener(shared_url)
    set_version(shared_url, SCHEMA_VERSION + 1)
    with pytest.raises(SchemaNewer, match="newer release"):
        Recorder(shared_url)
    with pytest.raises(SchemaNewer, match="newer release"):
        upgrade(shared_url)


@pytest.mark.parametrize(
    "ddl",
    [
        "CREATE TABLE events (id INTEGER)",
        "CREATE TABLE meta (k TEXT)",
        "CREATE TABLE meta (key TEXT, value TEXT)",
    ],
)
def test_tables_of_the_same_names_that_are_not_ours_are_left_alone(shared_url: str, ddl: str) -> None:
    engine = make_engine(shared_url)
    with engine.begin() as connection:
        connection.execute(text(ddl))
    with pytest.raises(SchemaForeign, match="not a store"):
        Recorder(shared_url)
    assert len(inspect(engine).get_table_names()) == 1


def test_other_tables_in_the_same_database_do_no_harm(shared_url: str, opener: Opener) -> None:
    with make_engine(shared_url).begin() as connection:
        connection.execute(text("CREATE TABLE residents (id INTEGER)"))
    assert opener(shared_url).insert_events([happened("p-1", 1)]) == [1]


def test_an_upgrade_runs_the_missing_migrations_once(shared_url: str, opener: Opener) -> None:
    opener(shared_url).insert_events([happened("p-1", 1)])
    migrations = [*MIGRATIONS, add_a_column]
    assert upgrade(shared_url, migrations) == SCHEMA_VERSION
    assert upgrade(shared_url, migrations) == SCHEMA_VERSION + 1
    assert "reason" in {column["name"] for column in inspect(make_engine(shared_url)).get_columns("wakeups")}
    with pytest.raises(SchemaNewer):
        Recorder(shared_url)


def columns(url: str) -> dict[str, list[tuple[str, str, bool]]]:
    there = inspect(make_engine(url))
    return {
        table: [(column["name"], str(column["type"]), column["nullable"]) for column in there.get_columns(table)]
        for table in there.get_table_names()
    }


def test_a_store_of_the_first_schema_becomes_what_a_new_one_is(shared_url: str, opener: Opener) -> None:
    """The first schema was this one without what projections have written down."""
    opener(shared_url).insert_events([happened("p-1", 1)])
    new = columns(shared_url)
    with make_engine(shared_url).begin() as connection:
        for table in ("projections", "dead_letters"):
            connection.execute(text(f"DROP TABLE {table}"))
    set_version(shared_url, 1)
    with pytest.raises(SchemaOlder, match="proposals upgrade"):
        Recorder(shared_url)

    assert upgrade(shared_url) == 1

    assert columns(shared_url) == new
    assert opener(shared_url).insert_events([happened("p-1", 2)]) == [2]


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(shared_url: str, opener: Opener) -> None:
    opener(shared_url)
    with pytest.raises(RuntimeError):
        upgrade(shared_url, [*MIGRATIONS, add_a_column, fail])
    assert "reason" not in {column["name"] for column in inspect(make_engine(shared_url)).get_columns("wakeups")}
    assert opener(shared_url).head() == 0


def test_a_database_without_a_store_is_left_as_it_is_unless_one_is_to_be_made(shared_url: str) -> None:
    for look in (lambda: upgrade(shared_url), lambda: Recorder(shared_url, create=False)):
        with pytest.raises(SchemaMissing):
            look()

    engine = make_engine(shared_url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_many_may_open_a_new_store_at_the_same_moment(shared_url: str, opener: Opener) -> None:
    with ThreadPoolExecutor(8) as threads:
        recorders = list(threads.map(lambda _: opener(shared_url), range(8)))
    assert len({recorder.store_id for recorder in recorders}) == 1


def test_a_url_of_nothing_that_can_be_opened_is_an_operational_error() -> None:
    with pytest.raises(OperationalError) as error:
        Recorder("sqlite:////nowhere/at/all.db")
    assert error.value.__cause__ is not None


CHANGES = [
    "UPDATE events SET data = '{}'",
    "DELETE FROM events",
    "UPDATE leaf_hashes SET position = 7",
    "DELETE FROM leaf_hashes",
    "UPDATE commands SET fingerprint = ''",
    "DELETE FROM commands",
]
ROW = "INTO events (position, stream, version, name, recorded_at, data) VALUES"
REPLACEMENTS = [
    f"INSERT OR REPLACE {ROW} (1, 'other', 9, 'x', '', '')",
    f"INSERT OR REPLACE {ROW} (9, 'p-1', 1, 'x', '', '')",
    "REPLACE INTO leaf_hashes VALUES (1, x'00')",
    "REPLACE INTO commands VALUES ('c-1', '', 1, 1)",
    f"INSERT {ROW} (1, 'p-1', 1, 'x', '', '') ON CONFLICT DO UPDATE SET data = ''",
]


def refused(recorder: Recorder, statement: str) -> None:
    before = [(event.position, event.state) for event in recorder.log()], list(recorder.leaf_hashes())
    with pytest.raises(DBAPIError, match="append-only"), recorder.engine.begin() as connection:
        connection.execute(text(statement))
    assert before == (
        [(event.position, event.state) for event in recorder.log()],
        list(recorder.leaf_hashes()),
    )
    assert recorder.find_command("c-1") == ("f", 1, 1)


@pytest.mark.parametrize("statement", CHANGES)
def test_the_database_refuses_to_change_what_is_recorded(recorder: Recorder, statement: str) -> None:
    recorder.insert_events([happened("p-1", 1)], commands=[CommandRecord("c-1", "f", 1)])
    refused(recorder, statement)


@pytest.mark.parametrize("statement", REPLACEMENTS)
def test_sqlite_refuses_to_replace_what_is_recorded(opener: Opener, statement: str) -> None:
    recorder = opener("sqlite://")
    recorder.insert_events([happened("p-1", 1)], commands=[CommandRecord("c-1", "f", 1)])
    refused(recorder, statement)


@pytest.mark.parametrize("table", ["events", "leaf_hashes", "commands"])
def test_postgresql_refuses_to_truncate_what_is_recorded(postgres_url: str, opener: Opener, table: str) -> None:
    recorder = opener(postgres_url)
    recorder.insert_events([happened("p-1", 1)], commands=[CommandRecord("c-1", "f", 1)])
    refused(recorder, f"TRUNCATE {table} CASCADE")
