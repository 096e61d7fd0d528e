"""The streams of an archive: the integer key of each, the case that it is about, and the partition that it lies in."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from proposals.adapters.archive.libraries import pa, pq
from proposals.adapters.archive.manifest import STREAMS, is_there, read_table
from proposals.adapters.whole_files import write_whole
from proposals.domain.vocabulary import Kind, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from proposals.adapters.store import Row

_NONE: Final = -1
_BATCH: Final = 65_536


class Partition(NamedTuple):
    """A folder of the archive: the place where a case was raised, or the unit of a meeting, and the year (UTC)."""

    jurisdiction: str
    year: int

    @property
    def folder(self) -> str:
        """Its path below the archive's folder, as Hive has it."""
        return f"jurisdiction={self.jurisdiction}/year={self.year}"


ORGANISATION: Final = Partition("_", 0)
"""Where units, rules and data subjects lie, and whatever has no case."""


class Streams:
    """Keys are given in the order in which streams first come in the log, so every way of exporting gives the same.

    In memory each takes about as much as its id; nothing here grows with the number of events.
    """

    def __init__(self) -> None:
        self.keys: dict[str, int] = {}
        self.partitions: list[Partition] = [ORGANISATION]
        self._numbers = {ORGANISATION: 0}
        self._cases = array("q")
        self._lies = array("i")

    def place(self, row: Row, data: Mapping[str, Any]) -> tuple[int, int | None, int]:
        """The keys of a row's stream and of its case, and the number of its partition."""
        stream = row[1]
        key = self.keys.get(stream)
        if key is None:
            key = len(self.keys)
            case, partition = self._begun(key, stream, row[5], data)
            self._add(stream, case, partition)
        case = self._cases[key]
        return key, case if case != _NONE else None, self._lies[key]

    def _begun(self, key: int, stream: str, occurred_at: str, data: Mapping[str, Any]) -> tuple[int, Partition]:
        match kind_of(stream):
            case Kind.PROPOSAL:
                return key, Partition(data["place"], int(occurred_at[:4]))
            case Kind.ORDER | Kind.ROUND:
                case = self.keys.get(data["proposal"], _NONE)
                return case, self.partitions[self._lies[case]] if case != _NONE else ORGANISATION
            case Kind.MEETING:
                return _NONE, Partition(data["unit"], int(occurred_at[:4]))
            case _:
                return _NONE, ORGANISATION

    def _add(self, stream: str, case: int, partition: Partition) -> None:
        number = self._numbers.get(partition)
        if number is None:
            number = self._numbers[partition] = len(self.partitions)
            self.partitions.append(partition)
        self.keys[stream] = len(self.keys)
        self._cases.append(case)
        self._lies.append(number)

    @classmethod
    def read(cls, directory: Path) -> Streams:
        """The streams of an archive, none if there are none yet."""
        streams = cls()
        if is_there(directory, STREAMS):
            table = read_table(directory, STREAMS, ["id", "case", "jurisdiction", "year"])
            for batch in table.to_batches(max_chunksize=_BATCH):
                for stream, case, *partition in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    streams._add(stream, _NONE if case is None else case, Partition(*partition))
        return streams

    def write(self, directory: Path) -> None:
        """Writes them. A manifest that is older than they are still finds all of its own."""
        lies = [self.partitions[number] for number in self._lies]
        table = pa.table(
            {
                "key": pa.array(range(len(self.keys)), pa.int64()),
                "id": pa.array(self.keys, pa.string()),
                "kind": pa.array([str(kind_of(stream)) for stream in self.keys]),
                "case": pa.array([None if case == _NONE else case for case in self._cases], pa.int64()),
                "jurisdiction": pa.array([partition.jurisdiction for partition in lies], pa.string()),
                "year": pa.array([partition.year for partition in lies], pa.int32()),
            }
        )
        compressed = {"compression": "zstd", "use_dictionary": ["kind", "jurisdiction", "year"]}
        write_whole(directory / STREAMS, lambda path: pq.write_table(table, path, **compressed))
