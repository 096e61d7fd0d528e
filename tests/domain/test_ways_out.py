"""Nobody's matter is stuck or lost, and no rule is won by a date: stories that once went wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from proposals import (
    CancelMeeting,
    CastVote,
    CloseItem,
    CloseMeeting,
    CloseProposal,
    CloseUnit,
    CoSignProposal,
    CreateUnit,
    DeliverFeedback,
    DispatchWork,
    EndAppointment,
    EraseSubject,
    EvaluationOpened,
    ForwardProposal,
    ImportOpenCase,
    ItemClosed,
    MigratePolicy,
    OpenCaseImported,
    OpenEvaluation,
    ProposalClosed,
    ProposalRejected,
    PublishMinutes,
    RaiseObjection,
    Reclassify,
    RecordUnresolved,
    Recuse,
    ReferBack,
    ReopenProposal,
    RequestExtension,
    ReturnProposal,
    ReviseProposal,
    SettleMatter,
    UpdateImported,
)
from proposals.domain.decision import DecisionDeferred, DecisionEscalated
from proposals.domain.meeting_acts import MeetingClosed
from proposals.domain.missed import DeadlineMissed
from proposals.domain.policy import PolicyDrafted, PolicyPublished
from proposals.domain.rules import PeriodUnit, PeriodValue
from proposals.domain.vocabulary import Choice, Kind, Role, Tier, Urgency
from proposals.testing import SINCE, on
from tests.domain.stories import (
    DAY,
    HOUR,
    TODAY,
    D,
    M,
    P,
    a_case_in_discussion,
    a_case_to_decide,
    a_raised_case,
    a_tabled_case,
    accepting,
    an_announced_case,
    appoint,
    called,
    calling,
    closing,
    county,
    in_session,
    item,
    listing,
    members,
    minuted,
    opening,
    raising,
    refused,
    rules,
    voted,
)
from tests.domain.works import reached

if TYPE_CHECKING:
    from proposals.domain.rules import ProcessPolicy
    from proposals.testing import Scenario

SECOND = timedelta(seconds=1)


def imported(place: str = "unit-grid", **facts: object) -> Scenario:
    scenario = county()
    if place == "unit-b3":
        building = {"unit": place, "title": "Building 3", "tier": "building", "parent": "unit-grid"}
        scenario.given(CreateUnit.model_validate({**building, "actor": "county-registrar"}))
    return scenario.given(
        ImportOpenCase.model_validate(
            {
                "proposal": P,
                "place": place,
                "provenance": {"source": "hotline", "key": "1", "sha256": "a" * 64},
                "facts": {"title": "Lamp", "raised_at": scenario.now - DAY, "source_status": "open", **facts},
                "actor": "county-importer",
            }
        )
    )


# --- a confirmed case


def test_where_the_lead_that_was_decided_is_no_more_the_coordinator_names_another() -> None:
    scenario = an_announced_case()
    until = TODAY + 8 * DAY
    for role in (Role.HANDLER, Role.PRINCIPAL):
        scenario.given(
            EndAppointment(
                unit="unit-water",
                person=f"water-{role.value}",
                role=role,
                until=until,
                reason="R",
                actor="county-registrar",
            )
        )
    scenario.at(scenario.now + 9 * DAY).given(CloseUnit(unit="unit-water", reason="R", actor="county-registrar"))
    scenario.at(scenario.now + 9 * DAY).tick()
    dispatch = DispatchWork(proposal=P, actor="community-coordinator")
    refused(scenario.when(dispatch), "unit_is_closed", unit="unit-water")
    assert scenario.when(dispatch.model_copy(update={"lead": "unit-roads", "assisting": ()})).refused is None


# --- imported cases


def test_an_imported_case_is_not_sent_back_to_nobody() -> None:
    scenario = called(imported()).given(opening())
    minuted(in_session(scenario))
    refer = ReferBack(proposal=P, reason="Which lamp?", actor="grid-member1")
    refused(scenario.when(refer), "nobody_to_complete_it", proposal=P)
    assert scenario.state(P).status == "discussing"


def test_the_unit_is_named_only_where_it_is_not_the_place() -> None:
    for place, unit in (("unit-b3", "unit-grid"), ("unit-grid", None), ("unit-community", None)):
        event = imported(place).facts[-1].event
        assert isinstance(event, OpenCaseImported)
        assert event.unit == unit


def test_an_imported_case_of_a_building_is_the_grids() -> None:
    scenario = imported("unit-b3")
    assert (scenario.state(P).place, scenario.state(P).unit) == ("unit-b3", "unit-grid")
    assert scenario.given(calling(scenario)).when(listing(item())).refused is None


def in_the_community() -> Scenario:
    scenario = called(imported("unit-community"), unit="community").given(opening(unit="community"))
    minuted(in_session(scenario))
    return scenario.given(SettleMatter(proposal=P, how="Mended", by="water-handler", actor="community-member1"))


def telling(actor: str) -> DeliverFeedback:
    return DeliverFeedback(proposal=P, feedback="It is mended", channel="visit", actor=actor)


def test_of_a_case_in_no_grid_the_coordinator_tells_the_residents() -> None:
    assert in_the_community().when(telling("community-coordinator")).refused is None


@pytest.mark.parametrize("place", ["unit-grid", "unit-b3"])
def test_of_a_case_in_a_grid_its_grid_worker_does(place: str) -> None:
    scenario = called(imported(place)).given(opening())
    minuted(in_session(scenario))
    scenario.given(SettleMatter(proposal=P, how="Mended", by="water-handler", actor="grid-member1"))
    refused(scenario.when(telling("community-coordinator")), "grid_worker_tells", unit=place)
    assert scenario.when(telling("grid-grid-worker")).refused is None


def test_an_evaluation_says_which_registers_its_list_was_checked_against() -> None:
    """Where nobody keeps one at the place or above, the list is not checked; that much is on record."""
    people = tuple(f"stranger{number}" for number in range(1, 6))
    unchecked = OpenEvaluation(proposal=P, eligible=people, actor="community-coordinator")
    named = unchecked.model_copy(update={"resides_in": ("unit-grid",)})
    scenario = in_the_community().given(telling("community-coordinator"))
    refused(scenario.when(named), "not_concerned", people=5)
    opened = scenario.when(unchecked).recorded[0].event
    assert isinstance(opened, EvaluationOpened)
    assert opened.registers == ()

    residents = tuple(f"resident{number}" for number in range(1, 6))
    scenario = in_the_community().given(telling("community-coordinator"))
    opened = scenario.when(named.model_copy(update={"eligible": residents})).recorded[0].event
    assert isinstance(opened, EvaluationOpened)
    assert opened.registers == ("unit-grid",)


def test_what_was_found_out_here_is_not_undone_by_the_register_it_came_from() -> None:
    provenance = {"source": "hotline", "key": "1", "sha256": "b" * 64}
    facts = {"title": "Lamp", "raised_at": TODAY.isoformat() + "T00:00:00Z", "source_status": "in work"}
    update = UpdateImported.model_validate(
        {"proposal": P, "provenance": provenance, "facts": facts, "actor": "county-importer"}
    )
    scenario = imported(category="Street light").given(update)
    assert scenario.state(P).category is None
    reclassify = Reclassify(
        proposal=P, category="facilities", urgency=Urgency.URGENT, reason="R", actor="community-screener"
    )
    scenario = imported(category="Street light").given(reclassify, update)
    assert scenario.state(P).category == "facilities"


@pytest.mark.parametrize(("said", "kept"), [("facilities", "facilities"), (None, "Street light, out")])
def test_a_category_said_when_a_case_is_reopened_is_kept_and_none_leaves_it_to_the_register(
    said: str | None, kept: str
) -> None:
    scenario = imported(category="Street light").given(
        on(P, ProposalClosed(summary="R", outcome="handled")),
        ReopenProposal(proposal=P, reason="Dark again", category=said, actor="county-reviewer"),
    )
    scenario.given(UpdateImported.model_validate(restated("c", "open", category="Street light, out")))
    assert scenario.state(P).category == kept


def test_what_was_reclassified_before_a_case_is_reopened_stays_so() -> None:
    reclassify = Reclassify(
        proposal=P, category="facilities", urgency=Urgency.URGENT, reason="R", actor="community-screener"
    )
    scenario = imported(category="Street light").given(reclassify)
    assert scenario.state(P).reclassified
    scenario.given(
        on(P, ProposalClosed(summary="R", outcome="handled")),
        ReopenProposal(proposal=P, reason="Dark again", actor="county-reviewer"),
        UpdateImported.model_validate(restated("c", "open", category="Lamp")),
    )
    assert scenario.state(P).category == "facilities"


def restated(letter: str, status: str, **facts: object) -> dict[str, object]:
    stated = {"title": "Lamp", "raised_at": TODAY.isoformat() + "T00:00:00Z", "source_status": status, **facts}
    provenance = {"source": "hotline", "key": "1", "sha256": letter * 64}
    return {"proposal": P, "provenance": provenance, "facts": stated, "actor": "county-importer"}


# --- places and people


def test_the_convenor_of_a_grid_raises_a_councils_matter_about_a_building_in_it() -> None:
    building = CreateUnit(
        unit="unit-b3", title="Building 3", tier=Tier.BUILDING, parent="unit-grid", actor="county-registrar"
    )
    council = raising(place="unit-b3", source="resident_council", actor="grid-convenor")
    assert county().given(building).when(council).refused is None


def test_who_may_raise_a_matter_in_a_place_may_object_to_what_is_decided_there() -> None:
    scenario = county().given(appoint("dweller", "resident", "unit-community"))
    scenario.given(raising(source="other", actor="dweller"), accepting())
    minuted(in_session(called(scenario).given(opening())))
    scenario.given(ForwardProposal(proposal=P, recommendation="R", actor="grid-member1"))
    called(scenario, meeting=D, purpose="decide")
    voted(in_session(scenario, D), "+++++").given(closing(scenario))
    objection = RaiseObjection(proposal=P, grounds="No", resides_in="unit-community", actor="dweller")
    refused(scenario.when(objection.model_copy(update={"resides_in": "unit-grid"})), "not_authorised")
    assert scenario.when(objection).refused is None


def test_who_supports_a_matter_does_not_screen_it() -> None:
    scenario = a_raised_case().given(appoint("community-screener", "resident", "unit-grid"))
    assert scenario.when(accepting()).refused is None
    scenario = a_raised_case().given(appoint("community-screener", "resident", "unit-grid"))
    refused(
        scenario.given(CoSignProposal(proposal=P, actor="community-screener")).when(accepting()), "screener_is_proposer"
    )


def test_a_case_that_was_sent_back_keeps_a_revision_when_its_rules_change() -> None:
    def under(revisions: int) -> Scenario:
        drafted = PolicyDrafted(unit="unit-county", rules=rules(maxima={"revisions": revisions}))
        published = PolicyPublished(unit="unit-county", effective=SINCE)
        scenario = a_raised_case().given(
            ReviseProposal(proposal=P, title="A lamp", text="Again", actor="li"),
            ReturnProposal(proposal=P, reason="Which?", actor="community-screener"),
        )
        return scenario.given(on("policy-2", drafted), on("policy-2", published))

    migrate = MigratePolicy(proposal=P, to="policy-2", reason="R", actor="community-tier-officer")
    refused(under(1).when(migrate), "limit_reached", loop="revisions", maximum=1)
    assert under(2).when(migrate).refused is None


# --- meetings


def deciding(scenario: Scenario, *meetings: str) -> Scenario:
    for meeting in meetings:
        scenario.given(calling(scenario, meeting, purpose="decide"))
        scenario.given(listing(item(motion="defer"), meeting=meeting))
    return scenario


def test_several_meetings_that_fail_on_one_evening_put_a_matter_off_once() -> None:
    scenario = deciding(a_tabled_case(), "meeting-7", "meeting-8", "meeting-9")
    scenario.at(scenario.state("meeting-7").due_at).tick()
    assert scenario.names(P).count("DecisionDeferred") == 1
    assert scenario.state(P).unit == "unit-grid"


def test_on_another_day_it_is_put_off_again_even_if_one_tick_sees_both() -> None:
    scenario = a_tabled_case()
    first = calling(scenario, "meeting-7", purpose="decide")
    later = first.model_copy(update={"meeting": "meeting-8", "starts_at": first.starts_at + DAY})  # type: ignore[attr-defined]
    for call in (first, later):
        scenario.given(call, listing(item(motion="defer"), meeting=call.stream))
    scenario.at(scenario.state("meeting-8").due_at).tick()
    assert scenario.names(P).count("DecisionDeferred") == 2


@pytest.mark.parametrize(("zone", "times"), [("Asia/Shanghai", 2), ("UTC", 1)])
def test_which_evening_it_is_the_zone_of_the_cases_own_rules_says(zone: str, times: int) -> None:
    """Half past eleven and half past midnight in Shanghai are two days there and one in UTC."""
    scenario = a_tabled_case(rules(time_zone=zone))
    first = calling(scenario, "meeting-7", purpose="decide")
    starts = first.starts_at.replace(hour=15, minute=30)  # type: ignore[attr-defined]
    for meeting, at in (("meeting-7", starts), ("meeting-8", starts + HOUR)):
        call = first.model_copy(update={"meeting": meeting, "starts_at": at})
        scenario.given(call, listing(item(motion="defer"), meeting=meeting))
    scenario.at(starts + 2 * DAY).tick()
    assert scenario.names(P).count("DecisionDeferred") == times


def test_a_meeting_called_off_at_its_hour_defers_whatever_date_it_is_given() -> None:
    scenario = a_case_to_decide()
    other = deciding(a_tabled_case(), "meeting-7")
    hour = other.state("meeting-7").starts_at
    back = CancelMeeting(meeting="meeting-7", reason="R", at=hour - SECOND, actor="grid-convenor")
    other.at(hour).when(back)
    assert other.names(P)[-1] == "DecisionDeferred"
    assert scenario.state(P).count("deferrals") == 0


def test_a_session_that_has_decided_gets_its_minutes_even_without_its_chair() -> None:
    scenario = voted(a_case_to_decide(), "+++++")
    scenario.given(closing(scenario))
    scenario.at(scenario.state(D).due_at).when(CloseMeeting(meeting=D, actor="grid-convenor")).then(MeetingClosed)
    scenario.at(scenario.state(D).due_at)
    scenario.given(PublishMinutes(meeting=D, minutes="It was adopted.", actor="grid-convenor"))
    assert (scenario.state(D).status, scenario.state(P).status) == ("minuted", "announced")


def test_what_a_session_without_its_chair_leaves_open_is_deferred() -> None:
    scenario = a_case_to_decide()
    scenario.at(scenario.state(D).due_at).when(CloseMeeting(meeting=D, actor="grid-convenor"))
    scenario.then(MeetingClosed, DecisionDeferred(meeting=D, why="meeting_closed"))


def test_a_discussion_that_was_closed_without_coming_to_the_case_is_held_again() -> None:
    scenario = in_session(a_case_in_discussion())
    scenario.at(scenario.state(M).due_at).given(CloseMeeting(meeting=M, actor="grid-convenor"))
    scenario.at(scenario.state(M).due_at)
    scenario.given(PublishMinutes(meeting=M, minutes="We did not come to it.", actor="grid-convenor"))
    settle = SettleMatter(proposal=P, how="R", by="water-handler", actor="grid-convenor")
    refused(scenario.when(settle), "minutes_not_published", meeting=M)
    assert called(scenario, meeting="meeting-9").when(opening("meeting-9")).refused is None


def test_where_everybody_else_has_stepped_aside_the_chairs_vote_counts_both_ways() -> None:
    scenario = a_case_to_decide(present=members())
    for member in members()[1:]:
        scenario.given(Recuse(meeting=D, item=1, reason="My own house", actor=member))
    scenario.given(CastVote(meeting=D, item=1, choice=Choice.AGAINST, actor="grid-member1"))
    scenario.when(CloseItem(meeting=D, item=1, actor="grid-member1")).then(ItemClosed, ProposalRejected)


# --- dates


def test_an_extension_is_asked_for_when_it_is_entered() -> None:
    scenario = reached("order:in_progress")
    by = scenario.state("order-1.2").complete_by
    ask = RequestExtension(
        order="order-1.2", period=PeriodValue(count=5, unit=PeriodUnit.WORKING_DAYS), reason="R", actor="roads-handler"
    )
    assert scenario.when(ask).refused is None
    scenario = reached("order:in_progress").at(by + 3 * DAY)
    refused(scenario.when(ask.model_copy(update={"at": by - 2 * DAY})), "asked_too_late")


def test_who_has_left_approves_no_erasure_whatever_its_date() -> None:
    scenario = county().given(raising(contact={"subject": "subject-1", "value": "139"}))
    last = TODAY + 2 * DAY
    scenario.at(scenario.now + 5 * DAY).given(
        EndAppointment(
            unit="unit-county", person="county-reviewer", role=Role.REVIEWER, until=last, reason="R",
            actor="county-registrar",
        )
    )  # fmt: skip
    erase = EraseSubject(
        subject="subject-1", ground="g", reason="r", approved_by="county-reviewer", actor="county-archivist"
    )
    back = erase.model_copy(update={"at": scenario.now - 4 * DAY})
    refused(scenario.when(back), "may_not_approve_erasure", approver="county-reviewer", unit="unit-grid")


# --- what could not be resolved


def unresolved(days: int, policy: ProcessPolicy | None = None) -> Scenario:
    scenario = a_tabled_case(policy)
    for fact in (
        DecisionEscalated(meeting=M, why="motion", unit="unit-county"),
        DecisionDeferred(meeting=M, why="motion"),
        DecisionDeferred(meeting=M, why="motion"),
    ):
        scenario.given(on(P, fact, at=scenario.now))
    review = scenario.now + timedelta(days=days)
    return scenario.given(
        RecordUnresolved(proposal=P, reason="R", answer="Next year", review_at=review, actor="county-tier-officer"),
        telling("grid-grid-worker"),
        CloseProposal(proposal=P, summary="Next year", actor="community-coordinator"),
    )


def test_what_could_not_be_resolved_is_looked_at_again_on_its_day() -> None:
    scenario = unresolved(200)
    review = scenario.state(P).review_at
    scenario.at(review - HOUR).tick()
    assert scenario.state(P).status == "closed"
    scenario.at(review).tick()
    missed = scenario.facts[-1].event
    assert isinstance(missed, DeadlineMissed)
    assert (missed.timer, missed.owner, scenario.state(P).status) == ("review", "reviewer", "closed")
    scenario.when(ReopenProposal(proposal=P, reason="There is money now", actor="county-reviewer"))
    assert scenario.refused is None
    assert scenario.state(P).review_at is None


def without_a_time_for_closed_cases() -> ProcessPolicy:
    policy = rules()
    times = {name: deadline for name, deadline in policy.deadlines[Kind.PROPOSAL].items() if name != "closed"}
    return policy.model_copy(update={"deadlines": {**policy.deadlines, Kind.PROPOSAL: times}})


@pytest.mark.parametrize(
    "policy",
    [without_a_time_for_closed_cases(), rules(deadlines={"proposal": {"closed": {"within": None}}})],
    ids=["not named", "without an end"],
)
def test_rules_that_give_closed_cases_no_time_keep_them_all_the_same(policy: ProcessPolicy) -> None:
    scenario = unresolved(200, policy)
    assert scenario.state(P).due_at is None
    reopen = ReopenProposal(proposal=P, reason="R", actor="county-reviewer")
    assert scenario.at(scenario.state(P).review_at).when(reopen).refused is None


def test_it_is_archived_only_when_its_review_and_the_window_after_it_are_over() -> None:
    scenario = unresolved(200)
    due = scenario.state(P).due_at
    scenario.at(due - SECOND).tick()
    assert scenario.state(P).status == "closed"
    scenario.at(due).tick()
    assert scenario.state(P).status == "archived"
    assert due > scenario.state(P).review_at + 29 * DAY


def test_a_review_before_the_end_of_the_window_changes_nothing_in_it() -> None:
    soon, late = unresolved(1), unresolved(200)
    assert soon.state(P).due_at < late.state(P).due_at
    reopen = ReopenProposal(proposal=P, reason="R", actor="county-reviewer")
    assert soon.at(soon.state(P).due_at - SECOND).when(reopen).refused is None
    soon = unresolved(1)
    refused(soon.at(soon.state(P).due_at).when(reopen), "window_is_over")
