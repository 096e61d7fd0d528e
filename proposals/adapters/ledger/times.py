"""Times as ledgers write them: read by the mapping's formats, placed in its zone, brought to UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, NamedTuple

from proposals.adapters.ledger.reasons import Unusable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

_ISO = re.compile(r"^\d{4}-\d{2}-\d{2}(?P<time>[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:Z|[+-]\d{2}:?\d{2})?)?$")
_TIME_OF_DAY = re.compile(r"%[HIMScXT]|%-[HI]")

EARLIER, LATER, REJECT = "earlier", "later", "reject"


class Moment(NamedTuple):
    """What a cell says: a local time, or an instant if it names its offset, and whether it is only a day."""

    local: datetime
    only_a_day: bool


def reads_a_day(form: str) -> bool:
    """Whether a `strptime` format gives a whole date: what it writes of one, it reads back."""
    sample = datetime(2003, 10, 27, 15, 4, 59)  # noqa: DTZ001 - a date to try a format on
    try:
        return datetime.strptime(sample.strftime(form), form).date() == sample.date()  # noqa: DTZ007
    except ValueError:
        return False


def read_moment(value: str, formats: Sequence[str], field: str) -> Moment:
    """The first format that fits; ISO 8601 always does. Raises Unusable."""
    for form in formats:
        try:
            return Moment(datetime.strptime(value, form), _TIME_OF_DAY.search(form) is None)  # noqa: DTZ007
        except ValueError:
            continue
    found = _ISO.match(value)
    if found is not None:
        try:
            return Moment(datetime.fromisoformat(value.replace(" ", "T", 1).replace(" ", "")), found["time"] is None)
        except ValueError:
            pass
    said = ", ".join([*formats, "ISO 8601"])
    raise Unusable("time_not_readable", field=field, value=value[:100], formats=said)


def in_utc(local: datetime, zone: ZoneInfo, field: str, twice: str = EARLIER) -> datetime:
    """The instant of a local time. Raises Unusable for one that never was, or lies outside the calendar.

    A time that the zone's clocks skipped names no instant, and none is made up. One that they showed twice is
    the earlier or the later, as `twice` says, or is not used.
    """
    try:
        if local.tzinfo is not None:
            return local.astimezone(UTC)
        first = local.replace(tzinfo=zone, fold=0)
        second = local.replace(tzinfo=zone, fold=1)
        if first.utcoffset() == second.utcoffset():
            return first.astimezone(UTC)
        if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
            raise Unusable("time_does_not_exist", field=field, value=local.isoformat(" "), zone=zone.key)
        if twice == REJECT:
            raise Unusable("time_is_ambiguous", field=field, value=local.isoformat(" "), zone=zone.key)
        return (second if twice == LATER else first).astimezone(UTC)
    except OverflowError:
        raise Unusable("time_not_readable", field=field, value=str(local), formats="0001–9999") from None


def closing_time(moment: Moment, raised: datetime, zone: ZoneInfo, field: str, twice: str = EARLIER) -> datetime:
    """The instant of a closing time, given when the matter was raised. Raises Unusable.

    A closing *day* is read as the earliest moment of it that is not before the raising, so that a matter raised
    and closed on one day is not turned away for the hour that nobody wrote down. For the same reason a time that
    came twice is read as the later one where the earlier would lie before the raising.
    """
    if moment.only_a_day and raised.astimezone(zone).date() == moment.local.date():
        return raised
    start = moment.local if not moment.only_a_day else datetime.combine(moment.local.date(), time.min)
    closed = in_utc(start, zone, field, twice)
    if closed < raised and twice == EARLIER:
        return in_utc(start, zone, field, LATER)
    return closed
