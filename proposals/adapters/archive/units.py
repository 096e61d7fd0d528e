"""The units of an archive's log, by the same fold as in the read model: for adding up by area, and for titles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from proposals.adapters.archive.libraries import pq
from proposals.adapters.archive.streams import ORGANISATION as ORGANISATION_PARTITION
from proposals.domain.vocabulary import instant_text
from proposals.projections.organisation import ORGANISATION, UNITS
from proposals.projections.projection import Entry, fold_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from proposals.adapters.archive.reading import Archive

_COLUMNS: Final = ["position", "unit", "version", "event", "occurred_at", "actor", "entered_by", "data"]


def units(archive: Archive, until: datetime | None = None) -> list[dict[str, Any]]:
    """The rows of the read model `organisation`, as they were at an instant or are at the archive's end."""
    return fold_log(ORGANISATION, _entries(archive, until))[UNITS.name]


def _entries(archive: Archive, until: datetime | None) -> Iterator[Entry]:
    names = {code: name for name, code in archive.codes.items() if name in ORGANISATION.handlers}
    for path in archive.files:
        if f"/{ORGANISATION_PARTITION.folder}/" not in path:
            continue
        table = pq.read_table(path, columns=_COLUMNS, partitioning=None)
        for row in table.to_pylist():
            if row["event"] in names and (until is None or row["occurred_at"] <= until):
                at = instant_text(row["occurred_at"])
                yield Entry(
                    row["position"], row["unit"], row["version"], names[row["event"]], at, at,
                    row["actor"], row["entered_by"], orjson.loads(row["data"]),
                )  # fmt: skip
