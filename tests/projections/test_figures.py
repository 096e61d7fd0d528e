"""Figures out of cells: no ratio without its counts, no data is no zero, and nobody's ballot is told."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from proposals.projections.cells import Cells, Proposer, Rate, Reach, Standing, Stay
from proposals.projections.figures import FIGURES, KNOWN, Dimension, Missing, Result, Score, quantile, scores
from proposals.projections.ranking import Index, goodness, ranking

AREAS = {
    "g1": {"grid": "g1", "community": "c1", "street": "s1"},
    "g2": {"grid": "g2", "community": "c1", "street": "s1"},
    "g3": {"grid": "g3", "community": "c2", "street": "s1"},
    "g4": {"grid": "g4", "community": "c2", "street": "s1"},
}


def rate(figure: str, place: str, numerator: int, denominator: int, **more: object) -> Rate:
    values = {"department": "", "category": "", "source": "", "period": "2026-03", "excluded": (), **more}
    return Rate(figure, place, numerator=numerator, denominator=denominator, **values)  # type: ignore[arg-type]


def cells(*rates: Rate, **more: object) -> Cells:
    rest: dict[str, object] = {"stays": [], "reaches": [], "standings": [], "proposers": [], **more}
    return Cells(rates=list(rates), **rest)  # type: ignore[arg-type]


def told(counted: Cells, *by: Dimension, min_cell: int = 3) -> dict[tuple[str, ...], Score]:
    (found,) = scores(counted, by, areas=lambda place: AREAS.get(place, {}), min_cell=min_cell)
    return {tuple(score.group.values()): score for score in found}


def test_a_figure_is_its_counts_and_what_was_left_out() -> None:
    counted = cells(
        rate("response", "g1", 3, 4, excluded=(("declined", 1),)),
        rate("response", "g1", 1, 1, excluded=(("declined", 2), ("pending", 1)), period="2026-04"),
    )
    result = told(counted)[()].rates["response"]
    assert (result.numerator, result.denominator, result.ratio) == (4, 5, Fraction(4, 5))
    assert result.excluded == {"declined": 3, "pending": 1}
    assert result.plain() == {
        "numerator": 4,
        "denominator": 5,
        "ratio": 0.8,
        "interval": [0.3755, 0.9638],
        "excluded": {"declined": 3, "pending": 1},
        "missing": None,
    }


def test_nothing_to_divide_by_is_no_data_and_not_zero() -> None:
    only_left_out = cells(rate("response", "g1", 0, 0, excluded=(("pending", 2),)))
    for result in (told(only_left_out)[()].rates["response"], told(cells())[()].rates["turnout"]):
        assert (result.ratio, result.interval, result.missing) == (None, None, Missing.NO_DATA)
        assert result.plain()["numerator"] is None


@pytest.mark.parametrize(
    ("numerator", "denominator", "low", "high"),
    [(5, 10, 0.2366, 0.7634), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 1, 0.2065, 1.0)],
)
def test_the_interval_is_wilsons(numerator: int, denominator: int, low: float, high: float) -> None:
    """The values are those of Wilson's paper's formula as published in tables (z = 1.96)."""
    assert Result("response", numerator, denominator, {}).plain()["interval"] == [low, high]


# --- who wrote what on a ballot


def test_a_handful_of_ballots_is_not_told_apart() -> None:
    counted = cells(rate("satisfaction", "g1", 2, 2), rate("turnout", "g1", 2, 9))
    score = told(counted, Dimension.GRID)["g1",]
    assert score.rates["satisfaction"].plain()["numerator"] is None
    assert score.rates["satisfaction"].missing is Missing.SUPPRESSED
    assert score.rates["satisfaction"].denominator == 2
    assert score.rates["turnout"].numerator == 2


def test_what_one_could_subtract_is_not_told_either() -> None:
    """The community's total less the grid that is told would be the grid that is not."""
    counted = cells(
        rate("satisfaction", "g1", 2, 2),
        rate("satisfaction", "g2", 20, 30),
        rate("satisfaction", "g3", 10, 10),
        rate("satisfaction", "g4", 10, 10),
    )
    by_grid = told(counted, Dimension.GRID)
    assert [by_grid[grid,].rates["satisfaction"].numerator for grid in AREAS] == [None, None, 10, 10]
    assert told(counted, Dimension.COMMUNITY)["c1",].rates["satisfaction"].numerator == 22


def test_of_two_dimensions_neither_gives_the_other_away() -> None:
    counted = cells(
        *(
            rate("resolution", grid, ballots, ballots, period=month)
            for grid, month, ballots in (
                ("g1", "2026-01", 1), ("g1", "2026-02", 10), ("g2", "2026-01", 10), ("g2", "2026-02", 11),
            )
        )
    )  # fmt: skip
    found = told(counted, Dimension.GRID, Dimension.MONTH)
    assert all(score.rates["resolution"].missing is Missing.SUPPRESSED for score in found.values())


BALLOTS = st.lists(
    st.tuples(st.sampled_from(sorted(AREAS)), st.sampled_from(["2026-01", "2026-02", "2026-05"]), st.integers(1, 12)),
    max_size=12,
)


@given(BALLOTS)
def test_groups_add_up_to_everything(ballots: list[tuple[str, str, int]]) -> None:
    counted = cells(*(rate("response", place, count // 3, count, period=month) for place, month, count in ballots))
    whole = told(counted)[()].rates["response"]
    for by in ((Dimension.GRID,), (Dimension.STREET, Dimension.QUARTER), (Dimension.YEAR, Dimension.COMMUNITY)):
        parts = [score.rates["response"] for score in told(counted, *by).values()]
        assert sum(part.denominator for part in parts) == whole.denominator
        assert sum(part.numerator or 0 for part in parts) == (whole.numerator or 0)


# --- groups


def test_months_make_quarters_and_years() -> None:
    counted = cells(*(rate("response", "g1", 1, 1, period=f"2026-{month:02}") for month in range(1, 13)))
    quarters = {group: score.rates["response"].denominator for group, score in told(counted, Dimension.QUARTER).items()}
    assert quarters == {("2026-Q1",): 3, ("2026-Q2",): 3, ("2026-Q3",): 3, ("2026-Q4",): 3}
    assert set(told(counted, Dimension.YEAR)) == {("2026",)}


def test_what_lies_in_no_area_is_a_group_of_its_own() -> None:
    assert set(told(cells(rate("response", "elsewhere", 1, 1)), Dimension.GRID)) == {("",)}


def test_people_are_counted_once_however_many_cases_they_raise() -> None:
    def raised(person: str, place: str, cases: int, as_member: int) -> Proposer:
        return Proposer(person, place, "", "", "", "2026-03", cases, as_member)

    counted = cells(
        proposers=[
            raised("li", "g1", 2, 0),
            raised("li", "g2", 1, 0),
            raised("wang", "g1", 3, 3),
            raised("hu", "g2", 2, 1),
        ]
    )
    whole = told(counted)[()]
    assert whole.proposers == 3
    assert (whole.rates["non_members"].numerator, whole.rates["non_members"].denominator) == (1, 3)
    assert told(counted, Dimension.GRID)["g1",].proposers == 2


def test_of_a_handful_of_proposers_nobody_learns_who_is_in_the_party() -> None:
    def raised(person: str, place: str) -> Proposer:
        return Proposer(person, place, "", "", "", "2026-03", 1, 0)

    counted = cells(
        proposers=[
            raised("li", "g1"),
            *(raised(f"p{n}", "g2") for n in range(4)),
            *(raised(f"q{n}", "g3") for n in range(3)),
        ]
    )
    found = told(counted, Dimension.GRID)
    assert [found[grid,].rates["non_members"].numerator for grid in ("g1", "g2", "g3")] == [None, None, 3]
    assert found["g1",].rates["non_members"].missing is Missing.SUPPRESSED


def test_times_are_those_of_a_case_that_there_was() -> None:
    def stay(seconds: int, cases: int = 1) -> Stay:
        return Stay("raise", "g1", "", "", "", "2026-03", seconds, cases)

    duration = told(cells(stays=[stay(10), stay(20, 2), stay(90)]))[()].durations["raise"]
    assert (duration.cases, duration.median, duration.p90) == (4, 20, 90)


@given(st.lists(st.integers(0, 50), min_size=1))
def test_a_quantile_is_the_least_value_that_enough_do_not_exceed(values: list[int]) -> None:
    for numerator, denominator in ((1, 2), (9, 10), (1, 1)):
        found = quantile(Counter(values), numerator, denominator)
        assert found in values
        assert sum(value <= found for value in values) * denominator >= numerator * len(values)
        assert sum(value < found for value in values) * denominator < numerator * len(values)


def test_steps_and_ends_are_added_up() -> None:
    counted = cells(
        reaches=[Reach("raise", "g1", "", "", "", "2026-03", 4), Reach("raise", "g2", "", "", "", "2026-03", 3)],
        standings=[
            Standing("handled", "g1", "", "", "", "2026-03", 2),
            Standing("handled", "g1", "", "", "", "2026-03", 1),
            Standing("", "g2", "", "", "", "2026-03", 4),
        ],
    )
    whole = told(counted)[()]
    assert whole.reached == {"raise": 7}
    assert whole.standing == {"handled": 3, "": 4}


# --- index and ranking


def an_index(**weights: int) -> Index:
    indicators = {name: {"weight": weight, "at_least": 2} for name, weight in weights.items()}
    return Index.model_validate({"title": "I", "version": 1, "indicators": indicators})


def ranked(counted: Cells, index: Index) -> list[tuple[str, int | None, Fraction | None, list[str]]]:
    (found,) = scores(counted, [Dimension.GRID], areas=lambda place: AREAS.get(place, {}), min_cell=3)
    return [
        (place.score.group[Dimension.GRID], place.rank, place.points, list(place.lacks))
        for place in ranking(found, index)
    ]


def test_equal_points_share_a_rank_and_the_next_is_left_out() -> None:
    counted = cells(
        *(rate("response", grid, right, 10) for grid, right in (("g1", 5), ("g2", 9), ("g3", 9), ("g4", 1)))
    )
    assert ranked(counted, an_index(response=1)) == [
        ("g2", 1, Fraction(90), []), ("g3", 1, Fraction(90), []), ("g1", 3, Fraction(50), []),
        ("g4", 4, Fraction(10), []),
    ]  # fmt: skip


def test_points_are_the_weighted_mean_and_fewer_returns_are_better() -> None:
    counted = cells(rate("response", "g1", 1, 2), rate("return", "g1", 1, 4))
    ((_, _, points, _),) = ranked(counted, an_index(response=3, **{"return": 1}))
    assert points == Fraction(3 * 50 + 75, 4)


def test_of_four_figures_less_is_better() -> None:
    better = {name: goodness(figure, Fraction(1, 4)) for name, figure in KNOWN.items()}

    assert {name for name, value in better.items() if value == Fraction(3, 4)} == {
        "rectification", "reopening", "escalation", "return",
    }  # fmt: skip
    assert {*better.values()} == {Fraction(1, 4), Fraction(3, 4)}


def test_who_has_too_few_or_lacks_a_figure_is_not_ranked_and_it_is_said() -> None:
    counted = cells(rate("response", "g1", 1, 1), rate("response", "g2", 2, 2), rate("satisfaction", "g2", 2, 2))
    assert ranked(counted, an_index(response=1, satisfaction=1)) == [
        ("g1", None, None, ["response", "satisfaction"]),
        ("g2", None, None, ["satisfaction"]),
    ]


def test_cases_of_no_grid_are_listed_and_nobody_is_ranked_for_them() -> None:
    counted = cells(rate("response", "elsewhere", 9, 9), rate("response", "g1", 8, 9), rate("response", "g2", 1, 9))
    assert ranked(counted, an_index(response=1)) == [
        ("g1", 1, Fraction(800, 9), []), ("g2", 2, Fraction(100, 9), []), ("", None, None, ["grid"]),
    ]  # fmt: skip


def test_cases_of_no_category_are_compared_for_that_is_no_unit() -> None:
    counted = cells(rate("response", "g1", 9, 9), rate("response", "g1", 1, 9, category="roads"))
    (found,) = scores(counted, [Dimension.CATEGORY], areas=lambda place: AREAS[place], min_cell=3)
    assert [place.rank for place in ranking(found, an_index(response=1))] == [1, 2]


def test_each_quarter_is_a_contest_of_its_own_and_quarters_are_not_ranked() -> None:
    counted = cells(
        *(
            rate("response", grid, right, 10, period=month)
            for month, grid, right in (
                ("2026-02", "g1", 5), ("2026-03", "g1", 9), ("2026-03", "g2", 8), ("2026-04", "g2", 1),
                ("2026-05", "g1", 1),
            )
        )
    )  # fmt: skip
    by_grid, alone = scores(
        counted, [Dimension.GRID, Dimension.QUARTER], [Dimension.QUARTER], areas=lambda place: AREAS[place], min_cell=3
    )
    index = an_index(response=1)
    assert [(*place.score.group.values(), place.rank, place.points) for place in ranking(by_grid, index)] == [
        ("g2", "2026-Q1", 1, 80), ("g1", "2026-Q1", 2, 70), ("g1", "2026-Q2", 1, 10), ("g2", "2026-Q2", 1, 10),
    ]  # fmt: skip
    assert [(place.rank, place.points, list(place.lacks)) for place in ranking(alone, index)] == [
        (None, Fraction(220, 3), []), (None, Fraction(10), []),
    ]  # fmt: skip


def test_an_index_names_figures_that_there_are() -> None:
    with pytest.raises(ValidationError, match="there is no figure beauty"):
        an_index(beauty=1)
    assert set(an_index(**dict.fromkeys(FIGURES, 1), non_members=2).indicators) == {*FIGURES, "non_members"}
