"""Backup and restore: one file for either database, from which the same log comes back, byte for byte.

The file is gzip'd lines: a header; then the rows of tracking, wake-ups and commands as arrays, and the log as
its leaf lines, which are objects; at the end the SHA-256 of all lines before. What projections have made of the log
is not in it: they make it again.
"""

from __future__ import annotations

import gzip
import zlib
from hashlib import sha256
from itertools import islice, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eventsourcing.persistence import ProgrammingError
from orjson import dumps, loads

from proposals.adapters.whole_files import write_whole

from .append import event_row
from .leaf import leaf_hash, leaf_line, parse_line
from .schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .recorder import Recorder
    from .statements import Write

FORMAT = "proposals-backup.1"
READABLE = range(1, SCHEMA_VERSION + 1)  # schema 2 added what is not saved
PAGE = 1000


class BackupError(ValueError):
    """The file is not a whole and unchanged backup that this release can read, or the store is not what it hashed."""


def backup(recorder: Recorder, path: str | Path) -> int:
    """Write a backup of a store as it is at one moment, while others go on writing to it; return its last position.

    The file appears under its name only when it is whole. Raises BackupError when an event is not what its
    leaf hash says.
    """

    def write(part: Path) -> int:
        digest, head = sha256(), 0
        with (
            part.open("wb") as raw,
            gzip.GzipFile(filename="", mode="wb", compresslevel=5, fileobj=raw, mtime=0) as file,
        ):
            for line in _lines(recorder):
                head = head or loads(line)["head"]
                digest.update(line + b"\n")
                file.write(line + b"\n")
            file.write(dumps(["end", digest.hexdigest()]) + b"\n")
        return head

    return write_whole(Path(path), write)


def restore(path: str | Path, recorder: Recorder) -> int:
    """Fill an empty store from a backup, which is checked as it is read, in one transaction; return the last position.

    The store takes over the id of the one that was saved. Raises BackupError, and ProgrammingError when the
    store is not empty; nothing has been written then.
    """
    statements = recorder.statements
    with recorder.writers.connection() as connection, recorder.transaction(connection) as transaction:
        locked, occupied = transaction.ask([(statements.lock, (0, "")), (statements.occupied, ())])
        if locked[0][0] or occupied[0][0]:
            raise ProgrammingError("only an empty store can be restored")
        lines = _checked(Path(path))
        header = _header(next(lines, b""))
        content = _Content(recorder)
        while page := list(islice(lines, PAGE)):
            transaction.write(content.writes(page))
        content.check(header["head"])
        advanced = (statements.advance, [(header["head"], header["recorded_at"])])
        transaction.tell([advanced, (statements.set_store_id, [(header["store_id"],)])])
    recorder.store_id = header["store_id"]
    return int(header["head"])


def _lines(recorder: Recorder) -> Iterator[bytes]:
    """Give the lines of a backup but the last. What may change is read in one short transaction, the log after it."""
    statements = recorder.statements
    with recorder.snapshot() as read:
        (head, recorded_at), (store_id,) = read(statements.head)[0], read(statements.store_id)[0]
        yield dumps(
            {
                "format": FORMAT,
                "schema_version": SCHEMA_VERSION,
                "store_id": store_id,
                "head": head,
                "recorded_at": recorded_at,
            }
        )
        for row in read(statements.all_tracking):
            yield dumps(["tracking", *row])
        last = ""
        while rows := read(statements.wakeups_after, (last, PAGE)):
            yield from (dumps(["wakeup", *row]) for row in rows)
            last = rows[-1][0]
    last = ""
    while rows := recorder.read(statements.commands_after, (last, head, PAGE)):
        yield from (dumps(["command", *row]) for row in rows)
        last = rows[-1][0]
    both = zip_longest(recorder.log(through=head), recorder.placed_hashes(through=head))
    for position, (event, hashed) in enumerate(both, start=1):
        if event is None or event.position != position or hashed is None or hashed[0] != position:
            raise BackupError(f"the log and its leaf hashes do not agree: one of them lacks position {position}")
        line = leaf_line(event)
        if leaf_hash(line) != hashed[1]:
            raise BackupError(f"the event at position {event.position} is not what its leaf hash says")
        yield line


class _Content:
    """The rows of a backup, made from its lines and checked on the way."""

    def __init__(self, recorder: Recorder) -> None:
        self._statements = recorder.statements
        self._position, self._recorded_at, self._ends = 0, "", 0

    def writes(self, lines: list[bytes]) -> list[Write]:
        """Give what a page of lines writes."""
        events: list[tuple[Any, ...]] = []
        hashes: list[tuple[Any, ...]] = []
        beside: dict[str, list[tuple[Any, ...]]] = {"command": [], "tracking": [], "wakeup": []}
        try:
            for line in lines:
                if line[:1] != b"{":
                    kind, *row = loads(line)
                    beside[kind].append(tuple(row))
                    continue
                event = parse_line(line)
                self._position += 1
                if event.position != self._position or (event.recorded_at or "") < self._recorded_at:
                    raise BackupError(f"the line for position {self._position} is out of order")
                self._recorded_at = event.recorded_at or ""
                events.append(event_row(event, self._position, self._recorded_at))
                hashes.append((self._position, leaf_hash(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise BackupError(f"a line cannot be read: {error}") from error
        tracking: Write = (self._statements.track, beside["tracking"])
        return [*self._statements.writes([], events, hashes, beside["command"], beside["wakeup"], []), tracking]

    def check(self, head: int) -> None:
        """Check that the log is whole."""
        if self._position != head:
            raise BackupError(f"the backup has {self._position} events of {head}")


def _checked(path: Path) -> Iterator[bytes]:
    """Read the lines of a backup but the last, which must then agree with all of them."""
    digest, line = sha256(), b""
    try:
        with gzip.open(path, "rb") as file:
            for following in file:
                if line:
                    digest.update(line)
                    yield line[:-1]
                line = following
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BackupError(f"{path} is not a backup, or it is cut off or damaged: {error}") from error
    if line != dumps(["end", digest.hexdigest()]) + b"\n":
        raise BackupError(f"{path} is not a backup, or it is cut off or changed: its digest does not agree")


def _header(line: bytes) -> dict[str, Any]:
    try:
        header: dict[str, Any] = loads(line)
        known = header["format"] == FORMAT and {"head", "recorded_at", "store_id"} <= header.keys()
        version = int(header["schema_version"])
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError("not a backup: it does not begin with a header") from error
    if not known or version not in READABLE:
        raise BackupError(
            f"a backup of format {header['format']!r}, schema version {version}, cannot be read by this release"
        )
    return header
