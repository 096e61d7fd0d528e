"""The schedule: moves time from one hour of entering to the next, ticks, and records what is due, many at a time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from proposals.adapters.ballot_box import VotersForgotten
from proposals.demo.clock import entering_hour, next_calling
from proposals.demo.gathering import Gathering
from proposals.demo.script import Held, Move, Script, Seat, Step, Until
from proposals.domain.errors import Refused
from proposals.domain.evaluation_round import RoundStatus
from proposals.domain.event import Command, Fact

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from proposals.application import Proposals
    from proposals.demo.clock import SimulatedClock
    from proposals.demo.county import County
    from proposals.domain.meeting import Purpose

BATCH = 250
"""Commands in one transaction, as long as a single step does not bring more."""

AGENDA = 25
"""Matters on one agenda; the next meeting takes the rest."""


@dataclass(slots=True, eq=False)
class Runner:
    """A script under way."""

    script: Script[None]
    is_case: bool


class Schedule:
    """Runs scripts side by side in simulated time.

    Everything here follows from the scripts alone, not from what the database says, so that a run that was
    stopped can be made again on the same database: what is recorded already is answered from the log.
    """

    def __init__(
        self,
        app: Proposals,
        county: County,
        clock: SimulatedClock,
        run: str,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._app, self._county, self._clock, self._run = app, county, clock, run
        self._progress = progress
        self._order = count()
        self._steps: list[tuple[datetime, int, Runner, Step]] = []
        self._waits: list[tuple[datetime, int, Runner]] = []
        self._seats: defaultdict[tuple[str, Purpose], list[tuple[Runner, Seat]]] = defaultdict(list)
        self._called: set[tuple[str, Purpose]] = set()
        self._cases = self._ended = 0
        self.ticks = 0

    def add(self, script: Script[None]) -> None:
        """Puts a case's scenario on the schedule."""
        self._cases += 1
        self._go_on(Runner(script, is_case=True), None)

    def run(self) -> None:
        """Runs until every script has come to its end."""
        while self._steps or self._waits:
            first = min(queue[0][0] for queue in (self._steps, self._waits) if queue)
            hour = max(entering_hour(first), self._clock.now)
            self._clock.now = hour
            while self._steps and self._steps[0][0] <= hour:
                self._enter(hour)
            self._app.tick(hour)
            self.ticks += 1
            while self._waits and self._waits[0][0] <= hour:
                self._go_on(heappop(self._waits)[2], hour)
            self._tell()

    def _enter(self, hour: datetime) -> None:
        """Records every step that is due, in order, a few hundred commands at a time; then lets the scripts go on."""
        due: list[tuple[Runner, Step]] = []
        while self._steps and self._steps[0][0] <= hour:
            _, _, runner, step = heappop(self._steps)
            due.append((runner, step))
        while due:
            size, commands = 0, list[Command]()
            for _, step in due:
                if commands and len(commands) + len(step.commands) > BATCH:
                    break
                commands.extend(step.commands)
                size += 1
            answers = self._record(commands)
            for runner, step in due[:size]:
                self._go_on(runner, [fact for asked in step.commands for fact in answers[str(asked.command_id)]])
            del due[:size]
            self._tell()

    def _record(self, commands: list[Command]) -> defaultdict[str, list[Fact]]:
        try:
            facts = self._app.do(*commands)
        except (Refused, VotersForgotten):
            # An earlier run was stopped after a round was closed: its ballots are in, and their ids cannot be known
            # again, for that is what keeps them secret. Everything else is answered from the log.
            left = [command for command in commands if not self._is_behind(command)]
            if len(left) == len(commands):
                raise
            facts = self._app.do(*left)
        answers = defaultdict[str, list[Fact]](list)
        for fact in facts:
            answers[fact.command_id].append(fact)
        return answers

    def _is_behind(self, command: Command) -> bool:
        return command.secret and self._app.get(command.stream).status is not RoundStatus.OPEN

    def _go_on(self, runner: Runner, answer: object) -> None:
        """Lets a script go on to its next move, and puts that where it belongs."""
        try:
            move: Move = runner.script.send(answer)
        except StopIteration:
            self._ended += runner.is_case
            return
        match move:
            case Step():
                heappush(self._steps, (move.at, next(self._order), runner, move))
            case Until():
                heappush(self._waits, (move.at, next(self._order), runner))
            case Seat():
                self._seat(runner, move)

    # --- meetings that several cases share

    def _seat(self, runner: Runner, seat: Seat) -> None:
        """The next meeting of the unit takes it; if none is to be called yet, one is."""
        key = (seat.unit, seat.purpose)
        self._seats[key].append((runner, seat))
        if key not in self._called:
            self._called.add(key)
            self._go_on(Runner(self._meet(key, next_calling(seat.at)), is_case=False), None)

    def _meet(self, key: tuple[str, Purpose], at: datetime) -> Script[None]:
        """Calls and holds one shared meeting, and lets those who had a seat go on from there."""
        called: datetime = yield Until(at)
        unit, purpose = key
        seated, self._seats[key] = self._seats[key][:AGENDA], self._seats[key][AGENDA:]
        self._called.discard(key)
        if self._seats[key]:
            left = self._seats.pop(key)
            for runner, seat in left:
                self._seat(runner, Seat(called, seat.unit, seat.purpose, seat.wish))
        name = f"meeting-{self._run}-{unit.removeprefix('unit-')}-{purpose.value}-{called:%Y%m%d}"
        rng = Random(name)  # noqa: S311 - made-up people, the same ones on every run
        gathering = Gathering(self._county, name, unit, purpose, called + timedelta(minutes=10), rng)
        facts: list[Fact] = yield Step(tuple(gathering.calling([seat.wish for _, seat in seated])))
        facts += yield Step(tuple(gathering.holding(gathering.somebody_is_away())))
        held: Held = gathering.held(facts)
        for runner, _ in seated:
            self._go_on(runner, held)

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._ended, self._cases)
