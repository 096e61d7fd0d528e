"""What is open to someone now, and why the rest is not: the table asked row by row, without recording anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from proposals.domain.decider import why_not
from proposals.domain.errors import Refusal, Refused, refusal
from proposals.domain.vocabulary import Act

if TYPE_CHECKING:
    from datetime import datetime

    from proposals.domain.context import Context
    from proposals.domain.event import Command
    from proposals.domain.process import Process, Row
    from proposals.domain.state import State


@dataclass(frozen=True, slots=True)
class Option:
    """A command and whether it is open. `needs` are the fields it still wants; its guards may yet look at them."""

    command: str
    open: bool
    refusal: Refusal | None
    needs: tuple[str, ...]


class _NotSaidYet(Exception):
    pass


class _Blank:
    """A command with only its people and its time filled in; asking for anything else says so."""

    def __init__(self, command: type[Command], stream: str, act: Act, at: datetime) -> None:
        self.__dict__.update(command=command, stream=stream, act=act, actor=act.actor, entered_by=act.entered_by, at=at)
        self.__dict__["late_entry"] = False

    def __getattr__(self, field: str) -> Any:
        raise _NotSaidYet(field)


def options(process: Process, state: State, actor: str, at: datetime, context: Context) -> list[Option]:
    """Every public command for a stream that exists, those open first. What begins a stream is none of them."""
    answers = [
        _option(process, command, state, Act(actor, actor), at, context)
        for command in process.commands.values()
        if process.sources_of(command)
    ]
    return sorted(answers, key=lambda option: not option.open)


def _option(process: Process, command: type[Command], state: State, act: Act, at: datetime, context: Context) -> Option:
    address = {process.kind.value, "actor", "entered_by", "at", "command_id"}
    needs = tuple(name for name, field in command.model_fields.items() if field.is_required() and name not in address)
    row = process.row(state.status, command)
    if row is None:
        closed = refusal(
            "wrong_state",
            command=command.__name__,
            stream=state.id,
            status=str(state.status),
            allowed=process.sources_of(command),
        )
        return Option(command.__name__, open=False, refusal=closed, needs=needs)
    reason = _asked(process, row, state, _Blank(command, state.id, act, at), context)
    return Option(command.__name__, open=reason is None, refusal=reason, needs=needs)


def _asked(process: Process, row: Row, state: State, blank: _Blank, context: Context) -> Refusal | None:
    """The first reason that stands whatever is filled in; guards about what is not said yet are left for later."""
    try:
        reason, _ = why_not(process, replace(row, guards=()), state, blank, context)  # type: ignore[arg-type]
    except _NotSaidYet:
        reason = None
    except Refused as refused:
        reason = refused.reason
    if reason is not None:
        return reason
    for guard in row.guards:
        try:
            reason = guard(state, blank, context)
        except _NotSaidYet:
            continue
        if reason is not None:
            return reason
    return None
