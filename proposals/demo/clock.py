"""Simulated time: a clock that is moved, the hours at which clerks enter what happened, and working hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from random import Random

ZONE = ZoneInfo("Asia/Shanghai")

BEGINNING = datetime(2025, 3, 3, 9, 0, tzinfo=ZONE).astimezone(UTC)
"""Monday, 3 March 2025, nine in the morning: when the demonstration begins unless it is told otherwise."""

ENTERING = (12, 20)
"""The local hours at which the day's acts are entered. Few of them, so that many acts share a transaction."""

MORNING, EVENING = 9, 18
"""Between these local hours people act."""

CALLING_DAYS = (0, 3)
"""Mondays and Thursdays, when convenors call their meetings."""


class SimulatedClock:
    """A clock for `Proposals(clock=...)`: it says `now`, and whoever holds it moves it.

    A run begins at `start`, so the same run with the same clock gives the same times again.
    """

    def __init__(self, start: datetime = BEGINNING) -> None:
        if start.tzinfo is None:
            message = "an instant needs a time zone"
            raise ValueError(message)
        self.start = start
        self.now = start

    def __call__(self) -> datetime:
        """The simulated moment."""
        return self.now


def entering_hour(instant: datetime) -> datetime:
    """The first hour of entering at or after an instant."""
    local = instant.astimezone(ZONE)
    for hour in ENTERING:
        candidate = local.replace(hour=hour, minute=0, second=0, microsecond=0)
        if candidate >= local:
            return candidate.astimezone(UTC)
    tomorrow = local + timedelta(days=1)
    return tomorrow.replace(hour=ENTERING[0], minute=0, second=0, microsecond=0).astimezone(UTC)


def in_working_hours(instant: datetime, rng: Random) -> datetime:
    """The instant, or some minute of the next morning if it falls into the evening or the night."""
    local = instant.astimezone(ZONE)
    if MORNING <= local.hour < EVENING:
        return instant
    if local.hour >= EVENING:
        local += timedelta(days=1)
    morning = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    return (morning + timedelta(minutes=rng.randint(1, 120))).astimezone(UTC)


def next_calling(instant: datetime) -> datetime:
    """When convenors next call their meetings: the first calling day after an instant, in the morning."""
    local = instant.astimezone(ZONE)
    while True:
        local += timedelta(days=1)
        if local.weekday() in CALLING_DAYS:
            return local.replace(hour=MORNING, minute=0, second=0, microsecond=0).astimezone(UTC)


def meeting_hour(instant: datetime, days: int = 4) -> datetime:
    """Half past two in the afternoon, so many days after an instant: a notice of three days is kept."""
    local = instant.astimezone(ZONE) + timedelta(days=days)
    return local.replace(hour=14, minute=30, second=0, microsecond=0).astimezone(UTC)
