"""The checkpoint never skips: whatever writers commit and roll back, each event is projected, once and in order."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Connection

from proposals.adapters.projecting import projector
from proposals.adapters.store import Envelope, HostTransaction
from tests.postgres import empty

from .conftest import Opener
from .test_runners import PATIENCE, caught_up, running
from .worlds import POISON, World, event, marked, positions, whole

WRITERS, EACH = 8, 15
writers = st.integers(0, WRITERS - 1)


class Checkpoint(RuleBasedStateMachine):
    """Eight writers, each in a host's transaction of its own and on a stream of its own, and two projections."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        empty(self.url)
        self.world = World(self.url)
        self.hosts: dict[int, tuple[Connection, HostTransaction[Envelope]]] = {}
        self.versions = [0] * WRITERS
        self.reached: dict[str, int] = {}
        self.world.projections.catch_up()

    def teardown(self) -> None:
        for connection, _ in self.hosts.values():
            connection.close()
        self.world.recorder.close()

    @rule(n=writers, weight=st.sampled_from([1, 1, 1, 2, POISON]))
    def decide(self, n: int, weight: int) -> None:
        recorder = self.world.recorder
        if n not in self.hosts:
            connection = recorder.engine.connect()

            def flush(at: Connection, staged: list[Envelope]) -> None:
                recorder.insert_events(staged, connection=at)

            self.hosts[n] = connection, HostTransaction(recorder, connection, flush)
        _, transaction = self.hosts[n]
        version = self.versions[n] + len(transaction.staged) + 1
        transaction.stage([event(f"p-{n}", version, marked("red", weight))])

    @rule(n=writers)
    def commit(self, n: int) -> None:
        if n in self.hosts:
            connection, transaction = self.hosts.pop(n)
            self.versions[n] += len(transaction.staged)
            connection.commit()
            connection.close()

    @rule(n=writers)
    def roll_back(self, n: int) -> None:
        if n in self.hosts:
            connection, _ = self.hosts.pop(n)
            connection.rollback()
            connection.close()

    @rule(size=st.sampled_from([1, 2, 7]), name=st.sampled_from(["things", "marks"]))
    def project(self, size: int, name: str) -> None:
        one = self.world.projections._projectors[name]
        standing, head = one.live(one.standings()), self.world.recorder.head()
        if standing.position < head:
            one.advance(one.tables, standing, min(standing.position + size, head))

    @rule(name=st.sampled_from(["things", "marks"]))
    def rebuild(self, name: str) -> None:
        self.world.projections.rebuild(name)

    @invariant()
    def nothing_was_skipped_and_nothing_goes_back(self) -> None:
        now = positions(self.world)
        assert all(now[name] >= reached for name, reached in self.reached.items())
        self.reached = now
        assert whole(self.world)


def test_the_checkpoint_never_skips(one_database: str) -> None:
    machine = type("CheckpointThere", (Checkpoint,), {"url": one_database})
    few = settings(
        max_examples=max(5, settings().max_examples // 20),
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=few)


@pytest.mark.parametrize("inline", [(), ("marks",)])
def test_writers_that_roll_back_now_and_then_leave_no_gap(
    shared_url: str, opened: Opener, inline: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "BATCH", 7)
    world = opened(shared_url, inline=inline)
    world.projections.catch_up()

    def write(n: int) -> None:
        chance, writer = random.Random(n), opened(shared_url, inline=inline)
        for version in range(1, EACH + 1):
            weight = POISON if n == 0 and version == 5 else 1
            what = event(f"p-{n}", version, marked(str(version), weight))
            while chance.random() < 0.3:
                with writer.recorder.engine.connect() as host:
                    writer.recorder.insert_events([what], connection=host)
                    host.rollback()
            writer.recorder.insert_events([what])

    def watch() -> None:
        watcher = opened(shared_url)
        while any(thread.is_alive() for thread in threads):
            now.append(positions(watcher))

    now: list[dict[str, Any]] = []
    threads = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    with running(opened(shared_url).projections):
        for thread in threads:
            thread.start()
        watcher = threading.Thread(target=watch)
        watcher.start()
        for thread in (*threads, watcher):
            thread.join(PATIENCE)
        caught_up(world)
    assert whole(world)
    assert world.recorder.head() == WRITERS * EACH
    assert len(world.projections.dead_letters()) == EACH - 4
    for name in ("things", "marks"):
        seen = [each[name] for each in now]
        assert seen == sorted(seen)
