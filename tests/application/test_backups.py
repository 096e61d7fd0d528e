"""Backup and restore under a working door: the same log byte for byte, on either database; and it goes on there."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from proposals import AddNote, Refused
from proposals.adapters.keys import MemoryKeyStore
from proposals.adapters.store import backup, restore
from proposals.adapters.store.leaf import leaf_line
from proposals.domain.vocabulary import Kind
from proposals.testing import MORNING

from .checks import assert_whole
from .conftest import Opener
from .county import LI_CONTACT, County


def lines(county: County) -> list[bytes]:
    return [leaf_line(event) for event in county.app.recorder.log()]


@pytest.fixture(params=["file to postgres", "postgres to file", "file to memory"])
def moved(request: pytest.FixtureRequest, opened: Opener, tmp_path: Path) -> tuple[County, County]:
    """A busy county, and an empty one elsewhere with the same keys into which it was restored."""
    file, keys = f"sqlite:///{tmp_path}/county.db", MemoryKeyStore()
    source, _, target = request.param.partition(" to ")
    urls = {"file": file, "memory": "sqlite://", "postgres": ""}
    if "postgres" in request.param:
        urls["postgres"] = request.getfixturevalue("postgres_url")
    old = opened(urls[source], keys=keys, snapshot_every=2).found()
    old.evaluating(1, contact=LI_CONTACT)
    old.raised(2)
    old.app.do(AddNote(proposal="proposal-2", note="n", actor="li", command_id="n-1"))
    backup(old.app.recorder, tmp_path / "county.backup")
    new = opened(urls[target], keys=keys, clock=old.clock)
    restore(tmp_path / "county.backup", new.app.recorder)
    return old, new


def test_the_log_and_every_state_are_the_same(moved: tuple[County, County]) -> None:
    old, new = moved

    assert lines(new) == lines(old)
    assert list(new.app.log()) == list(old.app.log())
    for kind in Kind:
        assert list(new.app.states(kind)) == list(old.app.states(kind))
    assert new.app.get("proposal-1").contact.value == LI_CONTACT["value"]
    for times in ({"as_of": MORNING}, {"known_at": MORNING}):
        assert new.app.get("proposal-1", **times) == old.app.get("proposal-1", **times)
    assert_whole(new.app)


def test_it_goes_on_with_commands_and_with_the_clock(moved: tuple[County, County]) -> None:
    _, new = moved
    new.clock.forward(days=9)
    new.app.do(AddNote(proposal="proposal-2", note="after", actor="li"))

    done = {fact.name for fact in new.app.tick()}

    assert done >= {"DeadlineMissed", "RoundClosed", "EvaluationInconclusive"}
    assert new.app.tick() == []
    assert_whole(new.app)


def test_a_command_from_before_the_backup_is_still_known(moved: tuple[County, County]) -> None:
    old, new = moved
    note = AddNote(proposal="proposal-2", note="n", actor="li", command_id="n-1")

    assert new.app.do(note) == old.app.do(note)
    with pytest.raises(Refused, match="command_id_reused"):
        new.app.do(note.model_copy(update={"note": "another"}))


def test_a_store_that_goes_on_while_it_is_backed_up_is_restored_as_it_was_at_one_moment(
    shared: County, opened: Opener, tmp_path: Path
) -> None:
    shared.raised()
    stop: list[bool] = []

    def write() -> None:
        while not stop:
            shared.app.do(AddNote(proposal="proposal-1", note="n", actor="li"))

    writer = Thread(target=write)
    writer.start()
    try:
        head = backup(shared.app.recorder, tmp_path / "county.backup")
    finally:
        stop.append(True)
        writer.join()

    copy = opened("sqlite://", clock=shared.clock)
    restore(tmp_path / "county.backup", copy.app.recorder)
    assert lines(copy) == lines(shared)[:head]
    assert_whole(copy.app)
    copy.app.do(AddNote(proposal="proposal-1", note="goes on", actor="li"))
