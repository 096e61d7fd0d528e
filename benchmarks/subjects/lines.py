"""The read model that every subject of the projecting rows keeps: a line a case, and the bare drivers that keep it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.made_up import BATCH, CASE_EVENTS
from benchmarks.subjects import database
from benchmarks.subjects.ours import OursFacts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.made_up import Turn

Line = tuple[str, str, int, str]
"""Stream, status, notes, and when something last happened."""

AT_ONCE = 2_000
"""Events of one transaction."""

_TABLES = (
    "CREATE TABLE IF NOT EXISTS {name}_lines (stream TEXT PRIMARY KEY, status TEXT, notes INTEGER, last_at TEXT)",
    "CREATE TABLE IF NOT EXISTS {name}_position (position {big} NOT NULL)",
)
_AT = "2026-03-02T01:00:00.000000Z"


class Driver:
    """A table of lines and the position it has come to, kept by the bare driver."""

    def __init__(self, url: str, name: str) -> None:
        self.sqlite, self._url = database.on_sqlite(url), url
        self.connection = database.connect(url)
        mark = "?" if self.sqlite else "%s"
        self._upsert = (
            f"INSERT INTO {name}_lines VALUES ({mark}, {mark}, {mark}, {mark}) ON CONFLICT (stream) DO UPDATE"
            " SET status = excluded.status, notes = excluded.notes, last_at = excluded.last_at"
        )
        self._move = f"UPDATE {name}_position SET position = {mark}"
        self._name = name

    def begin_anew(self) -> None:
        """Empty tables."""
        for table in _TABLES:
            self.connection.execute(table.format(name=self._name, big="INTEGER" if self.sqlite else "BIGINT"))
        self.connection.execute(f"DELETE FROM {self._name}_lines")
        self.connection.execute(f"DELETE FROM {self._name}_position")
        self.connection.execute(f"INSERT INTO {self._name}_position VALUES (0)")

    def write(self, lines: Iterable[Line], position: int) -> None:
        """Lines and position in one transaction."""
        self.connection.execute("BEGIN")
        self.connection.cursor().executemany(self._upsert, lines)
        self.connection.execute(self._move, (position,))
        self.connection.execute("COMMIT")

    def durability(self) -> str:
        """Of the one connection."""
        return database.durability(self.connection.execute, self._url)


class RawLines:
    """The limit: an upsert for each event. Nothing is read, parsed or folded."""

    def __init__(self, url: str, cases: int, *, fresh: bool) -> None:
        self._driver, self._cases = Driver(url, "raw"), cases
        self._events = cases * CASE_EVENTS

    def prepare(self, events: int) -> None:
        """Without a log."""
        self._driver.begin_anew()

    def durability(self) -> str:
        """Of the one connection."""
        return self._driver.durability()

    def ready(self, job: str, turn: Turn) -> Any:
        """The lines of new cases, or of all there are."""
        if job == "rebuild":
            self._driver.begin_anew()
            return range(self._cases)
        first = self._cases + turn.start * BATCH // CASE_EVENTS
        return range(first, first + turn.times * BATCH // CASE_EVENTS)

    def run(self, job: str, ready: Any, turn: Turn) -> int:
        """Upserts and commits."""
        at_once = AT_ONCE // CASE_EVENTS
        for first in range(0, len(ready), at_once):
            cases = ready[first : first + at_once]
            lines = [(f"proposal-{case}", "raised", note, _AT) for case in cases for note in range(CASE_EVENTS)]
            self._driver.write(lines, first)
        return len(ready) * CASE_EVENTS

    def close(self) -> None:
        """The one connection."""
        self._driver.connection.close()


class PlainLoop(OursFacts):
    """The loop one would write by hand: read the log, parse, fold in a dictionary, write what was touched.

    It keeps every line in memory, and trusts every event.
    """

    def __init__(self, url: str, cases: int, *, fresh: bool) -> None:
        super().__init__(url, cases, fresh=fresh)
        self._driver, self._position = Driver(url, "loop"), 0
        self._lines: dict[str, Line] = {}
        mark = "?" if self._driver.sqlite else "%s"
        self._select = (
            "SELECT stream, name, occurred_at, data FROM events"
            f" WHERE position > {mark} AND position <= {mark} ORDER BY position"
        )

    def prepare(self, events: int) -> None:
        """A log of ours."""
        super().prepare(events)
        self._driver.begin_anew()
        self._catch_up()

    def ready(self, job: str, turn: Turn) -> Any:
        """New facts, or nothing yet."""
        if job == "project":
            return self.append(turn)
        self._driver.begin_anew()
        self._lines.clear()
        self._position = 0
        return None

    def run(self, job: str, ready: Any, turn: Turn) -> int:
        """From where it is to the end of the log."""
        return self._catch_up()

    def close(self) -> None:
        """Both connections."""
        self._driver.connection.close()
        super().close()

    def _catch_up(self) -> int:
        from orjson import loads

        seen, head, lines = 0, self.app.recorder.head(), self._lines
        while self._position < head:
            reached = min(self._position + AT_ONCE, head)
            touched = {}
            for stream, name, at, data in self._driver.connection.execute(self._select, (self._position, reached)):
                loads(data)
                seen += 1
                if name == "ProposalRaised":
                    line = stream, "raised", 0, at
                elif stream not in lines:
                    continue
                else:
                    _, status, notes, _ = lines[stream]
                    line = (
                        stream,
                        "accepted" if name == "ProposalAccepted" else status,
                        notes + (name == "NoteAdded"),
                        at,
                    )
                lines[stream] = touched[stream] = line
            self._driver.write(touched.values(), reached)
            self._position = reached
        return seen
