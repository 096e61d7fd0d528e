"""From a row's cells to facts, by a mapping; or to the reason why not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import orjson
from pydantic import ValidationError

from proposals.adapters.ledger.mapping import AreaField, LedgerMapping, read_mapping
from proposals.adapters.ledger.reading import read_rows
from proposals.adapters.ledger.reasons import Rejection, Unusable
from proposals.adapters.ledger.rejects import ADDED
from proposals.adapters.ledger.source import SourceRow
from proposals.adapters.ledger.times import closing_time, in_utc, read_moment
from proposals.adapters.ledger.wording import (
    LINE,
    TEXT,
    cleaned,
    columns_of,
    filled,
    has_control_characters,
    named,
    one_line,
    shortened,
)
from proposals.adapters.problems import problems_of
from proposals.domain.importing import ImportedFacts, Provenance
from proposals.domain.vocabulary import Tier, UnitKind, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from proposals.adapters.ledger.mapping import DepartmentField, UrgencyField

OPEN, CLOSED = "open", "closed"


@dataclass(frozen=True, slots=True)
class NeededUnit:
    """A unit that a row names, as it is created if the store lacks it. Without a title it is not created."""

    unit: str
    title: str
    unit_kind: UnitKind
    tier: Tier | None
    parent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """A matter as a ledger has it. Times are UTC; `place` and `department` are the ledger's own names."""

    number: int
    key: str
    title: str
    text: str
    category: str | None
    raised_at: datetime
    closed_at: datetime | None
    status: str
    place: str
    department: str | None
    urgency: Urgency
    proposal: str
    place_unit: str
    place_units: tuple[NeededUnit, ...]
    """The place and what it lies in, outermost first."""
    department_units: tuple[NeededUnit, ...]
    facts: ImportedFacts
    provenance: Provenance
    cells: dict[str, str]
    cleaned: bool
    """Whether control characters were taken out."""

    @property
    def closed(self) -> bool:
        """Whether the ledger has closed it."""
        return self.status == CLOSED


def read_ledger(path: str | Path, mapping: LedgerMapping) -> Iterator[LedgerRow | Rejection]:
    """Every row of a ledger, as a matter or with the reason why it is none. Raises as `read_rows` does."""
    mapper = RowMapper(mapping)
    return map(mapper.read, read_rows(path, mapping))


def read_matters(path: str | Path, mapping: LedgerMapping | str | Path) -> Iterator[LedgerRow]:
    """The matters of a ledger; rows that are none are passed over. Raises as `read_mapping` and `read_rows` do."""
    known = mapping if isinstance(mapping, LedgerMapping) else read_mapping(mapping)
    return (row for row in read_ledger(path, known) if isinstance(row, LedgerRow))


class RowMapper:
    """Reads rows by a mapping."""

    def __init__(self, mapping: LedgerMapping) -> None:
        self._mapping = mapping
        self._zone = ZoneInfo(mapping.zone)
        status = mapping.case.status
        self._statuses = {word.casefold(): OPEN for word in status.open}
        self._statuses |= {word.casefold(): CLOSED for word in status.closed}

    def read(self, row: SourceRow) -> LedgerRow | Rejection:
        """The matter in a row, or why there is none."""
        if row.unreadable:
            return Rejection(row.number, "row_unreadable", {"why": row.unreadable}, row.cells)
        if row.columns is not None:
            counts = {"cells": len(row.cells), "columns": row.columns}
            return Rejection(row.number, "more_cells_than_columns", counts, row.cells)
        try:
            return self._matter(row)
        except Unusable as unusable:
            return Rejection(row.number, unusable.code, unusable.details, row.cells)
        except ValidationError as error:
            why = "; ".join(f"{where}: {what}" for where, what in problems_of(error))
            return Rejection(row.number, "row_unreadable", {"why": why}, row.cells)

    def _matter(self, row: SourceRow) -> LedgerRow:
        mapping, case = self._mapping, self._mapping.case
        cells = {name: cleaned(value) for name, value in row.cells.items()}
        key = self._key(cells)
        source_status = one_line(filled(case.status.value, cells))
        status = self._status(source_status)
        raised_at, closed_at = self._times(cells, status)
        proposal = named(case.id_prefix, [key])
        if (closed_at is not None) is not (status == CLOSED):
            raise Unusable("closing_time_does_not_fit", proposal=proposal)
        if closed_at is not None and closed_at < raised_at:
            raise Unusable("closed_before_raised", proposal=proposal)
        places = _area_units(mapping, cells)
        department = mapping.department
        offices = _department_unit(department, cells, mapping.root.unit) if department is not None else None
        words = _Words(cells)
        category = words.line("category", case.category)
        title = words.line("title", case.title) or category or shortened(f"{mapping.source} {key}")
        channel, address = words.line("channel", case.channel), words.line("address", case.address)
        text = words.text(case.text)
        facts = ImportedFacts(
            title=title,
            text=text,
            category=category,
            raised_at=raised_at,
            closed_at=closed_at,
            source_status=source_status,
            channel=channel,
            address=address,
            department=offices.unit if offices is not None else None,
            resolution=_within_limit("resolution", filled(case.resolution, cells)) if case.resolution else None,
        )
        return LedgerRow(
            number=row.number,
            key=key,
            title=title,
            text=text or title,
            category=category,
            raised_at=raised_at,
            closed_at=closed_at,
            status=status,
            place=_name_of(mapping.place, cells) or mapping.place.otherwise,
            department=_name_of(department, cells) or None if department is not None else None,
            urgency=_urgency(case.urgency, cells),
            proposal=proposal,
            place_unit=places[-1].unit,
            place_units=tuple(places),
            department_units=(offices,) if offices is not None else (),
            facts=facts,
            provenance=Provenance(source=mapping.source, key=key, sha256=self._content_hash(cells, facts)),
            cells=row.cells,
            cleaned=any(map(has_control_characters, row.cells.values())),
        )

    def _key(self, cells: dict[str, str]) -> str:
        template = self._mapping.case.key
        if not all(cells.get(column) for column in columns_of(template)):
            raise Unusable("key_missing", template=template)
        key = one_line(filled(template, cells))
        if len(key) > LINE:
            raise Unusable("key_too_long", limit=LINE)
        return key

    def _status(self, said: str) -> str:
        if not said:
            raise Unusable("status_missing", template=self._mapping.case.status.value)
        status = self._statuses.get(said.casefold())
        if status is None:
            raise Unusable("status_unknown", value=said[:100])
        return status

    def _times(self, cells: dict[str, str], status: str) -> tuple[datetime, datetime | None]:
        raised, closed = self._mapping.case.raised_at, self._mapping.case.closed_at
        said = one_line(filled(raised.value, cells))
        if not said:
            raise Unusable("time_missing", field="raised_at")
        moment = read_moment(said, raised.formats, "raised_at")
        raised_at = in_utc(moment.local, self._zone, "raised_at", raised.twice)
        if closed is None or (closed.only_when_closed and status == OPEN):
            return raised_at, None
        said = one_line(filled(closed.value, cells))
        if not said:
            return raised_at, None
        moment = read_moment(said, closed.formats, "closed_at")
        return raised_at, closing_time(moment, raised_at, self._zone, "closed_at", closed.twice)

    def _content_hash(self, cells: dict[str, str], facts: ImportedFacts) -> str:
        """SHA-256 over the row and what was made of it: a corrected mapping is a change too, an empty column none."""
        left_out = {*self._mapping.file.ignore, *ADDED}
        counted = {name: value for name, value in cells.items() if value and name not in left_out}
        content = {"source": self._mapping.source, "cells": counted, "facts": facts.model_dump(mode="json")}
        return sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


class _Words:
    """Fills lines, and keeps what did not fit into one for the text, so that nothing is lost."""

    def __init__(self, cells: dict[str, str]) -> None:
        self._cells = cells
        self._over: list[str] = []

    def line(self, field: str, template: str | None) -> str | None:
        whole = one_line(filled(template, self._cells)) if template is not None else ""
        if len(whole) > LINE:
            self._over.append(f"{field}: {whole}")
        return shortened(whole) or None

    def text(self, template: str | None) -> str | None:
        parts = [filled(template, self._cells) if template is not None else "", *self._over]
        return _within_limit("text", "\n\n".join(part for part in parts if part))


def _within_limit(field: str, text: str) -> str | None:
    if len(text) > TEXT:
        raise Unusable("text_too_long", field=field, limit=TEXT)
    return text or None


def _urgency(field: UrgencyField | None, cells: dict[str, str]) -> Urgency:
    said = one_line(filled(field.value, cells)).casefold() if field is not None else ""
    if field is not None and said in {word.casefold() for word in field.urgent}:
        return Urgency.URGENT
    if field is not None and said in {word.casefold() for word in field.complex}:
        return Urgency.COMPLEX
    return Urgency.NORMAL


def _name_of(field: AreaField | DepartmentField, cells: dict[str, str]) -> str:
    name = one_line(filled(field.name, cells))
    if field.pattern is None:
        return name
    found = re.search(field.pattern, name)
    return one_line(found[1] or "") if found is not None else ""


def _area_units(mapping: LedgerMapping, cells: dict[str, str]) -> list[NeededUnit]:
    """The areas that a row lies in, outermost first. Names count together with those they lie in."""
    parent, path = mapping.root.unit, list[str]()
    units: list[NeededUnit] = []
    for area in reversed(list(mapping.areas())):
        said = _name_of(area, cells)
        name = said or area.otherwise
        if name is None:
            continue
        path.append(name)
        known = area.known.get(name)
        title = (one_line(filled(area.title, cells)) if area.title and said else "") or name
        unit = known or named(area.id_prefix, path)
        units.append(NeededUnit(unit, "" if known else shortened(title), UnitKind.AREA, area.tier, parent))
        parent = unit
    return units


def _department_unit(field: DepartmentField, cells: dict[str, str], root: str) -> NeededUnit | None:
    name = _name_of(field, cells)
    if not name:
        return None
    known = field.known.get(name)
    title = (one_line(filled(field.title, cells)) if field.title else "") or name
    title = "" if known else shortened(title)
    return NeededUnit(known or named(field.id_prefix, [name]), title, field.kind, None, root)
