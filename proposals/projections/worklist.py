"""The worklist: who must act, on what, and by when. One row for each duty that is open; nothing of what is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, Index

from proposals.domain.case import S
from proposals.domain.deadlines import is_over
from proposals.domain.decision import ObjectionDismissed, ObjectionRaised
from proposals.domain.meeting import MeetingStatus
from proposals.domain.meeting_acts import MeetingCalled
from proposals.domain.meeting_table import MEETING
from proposals.domain.vocabulary import Kind, Role, as_instant, instant_text
from proposals.domain.work_order import TIMED, OrderStatus
from proposals.domain.work_order_events import (
    ExtensionDenied,
    ExtensionGranted,
    ExtensionRequested,
    HandlerReportedIn,
    OrderAcknowledged,
    OrderClockRestarted,
    OrderClockStopped,
    OrderDispatched,
)
from proposals.domain.work_order_table import WORK_ORDER
from proposals.projections.case_events import MOVING, OPENING, STANDING
from proposals.projections.columns import NUMBER, TEXT
from proposals.projections.holding import holder_of, owner_of
from proposals.projections.projection import READ_MODELS, Projection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from proposals.domain.context import Context
    from proposals.projections.projection import Entry, Row, Rows

WORKLIST: Final = Projection("worklist", 1, READ_MODELS)

DUTIES: Final = WORKLIST.table(
    "duties",
    Column("duty", TEXT, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("proposal", TEXT),
    Column("unit", TEXT),
    Column("policy", TEXT),
    Column("title", TEXT),
    Column("since", TEXT, nullable=False),
    Column("due_at", TEXT),
    Column("resting", NUMBER, nullable=False, default=0),
    Index("duties_proposal", "proposal"),
    Index("duties_due", "due_at"),
)
"""`duty` is the state of a case or `objection.N`; acknowledge, complete, redispatch or extension of an order; open,
close or minutes of a meeting. `state` is the one whose owner the policy names.

`unit` is the one that an order went to or that meets; `policy` and `title` are a meeting's. Of a case the register
says all three. An order rests while its case is suspended: nobody must act, though it is not done.
"""


# --- cases


@WORKLIST.on(*OPENING, *MOVING)
def _case_moved(rows: Rows, entry: Entry) -> None:
    """A new state, a new duty. Objections fall with the state in which they were raised."""
    for row in rows.all(DUTIES):
        rows.delete(DUTIES, row["duty"])
    status, step = STANDING[entry.name]
    if step is not None:
        _case_duty(rows, entry, status, status)


@WORKLIST.on(ObjectionRaised)
def _objected(rows: Rows, entry: Entry) -> None:
    _case_duty(rows, entry, f"objection.{entry.data['objection']}", "objection")


@WORKLIST.on(ObjectionDismissed)
def _dismissed(rows: Rows, entry: Entry) -> None:
    rows.delete(DUTIES, f"objection.{entry.data['objection']}")


def _case_duty(rows: Rows, entry: Entry, duty: str, state: str) -> None:
    rows.put(
        DUTIES,
        duty,
        kind=Kind.PROPOSAL.value,
        state=state,
        proposal=entry.stream,
        since=entry.occurred_at,
        due_at=entry.data.get("due_at"),
    )


# --- orders

_ORDER_DUTY: Final = {
    OrderStatus.DISPATCHED.value: "acknowledge",
    OrderStatus.DECLINED.value: "redispatch",
    OrderStatus.ACKNOWLEDGED.value: "complete",
    OrderStatus.IN_PROGRESS.value: "complete",
    OrderStatus.DONE.value: "done",
}
"""An order that is done is kept, because it may have to be done again; no rule names an owner for it."""

_ORDER_STATE: Final = {event.name: target.value for event, target in WORK_ORDER.target.items() if target is not None}
_EXTENSION: Final = "extension"
_STILL_ASKED: Final = frozenset({OrderAcknowledged.name, HandlerReportedIn.name})
"""After these a request for more time still awaits its answer."""


@WORKLIST.on(OrderDispatched)
def _dispatched(rows: Rows, entry: Entry) -> None:
    _order_duty(rows, entry, entry.data["proposal"], entry.data["unit"])


@WORKLIST.on(*(event for event in WORK_ORDER.target if event.name in _ORDER_STATE and event is not OrderDispatched))
def _order_moved(rows: Rows, entry: Entry) -> None:
    before = _duty_on(rows)
    rows.delete(DUTIES, before["duty"])
    if entry.name not in _STILL_ASKED:
        rows.delete(DUTIES, _EXTENSION)
    if _ORDER_STATE[entry.name] in _ORDER_DUTY:
        row = _order_duty(rows, entry, before["proposal"], entry.data.get("unit") or before["unit"])
        row["resting"] = before["resting"]


def _order_duty(rows: Rows, entry: Entry, proposal: str, unit: str) -> Row:
    state = _ORDER_STATE[entry.name]
    return rows.put(
        DUTIES,
        _ORDER_DUTY[state],
        kind=Kind.ORDER.value,
        state=state,
        proposal=proposal,
        unit=unit,
        since=entry.occurred_at,
        due_at=entry.data.get("due_at"),
    )


def _duty_on(rows: Rows) -> Row:
    """What is to be done on the order itself."""
    return next(row for row in rows.all(DUTIES) if row["duty"] != _EXTENSION)


@WORKLIST.on(OrderClockStopped)
def _clock_stopped(rows: Rows, _: Entry) -> None:
    _duty_on(rows)["resting"] = 1


@WORKLIST.on(OrderClockRestarted)
def _clock_restarted(rows: Rows, entry: Entry) -> None:
    row = _duty_on(rows)
    row["resting"], row["due_at"] = 0, entry.data["due"]


@WORKLIST.on(ExtensionRequested)
def _asked_for_time(rows: Rows, entry: Entry) -> None:
    """The policy gives no time for the answer, and none is made up here."""
    order = _duty_on(rows)
    rows.put(
        DUTIES,
        _EXTENSION,
        kind=Kind.ORDER.value,
        state=_EXTENSION,
        proposal=order["proposal"],
        unit=order["unit"],
        since=entry.occurred_at,
    )


@WORKLIST.on(ExtensionGranted)
def _time_granted(rows: Rows, entry: Entry) -> None:
    _duty_on(rows)["due_at"] = entry.data["due"]


@WORKLIST.on(ExtensionGranted, ExtensionDenied)
def _time_answered(rows: Rows, _: Entry) -> None:
    rows.delete(DUTIES, _EXTENSION)


# --- meetings

_MEETING_DUTY: Final = {
    MeetingStatus.CALLED.value: "open",
    MeetingStatus.ROLLED.value: "open",
    MeetingStatus.IN_SESSION.value: "close",
    MeetingStatus.CLOSED.value: "minutes",
}
_MEETING_STATE: Final = {event.name: target.value for event, target in MEETING.target.items() if target is not None}


@WORKLIST.on(MeetingCalled)
def _called(rows: Rows, entry: Entry) -> None:
    data = entry.data
    _meeting_duty(rows, entry, unit=data["unit"], policy=data["policy"], title=data["title"])


@WORKLIST.on(*(event for event in MEETING.target if event.name in _MEETING_STATE and event is not MeetingCalled))
def _meeting_moved(rows: Rows, entry: Entry) -> None:
    before = rows.last(DUTIES)
    rows.delete(DUTIES, before["duty"])
    if _MEETING_STATE[entry.name] in _MEETING_DUTY:
        _meeting_duty(rows, entry, unit=before["unit"], policy=before["policy"], title=before["title"])


def _meeting_duty(rows: Rows, entry: Entry, **of_the_meeting: str) -> None:
    state = _MEETING_STATE[entry.name]
    rows.put(
        DUTIES,
        _MEETING_DUTY[state],
        kind=Kind.MEETING.value,
        state=state,
        since=entry.occurred_at,
        due_at=entry.data.get("due_at"),
        **of_the_meeting,
    )


# --- reading


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """A line of the worklist: the role that must act, where, on what, and by when. `proposal` is None for a meeting."""

    role: str
    holder_unit: str | None
    holder_title: str | None
    stream: str
    duty: str
    proposal: str | None
    title: str
    since: datetime
    due_at: datetime | None
    overdue: bool

    def plain(self) -> dict[str, Any]:
        """The row as JSON types."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return values | {
            "since": instant_text(self.since),
            "due_at": instant_text(self.due_at) if self.due_at else None,
        }


def worklist_rows(
    duties: Sequence[Mapping[str, Any]], cases: Mapping[str, Mapping[str, Any]], context: Context
) -> Iterator[WorklistRow]:
    """The lines of these duties, in their order, without what nobody but the clock does.

    `duties` hold all or none of a case's and its orders'; `cases` are the register's rows of their proposals by id.
    A case is submitted by its lead only when each of its orders is done.
    """
    busy = {duty["proposal"] for duty in duties if duty["kind"] == Kind.ORDER and duty["state"] in _TO_BE_DONE}
    for duty in duties:
        if duty["resting"] or (duty["state"] == S.HANDLING and duty["proposal"] in busy):
            continue
        case = cases.get(duty["proposal"]) if duty["proposal"] is not None else _place_of(duty)
        if case is None:  # the register has not come to it yet
            continue
        role = owner_of(context.policy(case["policy"]), Kind(duty["kind"]), duty["state"])
        if role is None or role is Role.SYSTEM:
            continue
        holder = holder_of(role, case, context, duty["unit"] if duty["kind"] == Kind.ORDER else None)
        due_at = as_instant(duty["due_at"]) if duty["due_at"] is not None else None
        yield WorklistRow(
            role=role.value,
            holder_unit=holder.unit,
            holder_title=holder.title,
            stream=duty["stream"],
            duty=duty["duty"],
            proposal=duty["proposal"],
            title=case["title"],
            since=as_instant(duty["since"]),
            due_at=due_at,
            overdue=is_over(due_at, context.now),
        )


_TO_BE_DONE: Final = frozenset(state.value for state in TIMED)


def _place_of(meeting: Mapping[str, Any]) -> dict[str, Any]:
    """What of a case says who acts where, of a meeting."""
    return {**meeting, "place": meeting["unit"], "meeting": None, "lead_order": None}
