"""Stock `eventsourcing`, functional style: immutable events and state, one function that folds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import singledispatch
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from benchmarks import made_up
from benchmarks.subjects.stock import Stock

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Happened:
    originator_id: UUID
    originator_version: int
    timestamp: datetime
    actor: str


@dataclass(frozen=True)
class Raised(Happened):
    place: str
    title: str
    text: str


@dataclass(frozen=True)
class CoSigned(Happened):
    pass


@dataclass(frozen=True)
class Revised(Happened):
    title: str
    text: str


@dataclass(frozen=True)
class Accepted(Happened):
    category: str
    urgency: str


@dataclass(frozen=True)
class EvidenceAttached(Happened):
    evidence: list[dict[str, Any]]


@dataclass(frozen=True)
class NoteAdded(Happened):
    note: str


@dataclass(frozen=True)
class Case:
    id: UUID
    version: int
    created_on: datetime
    modified_on: datetime
    status: str
    proposer: str
    title: str
    text: str
    category: str = ""
    urgency: str = ""
    cosigners: tuple[str, ...] = ()
    evidence: tuple[dict[str, Any], ...] = ()


@singledispatch
def mutate(event: Happened, case: Case | None) -> Case | None:
    """The case after an event."""
    raise TypeError(event)


@mutate.register
def _(event: Raised, _: Case | None) -> Case:
    return Case(
        id=event.originator_id,
        version=event.originator_version,
        created_on=event.timestamp,
        modified_on=event.timestamp,
        status="raised",
        proposer=event.actor,
        title=event.title,
        text=event.text,
    )


@mutate.register
def _(event: CoSigned, case: Case) -> Case:
    return replace(
        case,
        version=event.originator_version,
        modified_on=event.timestamp,
        cosigners=(*case.cosigners, event.actor),
    )


@mutate.register
def _(event: Revised, case: Case) -> Case:
    return replace(
        case, version=event.originator_version, modified_on=event.timestamp, title=event.title, text=event.text
    )


@mutate.register
def _(event: Accepted, case: Case) -> Case:
    return replace(
        case,
        version=event.originator_version,
        modified_on=event.timestamp,
        status="accepted",
        category=event.category,
        urgency=event.urgency,
    )


@mutate.register
def _(event: EvidenceAttached, case: Case) -> Case:
    return replace(
        case,
        version=event.originator_version,
        modified_on=event.timestamp,
        evidence=(*case.evidence, *event.evidence),
    )


@mutate.register
def _(event: NoteAdded, case: Case) -> Case:
    return replace(case, version=event.originator_version, modified_on=event.timestamp)


def project(case: Case | None, events: Iterable[Any]) -> Case | None:
    """Folds the events onto the case."""
    for event in events:
        case = mutate(event, case)
    return case


class StockFunctional(Stock):
    """Events are made by functions and saved as they are."""

    def history(self, case: UUID) -> list[Any]:
        """Ten events."""
        now = datetime.now(UTC)
        raised = Raised(case, 1, now, made_up.PROPOSER, "unit-grid", made_up.TITLE, made_up.TEXT)
        cosigned = [CoSigned(case, version, now, person) for version, person in enumerate(made_up.COSIGNERS, start=2)]
        revised = Revised(case, 5, now, made_up.PROPOSER, made_up.TITLE, made_up.REVISED)
        accepted = Accepted(case, 6, now, made_up.SCREENER, made_up.CATEGORY, "normal")
        attached = EvidenceAttached(case, 7, now, made_up.PROPOSER, [dict(made_up.PHOTO)])
        notes = [NoteAdded(case, version, now, made_up.PROPOSER, made_up.NOTE) for version in (8, 9, 10)]
        return [raised, *cosigned, revised, accepted, attached, *notes]

    def add_note(self, case: UUID) -> None:
        """Load, look at the state, record a note."""
        state: Case = self._application.repository.get(case, projector_func=project)
        assert state.status != "archived"
        self._application.save(NoteAdded(case, state.version + 1, datetime.now(UTC), made_up.PROPOSER, made_up.NOTE))

    def fold(self, case: UUID) -> int:
        """Load it."""
        state: Case = self._application.repository.get(case, projector_func=project)
        return state.version


class StockCached(StockFunctional):
    """With the library's own cache of aggregates, which it brings up to date from the store at each use."""

    settings: ClassVar[dict[str, str]] = {"AGGREGATE_CACHE_MAXSIZE": "20000"}
