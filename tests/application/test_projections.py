"""Projections behind the door: inline in a command's transaction and in a host's, personal data in none of them."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Column, select, text
from sqlalchemy.orm import Session

from proposals import AddNote, Conflict, CoSignProposal, NoteAdded, ProposalCoSigned, ProposalRaised
from proposals.adapters.projecting import ProjectionOutdated, ProjectionStopped
from proposals.projections import BUILT_IN
from proposals.projections.columns import NUMBER, TEXT
from proposals.projections.projection import Entry, Projection, Row, Rows, fold_log

from .checks import assert_whole
from .conftest import Opener
from .county import LI_CONTACT, County


def cases(version: int = 1) -> Projection:
    """One row a case, with the number of its notes. A note of 'poison' cannot be projected."""
    projection = Projection("cases", version)
    table = projection.table("cases", Column("title", TEXT), Column("notes", NUMBER, default=0), Column("data", TEXT))

    @projection.on(ProposalRaised)
    def raise_(rows: Rows, entry: Entry) -> None:
        rows.put(table, title=entry.data["title"], data=repr(entry.data))

    @projection.on(NoteAdded)
    def note_(rows: Rows, entry: Entry) -> None:
        rows.of(table)["notes"] += 1
        if entry.data["note"] == "poison":
            raise RuntimeError

    @projection.on(ProposalCoSigned)
    def cosign(rows: Rows, _entry: Entry) -> None:
        rows.of(table)["notes"] += 100

    return projection


CASES = cases().tables["cases"].table


def note(words: str = "n", **fields: Any) -> AddNote:
    return AddNote(proposal="proposal-1", note=words, actor="li", **fields)


def rows(county: County) -> list[Row]:
    return county.app.projections.rows(CASES)


def notes(county: County) -> list[int]:
    return [row["notes"] for row in rows(county)]


def entries(county: County) -> list[Entry]:
    """The log as projections see it, by streams."""
    return [entry for stream in county.app.recorder.stream_ids() for entry in county.app.projections.entries_of(stream)]


def whole(county: County) -> None:
    assert_whole(county.app)
    assert rows(county) == fold_log(cases(), entries(county))["cases"]
    standing = {status.name: (status.state, status.lag) for status in county.app.projections.status()}
    assert standing["cases"] == ("live", 0)


@pytest.fixture
def inline(url: str, opened: Opener) -> County:
    return opened(url, projections=[cases()], inline=["cases"]).found()


def test_a_command_and_its_rows_are_there_together(inline: County) -> None:
    inline.raised()
    assert notes(inline) == [0]
    inline.app.do(note(), note("m"))
    assert notes(inline) == [2]
    whole(inline)


def test_a_hosts_transaction_carries_them_or_drops_them(inline: County) -> None:
    inline.raised()
    with Session(inline.app.recorder.engine) as session:
        with inline.app.within(session):
            inline.app.do(note("dropped"))
        session.rollback()
    assert notes(inline) == [0]
    with Session(inline.app.recorder.engine) as session:
        with inline.app.within(session):
            inline.app.do(note("kept"))
            savepoint = session.begin_nested()
            inline.app.do(note("dropped"))
            savepoint.rollback()
            inline.app.do(note("kept"))
        session.commit()
    assert notes(inline) == [2]
    whole(inline)


def test_a_host_whose_commit_meets_a_conflict_has_no_rows(postgres_url: str, opened: Opener) -> None:
    county = opened(postgres_url, projections=[cases()], inline=["cases"]).found()
    county.raised()
    with Session(county.app.recorder.engine) as session:
        with county.app.within(session):
            county.app.do(note("late"))
        county.app.do(CoSignProposal(proposal="proposal-1", actor="wang"))
        with pytest.raises(Conflict):
            session.commit()
    assert notes(county) == [100]
    whole(county)


def test_an_event_that_cannot_be_projected_does_not_stop_the_command(inline: County) -> None:
    inline.raised(1)
    inline.raised(2)
    inline.app.do(note("poison"), note("behind"), AddNote(proposal="proposal-2", note="n", actor="li"))

    assert inline.app.get("proposal-1").version == 3
    assert notes(inline) == [0, 1]
    letters = inline.app.projections.dead_letters()
    assert [(letter.stream, letter.why.partition(" ")[0]) for letter in letters] == [
        ("proposal-1", "RuntimeError:"),
        ("proposal-1", "waits"),
    ]


def test_an_error_of_the_database_takes_the_command_with_it(inline: County) -> None:
    inline.raised()
    head = inline.app.recorder.head()
    rename(inline, "cases", "away")
    with pytest.raises(ProjectionStopped, match="projection cases stopped at position"):
        inline.app.do(note())
    with Session(inline.app.recorder.engine) as session:
        with inline.app.within(session):
            inline.app.do(note())
        with pytest.raises(ProjectionStopped):
            session.commit()
    assert (inline.app.recorder.head(), inline.app.get("proposal-1").version) == (head, 1)
    rename(inline, "away", "cases")
    inline.app.do(note())
    assert notes(inline) == [1]
    whole(inline)


def rename(county: County, old: str, new: str) -> None:
    with county.app.recorder.beside_the_log() as transaction:
        transaction.ask([])
        transaction.define([f"ALTER TABLE {old} RENAME TO {new}"])
        transaction.tell([])


def test_one_that_another_left_behind_is_caught_up_by_the_next_command(shared_url: str, opened: Opener) -> None:
    """Not every door to the store need have the same projections inline."""
    plain = opened(shared_url).found()
    plain.raised()
    inline = opened(shared_url, clock=plain.clock, projections=[cases()], inline=["cases"])
    assert notes(inline) == [0]
    plain.app.do(note(), note())
    assert notes(inline) == [0]
    inline.app.do(note())
    assert notes(inline) == [3]
    whole(inline)


def test_an_outdated_one_refuses_commands_until_it_is_rebuilt(shared_url: str, opened: Opener) -> None:
    old = opened(shared_url, projections=[cases()], inline=["cases"]).found()
    old.raised()
    new = opened(shared_url, clock=old.clock, projections=[cases(2)], inline=["cases"])
    with pytest.raises(ProjectionOutdated, match="proposals rebuild cases"):
        new.app.do(note())
    assert new.app.get("proposal-1").version == 1
    new.app.projections.rebuild("cases")
    new.app.do(note())
    assert notes(new) == [1]


def test_rebuilding_one_that_is_inline_under_load_keeps_both_together(shared_url: str, opened: Opener) -> None:
    county = opened(shared_url, projections=[cases()], inline=["cases"]).found()
    county.raised()
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            county.app.do(note())

    writer = threading.Thread(target=write)
    writer.start()
    other = opened(shared_url, clock=county.clock, projections=[cases()])
    for _ in range(4):
        other.app.projections.rebuild("cases")
    stop.set()
    writer.join(60)
    whole(county)


def test_a_host_that_reads_them_before_its_commit_does_not_deadlock_with_a_rebuild(
    postgres_url: str, opened: Opener
) -> None:
    county = opened(postgres_url, projections=[cases()], inline=["cases"]).found()
    county.raised()
    with Session(county.app.recorder.engine) as session:
        session.execute(text("SELECT * FROM cases"))
        rebuild = threading.Thread(target=county.app.projections.rebuild, args=("cases",))
        rebuild.start()
        rebuild.join(0.8)
        with county.app.within(session):
            county.app.do(note())
        session.commit()
        rebuild.join(60)
    assert not rebuild.is_alive()
    whole(county)


def test_personal_data_comes_to_no_projection(inline: County) -> None:
    inline.raised(contact=LI_CONTACT)
    (row,) = rows(inline)
    assert "title" in row["data"]
    assert "contact" not in row["data"]
    assert LI_CONTACT["value"] not in str(row)
    assert all("contact" not in entry.data for entry in entries(inline))


def test_the_read_models_of_the_package_are_the_fold_of_the_log_whichever_way_they_are_made(county: County) -> None:
    read_models = county.app.projections
    assert {status.state for status in read_models.status()} == {"missing"}
    read_models.catch_up()
    county.evaluating(1, contact=LI_CONTACT)
    read_models.catch_up()
    county.raised(2)
    county.clock.forward(days=9)
    county.app.tick()
    read_models.catch_up()

    def alike() -> None:
        stored, folded = read_models.view(), read_models.view(until=county.clock() + timedelta(days=99))
        for projection in BUILT_IN:
            for name, expected in fold_log(projection, entries(county)).items():
                table = projection.tables[name].table
                assert read_models.rows(select(table).order_by(*table.primary_key)) == expected, name
                assert stored.rows[name] == folded.rows[name] == expected, name

    alike()
    for projection in BUILT_IN:
        read_models.rebuild(projection.name)
    alike()
    assert read_models.dead_letters() == []


def test_an_unknown_name_opens_no_door() -> None:
    with pytest.raises(ValueError, match="no projection is called nothing"):
        County(projections=[cases()], inline=["nothing"])
