"""Machines that walk the tables at random: what is refused changes nothing, what is accepted obeys every law."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from proposals.domain.processes import PROCESSES
from tests.domain.works import SPINE
from tests.process.walker import WALKED, Walker

STARTS = (*SPINE, "called", "order:acknowledged", "order:in_progress", "order:declined", "in_session")


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
    max_examples=settings().max_examples // 4,  # each is a walk of up to a hundred steps
    stateful_step_count=12,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_the_same_long_walks_use_most_rules_and_break_no_law() -> None:
    """A walker that only ever did the easy things would show little."""
    used: set[str] = set()
    for seed, state in enumerate(STARTS * 2):
        walker = Walker(state, Random(seed))
        for step in range(80):
            walker.act()
            if step % 12 == 11:
                walker.wait(walker.random.choice((1, 24, 24 * 4, 24 * 15)))
        walker.check()
        used |= {command for _, command in walker.accepted}

    known = {name for kind in WALKED for name in PROCESSES[kind].commands}
    assert len(used & known) >= len(known) * 3 // 4, sorted(known - used)
