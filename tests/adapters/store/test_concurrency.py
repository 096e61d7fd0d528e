"""Many writers and readers, in threads and in processes: nothing is lost, doubled, or seen out of order."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from eventsourcing.persistence import IntegrityError, Tracking
from sqlalchemy import text

from proposals.adapters.store import CommandIdTaken, CommandRecord, Recorder, VersionConflict
from proposals.adapters.store.leaf import leaf_hash, leaf_line

from .conftest import Opener, happened

WRITERS, EACH = 8, 25


def climb(recorder: Recorder, stream: str, times: int) -> None:
    """Append to a stream that others append to as well, deciding again after each conflict."""
    while times:
        version = recorder.heads([stream])[stream]
        try:
            recorder.insert_events([happened(stream, version + 1)], expected={stream: version})
        except VersionConflict:
            continue
        times -= 1


def assert_whole(recorder: Recorder, events: int) -> None:
    log = list(recorder.log())
    assert [event.position for event in log] == list(range(1, events + 1))
    assert [event.recorded_at for event in log] == sorted(event.recorded_at or "" for event in log)
    assert list(recorder.leaf_hashes()) == [leaf_hash(leaf_line(event)) for event in log]
    versions: dict[str, int] = {}
    for event in log:
        stream = str(event.originator_id)
        assert event.originator_version == versions.get(stream, 0) + 1
        versions[stream] = event.originator_version


def test_eight_writers_on_one_stream_each_get_their_turn(recorder: Recorder) -> None:
    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(lambda _: climb(recorder, "p-1", EACH), range(WRITERS)))
    assert_whole(recorder, WRITERS * EACH)


def test_eight_writers_with_recorders_of_their_own_on_many_streams(shared_url: str, opener: Opener) -> None:
    recorders = [opener(shared_url) for _ in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(lambda n: climb(recorders[n], f"p-{n % 4}", EACH), range(WRITERS)))
    assert_whole(recorders[0], WRITERS * EACH)


def test_a_reader_that_follows_the_log_misses_nothing(shared_url: str, opener: Opener) -> None:
    recorders = [opener(shared_url) for _ in range(4)]
    seen: list[int] = []

    def follow() -> None:
        with opener(shared_url).subscribe() as subscription:
            for event in subscription:
                seen.append(event.id)
                if event.id == 4 * EACH:
                    return

    reader = threading.Thread(target=follow)
    reader.start()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: climb(recorders[n], f"p-{n}", EACH), range(4)))
    reader.join(timeout=60)
    assert seen == list(range(1, 4 * EACH + 1))


def test_a_subscription_goes_on_after_a_position_and_only_with_the_names_it_wants(recorder: Recorder) -> None:
    recorder.insert_events([happened("p-1", version) for version in range(1, 4)])
    with recorder.subscribe(gt=2) as subscription:
        assert next(subscription).id == 3
    with recorder.subscribe(topics=["Other"]) as subscription:
        stopper = threading.Timer(0.2, subscription.stop)
        stopper.start()
        assert list(subscription) == []
        stopper.join()


def test_one_of_many_with_the_same_command_id_wins(recorder: Recorder) -> None:
    def attempt(n: int) -> bool:
        try:
            recorder.insert_events([happened(f"p-{n}", 1)], commands=[CommandRecord("c-1", "f", 1)])
        except CommandIdTaken:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as threads:
        assert sum(threads.map(attempt, range(WRITERS))) == 1
    assert recorder.find_command("c-1") == ("f", 1, 1)


def test_one_of_many_that_track_the_same_position_wins(recorder: Recorder) -> None:
    def attempt(n: int) -> bool:
        try:
            recorder.insert_events([happened(f"p-{n}", 1)], tracking=Tracking("upstream", 1))
        except IntegrityError:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as threads:
        assert sum(threads.map(attempt, range(WRITERS))) == 1
    assert recorder.head() == 1


@pytest.mark.parametrize("guarded", ["p-guard"])
def test_what_was_only_read_may_not_change_before_the_write(recorder: Recorder, guarded: str) -> None:
    """Two that each read what the other writes cannot both succeed."""
    barrier = threading.Barrier(2)

    def attempt(mine: str, other: str) -> bool:
        barrier.wait()
        try:
            recorder.insert_events([happened(mine, 1)], expected={mine: 0, other: 0})
        except VersionConflict:
            return False
        return True

    for n in range(20):
        pair = (f"{guarded}-{n}-a", f"{guarded}-{n}-b")
        with ThreadPoolExecutor(2) as threads:
            assert sum(threads.map(attempt, pair, reversed(pair))) == 1


def test_readers_do_not_wait_for_a_slow_writer(shared_url: str, opener: Opener) -> None:
    recorder, slow = opener(shared_url), opener(shared_url)
    recorder.insert_events([happened("p-1", 1)])
    with slow.engine.connect() as connection:
        slow.insert_events([happened("p-1", 2)], connection=connection)
        assert len(recorder.select_events("p-1")) == recorder.head() == 1
        connection.rollback()
        recorder.insert_events([happened("p-1", 2)])


CHILD = """
import sys
from tests.adapters.store.test_concurrency import climb
from proposals.adapters.store import Recorder
with Recorder(sys.argv[1]) as recorder:
    climb(recorder, "p-1", 20)
    climb(recorder, sys.argv[2], 20)
"""


def test_processes_that_open_and_write_one_sqlite_file_together(tmp_path: Path, opener: Opener) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    root = Path(__file__).parents[3]
    children = [subprocess.Popen([sys.executable, "-c", CHILD, url, f"p-{n}"], cwd=root) for n in range(2, 6)]
    assert [child.wait(timeout=60) for child in children] == [0, 0, 0, 0]
    assert_whole(opener(url), 160)


def test_the_checks_find_rows_through_the_indexes(postgres_url: str, opener: Opener) -> None:
    recorder = opener(postgres_url)
    recorder.insert_events([happened("p-1", version) for version in range(1, 2001)])
    plan = "EXPLAIN " + recorder.statements.check.sql.replace("%s", "'[\"p-1\"]'")
    with recorder.readers.connection() as connection:
        lines = [row[0] for row in connection.execute(text(plan).text)]
    assert not [line for line in lines if "Seq Scan" in line]
