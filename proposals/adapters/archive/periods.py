"""Local months as spans of instants: engines need not know about time zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from proposals.adapters.archive.libraries import ibis

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(instant: datetime) -> int:
    """An instant as engines count it: microseconds since 1970."""
    return (instant - _EPOCH) // _MICROSECOND


def months(first: datetime, last: datetime, zone: ZoneInfo) -> list[tuple[int, str]]:
    """The local months from one instant through another, each with where it begins, in microseconds."""
    begin, end = first.astimezone(zone), last.astimezone(zone)
    numbers = range(begin.year * 12 + begin.month - 1, end.year * 12 + end.month)
    named = ((number // 12, number % 12 + 1) for number in numbers)
    return [(microseconds(datetime(year, month, 1, tzinfo=zone)), f"{year:04}-{month:02}") for year, month in named]


def month_of(instant: Any, spans: Sequence[tuple[int, str]]) -> Any:
    """The month that a column of microseconds lies in, halving the months until one is left."""
    if len(spans) == 1:
        return ibis.literal(spans[0][1])
    middle = len(spans) // 2
    return ibis.ifelse(instant < spans[middle][0], month_of(instant, spans[:middle]), month_of(instant, spans[middle:]))
