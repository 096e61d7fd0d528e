"""The organisation: its units with their places in the tree, and the editions of its rules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Column, Index

from proposals.domain.organisation import UnitClosed, UnitCreated, UnitMoved, UnitRenamed
from proposals.domain.policy import PolicyDrafted, PolicyPublished
from proposals.domain.policy_check import SMALLEST_CELL
from proposals.domain.vocabulary import UnitKind
from proposals.projections.columns import NUMBER, TEXT
from proposals.projections.projection import READ_MODELS, Entry, Projection, Rows

ORGANISATION: Final = Projection("organisation", 2, READ_MODELS)

UNITS: Final = ORGANISATION.table(
    "units",
    Column("title", TEXT, nullable=False),
    Column("unit_kind", TEXT, nullable=False),
    Column("tier", TEXT),
    Column("parent", TEXT),
    Column("closed", NUMBER, nullable=False, default=0),
    Index("units_parent", "parent"),
)

EDITIONS: Final = ORGANISATION.table(
    "policy_editions",
    Column("unit", TEXT, nullable=False),
    Column("min_cell", NUMBER, nullable=False),
    Column("categories", TEXT, nullable=False),
    Column("effective", TEXT),
    Index("policy_editions_unit", "unit"),
)
"""A row an edition; `effective` is the day from which it holds, nothing while it is a draft. `categories` are titles by
key, as JSON."""


@ORGANISATION.on(UnitCreated)
def _created(rows: Rows, entry: Entry) -> None:
    data = entry.data
    rows.put(UNITS, title=data["title"], unit_kind=data["unit_kind"], tier=data.get("tier"), parent=data.get("parent"))


@ORGANISATION.on(UnitRenamed)
def _renamed(rows: Rows, entry: Entry) -> None:
    rows.of(UNITS)["title"] = entry.data["title"]


@ORGANISATION.on(UnitMoved)
def _moved(rows: Rows, entry: Entry) -> None:
    rows.of(UNITS)["parent"] = entry.data["parent"]


@ORGANISATION.on(UnitClosed)
def _closed(rows: Rows, _: Entry) -> None:
    rows.of(UNITS)["closed"] = 1


@ORGANISATION.on(PolicyDrafted)
def _drafted(rows: Rows, entry: Entry) -> None:
    rules = entry.data["rules"]
    categories = json.dumps(rules["categories"], ensure_ascii=False, sort_keys=True)
    rows.put(EDITIONS, unit=entry.data["unit"], min_cell=rules["min_cell"], categories=categories)


@ORGANISATION.on(PolicyPublished)
def _published(rows: Rows, entry: Entry) -> None:
    rows.of(EDITIONS)["effective"] = entry.data["effective"]


class Organisation:
    """What evaluation asks of it: titles, the areas that a place lies in, teams, and how few people are too few."""

    def __init__(self, units: Iterable[Mapping[str, Any]], editions: Iterable[Mapping[str, Any]]) -> None:
        self._units = {unit["stream"]: unit for unit in units}
        published = sorted(
            (edition for edition in editions if edition["effective"] is not None),
            key=lambda edition: (edition["effective"], edition["stream"]),
        )
        self.min_cell: int = max((edition["min_cell"] for edition in published), default=SMALLEST_CELL)
        """The strictest of all editions that were ever published: groups mix cases of several."""
        self._categories: dict[str, str] = {}
        for edition in published:
            self._categories |= json.loads(edition["categories"])
        self._areas: dict[str, dict[str, str]] = {}

    def title(self, unit: str) -> str:
        """What people call it; its id if nobody has said."""
        known = self._units.get(unit)
        return str(known["title"]) if known is not None else unit

    def category(self, category: str) -> str:
        """What the latest edition that has it calls a category; its key if none does."""
        return self._categories.get(category, category)

    def areas(self, place: str) -> Mapping[str, str]:
        """The areas it lies in, and is, by their tiers."""
        found = self._areas.get(place)
        if found is None:
            found = self._areas[place] = {}
            here: str | None = place
            seen: set[str] = set()
            while here is not None and here not in seen and here in self._units:
                seen.add(here)
                tier = self._units[here]["tier"]
                if tier is not None:
                    found.setdefault(tier, here)
                here = self._units[here]["parent"]
        return found

    @property
    def teams(self) -> frozenset[str]:
        """The units of volunteers."""
        return frozenset(name for name, unit in self._units.items() if unit["unit_kind"] == UnitKind.VOLUNTEER_TEAM)
