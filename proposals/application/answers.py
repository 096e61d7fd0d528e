"""What people ask of all cases at once: the register, the worklist, and how well it was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from proposals.adapters.indexes import default_index
from proposals.domain.vocabulary import instant_text
from proposals.projections.counting import Tables, count
from proposals.projections.evaluation import EVALUATION, ROUNDS
from proposals.projections.figures import Dimension
from proposals.projections.handling import DISPATCHES, HANDLING, WORK_ORDERS
from proposals.projections.organisation import EDITIONS, ORGANISATION, UNITS, Organisation
from proposals.projections.projection import fold
from proposals.projections.register import CASES, REGISTER, RegisterRow, register_row
from proposals.projections.report import Report, month_in, report
from proposals.projections.steps import STAYS, STEPS
from proposals.projections.worklist import DUTIES, WORKLIST, WorklistRow, worklist_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from proposals.application.door import Proposals
    from proposals.domain.context import Context
    from proposals.projections.projection import Projection
    from proposals.projections.ranking import Index

    Models = dict[str, list[dict[str, Any]]]
    Told = Callable[[int], None]


def register(
    app: Proposals, *, unit: str | None = None, as_of: datetime | None = None, progress: Told = lambda _: None
) -> Iterator[RegisterRow]:
    """The line of every case, at a unit or below it: now, or as it had happened by an instant.

    `progress` is told of each read model that is ready. Raises ProjectionStopped, ProjectionOutdated, ProjectionNewer.
    """
    cases = _models(app, REGISTER, as_of=as_of, progress=progress)[CASES.name]
    context = _world(app, as_of)
    for case in cases:
        if unit is None or context.is_within(case["unit"], unit):
            yield register_row(case, context)


def worklist(
    app: Proposals, *, as_of: datetime | None = None, progress: Told = lambda _: None
) -> Iterator[WorklistRow]:
    """The line of every open duty: who must act, where, on what and by when; now, or as it was at an instant.

    Raises ProjectionStopped, ProjectionOutdated, ProjectionNewer.
    """
    found = _models(app, WORKLIST, REGISTER, as_of=as_of, progress=progress)
    cases = {row["stream"]: row for row in found[CASES.name]}
    yield from worklist_rows(found[DUTIES.name], cases, _world(app, as_of))


def evaluate(
    app: Proposals,
    *,
    by: Iterable[Dimension | str] = (),
    until: datetime | None = None,
    index: Index | None = None,
    zone: ZoneInfo = ZoneInfo("Asia/Shanghai"),  # noqa: B008 - one for all, that nobody can change
    progress: Told = lambda _: None,
) -> Report:
    """How well it was done, up to the last event or to an instant, together and told apart by dimensions.

    `zone` says in which local months things fall, `index` which figures make the points, by default the packaged one.
    Raises ValueError for a dimension that is none, ProjectionStopped, ProjectionOutdated, ProjectionNewer.
    """
    dimensions = list(dict.fromkeys(map(Dimension, by)))
    # Before the read models go on: what is counted may be newer than the moment, never older.
    moment = instant_text(until) if until is not None else app.recorder.last_occurred()
    found = _models(app, REGISTER, STEPS, HANDLING, EVALUATION, ORGANISATION, as_of=until, progress=progress)
    organisation = Organisation(found[UNITS.name], found[EDITIONS.name])
    tables = Tables(
        cases=found[CASES.name],
        stays=found[STAYS.name],
        orders=found[WORK_ORDERS.name],
        dispatches=found[DISPATCHES.name],
        rounds=found[ROUNDS.name],
    )
    cells = count(tables, until=moment, month=month_in(zone), teams=organisation.teams)
    return report(cells, organisation, until=moment, zone=zone, by=dimensions, index=index or default_index())


def register_line(
    app: Proposals, stream: str, *, as_of: datetime | None = None, known_at: datetime | None = None
) -> RegisterRow:
    """The register's line of one case, folded out of its own events: as it happened, or was known, by an instant.

    Raises NotProjected if there was no such case then.
    """
    happened = instant_text(as_of) if as_of is not None else None
    known = instant_text(known_at) if known_at is not None else None
    entries = (
        entry
        for entry in app.projections.entries_of(stream)
        if (happened is None or entry.occurred_at <= happened) and (known is None or entry.recorded_at <= known)
    )
    return register_row(fold(REGISTER, stream, {}, entries).of(CASES), _world(app, as_of, known_at))


def _world(app: Proposals, as_of: datetime | None, known_at: datetime | None = None) -> Context:
    """Units, rules, orders and meetings as they are, or as they were at an instant."""
    return app.writer.past(as_of, known_at) if as_of or known_at else app.writer.work().context


def _models(app: Proposals, *projections: Projection, as_of: datetime | None, progress: Told) -> Models:
    """The rows of projections by table, of read models that are brought up to the end of the log first.

    A store that can only be read keeps no read models, and an earlier time has none: then they are folded in memory.
    """
    if as_of is None and not app.recorder.read_only:
        app.projections.catch_up(*(projection.name for projection in projections), progress=lambda *_: progress(1))
        return {
            name: app.projections.rows(shape.table)
            for projection in projections
            for name, shape in projection.tables.items()
        }
    latest = instant_text(as_of) if as_of is not None else None
    found = app.projections.folded(*projections, until=latest)
    progress(len(projections))
    return found
