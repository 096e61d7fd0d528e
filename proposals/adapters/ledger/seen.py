"""Which keys a ledger has used so far, kept on disk so that memory stays flat."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple, Self


class Earlier(NamedTuple):
    """A row that used the same key, and whether it said the same."""

    row: int
    same: bool


class SeenKeys:
    """Every matter met in one reading of a ledger. It lives in a temporary file that goes with it."""

    def __enter__(self) -> Self:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = OFF")
        columns = "proposal TEXT PRIMARY KEY, content TEXT, row INTEGER"
        self._connection.execute(f"CREATE TABLE seen ({columns}) WITHOUT ROWID")
        self._connection.execute("BEGIN")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def earlier(self, proposal: str, content: str, row: int) -> Earlier | None:
        """The row before this one that used the key; None if there is none. Notes this one then."""
        answer = self._connection.execute("SELECT content, row FROM seen WHERE proposal = ?", (proposal,)).fetchone()
        if answer is None:
            self._connection.execute("INSERT INTO seen VALUES (?, ?, ?)", (proposal, content, row))
            return None
        return Earlier(answer[1], answer[0] == content) if answer[1] != row else None

    def forget(self, proposal: str, row: int) -> None:
        """A row that was rejected has not used its key."""
        self._connection.execute("DELETE FROM seen WHERE proposal = ? AND row = ?", (proposal, row))
