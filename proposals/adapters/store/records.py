"""What goes into the log and comes out of it: the event envelope, a command's receipt, and the two conflicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Envelope(StoredEvent):
    """A stored event with its public envelope; bare events leave the optional fields at None.

    Instants are texts `YYYY-MM-DDTHH:MM:SS.ffffffZ` (UTC). `recorded_at` and `position` are given by the
    store and filled in when an event is read back.
    """

    schema: int | None = None
    occurred_at: str | None = None
    actor: str | None = None
    entered_by: str | None = None
    command_id: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    recorded_at: str | None = None
    position: int | None = None

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Make one of all its fields, set past `__init__`, which takes three times as long."""
        event = object.__new__(cls)
        object.__setattr__(event, "__dict__", values)
        return event


@dataclass(frozen=True)
class Recorded(Envelope, Notification):
    """An envelope as a notification of the log; `id` is its position."""


class Positions(list[int]):
    """The positions that an append has given, and the one instant (text) at which all of it was recorded."""

    def __init__(self, positions: Iterable[int] = (), recorded_at: str | None = None) -> None:
        """Hold both; nothing appended has no instant."""
        super().__init__(positions)
        self.recorded_at = recorded_at


class CommandRecord(NamedTuple):
    """A command's receipt: it stands for the next `events` of the events it is inserted with, in their order."""

    command_id: str
    fingerprint: str
    events: int


class VersionConflict(IntegrityError):
    """A stream that was read or written is not at the version the writer decided on."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        """Say which stream, the version it should have had (0 = none), and the one it has."""
        super().__init__(f"stream {stream!r} is at version {actual}, not at {expected}")
        self.stream, self.expected, self.actual = stream, expected, actual


class CommandIdTaken(IntegrityError):
    """A command with this id is in the log already: `Recorder.find_command` tells what it recorded."""

    def __init__(self, command_id: str) -> None:
        """Say which command id is taken."""
        super().__init__(f"command id {command_id!r} is already recorded")
        self.command_id = command_id


# The columns of table `events` in their order, under the names their values have in Python.
FIELDS = (
    "position",
    "originator_id",
    "originator_version",
    "topic",
    "schema",
    "occurred_at",
    "recorded_at",
    "actor",
    "entered_by",
    "command_id",
    "correlation_id",
    "causation_id",
    "state",
)
NO_ENVELOPE = (None,) * 7
Row: TypeAlias = "Sequence[Any]"
"""A row of `events`, its columns in the order of `FIELDS`."""


def envelope(row: Row) -> Envelope:
    """Read a row of `events`."""
    return Envelope.of(_values(row))


def recorded(row: Row) -> Recorded:
    """Read a row of `events` as a notification."""
    values = _values(row)
    values["id"] = values["position"]
    return Recorded.of(values)


def row_of(event: Envelope) -> Row:
    """Give the row that an envelope was read from."""
    return tuple(getattr(event, field) for field in FIELDS)


def _values(row: Row) -> dict[str, Any]:
    values = dict(zip(FIELDS, row, strict=True))
    values["state"] = values["state"].encode()
    return values
