"""The cells of a whole county against those counted one fact after the other; and of made-up orders, by the hundred."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proposals import AcknowledgeOrder
from proposals.adapters.archive import Archive, count
from proposals.domain.vocabulary import instant_text
from proposals.projections.counting import Tables
from proposals.projections.counting import count as count_rows
from proposals.projections.evaluation import EVALUATION, ROUNDS
from proposals.projections.handling import DISPATCHES, HANDLING, WORK_ORDERS
from proposals.projections.organisation import EDITIONS, ORGANISATION, UNITS, Organisation
from proposals.projections.projection import fold_log
from proposals.projections.register import CASES, REGISTER
from proposals.projections.report import month_in
from proposals.projections.steps import STAYS, STEPS
from tests.archive.histories import SHANGHAI, archived, case, cells, hour, numbered, order
from tests.archive.naive import counted
from tests.domain.works import LEAD, reached, suspended
from tests.projections.logs import entry_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from proposals import Fact
    from proposals.projections.cells import Cells
    from tests.archive.conftest import County


def test_a_county_counts_the_same_fact_by_fact(county: County) -> None:
    told = count(Archive(county.archive), SHANGHAI)

    expected = counted(county.facts, SHANGHAI)
    assert told == expected
    assert {rate.figure for rate in told.rates} == {
        "response", "volunteering", "on_time", "resolution", "satisfaction", "turnout", "first_pass", "rectification",
        "reopening", "escalation", "return",
    }  # fmt: skip


def row_by_row(facts: Iterable[Fact], until: datetime | None = None) -> Cells:
    """The cells out of the rows of the read models, which know nothing of archives."""
    log = [fact for fact in facts if until is None or fact.occurred_at <= until]
    entries = [entry_of(fact) for fact in log]
    tables: dict[str, list[dict[str, Any]]] = {}
    for projection in (REGISTER, STEPS, HANDLING, EVALUATION, ORGANISATION):
        tables |= fold_log(projection, entries)
    counted_rows = Tables(
        cases=tables[CASES.name],
        stays=tables[STAYS.name],
        orders=tables[WORK_ORDERS.name],
        dispatches=tables[DISPATCHES.name],
        rounds=tables[ROUNDS.name],
    )
    end = instant_text(until or max(fact.occurred_at for fact in log))
    return count_rows(
        counted_rows,
        until=end,
        month=month_in(SHANGHAI),
        teams=Organisation(tables[UNITS.name], tables[EDITIONS.name]).teams,
    )


def test_a_county_counts_the_same_row_by_row(county: County) -> None:
    assert row_by_row(county.facts) == count(Archive(county.archive), SHANGHAI) == counted(county.facts, SHANGHAI)


@pytest.mark.parametrize("share", [1 / 5, 1 / 2, 9 / 10])
def test_row_by_row_the_middle_of_things_counts_the_same(county: County, share: float) -> None:
    instants = sorted(fact.occurred_at for fact in county.facts)
    until = instants[int(len(instants) * share)]
    assert row_by_row(county.facts, until) == count(Archive(county.archive), SHANGHAI, until=until)


def test_in_the_middle_of_things_too(county: County) -> None:
    """When orders are open, clocks stand and rounds are not closed yet."""
    instants = sorted(fact.occurred_at for fact in county.facts)
    until = instants[len(instants) * 2 // 3] - timedelta(microseconds=1)

    assert count(Archive(county.archive), SHANGHAI, until=until) == counted(county.facts, SHANGHAI, until)


NEXT: dict[str, tuple[str, ...]] = {
    "dispatched": ("acknowledged", "declined", "cancelled", "excused"),
    "sent": ("acknowledged", "declined", "cancelled", "excused"),
    "directed": ("acknowledged", "cancelled", "excused"),
    "declined": ("sent", "directed", "cancelled", "excused"),
    "acknowledged": ("completed", "cancelled", "excused"),
    "completed": ("reopened", "cancelled"),
    "reopened": ("completed", "cancelled", "excused"),
}
"""What may follow what; beside it, clocks stop and run, and more time is given while an order is under way."""


@st.composite
def orders(draw: st.DrawFn, number: int) -> list[Fact]:
    """A course that an order may take, with hours that often fall on its deadlines.

    Acts are keyed one after the other, but may be dated back to where the state began that they were done in; and the
    clock's, which follow the case, to where it stopped or ran last. No work is done while it stands.
    """
    keyed = began = turned = draw(st.integers(2, 5))
    state, stands = "dispatched", False
    acts: list[Any] = [(began, state)]
    for _ in range(draw(st.integers(0, 8))):
        if state not in NEXT:
            break
        keyed += draw(st.sampled_from([1, 2, 5, 10, 20, 100]))
        at = draw(st.sampled_from([keyed, keyed, max(began, keyed - 5), began]))
        aside = draw(st.sampled_from(["", "clock", "extended"])) if state != "completed" else ""
        if aside == "clock":
            at = turned = max(at, turned)
            acts.append((at, "restarted", at + draw(st.integers(1, 20))) if stands else (at, "stopped"))
            stands = not stands
        elif aside == "extended" and state != "declined":
            acts.append((at, aside, at + draw(st.integers(1, 20))))
        else:
            state = draw(st.sampled_from([act for act in NEXT[state] if not (stands and act == "completed")]))
            began = at
            acts.append((at, state))
    return order(*acts, number=number, lead=draw(st.booleans()))


@settings(max_examples=8)
@given(st.data())
def test_orders_of_any_course_count_the_same(data: st.DataObject) -> None:
    """Eighty at a time: putting the questions takes longer than answering them."""
    facts = [fact for n in range(80) for fact in (*case(n, place=f"unit-{n}"), *data.draw(orders(n)))]
    until = data.draw(st.integers(10, 200))
    log = numbered(facts)

    with TemporaryDirectory() as folder:
        told = cells(facts, Path(folder), until)

    assert told == counted(log, SHANGHAI, hour(until)) == row_by_row(log, hour(until))


KEYED_LATE: dict[str, tuple[list[Any], tuple[Any, ...]]] = {
    "taken in time": ([(20, "stopped"), (5, "acknowledged")], (1, 1, ())),
    "taken when time was over": ([(20, "stopped"), (13, "acknowledged")], (0, 1, ())),
    "declined in time": ([(20, "stopped"), (7, "declined")], (0, 0, (("declined", 1),))),
    "called off in time": ([(20, "stopped"), (7, "cancelled")], (0, 0, (("ended", 1),))),
}


@pytest.mark.parametrize("name", KEYED_LATE)
def test_what_was_done_in_time_is_so_though_it_is_keyed_while_the_clock_stands(name: str, tmp_path: Path) -> None:
    acts, expected = KEYED_LATE[name]
    log = numbered([*case(), *order((2, "dispatched"), *acts)])

    for told in (count(archived(log, tmp_path), SHANGHAI), row_by_row(log), counted(log, SHANGHAI)):
        assert [rate[-3:] for rate in told.rates if rate.figure == "response"] == [expected]


STOPPED_TWICE: dict[str, tuple[list[Any], str, tuple[Any, ...]]] = {
    "taken": (
        [(20, "stopped"), (7, "declined"), (8, "directed"), (21, "acknowledged")],
        "response",
        (1, 1, (("declined", 1),)),
    ),
    "not taken yet": (
        [(20, "stopped"), (7, "declined"), (8, "directed")],
        "response",
        (0, 0, (("declined", 1), ("pending", 1))),
    ),
    "not sent again yet": ([(110, "stopped"), (7, "declined")], "on_time", (0, 0, (("open", 1),))),
}


@pytest.mark.parametrize("name", STOPPED_TWICE)
def test_where_the_clock_stands_is_said_by_what_was_keyed_last(name: str, tmp_path: Path) -> None:
    acts, figure, expected = STOPPED_TWICE[name]
    log = numbered([*case(), *order((2, "dispatched"), *acts)])

    for told in (count(archived(log, tmp_path), SHANGHAI), row_by_row(log), counted(log, SHANGHAI)):
        assert [rate[-3:] for rate in told.rates if rate.figure == figure] == [expected]


def test_a_unit_that_had_the_order_before_the_case_was_suspended_has_had_it_in_time(tmp_path: Path) -> None:
    """With commands as people give them: an hour after the dispatch, entered after the suspension."""
    scenario = reached("handling")
    sent = scenario.now
    scenario = suspended(scenario.at(sent + timedelta(hours=30)), sent + timedelta(days=20))
    scenario.at(sent + timedelta(hours=31)).given(
        AcknowledgeOrder(order=LEAD, actor="water-handler", at=sent + timedelta(hours=1))
    )
    log = [fact._replace(position=position) for position, fact in enumerate(scenario.facts, 1)]

    for told in (count(archived(log, tmp_path), SHANGHAI), row_by_row(log), counted(log, SHANGHAI)):
        responses = [rate for rate in told.rates if rate.figure == "response" and rate.department == "unit-water"]
        assert [rate[-3:] for rate in responses] == [(1, 1, ())]
