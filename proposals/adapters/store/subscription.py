"""Following the log: polling that is woken early, so that nothing depends on a message that may get lost."""

from __future__ import annotations

from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, Any

from eventsourcing.persistence import PersistenceError, Subscription
from sqlalchemy.exc import SQLAlchemyError

from .statements import CHANNEL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import PoolProxiedConnection

    from .recorder import Recorder
    from .records import Recorded

BATCH = 500


class LogSubscription(Subscription["Recorder"]):
    """An endless iterator over the log, in commit order; it can be resumed after the last position it gave.

    It looks into the log first and sleeps only when there is nothing new. An append by this recorder wakes
    it, and on PostgreSQL a NOTIFY by anyone; without either it looks again after the recorder's poll
    interval.
    """

    def __init__(self, recorder: Recorder, gt: int | None = None, topics: Sequence[str] = ()) -> None:
        """Begin after position `gt` (None: at the beginning), with the events of the given names (none: all)."""
        super().__init__(recorder, gt, topics)
        self._seen = gt or 0
        self._page: Iterator[Recorded] = iter(())
        self._woken = Event()
        self._listener: PoolProxiedConnection | None = None

    def stop(self) -> None:
        """End the iteration, from any thread."""
        super().stop()
        self._woken.set()

    def __exit__(self, *args: object, **kwargs: Any) -> None:  # noqa: ANN401 - as inherited
        """Stop, and give back the listening connection."""
        super().__exit__(*args, **kwargs)
        self._hang_up()

    def __next__(self) -> Recorded:
        """Give the next event, waiting for one."""
        while not self._has_been_stopped:
            for event in self._page:
                return event
            self._woken.clear()
            if not self._turn_page() and not self._has_been_stopped:
                self._wait()
        self._hang_up()
        raise StopIteration

    def _turn_page(self) -> bool:
        """Read on; False when the log has been read to its end."""
        head = self._recorder.head()
        if head <= self._seen:
            return False
        page = self._recorder.select_notifications(self._seen, BATCH, head, self._topics, inclusive_of_start=False)
        self._seen = page[-1].id if len(page) == BATCH else head
        self._page = iter(page)
        return True

    def _wait(self) -> None:
        if self._recorder.engine.dialect.name == "sqlite":
            self._sleep()
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
            self._hang_up()  # it was a hint only: poll, and listen again next time
            self._sleep()

    def _sleep(self) -> None:
        """Sleep until this recorder appends, or the poll interval is over, or someone stops this."""
        self._recorder.waiting.add(self._woken)
        try:
            # What was appended while the log was being read woke nobody, if nobody was waiting yet.
            if self._recorder.head() <= self._seen and not self._has_been_stopped:
                self._woken.wait(self._recorder.poll_interval)
        finally:
            self._recorder.waiting.discard(self._woken)

    def _hang_up(self) -> None:
        if self._listener is not None:
            with suppress(Exception):
                self._listener.invalidate()
            self._listener = None
