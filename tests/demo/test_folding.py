"""What states are folded from: the store leaves out the columns that say how something was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from proposals.demo import BRANCHES
from proposals.domain.decider import fold
from proposals.domain.processes import PROCESSES
from proposals.domain.vocabulary import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from proposals import Fact


@pytest.mark.parametrize("branch", BRANCHES)
def test_a_state_comes_of_what_happened_and_not_of_how_it_was_recorded(
    branch: str, played: Callable[[str], dict[str, list[Fact]]]
) -> None:
    for stream, facts in played(branch).items():
        process = PROCESSES[kind_of(stream)]
        happened = [
            fact._replace(command_id="", correlation_id="", causation_id="", recorded_at=None, position=None)
            for fact in facts
        ]
        assert fold(process, happened) == fold(process, facts)
