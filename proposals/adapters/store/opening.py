"""Opening a store: a file's write-ahead log, the tables made or checked, and the upgrade between releases."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic, sleep

from eventsourcing.persistence import OperationalError
from sqlalchemy import Engine

from .connections import in_memory, make_engine, translated
from .schema import MIGRATIONS, Migration, lock_schema, open_schema, require_schema, upgrade_schema


def open_store(engine: Engine, patience: float, *, create: bool = True) -> str:
    """Make the store if the database is empty, check it otherwise, and give its id.

    `patience` is how many seconds to wait for others who are opening the same SQLite file. Without `create` a
    database that holds no store stays as it is. Raises SchemaOlder, SchemaNewer, SchemaForeign, SchemaMissing.
    """
    if not create:
        require_store(engine)
    if engine.dialect.name == "sqlite" and not in_memory(engine):
        _write_ahead(engine, patience)
    with translated(engine), engine.begin() as connection:
        lock_schema(connection)
        return open_schema(connection)


def upgrade(url: str, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Bring a store to this release's schema, in one transaction; give the version it had. Stop its users first.

    Raises SchemaNewer, SchemaForeign, SchemaMissing.
    """
    engine = make_engine(url)
    try:
        with translated(engine), engine.begin() as connection:
            lock_schema(connection)
            return upgrade_schema(connection, migrations)
    finally:
        engine.dispose()


def require_store(engine: Engine) -> None:
    """Look whether there is a store, and leave everything as it is. Raises SchemaMissing, SchemaForeign."""
    with translated(engine), engine.connect().execution_options(read_only=True) as connection:
        require_schema(connection)


def _write_ahead(engine: Engine, patience: float) -> None:
    """Switch a SQLite file to its write-ahead log, so that readers and the writer do not wait for each other.

    The switch does not wait for others who are just making it, so it is tried again. A file that is opened to be
    read only stays as it is.
    """
    if engine.url.query.get("mode") == "ro":
        return
    give_up = monotonic() + patience
    while True:
        try:
            with translated(engine):
                connection = engine.raw_connection()
                try:
                    connection.cursor().execute("PRAGMA journal_mode = WAL")
                finally:
                    connection.close()
        except OperationalError as error:
            if "locked" not in str(error) or monotonic() > give_up:
                raise
            sleep(0.01)
        else:
            return
