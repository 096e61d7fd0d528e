"""Reading an archive: its files as one table of events, on DuckDB or on Spark."""

from __future__ import annotations

import os
import warnings
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from proposals.adapters.archive.columns import SCHEMA
from proposals.adapters.archive.errors import ArchiveUnfit
from proposals.adapters.archive.libraries import duckdb, ibis, pa
from proposals.adapters.archive.manifest import read_codes, read_manifest
from proposals.adapters.archive.streams import ORGANISATION
from proposals.domain.vocabulary import as_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NEEDLESS: Final = frozenset({"data", "title", "recorded_at", "command_id", "correlation_id", "causation_id", "schema"})
"""Columns that no figure asks for."""


class Engine(StrEnum):
    """What runs the queries: DuckDB in this process, or Spark, here or on the cluster that its own settings name."""

    DUCKDB = "duckdb"
    SPARK = "spark"


class Opened(NamedTuple):
    """All events as a table of Ibis, their instants in microseconds since 1970.

    `keep` computes a table once, under a name, for whoever asks of it later; `ask` gives a table's rows, as Arrow.
    """

    events: Any
    keep: Callable[[str, Any], Any]
    ask: Callable[[Any], Any]


class Archive:
    """An archive as it stood when it was opened. `codes` gives each event's code by name."""

    def __init__(self, directory: Path) -> None:
        """Raises ArchiveUnfit where there is none that this release can read."""
        manifest = read_manifest(directory)
        if manifest is None:
            raise ArchiveUnfit("archive_missing", directory=directory)
        self.directory = directory
        self.manifest = manifest
        self.codes = read_codes(directory)
        self.files = [str(directory.absolute() / path) for path in sorted(manifest.files)]

    def span(self) -> tuple[datetime, datetime] | None:
        """When the first case began and when the last thing of any kind happened; None if there is no case."""
        parts = self.manifest.files
        first = min(
            (part.first for path, part in parts.items() if not path.startswith(ORGANISATION.folder)), default=None
        )
        last = max((part.last for part in parts.values()), default="")
        return (as_instant(first), as_instant(last)) if first is not None else None

    def opened(self, engine: Engine) -> AbstractContextManager[Opened]:
        """All events on an engine. Raises ArchiveUnfit if the engine is not there, or a file is missing or damaged."""
        missing = next((path for path in self.files if not Path(path).is_file()), None)
        if missing is not None:  # an engine says so only if it happens to need the file
            raise ArchiveUnfit("archive_damaged", directory=self.directory, why=f"{Path(missing).name} is missing")
        return _on_duckdb(self.files) if engine is Engine.DUCKDB else _on_spark(self.files)


def _columns(micros: str) -> list[str]:
    """What is read of an event; `micros` is what the engine calls the microseconds of an instant."""
    fields = (field for field in SCHEMA if field.name not in _NEEDLESS)
    return [f"{micros}({f.name}) AS {f.name}" if pa.types.is_timestamp(f.type) else f'"{f.name}"' for f in fields]


@contextmanager
def _on_duckdb(files: list[str]) -> Iterator[Opened]:
    connection = duckdb.connect()
    try:
        connection.execute("SET preserve_insertion_order = false")  # every question says its own order
        stored = connection.read_parquet(files, hive_partitioning=False)
        stored.create_view("stored")
        connection.execute(f"CREATE VIEW events AS SELECT {', '.join(_columns('epoch_us'))} FROM stored")  # noqa: S608 - our names
        tables = ibis.duckdb.from_connection(connection)
        yield Opened(
            tables.table("events"),
            lambda name, table: tables.create_table(name, table, temp=True),
            lambda table: table.to_pyarrow(),
        )
    except duckdb.IOException as error:
        raise ArchiveUnfit("archive_damaged", directory=Path(files[0]).parents[2], why=str(error)) from error
    finally:
        connection.close()


def _settings() -> dict[str, str]:
    """How Spark runs where nobody has set it up for a cluster: quietly, with no more shuffles than cores."""
    quiet = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
    if "SPARK_CONF_DIR" in os.environ or "SPARK_MASTER" in os.environ:
        return quiet
    return quiet | {"spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 1))}


@contextmanager
def _on_spark(files: list[str]) -> Iterator[Opened]:
    try:
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise ArchiveUnfit("archive_needs_library", library=error.name, extra="spark") from None
    running = SparkSession.getActiveSession()
    with warnings.catch_warnings(), ExitStack() as afterwards:
        # Spark takes pandas 3 for untried, and says so at every turn; we ask it for Arrow only.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        try:
            session = running or SparkSession.builder.config(map=_settings()).getOrCreate()
        except PySparkRuntimeError as error:
            raise ArchiveUnfit("archive_needs_java", why=str(error)) from error
        if running is None:
            afterwards.callback(session.stop)
        tables = ibis.pyspark.connect(session)

        def frame_of(table: Any) -> Any:
            return session.sql(tables.compile(table))

        def keep(name: str, table: Any) -> Any:
            frame = frame_of(table).cache()
            afterwards.callback(frame.unpersist)
            frame.createOrReplaceTempView(f"proposals_{name}")
            return tables.table(f"proposals_{name}")

        columns = [column.replace('"', "`") for column in _columns("unix_micros")]
        session.read.parquet(*files).selectExpr(*columns).createOrReplaceTempView("proposals_events")
        yield Opened(tables.table("proposals_events"), keep, lambda table: frame_of(table).toArrow())
