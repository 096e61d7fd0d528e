"""Ticks: what the clock asks for when a timer has run out. Late or repeated, a tick has no second effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from proposals.domain.case import Proposal, exhausted
from proposals.domain.decision import ConfirmDecision
from proposals.domain.evaluation import EscalateRectification
from proposals.domain.evaluation_round import CloseRound
from proposals.domain.handling import ResumeHandling
from proposals.domain.keeping import ArchiveProposal
from proposals.domain.meeting_acts import LapseMeeting
from proposals.domain.missed import RecordMissed
from proposals.domain.raising import LapseProposal
from proposals.domain.rules import Action
from proposals.domain.vocabulary import SYSTEM, Kind, instant_text, kind_of
from proposals.domain.work_order import UrgeOrder

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from proposals.domain.context import Context
    from proposals.domain.deadlines import Timer
    from proposals.domain.event import Command
    from proposals.domain.state import State

Wanted = tuple["type[Command]", dict[str, Any]]
"""A command and the fields that are its own."""


def commands_for(timer: Timer, state: State, now: datetime, context: Context) -> list[Command]:
    """The system's commands for a timer that has run out; none if it has to wait, as for an open objection.

    Their ids derive from stream, timer and due time, so that the same tick twice is the same command.
    """
    return [
        command(
            **{kind_of(state.id).value if command is not RecordMissed else "on": state.id},
            actor=SYSTEM,
            at=now,
            command_id=f"tick:{state.id}:{timer.name}:{instant_text(timer.due)}:{command.__name__}",
            **fields,
        )
        for command, fields in _FOLLOWS[timer.action](timer, state, context)
    ]


def _note(timer: Timer, state: State, context: Context) -> Iterator[Wanted]:
    yield RecordMissed, {"timer": timer.name, "due": timer.due, "owner": timer.owner, "action": timer.action.value}


def _urge(timer: Timer, state: State, context: Context) -> Iterator[Wanted]:
    yield from _note(timer, state, context)
    if kind_of(state.id) is Kind.ORDER:
        yield UrgeOrder, {"message": f"overdue since {instant_text(timer.due)}"}


def _lapse(timer: Timer, state: State, context: Context) -> Iterator[Wanted]:
    yield (LapseMeeting if kind_of(state.id) is Kind.MEETING else LapseProposal), {}


def _confirm(timer: Timer, state: Proposal, context: Context) -> Iterator[Wanted]:
    if not state.open_objections:
        yield ConfirmDecision, {}


def _resume(timer: Timer, state: State, context: Context) -> Iterator[Wanted]:
    yield ResumeHandling, {}


def _escalate(timer: Timer, state: Proposal, context: Context) -> Iterator[Wanted]:
    if exhausted("rounds", state, context) and context.parent(state.unit) is not None:
        yield EscalateRectification, {"reason": "evaluation rounds exhausted"}
    else:
        yield from _note(timer, state, context)


def _close_round(timer: Timer, state: State, context: Context) -> Iterator[Wanted]:
    if kind_of(state.id) is Kind.ROUND:  # the case waits for its round, which has the same time
        yield CloseRound, {}


def _archive(timer: Timer, state: Proposal, context: Context) -> Iterator[Wanted]:
    yield ArchiveProposal, {"retention_class": context.policy(state.policy).archive_as}


_FOLLOWS: dict[Action, Callable[[Timer, Any, Context], Iterator[Wanted]]] = {
    Action.RECORD: _note,
    Action.TIER_OFFICER: _note,
    Action.URGE: _urge,
    Action.LAPSE: _lapse,
    Action.CONFIRM: _confirm,
    Action.RESUME: _resume,
    Action.ESCALATE: _escalate,
    Action.CLOSE_ROUND: _close_round,
    Action.ARCHIVE: _archive,
}
