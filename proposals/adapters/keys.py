"""Keys in stores of their own: made once, found by name, destroyed for good.

Destroying a key is how the engine forgets, because its log never can (ADR 0010, 0018). So a store must leave no
trace of a dead key, must not bring it back to life, and must notice when another process destroyed it.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from collections import OrderedDict
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

from cryptography.exceptions import InvalidTag

from proposals.adapters.key_encryption import KEY_BYTES, NONCE_BYTES, WrongKeyEncryptionKey, cipher_of, wrap
from proposals.domain.errors import ProposalsError
from proposals.domain.vocabulary import instant_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_DESTROYED: Final = bytes(NONCE_BYTES + KEY_BYTES + 16)  # as long as a wrapped key, so it fits over one
_MARK: Final = int.from_bytes(b"PRK1")  # the SQLite application id: this is a key store, in its first format
_CHECK: Final = "key-encryption-key-check"
# Keys are only ever appended and overwritten in place with as many zeros. A row that never moves leaves no
# copy behind in a page that was split or merged, whatever secure_delete of this SQLite release covers.
_SCHEMA: Final = (
    "CREATE TABLE keys (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, wrapped BLOB NOT NULL)",
    "CREATE TABLE tombstones (name TEXT PRIMARY KEY, destroyed_at TEXT NOT NULL)",
    "CREATE TABLE checks (name TEXT PRIMARY KEY, wrapped BLOB NOT NULL)",
    f"PRAGMA application_id = {_MARK}",
)
_PRAGMAS: Final = (
    "PRAGMA secure_delete = ON",
    # A write-ahead log would keep old keys until a checkpoint that any reader can delay. The rollback journal
    # is emptied, and that is synced, before destroy() returns.
    "PRAGMA journal_mode = TRUNCATE",
    "PRAGMA synchronous = FULL",
    "PRAGMA temp_store = MEMORY",
)
# One lock for all files, held across a fork: SQLite in the child would take over locks of a transaction that
# was under way in the parent.
_LOCK: Final = threading.RLock()


class KeyDestroyed(ProposalsError):
    """The key of that name was destroyed and will never be made again."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)

    def __str__(self) -> str:
        return f"the key {self.name} has been destroyed for good"


class KeyDamaged(ProposalsError):
    """A stored key does not unwrap although the key-encryption key is right: the file was altered."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)

    def __str__(self) -> str:
        return f"the stored key {self.name} is damaged; restore the key store from a backup"


class NotAKeyStore(ProposalsError):
    """The file exists and is something else, or a format newer than this release."""


class KeyFileFailed(ProposalsError):
    """SQLite cannot do with the key file what is asked: it may only be read here, be locked, be damaged."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(path, reason)

    def __str__(self) -> str:
        return f"the key file {self.path}: {self.reason}"


class MemoryKeyStore:
    """Keys for as long as the process lives: for tests, demonstrations and stores in memory."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}
        self._destroyed: set[str] = set()
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        """The key, or None if it was never made or has been destroyed."""
        return self._keys.get(name)

    def create(self, name: str) -> bytes:
        """The key of that name, made now if need be. Raises KeyDestroyed."""
        return self.create_all((name,))[name]

    def create_all(self, names: Iterable[str]) -> dict[str, bytes]:
        """All those keys, or none made if KeyDestroyed is raised for one of them."""
        names = list(names)
        with self._lock:
            for name in self._destroyed.intersection(names):
                raise KeyDestroyed(name)
            return {name: self._keys.setdefault(name, secrets.token_bytes(KEY_BYTES)) for name in names}

    def destroy(self, name: str) -> None:
        """Destroys the key for good, made or not, and leaves a tombstone."""
        self.enforce((name,))

    def enforce(self, destroyed: Iterable[str]) -> None:
        """Destroys all those keys."""
        with self._lock:
            for name in destroyed:
                self._keys.pop(name, None)
                self._destroyed.add(name)

    def names(self, prefix: str = "") -> list[str]:
        """The names of living keys, sorted."""
        with self._lock:
            return sorted(name for name in self._keys if name.startswith(prefix))

    def destroyed(self, prefix: str = "") -> list[str]:
        """The names of destroyed keys, sorted."""
        with self._lock:
            return sorted(name for name in self._destroyed if name.startswith(prefix))


class FileKeyStore:
    """Keys in a file of their own (SQLite, mode 0600), each wrapped by AES-256-GCM with its name as AAD.

    Threads and processes may share the file, also across a fork. `kek` is the key-encryption key, 32 bytes
    from wherever the host keeps it: a file, the environment, a key management service. Up to `cache`
    unwrapped keys stay in memory until any process destroys one.

    What lies in earlier backups of the file, or in blocks the file system has freed, stays wrapped:
    `rewrap` to a new key-encryption key and destroying the old one makes that worthless too.
    A file that cannot be written here is opened to be read only.
    Raises WrongKeyEncryptionKey, NotAKeyStore, and KeyFileFailed when SQLite or the file system fail.
    """

    def __init__(
        self,
        path: str | Path,
        kek: bytes,
        *,
        cache: int = 10_000,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._path = Path(path)
        self._kek = cipher_of(kek)
        self._limit = cache
        self._now = now
        self._connection: sqlite3.Connection | None = None
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._data_version = 0
        _STORES.add(self)
        with self._using():
            self._current()

    def get(self, name: str) -> bytes | None:
        """The key, or None if it was never made or has been destroyed."""
        with self._using():
            connection = self._current()
            key = self._cache.get(name)
            if key is None:
                key = self._stored(connection, name)
            if key is not None:
                self._remember(name, key)
            return key

    def create(self, name: str) -> bytes:
        """The key of that name, durably made now if need be. Raises KeyDestroyed."""
        key = self.get(name)
        return self.create_all((name,))[name] if key is None else key

    def create_all(self, names: Iterable[str]) -> dict[str, bytes]:
        """All those keys, made in one transaction; none is made if KeyDestroyed is raised for one of them."""
        names = list(names)
        keys: dict[str, bytes] = {}
        with self._using():
            with self._writing() as connection:
                for name in names:
                    fresh = wrap(self._kek, name, secrets.token_bytes(KEY_BYTES))
                    connection.execute(
                        "INSERT INTO keys (name, wrapped) VALUES (?, ?) ON CONFLICT DO NOTHING", (name, fresh)
                    )
                    key = self._stored(connection, name)
                    if key is None:
                        raise KeyDestroyed(name)
                    keys[name] = key
            for name, key in keys.items():
                self._remember(name, key)
        return keys

    def destroy(self, name: str) -> None:
        """Destroys the key for good, made or not, and leaves a tombstone. Durable when it returns."""
        self.enforce((name,))

    def enforce(self, destroyed: Iterable[str]) -> None:
        """Destroys all those keys: after a restore, those the log knows as erased must not live again."""
        names = set(destroyed)
        dead = "SELECT 1 FROM tombstones WHERE name = ?"
        with self._using():
            connection = self._current()
            todo = [name for name in names if connection.execute(dead, (name,)).fetchone() is None]
            if not todo:
                return
            at = instant_text(self._now())
            for name in todo:
                self._cache.pop(name, None)
            with self._writing():
                connection.executemany(
                    "INSERT INTO keys (name, wrapped) VALUES (?, ?) "
                    "ON CONFLICT (name) DO UPDATE SET wrapped = excluded.wrapped",
                    [(name, _DESTROYED) for name in todo],
                )
                connection.executemany(
                    "INSERT INTO tombstones VALUES (?, ?) ON CONFLICT DO NOTHING",
                    [(name, at) for name in todo],
                )

    def names(self, prefix: str = "") -> list[str]:
        """The names of living keys, sorted."""
        return self._named(prefix, "SELECT name FROM keys WHERE wrapped <> ? ORDER BY name", _DESTROYED)

    def destroyed(self, prefix: str = "") -> list[str]:
        """The names of destroyed keys, sorted. Table `tombstones` also tells when."""
        return self._named(prefix, "SELECT name FROM tombstones ORDER BY name")

    def rewrap(self, kek: bytes) -> None:
        """Wraps every key under a new key-encryption key. Other processes must then be started with it."""
        new = cipher_of(kek)
        with self._using():
            with self._writing() as connection:
                rows = connection.execute("SELECT name, wrapped FROM keys WHERE wrapped <> ?", (_DESTROYED,))
                again = [(wrap(new, name, self._unwrap(connection, name, old)), name) for name, old in rows]
                connection.executemany("UPDATE keys SET wrapped = ? WHERE name = ?", again)
                connection.execute("UPDATE checks SET wrapped = ?", (wrap(new, _CHECK, bytes(KEY_BYTES)),))
            self._kek = new

    def close(self) -> None:
        """Closes the file; the next use opens it again."""
        with self._using():
            self._cache.clear()
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _named(self, prefix: str, query: str, *parameters: object) -> list[str]:
        with self._using():
            return [name for (name,) in self._current().execute(query, parameters) if name.startswith(prefix)]

    @contextmanager
    def _using(self) -> Iterator[None]:
        """One thread at a time; what SQLite says is said of this file."""
        with _LOCK:
            try:
                yield
            except sqlite3.Error as error:
                raise KeyFileFailed(self._path, str(error)) from error

    def _current(self) -> sqlite3.Connection:
        if self._connection is None:
            self._cache.clear()
            self._connection = self._opened()
        # It changes when another connection has written, and costs microseconds: what is in memory then may
        # be dead.
        ((version,),) = self._connection.execute("PRAGMA data_version")
        if version != self._data_version:
            self._cache.clear()
            self._data_version = version
        return self._connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        connection = self._current()
        with _transaction(connection):
            self._check_kek(connection)  # or another process has rewrapped the store meanwhile
            yield connection

    def _opened(self) -> sqlite3.Connection:
        if not self._path.exists():
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        writable = os.access(self._path, os.W_OK)
        source = self._path.absolute().as_uri() + ("" if writable else "?mode=ro")
        connection = sqlite3.connect(source, uri=True, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection, writable=writable)
            if writable and self._path.stat().st_mode & 0o077:  # as a restored copy may be
                self._path.chmod(0o600)
        except BaseException as error:
            connection.close()
            if getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB":
                raise NotAKeyStore(f"{self._path} is not a key store") from None
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection, *, writable: bool) -> None:
        with _transaction(connection):
            ((mark,),) = connection.execute("PRAGMA application_id")
            ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
            if tables and mark != _MARK:
                raise NotAKeyStore(f"{self._path} is another database, or a newer release's key store")
            if not tables:
                for statement in _SCHEMA:
                    connection.execute(statement)
                check = wrap(self._kek, _CHECK, bytes(KEY_BYTES))
                connection.execute("INSERT INTO checks VALUES (?, ?)", (_CHECK, check))
            self._check_kek(connection)
        for pragma in _PRAGMAS if writable else ():
            connection.execute(pragma)

    def _check_kek(self, connection: sqlite3.Connection) -> None:
        ((wrapped,),) = connection.execute("SELECT wrapped FROM checks WHERE name = ?", (_CHECK,))
        try:
            self._kek.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _CHECK.encode())
        except (InvalidTag, ValueError):
            raise WrongKeyEncryptionKey(
                f"this key-encryption key does not open {self._path}; give the one the store was made with "
                "or rewrapped to. Without it nobody can read personal data and open ballots"
            ) from None

    def _stored(self, connection: sqlite3.Connection, name: str) -> bytes | None:
        row = connection.execute("SELECT wrapped FROM keys WHERE name = ?", (name,)).fetchone()
        return None if row is None or row[0] == _DESTROYED else self._unwrap(connection, name, row[0])

    def _unwrap(self, connection: sqlite3.Connection, name: str, wrapped: bytes) -> bytes:
        try:
            return self._kek.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError):
            self._check_kek(connection)
            raise KeyDamaged(name) from None

    def _remember(self, name: str, key: bytes) -> None:
        self._cache[name] = key
        self._cache.move_to_end(name)
        if len(self._cache) > self._limit:
            self._cache.popitem(last=False)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


_STORES: Final[WeakSet[FileKeyStore]] = WeakSet()
_PUT_ASIDE: Final[list[object]] = []


def _after_fork() -> None:
    # An SQLite connection must be neither used nor closed in a forked child, so it is only put aside.
    for store in list(_STORES):
        _PUT_ASIDE.append(store._connection)  # noqa: SLF001 - the hook is this class's own
        store._connection = None  # noqa: SLF001
    _LOCK.release()


os.register_at_fork(before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_after_fork)
