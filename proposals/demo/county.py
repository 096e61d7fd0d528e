"""The demonstration's county, read from data: its units, who holds which office, and who lives where."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from proposals.domain.vocabulary import Role, Tier, UnitKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class UnitEntry(NamedTuple):
    """A unit of the county as the data has it."""

    id: str
    title: str
    kind: UnitKind
    tier: Tier | None
    parent: str | None


class Post(NamedTuple):
    """A person in a role at a unit."""

    unit: str
    person: str
    role: Role


class Trial(NamedTuple):
    """An edition of the rules on trial in one street: what it changes, and from when it holds."""

    edition: str
    unit: str
    effective: date
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class County:
    """Units and people of the county, in the order in which they are founded."""

    founded: date
    edition: str
    trial: Trial
    units: Mapping[str, UnitEntry]
    posts: tuple[Post, ...]
    pairings: tuple[tuple[str, str], ...]
    words: Mapping[str, tuple[str, ...]]
    """What other registers call a department."""
    _held: dict[tuple[str, Role], tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for post in self.posts:
            key = (post.unit, post.role)
            self._held[key] = (*self._held.get(key, ()), post.person)

    def people(self, unit: str, role: Role) -> tuple[str, ...]:
        """Everyone in a role at a unit, in the order of the data."""
        return self._held.get((unit, role), ())

    def voting(self, unit: str) -> tuple[str, ...]:
        """Who votes in a unit's meetings, sorted as the roll is."""
        return tuple(sorted((*self.people(unit, Role.MEMBER), *self.people(unit, Role.PART_TIME_MEMBER))))

    def above(self, unit: str) -> Iterator[str]:
        """A unit and those above it, nearest first."""
        here: str | None = unit
        while here is not None:
            yield here
            here = self.units[here].parent

    def nearest(self, unit: str, role: Role, number: int = 0) -> str:
        """A holder of a role, numbered from 0, at a unit or the nearest one above. Raises LookupError without any."""
        for here in self.above(unit):
            held = self.people(here, role)
            if held:
                return held[number]
        raise LookupError(f"nobody at or above {unit} is {role.value}")

    def parent(self, unit: str) -> str:
        """The unit one tier up; the county is its own."""
        return self.units[unit].parent or unit

    @property
    def grids(self) -> list[str]:
        """Every grid."""
        return [unit.id for unit in self.units.values() if unit.tier is Tier.GRID]

    @property
    def top(self) -> str:
        """The county itself."""
        return next(unit.id for unit in self.units.values() if unit.tier is Tier.COUNTY)

    def bodies(self, *kinds: UnitKind) -> list[str]:
        """The units of some kinds beside the tree."""
        return [unit.id for unit in self.units.values() if unit.kind in kinds]


@cache
def the_county() -> County:
    """The county that the package ships, from `data/county.toml`."""
    return parse_county(files("proposals").joinpath("data/county.toml").read_text("utf-8"))


def parse_county(text: str) -> County:
    """A county out of TOML text. Raises KeyError for a table or field that is missing, ValueError for a wrong value."""
    data = tomllib.loads(text)
    units = {unit.id: unit for unit in _units(data)}
    return County(
        founded=data["founded"],
        edition=f"policy-{data['edition']}",
        trial=Trial(
            f"policy-{data['trial']['edition']}",
            _id(data["trial"]["street"]),
            data["trial"]["effective"],
            data["trial"]["changes"],
        ),
        units=units,
        posts=tuple(_posts(data, units)),
        pairings=tuple((_id(pair["unit"]), _id(pair["partner"])) for pair in data["pairings"]),
        words={_id(body["id"]): tuple(body["words"]) for body in data["bodies"] if "words" in body},
    )


def _id(name: str) -> str:
    return f"unit-{name}"


def _units(data: dict[str, Any]) -> Iterator[UnitEntry]:
    """Parents before children; the party tree 大工委, 大党委, 网格党支部 stands beside the administrative one."""
    area, party = UnitKind.AREA, UnitKind.PARTY
    county = _id(data["county"]["id"])
    yield UnitEntry(county, data["county"]["title"], area, Tier.COUNTY, None)
    for street in data["streets"]:
        yield UnitEntry(_id(street["id"]), street["title"], area, Tier.STREET, county)
        yield UnitEntry(_id(f"{street['id']}-party"), _named(street, "大工委", "party committee"), party, None, county)
    for community in data["communities"]:
        name, parent = community["id"], community["street"]
        committee, council = _id(f"{name}-party"), _id(f"{name}-residents")
        yield UnitEntry(_id(name), community["title"], area, Tier.COMMUNITY, _id(parent))
        yield UnitEntry(committee, _named(community, "大党委", "party committee"), party, None, _id(f"{parent}-party"))
        kind = UnitKind.RESIDENTS_COMMITTEE
        yield UnitEntry(council, _named(community, "居民委员会", "residents' committee"), kind, None, _id(name))
        for number in range(1, community["grids"] + 1):
            title = _named(community, f"第{number}网格", f"grid {number}")
            yield UnitEntry(_id(f"{name}-{number}"), title, area, Tier.GRID, _id(name))
        for number in range(1, community["branches"] + 1):
            title = _named(community, f"第{number}网格党支部", f"grid party branch {number}")
            yield UnitEntry(_id(f"{name}-branch{number}"), title, party, None, committee)
    for body in data["bodies"]:
        yield UnitEntry(_id(body["id"]), body["title"], UnitKind(body["kind"]), None, _id(body["parent"]))


def _named(unit: dict[str, Any], chinese: str, english: str) -> str:
    """`翠湖社区第1网格 / Cuihu Community grid 1`."""
    first, _, second = unit["title"].partition(" / ")
    return f"{first}{chinese} / {second} {english}"


def _posts(data: dict[str, Any], units: dict[str, UnitEntry]) -> Iterator[Post]:
    leaders = 0
    ordering = (UnitKind.AREA, UnitKind.PARTY)
    for unit in units.values():
        offices = data["offices"].get(unit.tier or ("body" if unit.kind not in ordering else ""), {})
        yield from _filled(unit.id, offices)
        if unit.tier is Tier.GRID:
            yield from _filled(unit.id, data["living"])
            yield Post(unit.id, f"leader{leaders % data['leaders']['count'] + 1}", Role.LINKED_LEADER)
            leaders += 1
    for seat in data["part_time"]:
        for body in seat["bodies"]:
            yield Post(_id(seat["area"]), f"{body}.principal", Role.PART_TIME_MEMBER)


def _filled(unit: str, offices: dict[str, int]) -> Iterator[Post]:
    """People are called by place and office: opaque to the engine, and readable in a demonstration."""
    place = unit.removeprefix("unit-")
    for role, count in offices.items():
        name = role.replace("_", "-")
        for number in range(1, count + 1):
            yield Post(unit, f"{place}.{name}{number if count > 1 else ''}", Role(role))
