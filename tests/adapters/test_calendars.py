"""Calendars: the published Chinese one with its make-up days, and plain weekdays."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proposals.adapters.calendars import ChineseCalendar, WeekdayCalendar
from proposals.domain.ports import Calendar

CHINESE, PLAIN = ChineseCalendar(), WeekdayCalendar()


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2024, 2, 9), True),  # the eve of the Spring Festival was a working day that year
        (date(2024, 2, 12), False),  # a Monday in the Spring Festival
        (date(2024, 2, 18), True),  # a Sunday that makes up for it 调休
        (date(2024, 10, 1), False),
        (date(2024, 10, 12), True),  # a Saturday
        (date(2024, 9, 16), False),
        (date(2025, 5, 5), False),
        (date(2025, 4, 27), True),
    ],
)
def test_holidays_and_make_up_days_are_as_published(day: date, works: bool) -> None:  # noqa: FBT001 - expected value
    assert CHINESE.is_working_day(day) is works
    assert not CHINESE.is_provisional(day)


@given(st.dates(date(2040, 1, 1), date(2100, 12, 31)))
def test_a_year_that_is_not_published_is_weekdays_and_says_so(day: date) -> None:
    assert CHINESE.is_working_day(day) is (day.isoweekday() <= 5)
    assert CHINESE.is_provisional(day)


@given(st.dates())
def test_the_plain_calendar_is_monday_to_friday_for_ever(day: date) -> None:
    assert PLAIN.is_working_day(day) is (day.isoweekday() <= 5)
    assert not PLAIN.is_provisional(day)


@given(st.dates())
def test_any_day_has_an_answer(day: date) -> None:
    assert CHINESE.is_working_day(day) in {True, False}


@pytest.mark.parametrize("calendar", [CHINESE, PLAIN], ids=["chinese", "plain"])
def test_a_calendar_names_its_edition(calendar: Calendar) -> None:
    name, _, edition = calendar.version.partition(" ")
    assert name
    assert edition[0].isdigit()
