"""A walker that tries what the tables offer, and what they do not, on a scenario in memory.

It reads the tables to find something plausible to do; the laws and the checks that follow each step do not depend
on what it chose.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticUndefined

from proposals.domain.case import NOT_ARCHIVED, Proposal
from proposals.domain.decider import fold
from proposals.domain.evaluation_round import Ballot
from proposals.domain.importing import ImportedFacts, Provenance
from proposals.domain.meeting import AgendaItem, Meeting, Purpose
from proposals.domain.missed import DeadlineMissed
from proposals.domain.processes import PROCESSES
from proposals.domain.rules import PeriodUnit, PeriodValue
from proposals.domain.vocabulary import (
    Choice,
    Funding,
    FundingSource,
    Grade,
    Kind,
    Motion,
    Plan,
    Role,
    Source,
    Urgency,
    kind_of,
)
from tests.domain.works import DAY, EVERYONE, PHOTO, VOTERS, by, edition, fork, reached, refusal_of, rules
from tests.process.laws import broken

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from random import Random

    from proposals import Command
    from proposals.domain.process import Row

WALKED = (Kind.PROPOSAL, Kind.MEETING, Kind.ORDER, Kind.ROUND)
MAXIMA = dict(rules().maxima)
UNITS = ("unit-water", "unit-roads", "unit-parks", "unit-volunteers", "unit-grid", "unit-nowhere")
ILLEGAL = 0.1
"""How often something is tried for which there is no rule in the present state."""
ENDINGS = {
    "ProposalWithdrawn", "ProposalRefused", "ProposalMerged", "ProposalArchived", "ProposalReturned", "RoundAnnulled",
    "ProposalReferredBack", "MeetingCancelled", "HandlingEscalated", "HandlingDeclaredInfeasible", "OrderExcused",
    "ObjectionUpheld", "DiscussionEscalated", "ProposalRaised", "OpenCaseImported", "ClosedCaseImported",
    "ImportedCaseClosed",
}  # fmt: skip
"""What the walker seldom does, so that something gets on."""
CODES = {
    "category": ("facilities", "safety", "weather"),
    "ground": ("in_court", "not_competent", "duplicate", "boredom"),
    "cause": ("emergency", "joint_enforcement", "boredom"),
    "retention_class": ("ten_years", "permanent", "never"),
    "meeting_kind": ("residents_council", "street_council", "three_party_meeting", "tea"),
    "field": ("title", "reason", "contact"),
}
MEMBERS = tuple(f"{place}-member{n}" for place in ("grid", "community", "street", "county") for n in range(1, 6))
TITLED = {
    Role.TIER_OFFICER, Role.CONVENOR, Role.REVIEWER, Role.GRID_WORKER, Role.HANDLER, Role.PRINCIPAL,
    Role.SCREENER, Role.COORDINATOR, Role.VERIFIER, Role.ARCHIVIST, Role.IMPORTER, Role.SYSTEM,
}  # fmt: skip
"""Roles whose holders in the small county are called by them."""
PEOPLE = {"signed_by", "approved_by", "requested_by", "sponsor", "by", "chair", "observer", "person"}
TEXTS = {
    "title", "text", "reason", "answer", "note", "feedback", "channel", "summary", "report", "findings", "message",
    "progress", "minutes", "opinion", "recommendation", "how", "grounds", "comment", "value",
}  # fmt: skip


def is_for_people(row: Row) -> bool:
    """Neither a reaction nor the note that only the clock makes."""
    return not row.reaction and row.event is not DeadlineMissed


def interest(row: Row) -> int:
    """How likely a rule is chosen among those that are open: more, if it leads on."""
    if row.event.__name__ in ENDINGS:
        return 1
    return 6 if row.target is not None or row.sources != NOT_ARCHIVED else 1


def fits(case: Proposal, meeting: Meeting) -> bool:
    """Whether a case waits for such a meeting of such a unit."""
    waiting = {"accepted", "discussing"} if meeting.purpose is Purpose.DISCUSS else {"tabled"}
    return case.unit == meeting.unit and str(case.status) in waiting


class Walker:
    """One scenario, walked at random; `accepted` holds the rules that were used: source and command."""

    def __init__(self, state: str, random: Random) -> None:
        self.random = random
        self.scenario = reached(state).given(*edition("policy-2", maxima={"rounds": 1, "returns": 1}))
        self.stream = ""
        self.accepted: set[tuple[str | None, str]] = set()

    # --- steps

    def act(self) -> None:
        """Someone who may does something that is open, with plausible fields; or almost."""
        stream = self.somewhere()
        process = PROCESSES[kind_of(stream)]
        state = self.scenario._states.get(stream)
        rows = [row for row in process.rows_from(state.status if state else None) if is_for_people(row)]
        if self.random.random() < ILLEGAL or not rows:
            rows = [row for row in process.rows if is_for_people(row)]
        (row,) = self.random.choices(rows, [interest(row) for row in rows])
        self.give(self.command(row, stream))

    def somewhere(self) -> str:
        """A stream to work on; for some steps it stays the same, so that something comes of it."""
        if self.random.random() < 0.15 or not self.stream:
            kind = self.random.choice(WALKED)
            alive = [
                stream
                for stream, state in self.scenario._states.items()
                if kind_of(stream) is kind and state.status not in PROCESSES[kind].terminal
            ]
            self.stream = self.random.choice([*alive, *alive, f"{kind}-{len(self.scenario.facts)}"])
        meeting = self.scenario._states.get(self.stream)
        if isinstance(meeting, Meeting) and str(meeting.status) == "rolled" and meeting.starts_at is not None:
            self.until(meeting.starts_at)
        return self.stream

    def until(self, moment: datetime) -> None:
        """The clock runs on to a moment, if that is ahead."""
        if moment > self.scenario.now:
            self.ticked(moment)

    def ticked(self, moment: datetime) -> None:
        for fact in self.scenario.at(moment).tick().recorded:
            rows = [row for row in PROCESSES[kind_of(fact.stream)].rows if row.event is type(fact.event)]
            self.accepted |= {(None, row.command.__name__) for row in rows if not row.reaction}

    def wait(self, hours: int) -> None:
        """Time passes, and the clock does what is due; once."""
        self.ticked(self.scenario.now + timedelta(hours=hours))
        before = len(self.scenario.facts)
        self.scenario.tick()
        assert len(self.scenario.facts) == before, [fact.name for fact in self.scenario.recorded]

    def give(self, command: Command) -> None:
        """Gives a command and checks what came of it."""
        scenario, stream = self.scenario, command.stream
        process = PROCESSES[kind_of(stream)]
        states, count = dict(scenario._states), len(scenario.facts)
        status = states[stream].status if stream in states else None
        twin = fork(scenario).when(command)
        scenario.when(command)

        assert [fact.event for fact in twin.recorded] == [fact.event for fact in scenario.recorded]
        if scenario.refused is not None:
            assert scenario.facts[count:] == []
            assert scenario._states == states
            assert scenario.refused.text("zh")
            return
        row = process.row(status, type(command))
        assert row is not None
        assert type(scenario.recorded[0].event) is row.event
        if not any(fact.stream == stream for fact in scenario.recorded[1:]):
            assert scenario.state(stream).status == (row.target or status)
        self.accepted.add((str(status) if status else None, type(command).__name__))

    # --- what holds in the end

    def check(self) -> None:
        """Replaying gives the states that were reached step by step, and no law is broken."""
        history: dict[str, list[Any]] = {}
        for fact in self.scenario.facts:
            history.setdefault(fact.stream, []).append(fact)
        for stream, facts in history.items():
            assert fold(PROCESSES[kind_of(stream)], facts) == self.scenario._states[stream], stream
        assert broken(self.scenario.facts, MAXIMA) == []

    # --- plausible commands

    def command(self, row: Row, stream: str) -> Command:
        """A command of a rule, addressed to a stream, by someone who holds one of its roles (or not)."""
        fields: dict[str, Any] = {}
        address = kind_of(stream).value
        for name, field in row.command.model_fields.items():
            if name in {"actor", "entered_by", "at", "command_id", address}:
                continue
            if field.default is not PydanticUndefined and self.random.random() < 0.5:
                continue
            fields[name] = self.value(name, row.command.__name__, stream)
        command = row.command(**{address: stream}, **fields, actor="nobody", at=self.moment())
        return by(command, self.actor(row, command))

    def moment(self) -> datetime | None:
        """Now, mostly; sometimes a while ago or too far ahead."""
        chance = self.random.random()
        return self.scenario.now + (DAY if chance < 0.03 else -DAY) if chance < 0.06 else None

    def actor(self, row: Row, command: Command) -> str:
        """Someone for whom the rule is, where there is someone; now and then anyone."""
        role = self.random.choice(row.roles)
        people = list(EVERYONE if role in TITLED else (*VOTERS, *MEMBERS))
        if role in TITLED:
            people = [person for person in people if person.endswith(role.value.replace("_", "-"))]
        self.random.shuffle(people)
        if self.random.random() >= ILLEGAL:
            for person in people:
                if refusal_of(self.scenario, by(command, person)) != "not_authorised":
                    return person
        return people[0]

    def value(self, name: str, command: str, stream: str) -> Any:
        """A plausible value of a field, by its name."""
        random, now = self.random, self.scenario.now
        if name in CODES:
            return random.choice(CODES[name])
        if name in PEOPLE:
            return self.person(name)
        if name in TEXTS:
            return random.choice(("Now.", "Later.", "Not at all."))
        plain: dict[str, Callable[[], Any]] = {
            "place": lambda: random.choice(("unit-grid", "unit-grid2", "unit-community")),
            "resides_in": lambda: ("unit-grid2",) if command == "OpenEvaluation" else "unit-grid",
            "unit": lambda: self.meeting_unit() if command == "CallMeeting" else random.choice(UNITS),
            "units": lambda: tuple(random.sample(UNITS, 2)),
            "lead": lambda: random.choice(UNITS),
            "assisting": lambda: tuple(random.sample(UNITS, random.randint(0, 2))),
            "order": lambda: self.known(Kind.ORDER),
            "orders": lambda: (self.known(Kind.ORDER),),
            "meeting": lambda: self.known(Kind.MEETING),
            "into": lambda: self.known(Kind.PROPOSAL),
            "to": lambda: "policy-2",
            "source": lambda: random.choice(list(Source)),
            "urgency": lambda: random.choice(list(Urgency)),
            "contact": lambda: None,
            "review_at": lambda: now + random.randint(0, 20) * DAY,
            "starts_at": lambda: now + random.choice((2, 4, 4, 5)) * DAY,
            "purpose": self.purpose,
            "agenda": lambda: self.agenda(stream),
            "excused": lambda: ("grid-member5",) if random.random() < 0.1 else (),
            "present": lambda: self.members(stream),
            "choice": lambda: random.choice((*Choice, Choice.FOR, Choice.FOR)),
            "item": lambda: 1,
            "objection": lambda: 1,
            "event": lambda: random.randint(1, 9),
            "evidence": lambda: (PHOTO,) * random.randint(1, 2),
            "period": lambda: PeriodValue(count=random.randint(1, 16), unit=PeriodUnit.WORKING_DAYS),
            "eligible": lambda: random.choice((VOTERS, VOTERS, (*VOTERS, "water-handler"), VOTERS[1:])),
            "grade": lambda: random.choice(list(Grade)),
            "resolved": lambda: random.choice((True, False, None)),
            "ballots": lambda: tuple(
                Ballot(voter=voter, grade=random.choice(list(Grade))) for voter in random.sample(VOTERS, 5)
            ),
            "provenance": lambda: Provenance(source="hotline", key="7", sha256=random.choice("ab") * 64),
            "facts": lambda: ImportedFacts(
                title="Lamp", raised_at=now - DAY, source_status="open", closed_at=random.choice((None, now))
            ),
        }
        return plain[name]()

    def person(self, name: str) -> str:
        if name == "chair":
            return f"{self.meeting_unit().removeprefix('unit-')}-member1"
        likely = {
            "signed_by": "community-principal", "approved_by": "street-reviewer", "requested_by": "water-handler",
            "sponsor": "wang", "by": "grid-member2", "observer": "resident9",
        }  # fmt: skip
        return self.random.choice((likely.get(name, "li"), likely.get(name, "li"), self.random.choice(EVERYONE)))

    def known(self, kind: Kind) -> str:
        streams = [stream for stream in self.scenario._states if kind_of(stream) is kind]
        return self.random.choice([*streams, f"{kind}-404"])

    def meeting_unit(self) -> str:
        """Where a case waits for a meeting."""
        states = {"tabled"} if self.purpose() is Purpose.DECIDE else {"accepted", "discussing"}
        units: list[str] = [case.unit for case in self.cases() if str(case.status) in states]
        return self.random.choice(units or ["unit-grid"])

    def purpose(self) -> Purpose:
        """What the first case that waits for a meeting waits for."""
        tabled = any(str(case.status) == "tabled" for case in self.cases())
        return Purpose.DECIDE if tabled else Purpose.DISCUSS

    def cases(self) -> list[Proposal]:
        return [state for state in self.scenario._states.values() if isinstance(state, Proposal)]

    def members(self, stream: str) -> tuple[str, ...]:
        meeting = self.scenario._states.get(stream)
        return meeting.members or ("li",) if isinstance(meeting, Meeting) else ("li",)

    def agenda(self, stream: str) -> tuple[AgendaItem, ...]:
        """One of the cases, with a motion that fits the meeting."""
        meeting = self.scenario._states.get(stream)
        here = [case for case in self.cases() if isinstance(meeting, Meeting) and fits(case, meeting)]
        case = self.random.choice(here or self.cases())
        if not isinstance(meeting, Meeting) or meeting.purpose is Purpose.DISCUSS:
            return (AgendaItem(proposal=case.id, revision=case.revision, motion=Motion.DISCUSS),)
        motion = self.random.choice((Motion.ADOPT, Motion.ADOPT, Motion.DEFER, Motion.ESCALATE))
        plan = Plan(summary="Do it.", lead="unit-water", assisting=("unit-roads",)) if motion is Motion.ADOPT else None
        share = Funding(source=self.random.choice(list(FundingSource)), amount=1)
        funding = (share,) if self.random.random() < 0.2 else ()
        return (AgendaItem(proposal=case.id, revision=case.revision, motion=motion, plan=plan, funding=funding),)
