"""An event that cannot be projected stops its own stream only, is seen, and goes through once that was mended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from sqlalchemy import Column, Float

from proposals.adapters.projecting import projector
from proposals.domain.vocabulary import Tier
from proposals.projections.columns import NUMBER, TEXT
from proposals.projections.projection import Entry, NotProjected, Projection, Rows, fold_log

from .conftest import Opener
from .worlds import POISON, Marked, Opened, World, event, marked, marks, things, whole


def test_its_stream_waits_there_and_the_others_go_on(world: World) -> None:
    world.happen(("p-1", marked("a")), ("p-1", marked("b", POISON)), ("p-2", marked("c")), ("p-1", marked("d")))
    world.projections.catch_up()
    world.happen(("p-1", marked("e")), ("p-2", marked("f")))
    world.projections.catch_up()

    assert [(row["stream"], row["mark"]) for row in world.rows("marks")["marks"]] == [
        ("p-1", "a"),
        ("p-2", "c"),
        ("p-2", "f"),
    ]
    letters = world.projections.dead_letters("marks")
    assert [(letter.position, letter.stream, letter.version, letter.event) for letter in letters] == [
        (2, "p-1", 2, "Marked"),
        (4, "p-1", 3, "Marked"),
        (5, "p-1", 4, "Marked"),
    ]
    assert [letter.why for letter in letters] == ["ArithmeticError: too heavy", "waits behind 2", "waits behind 2"]
    assert {status.name: (status.lag, status.dead_letters) for status in world.projections.status()} == {
        "things": (0, 0),
        "marks": (0, 3),
    }
    assert whole(world)


def test_a_replay_before_anything_was_mended_changes_nothing(world: World) -> None:
    world.happen(("p-1", marked("a", POISON)), ("p-1", marked()))
    world.projections.catch_up()
    before = world.all(), world.projections.dead_letters()

    assert world.projections.replay("marks") == 0

    assert (world.all(), world.projections.dead_letters()) == before


def test_a_replay_goes_as_far_as_it_can(world: World) -> None:
    world.happen(("p-1", marked("a", POISON)), ("p-1", marked("b")), ("p-1", marked("c")), ("p-2", marked("d", POISON)))
    world.projections.catch_up()
    better = marks(mended=True)
    handlers, bad = better.handlers["Marked"], {3}

    @better.on(Marked)
    def fails_later(_rows: Rows, entry: Entry) -> None:
        if entry.position in bad:
            raise RuntimeError

    assert len(handlers) == 2
    mended = world.with_(better)
    assert mended.replay("marks") == 3
    assert [(letter.position, letter.why) for letter in mended.dead_letters()] == [(3, "RuntimeError: ")]
    bad.clear()
    assert mended.replay("marks") == 1
    assert mended.dead_letters() == []
    assert world.all() == world.folded(things(), marks(mended=True)) | {"things": world.all()["things"]}


@pytest.mark.parametrize("other", ["replay", "rebuild"])
def test_what_another_projects_while_a_replay_begins_is_not_projected_again(
    world: World, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.happen(("p-1", marked("a")), ("p-1", marked("b", POISON)), ("p-1", marked("a", 5)))
    world.projections.catch_up()
    ours, theirs = (world.with_(things(), marks(mended=True)) for _ in range(2))
    begin = world.recorder.beside_the_log
    told: list[str] = []

    def late() -> AbstractContextManager[Any]:
        if not told:
            told.append("the streams that wait have been read")
            getattr(theirs, other)("marks")
        return begin()

    monkeypatch.setattr(world.recorder, "beside_the_log", late)

    assert ours.replay("marks") == 0
    assert world.all() == world.folded(things(), marks(mended=True))
    assert ours.dead_letters() == []


def test_an_event_does_not_wait_behind_one_that_is_replayed_while_it_is_folded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.happen(("p-1", marked("a")), ("p-1", marked("b", POISON)))
    world.projections.catch_up()
    world.happen(("p-1", marked("a", 5)), ("p-2", marked("c")))
    ours, theirs = (world.with_(things(), marks(mended=True)) for _ in range(2))
    fold, replayed = projector.Projector.fold, list[int]()

    def slowly(self: projector.Projector, *args: Any) -> projector.Changes:
        if self.name == "marks" and not replayed:
            replayed.append(0)
            replayed.append(theirs.replay("marks"))
        return fold(self, *args)

    monkeypatch.setattr(projector.Projector, "fold", slowly)
    ours.catch_up()

    assert replayed == [0, 1]
    assert world.all() == world.folded(things(), marks(mended=True))
    assert ours.dead_letters() == []


def test_an_event_of_a_newer_release_waits_for_it(world: World) -> None:
    newer = event("p-1", 1, marked())
    world.recorder.insert_events([type(newer)(**{**newer.__dict__, "schema": 2})])
    world.happen(("p-2", marked()))
    world.projections.catch_up()

    (letter,) = world.projections.dead_letters("marks")
    assert letter.why.startswith("UnknownEvent: p-1 version 1 holds Marked in schema 2")
    assert [row["stream"] for row in world.rows("marks")["marks"]] == ["p-2"]


def test_data_that_is_no_json_waits(world: World) -> None:
    broken = event("p-1", 1, marked())
    world.recorder.insert_events([type(broken)(**{**broken.__dict__, "state": b"no json"})])
    world.projections.catch_up("marks")
    assert [letter.position for letter in world.projections.dead_letters("marks")] == [1]


def writing(write: Callable[..., object]) -> Projection:
    """A projection with one row a stream, that also does this."""
    projection = Projection("careless", 1)
    table = projection.table(
        "careless",
        Column("title", TEXT),
        Column("count", NUMBER, nullable=False, default=0),
        Column("share", Float),
    )

    @projection.on(Opened)
    def open_(rows: Rows, entry: Entry) -> None:
        row = rows.put(table, title=entry.data["title"])
        if entry.stream == "p-1":
            write(rows, table, row)

    return projection


CARELESS: dict[str, Callable[..., object]] = {
    "lacks": lambda _rows, _table, row: row.pop("title"),
    "unknown": lambda _rows, _table, row: row.update(other=1),
    "other columns": lambda rows, table, _row: rows.put(table, other=1),
    "its key": lambda rows, table, _row: rows.put(table, "key"),
    "no such row": lambda rows, table, _row: rows.of(table, "key"),
    "text": lambda _rows, _table, row: row.update(title=7),
    "number": lambda _rows, _table, row: row.update(count="7"),
    "fraction": lambda _rows, _table, row: row.update(count=7.0),
    "nothing": lambda _rows, _table, row: row.update(count=None),
    "list": lambda _rows, _table, row: row.update(title=["a"]),
    "too large": lambda _rows, _table, row: row.update(count=2**63),
    "NUL": lambda _rows, _table, row: row.update(title="a\x00b"),
    "half a surrogate pair": lambda _rows, _table, row: row.update(title="灯\ud800"),
    "not a number": lambda _rows, _table, row: row.update(share=float("nan")),
    "another stream": lambda _rows, _table, row: row.update(stream="p-9"),
}


@pytest.mark.parametrize("what", CARELESS)
def test_what_is_no_row_is_put_by_before_the_database_sees_it(what: str, url: str, opened: Opener) -> None:
    careless = writing(CARELESS[what])
    world = opened(url, careless)
    world.happen(("p-1", Opened(title="a")), ("p-2", Opened(title="b")))
    world.projections.catch_up()

    (letter,) = world.projections.dead_letters()
    assert (letter.stream, letter.why.partition(":")[0]) == ("p-1", "NotProjected")
    assert [row["stream"] for row in world.projections.rows(careless.tables["careless"].table)] == ["p-2"]
    with pytest.raises(NotProjected):
        fold_log(careless, world.entries())


def test_a_reason_that_is_no_text_of_a_database_is_put_by_as_one(url: str, opened: Opener) -> None:
    def raises(*_: object) -> None:
        raise RuntimeError("\ud800, a\x00b")

    world = opened(url, writing(raises))
    world.happen(("p-1", Opened(title="a")))
    world.projections.catch_up()
    assert [letter.why for letter in world.projections.dead_letters()] == ["RuntimeError: \\ud800, ab"]


def test_a_truth_value_is_a_number_and_an_enums_text_a_text(url: str, opened: Opener) -> None:
    def write(_rows: Rows, _table: object, row: dict[str, object]) -> None:
        row.update(count=True, title=Tier.GRID, share=1)

    world = opened(url, writing(write))
    world.happen(("p-1", Opened(title="a")))
    world.projections.catch_up()
    world.happen(("p-1", Opened(title="a")))
    world.projections.catch_up()

    table = writing(write).tables["careless"].table
    (row,) = world.projections.rows(table)
    assert [(type(value), value) for value in row.values()] == [(str, "p-1"), (str, "grid"), (int, 1), (float, 1.0)]


def test_a_row_that_was_none_for_a_moment_is_refused_whatever_the_batch(world: World) -> None:
    """What came in one batch would otherwise be projected, and in two it would not."""
    fickle = writing(lambda _rows, _table, row: row.update(count=None))
    table = fickle.tables["careless"].table

    @fickle.on(Marked)
    def put_right(rows: Rows, _entry: Entry) -> None:
        rows.of(table)["count"] = 1

    world.happen(("p-1", Opened(title="a")), ("p-1", marked()))
    projections = world.with_(fickle)
    projections.catch_up()
    assert [letter.position for letter in projections.dead_letters()] == [1, 2]


def test_names_and_columns_that_are_none_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="name"):
        Projection("No/Name", 1)
    from sqlalchemy import DateTime

    with pytest.raises(ValueError, match="texts and numbers"):
        Projection("dates", 1).table("dates", Column("at", DateTime))
    with pytest.raises(ValueError, match="come first"):
        Projection("late", 1).table("late", Column("title", TEXT), Column("key", TEXT, primary_key=True))
