"""What must hold of every log, whatever was done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proposals.adapters.store.leaf import leaf_hash, leaf_line
from proposals.domain.decider import fold
from proposals.domain.processes import PROCESSES
from proposals.domain.vocabulary import Kind, kind_of

if TYPE_CHECKING:
    from proposals import Proposals
    from proposals.domain.event import Fact


def assert_whole(app: Proposals) -> list[Fact]:
    """Nothing is lost, doubled or out of order. Gives the log.

    Positions and versions have no gaps, leaves recompute, every command has its receipt, and every state is what
    its facts add up to.
    """
    stored, facts = list(app.recorder.log()), list(app.log())
    assert [fact.position for fact in facts] == list(range(1, len(facts) + 1))
    assert list(app.recorder.leaf_hashes()) == [leaf_hash(leaf_line(event)) for event in stored]
    times = [event.recorded_at or "" for event in stored]
    assert times == sorted(times)
    streams: dict[str, list[Fact]] = {}
    for fact in facts:
        streams.setdefault(fact.stream, []).append(fact)
    for stream, own in streams.items():
        assert [fact.version for fact in own] == list(range(1, len(own) + 1))
        assert app.get(stream) == fold(PROCESSES[kind_of(stream)], own)
    assert_receipts_cover(app, facts)
    return facts


def assert_receipts_cover(app: Proposals, facts: list[Fact]) -> None:
    """Every command's facts stand together, and its receipt says where."""
    spans: dict[str, list[int]] = {}
    for fact in facts:
        spans.setdefault(fact.command_id, []).append(fact.position or 0)
    for command_id, positions in spans.items():
        receipt = app.recorder.find_command(command_id)
        assert receipt is not None
        assert receipt[1:] == (positions[0], positions[-1])
        assert positions == list(range(positions[0], positions[-1] + 1))


def assert_no_cycle(app: Proposals) -> None:
    """Every merged case leads to a root that is not merged."""
    for state in app.states(Kind.PROPOSAL):
        case: Any = state
        seen = set()
        while case.merged_into is not None:
            assert case.id not in seen
            seen.add(case.id)
            case = app.get(case.merged_into)
