"""A county behind the door: `proposals.testing.small_county` as commands, and cases brought to where a test begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from proposals import (
    AcceptProposal,
    AcknowledgeOrder,
    Appoint,
    CallMeeting,
    CastVote,
    CheckPolicy,
    CloseItem,
    CloseMeeting,
    CompleteOrder,
    CreateUnit,
    DeliverFeedback,
    DispatchWork,
    DraftPolicy,
    FixRoll,
    ForwardProposal,
    OpenDiscussion,
    OpenEvaluation,
    OpenMeeting,
    PassVerification,
    Proposals,
    PublishMinutes,
    PublishPolicy,
    RaiseProposal,
    RecordAttendance,
    ReportIn,
    SetAgenda,
    SubmitHandling,
)
from proposals.domain.event import Command
from proposals.domain.organisation import Appointed, UnitCreated
from proposals.domain.policy import PolicyDrafted
from proposals.domain.vocabulary import Role
from proposals.testing import MORNING, small_county

if TYPE_CHECKING:
    from collections.abc import Iterator

C = TypeVar("C", bound=Command)

PHOTO: dict[str, Any] = {"name": "p.jpg", "media_type": "image/jpeg", "size": 3, "sha256": "a" * 64, "uri": "file:p"}
PLAN: dict[str, Any] = {"summary": "mend it", "lead": "unit-water", "assisting": ["unit-roads"]}
VOTERS = ("li", *(f"resident{number}" for number in range(1, 7)))
MEMBERS = tuple(f"grid-member{number}" for number in range(1, 6))
LI_CONTACT: dict[str, Any] = {"subject": "subject-li", "value": "13800138000"}


def ask(command: type[C], **fields: Any) -> C:
    """A command from plain values, as they come out of JSON."""
    return command.model_validate(fields)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = MORNING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **period: float) -> datetime:
        self.now += timedelta(**period)
        return self.now


def founding() -> Iterator[Command]:
    """The small county, as the commands that lead to it: the system's, and its registrar's once there is one."""
    by = "system"
    for fact in small_county():
        match fact.event:
            case UnitCreated() as event:
                yield CreateUnit(unit=fact.stream, actor=by, **_told(event))
            case Appointed() as event:
                yield Appoint(unit=fact.stream, actor=by, **_told(event))
                by = event.person if event.role is Role.REGISTRAR else by
            case PolicyDrafted() as event:
                yield DraftPolicy(policy=fact.stream, actor=by, unit=event.unit, rules=event.rules)
                yield CheckPolicy(policy=fact.stream, actor=by)
                yield PublishPolicy(policy=fact.stream, effective=MORNING.date(), actor="county-principal")
            case _:
                pass  # published and enacted by what follows from the commands


def _told(event: UnitCreated | Appointed) -> dict[str, Any]:
    return event.model_dump(exclude_none=True, exclude={"due_at", "calendar", "provisional"})


class County:
    """The door to a county, its clock, and the way of a case through the five steps; `n` names the case."""

    def __init__(self, url: str = "sqlite://", *, clock: Clock | None = None, **ports: Any) -> None:
        self.clock = clock or Clock()
        self.url = url
        self.app = Proposals(url, clock=self.clock, **ports)

    def found(self) -> County:
        self.app.do(*founding())
        return self

    def raised(self, n: int | str = 1, by: str = "li", **fields: Any) -> str:
        proposal = f"proposal-{n}"
        told: dict[str, Any] = {"source": "other", "title": f"Lamp {n}", "text": "It is broken.", **fields}
        self.app.do(RaiseProposal(proposal=proposal, place="unit-grid", actor=by, **told))
        return proposal

    def accepted(self, n: int | str = 1, **fields: Any) -> str:
        proposal = self.raised(n, **fields)
        self.app.do(AcceptProposal(proposal=proposal, category="facilities", actor="community-screener"))
        return proposal

    def in_session(
        self, meeting: str, purpose: str, *proposals: str, motion: str, before_it: bool = True, **item: Any
    ) -> None:
        """A meeting of the grid that has been opened with all members, these proposals on its agenda.

        `before_it` says whether they are before a discussion meeting already.
        """
        do, convenor, chair = self.app.do, "grid-convenor", MEMBERS[0]
        starts = self.clock() + timedelta(days=4)
        agenda = [{"proposal": proposal, "revision": 1, "motion": motion, **item} for proposal in proposals]
        do(
            ask(
                CallMeeting,
                meeting=meeting,
                unit="unit-grid",
                meeting_kind="residents_council",
                purpose=purpose,
                title="Council",
                starts_at=starts,
                chair=chair,
                actor=convenor,
            ),
            ask(SetAgenda, meeting=meeting, agenda=agenda, actor=convenor),
        )
        if purpose == "discuss" and before_it:
            do(*(OpenDiscussion(proposal=proposal, meeting=meeting, actor=convenor) for proposal in proposals))
        do(FixRoll(meeting=meeting, actor=chair))
        self.clock.now = starts
        do(RecordAttendance(meeting=meeting, present=MEMBERS, actor=chair), OpenMeeting(meeting=meeting, actor=chair))

    def tabled(self, n: int | str = 1, **fields: Any) -> str:
        proposal, meeting, chair = self.accepted(n, **fields), f"meeting-{n}.discuss", MEMBERS[0]
        self.in_session(meeting, "discuss", proposal, motion="discuss")
        self.app.do(
            CloseItem(meeting=meeting, item=1, actor=chair),
            CloseMeeting(meeting=meeting, actor=chair),
            PublishMinutes(meeting=meeting, minutes="All spoke.", actor=chair),
            ForwardProposal(proposal=proposal, recommendation="Do it.", actor=chair),
        )
        return proposal

    def voted(self, n: int | str = 1, **fields: Any) -> str:
        """A meeting is in session, and every member has voted for adopting it."""
        proposal, meeting = self.tabled(n, **fields), f"meeting-{n}.decide"
        self.in_session(meeting, "decide", proposal, motion="adopt", plan=PLAN)
        self.app.do(*(ask(CastVote, meeting=meeting, item=1, choice="for", actor=member) for member in MEMBERS))
        return proposal

    def announced(self, n: int | str = 1, **fields: Any) -> str:
        proposal, meeting, chair = self.voted(n, **fields), f"meeting-{n}.decide", MEMBERS[0]
        self.app.do(
            CloseItem(meeting=meeting, item=1, actor=chair),
            CloseMeeting(meeting=meeting, actor=chair),
            PublishMinutes(meeting=meeting, minutes="Carried.", actor=chair),
        )
        return proposal

    def handling(self, n: int | str = 1, **fields: Any) -> str:
        proposal = self.announced(n, **fields)
        self.clock.forward(days=10)
        self.app.tick()
        self.app.do(DispatchWork(proposal=proposal, actor="community-coordinator"))
        return proposal

    def handled(self, n: int | str = 1, **fields: Any) -> str:
        proposal = self.handling(n, **fields)
        for number, unit in ((1, "water"), (2, "roads")):
            order, handler = f"order-{n}.{number}", f"{unit}-handler"
            self.app.do(
                AcknowledgeOrder(order=order, actor=handler),
                ReportIn(order=order, actor=handler),
                ask(CompleteOrder, order=order, report="Done.", evidence=[PHOTO], actor=handler),
            )
        self.app.do(
            ask(SubmitHandling, proposal=proposal, report="All done.", evidence=[PHOTO], actor="water-handler"),
            PassVerification(proposal=proposal, findings="It is.", actor="community-verifier"),
        )
        return proposal

    def evaluating(self, n: int | str = 1, voters: tuple[str, ...] = VOTERS, **fields: Any) -> str:
        """Answered, and before its residents: the round is `round-<n>.1`."""
        proposal = self.handled(n, **fields)
        self.app.do(
            DeliverFeedback(proposal=proposal, feedback="Mended.", channel="visit", actor="grid-grid-worker"),
            OpenEvaluation(proposal=proposal, eligible=voters, actor="community-coordinator"),
        )
        return proposal


def at(day: int, hour: int = 1) -> datetime:
    """A moment in March 2026, UTC."""
    return datetime(2026, 3, day, hour, tzinfo=UTC)
