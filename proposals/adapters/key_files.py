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


def key_store_for(
    url: str, path: str | Path | None = None, environ: Mapping[str, str] = os.environ
) -> MemoryKeyStore | FileKeyStore:
    """The key store for a database.

    `path`, or PROPOSALS_KEYS, names the key file; by default it is `<database>.keys` beside a SQLite file, and
    `proposals.keys` in the working directory for a server. The key that wraps the keys comes from PROPOSALS_KEK
    (base64 of 32 bytes) or else from `<key file>.kek`, which is made on first use: keep a copy of it elsewhere.
    Raises WrongKeyEncryptionKey, NotAKeyStore.
    """
    database = make_url(url)
    is_sqlite = database.get_backend_name() == "sqlite"
    named = path or environ.get("PROPOSALS_KEYS")
    if named is None:
        if is_sqlite and database.database in {None, "", ":memory:"}:
            return MemoryKeyStore()
        named = f"{database.database}.keys" if is_sqlite else "proposals.keys"
    kek = kek_from_environment(environ) if environ.get("PROPOSALS_KEK") else kek_from_file(f"{named}.kek")
    return FileKeyStore(Path(named), kek)
