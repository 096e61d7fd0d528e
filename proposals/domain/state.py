"""The part of a state that every stream shares."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from datetime import datetime
    from enum import StrEnum

    from proposals.domain.context import Context
    from proposals.domain.deadlines import Timer
    from proposals.domain.rules import ProcessPolicy
    from proposals.domain.vocabulary import Role

_CONTAINERS = (dict, list, set)


@dataclass(slots=True, kw_only=True)
class State:
    """What a stream's events add up to. Containers hold immutable values only, so one level of copying is enough."""

    id: str = ""
    version: int = 0
    status: StrEnum | None = None
    opened_at: datetime | None = None
    last_at: datetime | None = None
    """When the last state event happened: the next one may not be earlier."""
    due_at: datetime | None = None
    """When the owner of the present state must have acted."""
    calendar: str | None = None
    missed: tuple[str, ...] = ()
    """The timers that have gone off in the present period."""

    @property
    def clock_stopped(self) -> bool:
        """Whether the state's own timers rest, as an order's do while its case is suspended."""
        return False

    @property
    def holds_personal_data(self) -> bool:
        """Whether there is personal data in clear in it."""
        return False

    @property
    def ruled_by_it(self) -> tuple[str, ...]:
        """Other streams that take their rules from this one, as a case's orders do."""
        return ()

    def is_in(self, role: Role, person: str, command: Any, context: Context) -> bool:
        """Whether a role follows for a person from the stream itself, as the proposer's does from the case."""
        return False

    def more_timers(self, rules: ProcessPolicy) -> list[Timer]:
        """Timers besides that of the state itself, such as one for each open objection."""
        return []

    def copy(self) -> Self:
        """An independent copy."""
        twin = object.__new__(type(self))
        for name in _names(type(self)):
            value = getattr(self, name)
            setattr(twin, name, value.copy() if type(value) in _CONTAINERS else value)
        return twin


_NAMES: dict[type[State], tuple[str, ...]] = {}


def _names(cls: type[State]) -> tuple[str, ...]:
    names = _NAMES.get(cls)
    if names is None:
        names = _NAMES[cls] = tuple(field.name for field in fields(cls))
    return names
