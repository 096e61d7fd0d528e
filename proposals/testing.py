"""given / when / then: test support for hosts, and for our own tests.

    given(*small_county()).when(RaiseProposal(...)).then(ProposalRaised)

`given` takes facts (what has happened, no questions asked) and commands (decided by the rules); `when` decides one
more command; `then` compares the events, `then_refused` the code of the refusal. No database is involved.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from proposals.adapters.ballot_box import KeyedBallotBox
from proposals.adapters.calendars import ChineseCalendar
from proposals.adapters.key_encryption import key_commitment
from proposals.adapters.keys import MemoryKeyStore
from proposals.adapters.policies import default_policy
from proposals.application.work import Work
from proposals.domain.context import Context
from proposals.domain.deadlines import pending, start_of
from proposals.domain.decider import evolve
from proposals.domain.errors import Refused, refusal
from proposals.domain.event import Command, Event, Fact, StateEvent
from proposals.domain.organisation import Appointed, PolicyEnacted, UnitCreated
from proposals.domain.policy import PolicyDrafted, PolicyPublished
from proposals.domain.ports import NoFunds
from proposals.domain.processes import COMMANDS, PROCESSES
from proposals.domain.ticking import commands_for
from proposals.domain.vocabulary import SYSTEM, Role, Tier, UnitKind, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from proposals.domain.ports import Calendar, Funds
    from proposals.domain.rules import ProcessPolicy
    from proposals.domain.state import State

MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""Monday, 2 March 2026, nine o'clock in Shanghai: the beginning of every scenario that names no other time."""


def on(stream: str, event: Event, *, by: str = SYSTEM, entered_by: str | None = None, at: datetime = MORNING) -> Fact:
    """A fact for `given`: this event, on this stream, by this person, at this time."""
    return Fact(stream, 0, event, at, by, entered_by or by, "given", "given", "given")


class Scenario:
    """Streams in memory, a clock that stands still until it is moved, and the rules."""

    def __init__(
        self,
        *,
        now: datetime = MORNING,
        calendar: Calendar | None = None,
        funds: Funds | None = None,
        directory: Callable[[str], Any] | None = None,
    ) -> None:
        self.now = now
        self.facts: list[Fact] = []
        self.recorded: list[Fact] = []
        self.refused: Refused | None = None
        self._states: dict[str, State] = {}
        self._calendar: Calendar = calendar or ChineseCalendar()
        self._funds, self._directory = funds or NoFunds(), directory
        self._keys = MemoryKeyStore()
        self._box = KeyedBallotBox(self._keys)

    def given(self, *happened: Fact | Command) -> Scenario:
        """Adds facts as they are, and commands as the rules decide them. Raises Refused for a command they refuse."""
        for one in happened:
            if isinstance(one, Command):
                self._perform(one)
            else:
                self._record(one)
        return self

    def at(self, now: datetime) -> Scenario:
        """Moves the clock; commands without a time of their own happen then."""
        self.now = now
        return self

    def when(self, command: Command) -> Scenario:
        """Decides a command and keeps what comes of it, or the refusal, for `then`."""
        self.refused, self.recorded = None, []
        try:
            self.recorded = self._perform(_public(command))
        except Refused as refused:
            self.refused = refused
        return self

    def tick(self) -> Scenario:
        """Does what is due by now on every stream, until nothing is."""
        self.refused, self.recorded = None, []
        busy = True
        while busy:
            busy = False
            for stream in list(self._states):
                commands = self._due(stream)
                for command in commands:
                    self.recorded.extend(self._perform(command))
                busy = busy or bool(commands)
        return self

    def then(self, *expected: Event | type[Event]) -> Scenario:
        """The events that were recorded, in order: each an event to equal, or just its class.

        An expected event that leaves out its due time is not compared by it.
        """
        if self.refused is not None:
            message = f"refused: {self.refused}"
            raise AssertionError(message)
        got = [fact.event for fact in self.recorded]
        assert len(got) == len(expected), f"recorded {[event.name for event in got]}"
        for event, wanted in zip(got, expected, strict=True):
            if isinstance(wanted, type):
                assert type(event) is wanted, f"{event.name} instead of {wanted.__name__}"
            else:
                assert _comparable(event, wanted) == wanted, f"{event!r} instead of {wanted!r}"
        return self

    def then_refused(self, code: str) -> Scenario:
        """The command was refused, with this code, and nothing was recorded."""
        assert self.refused is not None, f"not refused: recorded {[fact.name for fact in self.recorded]}"
        assert self.refused.code == code, f"refused with {self.refused.code}: {self.refused}"
        return self

    def state(self, stream: str) -> Any:
        """A stream's state now. Raises KeyError if there is none."""
        return self._states[stream].copy()

    def names(self, stream: str) -> list[str]:
        """The names of a stream's events, in order."""
        return [fact.name for fact in self.facts if fact.stream == stream]

    def context(self, read: Callable[[str], State | None] | None = None) -> Context:
        """What a guard would see now."""
        return Context(
            now=self.now,
            read=read or self._states.get,
            calendar=self._calendar,
            ballot_box=self._box,
            default_policy=default_policy(),
            event_at=self._event_at,
            directory=self._directory,
            funds=self._funds,
        )

    def _perform(self, command: Command) -> list[Fact]:
        work = Work(self._states.get, self.context, lambda subject: key_commitment(self._keys.create(subject)))
        facts = work.perform(command, command.command_id or f"command-{len(self.facts)}")
        for fact in facts:
            self._record(fact)
        return facts

    def _record(self, fact: Fact) -> None:
        state = self._states.get(fact.stream)
        numbered = fact._replace(version=(state.version if state is not None else 0) + 1, position=len(self.facts) + 1)
        self._states[fact.stream] = evolve(PROCESSES[kind_of(fact.stream)], state, numbered)
        self.facts.append(numbered)

    def _due(self, stream: str) -> list[Command]:
        state, kind = self._states[stream], kind_of(stream)
        rules = PROCESSES[kind].policy(state, None, self.context())
        for timer in pending(kind, state, rules, self._calendar):
            if timer.due <= self.now:
                commands = commands_for(timer, state, self.now, self.context())
                if commands:
                    return commands
        return []

    def _event_at(self, stream: str, version: int) -> Fact | None:
        return next((f for f in self.facts if f.stream == stream and f.version == version), None)


def given(*happened: Fact | Command, **ports: Any) -> Scenario:
    """A new scenario in which this has happened. `ports` are those of `Scenario`."""
    return Scenario(**ports).given(*happened)


def _comparable(event: Event, wanted: Event) -> Event:
    if isinstance(event, StateEvent) and isinstance(wanted, StateEvent) and wanted.due_at is None:
        return event.model_copy(update={"due_at": None, "calendar": None, "provisional": False})
    return event


SINCE = date(2020, 1, 1)
"""The day from which all offices of the small county are held, and its policy is in force."""

_OFFICES = {
    "unit-county": ("registrar", "principal", "tier_officer", "archivist", "auditor", "importer", "reviewer"),
    "unit-street": ("principal", "tier_officer", "convenor", "reviewer"),
    "unit-community": ("tier_officer", "screener", "coordinator", "verifier", "convenor", "principal"),
    "unit-grid": ("grid_worker", "convenor"),
    "unit-grid2": ("grid_worker", "convenor"),
    "unit-water": ("handler", "principal"),
    "unit-roads": ("handler", "principal"),
    "unit-volunteers": ("handler", "principal"),
}


def _public(command: Command) -> Command:
    """A command that somebody may give, as the door asks; `given` takes those that follow from others too."""
    name = type(command).__name__
    if name not in COMMANDS:
        raise Refused(refusal("not_a_public_command", command=name), command=name, stream=command.stream)
    return command


def small_county(rules: ProcessPolicy | None = None) -> Iterable[Fact]:
    """Facts of a county in a nutshell: four tiers, two grids, three handling units, someone for every role.

    Office holders are called by place and role (`community-screener`, `water-handler`). Each area has five
    committee members (`grid-member1` to `grid-member5`); the grids have residents `resident1` to `resident9`
    (`unit-grid`) and `neighbour1` to `neighbour3` (`unit-grid2`), and party members `li` and `wang` live in
    `unit-grid`. The policy `policy-1` is in force from the county down.
    """
    areas = (
        ("unit-county", Tier.COUNTY, None),
        ("unit-street", Tier.STREET, "unit-county"),
        ("unit-community", Tier.COMMUNITY, "unit-street"),
        ("unit-grid", Tier.GRID, "unit-community"),
        ("unit-grid2", Tier.GRID, "unit-community"),
    )
    for unit, tier, parent in areas:
        yield on(unit, UnitCreated(title=unit, unit_kind=UnitKind.AREA, tier=tier, parent=parent))
    for unit in ("unit-water", "unit-roads", "unit-volunteers"):
        kind = UnitKind.VOLUNTEER_TEAM if unit == "unit-volunteers" else UnitKind.DEPARTMENT
        yield on(unit, UnitCreated(title=unit, unit_kind=kind, parent="unit-county"))
    for unit, roles in _OFFICES.items():
        place = unit.removeprefix("unit-")
        for role in roles:
            yield on(unit, Appointed(person=f"{place}-{role.replace('_', '-')}", role=Role(role), since=SINCE))
    for unit, _, _ in areas:
        place = unit.removeprefix("unit-")
        for number in range(1, 6):
            yield on(unit, Appointed(person=f"{place}-member{number}", role=Role.MEMBER, since=SINCE))
    living = {
        "unit-grid": [f"resident{number}" for number in range(1, 10)],
        "unit-grid2": [f"neighbour{number}" for number in range(1, 4)],
    }
    for unit, people in living.items():
        for person in people:
            yield on(unit, Appointed(person=person, role=Role.RESIDENT, since=SINCE))
    for person in ("li", "wang"):
        yield on("unit-grid", Appointed(person=person, role=Role.PARTY_MEMBER, since=SINCE))
    yield on("policy-1", PolicyDrafted(unit="unit-county", rules=rules or default_policy()))
    yield on("policy-1", PolicyPublished(unit="unit-county", effective=SINCE))
    yield on("unit-county", PolicyEnacted(policy="policy-1", begins=start_of(SINCE, default_policy())))
