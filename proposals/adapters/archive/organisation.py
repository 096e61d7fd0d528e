"""The organisation of an archive's log, by the same fold as in the read model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from proposals.adapters.archive.columns import data_of
from proposals.adapters.archive.errors import ArchiveUnfit
from proposals.adapters.archive.manifest import STREAMS
from proposals.adapters.archive.streams import ORGANISATION as ORGANISATION_PARTITION
from proposals.domain.vocabulary import Kind, instant_text
from proposals.projections.organisation import EDITIONS, ORGANISATION, UNITS, Organisation
from proposals.projections.projection import Entry, fold_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from proposals.adapters.archive.reading import Archive, Shard

_COLUMNS: Final = [
    "position", "stream", "version", "event", "schema", "occurred_at", "actor", "entered_by", "data",
]  # fmt: skip


def organisation(archive: Archive, until: datetime | None = None) -> Organisation:
    """As it was at an instant, or is at the archive's end; of several counties, that of all together.

    Raises ArchiveUnfit for a unit of which two of them tell different things.
    """
    units: dict[str, dict[str, Any]] = {}
    editions: list[dict[str, Any]] = []
    for shard in archive.shards:
        rows = fold_log(ORGANISATION, _entries(shard, until))
        for unit in rows[UNITS.name]:
            if units.setdefault(unit["stream"], unit) != unit:
                raise ArchiveUnfit("archives_differ", unit=unit["stream"])
        editions += rows[EDITIONS.name]
    return Organisation(units.values(), editions)


def _entries(shard: Shard, until: datetime | None) -> Iterator[Entry]:
    names = {code: name for name, code in shard.codes.items() if name in ORGANISATION.handlers}
    kinds = [("kind", "in", [Kind.UNIT.value, Kind.POLICY.value])]
    known = shard.read(STREAMS, ["key", "id"], filters=kinds)
    streams = dict(zip(*(column.to_pylist() for column in known.columns), strict=True))
    happened: list[tuple[str, str, Any]] = [("event", "in", list(names))]
    if until is not None:
        happened.append(("occurred_at", "<=", until))
    for path in shard.manifest.files:
        if path.startswith(f"{ORGANISATION_PARTITION.folder}/"):
            for row in shard.read(path, _COLUMNS, filters=happened).to_pylist():
                stream, version, name = streams[row["stream"]], row["version"], names[row["event"]]
                at = instant_text(row["occurred_at"])
                data = data_of(stream, version, name, row["schema"], row["data"])
                yield Entry(row["position"], stream, version, name, at, at, row["actor"], row["entered_by"], data)
