"""Several counties read as one: what each has added up, whatever numbers their archives give to streams and events."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from proposals.adapters.archive import Archive, ArchiveUnfit, count, evaluate, organisation, writing
from proposals.adapters.archive.manifest import all_codes
from proposals.domain.organisation import UnitCreated
from proposals.domain.vocabulary import Tier, UnitKind
from proposals.projections.cells import Cells, Proposer, Rate, Reach, Standing, Stay
from tests.archive.histories import SHANGHAI, archived, case, numbered, on, order
from tests.archive.test_cells import RESPONSES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from proposals.domain.event import Event
    from tests.archive.conftest import County


def other(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another county with streams of the same ids, archived by a release that had other events, and other codes."""
    facts = [
        fact
        for number, (acts, _, _) in enumerate(RESPONSES.values())
        for fact in (*case(number, place="unit-cuihu-1"), *order(*acts, number=number))
    ]
    names = ["ProposalDanced", *(name for name in reversed(all_codes({})) if not name.startswith("Round"))]
    with monkeypatch.context() as patched:
        patched.setattr(writing, "all_codes", lambda _: {name: code for code, name in enumerate(names, 1)})
        archived(numbered(facts), directory)
    return directory


def added(*counties: Cells) -> Cells:
    """Cells added up by hand."""
    counts: defaultdict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for rate in (rate for cells in counties for rate in cells.rates):
        told = {"of": rate.numerator, "all": rate.denominator}
        counts[rate[:6]].update(told | {f"x {why}": n for why, n in rate.excluded})
    rates = []
    for cell, told in counts.items():
        left_out = tuple(sorted((why[2:], n) for why, n in told.items() if why.startswith("x ")))
        rates.append(Rate._make((*cell, told["of"], told["all"], left_out)))
    return Cells(
        sorted(rates),
        sorted(Stay._make(row) for row in summed((cells.stays for cells in counties), 1)),
        sorted(Reach._make(row) for row in summed((cells.reaches for cells in counties), 1)),
        sorted(Standing._make(row) for row in summed((cells.standings for cells in counties), 1)),
        sorted(Proposer._make(row) for row in summed((cells.proposers for cells in counties), 2)),
    )


def summed(lists: Iterable[Iterable[tuple[Any, ...]]], counts: int) -> list[tuple[Any, ...]]:
    """Rows, the last so many columns added up by the others."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for row in (row for rows in lists for row in rows):
        before = found.get(row[:-counts], [0] * counts)
        found[row[:-counts]] = [there + more for there, more in zip(before, row[-counts:], strict=True)]
    return [(*cell, *sums) for cell, sums in found.items()]


def test_counties_count_together_what_they_count_apart(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archived([], tmp_path / "empty")
    folders = [tmp_path / "empty", county.archive, other(tmp_path / "other", monkeypatch)]
    together = Archive(*folders)
    span = together.span()
    assert span is not None

    told = count(together, SHANGHAI)

    assert told == added(*(count(Archive(folder), SHANGHAI, until=span[1]) for folder in folders))
    assert told == count(Archive(*reversed(folders)), SHANGHAI)
    assert sum(standing.cases for standing in told.standings) > len(RESPONSES)


def test_up_to_an_instant_all_of_them_count_no_further(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [county.archive, other(tmp_path, monkeypatch)]
    ours = Archive(county.archive).span()
    assert ours is not None

    assert count(Archive(*folders), SHANGHAI, until=ours[1]) == count(Archive(county.archive), SHANGHAI)


def with_units(directory: Path, **units: Event) -> Path:
    """The archive of a county with these units."""
    archived(numbered(on(f"unit-{name}", -9, created) for name, created in units.items()), directory)
    return directory


def created(title: str, parent: str | None = None) -> Event:
    return UnitCreated(title=title, unit_kind=UnitKind.AREA, tier=Tier.COUNTY, parent=parent)


def test_their_organisations_are_one(tmp_path: Path) -> None:
    here = with_units(tmp_path / "1", province=created("安省"), here=created("甲县", "unit-province"))
    there = with_units(tmp_path / "2", province=created("安省"), there=created("乙县", "unit-province"))

    united = organisation(Archive(here, there))

    assert [united.title(f"unit-{name}") for name in ("province", "here", "there")] == ["安省", "甲县", "乙县"]


def test_a_unit_that_is_another_in_another_county_is_named(tmp_path: Path) -> None:
    here, there = (with_units(tmp_path / title, street=created(title)) for title in ("甲街道", "乙街道"))

    with pytest.raises(ArchiveUnfit, match="unit-street") as caught:
        evaluate(Archive(here, there))

    assert "各县的单位编号不得相同" in caught.value.text("zh")


def test_a_county_counts_once(county: County, tmp_path: Path) -> None:
    shutil.copytree(county.archive, tmp_path / "copy")

    with pytest.raises(ArchiveUnfit, match="name each county once"):
        Archive(county.archive, tmp_path / "copy")
