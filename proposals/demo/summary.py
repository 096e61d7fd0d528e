"""What a run came to, as pure data, read off the log of its proposals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from proposals.domain.case import ProposalStatus
from proposals.domain.proposal import PROPOSAL
from proposals.domain.vocabulary import SYSTEM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from proposals.application import Proposals

S = ProposalStatus


@dataclass(frozen=True, slots=True)
class Summary:
    """What a person wants to know at the end of a run."""

    proposals: int
    """All of the run's, with those that were raised only to be merged into."""
    states: Mapping[str, int]
    outcomes: Mapping[str, int]
    """How the cases came to an end; an archived case keeps the outcome it was closed with."""
    branches: Mapping[str, int]
    ticks: int
    """How often the clock was asked what is due."""
    by_the_clock: int
    """Events of the run's proposals that nobody but the clock brought about."""
    events: int
    """Events that this run has written, on every stream; none when everything was there already."""
    began: datetime
    ended: datetime
    """In simulated time."""


def summary_of(
    app: Proposals,
    tag: str,
    *,
    branches: Sequence[str],
    ticks: int,
    events: int,
    began: datetime,
    ended: datetime,
) -> Summary:
    """Reads the run's proposals off the log, without decoding what it does not need."""
    names = PROPOSAL.events
    status: dict[str, ProposalStatus] = {}
    outcome: dict[str, str] = {}
    by_the_clock = 0
    for envelope in app.recorder.iterate_streams(f"proposal-{tag}-"):
        stream, name = str(envelope.originator_id), envelope.topic
        by_the_clock += envelope.actor == SYSTEM
        target = PROPOSAL.target[names[name]]
        if target is None:
            continue
        status[stream] = ProposalStatus(target)
        if target is S.CLOSED:
            outcome[stream] = orjson.loads(envelope.state)["outcome"]
        elif target in PROPOSAL.terminal and target is not S.ARCHIVED:
            outcome[stream] = "lapsed" if name == "ProposalLapsed" else str(target)
        elif target is S.ACCEPTED:
            outcome.pop(stream, None)
    return Summary(
        proposals=len(status),
        states=_counted(list(map(str, status.values()))),
        outcomes=_counted(list(outcome.values())),
        branches=_counted(branches),
        ticks=ticks,
        by_the_clock=by_the_clock,
        events=events,
        began=began,
        ended=ended,
    )


def _counted(values: Sequence[str]) -> dict[str, int]:
    """The commonest first, and by name where they are as common."""
    return dict(sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0])))
