"""Stock `eventsourcing`: its `ProjectionRunner`, which tracks each event in the transaction that updates the view.

Its SQLite recorder offers no subscription, so there the log is its recorder in memory, and the view is on SQLite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.sqlite import SQLiteTrackingRecorder
from psycopg.sql import SQL

from benchmarks.made_up import BATCH, CASE_EVENTS
from benchmarks.subjects import database
from benchmarks.subjects.stock import case_id, environment
from benchmarks.subjects.stock_functional import Accepted, Happened, NoteAdded, Raised, StockFunctional

if TYPE_CHECKING:
    from eventsourcing.persistence import ApplicationRecorder

    from benchmarks.made_up import Turn

_TABLE = "CREATE TABLE IF NOT EXISTS lines (stream TEXT PRIMARY KEY, status TEXT, notes INTEGER, last_at TEXT)"
_RAISED = "INSERT INTO lines VALUES ({mark}, 'raised', 0, {mark})"
_CHANGED = (
    "UPDATE lines SET status = COALESCE({mark}, status), notes = notes + {mark}, last_at = {mark} WHERE stream = {mark}"
)
_PATIENCE = 600.0


class SQLiteView(SQLiteTrackingRecorder):
    def construct_create_table_statements(self) -> list[str]:
        return [*super().construct_create_table_statements(), _TABLE]

    def tell(self, sql: str, values: tuple[Any, ...], tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(sql.format(mark="?"), values)


class PostgresView(PostgresTrackingRecorder):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sql_create_statements.append(SQL(_TABLE).format())

    def tell(self, sql: str, values: tuple[Any, ...], tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(sql.format(mark="%s"), values, prepare=True)


class Lines(Projection[Any]):
    """A line a case."""

    name = "lines"

    @singledispatchmethod
    def process_event(self, domain_event: Happened, tracking: Tracking) -> None:
        self._changed(domain_event, tracking)

    @process_event.register
    def _(self, domain_event: Raised, tracking: Tracking) -> None:
        self.view.tell(_RAISED, (str(domain_event.originator_id), domain_event.timestamp.isoformat()), tracking)

    @process_event.register
    def _(self, domain_event: Accepted, tracking: Tracking) -> None:
        self._changed(domain_event, tracking, status="accepted")

    @process_event.register
    def _(self, domain_event: NoteAdded, tracking: Tracking) -> None:
        self._changed(domain_event, tracking, notes=1)

    def _changed(self, event: Happened, tracking: Tracking, status: str | None = None, notes: int = 0) -> None:
        values = status, notes, event.timestamp.isoformat(), str(event.originator_id)
        self.view.tell(_CHANGED, values, tracking)


class StockRunner(StockFunctional):
    """A runner each round, which goes on where the last one has come to."""

    def __init__(self, url: str, cases: int, *, fresh: bool) -> None:
        self._url, self._cases = url, cases
        self._sqlite = database.on_sqlite(url)
        view = {f"LINES_{name}": value for name, value in environment(url).items()}
        log = {"PERSISTENCE_MODULE": "eventsourcing.popo"} if self._sqlite else environment(url)
        self._environment = {**log, **view, "POSTGRES_POOL_SIZE": "5", "LINES_POSTGRES_POOL_SIZE": "5"}
        self._application: Application[UUID] = Application(self._environment)
        self._runner: ProjectionRunner[Any, Any] | None = None
        self._run_to_the_end()

    def prepare(self, events: int) -> None:
        """A log, and what is known of it so far."""
        self._stop()
        self._save(range(self._cases))
        self._run_to_the_end()

    def durability(self) -> str:
        """Of a connection of the view's own pool."""
        assert self._runner is not None
        with self._runner.view.datastore.transaction(commit=False) as cursor:
            return database.durability(lambda sql: cursor.execute(sql) or cursor, self._url)

    def ready(self, job: str, turn: Turn) -> Any:
        """New events."""
        assert job == "project", job
        self._stop()
        first = self._cases + turn.start * BATCH // CASE_EVENTS
        self._save(range(first, first + turn.times * BATCH // CASE_EVENTS))

    def run(self, job: str, ready: Any, turn: Turn) -> int:
        """Until the view has seen the last of them."""
        self._run_to_the_end()
        return turn.times * BATCH

    def close(self) -> None:
        """The runner, and the log."""
        self._stop()
        super().close()

    def _save(self, cases: range) -> None:
        for case in cases:
            self._application.save(*self.history(case_id(case)))

    def _run_to_the_end(self) -> None:
        runner: ProjectionRunner[Any, Any] = ProjectionRunner(
            application_class=_reading(self._application.recorder),
            projection_class=Lines,
            view_class=SQLiteView if self._sqlite else PostgresView,
            env=self._environment,
        )
        self._runner = runner.__enter__()
        self._runner.wait(self._application.recorder.max_notification_id(), timeout=_PATIENCE)

    def _stop(self) -> None:
        if self._runner is not None:
            self._runner.__exit__(None, None, None)
            self._runner = None


def _reading(recorder: ApplicationRecorder) -> type[Application[UUID]]:
    """An application on the log that is there: its own recorder in memory would be a new one."""
    return type("Reading", (Application,), {"construct_recorder": lambda _: recorder})
