"""Ballots: secret while the round is open, countable once it is closed, and never again led back to a voter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from proposals import CastBallot, Refused
from proposals.adapters.ballot_box import open_ballot
from proposals.application.idempotency import fingerprint
from proposals.domain.evaluation_round import AnnulRound, BallotsCast, CastBallots, CloseRound, RoundClosed
from proposals.domain.organisation import Appointed
from proposals.domain.vocabulary import Role
from proposals.testing import SINCE, given, on, small_county

from .checks import assert_whole
from .conftest import Opener
from .county import County, ask
from .stored import stored_bytes, traces, wrapped_key

VOTERS = tuple(f"voter-{n}.{'abcdefg'[n]}x7q" for n in range(7))
GRADES = ("very_satisfied", "satisfied", "dissatisfied", "satisfied", "basically_satisfied", "satisfied", "satisfied")
COMMENT = "The lamp at gate three flickers still."


def ballot(voter: str, grade: str = "satisfied", command_id: str | None = None, **fields: Any) -> CastBallot:
    return ask(CastBallot, round="round-1.1", grade=grade, actor=voter, command_id=command_id, **fields)


def cast_all(county: County) -> list[CastBallot]:
    """Everyone votes, under ids and with words by which they would be known."""
    ballots = [
        ballot(voter, grade, f"ballot-of-{voter}", comment=f"{COMMENT} {voter}", resolved=True)
        for voter, grade in zip(VOTERS, GRADES, strict=True)
    ]
    for each in ballots:
        county.app.do(each)
    return ballots


def close(county: County) -> RoundClosed:
    county.clock.forward(days=8)
    (fact, _) = county.app.do(CloseRound(round="round-1.1", actor="community-coordinator"))
    assert isinstance(fact.event, RoundClosed)
    return fact.event


def key_file(folder: Path) -> Path:
    (found,) = (path for path in folder.iterdir() if path.suffix == ".keys")
    return found


@pytest.fixture
def voting(shared_url: str, opened: Opener) -> County:
    """A county whose round is open, with a snapshot of every state. Its residents are in the host's directory only."""
    clock = opened(shared_url).found().clock
    living = (on("unit-grid", Appointed(person=voter, role=Role.RESIDENT, since=SINCE)) for voter in VOTERS)
    known = given(*small_county(), *living)
    units = {fact.stream: known.state(fact.stream) for fact in known.facts}
    county = opened(shared_url, clock=clock, snapshot_every=1, directory=units.get)
    county.evaluating(voters=(*VOTERS, "li"))
    return county


def test_while_a_round_is_open_the_database_tells_neither_who_voted_nor_how(voting: County, tmp_path: Path) -> None:
    ballots = cast_all(voting)
    everything = stored_bytes(voting, tmp_path)

    for each in ballots:
        for secret in (each.actor, each.command_id or "", COMMENT, fingerprint(each)):
            assert traces(secret, everything) == []
    for fact in voting.app.history("round-1.1"):
        if isinstance(fact.event, BallotsCast):
            assert (fact.actor, fact.entered_by) == ("ballot-box", "ballot-box")


def test_after_the_closing_no_stored_byte_leads_from_a_ballot_to_its_voter(voting: County, tmp_path: Path) -> None:
    ballots = cast_all(voting)
    names = ("round-token:round-1.1", "round-content:round-1.1")
    wrapped = [wrapped_key(key_file(tmp_path), name) for name in names]

    close(voting)

    everything = stored_bytes(voting, tmp_path)
    for each in ballots:
        for secret in (each.actor, each.command_id or "", fingerprint(each)):
            assert traces(secret, everything) == []
    assert [key in everything for key in wrapped] == [False, False]
    assert voting.app.keys.destroyed() == sorted(names)
    assert_whole(voting.app)


def test_the_ballots_seal_to_one_length_whatever_their_grade(voting: County) -> None:
    for voter, grade in zip(VOTERS, GRADES, strict=True):
        voting.app.do(ballot(voter, grade))

    sealed = voting.app.get("round-1.1").ballots.values()
    assert len({len(text_) for text_ in sealed}) == 1


def test_anyone_can_count_again_with_the_key_that_the_closing_publishes(voting: County) -> None:
    cast_all(voting)

    closed = close(voting)

    assert closed.content_key is not None
    opened = [
        open_ballot(closed.content_key, "round-1.1", token, sealed)
        for token, sealed in voting.app.get("round-1.1").ballots.items()
    ]
    assert (closed.tally.valid, closed.tally.satisfied, closed.tally.resolved) == (7, 6, 7)
    assert sorted(str(each["grade"]) for each in opened) == ["0", "1", "1", "1", "1", "2", "3"]


def test_a_handful_of_ballots_is_never_opened_and_its_key_is_destroyed(voting: County) -> None:
    voting.app.do(ballot(VOTERS[0]), ballot(VOTERS[1]))
    voting.clock.forward(days=8)

    closed, _ = voting.app.tick()

    assert isinstance(closed.event, RoundClosed)
    assert (closed.event.content_key, closed.event.tally.valid, closed.event.tally.grades) == (None, 2, None)
    assert voting.app.keys.names("round-") == []
    assert voting.app.get("round-1.1").tally == closed.event.tally


def test_an_annulled_round_is_never_opened_either(voting: County) -> None:
    cast_all(voting)
    voting.app.do(AnnulRound(round="round-1.1", reason="wrong list", actor="street-reviewer"))

    assert voting.app.keys.names("round-") == []
    assert str(voting.app.get("proposal-1").status) == "reported"


def test_a_repeated_ballot_is_answered_with_the_first_and_records_nothing(voting: County) -> None:
    first = voting.app.do(ballot(VOTERS[0], command_id="b-1"))
    head = voting.app.recorder.head()

    assert voting.app.do(ballot(VOTERS[0], command_id="b-1")) == first
    assert voting.app.recorder.head() == head
    assert first[0].command_id != "b-1"


def test_a_second_ballot_of_a_voter_is_refused(voting: County) -> None:
    voting.app.do(ballot(VOTERS[0], command_id="b-1"))

    for again in (ballot(VOTERS[0]), ballot(VOTERS[0], "dissatisfied", "b-2")):
        with pytest.raises(Refused, match="voted_already"):
            voting.app.do(again)


def test_no_ballot_is_lost_because_another_voter_used_the_same_command_id(voting: County) -> None:
    voting.app.do(ballot(VOTERS[0], command_id="vote"))

    for other in (ballot(VOTERS[1], command_id="vote"), ballot(VOTERS[0], "dissatisfied", "vote")):
        with pytest.raises(Refused, match="command_id_reused"):
            voting.app.do(other)
    voting.app.do(ballot(VOTERS[1], command_id="vote-2"))
    assert len(voting.app.get("round-1.1").ballots) == 2


def test_ballots_from_paper_come_in_bulk_once_and_their_clerk_is_named(voting: County) -> None:
    paper = [{"voter": voter, "grade": "satisfied"} for voter in VOTERS[:3]]
    bulk = ask(CastBallots, round="round-1.1", ballots=paper, actor="grid-grid-worker", command_id="sheet-1")

    first = voting.app.do(bulk)

    assert voting.app.do(bulk) == first
    assert (first[0].actor, first[0].entered_by) == ("ballot-box", "grid-grid-worker")
    more = ask(CastBallots, round="round-1.1", ballots=paper[:2], actor="grid-grid-worker", command_id="sheet-1")
    with pytest.raises(Refused, match="command_id_reused"):
        voting.app.do(more)
    with pytest.raises(Refused, match="voted_already"):
        voting.app.do(ballot(VOTERS[0]))


def test_after_the_closing_not_even_a_repeated_ballot_is_recognised(voting: County) -> None:
    cast_all(voting)
    close(voting)
    head = voting.app.recorder.head()

    with pytest.raises(Refused, match="wrong_state"):
        voting.app.do(ballot(VOTERS[0], GRADES[0], f"ballot-of-{VOTERS[0]}"))
    assert voting.app.recorder.head() == head


def test_ballots_for_rounds_that_do_not_exist_leave_no_key_behind(voting: County) -> None:
    stray = ask(CastBallot, round="round-9.9", grade="satisfied", actor=VOTERS[0], command_id="b-1")
    with pytest.raises(Refused, match="no_such_stream"):
        voting.app.do(stray)
    assert not [name for name in voting.app.keys.names() if "round-9.9" in name]


def test_a_crash_between_recording_the_closing_and_destroying_the_keys_is_put_right_by_the_next_tick(
    voting: County, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast_all(voting)

    def crash(name: str) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(voting.app.keys, "destroy", crash)
        with pytest.raises(OSError, match="power cut"):
            close(voting)
    assert voting.app.keys.names("round-token:") == ["round-token:round-1.1"]

    opened(voting.url, clock=voting.clock).app.tick()

    assert voting.app.keys.names("round-") == []


def test_receipts_of_ballots_are_as_random_as_the_ballots(voting: County) -> None:
    ballots = cast_all(voting)
    with voting.app.recorder.engine.connect() as connection:
        receipts = list(connection.execute(text("SELECT command_id, fingerprint FROM commands")))
    known = {each.command_id for each in ballots} | {fingerprint(each) for each in ballots}
    assert not known & {value for receipt in receipts for value in receipt}
