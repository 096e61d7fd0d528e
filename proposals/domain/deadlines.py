"""Deadlines: state, policy and calendar give what is due when. Ticks and events read it, nobody keeps a clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from proposals.domain.errors import Refusal, refusal
from proposals.domain.rules import Action, PeriodUnit, ProcessPolicy
from proposals.domain.vocabulary import instant_text

if TYPE_CHECKING:
    from proposals.domain.context import Context
    from proposals.domain.ports import Calendar
    from proposals.domain.rules import PeriodValue
    from proposals.domain.state import State
    from proposals.domain.vocabulary import Kind, Role


class End(NamedTuple):
    """When a period is over, and whether an unpublished year had a part in it."""

    at: datetime
    provisional: bool


class Timer(NamedTuple):
    """Something that becomes due: what a tick then does, and who ought to have acted."""

    name: str
    due: datetime
    owner: Role
    action: Action


def is_over(due: datetime | None, at: datetime) -> bool:
    """Whether a time has run out: in time is before it, at the very instant it is over."""
    return due is not None and due <= at


def end_of(start: datetime, period: PeriodValue, rules: ProcessPolicy, calendar: Calendar) -> End:
    """The end of a period that starts at an instant.

    Hours run by the clock. Days run from the day after, in the policy's zone, and end at midnight, as the
    Civil Code counts them (articles 201 to 203); none at all ends at once.
    """
    if period.unit is PeriodUnit.HOURS:
        return End(start + timedelta(hours=period.count), provisional=False)
    if period.count == 0:
        return End(start, provisional=False)
    zone = ZoneInfo(rules.time_zone)
    day = start.astimezone(zone).date()
    provisional = False
    if period.unit is PeriodUnit.DAYS:
        day += timedelta(days=period.count)
    else:
        left = period.count
        while left:
            day += timedelta(days=1)
            provisional = provisional or calendar.is_provisional(day)
            left -= calendar.is_working_day(day)
    return End(_midnight_after(day, zone), provisional)


def start_of(day: date, rules: ProcessPolicy) -> datetime:
    """The midnight that a local day begins with."""
    return _midnight_after(day - timedelta(days=1), ZoneInfo(rules.time_zone))


def end_of_day(at: datetime, rules: ProcessPolicy) -> datetime:
    """The midnight that ends an instant's local day."""
    zone = ZoneInfo(rules.time_zone)
    return _midnight_after(at.astimezone(zone).date(), zone)


def first_day_after(start: datetime, notice: PeriodValue, rules: ProcessPolicy, calendar: Calendar) -> datetime:
    """The earliest moment that keeps a notice: with three days, the beginning of the third day after."""
    if notice.unit is PeriodUnit.HOURS or notice.count == 0:
        return end_of(start, notice, rules, calendar).at
    if notice.count == 1:
        return end_of_day(start, rules)
    return end_of(start, notice.model_copy(update={"count": notice.count - 1}), rules, calendar).at


def prolonged(end: datetime, period: PeriodValue, rules: ProcessPolicy, calendar: Calendar) -> datetime:
    """The end of a period that follows on another's end.

    A midnight ends the day before it, so days are counted from that day: one day after a deadline is the day
    after its last day, not the one after that.
    """
    if period.unit is PeriodUnit.HOURS or period.count == 0:
        return end_of(end, period, rules, calendar).at
    return end_of(end - timedelta(microseconds=1), period, rules, calendar).at


def latest_start(end: datetime, period: PeriodValue, rules: ProcessPolicy, calendar: Calendar) -> datetime:
    """The last instant from which a whole period still fits before `end`; used for "asked in time"."""
    if period.unit is PeriodUnit.HOURS or period.count == 0:
        return end - timedelta(hours=period.count)
    zone = ZoneInfo(rules.time_zone)
    day = end.astimezone(zone).date()
    left = period.count
    while left:
        day -= timedelta(days=1)
        left -= calendar.is_working_day(day) if period.unit is PeriodUnit.WORKING_DAYS else 1
    return _midnight_after(day - timedelta(days=1), zone)


def _midnight_after(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def pending(kind: Kind, state: State, rules: ProcessPolicy | None, calendar: Calendar) -> list[Timer]:
    """The timers of a state that have not gone off yet, earliest first. Pure: call it as often as you like."""
    if rules is None:
        return []
    timers = [*_of_the_state(kind, state, rules, calendar), *state.more_timers(rules)]
    return sorted((timer for timer in timers if timer.name not in state.missed), key=lambda timer: timer.due)


def _of_the_state(kind: Kind, state: State, rules: ProcessPolicy, calendar: Calendar) -> list[Timer]:
    deadline = rules.deadline(kind, state.status)
    if deadline is None or state.due_at is None or state.clock_stopped:
        return []
    return [
        Timer(
            f"{state.status}.{consequence.do.value}",
            prolonged(state.due_at, consequence.after, rules, calendar),
            deadline.owner,
            consequence.do,
        )
        for consequence in deadline.then
    ]


def entered(at: datetime | None, context: Context) -> datetime:
    """When others could know of an act: nobody wins an hour by dating back what they enter after it."""
    assert at is not None
    return max(at, context.now)


def not_before(due: datetime | None, at: datetime | None) -> Refusal | None:
    """What waits for a time is not done before it."""
    assert at is not None
    return refusal("not_yet_due", due=instant_text(due)) if due is not None and at < due else None


def same_timers(before: State, after: State, rules: ProcessPolicy | None) -> bool:
    """Whether all that the timers of a state are made of is as it was, under the same rules."""
    return (
        before.status is after.status
        and before.due_at == after.due_at
        and before.missed == after.missed
        and before.clock_stopped is after.clock_stopped
        and (rules is None or before.more_timers(rules) == after.more_timers(rules))
    )


def next_due(kind: Kind, state: State, rules: ProcessPolicy | None, calendar: Calendar) -> datetime | None:
    """When a tick has to look at the stream again, or None if nothing is pending."""
    timers = pending(kind, state, rules, calendar)
    return timers[0].due if timers else None
