"""Inside a host's transaction: its rows and our events are committed together, or neither is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import OperationalError
from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, text
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import Session

from proposals.adapters.store import Envelope, HostRefused, HostTransaction, Recorder, VersionConflict
from proposals.adapters.store.connections import make_engine

from .conftest import Opener, happened

Host = Session | Connection


class Shop:
    """A host with a table of its own, in the database of a store."""

    def __init__(self, recorder: Recorder, engine: Engine) -> None:
        self.recorder, self.engine = recorder, engine
        self.flushed: list[int] = []
        self.left: list[int] = []
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE orders (id INTEGER)"))

    def join(self, host: Host) -> HostTransaction[Envelope]:
        return HostTransaction(self.recorder, host, self.flush, self.left.append)

    def flush(self, connection: Connection, staged: list[Envelope]) -> None:
        self.flushed.append(len(staged))
        decided = {str(event.originator_id): event.originator_version - 1 for event in reversed(staged)}
        self.recorder.insert_events(staged, expected=decided, connection=connection)

    def orders(self) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM orders")).scalar_one())

    def state(self) -> tuple[int, int]:
        return self.orders(), self.recorder.head()


@contextmanager
def undone(host: Host) -> Iterator[None]:
    """Work under a savepoint that is rolled back at the end."""
    savepoint = host.begin_nested()
    yield
    savepoint.rollback()


def order(host: Host) -> None:
    host.execute(text("INSERT INTO orders VALUES (1)"))


@pytest.fixture
def shop(recorder: Recorder) -> Shop:
    return Shop(recorder, recorder.engine)


@pytest.fixture(params=["session", "connection"])
def opened(request: pytest.FixtureRequest, shop: Shop) -> Callable[[], Any]:
    """Open a host's Session or Connection."""

    @contextmanager
    def open_session() -> Iterator[Session]:
        with Session(shop.engine) as session:
            yield session

    return open_session if request.param == "session" else shop.engine.connect


def test_events_are_written_once_at_the_commit_with_the_hosts_rows(shop: Shop, opened: Callable[[], Any]) -> None:
    with opened() as host:
        order(host)
        joined = shop.join(host)
        joined.stage([happened("p-1", 1)])
        joined.stage([happened("p-1", 2)])
        assert shop.flushed == []
        assert HostTransaction.current(host) is joined
        host.commit()
    assert (shop.flushed, shop.state()) == ([2], (1, 2))
    assert joined.finished


def test_a_rollback_drops_everything(shop: Shop, opened: Callable[[], Any]) -> None:
    with opened() as host:
        order(host)
        shop.join(host).stage([happened("p-1", 1)])
        host.rollback()
        order(host)
        host.commit()
    assert (shop.flushed, shop.left, shop.state()) == ([], [0], (1, 0))


def test_closing_without_a_commit_drops_everything(shop: Shop, opened: Callable[[], Any]) -> None:
    with opened() as host:
        order(host)
        shop.join(host).stage([happened("p-1", 1)])
    assert (shop.flushed, shop.left, shop.state()) == ([], [0], (0, 0))


def test_the_rollback_of_a_savepoint_drops_what_was_staged_since(shop: Shop, opened: Callable[[], Any]) -> None:
    with opened() as host:
        order(host)
        joined = shop.join(host)
        joined.stage([happened("p-1", 1)])
        with host.begin_nested():
            joined.stage([happened("p-1", 2)])
            with undone(host):
                order(host)
                joined.stage([happened("p-1", 3), happened("p-1", 4)])
            joined.stage([happened("p-1", 3)])
        assert shop.flushed == []
        with undone(host):
            joined.stage([happened("p-1", 4)])
        host.commit()
    assert (shop.flushed, shop.left, shop.state()) == ([3], [2, 3], (1, 3))


def test_the_rollback_of_an_outer_savepoint_takes_the_inner_ones_along(shop: Shop, opened: Callable[[], Any]) -> None:
    with opened() as host:
        joined = shop.join(host)
        joined.stage([happened("p-1", 1)])
        with undone(host):
            joined.stage([happened("p-1", 2)])
            with host.begin_nested():
                joined.stage([happened("p-1", 3)])
        host.commit()
    assert (shop.left, shop.state()) == ([1], (0, 1))


def test_a_savepoint_that_is_rolled_back_before_the_one_inside_it_takes_that_along(shop: Shop) -> None:
    with shop.engine.connect() as connection:
        joined = shop.join(connection)
        joined.stage([happened("p-1", 1)])
        with undone(connection):
            joined.stage([happened("p-1", 2)])
        outer = connection.begin_nested()
        joined.stage([happened("p-1", 2)])
        connection.begin_nested()
        joined.stage([happened("p-1", 3)])
        with pytest.warns(SAWarning):
            outer.rollback()
        joined.stage([happened("p-1", 2)])
        connection.commit()
    assert (shop.left, shop.recorder.head()) == ([1, 1], 2)


def test_what_was_staged_in_a_savepoint_from_before_joining_goes_with_it(shop: Shop, opened: Callable[[], Any]) -> None:
    with opened() as host:
        order(host)
        with undone(host):
            order(host)
            shop.join(host).stage([happened("p-1", 1)])
        host.commit()
    assert (shop.flushed, shop.left, shop.state()) == ([], [0], (1, 0))


def test_a_conflict_comes_out_of_the_hosts_commit_and_nothing_is_kept(shop: Shop, opened: Callable[[], Any]) -> None:
    shop.recorder.insert_events([happened("p-1", 1)])
    with opened() as host:
        order(host)
        shop.join(host).stage([happened("p-1", 1)])
        with pytest.raises(VersionConflict):
            host.commit()
        host.rollback()
        host.execute(text("SELECT 1"))
        host.commit()
        order(host)
        host.commit()
    assert (shop.flushed, shop.left, shop.state()) == ([1], [0], (1, 1))


def test_after_a_conflict_not_even_a_second_commit_keeps_the_hosts_rows(shop: Shop, opened: Callable[[], Any]) -> None:
    shop.recorder.insert_events([happened("p-1", 1)])
    with opened() as host:
        order(host)
        shop.join(host).stage([happened("p-1", 1)])
        for _ in range(2):
            with pytest.raises(Exception):  # noqa: B017, PT011 - the conflict, then SQLAlchemy's own
                host.commit()
    assert shop.state() == (0, 1)


def test_a_session_that_joins_the_transaction_of_a_connection_commits_with_it(shop: Shop) -> None:
    with shop.engine.connect() as connection, connection.begin():
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            order(session)
            shop.join(session).stage([happened("p-1", 1)])
            session.commit()
        assert shop.flushed == []
    assert shop.state() == (1, 1)


def test_a_connection_can_be_used_for_one_transaction_after_another(shop: Shop) -> None:
    with shop.engine.connect() as connection:
        for version in (1, 2, 3):
            joined = shop.join(connection)
            joined.stage([happened("p-1", version)])
            connection.commit()
            with pytest.raises(Exception, match="ended"):
                joined.stage([happened("p-1", 9)])
    assert shop.recorder.head() == 3


def test_a_transaction_is_joined_once(shop: Shop, opened: Callable[[], Any]) -> None:
    with opened() as host:
        assert HostTransaction.current(host) is None
        shop.join(host)
        with pytest.raises(HostRefused, match="already"):
            shop.join(host)
        host.rollback()
        shop.join(host)


def test_a_two_phase_transaction_is_refused(shop: Shop) -> None:
    if shop.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has none")
    with (
        shop.engine.connect() as connection,
        connection.begin_twophase(),
        pytest.raises(HostRefused, match="two-phase"),
    ):
        shop.join(connection)


def test_autocommit_is_refused(shop: Shop) -> None:
    with (
        shop.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        pytest.raises(HostRefused, match="AUTOCOMMIT"),
    ):
        shop.join(connection)


def test_another_database_is_refused_and_the_hosts_work_goes_on(shop: Shop, tmp_path: Path, opener: Opener) -> None:
    empty = make_engine(f"sqlite:///{tmp_path}/empty.db")
    other = opener(f"sqlite:///{tmp_path}/other.db")
    for engine in (empty, other.engine):
        with engine.connect() as connection:
            connection.execute(text("CREATE TABLE orders (id INTEGER)"))
            with pytest.raises(HostRefused, match="another database"):
                shop.join(connection)
            order(connection)
            connection.commit()
            assert connection.execute(text("SELECT count(*) FROM orders")).scalar() == 1


def test_an_empty_postgresql_is_refused_and_the_hosts_work_goes_on(postgres_url: str, opener: Opener) -> None:
    shop = Shop(opener("sqlite://"), create_engine(postgres_url))
    with shop.engine.connect() as connection:
        order(connection)
        with pytest.raises(HostRefused, match="another database"):
            shop.join(connection)
        connection.commit()
    assert shop.orders() == 1
    shop.engine.dispose()


def test_a_host_with_its_own_engine_in_the_drivers_own_mode(shared_url: str, opener: Opener) -> None:
    engine = create_engine(shared_url)
    shop = Shop(opener(shared_url), engine)
    with Session(engine) as session, session.begin():
        shop.join(session).stage([happened("p-1", 1)])
        with session.begin_nested():
            order(session)
    with Session(engine) as session, session.begin():
        session.execute(text("SELECT count(*) FROM orders")).scalar()
        shop.join(session).stage([happened("p-1", 2)])
        order(session)
    assert shop.state() == (2, 2)
    engine.dispose()


def test_a_savepoint_release_that_was_a_commit_is_found_out(tmp_path: Path, opener: Opener) -> None:
    """Python's sqlite3 begins no transaction for a SAVEPOINT, so releasing the first one commits."""
    url = f"sqlite:///{tmp_path}/store.db"
    engine = create_engine(url, poolclass=StaticPool)
    shop = Shop(opener(url), engine)
    with Session(engine) as session:
        with session.begin_nested():
            shop.join(session).stage([happened("p-1", 1)])
        with pytest.raises(HostRefused, match="BEGIN IMMEDIATE"):
            session.commit()
    assert shop.state() == (0, 0)
    engine.dispose()


def test_a_sqlite_transaction_that_read_before_another_wrote_fails_on_joining(tmp_path: Path, opener: Opener) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    recorder = opener(url)
    shop = Shop(recorder, recorder.engine)
    with recorder.engine.connect().execution_options(read_only=True) as connection:
        connection.execute(text("SELECT count(*) FROM orders")).scalar()
        recorder.insert_events([happened("p-2", 1)])
        with pytest.raises(OperationalError, match="BEGIN IMMEDIATE"):
            shop.join(connection)


def test_slow_hosts_on_postgresql_do_not_wait_for_each_other(postgres_url: str, opener: Opener) -> None:
    """Both are in the middle of their work at the same time, which a lock held from the start would prevent."""
    recorder = opener(postgres_url)
    shop = Shop(recorder, recorder.engine)
    together = threading.Barrier(2, timeout=10)

    def work(n: int) -> None:
        with Session(recorder.engine) as session, session.begin():
            joined = shop.join(session)
            joined.stage([happened(f"p-{n}", 1)])
            order(session)
            together.wait()
            time.sleep(0.05)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, range(2)))
    assert shop.state() == (2, 2)


def test_hosts_that_decide_on_the_same_version_conflict(shared_url: str, opener: Opener) -> None:
    recorder = opener(shared_url, busy_timeout=30)
    shop = Shop(recorder, recorder.engine)

    def work(_: int) -> bool:
        try:
            with Session(recorder.engine) as session, session.begin():
                order(session)
                shop.join(session).stage([happened("p-1", 1)])
        except VersionConflict:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(work, range(4))) == 1
    assert shop.state() == (1, 1)


def test_a_host_may_listen_to_the_same_events_itself(shop: Shop) -> None:
    heard: list[str] = []
    with shop.engine.connect() as connection:
        event.listen(connection, "commit", lambda _: heard.append("commit"))
        shop.join(connection).stage([happened("p-1", 1)])
        connection.commit()
    assert (heard, shop.recorder.head()) == (["commit"], 1)
