"""Evaluation of an archive: the same report as out of the read models, and nobody asks the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proposals.adapters.archive.counting import count
from proposals.adapters.archive.organisation import organisation
from proposals.adapters.archive.reading import Archive, Engine
from proposals.adapters.indexes import default_index
from proposals.domain.vocabulary import instant_text
from proposals.projections.figures import Dimension
from proposals.projections.report import ZONE, Report, report

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from proposals.projections.ranking import Index


def evaluate(
    archive: Archive,
    *,
    by: Iterable[Dimension | str] = (),
    until: datetime | None = None,
    index: Index | None = None,
    zone: ZoneInfo = ZONE,
    engine: Engine = Engine.DUCKDB,
) -> Report:
    """How well it was done, up to the last event or to an instant; the arguments are those of `proposals.evaluate`.

    Raises ValueError for a dimension that is none, and ArchiveUnfit.
    """
    dimensions = list(dict.fromkeys(map(Dimension, by)))
    span = archive.span()
    moment = until or (span[1] if span is not None else None)
    units = organisation(archive, until)
    return report(
        count(archive, zone, until=until, engine=engine),
        units,
        until=instant_text(moment) if moment is not None else "",
        zone=zone,
        by=dimensions,
        index=index or default_index(),
    )
