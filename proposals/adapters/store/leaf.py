"""The leaf line of an event: the exact bytes an auditor gets, and whose hash is the event's leaf in the log."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from orjson import Fragment, JSONDecodeError, dumps, loads

from .records import NO_ENVELOPE, Envelope

if TYPE_CHECKING:
    from eventsourcing.persistence import StoredEvent


def spliced(data: bytes, *, trusted: bool) -> bytes:
    """Give an event's data as it stands in its leaf line.

    A JSON object stands there as it is stored, byte for byte. Anything else (only bare events have it)
    becomes a JSON string, which no object can be mistaken for. Data that our mapper wrote is trusted, not
    parsed again.
    """
    if data[:1] == b"{" and (trusted or _is_json_on_one_line(data)):
        return data
    return dumps(data.decode())


def make_line(event: StoredEvent, position: int, recorded_at: str) -> bytes:
    """Write the leaf line of an event at a position: canonical JSON of all columns and `index`, without a newline."""
    schema, occurred_at, actor, entered_by, command_id, correlation_id, causation_id = (
        (
            event.schema,
            event.occurred_at,
            event.actor,
            event.entered_by,
            event.command_id,
            event.correlation_id,
            event.causation_id,
        )
        if isinstance(event, Envelope)
        else NO_ENVELOPE
    )
    return dumps(
        {  # in the order of the keys
            "actor": actor,
            "causation_id": causation_id,
            "command_id": command_id,
            "correlation_id": correlation_id,
            "data": Fragment(spliced(event.state, trusted=schema is not None)),
            "entered_by": entered_by,
            "index": position - 1,
            "name": event.topic,
            "occurred_at": occurred_at,
            "position": position,
            "recorded_at": recorded_at,
            "schema": schema,
            "stream": event.originator_id,
            "version": event.originator_version,
        }
    )


def leaf_line(event: Envelope) -> bytes:
    """Give the leaf line of an event that was read back from the log."""
    return make_line(event, event.position or 0, event.recorded_at or "")


def leaf_hash(line: bytes) -> bytes:
    """Hash a leaf line as RFC 6962 does: SHA-256(0x00 || line)."""
    return sha256(b"\x00" + line).digest()


def parse_line(line: bytes) -> Envelope:
    """Read a leaf line back to the event it was made of, so that `leaf_line` gives the same bytes again.

    Raises ValueError when the bytes are not a leaf line in its canonical form.
    """
    try:
        fields = loads(line)
        # The data is cut out, never parsed and written again: its bytes are what was hashed.
        before = len(dumps({key: fields[key] for key in _BEFORE_DATA})) - 1 + len(b',"data":')
        after = len(dumps({key: fields[key] for key in _AFTER_DATA}))
        data = line[before:-after]
        event = Envelope(
            originator_id=fields["stream"],
            originator_version=fields["version"],
            topic=fields["name"],
            state=data if data[:1] == b"{" else loads(data).encode(),
            **{key: fields[key] for key in _OPTIONAL},
        )
        same = leaf_line(event) == line
    except (TypeError, KeyError, AttributeError, JSONDecodeError) as error:
        raise ValueError("not a leaf line") from error
    if not same:
        raise ValueError("not a leaf line in its canonical form")
    return event


def _is_json_on_one_line(data: bytes) -> bool:
    try:
        loads(data)
    except JSONDecodeError:
        return False
    return b"\n" not in data


_BEFORE_DATA = ("actor", "causation_id", "command_id", "correlation_id")
_AFTER_DATA = (
    "entered_by",
    "index",
    "name",
    "occurred_at",
    "position",
    "recorded_at",
    "schema",
    "stream",
    "version",
)
_OPTIONAL = (*_BEFORE_DATA, "entered_by", "occurred_at", "position", "recorded_at", "schema")
