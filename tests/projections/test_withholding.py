"""What a report withholds cannot be worked out of all that it tells: its total, its groups and its months."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain, product
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from proposals.adapters.indexes import default_index
from proposals.projections.cells import Cells, Proposer, Rate
from proposals.projections.figures import Dimension
from proposals.projections.organisation import Organisation
from proposals.projections.report import report

# --- a small county, and what lies where in it, said once more for the one who judges

AREAS: Final = {
    "g1": ("g1", "c1", "s1"),
    "g2": ("g2", "c1", "s1"),
    "g3": ("g3", "c2", "s1"),
    "g4": ("g4", "c3", "s2"),
    "g5": ("g5", "c3", "s2"),
    "c3": ("", "c3", "s2"),
    "nowhere": ("", "", ""),
}
QUARTERS: Final = {"2026-01": "2026-Q1", "2026-02": "2026-Q1", "2026-05": "2026-Q2", "2027-02": "2027-Q1"}
DEPARTMENTS: Final = ("", "d1", "d2")

Atom = tuple[str, str, str]
"""A place, a department and a month: as fine as anybody could ask."""

VALUES: Final[Mapping[str, Callable[[Atom], str]]] = {
    "grid": lambda atom: AREAS[atom[0]][0],
    "community": lambda atom: AREAS[atom[0]][1],
    "street": lambda atom: AREAS[atom[0]][2],
    "department": lambda atom: atom[1],
    "month": lambda atom: atom[2],
    "quarter": lambda atom: QUARTERS[atom[2]],
    "year": lambda atom: atom[2][:4],
}


def units() -> Iterator[dict[str, Any]]:
    for tier, place in enumerate(("grid", "community", "street")):
        for unit in {areas[tier] for areas in AREAS.values()} - {""}:
            lies_in = next(areas for areas in AREAS.values() if areas[tier] == unit)
            parent = lies_in[tier + 1] if tier < 2 else None
            yield {"stream": unit, "title": unit, "unit_kind": "area", "tier": place, "parent": parent}


def told(counted: Mapping[Atom, tuple[int, int]], *by: str, min_cell: int = 3) -> dict[str, Any]:
    """A report of so many of so many for each atom: of ballots that say "resolved", and of proposers."""
    rates = [
        Rate("resolution", place, department, "", "", month, right, ballots)
        for (place, department, month), (right, ballots) in counted.items()
    ]
    proposers = [
        Proposer(f"{'-'.join(atom)}-{number}", *atom[:2], "", "", atom[2], 1, int(number >= right))
        for atom, (right, people) in counted.items()
        for number in range(people)
    ]
    return reported(Cells(sorted(rates), [], [], [], sorted(proposers)), *by, min_cell=min_cell)


def reported(cells: Cells, *by: str, min_cell: int = 3) -> dict[str, Any]:
    edition = {"stream": "policy-1", "min_cell": min_cell, "effective": "2026-01-01", "categories": "{}"}
    return report(
        cells,
        Organisation(units(), [edition]),
        until="2027-04-01T00:00:00.000000Z",
        zone=ZoneInfo("Asia/Shanghai"),
        by=[Dimension(name) for name in by],
        index=default_index(),
    ).plain()


def withheld(listing: Iterable[Mapping[str, Any]], figure: str = "resolution") -> list[str]:
    return [
        "/".join([row["month"]] if "month" in row else row["group"].values())
        for row in listing
        if row["figures"][figure]["missing"] == "suppressed"
    ]


def a_county(**ballots: int) -> dict[Atom, tuple[int, int]]:
    return {(place, "", "2026-01"): (many - 1, many) for place, many in ballots.items()}


# --- what it comes to


@pytest.mark.parametrize("figure", ["resolution", "non_members"])
def test_the_total_less_all_other_grids_is_not_the_only_grid_of_a_community(figure: str) -> None:
    found = told(a_county(g3=2, g4=10, g5=12), "grid")
    assert found["total"]["figures"][figure]["denominator"] == 24
    assert withheld(found["groups"], figure) == ["g3", "g4"]


def test_two_that_are_withheld_are_not_too_few_together() -> None:
    assert withheld(told(a_county(g4=1, g5=1, g1=10, g2=12), "grid")["groups"]) == ["g1", "g4", "g5"]
    assert withheld(told(a_county(g4=1, g5=2, g1=10, g2=12), "grid")["groups"]) == ["g4", "g5"]


def test_a_quarter_less_its_other_months_is_not_the_one_that_is_withheld() -> None:
    months = {("g1", "", "2026-01"): (1, 2), ("g1", "", "2026-02"): (9, 10), ("g1", "", "2026-05"): (3, 4)}
    found = told(months, "quarter")
    assert withheld(found["groups"]) == []
    assert withheld(found["months"]) == ["2026-01", "2026-02"]


def test_a_month_is_not_what_its_grids_come_to() -> None:
    counted = {
        ("g1", "", "2026-01"): (1, 1),
        ("g1", "", "2026-05"): (5, 9),
        ("g4", "", "2026-01"): (1, 1),
        ("g4", "", "2026-05"): (5, 9),
    }
    found = told(counted, "grid", "quarter")
    assert withheld(found["months"]) == ["2026-01", "2026-05"]
    assert len(withheld(found["groups"])) == 4


def test_what_lies_in_no_grid_is_in_no_community_s_sum() -> None:
    counted = a_county(g4=2, g5=8, c3=4, g1=20, g2=20)
    assert withheld(told(counted, "grid")["groups"]) == ["g4", "g5"]
    assert withheld(told(counted, "grid", "community")["groups"]) == ["/c3", "g4/c3"]


def test_a_month_and_a_grid_keep_company_on_either_side() -> None:
    """The report by grid alone tells what a grid comes to in all months."""
    counted = {
        ("g1", "", "2026-01"): (1, 1),
        ("g1", "", "2026-05"): (9, 10),
        ("g2", "", "2026-01"): (9, 10),
        ("g2", "", "2026-05"): (9, 11),
    }
    assert len(withheld(told(counted, "grid", "month")["groups"])) == 4
    assert len(withheld(told(counted, "grid", "quarter")["groups"])) == 4


# --- people, of whom each may be in several groups


def proposing(**people: str) -> Cells:
    """People by their letters, who raised a case each in the grid that is named."""
    return Cells(
        [],
        [],
        [],
        [],
        [Proposer(one, place, "", "", "", "2026-01", 1, 0) for place, letters in people.items() for one in letters],
    )


def test_the_same_two_people_in_two_grids_are_two() -> None:
    found = reported(proposing(g1="ab", g2="ab", g4="cdef", g5="ghijk"), "grid")
    assert withheld(found["groups"], "non_members") == ["g1", "g2", "g4"]
    found = reported(proposing(g1="ab", g2="bc", g4="defg", g5="hijkl"), "grid")
    assert withheld(found["groups"], "non_members") == ["g1", "g2"]


def test_where_nobody_is_left_there_is_nobody_to_be_told() -> None:
    found = reported(proposing(g1="ab", g4="abc", nowhere="abcdefg"), "street")
    assert withheld(found["groups"], "non_members") == ["s1", "s2"]


@given(st.dictionaries(st.sampled_from(["g1", "g4", "nowhere"]), st.sets(st.sampled_from("abcdefghij"))))
def test_nobody_is_told_by_being_in_no_street_that_is_told(people: dict[str, set[str]]) -> None:
    found = reported(proposing(**{place: "".join(sorted(letters)) for place, letters in people.items()}), "street")
    raised = {AREAS[place][2]: letters for place, letters in people.items() if letters}
    untold = {*withheld(found["groups"], "non_members")}
    away = set[str]().union(*(letters for street, letters in raised.items() if street in untold))
    seen = set[str]().union(*(letters for street, letters in raised.items() if street not in untold))
    assert {street for street, letters in raised.items() if len(letters) < 3} <= untold
    if len(away | seen) >= 3:
        assert len(untold) != 1 or len(raised) == 1
        assert not away or len(away) >= 3
        assert len(away - seen) not in {1, 2}


# --- what always holds


class Known:
    """All that follows from sums that are told: their row space, in reduced echelon form over the rationals."""

    def __init__(self, rows: Iterable[frozenset[Atom]]) -> None:
        self._rows: dict[Atom, dict[Atom, Fraction]] = {}
        for row in rows:
            rest = self.rest({atom: Fraction(1) for atom in row})
            if rest:
                lead = min(rest)
                new = {atom: value / rest[lead] for atom, value in rest.items()}
                self._rows = {at: _less(old, new, old.get(lead, Fraction(0))) for at, old in self._rows.items()}
                self._rows[lead] = new

    def rest(self, row: Mapping[Atom, Fraction]) -> dict[Atom, Fraction]:
        """What of a sum does not follow from the others; nothing if it does."""
        left = dict(row)
        for lead, known in self._rows.items():
            left = _less(left, known, left.get(lead, Fraction(0)))
        return left


def _less(row: Mapping[Atom, Fraction], other: Mapping[Atom, Fraction], times: Fraction) -> dict[Atom, Fraction]:
    both = {atom: row.get(atom, Fraction(0)) - times * other.get(atom, Fraction(0)) for atom in {*row, *other}}
    return {atom: value for atom, value in both.items() if value}


def listings(found: Mapping[str, Any]) -> Iterator[tuple[list[str], dict[tuple[str, ...], Any]]]:
    yield [], {(): found["total"]}
    yield ["month"], {(row["month"],): row for row in found["months"]}
    if found["by"]:
        yield found["by"], {tuple(row["group"].values()): row for row in found["groups"]}


def given_away(figure: str, min_cell: int, *reports: Mapping[str, Any]) -> list[list[str]]:
    """Withheld groups and months that can be worked out, and sums of them of fewer people than the smallest cell."""
    asked = {"month", *(name for found in reports for name in found["by"])}
    alike = {tuple(VALUES[name](atom) for name in asked): atom for atom in product(AREAS, DEPARTMENTS, QUARTERS)}
    atoms = list(alike.values())
    seen: list[frozenset[Atom]] = []
    secret: list[tuple[str, int, dict[Atom, Fraction]]] = []
    for dimensions, rows in chain.from_iterable(map(listings, reports)):
        groups: dict[tuple[str, ...], set[Atom]] = {}
        for atom in atoms:
            groups.setdefault(tuple(VALUES[name](atom) for name in dimensions), set()).add(atom)
        assert rows.keys() <= groups.keys()
        for group, inside in groups.items():
            result = rows[group]["figures"][figure] if group in rows else None  # not listed: nothing there
            if result is None or result["missing"] != "suppressed":
                seen.append(frozenset(inside))
            else:
                secret.append(("/".join(group), result["denominator"], dict.fromkeys(inside, Fraction(1))))
    known = Known(seen)
    rests = [(name, people, known.rest(row)) for name, people, row in secret]
    return [names for names, rest in _sums(rests, min_cell) if not rest]


def _sums(
    rests: Sequence[tuple[str, int, dict[Atom, Fraction]]], below: int
) -> Iterator[tuple[list[str], dict[Atom, Fraction]]]:
    """Each, and every sum of fewer people than that: as all is linear, the rest of a sum is the sum of the rests."""
    for at, (name, people, rest) in enumerate(rests):
        yield [name], rest
        few = [other for other in rests[at + 1 :] if people + other[1] < below]
        for names, more in _sums(few, below - people):
            yield [name, *names], _less(rest, more, Fraction(-1))


COUNTED: Final = st.dictionaries(
    st.tuples(st.sampled_from(sorted(AREAS)), st.sampled_from(DEPARTMENTS), st.sampled_from(sorted(QUARTERS))),
    st.one_of(st.integers(0, 3), st.integers(1, 9)).flatmap(
        lambda many: st.tuples(st.integers(0, many), st.just(many))
    ),
    max_size=14,
)
BY: Final = st.lists(st.sampled_from(sorted(VALUES)), unique=True, max_size=3)


@pytest.mark.parametrize("figure", ["resolution", "non_members"])
@given(counted=COUNTED, by=BY, min_cell=st.integers(3, 5))
def test_nothing_that_a_report_tells_gives_away_so_few(
    figure: str, counted: dict[Atom, tuple[int, int]], by: list[str], min_cell: int
) -> None:
    found = told(counted, *by, min_cell=min_cell)
    for row in (found["total"], *found["groups"], *found["months"]):
        result = row["figures"][figure]
        assert result["missing"] or result["denominator"] >= min_cell
    assert given_away(figure, min_cell, found) == []
    event(f"withheld groups: {min(4, len(withheld(found['groups'])))}")


@pytest.mark.parametrize("figure", ["resolution", "non_members"])
@given(counted=COUNTED, by=BY, min_cell=st.integers(3, 5))
def test_no_more_is_withheld_than_must_be(
    figure: str, counted: dict[Atom, tuple[int, int]], by: list[str], min_cell: int
) -> None:
    """Nothing if there is enough of everything; and the total only if it has too few itself."""
    found = told(counted, *by, min_cell=min_cell)
    rows = [found["total"], *found["groups"], *found["months"]]
    total, *parts = [row["figures"][figure] for row in rows]
    assert (total["missing"] == "suppressed") == (0 < total["denominator"] < min_cell)
    if all(result["denominator"] >= min_cell for result in (total, *parts) if result["denominator"]):
        assert {result["missing"] for result in parts} <= {None, "no_data"}


@pytest.mark.parametrize("axis", [["grid", "community", "street"], ["quarter", "year"], ["department"]])
@given(counted=COUNTED, min_cell=st.integers(3, 5))
def test_nor_do_several_reports_by_what_lies_in_one_another(
    axis: list[str], counted: dict[Atom, tuple[int, int]], min_cell: int
) -> None:
    """As long as every case lies in a grid: the rest of a community is in no report by grid."""
    in_grids = {atom: counts for atom, counts in counted.items() if AREAS[atom[0]][0]}
    reports = [told(in_grids, name, min_cell=min_cell) for name in axis]
    assert given_away("resolution", min_cell, *reports) == []
