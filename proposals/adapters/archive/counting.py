"""Cells out of an archive: the questions are put to an engine, and their small answers become cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proposals.adapters.archive.log import Log
from proposals.adapters.archive.periods import microseconds, months
from proposals.adapters.archive.queries import DIMENSIONS, FIGURES, Questions, names_of
from proposals.adapters.archive.reading import Archive, Engine
from proposals.projections.cells import Cells, Proposer, Rate, Reach, Standing, Stay

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo


def count(archive: Archive, zone: ZoneInfo, *, until: datetime | None = None, engine: Engine = Engine.DUCKDB) -> Cells:
    """The cells of an archive's log, in the local months of a zone.

    `until` is the instant of the evaluation, by default the last at which anything happened; what happened after it is
    left out. Raises ArchiveUnfit where the archive cannot be read or the engine is not there.
    """
    span = archive.span()
    if span is None:
        return Cells([], [], [], [], [])
    first, last = span
    until = until or last
    spans = months(first, min(last, max(first, until)), zone)
    with archive.opened(engine) as (events, keep, ask):
        questions = Questions(Log(events, archive.codes, microseconds(until), spans), keep)
        tables = {counted: _columns(ask(table)) for counted, table in questions.rates().items()}
        return Cells(
            [
                rate
                for figure, counted in sorted(_COUNTED_IN.items())
                for rate in _rates(figure, counted, tables[counted])
            ],
            list(map(Stay._make, _rows(ask(questions.stays()), Stay._fields))),
            list(map(Reach._make, _rows(ask(questions.reaches()), Reach._fields))),
            list(map(Standing._make, _rows(ask(questions.standings()), Standing._fields))),
            list(map(Proposer._make, _rows(ask(questions.proposers()), Proposer._fields))),
        )


_COUNTED_IN = {figure: counted for counted, figures in FIGURES.items() for figure in figures}


def _rates(figure: str, counted: str, columns: dict[str, list[Any]]) -> Iterator[Rate]:
    reasons = FIGURES[counted][figure]
    names = (*DIMENSIONS, *names_of(figure, reasons))
    for *dimensions, numerator, denominator, left_out in zip(
        *(columns[name] for name in names[: len(DIMENSIONS) + 2]), _reasons(columns, figure, reasons), strict=True
    ):
        if denominator or left_out:
            yield Rate._make((figure, *dimensions, numerator, denominator, left_out))


def _reasons(columns: dict[str, list[Any]], figure: str, reasons: Sequence[str]) -> list[tuple[tuple[str, int], ...]]:
    """For each row, what was left out and why."""
    counts = zip(*(columns[f"{figure}_x_{reason}"] for reason in reasons), strict=True)
    if not reasons:
        return [()] * len(columns[DIMENSIONS[0]])
    return [tuple((reason, n) for reason, n in zip(reasons, row, strict=True) if n) for row in counts]


def _columns(answer: Any) -> dict[str, list[Any]]:
    return {name: answer[name].to_pylist() for name in answer.column_names}


def _rows(answer: Any, fields: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    return zip(*(answer[field].to_pylist() for field in fields), strict=True)
