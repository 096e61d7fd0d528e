"""Following the log: an endless iterator over facts, resumable, stopped from any thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from proposals.adapters.store import LogSubscription
    from proposals.domain.event import Fact


class Following:
    """The facts of the log in commit order: what is there, then what comes. It waits for more until it is stopped.

    As a context it stops, and gives its connection back, at the end of the `with` block. To resume after a crash,
    follow after the position of the last fact that was dealt with: each comes at least once.
    """

    def __init__(self, subscription: LogSubscription, fact: Callable[[Any], Fact]) -> None:
        self._subscription = subscription.__enter__()
        self._fact = fact

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Fact:
        return self._fact(next(self._subscription))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._subscription.__exit__(*error)

    def stop(self) -> None:
        """Ends the iteration, from any thread."""
        self._subscription.stop()
