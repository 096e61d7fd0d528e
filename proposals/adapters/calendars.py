"""Working-day calendars: the published Chinese one by default, and a plain one for places without."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING

import chinese_calendar

if TYPE_CHECKING:
    from datetime import date


SATURDAY = 5


class ChineseCalendar:
    """Holidays and make-up days 调休 as the State Council publishes them, by the package `chinesecalendar`.

    A year that is not published yet is Monday to Friday, marked provisional.
    """

    version: str = f"chinesecalendar {version('chinesecalendar')}"

    def is_working_day(self, day: date) -> bool:
        """Whether `day` is a working day."""
        published = _published(day)
        return day.weekday() < SATURDAY if published is None else published

    def is_provisional(self, day: date) -> bool:
        """Whether the answer for `day` is a guess."""
        return _published(day) is None


@lru_cache(maxsize=8_192)
def _published(day: date) -> bool | None:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None


class WeekdayCalendar:
    """Monday to Friday, nothing else."""

    version: str = "weekdays 1"

    def is_working_day(self, day: date) -> bool:
        """Whether `day` is a working day."""
        return day.weekday() < SATURDAY

    def is_provisional(self, day: date) -> bool:
        """Never: the rule is the rule."""
        del day
        return False
