"""Every byte that a county has left anywhere: database, write-ahead log, snapshots, keys."""

from __future__ import annotations

import base64
import sqlite3
from pathlib import Path

from sqlalchemy import inspect, text

from .county import County


def stored_bytes(county: County, folder: Path) -> bytes:
    """All files of a folder, and all rows of all tables where the database is a server's."""
    parts = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    engine = county.app.recorder.engine
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            for table in inspect(connection).get_table_names():
                parts += [str(tuple(row)).encode() for row in connection.execute(text(f'SELECT * FROM "{table}"'))]
    return b"\n".join(parts)


def traces(secret: str | bytes, everything: bytes) -> list[str]:
    """In which of the usual spellings a secret is found among these bytes."""
    raw = secret.encode() if isinstance(secret, str) else secret
    spellings = {
        "in clear": raw,
        "in UTF-16": raw.decode().encode("utf-16-le") if isinstance(secret, str) else raw,
        "in hex": raw.hex().encode(),
        "in escapes": raw.decode("latin-1").encode("unicode_escape"),
        "in base64": base64.b64encode(raw).rstrip(b"="),
    }
    return [name for name, spelling in spellings.items() if spelling in everything]


def wrapped_key(key_file: Path, name: str) -> bytes:
    """A key as it lies wrapped in a key file."""
    connection = sqlite3.connect(key_file)
    ((wrapped,),) = connection.execute("SELECT wrapped FROM keys WHERE name = ?", (name,))
    connection.close()
    return bytes(wrapped)
