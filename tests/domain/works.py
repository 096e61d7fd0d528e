"""Short ways to bring a scenario into a state of steps 4 and 5, in the small county and its neighbourhood."""

from __future__ import annotations

from copy import copy
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from proposals import (
    AcceptProposal,
    AcknowledgeOrder,
    ArchiveProposal,
    AttachEvidence,
    CallMeeting,
    CastBallot,
    CastVote,
    CloseItem,
    CloseMeeting,
    CloseProposal,
    CloseRound,
    Command,
    CompleteOrder,
    DeclineOrder,
    DeliverFeedback,
    DispatchWork,
    ExcuseOrder,
    FixRoll,
    ForwardProposal,
    MergeProposal,
    OpenDiscussion,
    OpenEvaluation,
    OpenMeeting,
    PassVerification,
    PublishMinutes,
    RaiseProposal,
    RecordAttendance,
    RefuseProposal,
    ReportIn,
    ReturnProposal,
    SetAgenda,
    SubmitHandling,
    SuspendHandling,
    WithdrawProposal,
)
from proposals.adapters.policies import default_policy
from proposals.domain.meeting import AgendaItem, Purpose
from proposals.domain.organisation import Appointed, AppointmentEnded, UnitCreated
from proposals.domain.policy import PolicyDrafted, PolicyPublished
from proposals.domain.rules import ProcessPolicy
from proposals.domain.vocabulary import Choice, Evidence, Grade, Motion, Plan, Role, Source, Tier, UnitKind
from proposals.testing import SINCE, Scenario, given, on, small_county

E = TypeVar("E", bound="Event")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from proposals.domain.event import Event, Fact

CASE, LEAD, ASSISTING, ROUND = "proposal-1", "order-1.1", "order-1.2", "round-1.1"
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
PHOTO = Evidence(name="lamp.jpg", media_type="image/jpeg", size=3, sha256="a" * 64, uri="file:lamp.jpg")
VOTERS = ("li", *(f"resident{number}" for number in range(1, 7)))
"""The proposer and six residents."""


def shanghai(month: int, day: int, hour: int = 0) -> datetime:
    """A moment of 2026 by the clock in Shanghai; `shanghai(3, 5)` is the midnight that ends 4 March."""
    return datetime(2026, month, day, hour, tzinfo=UTC) - timedelta(hours=8)


def county(**changes: Any) -> Iterator[Fact]:
    """The small county under the default rules with these changes, and a neighbouring community with its own staff."""
    yield from small_county(rules(**changes))
    yield on(
        "unit-elsewhere", UnitCreated(title="E", unit_kind=UnitKind.AREA, tier=Tier.COMMUNITY, parent="unit-street")
    )
    yield on("unit-faraway", UnitCreated(title="F", unit_kind=UnitKind.AREA, tier=Tier.GRID, parent="unit-elsewhere"))
    yield on("unit-parks", UnitCreated(title="Parks", unit_kind=UnitKind.DEPARTMENT, parent="unit-county"))
    community = ("tier_officer", "screener", "coordinator", "verifier", "convenor", "principal", "reviewer")
    for unit, roles in {
        "unit-elsewhere": (*community, "archivist", "importer"),
        "unit-faraway": ("grid_worker", "convenor"),
        "unit-parks": ("handler", "principal"),
        "unit-roads": ("tier_officer", "verifier"),
        "unit-county": ("convenor",),
    }.items():
        place = unit.removeprefix("unit-")
        for role in roles:
            yield on(unit, Appointed(person=f"{place}-{role.replace('_', '-')}", role=Role(role), since=SINCE))


def rules(**changes: Any) -> ProcessPolicy:
    """The default rules with these fields changed; `maxima` takes only those that differ."""
    plain = default_policy().model_dump(mode="json")
    maxima = plain["maxima"] | changes.pop("maxima", {})
    return ProcessPolicy.model_validate(plain | changes | {"maxima": maxima})


def edition(policy: str, unit: str = "unit-county", **changes: Any) -> tuple[Fact, Fact]:
    """The facts of another published edition, which does not come into force by itself."""
    return (
        on(policy, PolicyDrafted(unit=unit, rules=rules(**changes))),
        on(policy, PolicyPublished(unit=unit, effective=SINCE)),
    )


def fork(scenario: Scenario) -> Scenario:
    """The same again: what happens to one from here on does not happen to the other."""
    twin = copy(scenario)
    twin.facts, twin._states = list(scenario.facts), dict(scenario._states)
    return twin


def left_office(scenario: Scenario, unit: str, person: str, role: Role, days_ago: int) -> Scenario:
    """Someone's last day in a role was so many days ago (0: it is today)."""
    today = (scenario.now + timedelta(hours=8)).date()
    ended = AppointmentEnded(person=person, role=role, until=today - days_ago * DAY, reason="moved")
    return scenario.given(on(unit, ended))


def living_there(scenario: Scenario, *people: str, unit: str = "unit-grid") -> Scenario:
    """These people are registered as residents."""
    return scenario.given(*(on(unit, Appointed(person=person, role=Role.RESIDENT, since=SINCE)) for person in people))


# --- the way of a case


def raised(scenario: Scenario, case: str = CASE) -> Scenario:
    return scenario.given(
        RaiseProposal(
            proposal=case,
            place="unit-grid",
            source=Source.MEMBER_PROPOSAL,
            title="Lamp",
            text="It is broken.",
            actor="li",
        )
    )


def accepted(scenario: Scenario, case: str = CASE, **fields: Any) -> Scenario:
    return scenario.given(
        AcceptProposal(proposal=case, **({"category": "facilities"} | fields), actor="community-screener")
    )


def called(scenario: Scenario, meeting: str, unit: str, motion: str, case: str = CASE, **item: Any) -> datetime:
    """Calls a meeting on the case with notice and fixes its roll; returns when it is to start."""
    convenor = f"{unit.removeprefix('unit-')}-convenor"
    chair = f"{unit.removeprefix('unit-')}-member1"
    start = scenario.now + 4 * DAY
    scenario.given(
        CallMeeting(
            meeting=meeting,
            unit=unit,
            meeting_kind="residents_council",
            purpose=Purpose.DISCUSS if motion == "discuss" else Purpose.DECIDE,
            title="Council",
            starts_at=start,
            chair=chair,
            actor=convenor,
        ),
        SetAgenda(
            meeting=meeting,
            agenda=(AgendaItem(proposal=case, revision=1, motion=Motion(motion), **item),),
            actor=convenor,
        ),
    )
    if motion == "discuss":
        scenario.given(OpenDiscussion(proposal=case, meeting=meeting, actor=convenor))
    scenario.given(FixRoll(meeting=meeting, actor=chair))
    return start


def held(scenario: Scenario, meeting: str, unit: str, start: datetime, choice: str | None) -> Scenario:
    """Holds a meeting that was called; all five members vote the same, or nobody where nothing is voted on."""
    place = unit.removeprefix("unit-")
    members = tuple(f"{place}-member{number}" for number in range(1, 6))
    chair = members[0]
    scenario.at(start).given(
        RecordAttendance(meeting=meeting, present=members, actor=chair), OpenMeeting(meeting=meeting, actor=chair)
    )
    if choice is not None:
        scenario.given(*(CastVote(meeting=meeting, item=1, choice=Choice(choice), actor=member) for member in members))
    return scenario.given(
        CloseItem(meeting=meeting, item=1, actor=chair),
        CloseMeeting(meeting=meeting, actor=chair),
        PublishMinutes(meeting=meeting, minutes="All said so.", actor=chair),
    )


def in_session(scenario: Scenario, meeting: str, unit: str) -> Scenario:
    """A meeting of a unit has opened that is to decide on the case, and nobody has voted yet."""
    place = unit.removeprefix("unit-")
    members = tuple(f"{place}-member{number}" for number in range(1, 6))
    plan = Plan(summary="Repair it.", lead="unit-water", assisting=("unit-roads",))
    return scenario.at(called(scenario, meeting, unit, "adopt", plan=plan)).given(
        RecordAttendance(meeting=meeting, present=members, actor=members[0]),
        OpenMeeting(meeting=meeting, actor=members[0]),
    )


def decided(scenario: Scenario, meeting: str, unit: str, choice: str = "for", case: str = CASE) -> Scenario:
    """A meeting of a unit adopts (or loses) the plan: water leads, roads assists."""
    plan = {"summary": "Repair it.", "lead": "unit-water", "assisting": ("unit-roads",)}
    return held(scenario, meeting, unit, called(scenario, meeting, unit, "adopt", case, plan=plan), choice)


def worked(scenario: Scenario, order: str, place: str) -> Scenario:
    """A unit does its order from beginning to end."""
    handler = f"{place}-handler"
    return scenario.given(
        AcknowledgeOrder(order=order, actor=handler),
        ReportIn(order=order, actor=handler),
        CompleteOrder(order=order, report="Done.", evidence=(PHOTO,), actor=handler),
    )


def submitted(scenario: Scenario, place: str = "water") -> Scenario:
    return scenario.given(
        SubmitHandling(proposal=CASE, report="All done.", evidence=(PHOTO,), actor=f"{place}-handler")
    )


def verified(scenario: Scenario) -> Scenario:
    return scenario.given(PassVerification(proposal=CASE, findings="It burns.", actor="community-verifier"))


def told(scenario: Scenario) -> Scenario:
    return scenario.given(
        DeliverFeedback(proposal=CASE, feedback="It burns again.", channel="visit", actor="grid-grid-worker")
    )


def asked(scenario: Scenario, voters: tuple[str, ...] = VOTERS) -> Scenario:
    return scenario.given(OpenEvaluation(proposal=CASE, eligible=voters, actor="community-coordinator"))


def voted(scenario: Scenario, grades: dict[str, str], round_: str = ROUND) -> Scenario:
    return scenario.given(
        *(CastBallot(round=round_, grade=Grade(grade), resolved=True, actor=voter) for voter, grade in grades.items())
    )


def counted(scenario: Scenario, grade: str = "satisfied", round_: str = ROUND) -> Scenario:
    """Everyone votes the same, and the round closes."""
    voted(scenario, dict.fromkeys(VOTERS, grade), round_)
    return scenario.given(CloseRound(round=round_, actor="community-coordinator"))


def done_again(scenario: Scenario, first_order: int, round_: str, grade: str = "dissatisfied") -> Scenario:
    """From rectifying (or confirmed) through another dispatch, verification and a whole evaluation round."""
    scenario.given(DispatchWork(proposal=CASE, lead="unit-water", assisting=(), actor="community-coordinator"))
    worked(scenario, f"order-1.{first_order}", "water")
    return counted(asked(told(verified(submitted(scenario)))), grade, round_)


def suspended(scenario: Scenario, review_at: datetime) -> Scenario:
    return scenario.given(
        SuspendHandling(
            proposal=CASE,
            requested_by="water-handler",
            reason="Parts are late.",
            review_at=review_at,
            actor="community-tier-officer",
        )
    )


def closed(scenario: Scenario) -> Scenario:
    return scenario.given(CloseProposal(proposal=CASE, summary="It burns.", actor="community-coordinator"))


_BEFORE: dict[str, tuple[str, Callable[[Scenario], Any]]] = {
    "returned": ("raised", lambda s: s.given(
        ReturnProposal(proposal=CASE, reason="Which lamp?", actor="community-screener"))),
    "accepted": ("raised", accepted),
    "called": ("accepted", lambda s: called(s, "meeting-1", "unit-grid", "discuss")),
    "discussing": ("accepted", lambda s: held(
        s, "meeting-1", "unit-grid", called(s, "meeting-1", "unit-grid", "discuss"), None)),
    "tabled": ("discussing", lambda s: s.given(
        ForwardProposal(proposal=CASE, recommendation="Do it.", actor="grid-member1"))),
    "in_session": ("tabled", lambda s: in_session(s, "meeting-2", "unit-grid")),
    "announced": ("tabled", lambda s: decided(s, "meeting-2", "unit-grid")),
    "confirmed": ("announced", lambda s: s.at(shanghai(3, 18)).tick().at(shanghai(3, 18, 9))),
    "handling": ("confirmed", lambda s: s.given(DispatchWork(proposal=CASE, actor="community-coordinator"))),
    "suspended": ("handling", lambda s: suspended(s, shanghai(4, 1))),
    "done": ("handling", lambda s: worked(worked(s, LEAD, "water"), ASSISTING, "roads")),
    "verifying": ("done", submitted),
    "handled": ("verifying", verified),
    "reported": ("handled", told),
    "evaluating": ("reported", asked),
    "evaluated": ("evaluating", counted),
    "rectifying": ("evaluating", lambda s: counted(s, "dissatisfied")),
    "closed": ("evaluated", closed),
    "refused": ("raised", lambda s: s.given(
        RefuseProposal(proposal=CASE, ground="in_court", answer="Ask the court.", actor="community-screener"))),
    "rejected": ("tabled", lambda s: decided(s, "meeting-2", "unit-grid", "against")),
    "withdrawn": ("raised", lambda s: s.given(WithdrawProposal(proposal=CASE, reason="Mended.", actor="li"))),
    "merged": ("raised", lambda s: raised(s, "proposal-2").given(
        MergeProposal(proposal=CASE, into="proposal-2", reason="The same.", actor="community-screener"))),
    "archived": ("withdrawn", lambda s: s.given(
        ArchiveProposal(proposal=CASE, retention_class="ten_years", actor="county-archivist"))),
    "order:declined": ("handling", lambda s: s.given(
        DeclineOrder(order=ASSISTING, ground="duplicate", reason="Twice.", actor="roads-principal"))),
    "order:acknowledged": ("handling", lambda s: s.given(AcknowledgeOrder(order=ASSISTING, actor="roads-handler"))),
    "order:in_progress": ("order:acknowledged", lambda s: s.given(ReportIn(order=ASSISTING, actor="roads-handler"))),
    "order:excused": ("handling", lambda s: s.given(
        ExcuseOrder(order=ASSISTING, reason="Not needed.", actor="community-tier-officer"))),
}  # fmt: skip
"""How each state is reached from another. States of an order are those of the assisting one."""

SPINE = (
    "raised", "returned", "accepted", "discussing", "tabled", "announced", "confirmed", "handling", "suspended",
    "verifying", "handled", "reported", "evaluating", "evaluated", "rectifying", "closed", "refused", "rejected",
    "withdrawn", "merged", "archived",
)  # fmt: skip
"""Every state of a case."""


def reached(state: str, **changes: Any) -> Scenario:
    """A scenario of its own in which the case (or the assisting order) has come to that state."""
    return fork(_reached(state, tuple(sorted(_frozen(changes)))))


def _frozen(changes: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in changes.items():
        yield name, tuple(value.items()) if isinstance(value, dict) else value


@cache
def _reached(state: str, changes: tuple[tuple[str, Any], ...]) -> Scenario:
    if state == "raised":
        unfrozen = {name: dict(value) if isinstance(value, tuple) else value for name, value in changes}
        return raised(given(*county(**unfrozen)))
    before, step = _BEFORE[state]
    scenario = fork(_reached(before, changes))
    step(scenario)
    return scenario


# --- who may, and where


def refusal_of(scenario: Scenario, command: Command) -> str | None:
    """The code with which a command is refused here, None if it is not; the scenario stays as it was."""
    tried = fork(scenario).when(command)
    return tried.refused.code if tried.refused is not None else None


def by(command: Command, actor: str, entered_by: str | None = None) -> Command:
    """The same command of another person."""
    return command.model_copy(update={"actor": actor, "entered_by": entered_by})


EVERYONE = (
    "li", "wang", "resident1", "neighbour1", "grid-member1", "grid-member2", "grid-grid-worker", "grid2-grid-worker",
    "grid-convenor", "grid2-convenor", "community-convenor", "community-tier-officer", "community-screener",
    "community-coordinator", "community-verifier", "community-principal", "community-member1", "street-tier-officer",
    "street-reviewer", "street-principal", "county-registrar", "county-principal", "county-tier-officer",
    "county-archivist", "county-auditor", "county-importer", "county-reviewer", "water-handler", "water-principal",
    "roads-handler", "roads-principal", "roads-tier-officer", "roads-verifier", "volunteers-handler", "parks-handler",
    "elsewhere-coordinator", "elsewhere-verifier", "elsewhere-tier-officer", "elsewhere-screener", "elsewhere-reviewer",
    "elsewhere-archivist", "elsewhere-importer", "faraway-grid-worker", "faraway-convenor", "nobody", "system",
)  # fmt: skip
"""One person for every role, in the places that count for the case and in places that do not."""


def who_may(scenario: Scenario, command: Command) -> set[str]:
    """Everyone whom the roles of a command's rule let through, whatever its guards say then."""
    answers = {person: refusal_of(scenario, by(command, person)) for person in EVERYONE}
    assert "wrong_state" not in answers.values()
    return {person for person, answer in answers.items() if answer != "not_authorised"}


def open_in(command: Command) -> set[str]:
    """The states of the case in which there is a rule for a command, whoever gives it."""
    return {state for state in SPINE if refusal_of(reached(state), command) not in {"wrong_state", "already_exists"}}


def photographed(scenario: Scenario, at: datetime, approved_by: str | None = None) -> Scenario:
    """A grid worker adds a photo of an earlier day."""
    return scenario.when(
        AttachEvidence(proposal=CASE, evidence=(PHOTO,), at=at, approved_by=approved_by, actor="grid-grid-worker")
    )


def recorded(scenario: Scenario, kind: type[E]) -> E:
    """The one event of a kind that the last command or tick recorded."""
    (event,) = (fact.event for fact in scenario.recorded if isinstance(fact.event, kind))
    return event


def named(value: object) -> str | None:
    """The name of a command as the id of a test's parameter; anything else is named as pytest does."""
    return type(value).__name__ if isinstance(value, Command) else None
