"""Traces of an event log in XES (IEEE 1849): one trace is one row, with its own and its first and last events' data."""

from __future__ import annotations

from pyexpat import ExpatError, ParserCreate
from typing import TYPE_CHECKING

from proposals.adapters.ledger.reasons import LedgerUnreadable
from proposals.adapters.ledger.source import SourceRow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 1 << 16
_VALUES = frozenset({"string", "date", "int", "float", "boolean", "id"})
_TRACE, _EVENT = "trace", "event"


class _Refused(Exception):
    """The document has a part that a log has no use for, and that attacks are made of."""


class _Traces:
    """Collects what a trace says while the parser walks through it. No tree is built."""

    def __init__(self) -> None:
        self.done: list[dict[str, str]] = []
        self._path: list[str] = []
        self._trace: dict[str, str] = {}
        self._first: dict[str, str] | None = None
        self._event: dict[str, str] = {}
        self._events = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins. Only what hangs directly under a trace or an event is its attribute."""
        tag = name.rpartition(" ")[2].lower()
        above = self._path[-1] if self._path else ""
        self._path.append(tag)
        if tag == _TRACE:
            self._trace, self._first, self._event, self._events = {}, None, {}, 0
        elif tag == _EVENT:
            self._event = {}
        elif tag in _VALUES and above in {_TRACE, _EVENT} and "key" in attributes:
            into = self._trace if above == _TRACE else self._event
            into[attributes["key"]] = attributes.get("value", "")

    def end(self, _name: str) -> None:
        """An element ends, and with a trace a row."""
        tag = self._path.pop()
        if tag == _EVENT:
            self._events += 1
            if self._first is None:
                self._first = self._event
        elif tag == _TRACE:
            row = dict(self._trace)
            for when, event in (("first", self._first or {}), ("last", self._event)):
                row.update({f"{when}:{key}": value for key, value in event.items()})
            row["events"] = str(self._events)
            self.done.append(row)

    @staticmethod
    def refuse(*_: object) -> None:
        """A document type would bring entities, and with them files from elsewhere and texts that explode."""
        message = "it declares a document type, which an event log has no use for"
        raise _Refused(message)


def xes_rows(path: Path) -> Iterator[SourceRow]:
    """One row a trace: its attributes, those of its events as `first:key` and `last:key`, and `events`, their number.

    Any document type declaration is refused before an entity is read (the guard that defusedxml has too).
    """
    traces = _Traces()
    parser = ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = traces.start
    parser.EndElementHandler = traces.end
    parser.StartDoctypeDeclHandler = traces.refuse
    parser.EntityDeclHandler = traces.refuse
    parser.buffer_text = True
    number = 0
    with path.open("rb") as file:
        more = True
        while more:
            chunk = file.read(_CHUNK)
            more = bool(chunk)
            try:
                parser.Parse(chunk, not more)
            except (ExpatError, _Refused) as error:
                raise LedgerUnreadable(
                    "ledger_broken", file=path.name, line=parser.CurrentLineNumber, why=str(error)
                ) from error
            for cells in traces.done:
                number += 1
                yield SourceRow(number, cells)
            traces.done.clear()
