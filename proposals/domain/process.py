"""Row and Process: one table per stream, and everything that is read off it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from transitions.extensions import GraphMachine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from enum import StrEnum

    from transitions import Machine

    from proposals.domain.context import Context, Site
    from proposals.domain.errors import Refusal
    from proposals.domain.event import Command, Event
    from proposals.domain.rules import ProcessPolicy
    from proposals.domain.state import State
    from proposals.domain.vocabulary import Kind, Role, Step

    Guard = Callable[[Any, Any, Context], Refusal | None]

NEW: Final = None
"""The source of a row that opens a stream."""

SAME: Final = None
"""The target of a note event ↺: the state stays what it was."""


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: in these states, this command by one of these roles gives this event and leads there.

    Guards are statements; each returns the reason for refusing, or None. A `reaction` is not a public
    command: it follows an event of another stream in the same transaction.
    """

    source: StrEnum | tuple[StrEnum, ...] | None
    command: type[Command]
    event: type[Event]
    target: StrEnum | None
    roles: tuple[Role, ...] = ()
    guards: tuple[Guard, ...] = ()
    reaction: bool = False
    step: Step | None = None

    @property
    def sources(self) -> tuple[StrEnum | None, ...]:
        """The states it starts from; None is "before the stream exists"."""
        return self.source if isinstance(self.source, tuple) else (self.source,)


class Process:
    """A table of rows with the indexes that deciding, replaying, drawing and checking read.

    Raises ValueError when the table contradicts itself: an event with two targets, two rows for one
    command in one state, a row out of a state that is terminal but not named as its exit.
    """

    def __init__(
        self,
        kind: Kind,
        states: type[StrEnum],
        state: type[State],
        rows: Iterable[Row],
        *,
        terminal: Iterable[StrEnum],
        site: Callable[[Any, Any, Context], Site],
        policy: Callable[[Any, Any, Context], ProcessPolicy | None],
    ) -> None:
        self.kind = kind
        self.states = states
        self.state = state
        self.rows = tuple(rows)
        self.terminal = frozenset(terminal)
        self.site = site
        self.policy = policy
        self.by_source: dict[tuple[StrEnum | None, type[Command]], Row] = {}
        self.target: dict[type[Event], StrEnum | None] = {}
        for row in self.rows:
            for source in row.sources:
                if self.by_source.setdefault((source, row.command), row) is not row:
                    message = f"{kind}: two rows for {row.command.__name__} in {source}"
                    raise ValueError(message)
            if self.target.setdefault(row.event, row.target) != row.target:
                message = f"{kind}: {row.event.__name__} leads to two states"
                raise ValueError(message)

    @cached_property
    def commands(self) -> Mapping[str, type[Command]]:
        """Every public command by name: those a person may ask for."""
        return {row.command.__name__: row.command for row in self.rows if not row.reaction}

    @cached_property
    def events(self) -> Mapping[str, type[Event]]:
        """Every event by its stable name."""
        return {event.name: event for event in self.target}

    def row(self, status: StrEnum | None, command: type[Command]) -> Row | None:
        """The rule for a command in a state, if there is one."""
        return self.by_source.get((status, command))

    def sources_of(self, command: type[Command]) -> list[str]:
        """The states in which a command is open, for the sentence that says why it is not open here."""
        return [str(source) for source, known in self.by_source if known is command and source is not None]

    def rows_from(self, status: StrEnum | None) -> list[Row]:
        """The rules that start in a state."""
        return [row for row in self.rows if status in row.sources]

    @cached_property
    def machine(self) -> Machine:
        """The one shared `transitions` machine of this table: for reachability and for the picture.

        Never one per case: making one costs a thousand times a look-up in the table (ADR 0003).
        """
        return GraphMachine(
            model=None,
            states=["new", *(str(state) for state in self.states)],
            initial="new",
            auto_transitions=False,
            graph_engine="mermaid",
            transitions=[
                {"trigger": row.command.__name__, "source": str(source or "new"), "dest": str(row.target)}
                for row in self.rows
                if row.target is not SAME
                for source in row.sources
            ],
        )

    def reachable_from(self, status: StrEnum | None) -> frozenset[str]:
        """Every state that some sequence of commands leads to from here, by the shared machine."""
        seen: set[str] = set()
        frontier = [str(status or "new")]
        while frontier:
            here = frontier.pop()
            for transition in self.machine.get_transitions(source=here):
                there = str(transition.dest)
                if there not in seen:
                    seen.add(there)
                    frontier.append(there)
        return frozenset(seen)
