"""Who may act: every role of every rule of steps 1 to 3, on the right day, in the right place, keyed in by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from proposals import (
    CancelMeeting,
    CloseMeeting,
    CoSignProposal,
    DismissObjection,
    EscalateDiscussion,
    ForwardProposal,
    InviteObserver,
    MergeProposal,
    PublishMinutes,
    RaiseObjection,
    RecordUnresolved,
    ReferBack,
    RefuseProposal,
    ReturnProposal,
    SettleMatter,
    UpholdObjection,
)
from proposals.domain.vocabulary import FOLLOWING_FROM_A_CASE, Act, Role
from proposals.testing import Scenario, on
from tests.domain.stories import (
    DAY,
    M,
    P,
    a_case_in_discussion,
    a_discussed_case,
    a_raised_case,
    a_tabled_case,
    accepting,
    an_accepted_case,
    an_announced_case,
    appoint,
    called,
    calling,
    closing,
    county,
    in_session,
    item,
    listing,
    opening,
    raising,
    refused,
    told,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from proposals.domain.event import Command


class Rule(NamedTuple):
    """A command that somebody appointed to `role` at `unit` may give, and who holds it `elsewhere` may not."""

    story: Callable[[], Scenario]
    command: Callable[[Scenario, str], Command]
    role: str
    unit: str
    elsewhere: str


def with_objection() -> Scenario:
    return an_announced_case().given(
        RaiseObjection(proposal=P, grounds="No", resides_in="unit-grid", actor="resident1")
    )


def two_cases() -> Scenario:
    return a_raised_case().given(raising(proposal="proposal-2", actor="wang"))


def overdue(story: Callable[[], Scenario], stream: str) -> Callable[[], Scenario]:
    """The same, when the time of whoever owns the state is over."""

    def later() -> Scenario:
        scenario = story()
        return scenario.at(scenario.state(stream).due_at)

    return later


def unresolvable() -> Scenario:
    """At the county, which is the top, with no deferral left."""
    from proposals.domain.decision import DecisionDeferred, DecisionEscalated

    scenario = a_tabled_case()
    for fact in (
        DecisionEscalated(meeting=M, why="motion", unit="unit-county"),
        DecisionDeferred(meeting=M, why="motion"),
        DecisionDeferred(meeting=M, why="motion"),
    ):
        scenario.given(on(P, fact, at=scenario.now))
    return scenario


def unresolved(scenario: Scenario, person: str) -> Command:
    return RecordUnresolved(proposal=P, reason="No", answer="Sorry", review_at=scenario.now + 90 * DAY, actor=person)


def closed_session() -> Scenario:
    scenario = in_session(a_case_in_discussion())
    return scenario.given(closing(scenario, M), CloseMeeting(meeting=M, actor="grid-member1"))


RULES = {
    "RaiseProposal as a resident": Rule(
        county, lambda s, who: raising(source="other", actor=who), "resident", "unit-grid", "unit-grid2"
    ),
    "RaiseProposal as a party member": Rule(
        county, lambda s, who: raising(source="other", actor=who), "party_member", "unit-grid", "unit-grid2"
    ),
    "RaiseProposal as a grid worker": Rule(
        county, lambda s, who: raising(source="other", actor=who), "grid_worker", "unit-grid", "unit-grid2"
    ),
    "RaiseProposal as a convenor": Rule(
        county, lambda s, who: raising(source="other", actor=who), "convenor", "unit-grid", "unit-community"
    ),
    "CoSignProposal as a resident": Rule(
        a_raised_case, lambda s, who: CoSignProposal(proposal=P, actor=who), "resident", "unit-grid", "unit-grid2"
    ),
    "CoSignProposal as a party member": Rule(
        a_raised_case, lambda s, who: CoSignProposal(proposal=P, actor=who), "party_member", "unit-grid", "unit-grid2"
    ),
    "AcceptProposal": Rule(
        a_raised_case, lambda s, who: accepting(actor=who), "screener", "unit-community", "unit-grid"
    ),
    "AcceptProposal in the street": Rule(
        a_raised_case, lambda s, who: accepting(actor=who), "screener", "unit-street", "unit-grid2"
    ),
    "ReturnProposal": Rule(
        a_raised_case,
        lambda s, who: ReturnProposal(proposal=P, reason="Which?", actor=who),
        "screener", "unit-community", "unit-grid",
    ),
    "RefuseProposal": Rule(
        a_raised_case,
        lambda s, who: RefuseProposal(proposal=P, ground="in_court", answer="No", actor=who),
        "screener", "unit-community", "unit-grid",
    ),
    "MergeProposal": Rule(
        two_cases,
        lambda s, who: MergeProposal(proposal=P, into="proposal-2", reason="Same", actor=who),
        "screener", "unit-community", "unit-grid",
    ),
    "OpenDiscussion": Rule(
        lambda: called(an_accepted_case()), lambda s, who: opening(actor=who), "convenor", "unit-grid",
        "unit-community",
    ),
    "EscalateDiscussion for a chair who does not": Rule(
        overdue(a_discussed_case, P),
        lambda s, who: EscalateDiscussion(proposal=P, reason="Too big", actor=who),
        "convenor", "unit-grid", "unit-community",
    ),
    "SettleMatter for a chair who does not": Rule(
        overdue(a_discussed_case, P),
        lambda s, who: SettleMatter(proposal=P, how="A new bulb", by="resident2", actor=who),
        "convenor", "unit-grid", "unit-community",
    ),
    "ForwardProposal for a chair who does not": Rule(
        overdue(a_discussed_case, P),
        lambda s, who: ForwardProposal(proposal=P, recommendation="Mend it", actor=who),
        "convenor", "unit-grid", "unit-community",
    ),
    "ReferBack for a chair who does not": Rule(
        overdue(a_discussed_case, P),
        lambda s, who: ReferBack(proposal=P, reason="Which?", actor=who),
        "convenor", "unit-grid", "unit-community",
    ),
    "RecordUnresolved": Rule(unresolvable, unresolved, "tier_officer", "unit-county", "unit-street"),
    "DismissObjection": Rule(
        with_objection,
        lambda s, who: DismissObjection(proposal=P, objection=1, reason="Unfounded", actor=who),
        "reviewer", "unit-community", "unit-grid",
    ),
    "UpholdObjection": Rule(
        with_objection,
        lambda s, who: UpholdObjection(proposal=P, objection=1, reason="Right", actor=who),
        "reviewer", "unit-community", "unit-grid",
    ),
    "CallMeeting": Rule(
        county, lambda s, who: calling(s, actor=who), "convenor", "unit-grid", "unit-community"
    ),
    "SetAgenda": Rule(
        lambda: called(an_accepted_case()), lambda s, who: listing(item(), actor=who), "convenor", "unit-grid",
        "unit-grid2",
    ),
    "InviteObserver": Rule(
        lambda: called(an_accepted_case()),
        lambda s, who: InviteObserver(meeting=M, observer="expert", actor=who),
        "convenor", "unit-grid", "unit-grid2",
    ),
    "CancelMeeting": Rule(
        lambda: called(an_accepted_case()),
        lambda s, who: CancelMeeting(meeting=M, reason="Snow", actor=who),
        "convenor", "unit-grid", "unit-grid2",
    ),
    "PublishMinutes for a chair who does not": Rule(
        overdue(closed_session, M),
        lambda s, who: PublishMinutes(meeting=M, minutes="All", actor=who),
        "convenor", "unit-grid", "unit-grid2",
    ),
}  # fmt: skip

EVERY_RULE = pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())


def newcomer(rule: Rule, unit: str, *, since: int = 0, until: int | None = None) -> Scenario:
    """The story, with a newcomer in the rule's role from some days to some days from today, asking for it."""
    scenario = rule.story()
    today = scenario.context().day(scenario.now)
    last = today + until * DAY if until is not None else None
    scenario.given(appoint("newcomer", rule.role, unit, min(today + since * DAY, last or today + since * DAY), last))
    return scenario.when(rule.command(scenario, "newcomer"))


@EVERY_RULE
def test_who_holds_the_role_where_it_counts_may_do_it_from_their_first_day(rule: Rule) -> None:
    scenario = newcomer(rule, rule.unit)
    assert scenario.refused is None, scenario.refused


@EVERY_RULE
def test_who_holds_the_role_may_still_do_it_on_their_last_day(rule: Rule) -> None:
    scenario = newcomer(rule, rule.unit, since=-30, until=0)
    assert scenario.refused is None, scenario.refused


@EVERY_RULE
def test_an_appointment_that_ended_yesterday_gives_no_right(rule: Rule) -> None:
    refused(newcomer(rule, rule.unit, until=-1), "not_authorised")


@EVERY_RULE
def test_an_appointment_that_begins_tomorrow_gives_no_right(rule: Rule) -> None:
    refused(newcomer(rule, rule.unit, since=1), "not_authorised")


@EVERY_RULE
def test_the_right_role_at_the_wrong_unit_gives_no_right(rule: Rule) -> None:
    refused(newcomer(rule, rule.elsewhere), "not_authorised")


AREAS = ("unit-county", "unit-street", "unit-community", "unit-grid", "unit-grid2", "unit-water")


@EVERY_RULE
def test_every_other_role_everywhere_together_gives_no_right(rule: Rule) -> None:
    scenario = rule.story()
    command = rule.command(scenario, "busybody")
    probe = scenario.when(rule.command(scenario, "nobody"))
    refused(probe, "not_authorised")
    allowed = {Role(role) for role in told(probe)["roles"]}
    assert Role(rule.role) in allowed
    for role in set(Role) - allowed - FOLLOWING_FROM_A_CASE:
        scenario.given(*(appoint("busybody", role, unit) for unit in AREAS))
    refused(scenario.when(command), "not_authorised")


@EVERY_RULE
def test_who_may_key_in_for_others_may_do_so_and_nobody_else(rule: Rule) -> None:
    for entering, allowed in (("grid-grid-worker", True), ("resident9", False), ("grid2-grid-worker", False)):
        scenario = rule.story()
        day = scenario.context().day(scenario.now)
        scenario.given(appoint("newcomer", rule.role, rule.unit, day))
        command = rule.command(scenario, "newcomer").model_copy(update={"entered_by": entering})
        scenario.when(command)
        if allowed:
            assert scenario.refused is None, scenario.refused
            assert scenario.recorded[0].act == Act("newcomer", entering)
        else:
            refused(
                scenario,
                "may_not_enter_for_others",
                entered_by=entering,
                actor="newcomer",
                unit=told(scenario)["unit"],
            )
