"""Writing an archive: what the log has after the archive's position goes into the partitions that it belongs to.

An export into an empty folder is the same with position 0. Until the manifest is moved into its place, the archive is
the one before. Whoever has that open reads on: the files that only it names stay until the next export that has
something to write, and go together with what a killed one has left behind.
"""

from __future__ import annotations

import fcntl
import shutil
from contextlib import contextmanager
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from proposals.adapters.archive.columns import DICTIONARIES, SCHEMA, data_of, table_of, typed
from proposals.adapters.archive.errors import ArchiveUnfit
from proposals.adapters.archive.libraries import pa, pc, pq
from proposals.adapters.archive.manifest import (
    EVENTS,
    MANIFEST,
    STREAMS,
    Manifest,
    Part,
    all_codes,
    read_codes,
    read_manifest,
    read_table,
    require_whole,
    write_codes,
    write_manifest,
)
from proposals.adapters.archive.streams import Streams
from proposals.adapters.whole_files import write_whole
from proposals.domain.vocabulary import instant_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from proposals.adapters.store import Recorder, Row

CHUNK: Final = 50_000  # events that are in memory at a time as Python objects
ROW_GROUP: Final = 122_880  # rows; what DuckDB gives a thread at a time
_ORDER: Final = [("stream", "ascending"), ("version", "ascending")]
_PARTITION: Final = "partition"


def export(
    recorder: Recorder,
    directory: Path,
    *,
    chunk: int = CHUNK,
    progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Brings the archive in a folder up to the end of the log, and returns its manifest.

    In memory are `chunk` events, one partition and the ids of all streams. `progress` is told how many events have
    been read, of how many. Raises ArchiveUnfit for a folder with the archive of another log or of a newer release, and
    UnknownEvent for an event that this release cannot read; what was in the folder stands then.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with _alone(directory), _staging(directory) as staging:
        before = _of_this_log(directory, recorder)
        head = recorder.head()
        if head == before.position and (directory / MANIFEST).exists():
            return before
        _sweep(directory, before.files)
        streams, codes = Streams.read(directory), all_codes(read_codes(directory))
        rows = recorder.log_rows(before.position, through=head)
        tell = _telling(progress, head - before.position)
        recorded_at, staged = _stage(staging / "events.arrow", _chunks(rows, chunk), streams, codes, tell)
        files = dict(before.files)
        with pa.OSFile(str(staging / "events.arrow")) as source, pa.ipc.open_file(source) as batches:
            for partition, numbers in sorted(staged.items()):
                folder = streams.partitions[partition].folder
                old = [path for path in before.files if path.rpartition("/")[0] == folder]
                path = f"{folder}/through-{head}.parquet"
                files[path] = _merged(directory, old, map(batches.get_batch, numbers), path)
                for replaced in old:
                    del files[replaced]
        streams.write(directory)
        write_codes(directory, codes)
        after = Manifest(before.store_id, head, recorded_at, files)
        write_manifest(directory, after)
        return after


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One export at a time into a folder; the lock of a dead one is free at once."""
    with (directory / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArchiveUnfit("archive_in_use", directory=directory) from None
        yield


@contextmanager
def _staging(directory: Path) -> Iterator[Path]:
    """A folder to write in, without what a killed export may have left there."""
    staging = directory / ".staging"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    try:
        yield staging
    finally:
        shutil.rmtree(staging)


def _of_this_log(directory: Path, recorder: Recorder) -> Manifest:
    """The manifest, if it is of this very log: a copy of the store that has gone its own way is another."""
    manifest = read_manifest(directory)
    if manifest is None:
        return Manifest(recorder.store_id)
    position = manifest.position
    last = [row[6] for row in recorder.log_rows(position - 1, limit=1)] if position else [""]
    if (recorder.store_id, last) != (manifest.store_id, [manifest.recorded_at]):
        raise ArchiveUnfit("archive_of_another_log", directory=directory)
    require_whole(directory, manifest)
    for name, column in ((STREAMS, "key"), (EVENTS, "code")):
        read_table(directory, name, [column])
    return manifest


def _sweep(directory: Path, files: Mapping[str, Part]) -> None:
    """Removes what is not in the manifest: files that the last export replaced, or that a killed one had written."""
    for path in directory.glob("jurisdiction=*/year=*/*through-*.parquet"):
        if path.relative_to(directory).as_posix() not in files:
            path.unlink()


def _chunks(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, size)):
        yield chunk


def _telling(progress: Callable[[int, int], None] | None, total: int) -> Callable[[int], None]:
    done = 0

    def tell(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(done, total)

    return tell


def _stage(
    path: Path,
    chunks: Iterable[list[Row]],
    streams: Streams,
    codes: Mapping[str, int],
    tell: Callable[[int], None],
) -> tuple[str, dict[int, list[int]]]:
    """Writes the log down by partition; when its last event was recorded, and the batches of each partition.

    The log goes by in the order of commits, in which a case comes before its orders and rounds.
    """
    recorded_at, written = "", 0
    batches: dict[int, list[int]] = {}
    with pa.ipc.new_file(path, SCHEMA) as file:
        for chunk in chunks:
            table = table_of((_values(row, streams, codes) for row in chunk), _PARTITION)
            table = table.sort_by([(_PARTITION, "ascending"), *_ORDER]).combine_chunks()
            partitions = table[_PARTITION].to_pylist()
            starts = [n for n, partition in enumerate(partitions) if n == 0 or partition != partitions[n - 1]]
            table = table.drop_columns([_PARTITION])
            for start, end in pairwise([*starts, len(partitions)]):
                file.write_table(table.slice(start, end - start))
                batches.setdefault(partitions[start], []).append(written)
                written += 1
            recorded_at = chunk[-1][6]
            tell(len(chunk))
    return recorded_at, batches


def _values(row: Row, streams: Streams, codes: Mapping[str, int]) -> tuple[Any, ...]:
    position, stream, version, name, schema, *envelope, stored = row
    data = data_of(stream, version, name, schema, stored)
    key, case, partition = streams.place(row, data)
    return (key, version, codes[name], case, position, schema, *envelope, *typed(name, stream, data), stored, partition)


def _merged(directory: Path, old: Iterable[str], batches: Iterable[Any], path: str) -> Part:
    """Writes a partition anew: what it had and what has come, by stream and version."""
    there = (read_table(directory, name, schema=SCHEMA) for name in old)
    come = map(pa.Table.from_batches, ([batch] for batch in batches))
    table = pa.concat_tables(chain(there, come)).sort_by(_ORDER)
    (directory / path).parent.mkdir(parents=True, exist_ok=True)
    order = [pq.SortingColumn(SCHEMA.get_field_index(name)) for name, _ in _ORDER]
    write_whole(
        directory / path,
        lambda beside: pq.write_table(
            table, beside, row_group_size=ROW_GROUP, compression="zstd", use_dictionary=DICTIONARIES,
            sorting_columns=order,
        ),
    )  # fmt: skip
    span = pc.min_max(table["occurred_at"]).as_py()
    first, last = (instant_text(span[end]) for end in ("min", "max"))
    return Part(table.num_rows, (directory / path).stat().st_size, first, last)
