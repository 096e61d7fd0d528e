"""SQLite and PostgreSQL answer alike: the same commands lead to the same facts and the same refusals."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proposals import ProposalsError, Refused
from proposals.domain.event import Command
from proposals.domain.processes import COMMANDS
from proposals.domain.vocabulary import Kind

from .checks import assert_whole
from .conftest import Opener
from .county import County, ask, at

CASES = st.integers(1, 3)
SUBJECTS = st.sampled_from(["subject-li", "subject-wang"])
PEOPLE = st.sampled_from(["li", "wang", "resident1", "community-screener", "grid-grid-worker", "stranger"])

ACTS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "RaiseProposal": {
        "place": st.sampled_from(["unit-grid", "unit-grid2", "unit-county"]),
        "source": st.sampled_from(["other", "member_proposal"]),
        "title": st.sampled_from(["Lamp", "路灯"]),
        "text": st.just("It is broken."),
        "contact": st.one_of(st.none(), st.fixed_dictionaries({"subject": SUBJECTS, "value": st.just("138")})),
    },
    "CoSignProposal": {},
    "ReviseProposal": {"title": st.sampled_from(["Lamp", "Lamps"]), "text": st.sampled_from(["One.", "Two."])},
    "AcceptProposal": {"category": st.sampled_from(["facilities", "unknown"])},
    "ReturnProposal": {"reason": st.just("incomplete")},
    "RefuseProposal": {"ground": st.just("in_court"), "answer": st.just("Before a court.")},
    "WithdrawProposal": {"reason": st.just("solved")},
    "AddNote": {"note": st.sampled_from(["n", "é𠮷\n\t\"'\\"])},
}
"""Commands on a case, and what may be in them."""


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, Any]:
    """One thing to do: a few commands at once, a merge, an erasure, or time that passes."""
    what = draw(st.sampled_from(["do", "do", "do", "merge", "erase", "pass"]))
    if what == "pass":
        return what, draw(st.integers(1, 9))
    if what == "erase":
        return what, draw(SUBJECTS)
    if what == "merge":
        return what, (draw(CASES), draw(CASES), draw(PEOPLE))
    names = draw(st.lists(st.sampled_from(sorted(ACTS)), min_size=1, max_size=3))
    return what, [
        (name, draw(CASES), draw(PEOPLE), draw(st.fixed_dictionaries(ACTS[name])), draw(st.integers(0, 30)))
        for name in names
    ]


def commands(step: tuple[str, Any], run: str) -> list[Command]:
    """A step's commands; `run` keeps what belongs to one example apart from the others."""
    what, how = step
    if what == "do":
        return [
            ask(
                COMMANDS[name],
                proposal=f"proposal-{run}.{case}",
                actor=actor,
                command_id=f"{run}-{number}",
                **{field: _apart(value, run) for field, value in fields.items()},
            )
            for name, case, actor, fields, number in how
        ]
    if what == "merge":
        one, other, actor = how
        merge = {"proposal": f"proposal-{run}.{one}", "into": f"proposal-{run}.{other}", "reason": "same"}
        return [ask(COMMANDS["MergeProposal"], actor=actor, **merge)]
    erase = {"ground": "asked", "reason": "r", "approved_by": "county-reviewer"}
    return [ask(COMMANDS["EraseSubject"], subject=f"{how}.{run}", actor="county-archivist", **erase)]


def _apart(value: Any, run: str) -> Any:
    return {**value, "subject": f"{value['subject']}.{run}"} if isinstance(value, dict) else value


def answer(county: County, step: tuple[str, Any], run: str) -> list[object]:
    """What the door says to a step, without what is random or of the moment."""
    try:
        if step[0] == "pass":
            county.clock.forward(days=step[1])
            facts = county.app.tick()
        else:
            facts = county.app.do(*commands(step, run))
    except Refused as refused:
        return [refused.code, refused.guard, refused.stream, refused.text("zh")]
    except ProposalsError as error:
        return [repr(error)]
    return [comparable(fact) for fact in facts]


def comparable(fact: Any) -> Any:
    event = fact.event
    if "commitment" in type(event).model_fields:
        event = event.model_copy(update={"commitment": ""})
    return fact._replace(event=event, recorded_at=None, command_id="", correlation_id="", causation_id="")


_RUNS = iter(range(1_000_000))


@pytest.fixture
def pair(opened: Opener, postgres_url: str) -> tuple[County, County]:
    return opened(snapshot_every=2).found(), opened(postgres_url).found()


@settings(
    max_examples=max(10, settings().max_examples // 10),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=st.lists(steps(), min_size=3, max_size=15))
def test_the_same_story_leads_to_the_same_facts(pair: tuple[County, County], story: list[tuple[str, Any]]) -> None:
    """One in memory with snapshots, one on PostgreSQL without."""
    run = f"r{next(_RUNS)}"
    for county in pair:
        county.clock.now = max(county.clock.now for county in pair)
    for step in story:
        here, there = (answer(county, step, run) for county in pair)
        assert here == there


def test_in_the_end_the_logs_are_the_same(pair: tuple[County, County]) -> None:
    for county in pair:
        county.evaluating(1)
        county.clock.now = at(30)
        county.app.tick()
        assert_whole(county.app)
    one, other = pair
    known = [fact for fact in map(comparable, one.app.log()) if not fact.stream.startswith("round-")]
    assert known == [fact for fact in map(comparable, other.app.log()) if not fact.stream.startswith("round-")]
    for kind in set(Kind) - {Kind.ROUND, Kind.SUBJECT}:
        assert list(one.app.states(kind)) == list(other.app.states(kind))
