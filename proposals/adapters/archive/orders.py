"""Work orders, all at once: how each dispatch was answered, and whether each order was done on time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from proposals.adapters.archive.libraries import ibis
from proposals.adapters.archive.log import at_last, ever, holds, only
from proposals.domain.organisation import UnitCreated
from proposals.domain.vocabulary import UnitKind
from proposals.domain.work_order_events import (
    ExtensionGranted,
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
)

if TYPE_CHECKING:
    from proposals.adapters.archive.log import Log
    from proposals.domain.event import Event

_SENT: Final = (OrderDispatched, OrderRedispatched, OrderDirected)
_CALLED_OFF: Final = (OrderCancelled, OrderExcused)
_ANSWERS: Final = (OrderAcknowledged, OrderDeclined, *_CALLED_OFF)
_MOVES: Final = (ExtensionGranted, OrderClockRestarted)
_NEW_TIME: Final = (OrderClockStopped, OrderDeclined, *_SENT)
_ALL: Final = (*_SENT, *_ANSWERS, *_MOVES, OrderClockStopped, OrderCompleted, OrderReopened)


def _with_the_past(log: Log) -> Any:
    """The events of orders, each with how things stood: of each kind of event the version of the last.

    `dispatch` is the one that it belongs to, and it is `waiting` where nobody had answered that.
    `hour` is when it counts as done. While a case is suspended no time goes by: what is keyed then counts at the hour
    at which the clock stopped, or at which a new time was given meanwhile, unless it was done before.
    """
    rows = log.of(*_ALL)
    before = ibis.window(group_by="stream", order_by="version", preceding=(None, 1))
    by_then = ibis.window(group_by="stream", order_by="version", preceding=(None, 0))

    def last(*kinds: type[Event], over: Any) -> Any:
        return ibis.coalesce(log.version(rows, *kinds).max().over(over), 0)

    rows = rows.mutate(
        dispatch=last(*_SENT, over=by_then),
        answered=last(*_ANSWERS, over=before),
        stopped=last(OrderClockStopped, over=by_then),
        restarted=last(OrderClockRestarted, over=by_then),
        stood=at_last(rows.occurred_at, log.version(rows, *_NEW_TIME)).over(before),
    )
    return rows.mutate(
        hour=ibis.ifelse(rows.stopped > rows.restarted, ibis.least(rows.stood, rows.occurred_at), rows.occurred_at),
        waiting=rows.answered < rows.dispatch,
    )


def dispatches(log: Log) -> Any:
    """Each dispatch of an order: to whom, whether it was answered and when, and what became of the work thereafter."""
    rows = _with_the_past(log)
    sent, answer = log.is_(rows, *_SENT), log.is_(rows, *_ANSWERS) & rows.waiting
    timed = (sent | (log.is_(rows, *_MOVES) & rows.waiting)) & rows.due_at.notnull()
    completed = log.version(rows, OrderCompleted)
    each = rows.group_by("stream", "dispatch").agg(
        case=rows.case.max(),
        lead=ever(rows.lead),  # the first dispatch says it
        unit=only(sent, rows.unit).arbitrary(),
        at=only(sent, rows.occurred_at).arbitrary(),
        position=only(sent, rows.position).arbitrary(),
        due=at_last(rows.due_at, only(timed, rows.version)),
        taken=ever(log.is_(rows, OrderAcknowledged) & rows.waiting),
        declined=ever(log.is_(rows, OrderDeclined) & rows.waiting),
        off=ever(log.is_(rows, *_CALLED_OFF) & rows.waiting),
        answered_at=only(answer, rows.hour).max(),
        off_at=only(log.is_(rows, *_CALLED_OFF), rows.hour).max(),
        stood=at_last(rows.occurred_at, log.version(rows, *_NEW_TIME)),
        # Only a reopening gives a completed order another time, and then it is not completed.
        complete_by=at_last(rows.complete_by, only(rows.complete_by.notnull(), rows.version)),
        done_at=at_last(rows.hour, completed),
        done=holds(completed.max() > ibis.coalesce(log.version(rows, OrderReopened).max(), 0)),
        ended=ever(log.is_(rows, *_CALLED_OFF)),
        stands=rows.stopped.max() > rows.restarted.max(),
    )
    return each.mutate(end=ibis.ifelse(each.stands, each.stood, log.until))  # while the clock stands no time goes by


def orders(each: Any) -> Any:
    """Each order as its last dispatch has it: what is sent again had not been taken, let alone done."""
    last = each.group_by("stream").agg(dispatch=each.dispatch.max(), leads=ever(each.lead))
    return each.join(last, ["stream", "dispatch"])


def responses(log: Log, each: Any) -> Any:
    """Each dispatch: whether the unit took the order, and in time."""
    late, silent = holds(each.answered_at >= each.due), ~(each.taken | each.declined | each.off)
    overdue = holds(each.due <= each.end)
    created = log.of(UnitCreated)
    teams = created.filter(created.unit_kind == UnitKind.VOLUNTEER_TEAM.value).select(team="unit").distinct()
    told = each.left_join(teams, each.unit == teams.team)
    return told.mutate(
        response_n=each.taken & ~late,
        response_d=each.taken | (silent & overdue) | ((each.declined | each.off) & late),
        response_x_declined=each.declined & ~late,
        response_x_ended=each.off & ~late,
        response_x_pending=silent & ~overdue,
        volunteering_n=each.taken & told.team.notnull(),
        volunteering_d=each.taken,
    )


def deadlines(each: Any) -> Any:
    """Each order: whether it was done on time. What is called off too late was not."""
    late = holds(each.complete_by <= ibis.ifelse(each.ended, each.off_at, each.end))
    return each.mutate(
        on_time_n=each.done & (each.done_at < each.complete_by),
        on_time_d=each.done | late,
        on_time_x_ended=~each.done & each.ended & ~late,
        on_time_x_open=~each.done & ~each.ended & ~late,
    )


def leads(each: Any) -> Any:
    """The unit that the last lead order of each case was last sent to."""
    lead = each.filter(each.leads)
    return lead.group_by("case").agg(lead=at_last(lead.unit, lead.position))
