"""What read models say, all of them as of one moment: out of their tables, or folded in memory."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from .bookkeeping import Standing
from .projector import BATCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proposals.adapters.store import Recorder

    from .bookkeeping import Books
    from .projector import Projector
    from .rebuilding import Progress


class View(NamedTuple):
    """Rows of read models by the names of the tables, in the order of the keys.

    `position` is where the log ended then. The rows of the streams that are `waiting` are not up to that: an event of
    theirs could not be projected.
    """

    rows: dict[str, list[dict[str, Any]]]
    position: int
    waiting: frozenset[str]


def stored(recorder: Recorder, books: Books, projectors: Sequence[Projector]) -> tuple[View, bool]:
    """What the live tables say, and whether all are equally far, as they may not be while the log grows."""
    reads = {name: asked for projector in projectors for name, asked in projector.tables.reads.items()}
    with recorder.snapshot(*reads) as read:
        standings = [Standing(*row) for row in read(books.all)]
        live = [projector.live(standings) for projector in projectors]
        found = {name: read(asked) for name, asked in reads.items()}
        waiting = frozenset(stream for its in live for (stream,) in read(books.waiting, its.key))
    columns = {name: shape.columns for its in projectors for name, shape in its.projection.tables.items()}
    rows = {name: [dict(zip(columns[name], row, strict=True)) for row in found[name]] for name in found}
    reached = {standing.position for standing in live}
    return View(rows, max(reached), waiting), len(reached) == 1


def folded(recorder: Recorder, projectors: Sequence[Projector], until: str | None, progress: Progress) -> View:
    """What they would say, of what had happened by an instant. The log is gone through once, stream by stream."""
    head, names = recorder.head(), ", ".join(projector.name for projector in projectors)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for its in projectors for name in its.projection.tables}
    waiting: set[str] = set()
    done = 0
    for stream, events in groupby(recorder.projected_by_stream("", head), key=itemgetter(1)):
        happened = []
        for event in events:
            done += 1
            if done % BATCH == 0 or done == head:
                progress(names, done, head)
            if until is None or event[4] <= until:
                happened.append(event)
        for projector in projectors:
            changes = projector.fold(filter(projector.concerns, happened), {}, {})
            for name, written in changes.written.items():
                columns = projector.projection.tables[name].columns
                rows[name].extend(dict(zip(columns, row, strict=True)) for row in sorted(written))
            if changes.put_by:
                waiting.add(stream)
    return View(rows, head, frozenset(waiting))
