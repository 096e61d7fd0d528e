"""Runs: cases of every branch, or the matters of a register, from the founding of the county to the last case's end."""

from __future__ import annotations

from datetime import UTC, timedelta
from random import Random
from typing import TYPE_CHECKING

from proposals.demo.branches import BRANCHES, Branch, drawn
from proposals.demo.case import Case
from proposals.demo.clock import in_working_hours
from proposals.demo.county import the_county
from proposals.demo.founding import found_county, founding_day
from proposals.demo.matter import content_of, grid_of, invented, token_of_key
from proposals.demo.schedule import Schedule
from proposals.demo.summary import Summary, summary_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from proposals.application import Proposals
    from proposals.demo.clock import SimulatedClock
    from proposals.demo.county import County
    from proposals.demo.matter import Matter

APART = timedelta(hours=5)
"""On average, between the beginnings of two invented cases."""

MERGING_WINDOW = timedelta(days=5)
"""A matter may be merged into one of its grid that was raised at most this long before."""

Played = tuple[Case, Branch]


def run(
    app: Proposals,
    *,
    cases: int,
    seed: int,
    clock: SimulatedClock,
    progress: Callable[[int, int], None] | None = None,
    branches: Sequence[str] = (),
) -> Summary:
    """Runs so many cases from `clock.start` on, each branch once and then branches at random, to their ends.

    The same seed and start give the same log. A run that was stopped is completed by running it again on the same
    database; one that was complete records nothing. `progress` is told how many cases are at their end, of how
    many. `branches` names the only ones to be drawn from. Raises KeyError for a branch that does not exist.
    """
    county = _founded(app, clock, clock.start)
    clock.now = clock.start
    rng = Random(seed)  # noqa: S311 - made-up cases
    tag = f"demo{seed}"
    chosen = [BRANCHES[name] for name in branches or BRANCHES]
    played: list[Played] = []
    at = clock.start
    for number in range(1, cases + 1):
        branch = chosen[number - 1] if number <= len(chosen) else drawn(rng, chosen)
        at = in_working_hours(at + APART * rng.random() * 2, rng)
        grid, content = rng.choice(county.grids), rng.choice(invented())
        played.append((Case(county, tag, f"{number:04}", grid, content, at.replace(microsecond=0)), branch))
    return _play(app, county, clock, tag, played, progress)


def run_matters(
    app: Proposals,
    matters: Iterable[Matter],
    *,
    seed: int,
    clock: SimulatedClock,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Raises every matter as a new proposal in the county, at the time it was raised, and takes each to its end.

    Time begins with the first matter, wherever the clock stands. Raises ValueError if two matters have one key, and
    Refused if the county was founded after the first of them.
    """
    ordered = sorted(matters, key=lambda matter: (matter.raised_at, matter.key))
    if len({matter.key for matter in ordered}) < len(ordered):
        message = "two matters have the same key"
        raise ValueError(message)
    county = _founded(app, clock, min([clock.start, *(matter.raised_at for matter in ordered[:1])]))
    clock.now = ordered[0].raised_at if ordered else clock.start
    rng = Random(seed)  # noqa: S311 - made-up courses of real matters
    tag = f"matters{seed}"
    played: list[Played] = []
    for matter in ordered:
        case = Case(
            county, tag, token_of_key(matter.key), grid_of(matter, county), content_of(matter, county), matter.raised_at
        )
        branch = drawn(rng, tuple(BRANCHES.values()))
        if branch.name == "merged":
            branch = _merging(case, played)
        played.append((case, branch))
    return _play(app, county, clock, tag, played, progress)


def _founded(app: Proposals, clock: SimulatedClock, first: datetime) -> County:
    """The county, founded when its appointments begin, or at the first moment if that is earlier."""
    clock.now = min(first, founding_day(the_county()))
    return found_county(app, clock.now)


def _merging(case: Case, earlier: Sequence[Played]) -> Branch:
    """Into the last matter of the same grid that is sure to be open; without one, the matter is settled by itself."""
    for root, branch in reversed(earlier):
        if case.now - root.now > MERGING_WINDOW:
            break
        if root.grid == case.grid and branch.name == "adopted_and_done":
            case.root = root.id
            return BRANCHES["merged"]
    return BRANCHES["settled_in_grid"]


def _play(
    app: Proposals,
    county: County,
    clock: SimulatedClock,
    tag: str,
    played: Sequence[Played],
    progress: Callable[[int, int], None] | None,
) -> Summary:
    before = app.recorder.head()
    began: datetime = clock.now.astimezone(UTC)
    schedule = Schedule(app, county, clock, tag, progress)
    for case, branch in played:
        schedule.add(branch.play(case))
    schedule.run()
    return summary_of(
        app,
        tag,
        branches=[branch.name for _, branch in played],
        ticks=schedule.ticks,
        events=app.recorder.head() - before,
        began=began,
        ended=clock.now,
    )
