"""Runs as a whole: the same again for a seed, completed after a stop, and every matter of a register to its end."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from proposals import Kind, Proposals
from proposals.adapters.keys import MemoryKeyStore
from proposals.demo import BRANCHES, Matter, SimulatedClock, Summary, found_county, run, run_matters
from proposals.demo.county import the_county

if TYPE_CHECKING:
    from collections.abc import Callable

    from proposals import Fact

    Opened = Callable[[SimulatedClock], Proposals]

TERMINAL = {"closed", "refused", "rejected", "withdrawn", "merged", "archived"}

SECRET = {"RoundOpened", "BallotsCast", "RoundClosed", "SubjectKeyCreated"}
"""Events in which something comes from a key, and keys are drawn at random."""


class Stopped(Exception):
    """The run was stopped."""


def story(app: Proposals) -> list[object]:
    """The log but for what may differ: when it was recorded, and what comes from random keys."""
    return [told(fact) for fact in app.log()]


def told(fact: Fact) -> object:
    event = None if fact.name in SECRET else fact.event
    command = None if fact.name == "BallotsCast" else fact.command_id
    return (fact.stream, fact.version, fact.name, fact.occurred_at, fact.actor, fact.entered_by, command, event)


def test_a_seed_gives_the_same_log_again(county: Opened) -> None:
    logs = []
    for _ in range(2):
        clock = SimulatedClock()
        with county(clock) as app:
            run(app, cases=6, seed=5, clock=clock, branches=["adopted_and_done", "annulled_round", "merged", "urged"])
            logs.append(story(app))

    assert logs[0] == logs[1]


def test_another_seed_gives_another_log(county: Opened) -> None:
    logs = []
    for seed in (5, 6):
        clock = SimulatedClock()
        with county(clock) as app:
            run(app, cases=2, seed=seed, clock=clock, branches=["settled_in_grid", "refused"])
            logs.append([(fact.occurred_at, fact.actor) for fact in app.log() if fact.stream.startswith("proposal-")])

    assert logs[0] != logs[1]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_that_was_stopped_is_completed_and_nothing_is_doubled(county: Opened, seed: int) -> None:
    """Stopped at random points, again and again, each time by an error out of the middle of it."""
    branches = [
        "adopted_and_done",
        "with_contact",
        "annulled_round",
        "rounds_exhausted",
        "objection_upheld",
        "archived",
    ]
    clock = SimulatedClock()
    with county(clock) as app:
        undisturbed = run(app, cases=8, seed=3, clock=clock, branches=branches)
        expected = story(app)
    rng, stops, reached = Random(seed), 0, 0
    clock = SimulatedClock()
    with county(clock) as app:
        while True:
            calls, last = 0, reached + rng.randint(1, 60)

            def progress(_ended: int, _cases: int) -> None:
                nonlocal calls
                calls += 1
                if calls > last:  # noqa: B023 - called within this turn of the loop only
                    raise Stopped

            try:
                completed = run(app, cases=8, seed=3, clock=clock, branches=branches, progress=progress)
                break
            except Stopped:
                stops, reached = stops + 1, last

        assert stops > 2
        assert story(app) == expected
        assert completed.outcomes == undisturbed.outcomes


def test_a_complete_run_made_again_writes_nothing(county: Opened) -> None:
    clock = SimulatedClock()
    with county(clock) as app:
        first = run(app, cases=4, seed=2, clock=clock, branches=["adopted_and_done", "inconclusive_round"])
        head = app.recorder.head()

        again = run(app, cases=4, seed=2, clock=clock, branches=["adopted_and_done", "inconclusive_round"])

        assert first.events > 0
        assert again.events == 0
        assert app.recorder.head() == head
        assert again.states == first.states


def test_founding_twice_records_nothing_twice() -> None:
    clock = SimulatedClock()
    with Proposals(clock=clock, keys=MemoryKeyStore()) as app:
        found_county(app, clock.start)
        head = app.recorder.head()

        found_county(app, clock.start + timedelta(days=1))

        assert app.recorder.head() == head


def test_the_county_has_the_tiers_and_bodies_it_is_said_to_have(county: Opened) -> None:
    clock = SimulatedClock()
    with county(clock) as app:
        units = list(app.states(Kind.UNIT))
    tiers = Counter(str(unit.tier) for unit in units if unit.tier)  # type: ignore[attr-defined]

    assert tiers == {"county": 1, "street": 2, "community": 10, "grid": 36}
    kinds = {str(unit.unit_kind) for unit in units}  # type: ignore[attr-defined]
    assert kinds == {
        "area", "party", "department", "resident_unit", "residents_committee", "owners_committee", "property_firm",
        "social_organisation", "volunteer_team", "merchant",
    }  # fmt: skip


def test_the_first_cases_take_every_branch_once(county: Opened) -> None:
    """A whole county's run: each branch, and what a person reads at the end."""
    clock = SimulatedClock()
    with county(clock) as app:
        head = app.recorder.head()
        summary = run(app, cases=len(BRANCHES), seed=1, clock=clock)

        assert summary.branches == dict.fromkeys(sorted(BRANCHES), 1)
        assert set(summary.states) <= TERMINAL
        assert summary.proposals == len(BRANCHES) + 1  # the one that another was merged into
        assert summary.events == app.recorder.head() - head
        assert sum(summary.states.values()) == summary.proposals
        assert summary.outcomes["unresolved"] == 1
        assert 0 < summary.by_the_clock < summary.events
        assert summary.began < summary.ended


def invented_matters(number: int) -> list[Matter]:
    """A register with holes in it, as registers are."""
    first = datetime(2024, 4, 29, 23, 50, tzinfo=UTC)
    return [
        Matter(
            key=f"{index:03}" if index % 5 else f"窗口/{index}",
            title=f"Matter {index}" if index % 7 else "",
            text=f"What happened at place {index % 3}.\x07" * (1 + 400 * (index % 2)),
            raised_at=first + timedelta(minutes=37 * index),
            category=("noise", "停车秩序", "unheard of", None)[index % 4],
            place=(None, "First Avenue", "Second Avenue")[index % 3],
            department=("NYPD", None, "Bureau of Nothing")[index % 3],
            urgency=("urgent", "normal", "very much so")[index % 3],
        )
        for index in range(1, number + 1)
    ]


@pytest.fixture(scope="module")
def register(county: Opened) -> tuple[Summary, list[Fact], dict[str, str]]:
    """Twenty matters, taken to their ends: the summary, how each was raised, and where each stands."""
    clock = SimulatedClock()
    with county(clock) as app:
        summary = run_matters(app, invented_matters(20), seed=4, clock=clock)
        raised = [fact for fact in app.log() if fact.name == "ProposalRaised"]
        stands = {fact.stream: str(app.get(fact.stream).status) for fact in raised}
    return summary, raised, stands


def test_every_matter_of_a_register_comes_to_an_end(register: tuple[Summary, list[Fact], dict[str, str]]) -> None:
    summary, _, stands = register

    assert len(stands) == 20
    assert set(stands.values()) <= TERMINAL
    assert summary.proposals == 20
    assert summary.states == dict(Counter(stands.values()).most_common())


def test_a_matter_is_raised_when_it_was_raised(register: tuple[Summary, list[Fact], dict[str, str]]) -> None:
    _, raised, _ = register

    assert [fact.occurred_at for fact in raised] == [matter.raised_at for matter in invented_matters(20)]


def test_the_same_place_is_the_same_grid(register: tuple[Summary, list[Fact], dict[str, str]]) -> None:
    _, raised, _ = register
    grids = {fact.event.model_dump()["place"] for fact in raised[::3]}

    assert len(grids) == 1
    assert grids < set(the_county().grids)


def test_texts_are_cut_to_the_limits_of_the_rules(register: tuple[Summary, list[Fact], dict[str, str]]) -> None:
    _, raised, _ = register
    lengths = [(len(fact.event.model_dump()["title"]), len(fact.event.model_dump()["text"])) for fact in raised]

    assert all(0 < title <= 100 and 0 < text <= 5000 for title, text in lengths)
    assert max(text for _, text in lengths) > 4900


def test_two_matters_with_one_key_are_refused(county: Opened) -> None:
    clock = SimulatedClock()
    twice = [*invented_matters(1), *invented_matters(1)]

    with county(clock) as app, pytest.raises(ValueError, match="same key"):
        run_matters(app, twice, seed=1, clock=clock)


def test_a_clock_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        SimulatedClock(datetime(2025, 3, 3, 9, 0))  # noqa: DTZ001 - that is what is refused
