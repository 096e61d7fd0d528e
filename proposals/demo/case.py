"""One case of the demonstration: where it is, who acts in it, and its own running time."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING

from proposals.demo.clock import in_working_hours
from proposals.demo.gathering import Gathering
from proposals.demo.script import Script, Step, Until, Wish
from proposals.domain.vocabulary import Evidence, Motion, Plan, Role, Source, UnitKind, kind_of, token_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from proposals.demo.county import County
    from proposals.demo.matter import Content
    from proposals.domain.event import Command, Fact
    from proposals.domain.meeting import Purpose

Hours = tuple[float, float]
"""At least and at most so many hours later."""

SOON: Hours = (0.3, 3)
DAYS: Hours = (20, 70)

_SOURCES = {
    Source.MEMBER_PROPOSAL: Role.PARTY_MEMBER,
    Source.OTHER: Role.RESIDENT,
    Source.PATROL: Role.GRID_WORKER,
    Source.RESIDENT_COUNCIL: Role.CONVENOR,
}


class Case:
    """A proposal to be, its people, and a time that only goes forward.

    Chance comes from the run's seed and the case's key alone, and so do all ids.
    """

    def __init__(self, county: County, run: str, key: str, grid: str, content: Content, at: datetime) -> None:
        self.county, self.run, self.key = county, run, key
        self.grid = self.unit = grid
        self.content = content
        self.now = at
        self.id = f"proposal-{run}-{key}"
        self.revision = 1
        self.rng = Random(f"{run}:{key}")  # noqa: S311 - made-up people, the same ones on every run
        self.source = self.rng.choices(list(_SOURCES), (50, 30, 12, 8))[0]
        self.proposer = self.rng.choice(county.people(grid, _SOURCES[self.source]))
        self.root: str | None = None
        """Another open case that this one could be merged into."""
        self._commands = self._gatherings = 0

    # --- who acts

    @property
    def convenor(self) -> str:
        """Of the unit where the case is now."""
        return self.county.people(self.unit, Role.CONVENOR)[0]

    @property
    def tier_officer(self) -> str:
        """Of the unit above; at the top, of the county."""
        return self.county.people(self.county.parent(self.unit), Role.TIER_OFFICER)[0]

    @property
    def screener(self) -> str:
        """Of the grid's community."""
        return self.county.nearest(self.grid, Role.SCREENER)

    @property
    def coordinator(self) -> str:
        """Of the grid's community."""
        return self.county.nearest(self.grid, Role.COORDINATOR)

    @property
    def verifier(self) -> str:
        """Of the grid's community."""
        return self.county.nearest(self.grid, Role.VERIFIER)

    @property
    def reviewer(self) -> str:
        """Of the grid's street."""
        return self.county.nearest(self.grid, Role.REVIEWER)

    @property
    def grid_worker(self) -> str:
        """Of the grid."""
        return self.county.people(self.grid, Role.GRID_WORKER)[0]

    @property
    def clerk(self) -> str:
        """Who keys in ballots that come on paper: the grid worker, or for what that one raised another coordinator."""
        if self.grid_worker != self.proposer:
            return self.grid_worker
        return self.county.nearest(self.grid, Role.COORDINATOR, 1)

    def handler(self, unit: str) -> str:
        """Somebody who works for a handling unit."""
        return self.county.people(unit, Role.HANDLER)[0]

    def principal(self, unit: str) -> str:
        """Who signs for a handling unit."""
        return self.county.people(unit, Role.PRINCIPAL)[0]

    def residents(self, number: int) -> list[str]:
        """So many residents of the grid, without the proposer."""
        everyone = [person for person in self.county.people(self.grid, Role.RESIDENT) if person != self.proposer]
        return self.rng.sample(everyone, number)

    def helpers(self, number: int, besides: Sequence[str] = ()) -> tuple[str, ...]:
        """So many units that could lend a hand, without the lead and those named."""
        kinds = (UnitKind.DEPARTMENT, UnitKind.RESIDENT_UNIT, UnitKind.SOCIAL_ORGANISATION, UnitKind.VOLUNTEER_TEAM)
        others = [unit for unit in self.county.bodies(*kinds) if unit not in {self.content.department, *besides}]
        return tuple(self.rng.sample(others, number))

    # --- what is done

    def wait(self, hours: Hours, *, day_and_night: bool = False) -> None:
        """Time passes; people act in working hours unless it is said otherwise."""
        self.now += timedelta(hours=self.rng.uniform(*hours))
        self.now = self.now.replace(microsecond=0)
        if not day_and_night:
            self.now = in_working_hours(self.now, self.rng)

    def command(self, command: type[Command], actor: str, stream: str | None = None, **fields: object) -> Command:
        """A command at the case's present time, to the case itself unless another stream is named."""
        self._commands += 1
        address = {kind_of(stream or self.id).value: stream or self.id}
        name = f"demo:{self.run}:{self.key}:{self._commands}"
        people_and_time = {"actor": actor, "at": self.now, "command_id": name}
        return command.model_validate({**address, **people_and_time, **fields})

    def go(
        self, command: type[Command], actor: str, stream: str | None = None, hours: Hours = SOON, **fields: object
    ) -> Script[list[Fact]]:
        """One act, after a while. Gives its facts."""
        self.wait(hours)
        facts: list[Fact] = yield Step((self.command(command, actor, stream, **fields),))
        return facts

    def together(self, *commands: Command) -> Script[list[Fact]]:
        """Acts that are entered together. Gives their facts."""
        facts: list[Fact] = yield Step(commands)
        return facts

    def until(self, instant: datetime | None) -> Script[None]:
        """Until the clock has done what is due at an instant."""
        if instant is None:
            message = f"{self.id} waits for something that has no time"
            raise ValueError(message)
        self.now = yield Until(instant)

    def days(self, number: int) -> Script[None]:
        """So many days pass, and the clock does what is due meanwhile."""
        yield from self.until(self.now + timedelta(days=number))

    def move(self, grids: Sequence[str]) -> None:
        """Before it is raised: it is about another grid, one of these."""
        self.grid = self.unit = self.rng.choice(grids)
        self.proposer = self.rng.choice(self.county.people(self.grid, _SOURCES[self.source]))

    def rise(self) -> None:
        """The case is a tier higher now."""
        self.unit = self.county.parent(self.unit)

    # --- what it brings along

    def wish(self, motion: Motion, *, passes: bool = True, recused: int = 0) -> Wish:
        """What the case wants of a meeting; to be adopted it brings a plan."""
        plan = None
        if motion is Motion.ADOPT:
            summary = "由牵头单位负责解决，限期办结。 / The lead unit is to solve it in time."
            plan = Plan(summary=summary, lead=self.content.department, assisting=self.helpers(1))
        return Wish(self.id, self.revision, motion, plan, passes=passes, recused=recused)

    def gathering(self, purpose: Purpose, days: int = 4) -> Gathering:
        """A meeting for this case alone, called now."""
        self._gatherings += 1
        name = f"meeting-{self.run}-{self.key}.{self._gatherings}"
        return Gathering(self.county, name, self.unit, purpose, self.now, self.rng, days)

    def photo(self, of: str) -> Evidence:
        """A picture that was taken of something."""
        digest = sha256(f"{self.id}:{of}".encode()).hexdigest()
        name = f"{token_of(self.id)}-{of}.jpg"
        return Evidence(
            name=name,
            media_type="image/jpeg",
            size=20_000 + int(digest[:4], 16),
            sha256=digest,
            uri=f"urn:sha256:{digest}",
        )
