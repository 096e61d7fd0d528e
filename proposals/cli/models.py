"""What commands read off the read models: their rows as the log stands now, or as they stood at an earlier time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from proposals.application import Proposals
    from proposals.cli.settings import Settings
    from proposals.projections import Projection

Models = dict[str, list[dict[str, Any]]]
"""Rows by the name of their table."""


def models(
    app: Proposals,
    settings: Settings,
    *projections: Projection,
    as_of: datetime | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Models:
    """The rows of projections, which are brought up to the end of the log first.

    A store that can only be read keeps no read models, and an earlier time has none: then they are folded in memory.
    """
    if as_of is not None or settings.read_only:
        return _folded(app, projections, as_of, advance)
    app.projections.catch_up(*(projection.name for projection in projections), progress=lambda *_: advance(1))
    return {
        name: app.projections.rows(shape.table)
        for projection in projections
        for name, shape in projection.tables.items()
    }


def _folded(
    app: Proposals, projections: tuple[Projection, ...], as_of: datetime | None, advance: Callable[[int], None]
) -> Models:
    from proposals.domain.vocabulary import instant_text
    from proposals.projections.projection import fold_log

    latest = instant_text(as_of) if as_of is not None else None
    known = [entry for entry in app.projections.entries() if latest is None or entry.occurred_at <= latest]
    found: Models = {}
    for projection in projections:
        found |= fold_log(projection, known)
        advance(1)
    return found


def case_row(
    app: Proposals, stream: str, *, as_of: datetime | None = None, known_at: datetime | None = None
) -> dict[str, Any]:
    """The register's row of one case, folded out of its own events: as it happened, or was known, by an instant."""
    from proposals.domain.vocabulary import instant_text
    from proposals.projections.projection import fold
    from proposals.projections.register import CASES, REGISTER

    happened = instant_text(as_of) if as_of is not None else None
    known = instant_text(known_at) if known_at is not None else None
    rows = fold(
        REGISTER,
        stream,
        {},
        (
            entry
            for entry in app.projections.entries_of(stream)
            if (happened is None or entry.occurred_at <= happened) and (known is None or entry.recorded_at <= known)
        ),
    )
    return rows.of(CASES)
