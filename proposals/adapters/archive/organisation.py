"""The organisation of an archive's log, by the same fold as in the read model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from proposals.adapters.archive.libraries import pq
from proposals.adapters.archive.manifest import STREAMS
from proposals.adapters.archive.streams import ORGANISATION as ORGANISATION_PARTITION
from proposals.domain.vocabulary import Kind, instant_text
from proposals.projections.organisation import EDITIONS, ORGANISATION, UNITS, Organisation
from proposals.projections.projection import Entry, fold_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from proposals.adapters.archive.reading import Archive

_COLUMNS: Final = ["position", "stream", "version", "event", "occurred_at", "actor", "entered_by", "data"]


def organisation(archive: Archive, until: datetime | None = None) -> Organisation:
    """As it was at an instant, or is at the archive's end."""
    rows = fold_log(ORGANISATION, _entries(archive, until))
    return Organisation(rows[UNITS.name], rows[EDITIONS.name])


def _entries(archive: Archive, until: datetime | None) -> Iterator[Entry]:
    names = {code: name for name, code in archive.codes.items() if name in ORGANISATION.handlers}
    kinds = [("kind", "in", [Kind.UNIT.value, Kind.POLICY.value])]
    known = pq.read_table(archive.directory / STREAMS, columns=["key", "id"], filters=kinds)
    streams = dict(zip(*(column.to_pylist() for column in known.columns), strict=True))
    for path in archive.files:
        if f"/{ORGANISATION_PARTITION.folder}/" not in path:
            continue
        table = pq.read_table(path, columns=_COLUMNS, partitioning=None)
        for row in table.to_pylist():
            if row["event"] in names and (until is None or row["occurred_at"] <= until):
                at = instant_text(row["occurred_at"])
                yield Entry(
                    row["position"], streams[row["stream"]], row["version"], names[row["event"]], at, at,
                    row["actor"], row["entered_by"], orjson.loads(row["data"]),
                )  # fmt: skip
