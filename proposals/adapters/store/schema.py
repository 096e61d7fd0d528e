"""The tables of a store, the triggers that guard them, and the check of their version when a store is opened."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, TypeAlias

from eventsourcing.persistence import OperationalError
from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    inspect,
    select,
    text,
    update,
)

from proposals.projections.columns import NUMBER, TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

METADATA = MetaData()
META = Table(
    "meta",
    METADATA,
    Column("key", TEXT, primary_key=True),
    Column("value", TEXT, nullable=False),
)
LOG_HEAD = Table(  # one row: updating it is the lock that orders the log
    "log_head",
    METADATA,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("position", NUMBER, nullable=False),
    Column("recorded_at", TEXT, nullable=False),
)
EVENTS = Table(  # the public event table; the events of one command are found through `commands`
    "events",
    METADATA,
    Column("position", NUMBER, primary_key=True, autoincrement=False),
    Column("stream", TEXT, nullable=False),
    Column("version", NUMBER, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("schema", Integer),
    Column("occurred_at", TEXT),
    Column("recorded_at", TEXT, nullable=False),
    Column("actor", TEXT),
    Column("entered_by", TEXT),
    Column("command_id", TEXT),
    Column("correlation_id", TEXT),
    Column("causation_id", TEXT),
    Column("data", TEXT, nullable=False),
    UniqueConstraint("stream", "version"),
)
LEAF_HASHES = Table(
    "leaf_hashes",
    METADATA,
    Column("position", NUMBER, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)
COMMANDS = Table(
    "commands",
    METADATA,
    Column("command_id", TEXT, primary_key=True),
    Column("fingerprint", TEXT, nullable=False),
    Column("first_position", NUMBER, nullable=False),
    Column("last_position", NUMBER, nullable=False),
    sqlite_with_rowid=False,
)
SNAPSHOTS = Table(
    "snapshots",
    METADATA,
    Column("stream", TEXT, primary_key=True),
    Column("version", NUMBER, primary_key=True, autoincrement=False),
    Column("name", TEXT, nullable=False),
    Column("schema", Integer),
    Column("data", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
TRACKING = Table(
    "tracking",
    METADATA,
    Column("application_name", TEXT, primary_key=True),
    Column("notification_id", NUMBER, nullable=False),
    sqlite_with_rowid=False,
)
WAKEUPS = Table(
    "wakeups",
    METADATA,
    Column("stream", TEXT, primary_key=True),
    Column("due_at", TEXT, nullable=False),
    Index("wakeups_due_at", "due_at", "stream"),
    sqlite_with_rowid=False,
)

PROJECTIONS = Table(  # how far each generation of a projection has come; one of them is live
    "projections",
    METADATA,
    Column("name", TEXT, primary_key=True),
    Column("generation", NUMBER, primary_key=True, autoincrement=False),
    Column("version", NUMBER, nullable=False),
    Column("position", NUMBER, nullable=False),
    Column("live", Integer, nullable=False),
    Column("cursor", TEXT),  # the last stream that has been filled in, up to the position; empty once all are
    Column("tables", TEXT, nullable=False),  # a JSON list: another release may not know what to drop
    sqlite_with_rowid=False,
)
DEAD_LETTERS = Table(  # events that could not be projected, and those of their streams that wait behind them
    "dead_letters",
    METADATA,
    Column("name", TEXT, primary_key=True),
    Column("generation", NUMBER, primary_key=True, autoincrement=False),
    Column("position", NUMBER, primary_key=True, autoincrement=False),
    Column("stream", TEXT, nullable=False),
    Column("version", NUMBER, nullable=False),
    Column("event", TEXT, nullable=False),
    Column("why", TEXT, nullable=False),
    Column("at", TEXT, nullable=False),
    sqlite_with_rowid=False,
)

# What makes a row of a guarded table the same row: SQLite's INSERT OR REPLACE would delete it without a
# trigger.
_GUARDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "events": (("position",), ("stream", "version")),
    "leaf_hashes": (("position",),),
    "commands": (("command_id",),),
}


class SchemaError(OperationalError):
    """The database cannot be used by this release as it is."""


class SchemaOlder(SchemaError):
    """The store was made by an older release: run `proposals upgrade`."""


class SchemaNewer(SchemaError):
    """The store was made or upgraded by a newer release: install that one, or a newer."""


class SchemaMissing(SchemaError):
    """The database holds no store, and none was to be made."""


class SchemaForeign(SchemaError):
    """The database has tables of our names that are not ours."""


def _add_projections(connection: Connection) -> None:
    """Add the bookkeeping of projections. Whoever changes its tables later writes them out here as they are now."""
    METADATA.create_all(connection, [PROJECTIONS, DEAD_LETTERS], checkfirst=False)


Migration: TypeAlias = "Callable[[Connection], None]"
# MIGRATIONS[n] takes a store from schema version n + 1 to n + 2. A released migration is never changed.
MIGRATIONS: Sequence[Migration] = (_add_projections,)
SCHEMA_VERSION = 1 + len(MIGRATIONS)


def require_schema(connection: Connection) -> None:
    """Read only: raises SchemaMissing if there is no store, SchemaForeign if there is something of its names."""
    _version_there(connection)


def open_schema(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> str:
    """Create the tables in an empty database, or check the version of those that are there; return the store id.

    The connection must be in a transaction that `lock_schema` opened. Raises SchemaOlder, SchemaNewer,
    SchemaForeign.
    """
    current = 1 + len(migrations)
    found = _schema_version(connection)
    if found is None:
        _create(connection, current)
    elif found < current:
        raise SchemaOlder(
            f"the store has schema version {found}, this release needs {current}: run `proposals upgrade`"
        )
    elif found > current:
        raise SchemaNewer(
            f"the store has schema version {found}, this release knows only {current}: install a newer release"
        )
    return store_id(connection)


def upgrade_schema(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Bring a store's tables to this release's version, and return the version they had.

    The connection must be in a transaction that `lock_schema` opened: all of the way, or none of it.
    Raises SchemaNewer, SchemaForeign, SchemaMissing.
    """
    found = _version_there(connection)
    for migrate in migrations[found - 1 :]:
        migrate(connection)
    if found < 1 + len(migrations):
        version = update(META).where(META.c.key == "schema_version")
        connection.execute(version.values(value=str(1 + len(migrations))))
    open_schema(connection, migrations)
    return found


def lock_schema(connection: Connection) -> None:
    """Keep others from opening or upgrading this store in the same moment; on SQLite BEGIN IMMEDIATE has done so."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7236833904273)")


def store_id(connection: Connection) -> str:
    """Give the random name a store got when it was made."""
    return str(connection.execute(select(META.c.value).where(META.c.key == "store_id")).scalar_one())


def _version_there(connection: Connection) -> int:
    found = _schema_version(connection)
    if found is None:
        raise SchemaMissing("the database holds no store of proposals")
    return found


def _schema_version(connection: Connection) -> int | None:
    inspector = inspect(connection)
    there = set(inspector.get_table_names()) & set(METADATA.tables)
    if not there:
        return None
    value = None
    if "meta" in there and {column["name"] for column in inspector.get_columns("meta")} == {"key", "value"}:
        value = connection.execute(select(META.c.value).where(META.c.key == "schema_version")).scalar()
    if value is None:
        raise SchemaForeign(
            f"the database has tables of the same names that are not a store: {', '.join(sorted(there))}"
        )
    try:
        return int(value)
    except ValueError:
        raise SchemaForeign(f"the database names no version of a store's schema: {value!r}") from None


def _create(connection: Connection, version: int) -> None:
    METADATA.create_all(connection, checkfirst=False)
    sqlite = connection.dialect.name == "sqlite"
    for statement in _sqlite_triggers() if sqlite else _postgres_triggers():
        connection.execute(text(statement))
    connection.execute(LOG_HEAD.insert(), {"id": 1, "position": 0, "recorded_at": ""})
    values: list[dict[str, Any]] = [
        {"key": "schema_version", "value": str(version)},
        {"key": "store_id", "value": secrets.token_hex(16)},
    ]
    connection.execute(META.insert(), values)


def _sqlite_triggers() -> list[str]:
    statements = []
    for table, keys in _GUARDED.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        statements += [
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        ]
        probes = (" AND ".join(f"{column} = NEW.{column}" for column in key) for key in keys)
        exists = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {probe})" for probe in probes)  # noqa: S608 - our names
        statements.append(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {exists} {refuse}")
    return statements


def _postgres_triggers() -> list[str]:
    statements = [
        """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"""
    ]
    changes, refuse = "UPDATE OR DELETE OR TRUNCATE", "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    return statements + [
        f"CREATE TRIGGER {table}_append_only BEFORE {changes} ON {table} {refuse}" for table in _GUARDED
    ]
