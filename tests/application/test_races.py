"""Many at once, on one case and on many: nothing is lost or doubled, and no decision rests on what has changed."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from proposals import (
    AcceptProposal,
    AddNote,
    CastBallot,
    CastVote,
    CloseItem,
    Conflict,
    CoSignProposal,
    EndAppointment,
    MergeProposal,
    RaiseProposal,
    WithdrawProposal,
)
from proposals.domain.evaluation_round import BallotsCast, CloseRound, RoundClosed
from proposals.domain.meeting import Outcome
from proposals.domain.meeting_acts import ItemClosed
from proposals.domain.organisation import AppointmentEnded
from proposals.testing import MORNING

from .checks import assert_no_cycle, assert_whole
from .conftest import Opener
from .county import MEMBERS, PLAN, VOTERS, County, ask
from .crowd import REPEATED, at_once, refusals

ROOT = Path(__file__).parents[2]
WRITERS, EACH = 8, 5


def note(proposal: str, words: str, **fields: Any) -> AddNote:
    return AddNote(proposal=proposal, note=words, actor="li", **fields)


def doors(county: County, opened: Opener, count: int) -> list[County]:
    return [county, *(opened(county.url, clock=county.clock) for _ in range(count - 1))]


def test_eight_writers_on_one_case_each_get_their_turn(county: County) -> None:
    """They share a door, as the threads of one host do."""
    proposal = county.raised()

    def write(n: int) -> None:
        for i in range(EACH):
            county.app.do(note(proposal, f"{n}.{i}"))

    at_once(*(partial(write, n) for n in range(WRITERS)))

    facts = assert_whole(county.app)
    written = [fact.event.model_dump()["note"] for fact in facts if fact.name == "NoteAdded"]
    assert sorted(written) == sorted(f"{n}.{i}" for n in range(WRITERS) for i in range(EACH))


def test_eight_writers_with_doors_of_their_own_on_many_cases_and_a_reader_that_misses_none(
    shared: County, opened: Opener
) -> None:
    for n in range(3):
        shared.raised(n)
    head = shared.app.recorder.head()
    seen: list[int] = []

    def follow() -> None:
        with opened(shared.url).app.subscribe(after=head) as facts:
            seen.extend(fact.position or 0 for fact in islice(facts, WRITERS * EACH))

    def write(door: County, n: int) -> None:
        for i in range(EACH):
            door.app.do(note(f"proposal-{(n + i) % 3}", f"{n}.{i}"))

    reader = Thread(target=follow)
    reader.start()
    at_once(*(partial(write, door, n) for n, door in enumerate(doors(shared, opened, WRITERS))))
    reader.join(timeout=60)

    assert_whole(shared.app)
    assert seen == list(range(head + 1, head + 1 + WRITERS * EACH))


def test_all_residents_cosign_at_once_and_each_counts_once(shared: County, opened: Opener) -> None:
    proposal = shared.raised()
    people = [f"resident{n}" for n in range(1, 5)]
    cosigned = [CoSignProposal(proposal=proposal, actor=person) for person in people for _ in range(2)]

    outcomes = at_once(
        *(partial(door.app.do, each) for door, each in zip(doors(shared, opened, 8), cosigned, strict=True))
    )

    assert refusals(outcomes) == ["cosigned_already"] * 4
    assert sorted(shared.app.get(proposal).cosigners) == people
    assert_whole(shared.app)


def test_the_same_command_from_many_at_once_is_recorded_once_and_all_get_its_facts(
    shared: County, opened: Opener
) -> None:
    raised = RaiseProposal.model_validate(
        {
            "proposal": "proposal-1",
            "place": "unit-grid",
            "source": "other",
            "title": "Lamp",
            "text": "Broken.",
            "actor": "li",
            "command_id": "r-1",
        }
    )

    outcomes = at_once(*(partial(door.app.do, raised) for door in doors(shared, opened, 6)))

    assert refusals(outcomes) == []
    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert shared.app.get("proposal-1").version == 1
    assert_whole(shared.app)


def test_of_two_decisions_on_one_case_one_wins(shared: County, opened: Opener) -> None:
    other = opened(shared.url, clock=shared.clock)
    for n in range(REPEATED):
        proposal = shared.raised(n)
        outcomes = at_once(
            partial(
                shared.app.do, ask(AcceptProposal, proposal=proposal, category="safety", actor="community-screener")
            ),
            partial(other.app.do, WithdrawProposal(proposal=proposal, reason="solved", actor="li")),
        )
        names = [fact.name for fact in shared.app.history(proposal)]
        # An accepted case may still be withdrawn, a withdrawn one not accepted.
        assert names in (
            ["ProposalRaised", "ProposalAccepted", "ProposalWithdrawn"],
            ["ProposalRaised", "ProposalWithdrawn"],
        )
        assert len(refusals(outcomes)) == 3 - len(names)
    assert_whole(shared.app)


@pytest.mark.parametrize(("overtaken", "wins"), [(2, True), (3, False)])
def test_who_is_overtaken_decides_again_and_after_too_many_times_hears_by_whom(
    memory: County, monkeypatch: pytest.MonkeyPatch, overtaken: int, *, wins: bool
) -> None:
    proposal, recorder = memory.raised(), memory.app.recorder
    insert, left = recorder.insert_events, list(range(overtaken))

    def after_another(*args: Any, **kwargs: Any) -> Any:
        if left:
            left.pop()
            monkeypatch.setattr(recorder, "insert_events", insert)
            memory.app.do(AddNote(proposal=proposal, note="first", actor="grid-grid-worker"))
            monkeypatch.setattr(recorder, "insert_events", after_another)
        return insert(*args, **kwargs)

    monkeypatch.setattr("proposals.application.recording.ATTEMPTS", 3)
    monkeypatch.setattr(recorder, "insert_events", after_another)
    if wins:
        assert memory.app.do(note(proposal, "last"))[0].version == 4
    else:
        with pytest.raises(Conflict, match="recorded by grid-grid-worker") as conflict:
            memory.app.do(note(proposal, "last"))
        assert (conflict.value.stream, conflict.value.expected, conflict.value.actual) == (proposal, 3, 4)
    assert_whole(memory.app)


def test_of_two_cases_that_are_merged_into_each_other_one_goes_and_one_stays(shared: County, opened: Opener) -> None:
    other = opened(shared.url, clock=shared.clock)
    for n in range(2 * REPEATED):
        one, two = shared.raised(f"{n}a"), shared.raised(f"{n}b")
        outcomes = at_once(
            *(
                partial(door.app.do, MergeProposal(proposal=a, into=b, reason="same", actor="community-screener"))
                for door, a, b in ((shared, one, two), (other, two, one))
            )
        )
        assert len(refusals(outcomes)) == 1
        assert sorted([str(shared.app.get(one).status), str(shared.app.get(two).status)]) == ["merged", "raised"]
    assert_no_cycle(shared.app)
    assert_whole(shared.app)


def test_a_ring_of_cases_merged_at_once_ends_in_one_root(shared: County, opened: Opener) -> None:
    cases = [shared.raised(n) for n in range(5)]
    merges = [
        MergeProposal(proposal=case, into=cases[(n + 1) % 5], reason="same", actor="community-screener")
        for n, case in enumerate(cases)
    ]

    at_once(*(partial(door.app.do, merge) for door, merge in zip(doors(shared, opened, 5), merges, strict=True)))

    assert_no_cycle(shared.app)
    assert any(str(shared.app.get(case).status) == "raised" for case in cases)
    assert_whole(shared.app)


def test_nobody_acts_in_a_role_after_the_log_says_that_it_has_ended(shared: County, opened: Opener) -> None:
    """Whichever comes first in the log: what follows the end rests on it, what precedes it knew nothing of it."""
    other = opened(shared.url, clock=shared.clock)
    yesterday = (MORNING - timedelta(days=1)).date()
    end = ask(
        EndAppointment,
        unit="unit-community",
        person="community-screener",
        role="screener",
        until=yesterday,
        reason="moved",
        actor="county-registrar",
    )
    cases = [shared.raised(n) for n in range(6)]

    def accept_all() -> None:
        for case in cases:
            other.app.do(ask(AcceptProposal, proposal=case, category="safety", actor="community-screener"))

    at_once(accept_all, partial(shared.app.do, end))

    facts = assert_whole(shared.app)
    (ended,) = [fact for fact in facts if isinstance(fact.event, AppointmentEnded)]
    accepted = [fact for fact in facts if fact.name == "ProposalAccepted"]
    assert all((fact.position or 0) < (ended.position or 0) for fact in accepted)


@pytest.mark.parametrize("closers", [1, 2])
def test_every_ballot_that_is_recorded_is_counted_and_none_comes_after_the_count(
    shared: County, opened: Opener, closers: int
) -> None:
    shared.evaluating()
    before_the_end = shared.clock() + timedelta(days=6)
    shared.clock.forward(days=8)
    ballots = [ask(CastBallot, round="round-1.1", grade="satisfied", actor=v, at=before_the_end) for v in VOTERS]
    close = CloseRound(round="round-1.1", actor="community-coordinator")
    shared.app.do(*ballots[:3])

    outcomes = at_once(
        *(partial(opened(shared.url, clock=shared.clock).app.do, ballot) for ballot in ballots[3:]),
        *(partial(opened(shared.url, clock=shared.clock).app.do, close) for _ in range(closers)),
    )

    assert set(refusals(outcomes)) <= {"wrong_state"}
    facts = [fact for fact in assert_whole(shared.app) if fact.stream == "round-1.1"]
    (closed,) = [fact.event for fact in facts if isinstance(fact.event, RoundClosed)]
    cast = [fact.event for fact in facts if isinstance(fact.event, BallotsCast)]
    assert facts[-1].event == closed
    assert closed.tally.valid == sum(len(event.ballots) for event in cast)
    assert closed.tally.satisfied == closed.tally.valid
    assert shared.app.keys.names("round-") == []


def test_an_item_is_void_just_when_its_case_was_withdrawn_before_it_was_closed(shared: County, opened: Opener) -> None:
    other = opened(shared.url, clock=shared.clock)
    for n in range(REPEATED):
        proposal, meeting = shared.accepted(n), f"meeting-{n}"
        shared.in_session(meeting, "discuss", proposal, motion="discuss", before_it=False)
        at_once(
            partial(shared.app.do, CloseItem(meeting=meeting, item=1, actor=MEMBERS[0])),
            partial(other.app.do, WithdrawProposal(proposal=proposal, reason="solved", actor="li")),
        )
        (closed,) = [fact for fact in shared.app.history(meeting) if isinstance(fact.event, ItemClosed)]
        (withdrawn,) = [fact for fact in shared.app.history(proposal) if fact.name == "ProposalWithdrawn"]
        assert isinstance(closed.event, ItemClosed)
        first = (withdrawn.position or 0) < (closed.position or 0)
        assert closed.event.outcome is (Outcome.VOID if first else Outcome.DISCUSSED)
    assert_whole(shared.app)


def test_of_two_meetings_that_adopt_one_case_at_once_one_does_and_the_others_item_is_void(
    shared: County, opened: Opener
) -> None:
    proposal = shared.tabled()
    other = opened(shared.url, clock=shared.clock)
    both = ("meeting-a", "meeting-b")
    for meeting in both:
        shared.in_session(meeting, "decide", proposal, motion="adopt", plan=PLAN)
        for member in MEMBERS:
            shared.app.do(ask(CastVote, meeting=meeting, item=1, choice="for", actor=member))
        shared.clock.now -= timedelta(days=4)
    shared.clock.forward(days=4)

    at_once(
        *(
            partial(door.app.do, CloseItem(meeting=meeting, item=1, actor=MEMBERS[0]))
            for door, meeting in zip((shared, other), both, strict=True)
        )
    )

    outcomes = [shared.app.get(meeting).outcomes[1] for meeting in both]
    assert sorted(outcomes) == [Outcome.CARRIED, Outcome.VOID]
    assert [fact.name for fact in shared.app.history(proposal)].count("ProposalAdopted") == 1
    assert_whole(shared.app)


def test_hosts_at_once_commit_their_rows_with_their_events_or_not_at_all(shared: County) -> None:
    proposal = shared.raised()
    engine = shared.app.recorder.engine
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE letters (id TEXT)"))

    def write(n: int) -> bool:
        try:
            with Session(engine) as session, session.begin():
                session.execute(text("INSERT INTO letters VALUES (:id)"), {"id": f"letter {n}"})
                with shared.app.within(session):
                    shared.app.do(note(proposal, f"letter {n}"))
        except Conflict:
            return False
        return True

    outcomes = at_once(*(partial(write, n) for n in range(6)))

    notes = [fact.event.model_dump()["note"] for fact in shared.app.history(proposal)[1:]]
    with engine.connect() as connection:
        letters = list(connection.execute(text("SELECT id FROM letters")).scalars())
    assert sorted(notes) == sorted(letters)
    assert len(notes) == outcomes.count(True) > 0
    assert_whole(shared.app)


CHILD = """
import sys
from tests.application.county import Clock, County, ask
from proposals import AddNote, CoSignProposal
county = County(sys.argv[1])
with county.app:
    for n in range(8):
        county.app.do(AddNote(proposal="proposal-1", note=f"{sys.argv[2]}.{n}", actor="li"))
        county.raised(f"{sys.argv[2]}.{n}", contact={"subject": f"subject-{n}", "value": f"1380000{sys.argv[2]}"})
    county.app.do(CoSignProposal(proposal="proposal-1", actor=f"resident{sys.argv[2]}"))
"""


def test_processes_that_share_one_sqlite_file_and_its_keys(tmp_path: Path, opened: Opener) -> None:
    county = opened(f"sqlite:///{tmp_path}/county.db").found()
    county.raised()

    children = [subprocess.Popen([sys.executable, "-c", CHILD, county.url, str(n)], cwd=ROOT) for n in range(1, 5)]

    assert [child.wait(timeout=90) for child in children] == [0, 0, 0, 0]
    facts = assert_whole(county.app)
    assert sum(fact.name == "NoteAdded" for fact in facts) == 32
    assert sum(fact.name == "SubjectKeyCreated" for fact in facts) == 8
    assert sorted(county.app.get("proposal-1").cosigners) == [f"resident{n}" for n in range(1, 5)]
    assert county.app.get("proposal-4.7").contact.value == "13800004"
