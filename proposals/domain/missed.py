"""Missed deadlines: the note that a tick leaves on any stream whose owner did not act in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import StringConstraints

from proposals.domain.deadlines import not_before, pending
from proposals.domain.errors import Refusal, refusal
from proposals.domain.event import Command, Event, Fact
from proposals.domain.process import SAME, Row
from proposals.domain.rules import Action
from proposals.domain.vocabulary import Code, Instant, Line, Role, instant_text, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

    from proposals.domain.context import Context
    from proposals.domain.rules import ProcessPolicy

NOTED = frozenset({Action.RECORD, Action.TIER_OFFICER, Action.URGE, Action.ESCALATE})
"""What a tick may do by leaving a note. A timer that does something else must not be silenced by one."""

StreamId = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]


class RecordMissed(Command):
    """Notes that a time has passed. It goes to a stream of any kind that has owners and times."""

    on: StreamId
    timer: Line
    due: Instant
    owner: Role
    action: Code

    @property
    def stream(self) -> str:
        """The stream whose time has passed."""
        return self.on


class DeadlineMissed(Event):
    """Nobody acted in time; `owner` should have, by `due`. `action` is what the policy has follow."""

    timer: Line
    due: Instant
    owner: Role
    action: Code

    def apply(self, state: Any, fact: Fact) -> None:
        """The timer has gone off."""
        state.missed = (*state.missed, self.timer)


def the_time_has_passed(state: Any, command: RecordMissed, context: Context) -> Refusal | None:
    """It is noted once in a period, and not before."""
    if command.timer in state.missed:
        return refusal("noted_already", timer=command.timer)
    return not_before(command.due, command.at)


def missed_row(states: tuple[StrEnum, ...], policy: Callable[[Any, Any, Context], ProcessPolicy | None]) -> Row:
    """The row that a table takes in for its states; `policy` is the table's own, which knows the rules of a state."""

    def the_clock_waits_for_it(state: Any, command: RecordMissed, context: Context) -> Refusal | None:
        """It is a timer of the present state, as the rules and the calendar have it, and one that leaves a note."""
        timers = pending(kind_of(state.id), state, policy(state, command, context), context.calendar)
        noted = {(timer.name, timer.due, timer.owner, str(timer.action)) for timer in timers if timer.action in NOTED}
        if (command.timer, command.due, command.owner, command.action) not in noted:
            return refusal("no_such_timer", timer=command.timer, due=instant_text(command.due))
        return None

    guards = (the_time_has_passed, the_clock_waits_for_it)
    return Row(states, RecordMissed, DeadlineMissed, SAME, (Role.SYSTEM,), guards)
