"""Following the log: polling that is woken early, so that nothing depends on a message that may get lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventsourcing.persistence import Subscription

from .bell import Bell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .recorder import Recorder
    from .records import Recorded

BATCH = 500


class LogSubscription(Subscription["Recorder"]):
    """An endless iterator over the log, in commit order; it can be resumed after the last position it gave.

    It looks into the log first and waits for the bell only when there is nothing new.
    """

    def __init__(self, recorder: Recorder, gt: int | None = None, topics: Sequence[str] = ()) -> None:
        """Begin after position `gt` (None: at the beginning), with the events of the given names (none: all)."""
        super().__init__(recorder, gt, topics)
        self._seen = gt or 0
        self._page: Iterator[Recorded] = iter(())
        self._bell = Bell(recorder)

    def stop(self) -> None:
        """End the iteration, from any thread."""
        super().stop()
        self._bell.stop()

    def __exit__(self, *args: object, **kwargs: Any) -> None:  # noqa: ANN401 - as inherited
        """Stop, and give back the listening connection."""
        super().__exit__(*args, **kwargs)
        self._bell.close()

    def __next__(self) -> Recorded:
        """Give the next event, waiting for one."""
        while not self._has_been_stopped:
            for event in self._page:
                return event
            if not self._turn_page():
                self._bell.wait(self._seen)
        self._bell.close()
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
