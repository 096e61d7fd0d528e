"""What a tick could not do: a stream in trouble does not hold up the others, and is reported when they are done."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from eventsourcing.persistence import PersistenceError

from proposals.domain.errors import ProposalsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proposals.domain.event import Fact


class Unfinished(ProposalsError):
    """A tick did all that was due but on some streams. What it recorded stays; the next tick tries those again.

    `streams` has the error of each, `recorded` the facts of the others. The errors are also its cause, as a group.
    """

    def __init__(self, streams: dict[str, Exception], recorded: Sequence[Fact] = ()) -> None:
        self.streams = streams
        self.recorded = list(recorded)
        super().__init__(f"all that was due is done but on {len(streams)} streams: {'; '.join(self.reasons)}")
        self.__cause__ = ExceptionGroup("what was due could not be done", [*streams.values()])

    @property
    def reasons(self) -> list[str]:
        """A line for each stream. Of an error that nobody foresaw only the kind: its text may show what is stored."""
        return [
            f"{stream}: {error if isinstance(error, ProposalsError) else type(error).__name__}"
            for stream, error in self.streams.items()
        ]


@contextmanager
def put_by(unfinished: dict[str, Exception], stream: str) -> Iterator[None]:
    """Puts a stream's error by until the rest is done. What ails the store ails every stream, and is raised at once."""
    try:
        yield
    except PersistenceError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is raised at the end
        unfinished[stream] = error
