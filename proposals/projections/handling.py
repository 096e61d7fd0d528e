"""Work orders 工单: what each unit was asked to do, by when, and what it did; and how it answered each dispatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, Index

from proposals.domain.work_order_events import (
    ExtensionDenied,
    ExtensionGranted,
    HandlerReportedIn,
    OrderAcknowledged,
    OrderCancelled,
    OrderClockRestarted,
    OrderClockStopped,
    OrderCompleted,
    OrderDeclined,
    OrderDirected,
    OrderDispatched,
    OrderExcused,
    OrderRedispatched,
    OrderReopened,
    OrderUrged,
)
from proposals.domain.work_order_table import WORK_ORDER
from proposals.projections.columns import NUMBER, TEXT
from proposals.projections.projection import READ_MODELS, Projection

if TYPE_CHECKING:
    from proposals.domain.event import Event
    from proposals.projections.projection import Entry, Row, Rows

HANDLING: Final = Projection("handling", 2, READ_MODELS)

WORK_ORDERS: Final = HANDLING.table(
    "work_orders",
    Column("proposal", TEXT, nullable=False),
    Column("unit", TEXT, nullable=False),
    Column("lead", NUMBER, nullable=False),
    Column("urgency", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("dispatched_at", TEXT, nullable=False),
    Column("due_at", TEXT),
    Column("acknowledged_at", TEXT),
    Column("reported_in_at", TEXT),
    Column("complete_by", TEXT, nullable=False),
    Column("completed_at", TEXT),
    Column("late", NUMBER),
    Column("stopped_at", TEXT),
    Column("ended_at", TEXT),
    Column("declines", NUMBER, nullable=False),
    Column("directed", NUMBER, nullable=False, default=0),
    Column("extensions", NUMBER, nullable=False, default=0),
    Column("extensions_denied", NUMBER, nullable=False, default=0),
    Column("urged", NUMBER, nullable=False, default=0),
    Column("reopened", NUMBER, nullable=False, default=0),
    Index("work_orders_proposal", "proposal"),
    Index("work_orders_unit", "unit", "status"),
)
"""`due_at` and `complete_by` are as they stand now, the other times those of the last time that it happened.

`late` is told of work that was done, by its last completion; and it is 1 for an order that ended undone when its time
was over. A suspension stops the time (`stopped_at`). `declines` go with an order that was reassigned.
"""

DISPATCHES: Final = HANDLING.table(
    "work_order_dispatches",
    Column("version", NUMBER, primary_key=True),
    Column("unit", TEXT, nullable=False),
    Column("at", TEXT, nullable=False),
    Column("due", TEXT),
    Column("answer", TEXT),
    Column("ground", TEXT),
    Column("answered_at", TEXT),
    Column("in_time", NUMBER),
    Index("work_order_dispatches_unit", "unit", "at"),
)
"""Each time that an order went out to a unit, by the version of the event.

`answer` is acknowledged or declined (on a `ground`); or cancelled or excused, where nobody had answered by then, and
`in_time` is empty unless the time was over: nobody can be blamed for what was called off before.
"""

_STATUS: Final = {event.name: target.value for event, target in WORK_ORDER.target.items() if target is not None}
_ANSWERS: Final[dict[type[Event], str]] = {
    OrderAcknowledged: "acknowledged",
    OrderDeclined: "declined",
    OrderCancelled: "cancelled",
    OrderExcused: "excused",
}
_ANSWER: Final = {event.name: answer for event, answer in _ANSWERS.items()}


@HANDLING.on(OrderDispatched)
def _dispatched(rows: Rows, entry: Entry) -> None:
    data = entry.data
    rows.put(
        WORK_ORDERS,
        proposal=data["proposal"],
        unit=data["unit"],
        lead=int(data["lead"]),
        urgency=data["urgency"],
        status=_STATUS[entry.name],
        dispatched_at=entry.occurred_at,
        due_at=data.get("due_at"),
        complete_by=data["complete_by"],
        declines=data.get("declines", 0),
    )
    _sent(rows, entry)


def _sent(rows: Rows, entry: Entry) -> None:
    rows.put(DISPATCHES, entry.version, unit=entry.data["unit"], at=entry.occurred_at, due=entry.data.get("due_at"))


@HANDLING.on(
    *(event for event, target in WORK_ORDER.target.items() if target is not None and event is not OrderDispatched)
)
def _moved(rows: Rows, entry: Entry) -> None:
    row = rows.of(WORK_ORDERS)
    row["status"], row["due_at"] = _STATUS[entry.name], entry.data.get("due_at")


@HANDLING.on(OrderRedispatched, OrderDirected)
def _sent_again(rows: Rows, entry: Entry) -> None:
    row = rows.of(WORK_ORDERS)
    row["unit"], row["complete_by"] = entry.data["unit"], entry.data["complete_by"]
    row["dispatched_at"] = entry.occurred_at
    if entry.name == OrderDirected.name:
        row["directed"] = 1
    _clock_from(row, entry)
    _sent(rows, entry)


@HANDLING.on(*_ANSWERS)
def _answered(rows: Rows, entry: Entry) -> None:
    dispatch = rows.last(DISPATCHES)
    if dispatch["answer"] is None:
        answer = dispatch["answer"] = _ANSWER[entry.name]
        dispatch["ground"], dispatch["answered_at"] = entry.data.get("ground"), entry.occurred_at
        in_time = _in_time(rows.of(WORK_ORDERS), entry, dispatch["due"])
        called_off = answer in {"cancelled", "excused"}
        dispatch["in_time"] = None if dispatch["due"] is None or (called_off and in_time) else int(in_time)


def _in_time(row: Row, entry: Entry, due: str | None) -> bool:
    """Whether the time was not over, as it is from the due instant on.

    While the case is suspended none goes by: what is keyed then counts at the hour at which the clock stopped, unless
    it was done before.
    """
    return due is None or min(row["stopped_at"] or entry.occurred_at, entry.occurred_at) < due


@HANDLING.on(OrderAcknowledged)
def _acknowledged(rows: Rows, entry: Entry) -> None:
    rows.of(WORK_ORDERS)["acknowledged_at"] = entry.occurred_at


@HANDLING.on(OrderDeclined)
def _declined(rows: Rows, entry: Entry) -> None:
    row = rows.of(WORK_ORDERS)
    row["declines"] += 1
    _clock_from(row, entry)


@HANDLING.on(HandlerReportedIn)
def _reported_in(rows: Rows, entry: Entry) -> None:
    rows.of(WORK_ORDERS)["reported_in_at"] = entry.occurred_at


@HANDLING.on(OrderCompleted)
def _completed(rows: Rows, entry: Entry) -> None:
    row = rows.of(WORK_ORDERS)
    row["completed_at"], row["late"] = entry.occurred_at, int(not _in_time(row, entry, row["complete_by"]))


@HANDLING.on(OrderReopened)
def _reopened(rows: Rows, entry: Entry) -> None:
    row = rows.of(WORK_ORDERS)
    row["complete_by"], row["completed_at"], row["late"] = entry.data["complete_by"], None, None
    row["reopened"] += 1


@HANDLING.on(*(event for event, target in WORK_ORDER.target.items() if target in WORK_ORDER.terminal))
def _ended(rows: Rows, entry: Entry) -> None:
    row = rows.of(WORK_ORDERS)
    row["ended_at"] = entry.occurred_at
    if row["completed_at"] is None and not _in_time(row, entry, row["complete_by"]):
        row["late"] = 1


@HANDLING.on(OrderClockStopped)
def _clock_stopped(rows: Rows, entry: Entry) -> None:
    rows.of(WORK_ORDERS)["stopped_at"] = entry.occurred_at


def _clock_from(row: Row, entry: Entry) -> None:
    """Where a new time is given while the clock stands, only the rest of the stop is given back."""
    if row["stopped_at"] is not None:
        row["stopped_at"] = entry.occurred_at


@HANDLING.on(OrderClockRestarted, ExtensionGranted)
def _time_given(rows: Rows, entry: Entry) -> None:
    row = rows.of(WORK_ORDERS)
    row["complete_by"], row["due_at"] = entry.data["complete_by"], entry.data["due"]
    dispatch = rows.last(DISPATCHES)
    if dispatch["answer"] is None:
        dispatch["due"] = entry.data["due"]
    if entry.name == ExtensionGranted.name:
        row["extensions"] += 1
    else:
        row["stopped_at"] = None


@HANDLING.on(ExtensionDenied)
def _extension_denied(rows: Rows, _: Entry) -> None:
    rows.of(WORK_ORDERS)["extensions_denied"] += 1


@HANDLING.on(OrderUrged)
def _urged(rows: Rows, _: Entry) -> None:
    rows.of(WORK_ORDERS)["urged"] += 1
