"""Locks between all who run projections of a store, free at once when their holder dies."""

from __future__ import annotations

import fcntl
import os
from collections import defaultdict
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakKeyDictionary

from eventsourcing.persistence import OperationalError
from sqlalchemy.exc import SQLAlchemyError

from proposals.adapters.store.connections import translate

if TYPE_CHECKING:
    from sqlalchemy import PoolProxiedConnection

    from proposals.adapters.store import Recorder

_IN_MEMORY: WeakKeyDictionary[Recorder, defaultdict[str, Lock]] = WeakKeyDictionary()


class Locks:
    """The locks that one runner holds, for one thread: on a file's side, of a server's session, or in memory."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._held: dict[str, Any] = {}
        self._session: PoolProxiedConnection | None = None
        self._on_server = recorder.engine.dialect.name != "sqlite"

    def __enter__(self) -> Self:
        """Give the locks themselves."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give all of them back."""
        self.release(*self._held)
        self._hang_up()

    def take(self, name: str) -> bool:
        """Tell whether the lock of this name is ours, now or since before. Raises OperationalError."""
        if self._on_server:
            return self._take_on_server(name)
        if name not in self._held:
            file = self._recorder.file
            taken = _lock_file(Path(f"{file}.locks"), name) if file else self._take_in_memory(name)
            if taken is None:
                return False
            self._held[name] = taken
        return True

    def release(self, *names: str) -> None:
        """Give those locks of these back that are ours."""
        for name in names:
            held = self._held.pop(name, None)
            if isinstance(held, int) and not self._on_server:
                os.close(held)
            elif self._on_server and held is not None and self._session is not None:
                session: Any = self._session.dbapi_connection
                with suppress(Exception):  # a session that was lost has given it back
                    session.execute("SELECT pg_advisory_unlock(%s)", (held,))
            elif held is not None:
                held.release()

    def _take_in_memory(self, name: str) -> Any:  # noqa: ANN401 - a lock is of a type without a name
        lock = _IN_MEMORY.setdefault(self._recorder, defaultdict(Lock))[name]
        return lock if lock.acquire(blocking=False) else None

    def _take_on_server(self, name: str) -> bool:
        """Ask on the one session that holds our locks; when it was lost, they were."""
        digest = sha256(f"{self._recorder.store_id} {name}".encode()).digest()
        key = int.from_bytes(digest[:8], "big", signed=True)
        try:
            if self._session is None:
                self._session = self._recorder.engine.raw_connection()
                opened: Any = self._session.dbapi_connection
                opened.autocommit = True
            session: Any = self._session.dbapi_connection
            if name in self._held:
                session.execute("SELECT 1")
                return True
            (taken,) = session.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()
        except (self._recorder.engine.dialect.loaded_dbapi.Error, SQLAlchemyError) as error:
            self._hang_up()
            raise translate(error) from error
        if taken:
            self._held[name] = key
        return bool(taken)

    def _hang_up(self) -> None:
        if self._session is not None:
            with suppress(Exception):
                self._session.invalidate()
            self._session = None
            self._held.clear()


def _lock_file(folder: Path, name: str) -> int | None:
    """Open a file and lock it, until it is closed or the process ends. The file stays: another may be opening it."""
    try:
        folder.mkdir(exist_ok=True)
        file = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise OperationalError(f"no lock beside the database: {error}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file
