"""`within`: what is done in a host's transaction is committed with the host's rows, or not at all."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from proposals import (
    AddNote,
    CastBallot,
    Conflict,
    CoSignProposal,
    DeliverFeedback,
    EraseSubject,
    MergeProposal,
    NotFound,
    OpenEvaluation,
    Proposals,
    RaiseProposal,
    Refused,
)
from proposals.adapters.store import HostRefused
from proposals.application.hosting import Hosted
from proposals.domain.evaluation_round import CloseRound
from proposals.domain.vocabulary import Kind

from .checks import assert_whole
from .conftest import Opener
from .county import LI_CONTACT, VOTERS, County, ask

Host = Callable[[], Any]


def raised(n: int = 1, **fields: Any) -> RaiseProposal:
    told = {"place": "unit-grid", "source": "other", "title": f"Lamp {n}", "text": "Broken.", "actor": "li"}
    return RaiseProposal.model_validate({"proposal": f"proposal-{n}", **told, **fields})


def note(text_: str = "n", proposal: str = "proposal-1", **fields: Any) -> AddNote:
    return AddNote(proposal=proposal, note=text_, actor="li", **fields)


class Desk:
    """A host with a table of its own beside ours."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE letters (id TEXT PRIMARY KEY)"))

    def write(self, host: Any, letter: str = "letter") -> None:
        host.execute(text("INSERT INTO letters VALUES (:id)"), {"id": letter})

    def letters(self) -> list[str]:
        with self.engine.connect() as connection:
            return list(connection.execute(text("SELECT id FROM letters ORDER BY id")).scalars())


@pytest.fixture
def desk(county: County) -> Desk:
    return Desk(county.app.recorder.engine)


@pytest.fixture(params=["session", "connection"])
def host(request: pytest.FixtureRequest, desk: Desk) -> Host:
    """Open a host's Session or Connection."""

    @contextmanager
    def session() -> Iterator[Session]:
        with Session(desk.engine) as opened:
            yield opened

    return session if request.param == "session" else desk.engine.connect


def test_events_and_the_hosts_rows_are_committed_together(county: County, desk: Desk, host: Host) -> None:
    head = county.app.recorder.head()
    with host() as session:
        with county.app.within(session):
            county.app.do(raised(), note())
            desk.write(session)
        session.commit()

    assert desk.letters() == ["letter"]
    assert [fact.name for fact in county.app.log(after=head)] == ["ProposalRaised", "NoteAdded"]
    assert_whole(county.app)


def test_a_rollback_takes_both_back(county: County, desk: Desk, host: Host) -> None:
    head = county.app.recorder.head()
    with host() as session:
        with county.app.within(session):
            desk.write(session)
            county.app.do(raised())
        session.rollback()

    assert (desk.letters(), county.app.recorder.head()) == ([], head)
    county.app.do(raised())
    assert_whole(county.app)


def test_a_host_that_fails_takes_both_back(county: County, desk: Desk) -> None:
    head = county.app.recorder.head()

    def fail() -> None:
        with Session(desk.engine) as session, session.begin():
            with county.app.within(session):
                county.app.do(raised())
            desk.write(session)
            raise RuntimeError("out of paper")

    with pytest.raises(RuntimeError, match="out of paper"):
        fail()
    assert (desk.letters(), county.app.recorder.head()) == ([], head)


def test_before_the_commit_the_host_sees_what_it_did_and_nobody_else_does(county: County, host: Host) -> None:
    with host() as session:
        with county.app.within(session):
            (fact,) = county.app.do(raised(title="Gate 3"))
            assert fact.position is None
            assert county.app.get("proposal-1").title == "Gate 3"
            assert county.app.history("proposal-1") == [fact]
            assert county.app.do(CoSignProposal(proposal="proposal-1", actor="wang"))[0].version == 2
            open_ = {option.command for option in county.app.options("community-screener", "proposal-1") if option.open}
            assert "AcceptProposal" in open_
        session.rollback()

    with pytest.raises(NotFound):
        county.app.get("proposal-1")


def test_what_waits_is_not_the_hosts_to_change(county: County, host: Host) -> None:
    with host() as session:
        with county.app.within(session):
            county.app.do(raised())
            county.app.get("proposal-1").counts["revisions"] = 99
            assert county.app.get("proposal-1").counts == {}
        session.rollback()


def test_a_refusal_leaves_the_transaction_and_what_was_done_before_it(county: County, desk: Desk, host: Host) -> None:
    with host() as session:
        with county.app.within(session):
            county.app.do(raised())
            with pytest.raises(Refused, match="not_authorised") as refused:
                county.app.do(note("stays out"), AddNote(proposal="proposal-1", note="n", actor="stranger"))
            assert refused.value.index == 1
            desk.write(session)
            county.app.do(note("goes in"))
        session.commit()

    assert [fact.name for fact in county.app.history("proposal-1")] == ["ProposalRaised", "NoteAdded"]
    assert county.app.history("proposal-1")[1].event.model_dump() == {"note": "goes in"}
    assert_whole(county.app)


def test_a_savepoint_that_is_released_keeps_what_was_done_and_one_rolled_back_drops_it(
    county: County, desk: Desk, host: Host
) -> None:
    with host() as session:
        with county.app.within(session):
            county.app.do(raised())
            with session.begin_nested():
                county.app.do(note("kept"))
                desk.write(session, "kept")
            savepoint = session.begin_nested()
            county.app.do(note("dropped"), raised(2))
            desk.write(session, "dropped")
            savepoint.rollback()
            assert county.app.get("proposal-1").version == 2
            with pytest.raises(NotFound):
                county.app.get("proposal-2")
            county.app.do(note("after"))
        session.commit()

    notes = [fact.event.model_dump().get("note") for fact in county.app.history("proposal-1")]
    assert (notes, desk.letters()) == ([None, "kept", "after"], ["kept"])
    assert_whole(county.app)


def test_a_repeated_command_is_answered_inside_the_transaction_too(county: County, host: Host) -> None:
    county.app.do(raised())
    before = county.app.do(note("before", command_id="n-1"))
    with host() as session:
        with county.app.within(session):
            first = county.app.do(note("inside", command_id="n-2"))
            assert county.app.do(note("inside", command_id="n-2")) == first
            assert county.app.do(note("before", command_id="n-1")) == before
            for used in ("n-1", "n-2"):
                with pytest.raises(Refused, match="command_id_reused"):
                    county.app.do(note("another", command_id=used))
        session.commit()

    assert len(county.app.history("proposal-1")) == 3
    assert_whole(county.app)


def test_the_same_block_may_be_entered_again_in_one_transaction(county: County, host: Host) -> None:
    with host() as session:
        with county.app.within(session):
            county.app.do(raised())
        with county.app.within(session):
            county.app.do(note())
        session.commit()

    assert len(county.app.history("proposal-1")) == 2


def test_one_transaction_may_follow_another_on_one_connection(county: County, host: Host) -> None:
    with host() as session:
        for n in (1, 2, 3):
            with county.app.within(session):
                county.app.do(raised(n))
            session.commit()

    assert len(assert_whole(county.app)) > 3
    assert county.app.get("proposal-3").version == 1


def test_a_conflict_comes_out_of_the_hosts_commit_says_who_was_first_and_keeps_nothing(
    postgres_url: str, opened: Opener
) -> None:
    county = opened(postgres_url).found()
    desk = Desk(county.app.recorder.engine)
    county.app.do(raised())
    with Session(desk.engine) as session:
        with county.app.within(session):
            desk.write(session)
            county.app.do(note("late"))
        county.app.do(CoSignProposal(proposal="proposal-1", actor="wang"))
        with pytest.raises(Conflict, match="recorded by wang") as conflict:
            session.commit()

    assert (conflict.value.stream, conflict.value.expected, conflict.value.actual) == ("proposal-1", 1, 2)
    assert desk.letters() == []
    assert [fact.name for fact in county.app.history("proposal-1")] == ["ProposalRaised", "ProposalCoSigned"]
    assert_whole(county.app)


def test_a_command_that_was_recorded_elsewhere_meanwhile_comes_out_of_the_hosts_commit(
    postgres_url: str, opened: Opener
) -> None:
    county = opened(postgres_url).found()
    desk = Desk(county.app.recorder.engine)
    with Session(desk.engine) as session:
        with county.app.within(session):
            desk.write(session)
            county.app.do(raised(1, command_id="r-1"))
        county.app.do(raised(1, command_id="r-1"))
        with pytest.raises(Conflict):
            session.commit()

    assert desk.letters() == []
    assert county.app.get("proposal-1").version == 1
    assert_whole(county.app)


def test_what_a_host_only_read_may_not_have_changed_either(postgres_url: str, opened: Opener) -> None:
    county = opened(postgres_url).found()
    county.raised(1)
    county.raised(2)
    merge = MergeProposal(proposal="proposal-1", into="proposal-2", reason="same", actor="community-screener")
    back = MergeProposal(proposal="proposal-2", into="proposal-1", reason="same", actor="community-screener")
    with Session(county.app.recorder.engine) as session:
        with county.app.within(session):
            county.app.do(merge)
        county.app.do(back)
        with pytest.raises(Conflict):
            session.commit()

    assert county.app.get("proposal-2").merged_into == "proposal-1"
    assert county.app.get("proposal-1").merged_into is None


def test_a_slow_host_on_postgresql_keeps_nobody_waiting(postgres_url: str, opened: Opener) -> None:
    """Another's command is recorded, in this same thread, while the host's transaction is still open."""
    county = opened(postgres_url).found()
    with Session(county.app.recorder.engine) as session:
        with county.app.within(session):
            county.app.do(raised(1))
        county.app.do(raised(2))
        assert county.app.get("proposal-2").version == 1
        session.commit()

    facts = assert_whole(county.app)
    assert [fact.stream for fact in facts[-2:]] == ["proposal-2", "proposal-1"]


def test_hosts_on_postgresql_are_in_the_middle_of_their_work_together(postgres_url: str, opened: Opener) -> None:
    county = opened(postgres_url).found()
    desk = Desk(county.app.recorder.engine)
    together = threading.Barrier(4)

    def work(n: int) -> None:
        with Session(desk.engine) as session, session.begin(), county.app.within(session):
            county.app.do(raised(n))
            together.wait()
            desk.write(session, f"letter-{n}")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(desk.letters()) == 4
    assert_whole(county.app)


def test_one_door_serves_hosts_and_others_in_other_threads(shared: County) -> None:
    """Joining a transaction concerns the thread that joins it."""
    with Session(shared.app.recorder.engine) as session:
        with shared.app.within(session):
            shared.app.do(raised(1))
            seen: list[bool] = []

            def look() -> None:
                seen.append(any(stream == "proposal-1" for stream in shared.app.streams(Kind.PROPOSAL)))

            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
        session.commit()
    assert seen == [False]


def test_a_ballot_may_be_cast_in_the_transaction_that_opened_its_round(county: County, host: Host) -> None:
    county.handled()
    with host() as session:
        with county.app.within(session):
            county.app.do(
                DeliverFeedback(proposal="proposal-1", feedback="f", channel="visit", actor="grid-grid-worker"),
                OpenEvaluation(proposal="proposal-1", eligible=VOTERS, actor="community-coordinator"),
            )
            county.app.do(ask(CastBallot, round="round-1.1", grade="satisfied", actor="li", command_id="b-1"))
            county.app.do(ask(CastBallot, round="round-1.1", grade="satisfied", actor="li", command_id="b-1"))
        session.commit()

    assert len(county.app.get("round-1.1").ballots) == 1


def test_a_round_closed_in_a_hosts_transaction_forgets_its_voters_at_the_next_tick(county: County, host: Host) -> None:
    county.evaluating()
    county.clock.forward(days=8)
    with host() as session:
        with county.app.within(session):
            county.app.do(CloseRound(round="round-1.1", actor="community-coordinator"))
        session.commit()
    assert county.app.keys.names("round-token:") == ["round-token:round-1.1"]

    county.app.tick()

    assert county.app.keys.names("round-") == []


def test_what_cannot_be_rolled_back_is_refused_inside(county: County, host: Host) -> None:
    county.raised(contact=LI_CONTACT)
    erase = EraseSubject(
        subject="subject-li",
        ground="asked",
        reason="r",
        approved_by="county-reviewer",
        actor="county-archivist",
    )
    with host() as session:
        with county.app.within(session), pytest.raises(Refused, match="not_inside_a_host"):
            county.app.do(erase)
        session.rollback()
    assert county.app.get("proposal-1").contact.value == LI_CONTACT["value"]


def test_another_database_or_autocommit_is_refused(shared: County, opened: Opener) -> None:
    other = opened("sqlite://")
    automatic = create_engine(shared.url).execution_options(isolation_level="AUTOCOMMIT")
    for engine, why in ((other.app.recorder.engine, "another database"), (automatic, "AUTOCOMMIT")):
        with engine.connect() as connection, pytest.raises(HostRefused, match=why):
            shared.app.within(connection).__enter__()
    automatic.dispose()
    shared.app.do(raised())


def test_a_second_door_cannot_join_the_same_transaction(shared: County, opened: Opener) -> None:
    other = opened(shared.url, clock=shared.clock)
    with Session(shared.app.recorder.engine) as session:
        with shared.app.within(session), pytest.raises(HostRefused, match="joined"), other.app.within(session):
            pass
        session.rollback()


def test_a_long_transaction_goes_with_the_clock(county: County, host: Host) -> None:
    with host() as session:
        with county.app.within(session):
            county.app.do(raised())
            county.clock.forward(hours=8)
            county.app.do(note("the next morning"))
        session.commit()
    assert len(county.app.history("proposal-1")) == 2


def test_transactions_that_have_ended_are_not_kept_in_memory(memory: County) -> None:
    joined: list[weakref.ref[Hosted]] = []
    for n in range(1, 4):
        with Session(memory.app.recorder.engine) as session:
            with memory.app.within(session):
                memory.app.do(raised(n))
                hosted = memory.app._host.get()
                assert hosted is not None
                joined.append(weakref.ref(hosted))
                del hosted
            session.commit()
    gc.collect()
    assert [reference() for reference in joined] == [None, None, None]


# --- async hosts


def test_an_async_host_calls_the_door_in_a_thread(shared: County) -> None:
    """The recipe for hosts whose driver is not asynchronous: a thread a command, as many at once as one likes."""

    async def handle(n: int) -> int:
        facts = await asyncio.to_thread(shared.app.do, raised(n))
        return facts[0].position or 0

    async def main() -> list[int]:
        return list(await asyncio.gather(*(handle(n) for n in range(1, 13))))

    positions = asyncio.run(main())

    assert len(set(positions)) == 12
    assert_whole(shared.app)


def test_an_async_host_joins_its_transaction_in_a_thread(shared: County) -> None:
    desk = Desk(shared.app.recorder.engine)

    def transaction(app: Proposals, n: int) -> None:
        with Session(desk.engine) as session, session.begin():
            with app.within(session):
                app.do(raised(n))
            desk.write(session, f"letter-{n}")

    async def main() -> None:
        await asyncio.gather(*(asyncio.to_thread(transaction, shared.app, n) for n in range(1, 7)))

    asyncio.run(main())

    assert len(desk.letters()) == 6
    assert_whole(shared.app)
