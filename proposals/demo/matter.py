"""Matters: what is raised, whether invented for the demonstration or taken over from another register."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from proposals.adapters.policies import default_policy
from proposals.domain.vocabulary import UnitKind, Urgency

if TYPE_CHECKING:
    from datetime import datetime

    from proposals.demo.county import County

_KEY = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Matter:
    """One matter of a register. `key` is its own in that register; the hints are what the register happens to say.

    `category` is a code or a title of the policy's list, anything else counts as other; `place` and `department`
    are names of any kind: the same name always leads to the same grid, or department.
    """

    key: str
    title: str
    text: str
    raised_at: datetime
    category: str | None = None
    place: str | None = None
    department: str | None = None
    urgency: Urgency | str = Urgency.NORMAL


@dataclass(frozen=True, slots=True)
class Content:
    """A matter as the county takes it up: its texts within the limits, its category and units from the county's own."""

    title: str
    text: str
    category: str
    urgency: Urgency
    department: str


@cache
def invented() -> tuple[Content, ...]:
    """The matters that the package ships, from `data/matters.toml`."""
    data = tomllib.loads(files("proposals").joinpath("data/matters.toml").read_text("utf-8"))
    return tuple(
        Content(
            matter["title"],
            matter["text"],
            matter["category"],
            Urgency(matter["urgency"]),
            f"unit-{matter['department']}",
        )
        for matter in data["matters"]
    )


def content_of(matter: Matter, county: County) -> Content:
    """The matter within the limits of the policy, in its category, for a department of the county."""
    rules = default_policy()
    text = _CONTROL.sub(" ", matter.text).strip()
    title = " ".join(_CONTROL.sub(" ", matter.title).split()) or text[: rules.title_limit].strip() or matter.key
    return Content(
        title[: rules.title_limit].strip(),
        text[: rules.text_limit].strip() or title[: rules.title_limit].strip(),
        _category(matter.category),
        _urgency(matter.urgency),
        department_of(matter.department, county, matter.key),
    )


def grid_of(matter: Matter, county: County) -> str:
    """The grid that a place stands for: always the same for the same name."""
    grids = county.grids
    return grids[_number(f"place:{matter.place or matter.key}") % len(grids)]


def department_of(hint: str | None, county: County, key: str) -> str:
    """The department whose words the hint has in it, else one that is always the same for the same hint."""
    lowered = (hint or "").lower()
    for unit, words in county.words.items():
        if any(word.lower() in lowered for word in words):
            return unit
    departments = county.bodies(UnitKind.DEPARTMENT)
    return departments[_number(f"department:{hint or key}") % len(departments)]


def token_of_key(key: str) -> str:
    """The key as a part of an id: itself if it can be one, else the beginning of its SHA-256."""
    return key if _KEY.match(key) else sha256(key.encode()).hexdigest()[:24]


def _category(hint: str | None) -> str:
    """The policy's category of that code or title; `other`, or the last there is, for anything else."""
    categories = default_policy().categories
    lowered = (hint or "").strip().lower()
    for code, title in categories.items():
        if lowered and lowered in {code, title.lower(), *(part.strip().lower() for part in title.split("/"))}:
            return code
    return "other" if "other" in categories else list(categories)[-1]


def _urgency(hint: Urgency | str) -> Urgency:
    try:
        return Urgency(hint)
    except ValueError:
        return Urgency.NORMAL


def _number(text: str) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:8])
