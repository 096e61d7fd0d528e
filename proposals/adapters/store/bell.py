"""The bell that wakes whoever waits for the log to grow: a hint only, for they look for themselves now and then."""

from __future__ import annotations

from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, Any

from eventsourcing.persistence import PersistenceError
from sqlalchemy.exc import SQLAlchemyError

from .statements import CHANNEL

if TYPE_CHECKING:
    from sqlalchemy import PoolProxiedConnection

    from .recorder import Recorder


class Bell:
    """Rings at an append by this recorder, on PostgreSQL at one by anyone, and when the poll interval is over.

    One thread waits for it; any may stop it, and then it never keeps anyone waiting again.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._woken = Event()
        self._stopped = False
        self._listener: PoolProxiedConnection | None = None

    def stop(self) -> None:
        """Wake who waits, for good."""
        self._stopped = True
        self._woken.set()

    def wait(self, seen: int) -> None:
        """Wait until there may be something in the log after a position. It may be too early, never too late."""
        if self._stopped:
            return
        if self._recorder.engine.dialect.name == "sqlite":
            self._sleep(seen)
            return
        try:
            if self._listener is None:
                # What is appended before LISTEN stands is not notified: look once more before sleeping.
                self._listener = self._recorder.engine.raw_connection()
                listener: Any = self._listener.dbapi_connection
                listener.autocommit = True
                listener.execute(f"LISTEN {CHANNEL}")
                return
            listener = self._listener.dbapi_connection
            for _ in listener.notifies(timeout=self._recorder.poll_interval, stop_after=1):
                pass
        except (self._recorder.engine.dialect.loaded_dbapi.Error, SQLAlchemyError, PersistenceError):
            self.close()  # it was a hint only: poll, and listen again next time
            self._sleep(seen)

    def close(self) -> None:
        """Give back the listening connection."""
        if self._listener is not None:
            with suppress(Exception):
                self._listener.invalidate()
            self._listener = None

    def _sleep(self, seen: int) -> None:
        """Sleep until this recorder appends, or the poll interval is over, or someone stops this."""
        self._woken.clear()
        self._recorder.waiting.add(self._woken)
        try:
            # What was appended while the log was being read woke nobody, if nobody was waiting yet.
            if self._recorder.head() <= seen and not self._stopped:
                self._woken.wait(self._recorder.poll_interval)
        finally:
            self._recorder.waiting.discard(self._woken)
