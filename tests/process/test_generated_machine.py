"""Machines that walk the tables at random: what is refused changes nothing, what is accepted obeys every law."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from proposals.domain.processes import PROCESSES
from proposals.domain.vocabulary import Kind
from tests.domain.works import SPINE
from tests.process.walker import WALKED, Walker

STARTS = (*SPINE, "called", "order:acknowledged", "order:in_progress", "order:declined")


class CountyAtWork(RuleBasedStateMachine):
    """Residents, officials and the clock act on one case and whatever comes of it."""

    walker: Walker | None = None

    @initialize(state=st.sampled_from(STARTS), seed=st.integers(0, 2**32))
    def begin(self, state: str, seed: int) -> None:
        self.walker = Walker(state, Random(seed))

    @precondition(lambda self: self.walker is not None)
    @rule(times=st.integers(1, 8))
    def people_act(self, times: int) -> None:
        assert self.walker is not None
        for _ in range(times):
            self.walker.act()

    @precondition(lambda self: self.walker is not None)
    @rule(hours=st.integers(1, 24 * 20))
    def time_passes(self, hours: int) -> None:
        assert self.walker is not None
        self.walker.wait(hours)

    def teardown(self) -> None:
        if self.walker is not None:
            self.walker.check()


TestCountyAtWork = CountyAtWork.TestCase
TestCountyAtWork.settings = settings(
    max_examples=max(settings.default.max_examples // 4, 1),  # each is a walk of up to a hundred steps
    stateful_step_count=12,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def walked() -> dict[Kind, set[tuple[str | None, str]]]:
    """The rules that the same long walks use every time: by kind, source and command."""
    used: dict[Kind, set[tuple[str | None, str]]] = {kind: set() for kind in WALKED}
    for seed, state in enumerate(STARTS * 3):
        walker = Walker(state, Random(seed))
        for step in range(70):
            walker.act()
            if step % 12 == 11:
                walker.wait(walker.random.choice((1, 24, 24 * 4, 24 * 15)))
        walker.check()
        for source, command in walker.accepted:
            for kind in WALKED:
                if command in PROCESSES[kind].commands:
                    used[kind].add((source, command))
    return used


@pytest.mark.parametrize("kind", WALKED, ids=str)
def test_the_walks_use_nearly_every_rule_of_every_table(
    kind: Kind, walked: dict[Kind, set[tuple[str | None, str]]]
) -> None:
    commands = {name for name in PROCESSES[kind].commands if name != "RecordMissed"}
    unused = commands - {command for _, command in walked[kind]}

    print(kind, sorted(unused))
    assert len(unused) <= len(commands) // 5, sorted(unused)
