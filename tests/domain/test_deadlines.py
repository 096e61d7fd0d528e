"""Deadlines: hours, days and working days, what follows on a deadline, and what is due next."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from proposals.adapters.calendars import ChineseCalendar, WeekdayCalendar
from proposals.domain.case import Objection, Proposal, ProposalStatus
from proposals.domain.deadlines import (
    end_of,
    end_of_day,
    first_day_after,
    latest_start,
    next_due,
    pending,
    prolonged,
    same_timers,
)
from proposals.domain.rules import PeriodUnit, PeriodValue
from proposals.domain.vocabulary import Act, Kind
from tests.domain.works import SECOND, reached, rules, shanghai

if TYPE_CHECKING:
    from collections.abc import Callable

RULES = rules()
CALENDAR = ChineseCalendar()
NOON = shanghai(3, 18, 12)
MICROSECOND = timedelta(microseconds=1)


def period(text: str) -> PeriodValue:
    count, _, unit = text.partition(" ")
    return PeriodValue(count=int(count), unit=PeriodUnit(unit))


def ends(start: datetime, text: str) -> datetime:
    return end_of(start, period(text), RULES, CALENDAR).at


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2 hours", shanghai(3, 18, 14)),
        ("0 hours", NOON),
        ("0 days", NOON),
        ("0 working days", NOON),
        ("1 days", shanghai(3, 20)),
        ("7 days", shanghai(3, 26)),
        ("1 working days", shanghai(3, 20)),
        ("3 working days", shanghai(3, 24)),
    ],
)
def test_hours_run_by_the_clock_and_days_from_the_day_after_to_midnight(text: str, end: datetime) -> None:
    assert ends(NOON, text) == end


def test_make_up_days_are_worked_and_holidays_are_not() -> None:
    """The Spring Festival of 2026: off from 15 to 23 February, worked on the Saturdays 14 and 28 February."""
    friday = datetime(2026, 2, 13, 2, tzinfo=UTC)

    assert ends(friday, "1 working days") == shanghai(2, 15)
    assert ends(friday, "2 working days") == shanghai(2, 25)
    assert ends(datetime(2026, 2, 27, 2, tzinfo=UTC), "1 working days") == shanghai(3, 1)
    assert end_of(friday, period("1 working days"), RULES, WeekdayCalendar()).at == shanghai(2, 17)


def test_the_day_is_that_of_the_policys_zone() -> None:
    """Half past midnight on the 19th in Shanghai is the 18th in UTC."""
    night = shanghai(3, 19) + timedelta(minutes=30)
    elsewhere = rules(time_zone="Europe/London")

    assert ends(night, "1 days") == shanghai(3, 21)
    assert end_of(night, period("1 days"), elsewhere, CALENDAR).at == datetime(2026, 3, 20, tzinfo=UTC)


def test_a_year_that_is_not_published_is_marked_provisional() -> None:
    start = datetime(2030, 3, 18, tzinfo=UTC)

    assert end_of(start, period("1 working days"), RULES, CALENDAR).provisional
    assert not end_of(start, period("1 days"), RULES, CALENDAR).provisional
    assert not end_of(start, period("1 hours"), RULES, CALENDAR).provisional
    assert not end_of(start, period("0 working days"), RULES, CALENDAR).provisional
    assert not end_of(NOON, period("1 working days"), RULES, CALENDAR).provisional


class Published:
    """A calendar whose guesses end on a day."""

    version = "test"

    def __init__(self, known_to: date) -> None:
        self.known_to = known_to

    def is_working_day(self, day: date) -> bool:
        return day.weekday() < 5

    def is_provisional(self, day: date) -> bool:
        return day > self.known_to


@pytest.mark.parametrize(("known_to", "provisional"), [(20, False), (19, True), (18, True)])
def test_one_guessed_day_makes_the_whole_end_provisional(known_to: int, provisional: bool) -> None:  # noqa: FBT001
    """From Wednesday 18 March two working days look at the 19th and the 20th, and a guess stays a guess."""
    calendar = Published(date(2026, 3, known_to))

    assert end_of(NOON, period("2 working days"), RULES, calendar).provisional is provisional


def test_a_guess_at_the_beginning_is_not_forgotten_at_the_end() -> None:
    class Gap(Published):
        def is_provisional(self, day: date) -> bool:
            return day == date(2026, 3, 19)

    assert end_of(NOON, period("2 working days"), RULES, Gap(date(2026, 1, 1))).provisional


def test_a_day_ends_at_midnight_in_the_policys_zone() -> None:
    assert end_of_day(NOON, RULES) == shanghai(3, 19)
    assert end_of_day(shanghai(3, 19), RULES) == shanghai(3, 20)
    assert end_of_day(shanghai(3, 19) - SECOND, RULES) == shanghai(3, 19)


# --- one period after another


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("1 days", shanghai(3, 20)),
        ("1 working days", shanghai(3, 20)),
        ("5 working days", shanghai(3, 26)),
        ("0 days", shanghai(3, 19)),
        ("2 hours", shanghai(3, 19, 2)),
    ],
)
def test_the_day_after_a_deadline_is_the_day_after_its_last_day(text: str, end: datetime) -> None:
    """A deadline that ended with 18 March: the day after is the 19th, over at the midnight that ends it."""
    assert prolonged(shanghai(3, 19), period(text), RULES, CALENDAR) == end


def test_a_deadline_in_the_middle_of_a_day_is_followed_by_the_next_day() -> None:
    assert prolonged(shanghai(3, 19, 9), period("1 days"), RULES, CALENDAR) == shanghai(3, 21)


# --- backwards


@pytest.mark.parametrize(
    ("end", "text", "latest"),
    [
        (shanghai(4, 10), "1 working days", shanghai(4, 9)),
        (shanghai(4, 10), "1 days", shanghai(4, 9)),
        (shanghai(4, 10), "2 days", shanghai(4, 8)),
        (shanghai(4, 10), "0 days", shanghai(4, 10)),
        (shanghai(4, 10), "3 hours", shanghai(4, 9, 21)),
        (shanghai(3, 24), "2 working days", shanghai(3, 20)),
        (shanghai(3, 24), "1 working days", shanghai(3, 23)),
        (shanghai(3, 22), "1 working days", shanghai(3, 20)),
        (shanghai(3, 24, 9), "1 working days", shanghai(3, 23)),
        (shanghai(3, 24, 9), "0 working days", shanghai(3, 24, 9)),
    ],
)
def test_the_latest_moment_leaves_the_whole_period_before_the_end(end: datetime, text: str, latest: datetime) -> None:
    assert latest_start(end, period(text), RULES, CALENDAR) == latest


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("3 days", shanghai(3, 21)),
        ("2 days", shanghai(3, 20)),
        ("1 days", shanghai(3, 19)),
        ("0 days", NOON),
        ("5 hours", shanghai(3, 18, 17)),
        ("3 working days", shanghai(3, 21)),
    ],
)
def test_a_notice_is_kept_from_the_beginning_of_its_last_day(text: str, first: datetime) -> None:
    assert first_day_after(NOON, period(text), RULES, CALENDAR) == first


@hypothesis_given(
    st.datetimes(datetime(2024, 1, 1), datetime(2026, 11, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(1, 40),
    st.sampled_from(PeriodUnit),
)
def test_longer_periods_end_later_and_the_latest_start_is_the_last_one_that_fits(
    moment: datetime, number: int, unit: PeriodUnit
) -> None:
    length, shorter = PeriodValue(count=number, unit=unit), PeriodValue(count=number - 1, unit=unit)
    end = end_of(moment, length, RULES, CALENDAR).at
    latest = latest_start(moment, length, RULES, CALENDAR)

    assert moment < end
    assert end_of(moment, shorter, RULES, CALENDAR).at < end
    assert end_of(latest - MICROSECOND, length, RULES, CALENDAR).at <= moment
    assert end_of(latest + MICROSECOND, length, RULES, CALENDAR).at > moment
    assert prolonged(moment, length, RULES, CALENDAR) > moment


# --- what is pending


def test_timers_of_a_state_come_earliest_first_and_without_those_that_went_off() -> None:
    state = Proposal(id="proposal-1", status=ProposalStatus.RAISED, due_at=shanghai(3, 10))

    timers = pending(Kind.PROPOSAL, state, RULES, CALENDAR)
    assert [(timer.name, timer.due, timer.owner, timer.action) for timer in timers] == [
        ("raised.record", shanghai(3, 10), "screener", "record"),
        ("raised.tier_officer", shanghai(3, 12), "screener", "tier_officer"),
    ]
    assert next_due(Kind.PROPOSAL, state, RULES, CALENDAR) == shanghai(3, 10)

    state.missed = ("raised.record",)
    assert next_due(Kind.PROPOSAL, state, RULES, CALENDAR) == shanghai(3, 12)
    state.missed = ("raised.record", "raised.tier_officer")
    assert next_due(Kind.PROPOSAL, state, RULES, CALENDAR) is None


def test_a_state_without_a_time_or_without_rules_has_no_timers() -> None:
    state = Proposal(id="proposal-1", status=ProposalStatus.RAISED)

    assert pending(Kind.PROPOSAL, state, RULES, CALENDAR) == []
    state.due_at = NOON
    assert pending(Kind.PROPOSAL, state, None, CALENDAR) == []
    state.status = ProposalStatus.ARCHIVED
    assert pending(Kind.PROPOSAL, state, RULES, CALENDAR) == []


def test_while_an_orders_clock_stands_it_has_no_timers() -> None:
    running, stopped = reached("handling"), reached("suspended")

    assert pending(Kind.ORDER, running.state("order-1.1"), RULES, CALENDAR) != []
    assert pending(Kind.ORDER, stopped.state("order-1.1"), RULES, CALENDAR) == []


@pytest.mark.parametrize(
    ("state", "due"),
    [
        ("raised", shanghai(3, 10)),
        ("returned", shanghai(3, 18)),
        ("accepted", shanghai(3, 10)),
        ("called", shanghai(3, 13)),
        ("tabled", shanghai(4, 6)),
        ("announced", shanghai(3, 18)),
        ("confirmed", shanghai(3, 21)),
        ("suspended", shanghai(4, 1)),
        ("verifying", shanghai(3, 26)),
        ("handled", shanghai(3, 24)),
        ("reported", shanghai(3, 26)),
        ("evaluating", shanghai(3, 26)),
        ("evaluated", shanghai(3, 24)),
        ("rectifying", shanghai(4, 10)),
        ("closed", shanghai(4, 18)),
        ("refused", shanghai(4, 2)),
        ("rejected", shanghai(4, 10)),
        ("archived", None),
    ],
)
def test_every_state_of_a_case_has_the_time_that_the_policy_gives_it(state: str, due: datetime | None) -> None:
    """Counted by hand from 2, 6, 10 or 18 March 2026."""
    case = reached(state).state("proposal-1")

    assert case.due_at == due
    assert (case.calendar is not None) is (due is not None)


@pytest.mark.parametrize("state", ["withdrawn", "merged"])
def test_what_was_taken_back_or_merged_goes_to_the_archive_at_once(state: str) -> None:
    scenario = reached(state)

    assert scenario.state("proposal-1").due_at == scenario.now


# --- what has to be looked at again


CLOCK: dict[str, tuple[Callable[[Any], Any], bool]] = {
    "nothing": (lambda state: state, True),
    "what no timer is made of": (lambda state: changed(state, title="Another lamp", last_at=NOON), True),
    "the state": (lambda state: changed(state, status=ProposalStatus.CONFIRMED), False),
    "the time": (lambda state: changed(state, due_at=state.due_at + MICROSECOND), False),
    "what has been noted": (lambda state: changed(state, missed=("announced",)), False),
    "an objection": (lambda state: changed(state, objections={1: Objection(Act("a", "a"), NOON, open=True)}), False),
    "an objection without a time": (
        lambda state: changed(state, objections={1: Objection(Act("a", "a"), None, open=True)}), True,
    ),
}  # fmt: skip


def changed(state: Any, **fields: Any) -> Any:
    twin = state.copy()
    for name, value in fields.items():
        setattr(twin, name, value)
    return twin


@pytest.mark.parametrize("what", CLOCK)
def test_the_timers_are_the_same_while_nothing_that_they_are_made_of_changes(what: str) -> None:
    change, same = CLOCK[what]
    before = reached("announced").state("proposal-1")

    assert same_timers(before, change(before), RULES) is same


def test_without_rules_a_stream_has_only_its_own_time() -> None:
    before = reached("announced").state("proposal-1")

    assert same_timers(before, changed(before, objections={1: Objection(Act("a", "a"), NOON, open=True)}), None)
    assert not same_timers(before, changed(before, due_at=NOON), None)


def test_timers_rest_with_their_clock() -> None:
    before = reached("handling").state("order-1.1")

    assert not same_timers(before, changed(before, paused_at=NOON), RULES)
