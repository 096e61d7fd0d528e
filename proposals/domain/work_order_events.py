"""The work order's events."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from proposals.domain.deadlines import prolonged
from proposals.domain.event import Command, Event, Fact, StateEvent
from proposals.domain.rules import Period
from proposals.domain.vocabulary import (
    Code,
    Evidence,
    Instant,
    Line,
    ProposalId,
    Text,
    UnitId,
    Urgency,
)
from proposals.domain.work_order import (
    _O,
    DirectOrder,
    DispatchOrder,
    GrantExtension,
    RedispatchOrder,
    ReopenOrder,
    RestartOrderClock,
    WorkOrder,
    rules_of_order,
    times_of,
)

if TYPE_CHECKING:
    from proposals.domain.context import Context

# --- events


class OrderDispatched(StateEvent):
    """A unit is to act: to acknowledge by `due_at`, to be done by `complete_by`."""

    proposal: ProposalId
    unit: UnitId
    lead: bool
    urgency: Urgency
    complete_by: Instant
    declines: int = 0

    @classmethod
    def of(cls, state: None, command: DispatchOrder, context: Context) -> OrderDispatched:
        """Both times by urgency."""
        due, complete_by = times_of(command, command.proposal, command.urgency, context)
        return cls(
            proposal=command.proposal,
            unit=command.unit,
            lead=command.lead,
            urgency=command.urgency,
            due_at=due,
            complete_by=complete_by,
            declines=command.declines,
        )

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """Whose it is, and by when."""
        state.proposal, state.unit, state.lead = self.proposal, self.unit, self.lead
        state.urgency, state.complete_by, state.declines = self.urgency, self.complete_by, self.declines


class OrderAcknowledged(StateEvent):
    """The unit has it; what counts now is when it must be done."""

    @classmethod
    def of(cls, state: WorkOrder, command: Command, context: Context) -> OrderAcknowledged:
        """Due when the order must be done."""
        return cls(due_at=state.complete_by)

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """Who acknowledges, handles."""
        state.handlers = (*state.handlers, fact.act)


class OrderDeclined(StateEvent):
    """The unit sent it back."""

    ground: Code
    reason: Text

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """One more decline; the coordinator's time begins now, also while the case is suspended."""
        state.declines += 1
        state.clock_from(fact)


class _SentAgain(StateEvent):
    unit: UnitId
    reason: Text
    complete_by: Instant

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """Whose it is now, and by when; an extension may be asked for anew."""
        state.unit, state.complete_by = self.unit, self.complete_by
        state.asked_by, state.extended = None, False
        state.clock_from(fact)


def _sent_again(state: WorkOrder, command: RedispatchOrder | DirectOrder, context: Context) -> dict[str, Any]:
    due, complete_by = times_of(command, state.proposal, state.urgency, context)
    return {"unit": command.unit, "reason": command.reason, "due_at": due, "complete_by": complete_by}


class OrderRedispatched(_SentAgain):
    """It went out again."""

    @classmethod
    def of(cls, state: WorkOrder, command: RedispatchOrder, context: Context) -> OrderRedispatched:
        """With the full time again."""
        return cls(**_sent_again(state, command, context))


class OrderDirected(_SentAgain):
    """It went out again, and must be taken."""

    @classmethod
    def of(cls, state: WorkOrder, command: DirectOrder, context: Context) -> OrderDirected:
        """With the full time again."""
        return cls(**_sent_again(state, command, context))

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """It cannot be declined any more."""
        super().apply(state, fact)
        state.directed = True


class HandlerReportedIn(StateEvent):
    """The unit is on the spot."""

    @classmethod
    def of(cls, state: WorkOrder, command: Command, context: Context) -> HandlerReportedIn:
        """Still due when the order must be done."""
        return cls(due_at=state.complete_by)

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """Who reports in, handles."""
        state.handlers = (*state.handlers, fact.act)


class OrderCompleted(StateEvent):
    """The unit has done its part."""

    report: Text
    evidence: tuple[Evidence, ...]

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """With its evidence."""
        state.evidence = (*state.evidence, *self.evidence)
        state.handlers = (*state.handlers, fact.act)


class OrderAccepted(StateEvent):
    """The work was verified."""


class OrderReopened(StateEvent):
    """The work must be done again."""

    reason: Text
    complete_by: Instant

    @classmethod
    def of(cls, state: WorkOrder, command: ReopenOrder, context: Context) -> OrderReopened:
        """With the full time again."""
        _, complete_by = times_of(command, state.proposal, state.urgency, context)
        return cls(reason=command.reason, due_at=complete_by, complete_by=complete_by)

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """The new time; an extension may be asked for anew."""
        state.complete_by = self.complete_by
        state.asked_by, state.extended = None, False


class OrderExcused(StateEvent):
    """The unit need not act."""

    reason: Text


class OrderCancelled(StateEvent):
    """The order fell with a decision about the case."""

    reason: Text


class OrderClockStopped(Event):
    """The time stands still."""

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """From now."""
        state.paused_at = fact.occurred_at


class OrderClockRestarted(Event):
    """The time runs on, later by the length of the stop."""

    complete_by: Instant
    due: Instant

    @classmethod
    def of(cls, state: WorkOrder, command: RestartOrderClock, context: Context) -> OrderClockRestarted:
        """Both times move by the length of the stop."""
        assert command.at is not None
        stop = command.at - state.paused_at if state.paused_at is not None else timedelta()
        assert state.complete_by is not None
        return cls(complete_by=state.complete_by + stop, due=(state.due_at or state.complete_by) + stop)

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """The clock runs; what was missed before the stop is not missed again."""
        state.complete_by, state.due_at = self.complete_by, self.due
        state.paused_at = None


class ProgressRecorded(Event):
    """How far it is."""

    progress: Text

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """Who reports on the work, handles."""
        state.handlers = (*state.handlers, fact.act)


class ExtensionRequested(Event):
    """More time was asked for."""

    period: Period
    reason: Text

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """It awaits an answer; who asks, handles."""
        state.asked_by = fact.act
        state.handlers = (*state.handlers, fact.act)


class ExtensionGranted(Event):
    """More time was given."""

    period: Period
    complete_by: Instant
    due: Instant

    @classmethod
    def of(cls, state: WorkOrder, command: GrantExtension, context: Context) -> ExtensionGranted:
        """Counted from when it was due."""
        rules = rules_of_order(state, command, context)
        assert state.complete_by is not None
        end = prolonged(state.complete_by, command.period, rules, context.calendar)
        due = end if state.status is not _O.DISPATCHED or state.due_at is None else state.due_at
        return cls(period=command.period, complete_by=end, due=due)

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """Once for an order; the timers of a new time count anew."""
        if self.due != state.due_at:
            state.missed = ()
        state.complete_by, state.due_at = self.complete_by, self.due
        state.asked_by, state.extended = None, True


class ExtensionDenied(Event):
    """No more time was given."""

    reason: Text

    def apply(self, state: WorkOrder, fact: Fact) -> None:
        """The request is answered."""
        state.asked_by = None


class OrderUrged(Event):
    """The unit was urged."""

    message: Line
