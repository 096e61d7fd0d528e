"""decide, evolve, fold: the same three functions for every stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proposals.domain.authority import approved, may_act
from proposals.domain.deadlines import end_of
from proposals.domain.errors import Refusal, Refused, refusal
from proposals.domain.event import Fact, StateEvent
from proposals.domain.process import SAME
from proposals.domain.vocabulary import SYSTEM, instant_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from proposals.domain.context import Context, Site
    from proposals.domain.event import Command, Event
    from proposals.domain.process import Process, Row
    from proposals.domain.rules import ProcessPolicy
    from proposals.domain.state import State


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a command is being decided: the command a person gave, and for a reaction the fact it follows."""

    command_id: str
    correlation_id: str
    causation_id: str


def decide(process: Process, state: Any, command: Command, context: Context, cause: Cause) -> Fact:
    """The fact that a command gives. Pure: the same arguments give the same fact.

    `command.at` must be filled in; `by_now` does so where nobody gave a time. Raises Refused with the first rule that
    stands in the way.
    """
    row = process.row(state.status if state is not None else None, type(command))
    if row is None:
        raise Refused(
            no_row(process, state, command),
            guard="state",
            command=type(command).__name__,
            stream=command.stream,
        )
    command = _not_ahead(process, state, command, context)
    reason, guard = why_not(process, row, state, command, context)
    if reason is not None:
        raise Refused(reason, guard=guard, command=type(command).__name__, stream=command.stream)
    fact = _fact(row.event.of(state, command, context), state, command, cause)
    if row.target is SAME or not isinstance(fact.event, StateEvent):
        return fact
    return _with_deadline(process, state, fact, command, context)


def why_not(process: Process, row: Row, state: Any, command: Command, context: Context) -> tuple[Refusal | None, str]:
    """The first reason against a row, with the name of the guard that gave it; (None, "") if there is none."""
    assert command.at is not None
    rules = process.policy(state, command, context)
    reason = _timely(state, command, command.at, rules or context.default_policy, context)
    if reason is not None:
        return reason, "time"
    if not row.reaction:
        site = process.site(state, command, context)
        reason = may_act(row, state, command, site, rules, context)
        if reason is not None:
            return reason, "authority"
        reason = _late_entry_is_approved(command, rules or context.default_policy, site, context)
        if reason is not None:
            return reason, "late_entry"
    for guard in row.guards:
        reason = guard(state, command, context)
        if reason is not None:
            return reason, guard.__name__
    return None, ""


def by_now(state: State | None, context: Context) -> datetime:
    """Now; or when the stream's last event happened, if that was recorded by a clock ahead of ours."""
    last = state.last_at if state is not None else None
    return context.now if last is None else max(context.now, last)


def _not_ahead(process: Process, state: Any, command: Command, context: Context) -> Command:
    """A clock that is ahead of ours, within the skew, dates an act later than now; it happened by now all the same.

    Otherwise whoever dates an act ahead would do it before its time, and keep everybody else waiting for it.
    """
    assert command.at is not None
    if command.at <= context.now:
        return command
    rules = process.policy(state, command, context) or context.default_policy
    if _too_far_ahead(command.at, rules, context):
        return command
    return command.model_copy(update={"at": min(command.at, by_now(state, context))})


def evolve(process: Process, state: State | None, fact: Fact) -> State:
    """The state after a fact. It never validates: what is recorded, happened."""
    after = state.copy() if state is not None else process.state(id=fact.stream)
    _apply(process, after, fact)
    return after


def fold(process: Process, facts: Iterable[Fact], state: State | None = None) -> State | None:
    """The state after all facts of a stream, in order; None if there are none."""
    after = state.copy() if state is not None else None
    for fact in facts:
        if after is None:
            after = process.state(id=fact.stream)
        _apply(process, after, fact)
    return after


def _apply(process: Process, state: Any, fact: Fact) -> None:
    event = fact.event
    target = process.target[type(event)]
    if target is not SAME:
        state.status = target
        state.last_at = fact.occurred_at
        state.missed = ()
        if isinstance(event, StateEvent):
            state.due_at = event.due_at
            state.calendar = event.calendar
        if state.opened_at is None:
            state.opened_at = fact.occurred_at
    state.version = fact.version
    event.apply(state, fact)


def _fact(event: Event, state: Any, command: Command, cause: Cause) -> Fact:
    assert command.at is not None
    return Fact(
        stream=command.stream,
        version=(state.version if state is not None else 0) + 1,
        event=event,
        occurred_at=command.at,
        actor=command.recorded_act.actor,
        entered_by=command.recorded_act.entered_by,
        command_id=cause.command_id,
        correlation_id=cause.correlation_id,
        causation_id=cause.causation_id,
    )


def _with_deadline(process: Process, state: Any, fact: Fact, command: Command, context: Context) -> Fact:
    """Records in the event itself when its state's owner must have acted, so that SQL needs no calendar."""
    event = fact.event
    assert isinstance(event, StateEvent)
    target = process.target[type(event)]
    rules = process.policy(state, command, context)
    deadline = rules.deadline(process.kind, target) if rules is not None else None
    if rules is None or deadline is None:
        return fact
    changes: dict[str, object] = {"calendar": context.calendar.version}
    if event.due_at is None:
        if deadline.within is None:
            return fact
        end = end_of(fact.occurred_at, deadline.within, rules, context.calendar)
        changes |= {"due_at": end.at, "provisional": end.provisional}
    return fact._replace(event=event.model_copy(update=changes))


def no_row(process: Process, state: Any, command: Command) -> Refusal:
    """Why a table has no rule for a command here."""
    name = type(command).__name__
    if state is None:
        return refusal("no_such_stream", stream=command.stream)
    if process.row(None, type(command)) is not None:
        return refusal("already_exists", stream=command.stream, status=state.status.value)
    return refusal(
        "wrong_state",
        command=name,
        stream=command.stream,
        status=state.status.value,
        allowed=process.sources_of(type(command)),
    )


def _timely(state: Any, command: Command, at: datetime, rules: ProcessPolicy, context: Context) -> Refusal | None:
    """Time never runs backwards in a stream, never into the future beyond the clock's skew (domain, *Time*).

    A note belongs to the state it is made in, so it is not before that state began either; only what may be
    entered late is.
    """
    if _too_far_ahead(at, rules, context):
        return refusal("in_the_future", at=instant_text(at), now=instant_text(context.now))
    if state is None:
        return None
    if not command.late_entry and at < state.last_at:
        return refusal("before_the_last_event", at=instant_text(at), last=instant_text(state.last_at))
    if at < state.opened_at:
        return refusal("before_the_stream", at=instant_text(at), opened=instant_text(state.opened_at))
    return None


def _too_far_ahead(at: datetime, rules: ProcessPolicy, context: Context) -> bool:
    return at > context.now and at > end_of(context.now, rules.clock_skew, rules, context.calendar).at


def _late_entry_is_approved(command: Command, rules: ProcessPolicy, site: Site, context: Context) -> Refusal | None:
    """What a person did is entered within the policy's limit; some of it also beyond, with an approver.

    An approver who is named is checked in any case, because the event will name them too; where a command always
    has one, its own guard does so. The system is never late: it says when something was due.
    """
    assert command.at is not None
    if command.actor == SYSTEM:
        return None
    in_time = any(
        end_of(command.at, period, rules, context.calendar).at >= context.now
        for period in (rules.late_entry, rules.clock_skew)
    )
    if in_time and not command.late_entry:
        return None
    approver = getattr(command, "approved_by", None)
    if approver is not None and command.late_entry:
        return approved(approver, command, site, context.day(context.now, rules), context)
    if in_time or approver is not None:
        return None
    return refusal("entered_too_late", at=instant_text(command.at), limit=str(rules.late_entry))
