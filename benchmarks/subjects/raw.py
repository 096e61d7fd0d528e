"""The physical limit: the rows that the engine writes, put in by the bare driver. Nothing is read, decided or encoded.

`Raw` writes the three rows of a command (event, leaf hash, receipt), and of a loaded event the first two; on PostgreSQL
with prepared statements, all in one round trip, without the lock that orders a log. `RawEvent` writes the event alone.
"""

from __future__ import annotations

import uuid
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from benchmarks.made_up import BATCH, CASE_EVENTS, NOTE, batches
from benchmarks.subjects import database

if TYPE_CHECKING:
    from benchmarks.made_up import Turn

Row = tuple[Any, ...]

_AT = "2026-03-02T01:00:00.000000Z"
_DATA = f'{{"note":"{NOTE}"}}'
_EVENTS = (
    "CREATE TABLE events (position {big} PRIMARY KEY, stream TEXT NOT NULL, version {big} NOT NULL, name TEXT NOT NULL,"
    " schema INTEGER, occurred_at TEXT, recorded_at TEXT NOT NULL, actor TEXT, entered_by TEXT, command_id TEXT,"
    " correlation_id TEXT, causation_id TEXT, data TEXT NOT NULL, UNIQUE (stream, version))"
)
_COMMANDS = (
    "CREATE TABLE commands (command_id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, first_position {big} NOT NULL,"
    " last_position {big} NOT NULL){without}"
)
_TABLES = (
    _EVENTS,
    "CREATE TABLE leaf_hashes (position {big} PRIMARY KEY, hash {bytes} NOT NULL)",
    _COMMANDS,
)
_WIDTHS = (13, 2, 4)
_NAMES = ("events", "leaf_hashes", "commands")
_LOADED = 2  # tables that a loaded event goes to; there is no command to give a receipt
_CLIENT = 10**12
"""Positions are far apart between clients, so that none has to ask for the next."""


class Raw:
    """The same rows as the engine's."""

    tables = 3

    def __init__(self, url: str, cases: int, *, fresh: bool) -> None:
        self._url, self._cases = url, cases
        self._sqlite = database.on_sqlite(url)
        self._connection = database.connect(url)
        self._next = 0
        mark = "?" if self._sqlite else "%s"
        self._inserts = [
            f"INSERT INTO {name} VALUES ({', '.join([mark] * width)})"
            for name, width in zip(_NAMES[: self.tables], _WIDTHS, strict=False)
        ]

    def prepare(self, events: int) -> None:
        """Made and filled."""
        form = {"big": "INTEGER", "bytes": "BLOB", "without": " WITHOUT ROWID"}
        if not self._sqlite:
            form = {"big": "BIGINT", "bytes": "BYTEA", "without": ""}
        for table in _TABLES:
            self._connection.execute(table.format(**form))
        for cases in batches(events):
            self._many(self._history(cases))

    def durability(self) -> str:
        """Of the one connection."""
        return database.durability(self._connection.execute, self._url)

    def ready(self, job: str, turn: Turn) -> Any:
        """The rows, made beforehand."""
        if job == "command":
            at = (turn.client + 1) * _CLIENT + turn.start
            cases = enumerate(turn.cases(self._cases), start=at + 1)
            return [self._rows(f"proposal-{case}", position, position) for position, case in cases]
        if job == "load":
            at_once = BATCH // CASE_EVENTS
            first = self._cases + turn.start * at_once
            last = first + turn.times * at_once
            return [self._history(range(at, at + at_once)) for at in range(first, last, at_once)]
        return None

    def run(self, job: str, ready: Any, turn: Turn) -> int:
        """Inserts and commits, or reads and parses every row in the order of streams."""
        if job == "fold":
            return self._read()
        write = self._many if job == "load" else self._one
        for rows in ready:
            write(rows)
        return len(ready) * (BATCH if job == "load" else 1)

    def close(self) -> None:
        """The one connection."""
        self._connection.close()

    def _rows(self, stream: str, version: int, position: int) -> list[Row]:
        command, data = str(uuid.uuid4()), _DATA
        digest = sha256(command.encode())
        return [
            (position, stream, version, "NoteAdded", 1, _AT, _AT, "li", "li", command, command, command, data),
            (position, digest.digest()),
            (command, digest.hexdigest(), position, position),
        ][: self.tables]

    def _history(self, cases: range) -> list[list[Row]]:
        histories = (
            self._rows(f"proposal-{case}", version, case * CASE_EVENTS + version)
            for case in cases
            for version in range(1, CASE_EVENTS + 1)
        )
        return [list(rows) for rows in zip(*histories, strict=True)]

    def _one(self, rows: list[Row]) -> None:
        execute = self._connection.execute
        if self._sqlite:
            execute("BEGIN IMMEDIATE")
            for insert, row in zip(self._inserts, rows, strict=True):
                execute(insert, row)
            execute("COMMIT")
        elif len(rows) == 1:
            execute(self._inserts[0], rows[0], prepare=True)
        else:
            with self._connection.pipeline():
                execute("BEGIN")
                for insert, row in zip(self._inserts, rows, strict=True):
                    execute(insert, row, prepare=True)
                execute("COMMIT")

    def _many(self, tables: list[list[Row]]) -> None:
        self._connection.execute("BEGIN")
        for insert, rows in zip(self._inserts[:_LOADED], tables, strict=False):
            self._connection.cursor().executemany(insert, rows)
        self._connection.execute("COMMIT")

    def _read(self) -> int:
        from orjson import loads

        seen = 0
        for row in self._connection.execute("SELECT * FROM events ORDER BY stream, version"):
            loads(row[12])
            seen += 1
        return seen


class RawEvent(Raw):
    """The event row alone."""

    tables = 1
