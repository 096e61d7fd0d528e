"""The cells of a whole county against those counted one fact after the other; and of made-up orders, by the hundred."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from tests.archive.histories import SHANGHAI, case, cells, hour, numbered, order
from tests.archive.naive import counted
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
    """A course that an order may take, with hours that often fall on its deadlines."""
    at, state, stands = draw(st.integers(2, 5)), "dispatched", False
    acts: list[Any] = [(at, state)]
    for _ in range(draw(st.integers(0, 7))):
        at += draw(st.sampled_from([1, 2, 5, 10, 20, 100]))
        timed = state != "completed"
        aside = draw(st.sampled_from(["", "clock", "extended"])) if timed else ""
        if aside == "clock":
            acts.append((at, "restarted", at + draw(st.integers(1, 20))) if stands else (at, "stopped"))
            stands = not stands
        elif aside == "extended" and state != "declined":
            acts.append((at, aside, at + draw(st.integers(1, 20))))
        elif state in NEXT:
            state = draw(st.sampled_from(NEXT[state]))
            acts.append((at, state))
    return order(*acts, number=number, lead=draw(st.booleans()))


@settings(max_examples=8)
@given(st.data())
def test_orders_of_any_course_count_the_same(data: st.DataObject) -> None:
    """Forty at a time: putting the questions takes longer than answering them."""
    facts = [fact for n in range(40) for fact in (*case(n, place=f"unit-{n}"), *data.draw(orders(n)))]
    until = data.draw(st.integers(10, 200))

    with TemporaryDirectory() as folder:
        told = cells(facts, Path(folder), until)

    assert told == counted(numbered(facts), SHANGHAI, hour(until))
