"""A log of marks on things, two small projections of it, and what they must come to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Self

import orjson
from hypothesis import strategies as st
from sqlalchemy import Column, Index

from proposals.adapters.keys import MemoryKeyStore
from proposals.adapters.mapper import FactMapper
from proposals.adapters.projecting import Projections
from proposals.adapters.sealing import Sealer
from proposals.adapters.store import Envelope, Recorder
from proposals.domain.event import Event
from proposals.projections.columns import NUMBER, TEXT
from proposals.projections.projection import Entry, Projection, Row, Rows, fold_log

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Opened(Event):
    title: str


class Marked(Event):
    mark: str
    weight: int


class Unmarked(Event):
    mark: str


class Cleared(Event):
    pass


class Passed(Event):
    """Of no interest to any projection."""


EVENTS: dict[str, type[Event]] = {event.name: event for event in (Opened, Marked, Unmarked, Cleared, Passed)}

POISON = 666
"""A mark of this weight cannot be projected, until the projection is mended."""


def things(version: int = 1) -> Projection:
    """One row a thing."""
    projection = Projection("things", version)
    table = projection.table(
        "things",
        Column("title", TEXT, nullable=False),
        Column("marked", NUMBER, nullable=False, default=0),
        Column("last", TEXT),
        Index("things_marked", "marked"),
    )
    if version > 1:
        projection = Projection("things", version)
        table = projection.table("things", Column("title", TEXT, nullable=False), Column("seen", NUMBER, default=0))

        @projection.on(Opened)
        def open_anew(rows: Rows, entry: Entry) -> None:
            rows.put(table, title=entry.data["title"].upper())

        return projection

    @projection.on(Opened)
    def open_(rows: Rows, entry: Entry) -> None:
        rows.put(table, title=entry.data["title"])

    @projection.on(Marked)
    def mark(rows: Rows, entry: Entry) -> None:
        row = rows.get(table) or rows.put(table, title="")
        row["marked"] += 1
        row["last"] = entry.recorded_at if entry.data["mark"] == "now" else entry.data["mark"]

    @projection.on(Cleared)
    def clear(rows: Rows, _entry: Entry) -> None:
        rows.delete(table)

    return projection


def marks(*, mended: bool = False) -> Projection:
    """A row a mark, some of which go again, and one for each time. It cannot do with marks that weigh too much."""
    projection = Projection("marks", 1)
    table = projection.table(
        "marks",
        Column("mark", TEXT, primary_key=True),
        Column("weight", NUMBER, nullable=False),
        Column("due", TEXT, index=True),
    )
    times = projection.table("mark_times", Column("n", NUMBER, primary_key=True), Column("position", NUMBER))

    @projection.on(Marked)
    def mark(rows: Rows, entry: Entry) -> None:
        row = rows.get(table, entry.data["mark"]) or rows.put(table, entry.data["mark"], weight=0)
        row["weight"] += entry.data["weight"]
        rows.put(times, len(rows.all(times)) + 1, position=entry.position)
        if entry.data["weight"] == POISON and not mended:
            message = "too heavy"
            raise ArithmeticError(message)

    @projection.on(Unmarked)
    def unmark(rows: Rows, entry: Entry) -> None:
        rows.delete(table, entry.data["mark"])

    @projection.on(Cleared)
    def clear(rows: Rows, _entry: Entry) -> None:
        for row in rows.all(table):
            rows.delete(table, row["mark"])

    return projection


def event(stream: str, version: int, happened: Event) -> Envelope:
    return Envelope(
        originator_id=stream,
        originator_version=version,
        topic=happened.name,
        state=orjson.dumps(happened.model_dump(mode="json")),
        schema=1,
        occurred_at="2030-01-01T00:00:00.000000Z",
        actor="clerk",
        entered_by="clerk",
    )


def marked(mark: str = "red", weight: int = 1) -> Marked:
    return Marked(mark=mark, weight=weight)


words = st.sampled_from(["red", "green", "now", "灯", ""])
happenings = st.one_of(
    st.builds(Opened, title=words),
    st.builds(Marked, mark=words, weight=st.integers(-9, 9) | st.just(POISON)),
    st.builds(Marked, mark=words, weight=st.integers(-9, 9)),
    st.builds(Unmarked, mark=words),
    st.just(Cleared()),
    st.just(Passed()),
)
logs = st.lists(st.tuples(st.sampled_from(["p-1", "p-2", "p-3", "p-4"]), happenings), max_size=40)


class World:
    """A store with its projections."""

    def __init__(
        self, url: str = "sqlite://", *projections: Projection, inline: Sequence[str] = (), **store: Any
    ) -> None:
        self.url = url
        self.recorder = Recorder(url, **{"clock": lambda: NOON, "poll_interval": 0.02, **store})
        self.mapper = FactMapper(Sealer(MemoryKeyStore()), EVENTS)
        self.projections = self.with_(*(projections or (things(), marks())), inline=inline)

    def with_(self, *projections: Projection, inline: Sequence[str] = ()) -> Projections:
        return Projections(self.recorder, self.mapper.entry, EVENTS, projections, inline)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.recorder.close()

    def happen(self, *happened: tuple[str, Event], **options: Any) -> list[int]:
        heads = self.recorder.heads(list({stream for stream, _ in happened}))
        events = []
        for stream, what in happened:
            heads[stream] = heads.get(stream, 0) + 1
            events.append(event(stream, heads[stream], what))
        return list(self.recorder.insert_events(events, **options))

    def rows(self, *names: str) -> dict[str, list[Row]]:
        """What is in these tables, in the order of their keys."""
        return {name: sorted(self._all(name), key=lambda row: list(row.values())[:2]) for name in names}

    def _all(self, name: str) -> list[Row]:
        tables = {
            table: shape.table for projection in (things(), marks()) for table, shape in projection.tables.items()
        }
        return self.projections.rows(tables[name])

    def all(self) -> dict[str, list[Row]]:
        return self.rows("things", "marks", "mark_times")

    def entries(self) -> list[Entry]:
        """The log as projections see it, by streams."""
        return [entry for stream in self.recorder.stream_ids() for entry in self.projections.entries_of(stream)]

    def folded(self, *projections: Projection) -> dict[str, list[Row]]:
        """What must be in them."""
        entries = self.entries()
        folded: dict[str, list[Row]] = {}
        for projection in projections or (things(), marks()):
            folded |= fold_log(projection, entries)
        return folded


def positions(world: World) -> dict[str, int]:
    return {status.name: status.position for status in world.projections.status() if status.state == "live"}


def without_poison(log: Iterable[tuple[str, Event]]) -> list[tuple[str, Event]]:
    """The log up to what cannot be projected, in each stream."""
    stopped: set[str] = set()
    kept = []
    for stream, happened in log:
        if isinstance(happened, Marked) and happened.weight == POISON:
            stopped.add(stream)
        if stream not in stopped:
            kept.append((stream, happened))
    return kept


def whole(world: World, *projections: Projection) -> bool:
    """Whether what is live is what the log up to its position comes to, and nothing of what waits."""
    entries = world.entries()
    letters = {(letter.name, letter.position) for letter in world.projections.dead_letters()}
    for projection in projections or (things(), marks()):
        reached = positions(world).get(projection.name)
        if reached is not None:
            seen = [
                entry
                for entry in entries
                if entry.position <= reached and (projection.name, entry.position) not in letters
            ]
            expected = fold_log(projection, seen)
            assert world.rows(*expected) == expected
    return True
