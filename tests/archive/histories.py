"""Small histories written by hand, put into a store as they are: no rule is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from proposals.adapters.archive import Archive, count, export
from proposals.adapters.keys import MemoryKeyStore
from proposals.adapters.mapper import FactMapper
from proposals.adapters.sealing import Sealer
from proposals.adapters.store import Recorder
from proposals.domain.event import Fact
from proposals.domain.raising import ProposalAccepted, ProposalRaised
from proposals.domain.rules import PeriodUnit, PeriodValue
from proposals.domain.vocabulary import Source, Urgency
from proposals.domain.work_order_events import (
    ExtensionGranted,
    OrderAcknowledged,
    OrderCancelled,
    OrderClockRestarted,
    OrderClockStopped,
    OrderCompleted,
    OrderDeclined,
    OrderDirected,
    OrderDispatched,
    OrderExcused,
    OrderRedispatched,
    OrderReopened,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from proposals.domain.event import Event
    from proposals.projections.cells import Cells

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""The second of March in Shanghai, nine in the morning: hour 0 of every history."""

AT = ("unit-grid", "unit-water", "noise", "patrol", "2026-03")
"""Where a case of `case` is counted while the waterworks handle it."""

UNHANDLED = ("unit-grid", "", "noise", "patrol", "2026-03")


def hour(hours: float) -> datetime:
    """So many hours after the start."""
    return START + timedelta(hours=hours)


def on(stream: str, hours: float, event: Event, by: str = "someone") -> Fact:
    """A fact of a history."""
    return Fact(stream, 0, event, hour(hours), by, by, f"{stream}-{hours}", "c", "c")


def case(
    number: int = 1, hours: float = 0, *, by: str = "li", member: bool = False, place: str = "unit-grid"
) -> list[Fact]:
    """A case that was raised, and accepted an hour later."""
    stream = f"proposal-{number}"
    return [
        on(stream, hours, raised(member=member, place=place), by=by),
        on(stream, hours + 1, ProposalAccepted(category="noise", urgency=Urgency.NORMAL)),
    ]


def raised(*, member: bool = False, place: str = "unit-grid") -> Event:
    return ProposalRaised(
        place=place, source=Source.PATROL, title="t", text="t", policy="policy-1", by_party_member=member
    )


def order(*acts: tuple[float, str] | tuple[float, str, float], lead: bool = True, number: int = 1) -> list[Fact]:
    """An order of the case of the same number, by what was done at which hour.

    Dispatched, sent or directed at hour h, it is due at h + 10 and to be done by h + 100, and the third number moves
    both later.
    """
    stream = f"order-{number}"
    return [on(stream, act[0], _event(act[1], act[0], act[2] if len(act) > 2 else 0, lead, number)) for act in acts]


def _event(name: str, at: float, more: float, lead: bool, number: int) -> Event:  # noqa: FBT001 - as given to `order`
    due, complete_by = hour(at + 10 + more), hour(at + 100 + more)
    again: dict[str, Any] = {"reason": "r", "due_at": due, "complete_by": complete_by}
    period = PeriodValue(count=1, unit=PeriodUnit.HOURS)
    events: dict[str, Any] = {
        "dispatched": lambda: OrderDispatched(
            proposal=f"proposal-{number}", unit="unit-water", lead=lead, urgency=Urgency.NORMAL, due_at=due,
            complete_by=complete_by,
        ),
        "sent": lambda: OrderRedispatched(unit="unit-roads", **again),
        "directed": lambda: OrderDirected(unit="unit-water", **again),
        "acknowledged": OrderAcknowledged,
        "declined": lambda: OrderDeclined(ground="g", reason="r"),
        "cancelled": lambda: OrderCancelled(reason="r"),
        "excused": lambda: OrderExcused(reason="r"),
        "extended": lambda: ExtensionGranted(period=period, due=hour(more), complete_by=hour(more + 90)),
        "stopped": OrderClockStopped,
        "restarted": lambda: OrderClockRestarted(due=hour(more), complete_by=hour(more + 90)),
        "completed": lambda: OrderCompleted(report="r", evidence=()),
        "reopened": lambda: OrderReopened(reason="r", complete_by=complete_by),
    }  # fmt: skip
    return cast("Event", events[name]())


def numbered(facts: Iterable[Fact]) -> list[Fact]:
    """The facts as a log has them, with versions and positions: in the order of time.

    What a stream is given behind something later was keyed late, and is behind it in the log too.
    """
    latest: dict[str, datetime] = {}
    keyed = []
    for fact in facts:
        latest[fact.stream] = max(fact.occurred_at, latest.get(fact.stream, fact.occurred_at))
        keyed.append((latest[fact.stream], fact))
    versions: dict[str, int] = {}
    told = []
    for position, (_, fact) in enumerate(sorted(keyed, key=itemgetter(0)), 1):
        versions[fact.stream] = versions.get(fact.stream, 0) + 1
        told.append(fact._replace(version=versions[fact.stream], position=position))
    return told


def store(facts: Iterable[Fact]) -> Recorder:
    """A store in memory with these facts."""
    recorder = Recorder(clock=lambda: START)
    mapper = FactMapper(Sealer(MemoryKeyStore()))
    recorder.insert_events([mapper.to_stored_event(cast("Any", fact)) for fact in facts])
    return recorder


def cells(facts: Iterable[Fact], directory: Path, until: float | None = None, zone: ZoneInfo = SHANGHAI) -> Cells:
    """The cells of a history, by way of an archive."""
    return count(archived(numbered(facts), directory), zone, until=hour(until) if until is not None else None)


def archived(facts: Iterable[Fact], directory: Path) -> Archive:
    """An archive of a log."""
    with store(facts) as recorder:
        export(recorder, directory)
    return Archive(directory)
