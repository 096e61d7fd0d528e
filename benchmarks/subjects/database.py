"""A plain driver connection, sqlite3 or psycopg, that survives a power cut: for the raw limit and for SpiffWorkflow."""

from __future__ import annotations

from typing import Any

from sqlalchemy import make_url


def on_sqlite(url: str) -> bool:
    """Whether the URL names a SQLite file."""
    return make_url(url).get_backend_name() == "sqlite"


def connect(url: str) -> Any:
    """A connection in autocommit mode: BEGIN and COMMIT are the caller's."""
    if on_sqlite(url):
        import sqlite3

        connection = sqlite3.connect(str(make_url(url).database), isolation_level=None, timeout=30)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection
    import psycopg

    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def durability(execute: Any, url: str) -> str:
    """What the database says: the settings that decide what a power cut can take."""
    if on_sqlite(url):
        settings = {"journal_mode": "wal", "synchronous": "2"}
        said = {name: str(execute(f"PRAGMA {name}").fetchone()[0]) for name in settings}
    else:
        settings = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
        said = {}
        for name in settings:
            row = execute(f"SHOW {name}").fetchone()
            said[name] = str(row[name] if isinstance(row, dict) else row[0])
    assert said == settings, said
    return ", ".join(f"{name} = {value}" for name, value in said.items())
