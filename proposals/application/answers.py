"""What people ask of all cases at once: the register, the worklist, and how well it was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from proposals.adapters.indexes import default_index
from proposals.domain.vocabulary import instant_text
from proposals.projections.counting import Tables, count
from proposals.projections.evaluation import EVALUATION, ROUNDS
from proposals.projections.figures import Dimension
from proposals.projections.handling import DISPATCHES, HANDLING, WORK_ORDERS
from proposals.projections.organisation import EDITIONS, ORGANISATION, UNITS, Organisation
from proposals.projections.projection import fold
from proposals.projections.register import CASES, REGISTER, RegisterRow, register_row
from proposals.projections.report import ZONE, Report, month_in, report
from proposals.projections.steps import STAYS, STEPS
from proposals.projections.worklist import DUTIES, WORKLIST, WorklistRow, worklist_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from proposals.adapters.projecting.views import View
    from proposals.application.door import Proposals
    from proposals.projections.projection import Projection
    from proposals.projections.ranking import Index

    Told = Callable[[int], None]

L = TypeVar("L")


class Listing(list[L]):
    """Lines, and how many streams they are not up to, because an event of theirs could not be projected."""

    def __init__(self, lines: Iterable[L], waiting: Collection[str]) -> None:
        super().__init__(lines)
        self.waiting = len(waiting)


def register(
    app: Proposals, *, unit: str | None = None, as_of: datetime | None = None, progress: Told = lambda _: None
) -> Listing[RegisterRow]:
    """The line of every case, at a unit or below it: now, or as it had happened by an instant.

    `progress` is told whenever the read models have come a little further. Raises ProjectionStopped,
    ProjectionOutdated, ProjectionNewer.
    """
    view, context = _view(app, REGISTER, until=as_of, progress=progress), app.writer.world(as_of)
    cases = (case for case in view.rows[CASES.name] if unit is None or context.is_within(case["unit"], unit))
    return Listing((register_row(case, context) for case in cases), view.waiting)


def worklist(
    app: Proposals, *, unit: str | None = None, as_of: datetime | None = None, progress: Told = lambda _: None
) -> Listing[WorklistRow]:
    """The line of every open duty, of those who act at a unit or below it: who must act, where, on what and by when.

    It is as of now, or as it was at an instant. Raises ProjectionStopped, ProjectionOutdated, ProjectionNewer.
    """
    view, context = _view(app, WORKLIST, REGISTER, until=as_of, progress=progress), app.writer.world(as_of)
    cases = {row["stream"]: row for row in view.rows[CASES.name]}
    rows = (
        row
        for row in worklist_rows(view.rows[DUTIES.name], cases, context)
        if unit is None or (row.holder_unit is not None and context.is_within(row.holder_unit, unit))
    )
    return Listing(rows, view.waiting)


def evaluate(
    app: Proposals,
    *,
    by: Iterable[Dimension | str] = (),
    until: datetime | None = None,
    index: Index | None = None,
    zone: ZoneInfo = ZONE,
    progress: Told = lambda _: None,
) -> Report:
    """How well it was done, up to the last event or to an instant, together and told apart by dimensions.

    `zone` says in which local months things fall, `index` which figures make the points, by default the packaged one.
    Raises ValueError for a dimension that is none, ProjectionStopped, ProjectionOutdated, ProjectionNewer.
    """
    dimensions = list(dict.fromkeys(map(Dimension, by)))
    view = _view(app, REGISTER, STEPS, HANDLING, EVALUATION, ORGANISATION, until=until, progress=progress)
    organisation = Organisation(view.rows[UNITS.name], view.rows[EDITIONS.name])
    tables = Tables(
        cases=view.rows[CASES.name],
        stays=view.rows[STAYS.name],
        orders=view.rows[WORK_ORDERS.name],
        dispatches=view.rows[DISPATCHES.name],
        rounds=view.rows[ROUNDS.name],
    )
    moment = instant_text(until) if until is not None else app.recorder.last_occurred(view.position)
    cells = count(tables, until=moment, month=month_in(zone), teams=organisation.teams)
    return report(
        cells,
        organisation,
        until=moment,
        zone=zone,
        by=dimensions,
        index=index or default_index(),
        waiting=len(view.waiting),
    )


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
    return register_row(fold(REGISTER, stream, {}, entries).of(CASES), app.writer.world(as_of, known_at))


def _view(app: Proposals, *models: Projection, until: datetime | None, progress: Told) -> View:
    names = (model.name for model in models)
    return app.projections.view(*names, until=until, progress=lambda *_: progress(1))
