"""Counting time: hours, days and working days with holidays and make-up days 调休, in the policy's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from proposals.adapters.calendars import ChineseCalendar, WeekdayCalendar
from proposals.domain.deadlines import end_of, end_of_day, first_day_after, latest_start, next_due, pending
from proposals.domain.rules import PeriodUnit, PeriodValue
from proposals.domain.vocabulary import Kind
from proposals.testing import MORNING
from tests.domain.stories import DAY, HOUR, P, a_raised_case, county, rules

CHINA, WEEK = ChineseCalendar(), WeekdayCalendar()
POLICY = rules()
SHANGHAI = ZoneInfo("Asia/Shanghai")


def period(text: str) -> PeriodValue:
    return rules(late_entry=text).late_entry


def local(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=SHANGHAI)


# Published by the State Council for 2025 and 2026: holidays, and the weekend days worked to make up for them.
MAKE_UP = [
    date(2025, 1, 26), date(2025, 2, 8), date(2025, 4, 27), date(2025, 9, 28), date(2025, 10, 11),
    date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10),
]  # fmt: skip
HOLIDAYS = [
    date(2025, 1, 1), date(2025, 1, 28), date(2025, 2, 4), date(2025, 4, 4), date(2025, 5, 5), date(2025, 6, 2),
    date(2025, 10, 8), date(2026, 1, 1), date(2026, 1, 2), date(2026, 2, 16), date(2026, 2, 23), date(2026, 4, 6),
    date(2026, 5, 5), date(2026, 6, 19), date(2026, 9, 25), date(2026, 10, 7),
]  # fmt: skip


@pytest.mark.parametrize("day", MAKE_UP, ids=str)
def test_a_weekend_day_that_makes_up_for_a_holiday_is_a_working_day(day: date) -> None:
    assert day.weekday() >= 5
    assert CHINA.is_working_day(day)
    assert not CHINA.is_provisional(day)
    assert not WEEK.is_working_day(day)


@pytest.mark.parametrize("day", HOLIDAYS, ids=str)
def test_a_weekday_that_is_a_holiday_is_none(day: date) -> None:
    assert day.weekday() < 5
    assert not CHINA.is_working_day(day)
    assert WEEK.is_working_day(day)


def test_a_year_that_is_not_published_is_monday_to_friday_and_said_to_be_a_guess() -> None:
    for offset in range(14):
        day = date(2040, 1, 2) + timedelta(days=offset)
        assert CHINA.is_working_day(day) is (day.weekday() < 5)
        assert CHINA.is_provisional(day)
        assert not WEEK.is_provisional(day)


@pytest.mark.parametrize(
    ("start", "text", "end"),
    [
        (local(2026, 3, 2, 9), "2 hours", local(2026, 3, 2, 11)),
        (local(2026, 3, 2, 23), "2 hours", local(2026, 3, 3, 1)),
        (local(2026, 3, 2, 9), "1 day", local(2026, 3, 4)),
        (local(2026, 3, 2, 0), "1 day", local(2026, 3, 4)),
        (local(2026, 3, 2, 23), "15 days", local(2026, 3, 18)),
        (local(2026, 3, 2, 9), "0 days", local(2026, 3, 2, 9)),
        (local(2026, 3, 2, 9), "0 working days", local(2026, 3, 2, 9)),
        (local(2026, 3, 6, 9), "1 working day", local(2026, 3, 10)),  # Friday to the end of Monday
        (local(2026, 2, 13, 9), "1 working day", local(2026, 2, 15)),  # Saturday the 14th is worked
        (local(2026, 2, 14, 9), "1 working day", local(2026, 2, 25)),  # then Spring Festival until the 23rd
        (local(2026, 2, 14, 9), "5 working days", local(2026, 3, 1)),  # 24, 25, 26, 27 and Saturday the 28th
        (local(2026, 9, 30, 9), "3 working days", local(2026, 10, 11)),  # 8, 9 and Saturday the 10th of October
        (local(2026, 12, 31, 9), "1 day", local(2027, 1, 2)),
    ],
)
def test_a_period_begins_the_day_after_and_ends_at_midnight(start: datetime, text: str, end: datetime) -> None:
    found = end_of(start.astimezone(UTC), period(text), POLICY, CHINA)
    assert found.at == end
    assert found.at.tzinfo is UTC
    assert found.provisional is False


def test_working_days_that_reach_into_an_unpublished_year_are_provisional_and_plain_days_are_not() -> None:
    last = local(2026, 12, 31, 9)
    assert end_of(last, period("1 working day"), POLICY, CHINA).provisional
    assert not end_of(last, period("9 days"), POLICY, CHINA).provisional
    assert not end_of(last, period("99 hours"), POLICY, CHINA).provisional
    assert end_of(local(2026, 12, 30, 9), period("2 working days"), POLICY, CHINA).provisional
    assert not end_of(local(2026, 12, 30, 9), period("1 working day"), POLICY, CHINA).provisional


def test_days_end_at_midnight_of_the_policys_zone_also_where_clocks_change() -> None:
    policy = rules(time_zone="America/New_York")
    eve = datetime(2026, 3, 7, 12, tzinfo=ZoneInfo("America/New_York"))
    assert end_of(eve, period("1 day"), policy, WEEK).at == datetime(2026, 3, 9, 4, tzinfo=UTC)
    assert end_of(eve - DAY, period("1 day"), policy, WEEK).at == datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert end_of_day(eve, policy) == datetime(2026, 3, 8, 5, tzinfo=UTC)


def test_a_day_ends_at_its_own_midnight() -> None:
    assert end_of_day(MORNING, POLICY) == local(2026, 3, 3)
    assert end_of_day(local(2026, 3, 3), POLICY) == local(2026, 3, 4)


@pytest.mark.parametrize(
    ("notice", "earliest"),
    [
        ("3 days", local(2026, 3, 5)),
        ("1 day", local(2026, 3, 3)),
        ("0 days", local(2026, 3, 2, 9)),
        ("5 hours", local(2026, 3, 2, 14)),
        ("0 hours", local(2026, 3, 2, 9)),
        ("5 working days", local(2026, 3, 7)),
    ],
)
def test_notice_reaches_to_the_beginning_of_its_last_day(notice: str, earliest: datetime) -> None:
    assert first_day_after(MORNING, period(notice), POLICY, CHINA) == earliest


STARTS = st.datetimes(datetime(2024, 6, 1), datetime(2026, 11, 1), timezones=st.just(UTC))  # noqa: DTZ001
PERIODS = st.builds(
    lambda count, unit: PeriodValue(count=count, unit=unit), st.integers(0, 40), st.sampled_from(PeriodUnit)
)


@for_all(STARTS, PERIODS)
def test_nothing_is_due_before_it_began_and_longer_is_never_earlier(start: datetime, length: PeriodValue) -> None:
    end = end_of(start, length, POLICY, CHINA)
    longer = end_of(start, length.model_copy(update={"count": length.count + 1}), POLICY, CHINA)
    assert start <= end.at < longer.at
    assert (end.at == start) is (length.count == 0)
    if length.unit is not PeriodUnit.HOURS and length.count:
        assert end.at.astimezone(SHANGHAI).time().isoformat() == "00:00:00"


@for_all(STARTS, st.integers(1, 40))
def test_a_period_of_working_days_holds_exactly_so_many_and_ends_on_one(start: datetime, count: int) -> None:
    length = PeriodValue(count=count, unit=PeriodUnit.WORKING_DAYS)
    end = end_of(start, length, POLICY, CHINA).at.astimezone(SHANGHAI).date()
    first = start.astimezone(SHANGHAI).date()
    days = [first + timedelta(days=n) for n in range(1, (end - first).days)]
    assert sum(map(CHINA.is_working_day, days)) == count
    assert CHINA.is_working_day(days[-1])


@for_all(STARTS, STARTS, PERIODS)
def test_who_begins_later_is_never_due_earlier(one: datetime, other: datetime, length: PeriodValue) -> None:
    first, second = sorted((one, other))
    assert end_of(first, length, POLICY, CHINA).at <= end_of(second, length, POLICY, CHINA).at


@for_all(STARTS, st.integers(1, 20), st.sampled_from(PeriodUnit))
def test_the_latest_start_still_leaves_the_whole_period(start: datetime, count: int, unit: PeriodUnit) -> None:
    length = PeriodValue(count=count, unit=unit)
    due = end_of(start, PeriodValue(count=30, unit=PeriodUnit.WORKING_DAYS), POLICY, CHINA).at
    latest = latest_start(due, length, POLICY, CHINA)
    assert latest < due
    assert end_of(latest - timedelta(microseconds=1), length, POLICY, CHINA).at <= due


def test_timers_are_what_is_due_and_has_not_gone_off() -> None:
    scenario = a_raised_case()
    case, due = scenario.state(P), MORNING.replace(hour=16) + 7 * DAY
    timers = pending(Kind.PROPOSAL, case, POLICY, CHINA)
    assert [(timer.name, timer.due, timer.owner) for timer in timers] == [
        ("raised.record", due, "screener"),
        ("raised.tier_officer", due + 2 * DAY, "screener"),
    ]
    assert next_due(Kind.PROPOSAL, case, POLICY, CHINA) == due
    scenario.at(due + HOUR).tick()
    assert next_due(Kind.PROPOSAL, scenario.state(P), POLICY, CHINA) == due + 2 * DAY


def test_without_rules_or_times_nothing_is_due() -> None:
    case = a_raised_case().state(P)
    assert pending(Kind.PROPOSAL, case, None, CHINA) == []
    assert next_due(Kind.UNIT, county().state("unit-grid"), POLICY, CHINA) is None
