"""Reading an archive: its files as one table of events, on DuckDB or on Spark."""

from __future__ import annotations

import os
import warnings
from contextlib import ExitStack, contextmanager
from datetime import datetime
from enum import StrEnum
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import uuid4

from proposals.adapters.archive.columns import SCHEMA
from proposals.adapters.archive.errors import ArchiveUnfit
from proposals.adapters.archive.libraries import duckdb, ibis, pa
from proposals.adapters.archive.manifest import (
    STREAMS,
    Manifest,
    all_codes,
    read_codes,
    read_manifest,
    read_table,
    require_whole,
    with_codes,
)
from proposals.adapters.archive.streams import ORGANISATION
from proposals.domain.vocabulary import as_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_NEEDLESS: Final = frozenset({"data", "recorded_at", "command_id", "correlation_id", "causation_id", "schema"})
"""Columns that no figure asks for."""
_FIELDS: Final = [field for field in SCHEMA if field.name not in _NEEDLESS]


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


class Shard(NamedTuple):
    """A county's archive, with codes of its own. `keys` is added to its keys, so that no other archive has them."""

    directory: Path
    manifest: Manifest
    codes: Mapping[str, int]
    keys: int

    def read(self, name: str, columns: Sequence[str] | None = None, **how: Any) -> Any:
        """A file of it, or some of it, as a table. Raises ArchiveUnfit, which names it, where it cannot be read."""
        with self._or_replaced():
            return read_table(self.directory, name, columns, **how)

    def require_whole(self) -> None:
        """Raises ArchiveUnfit for a file of events that is missing, or not as long as it was written."""
        with self._or_replaced():
            require_whole(self.directory, self.manifest)

    @contextmanager
    def _or_replaced(self) -> Iterator[None]:
        """What is not there may have been there."""
        try:
            yield
        except ArchiveUnfit:
            if read_manifest(self.directory) != self.manifest:
                raise ArchiveUnfit("archive_replaced", directory=self.directory) from None
            raise

    @property
    def paths(self) -> list[str]:
        """Its files of events."""
        return [str(self.directory.absolute() / path) for path in sorted(self.manifest.files)]

    def columns(self, micros: str, codes: Mapping[str, int]) -> list[str]:
        """What is read of an event in SQL, with the codes that are given."""
        said = {field.name: f'"{field.name}"' for field in _FIELDS}
        said |= {field.name: f'{micros}("{field.name}")' for field in _FIELDS if pa.types.is_timestamp(field.type)}
        said |= {key: f'"{key}" + {self.keys}' for key in ("stream", "case")}
        other = {own: codes[name] for name, own in self.codes.items() if own != codes[name]}
        if other:
            cases = " ".join(f"WHEN {own} THEN {code}" for own, code in other.items())
            said["event"] = f'CASE "event" {cases} ELSE "event" END'
        return [f'{value} AS "{name}"' for name, value in said.items()]


class Archive:
    """An archive as it stood when it was opened; or those of several counties, read as one.

    `codes` gives each event's code by name.
    """

    def __init__(self, *directories: Path) -> None:
        """Raises ArchiveUnfit where there is none that this release can read, or two are of the same log."""
        self.shards: list[Shard] = []
        self.codes: Mapping[str, int] = {}
        keys = 0
        for directory in directories:
            manifest = read_manifest(directory)
            if manifest is None:
                raise ArchiveUnfit("archive_missing", directory=directory)
            if manifest.store_id in {shard.manifest.store_id for shard in self.shards}:
                raise ArchiveUnfit("archive_twice", directory=directory)
            shard = Shard(directory, manifest, read_codes(directory), keys)
            self.shards.append(shard)
            self.codes = with_codes(self.codes, shard.codes)
            keys += shard.read(STREAMS, ["key"]).num_rows
        self.codes = all_codes(self.codes)

    def span(self) -> tuple[datetime, datetime] | None:
        """When the first thing outside the organisation happened, and the last of any kind; None if nothing has."""
        parts = [(path, part) for shard in self.shards for path, part in shard.manifest.files.items()]
        last = max((part.last for _, part in parts), default=None)
        if last is None:
            return None
        first = min((part.first for path, part in parts if not path.startswith(ORGANISATION.folder)), default=last)
        return as_instant(first), as_instant(last)

    def ends(self) -> dict[Path, datetime]:
        """When the last thing happened that each county's archive tells of."""
        return {
            shard.directory: as_instant(max(part.last for part in shard.manifest.files.values()))
            for shard in self.shards
            if shard.manifest.files
        }

    @contextmanager
    def opened(self, engine: Engine) -> Iterator[Opened]:
        """All events on an engine. Raises ArchiveUnfit if the engine is not there, or a file is missing or damaged."""
        files = [(shard, path) for shard in self.shards for path in shard.manifest.files]
        for shard in self.shards:
            shard.require_whole()  # an engine says so only if it happens to need the file
        try:
            with (_on_duckdb if engine is Engine.DUCKDB else _on_spark)(self) as opened:
                yield opened
        except ArchiveUnfit:
            raise
        except Exception:  # each engine has its own, and few of them name the file
            for shard, path in files:
                shard.read(path, [field.name for field in _FIELDS])
            raise

    def sources(self, micros: str) -> Iterator[tuple[list[str], list[str]]]:
        """The files of each county, and what is read of an event in them, its keys and its code being those of all.

        `micros` is what the engine calls the microseconds of an instant.
        """
        for shard in self.shards:
            if shard.manifest.files:
                yield shard.paths, shard.columns(micros, self.codes)


@contextmanager
def _on_duckdb(archive: Archive) -> Iterator[Opened]:
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = false")  # every question says its own order
        connection.execute("SET parquet_metadata_cache = true")  # each reads the same files
        selects = []
        for number, (files, columns) in enumerate(archive.sources("epoch_us")):
            connection.read_parquet(files, hive_partitioning=False).create_view(f"stored_{number}")
            selects.append(f"SELECT {', '.join(columns)} FROM stored_{number}")  # noqa: S608 - our names
        connection.execute(f"CREATE VIEW events AS {' UNION ALL '.join(selects)}")
        tables = ibis.duckdb.from_connection(connection)
        yield Opened(
            tables.table("events"),
            lambda name, table: tables.create_table(name, table, temp=True),
            lambda table: table.to_pyarrow(),
        )


def _settings() -> dict[str, str]:
    """How Spark runs where nobody has set it up for a cluster: quietly, with no more shuffles than cores."""
    quiet = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
    if "SPARK_CONF_DIR" in os.environ or "SPARK_MASTER" in os.environ:
        return quiet
    return quiet | {"spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 1))}


@contextmanager
def _on_spark(archive: Archive) -> Iterator[Opened]:
    try:
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import DataFrame, SparkSession
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

        ours = uuid4().hex  # a host's session may have others at work

        def named(name: str, frame: Any) -> Any:
            view = f"proposals_{ours}_{name}"
            frame.createOrReplaceTempView(view)
            afterwards.callback(session.catalog.dropTempView, view)
            return tables.table(view)

        def keep(name: str, table: Any) -> Any:
            frame = frame_of(table).cache()
            afterwards.callback(frame.unpersist)
            return named(name, frame)

        frames = (
            session.read.parquet(*files).selectExpr(*(column.replace('"', "`") for column in columns))
            for files, columns in archive.sources("unix_micros")
        )
        events = named("events", reduce(DataFrame.unionAll, frames))
        yield Opened(events, keep, lambda table: frame_of(table).toArrow())
