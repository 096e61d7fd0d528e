"""The agenda of a meeting: which cases it may deal with, and what a motion brings: plan, units and money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from proposals import (
    AgendaSet,
    DiscussionOpened,
    ProposalForwarded,
    UnitClosed,
)
from proposals.domain.meeting import MeetingStatus
from proposals.testing import on
from tests.domain.stories import (
    DAY,
    SECOND,
    D,
    M,
    P,
    Purse,
    a_case_in_discussion,
    a_case_of_the_community,
    a_raised_case,
    a_tabled_case,
    accepting,
    an_accepted_case,
    called,
    calling,
    item,
    listing,
    raising,
    refused,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from proposals.testing import Scenario

CHAIR = "grid-member1"
ST = MeetingStatus


# --- the agenda


def test_setting_the_agenda_again_replaces_it() -> None:
    scenario = called(an_accepted_case())
    scenario.when(listing(item(reason="Dark"))).then(AgendaSet)
    assert [(i.proposal, i.revision, i.reason) for i in scenario.state(M).agenda] == [(P, 1, "Dark")]
    assert scenario.state(M).status is ST.CALLED


def test_the_agenda_is_part_of_the_notice() -> None:
    """Called on Monday for Friday morning, with three days of notice: what it is about is said by Tuesday midnight."""
    scenario = called(an_accepted_case())
    friday = scenario.state(M).starts_at
    midnight = friday.replace(hour=16) - 3 * DAY
    assert scenario.at(midnight - SECOND).when(listing(item())).refused is None
    refused(scenario.at(midnight).when(listing(item())), "notice_too_short", notice="3 days")
    refused(scenario.when(listing(item(), at=midnight - SECOND)), "notice_too_short", notice="3 days")


def test_a_case_is_on_an_agenda_once() -> None:
    refused(called(an_accepted_case()).when(listing(item(), item())), "on_the_agenda_twice", proposal=P)


@pytest.mark.parametrize("motion", ["adopt", "defer", "escalate"])
def test_a_discussion_has_no_motion_to_decide(motion: str) -> None:
    scenario = called(an_accepted_case())
    refused(scenario.when(listing(item(motion=motion))), "motion_of_another_purpose", motion=motion, purpose="discuss")


def test_a_deciding_meeting_has_no_motion_to_discuss() -> None:
    scenario = called(a_tabled_case(), meeting=D, purpose="decide")
    refused(scenario.when(listing(item(), meeting=D)), "motion_of_another_purpose", motion="discuss", purpose="decide")


def test_a_case_on_the_agenda_exists() -> None:
    refused(called(an_accepted_case()).when(listing(item("proposal-7"))), "no_such_stream", stream="proposal-7")


def not_for_it(status: str, unit: str = "unit-grid", revision: int = 1) -> dict[str, object]:
    return {"proposal": P, "status": status, "unit": unit, "revision": revision}


@pytest.mark.parametrize(
    ("story", "purpose", "says"),
    [
        (a_raised_case, "discuss", not_for_it("raised")),
        (a_tabled_case, "discuss", not_for_it("tabled")),
        (an_accepted_case, "decide", not_for_it("accepted")),
        (a_case_in_discussion, "decide", not_for_it("discussing")),
        (lambda: a_case_of_the_community("accepted"), "discuss", not_for_it("accepted", "unit-community")),
        (lambda: a_case_of_the_community("tabled"), "decide", not_for_it("tabled", "unit-community")),
    ],
    ids=["raised", "tabled", "accepted", "discussing", "elsewhere to discuss", "elsewhere to decide"],
)
def test_a_case_stands_where_the_meeting_can_deal_with_it(
    story: Callable[[], Scenario], purpose: str, says: dict[str, object]
) -> None:
    scenario = story()
    scenario.given(calling(scenario, "meeting-8", purpose=purpose))
    motion = "adopt" if purpose == "decide" else "discuss"
    refused(scenario.when(listing(item(motion=motion), meeting="meeting-8")), "case_not_for_this_meeting", **says)


@pytest.mark.parametrize("revision", [0, 2])
def test_the_agenda_names_the_revision_as_it_is(revision: int) -> None:
    scenario = called(an_accepted_case())
    refused(scenario.when(listing(item(revision=revision))), "case_not_for_this_meeting", **not_for_it("accepted"))


def to_decide(**more: object) -> Scenario:
    scenario = a_tabled_case()
    scenario.given(calling(scenario, D, purpose="decide"))
    return scenario.when(listing(item(motion="adopt") | more, meeting=D))


def plan(lead: str = "unit-water", *assisting: str) -> dict[str, object]:
    return {"summary": "Mend it", "lead": lead, "assisting": assisting}


def test_a_motion_to_adopt_brings_a_plan() -> None:
    assert to_decide().refused is None
    refused(to_decide(plan=None), "motion_needs_plan", proposal=P)


@pytest.mark.parametrize(
    "bad", [plan("unit-water", "unit-water"), plan("unit-water", "unit-roads", "unit-roads")], ids=["lead", "twice"]
)
def test_a_plan_names_each_unit_once(bad: dict[str, object]) -> None:
    refused(to_decide(plan=bad), "unit_named_twice", proposal=P)


@pytest.mark.parametrize("bad", [plan("unit-x"), plan("unit-water", "unit-x")], ids=["lead", "assisting"])
def test_a_plan_names_units_that_exist(bad: dict[str, object]) -> None:
    refused(to_decide(plan=bad), "no_such_unit", unit="unit-x")


def test_every_motion_on_an_agenda_is_looked_at() -> None:
    """A motion to defer needs no plan, and hides none that the next one needs."""
    scenario = a_tabled_case().given(raising(proposal="proposal-2", actor="wang"), accepting(proposal="proposal-2"))
    for event in (DiscussionOpened(meeting="meeting-7"), ProposalForwarded(recommendation="Yes")):
        scenario.given(on("proposal-2", event, at=scenario.now))
    scenario.given(calling(scenario, D, "grid", "decide"))
    bare = item("proposal-2", "adopt", plan=None)
    refused(scenario.when(listing(item(motion="defer"), bare, meeting=D)), "motion_needs_plan", proposal="proposal-2")
    twice = item("proposal-2", "defer", funding=[{"source": "neighbourhood", "amount": 5}])
    refused(scenario.when(listing(item(motion="adopt"), twice, meeting=D)), "motion_takes_no_plan")


def test_a_plan_names_units_that_are_open() -> None:
    scenario = a_tabled_case().given(on("unit-roads", UnitClosed(reason="Merged")))
    scenario.given(calling(scenario, D, purpose="decide"))
    refused(scenario.when(listing(item(motion="adopt"), meeting=D)), "unit_is_closed", unit="unit-roads")


MONEY = {"source": "county_and_street", "amount": 100}


@pytest.mark.parametrize("extra", [{"plan": plan()}, {"funding": [MONEY]}], ids=["plan", "funding"])
@pytest.mark.parametrize("motion", ["defer", "escalate"])
def test_any_other_motion_brings_neither_plan_nor_money(motion: str, extra: dict[str, object]) -> None:
    refused(to_decide(**{"motion": motion, "plan": None} | extra), "motion_takes_no_plan", proposal=P, motion=motion)


def test_by_default_county_and_street_pay_nothing() -> None:
    scenario = to_decide(funding=[MONEY])
    reason = "no fund is connected, so unit-grid can appropriate nothing"
    refused(scenario, "funds_refused", proposal=P, reason=reason)


def test_what_neighbours_and_donors_pay_asks_for_no_appropriation() -> None:
    theirs = [{"source": "neighbourhood", "amount": 5}, {"source": "public_welfare", "amount": 7}]
    assert to_decide(funding=theirs).refused is None


@pytest.mark.parametrize("left", [199, 200])
def test_the_purse_is_asked_for_all_that_county_and_street_are_to_pay(left: int) -> None:
    purse = Purse(left)
    scenario = a_tabled_case(funds=purse)
    scenario.given(calling(scenario, D, purpose="decide"))
    theirs = {"source": "neighbourhood", "amount": 50}
    scenario.when(listing(item(motion="adopt", funding=[MONEY, theirs, MONEY]), meeting=D))
    assert purse.asked == [("unit-grid", 200)]
    if left < 200:
        refused(scenario, "funds_refused", proposal=P, reason="the purse is empty")
    else:
        assert scenario.refused is None
