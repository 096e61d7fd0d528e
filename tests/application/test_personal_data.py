"""Personal data: never stored in clear, gone for good once its subject is erased, and the story goes on."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from proposals import AddNote, EraseSubject, Refused
from proposals.adapters.key_files import key_store_for
from proposals.adapters.keys import MemoryKeyStore
from proposals.application.work import KeyStoreMismatch
from proposals.domain.vocabulary import Erased, Personal

from .checks import assert_whole
from .conftest import Opener
from .county import LI_CONTACT, County, ask
from .crowd import REPEATED, at_once, refusals
from .stored import stored_bytes, traces, wrapped_key

WHAT = "王丽 13800138000 南湖路5号"
CONTACT = {"subject": "subject-li", "value": WHAT}


def erase(subject: str = "subject-li") -> EraseSubject:
    return EraseSubject(
        subject=subject,
        ground="PIPL 47",
        reason="asked for it",
        approved_by="county-reviewer",
        actor="county-archivist",
    )


def key_file(folder: Path) -> Path:
    (found,) = (path for path in folder.iterdir() if path.suffix == ".keys")
    return found


@pytest.mark.parametrize("snapshot_every", [None, 1])
def test_no_stored_byte_shows_it(shared_url: str, opened: Opener, tmp_path: Path, snapshot_every: int | None) -> None:
    county = opened(shared_url, snapshot_every=snapshot_every).found()
    county.raised(contact=CONTACT)
    county.app.do(AddNote(proposal="proposal-1", note="n", actor="li"))
    everything = stored_bytes(county, tmp_path)

    assert b"Lamp 1" in everything
    for part in (WHAT, *WHAT.split()):
        assert traces(part, everything) == []
    assert county.app.get("proposal-1").contact == Personal(**CONTACT)


def test_a_subjects_first_personal_data_brings_its_key_and_later_ones_use_it(county: County) -> None:
    county.raised(1, contact=CONTACT)
    county.raised(2, contact=CONTACT)

    assert [fact.name for fact in county.app.history("subject-li")] == ["SubjectKeyCreated"]
    created = county.app.history("subject-li")[0]
    raised = county.app.history("proposal-1")[0]
    assert (created.command_id, created.causation_id) == (raised.command_id, raised.reference)


def test_once_erased_replay_shows_that_and_the_case_goes_on(county: County) -> None:
    county.raised(1, contact=CONTACT)
    county.raised(2, contact={"subject": "subject-wang", "value": "13900139000"}, by="wang")

    county.app.do(erase())

    erased = Erased(subject="subject-li")
    assert county.app.get("proposal-1").contact == erased
    assert county.app.history("proposal-1")[0].event.model_dump()["contact"] == {"subject": "subject-li"}
    assert [fact for fact in county.app.log() if fact.stream == "proposal-1"] == county.app.history("proposal-1")
    assert county.app.get("proposal-2").contact.value == "13900139000"
    county.app.do(AddNote(proposal="proposal-1", note="still here", actor="li"))
    assert str(county.app.get("subject-li").status) == "erased"
    assert county.app.keys.destroyed() == ["subject:subject-li"]
    assert_whole(county.app)


def test_every_earlier_state_shows_it_erased_too(county: County) -> None:
    county.raised(1, contact=CONTACT)
    moment = county.clock()
    county.clock.forward(days=1)
    county.app.do(erase())

    for times in ({"as_of": moment}, {"known_at": moment}):
        assert county.app.get("proposal-1", **times).contact == Erased(subject="subject-li")


def test_its_key_is_gone_from_the_key_file(shared: County, tmp_path: Path) -> None:
    shared.raised(contact=CONTACT)
    wrapped = wrapped_key(key_file(tmp_path), "subject:subject-li")
    assert wrapped in stored_bytes(shared, tmp_path)

    shared.app.do(erase())

    assert wrapped not in stored_bytes(shared, tmp_path)
    assert wrapped_key(key_file(tmp_path), "subject:subject-li") == bytes(len(wrapped))


def test_new_personal_data_of_someone_erased_is_refused(county: County) -> None:
    county.raised(1, contact=CONTACT)
    county.app.do(erase())
    head = county.app.recorder.head()

    with pytest.raises(Refused, match="subject_erased"):
        county.raised(2, contact=CONTACT)

    assert county.app.recorder.head() == head
    county.raised(2)


def test_erasing_again_is_answered_with_the_first_time_or_refused(county: County) -> None:
    county.raised(1, contact=CONTACT)
    command = erase().model_copy(update={"command_id": "e-1"})
    first = county.app.do(command)

    assert county.app.do(command) == first
    with pytest.raises(Refused, match="wrong_state"):
        county.app.do(erase())


def test_a_restored_key_file_is_put_right_by_the_next_tick(shared: County, opened: Opener, tmp_path: Path) -> None:
    shared.raised(contact=CONTACT)
    keys = key_file(tmp_path)
    shared.app.close()
    old = tmp_path / "old copy"
    shutil.copy(keys, old)
    reopened = opened(shared.url, clock=shared.clock)
    reopened.app.do(erase())
    reopened.app.close()
    shutil.copy(old, keys)
    old.unlink()

    restored = opened(shared.url, clock=shared.clock)
    restored.app.tick()

    assert restored.app.get("proposal-1").contact == Erased(subject="subject-li")
    assert restored.app.keys.names() == []
    with pytest.raises(Refused, match="subject_erased"):
        restored.raised(2, contact=CONTACT)


def test_a_crash_between_recording_an_erasure_and_destroying_the_key_is_put_right_by_the_next_tick(
    shared: County, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = opened(shared.url, clock=shared.clock)
    running.app.tick()
    shared.raised(contact=CONTACT)

    def crash(name: str) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(shared.app.keys, "destroy", crash)
        with pytest.raises(OSError, match="power cut"):
            shared.app.do(erase())
    assert shared.app.get("proposal-1").contact == Personal(**CONTACT)

    running.app.tick()

    assert shared.app.get("proposal-1").contact == Erased(subject="subject-li")


def test_a_log_from_before_the_erasure_does_not_bring_the_data_back(opened: Opener) -> None:
    """The database was restored, the key store was not: its tombstone stands."""
    keys = MemoryKeyStore()
    keys.destroy("subject:subject-li")
    county = opened(keys=keys).found()

    with pytest.raises(Refused, match="subject_erased"):
        county.raised(contact=CONTACT)
    county.raised()


def test_another_key_store_is_found_out_before_anything_is_recorded(shared: County, opened: Opener) -> None:
    shared.raised(1, contact=LI_CONTACT)
    stranger = opened(shared.url, clock=shared.clock, keys=MemoryKeyStore())
    head = shared.app.recorder.head()

    with pytest.raises(KeyStoreMismatch, match="subject-li"):
        stranger.raised(2, contact=LI_CONTACT)

    assert shared.app.recorder.head() == head
    stranger.raised(3)
    shared.raised(2, contact=LI_CONTACT)


def test_personal_data_that_was_tampered_with_is_not_shown(shared: County) -> None:
    from proposals.adapters.sealing import SealBroken

    shared.raised(1, contact=LI_CONTACT)
    shared.raised(2, contact=LI_CONTACT)
    (moved,) = shared.app.recorder.select_events("proposal-1")
    swapped: Any = moved.__class__(**{**moved.__dict__, "originator_id": "proposal-2"})

    with pytest.raises(SealBroken, match="proposal-2"):
        shared.app.mapper.to_domain_event(swapped)


def test_who_raises_and_who_erases_at_once_leave_no_readable_contact(shared: County, opened: Opener) -> None:
    """Either the contact was there first and is erased, or it comes too late and is refused."""
    other = opened(shared.url, clock=shared.clock)
    for n in range(REPEATED):
        contact = {"subject": f"subject-{n}", "value": "13800138000"}
        shared.raised(f"{n}a", contact=contact)
        outcomes = at_once(
            partial(shared.app.do, erase(f"subject-{n}")), partial(other.raised, f"{n}b", contact=contact)
        )
        assert set(refusals(outcomes)) <= {"subject_erased"}
        assert shared.app.get(f"proposal-{n}a").contact == Erased(subject=f"subject-{n}")
        if not refusals(outcomes):
            assert shared.app.get(f"proposal-{n}b").contact == Erased(subject=f"subject-{n}")
    assert_whole(shared.app)


def test_errors_about_personal_fields_do_not_quote_them() -> None:
    from pydantic import ValidationError

    from proposals import RaiseProposal

    with pytest.raises(ValidationError) as error:
        ask(
            RaiseProposal,
            proposal="proposal-1",
            place="unit-grid",
            source="other",
            title="L",
            text="t",
            actor="li",
            contact={"subject": "li", "value": WHAT, "telephone": "13800138000"},
        )
    assert "13800138000" not in str(error.value)


def test_the_host_may_keep_the_keys_elsewhere(tmp_path: Path, opened: Opener) -> None:
    keys = key_store_for(f"sqlite:///{tmp_path}/county.db", tmp_path / "elsewhere.keys")
    county = opened(f"sqlite:///{tmp_path}/county.db", keys=keys).found()
    county.raised(contact=LI_CONTACT)

    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".keys"] == ["elsewhere.keys"]
    assert keys.names() == ["subject:subject-li"]
    county.app.close()
    assert keys.get("subject:subject-li") is not None
    keys.close()  # type: ignore[union-attr]
