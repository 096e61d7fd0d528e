"""Facts as projections read them, and the rows that come of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proposals.domain.vocabulary import instant_text
from proposals.projections.projection import Entry, Projection, fold, fold_log

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Table

    from proposals import Fact

    Log = Mapping[str, list[Fact]]


def entry_of(fact: Fact) -> Entry:
    """What the store hands to projections of a fact."""
    at = instant_text(fact.occurred_at)
    data = fact.event.model_dump(mode="json", exclude=set(fact.event.personal) or None)
    return Entry(fact.position or 0, fact.stream, fact.version, fact.name, at, at, fact.actor, fact.entered_by, data)


def by_stream(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    """Facts by their streams, each in its order."""
    streams: dict[str, list[Fact]] = {}
    for fact in facts:
        streams.setdefault(fact.stream, []).append(fact)
    return streams


def folded(projection: Projection, entries: Iterable[Entry]) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of a projection, sorted, by its tables' names."""
    found = fold_log(projection, entries)
    return {name: sorted((tuple(row.values()) for row in rows), key=repr) for name, rows in found.items()}


def in_batches(projection: Projection, entries: list[Entry], size: int) -> dict[str, list[tuple[Any, ...]]]:
    """The same, the log read so many entries at a time, and the rows put by in between as a database has them."""
    stored: dict[str, dict[str, list[tuple[Any, ...]]]] = {}
    for first in range(0, len(entries), size):
        streams: dict[str, list[Entry]] = {}
        for entry in entries[first : first + size]:
            streams.setdefault(entry.stream, []).append(entry)
        for stream, events in streams.items():
            rows = fold(projection, stream, stored.get(stream, {}), events)
            stored[stream] = {name: list(reversed(rows.values(name))) for name in projection.tables}
    tables = {name: [row for rows in stored.values() for row in rows[name]] for name in projection.tables}
    return {name: sorted(found, key=repr) for name, found in tables.items()}


def rows_of(projection: Projection, table: Table, facts: Iterable[Fact]) -> list[dict[str, Any]]:
    """The rows of one of a projection's tables, by their columns, in the order of their keys."""
    return fold_log(projection, map(entry_of, facts))[table.name]


def the_row(projection: Projection, table: Table, facts: Iterable[Fact]) -> dict[str, Any]:
    """The one row of a table."""
    (row,) = rows_of(projection, table, facts)
    return row
