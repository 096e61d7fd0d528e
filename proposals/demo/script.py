"""What a scenario is made of: a generator that yields moves, and is answered with what came of each."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from proposals.domain.event import Command, Event, Fact
from proposals.domain.meeting import Purpose
from proposals.domain.vocabulary import Funding, Motion, Plan

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Step:
    """Commands of one case, in order, recorded together. Answered with their facts."""

    commands: tuple[Command, ...]

    @property
    def at(self) -> datetime:
        """When the last of them happened: they can be entered from then on."""
        return max(command.at for command in self.commands if command.at is not None)


@dataclass(frozen=True, slots=True)
class Until:
    """Waits for an instant, and for what the clock does then. Answered with the moment of that tick."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """What a case wants of a meeting, and how the members are going to vote on it."""

    proposal: str
    revision: int
    motion: Motion
    plan: Plan | None = None
    funding: tuple[Funding, ...] = ()
    passes: bool = True
    recused: int = 0


@dataclass(frozen=True, slots=True)
class Seat:
    """Asks for a place on the next meeting of a unit, which others share. Answered with the meeting, Held."""

    at: datetime
    unit: str
    purpose: Purpose
    wish: Wish


@dataclass(frozen=True, slots=True)
class Held:
    """A meeting that took place."""

    meeting: str
    chair: str
    present: tuple[str, ...]
    ended_at: datetime
    facts: list[Fact]


T = TypeVar("T")

Move: TypeAlias = Step | Until | Seat
Script: TypeAlias = Generator[Move, Any, T]
"""A scenario, or a part of one that gives a T. What each move is answered with, the move says."""

E = TypeVar("E", bound=Event)


def found(facts: Iterable[Fact], event: type[E], stream: str | None = None) -> E:
    """The first event of a class among the facts, on a stream if one is named. Raises LookupError if there is none.

    Scenarios look at answers only, never at the present state: on a second run the answers are still the same.
    """
    for fact in facts:
        if isinstance(fact.event, event) and stream in {None, fact.stream}:
            return fact.event
    raise LookupError(f"no {event.__name__} among the answers")
