"""Which key store goes with a database: in memory for one in memory, else a file of its own beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

from proposals.adapters.key_encryption import kek_from_environment, kek_from_file
from proposals.adapters.keys import FileKeyStore, MemoryKeyStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import URL


def key_file_for(
    url: str | URL, path: str | Path | None = None, environ: Mapping[str, str] = os.environ
) -> Path | None:
    """Where the keys of a database are; None for one in memory whose keys are, too.

    `path`, or PROPOSALS_KEYS, names the file; by default it is `<file>.keys` beside a SQLite file, and
    `<database>.keys` in the working directory for a server, so that two databases never share one unasked.
    """
    named = path or environ.get("PROPOSALS_KEYS")
    if named:
        return Path(named)
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        file = sqlite_file(parsed)
        return Path(f"{file}.keys") if file is not None else None
    # Without a name in the URL the server's own rule holds: what the environment says, or the user's name.
    database = parsed.database or environ.get("PGDATABASE") or parsed.username or environ.get("PGUSER") or "proposals"
    return Path(f"{database.replace('/', '%2F')}.keys")


def sqlite_file(url: URL) -> Path | None:
    """The file of a SQLite database; None for one in memory."""
    name = (url.database or "").removeprefix("file:")
    in_memory = name in {"", ":memory:"} or url.query.get("mode") == "memory"
    return None if in_memory else Path(name)


def key_store_for(
    url: str | URL, path: str | Path | None = None, environ: Mapping[str, str] = os.environ
) -> MemoryKeyStore | FileKeyStore:
    """The key store for a database, in the file that `key_file_for` names.

    The key that wraps the keys comes from PROPOSALS_KEK (base64 of 32 bytes) or else from `<key file>.kek`, which
    is made on first use: keep a copy of it elsewhere. Raises WrongKeyEncryptionKey, NotAKeyStore.
    """
    file = key_file_for(url, path, environ)
    if file is None:
        return MemoryKeyStore()
    kek = kek_from_environment(environ) if environ.get("PROPOSALS_KEK") else kek_from_file(f"{file}.kek")
    return FileKeyStore(file, kek)
