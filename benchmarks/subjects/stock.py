"""Stock `eventsourcing`: an application on its own recorders, set up through its own environment, nothing tuned."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import Application
from sqlalchemy import make_url

from benchmarks.made_up import BATCH, CASE_EVENTS, batches
from benchmarks.subjects import database

if TYPE_CHECKING:
    from benchmarks.made_up import Turn


def environment(url: str) -> dict[str, str]:
    """The application's environment for a SQLAlchemy URL."""
    parsed = make_url(url)
    if database.on_sqlite(url):
        return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(parsed.database)}
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(parsed.database),
        "POSTGRES_HOST": str(parsed.host or parsed.query.get("host", "")),
        "POSTGRES_PORT": str(parsed.port or parsed.query.get("port", "5432")),
        "POSTGRES_USER": parsed.username or "postgres",
        "POSTGRES_PASSWORD": parsed.password or "",
        "POSTGRES_POOL_SIZE": "1",  # each client is a process; with five of each the server has no more to give
    }


def case_id(case: int) -> UUID:
    """The id of a case."""
    return uuid5(NAMESPACE_URL, f"proposal-{case}")


class Stock(ABC):
    """What both styles share: they differ in how a case is made, folded and noted on."""

    settings: ClassVar[dict[str, str]] = {}

    def __init__(self, url: str, cases: int, *, fresh: bool) -> None:
        self._url, self._cases = url, cases
        self._application: Application[UUID] = Application(
            environment(url) | self.settings | {"CREATE_TABLE": "yes" if fresh else "no"}
        )

    def prepare(self, events: int) -> None:
        """Filled a thousand events at a time."""
        for cases in batches(events):
            self._application.save(*[part for case in cases for part in self.history(case_id(case))])

    def durability(self) -> str:
        """Of a connection of its own pool."""
        datastore: Any = self._application.recorder.datastore  # type: ignore[attr-defined]
        with datastore.transaction(commit=False) as cursor:
            return database.durability(lambda sql: cursor.execute(sql) or cursor, self._url)

    def ready(self, job: str, turn: Turn) -> Any:
        """The ids, or the cases to be loaded."""
        if job == "command":
            return [case_id(case) for case in turn.cases(self._cases)]
        if job == "load":
            cases = BATCH // CASE_EVENTS
            first = self._cases + turn.start * cases
            return [
                [part for case in range(at, at + cases) for part in self.history(case_id(case))]
                for at in range(first, first + turn.times * cases, cases)
            ]
        return [case_id(case) for case in range(self._cases)]

    def run(self, job: str, ready: Any, turn: Turn) -> int:
        """Through repository and save, as its tutorial does."""
        if job == "load":
            for parts in ready:
                self._application.save(*parts)
            return len(ready) * BATCH
        if job == "command":
            for case in ready:
                self.add_note(case)
            return len(ready)
        return sum(self.fold(case) for case in ready)

    def close(self) -> None:
        """Its connections."""
        self._application.close()

    @abstractmethod
    def history(self, case: UUID) -> list[Any]:
        """What `save` takes to record a case of ten events."""

    @abstractmethod
    def add_note(self, case: UUID) -> None:
        """One command: load, decide, record one event."""

    @abstractmethod
    def fold(self, case: UUID) -> int:
        """Load a case; give how many events that were."""
