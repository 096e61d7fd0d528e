"""What a decision may look at besides its own stream: the time, other streams, and the ports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from proposals.domain.errors import Refused, refusal
from proposals.domain.ports import Funds, NoFunds
from proposals.domain.vocabulary import Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from proposals.domain.event import Fact
    from proposals.domain.organisation import Unit
    from proposals.domain.policy import Policy
    from proposals.domain.ports import BallotBox, Calendar
    from proposals.domain.rules import ProcessPolicy


@dataclass(frozen=True, slots=True)
class Site:
    """Where a case is: the place it is about, the unit that deals with it now, and the unit that handles it."""

    place: str
    unit: str
    handling_unit: str | None = None


@dataclass(slots=True)
class Context:
    """Everything outside its own stream that a decision may read. The reader notes what was read (ADR 0006)."""

    now: datetime
    read: Callable[[str], Any]
    """Another stream's state, or None. Whose it is follows from the id, and who asks knows."""
    calendar: Calendar
    ballot_box: BallotBox
    default_policy: ProcessPolicy
    event_at: Callable[[str, int], Fact | None]
    directory: Callable[[str], Unit | None] | None = None
    funds: Funds = field(default_factory=NoFunds)

    def unit(self, unit: str) -> Unit | None:
        """The unit, from the host's directory if it supplies one, else from the organisation streams."""
        if self.directory is not None:
            return self.directory(unit)
        found: Unit | None = self.read(unit)
        return found

    def above(self, unit: str) -> Iterator[Unit]:
        """The unit and its ancestors, nearest first."""
        seen: set[str] = set()
        here: str | None = unit
        while here is not None and here not in seen:
            seen.add(here)
            found = self.unit(here)
            if found is None:
                return
            yield found
            here = found.parent

    def acting(self, unit: str) -> str:
        """The unit that acts for a case there: the unit itself, or once that is closed the nearest open one above."""
        return next((found.id for found in self.above(unit) if found.is_open), unit)

    def parent(self, unit: str) -> Unit | None:
        """The nearest open unit above the one that acts, or None at the top."""
        here = self.acting(unit)
        return next((found for found in self.above(here) if found.is_open and found.id != here), None)

    def is_within(self, unit: str, area: str) -> bool:
        """Whether a unit is an area or lies in it."""
        return any(found.id == area for found in self.above(unit))

    def community_and_above(self, place: str) -> Iterator[Unit]:
        """The place's community, street and county: those who screen, coordinate, verify and review."""
        return (unit for unit in self.above(place) if unit.tier not in {Tier.GRID, Tier.BUILDING})

    def policy(self, policy: str) -> ProcessPolicy:
        """The rules of a policy edition. Raises Refused if there is no such edition."""
        found: Policy | None = self.read(policy)
        if found is None:
            raise Refused(refusal("policy_unknown", policy=policy))
        return found.rules

    def policy_in_force(self, unit: str, at: datetime) -> str | None:
        """The edition in force at a unit at that moment: its own, or that of the nearest unit above."""
        for found in self.above(unit):
            edition = found.policy_at(at)
            if edition is not None:
                return edition
        return None

    def day(self, at: datetime, rules: ProcessPolicy | None = None) -> date:
        """The local calendar day of an instant, in the policy's zone."""
        return at.astimezone(ZoneInfo((rules or self.default_policy).time_zone)).date()

    def state(self, stream: str) -> Any:
        """Another stream's state. Raises Refused if it does not exist."""
        found = self.read(stream)
        if found is None:
            raise Refused(refusal("no_such_stream", stream=stream))
        return found
