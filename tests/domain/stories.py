"""Short functions that bring a scenario into a state of steps 1 to 3, and ask of a refusal all that it says."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from proposals import (
    AcceptProposal,
    Appoint,
    CallMeeting,
    CastVote,
    CloseItem,
    CloseMeeting,
    EscalateDiscussion,
    FixRoll,
    ForwardProposal,
    OpenDiscussion,
    OpenMeeting,
    PublishMinutes,
    RaiseProposal,
    RecordAttendance,
    ReturnProposal,
    SetAgenda,
)
from proposals.adapters.policies import default_policy
from proposals.domain.vocabulary import Choice, Plan, Role
from proposals.testing import Scenario, given, small_county

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proposals.domain.event import Command
    from proposals.domain.rules import ProcessPolicy

P, M, D = "proposal-1", "meeting-1", "meeting-2"
"""The case, its discussion meeting, and the meeting that decides it."""

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
TODAY = date(2026, 3, 2)
"""The local day of every scenario's beginning."""

PLAN = Plan(summary="Replace the lamp", lead="unit-water", assisting=("unit-roads",))


def rules(**changes: Any) -> ProcessPolicy:
    """The shipped policy with some fields changed; inside `maxima` and `deadlines`, only what is named."""
    plain = default_policy().model_dump(mode="json")
    for field, value in changes.items():
        plain[field] = _merged(plain[field], value) if field in {"maxima", "deadlines"} else value
    return type(default_policy()).model_validate(plain)


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return old | {k: _merged(old[k], v) if isinstance(v, dict) and k in old else v for k, v in new.items()}


def county(policy: ProcessPolicy | None = None, **ports: Any) -> Scenario:
    """The small county, with nothing going on."""
    return given(*small_county(policy), **ports)


def refused(scenario: Scenario, code: str, **details: object) -> Scenario:
    """The command was refused with this code and these details, and people are told so in both languages."""
    scenario.then_refused(code)
    assert scenario.refused is not None
    assert scenario.recorded == []
    if details:
        assert scenario.refused.reason.details == details
    return scenario


def told(scenario: Scenario) -> Any:
    """The details of the refusal."""
    assert scenario.refused is not None
    return scenario.refused.reason.details


def members(unit: str = "grid", numbers: Iterable[int] = range(1, 6)) -> list[str]:
    """Committee members of an area."""
    return [f"{unit}-member{number}" for number in numbers]


def appoint(person: str, role: str, unit: str, since: date = TODAY, until: date | None = None) -> Appoint:
    """An appointment by the county's registrar."""
    return Appoint(unit=unit, person=person, role=Role(role), since=since, until=until, actor="county-registrar")


class Purse:
    """So much is in it."""

    def __init__(self, amount: int) -> None:
        self.left = amount
        self.asked: list[tuple[str, int]] = []

    def refusal(self, unit: str, amount: int) -> str | None:
        self.asked.append((unit, amount))
        return None if amount <= self.left else "the purse is empty"


# --- step 1


def raising(**changes: Any) -> RaiseProposal:
    """Li, a party member, raises a matter of the grid."""
    fields = {"proposal": P, "place": "unit-grid", "source": "member_proposal", "title": "A lamp", "text": "It is dark"}
    return RaiseProposal.model_validate({**fields, "actor": "li", **changes})


def accepting(**changes: Any) -> AcceptProposal:
    """The community's screener takes it up."""
    return AcceptProposal.model_validate(
        {"proposal": P, "category": "facilities", "actor": "community-screener", **changes}
    )


def a_raised_case(policy: ProcessPolicy | None = None, **ports: Any) -> Scenario:
    """Raised by Li."""
    return county(policy, **ports).given(raising())


def a_returned_case(policy: ProcessPolicy | None = None) -> Scenario:
    """Raised, and sent back."""
    return a_raised_case(policy).given(
        ReturnProposal(proposal=P, reason="Which lamp?", actor="community-screener"),
    )


def an_accepted_case(policy: ProcessPolicy | None = None, **ports: Any) -> Scenario:
    """Raised and taken up."""
    return a_raised_case(policy, **ports).given(accepting())


# --- meetings


def item(proposal: str = P, motion: str = "discuss", revision: int = 1, **more: Any) -> dict[str, Any]:
    """An agenda item; a motion to adopt brings the plan."""
    plan = {"plan": PLAN} if motion == "adopt" else {}
    return {"proposal": proposal, "revision": revision, "motion": motion, **plan, **more}


def calling(scenario: Scenario, meeting: str = M, unit: str = "grid", purpose: str = "discuss", **more: Any) -> Command:
    """The unit's convenor calls a meeting, four days ahead, under the first member's chair."""
    fields = {
        "meeting": meeting,
        "unit": f"unit-{unit}",
        "meeting_kind": "residents_council",
        "purpose": purpose,
        "title": "A meeting",
        "starts_at": scenario.now + 4 * DAY,
        "chair": f"{unit}-member1",
        "actor": f"{unit}-convenor",
    }
    return CallMeeting.model_validate({**fields, **more})


def listing(*items: dict[str, Any], meeting: str = M, unit: str = "grid", **more: Any) -> SetAgenda:
    """The convenor sets the agenda."""
    return SetAgenda.model_validate({"meeting": meeting, "agenda": items, "actor": f"{unit}-convenor", **more})


def called(
    scenario: Scenario, *items: dict[str, Any], meeting: str = M, unit: str = "grid", purpose: str = "discuss"
) -> Scenario:
    """A meeting with an agenda; without items, it is the case alone."""
    chosen = items or (item(motion="discuss" if purpose == "discuss" else "adopt"),)
    return scenario.given(
        calling(scenario, meeting, unit, purpose),
        listing(*chosen, meeting=meeting, unit=unit),
    )


def rolled(scenario: Scenario, meeting: str = M, excused: Iterable[str] = ()) -> Scenario:
    """Its roll is fixed and its hour has come."""
    state = scenario.state(meeting)
    scenario.given(FixRoll(meeting=meeting, excused=tuple(excused), actor=state.chair))
    return scenario.at(state.starts_at)


def in_session(
    scenario: Scenario, meeting: str = M, present: Iterable[str] | None = None, excused: Iterable[str] = ()
) -> Scenario:
    """It is open, with everyone there unless said otherwise."""
    rolled(scenario, meeting, excused)
    state = scenario.state(meeting)
    there = tuple(state.members if present is None else present)
    return scenario.given(
        RecordAttendance(meeting=meeting, present=there, actor=state.chair),
        OpenMeeting(meeting=meeting, actor=state.chair),
    )


def voted(scenario: Scenario, votes: str, meeting: str = D, number: int = 1) -> Scenario:
    """Members vote in order: `+` for, `-` against, `0` abstain, `.` not at all."""
    choices = {"+": Choice.FOR, "-": Choice.AGAINST, "0": Choice.ABSTAIN}
    for person, vote in zip(scenario.state(meeting).members, votes, strict=False):
        if vote in choices:
            scenario.given(CastVote(meeting=meeting, item=number, choice=choices[vote], actor=person))
    return scenario


def closing(scenario: Scenario, meeting: str = D, number: int = 1) -> CloseItem:
    """The chair closes an item."""
    return CloseItem(meeting=meeting, item=number, actor=scenario.state(meeting).chair)


def minuted(scenario: Scenario, meeting: str = M) -> Scenario:
    """A meeting in session deals with what is open, ends, and its minutes are out."""
    state = scenario.state(meeting)
    scenario.given(*(closing(scenario, meeting, number) for number in state.open_items()))
    return scenario.given(
        CloseMeeting(meeting=meeting, actor=state.chair),
        PublishMinutes(meeting=meeting, minutes="All was said.", actor=state.chair),
    )


# --- steps 2 and 3


def a_case_in_discussion(policy: ProcessPolicy | None = None, **ports: Any) -> Scenario:
    """Before a discussion meeting of its grid that is still ahead."""
    return called(an_accepted_case(policy, **ports)).given(opening())


def opening(meeting: str = M, unit: str = "grid", **changes: Any) -> OpenDiscussion:
    """The convenor brings the case before a meeting."""
    return OpenDiscussion.model_validate({"proposal": P, "meeting": meeting, "actor": f"{unit}-convenor", **changes})


def a_discussed_case(policy: ProcessPolicy | None = None, **ports: Any) -> Scenario:
    """Talked over, with the minutes out; the chair now says what follows."""
    return minuted(in_session(a_case_in_discussion(policy, **ports)))


def a_tabled_case(policy: ProcessPolicy | None = None, **ports: Any) -> Scenario:
    """Forwarded for a decision."""
    scenario = a_discussed_case(policy, **ports)
    return scenario.given(ForwardProposal(proposal=P, recommendation="Mend it", actor="grid-member1"))


def a_case_to_decide(
    policy: ProcessPolicy | None = None, motion: str = "adopt", present: Iterable[str] | None = None, **ports: Any
) -> Scenario:
    """The deciding meeting of the grid is in session, with this motion as its only item."""
    scenario = called(a_tabled_case(policy, **ports), item(motion=motion), meeting=D, purpose="decide")
    return in_session(scenario, D, present)


def an_announced_case(policy: ProcessPolicy | None = None, **ports: Any) -> Scenario:
    """Adopted by everyone, and announced."""
    scenario = voted(a_case_to_decide(policy, **ports), "+++++")
    return scenario.given(closing(scenario))


def a_case_of_the_community(status: str, policy: ProcessPolicy | None = None) -> Scenario:
    """The same, but taken to the community in discussion: `accepted`, `tabled` or `announced` there."""
    scenario = a_discussed_case(policy).given(
        EscalateDiscussion(proposal=P, reason="Too big for us", actor="grid-member1")
    )
    if status == "accepted":
        return scenario
    called(scenario, meeting="meeting-3", unit="community").given(opening("meeting-3", "community"))
    minuted(in_session(scenario, "meeting-3"), "meeting-3")
    scenario.given(ForwardProposal(proposal=P, recommendation="Mend it", actor="community-member1"))
    if status == "tabled":
        return scenario
    called(scenario, meeting="meeting-4", unit="community", purpose="decide")
    voted(in_session(scenario, "meeting-4"), "+++++", "meeting-4")
    return scenario.given(closing(scenario, "meeting-4"))
