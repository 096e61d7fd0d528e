"""The evaluation page: it stands alone, says every figure with its counts, and gives nothing away."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from typing import Final
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from proposals.adapters.indexes import default_index
from proposals.adapters.report_page import page
from proposals.adapters.report_page.charts import Dot, forest, shortened
from proposals.adapters.report_page.drawing import drawn
from proposals.adapters.report_page.facts import Facts
from proposals.domain.catalogue import TEXTS, half
from proposals.domain.catalogue.page import PAGE
from proposals.projections.cells import Cells, Proposer, Rate, Reach, Standing, Stay
from proposals.projections.figures import FIGURES, KNOWN, Dimension
from proposals.projections.organisation import Organisation
from proposals.projections.report import Report, report
from tests.test_architecture import PACKAGE

LANGUAGES: Final = ("en", "zh")
EVIL: Final = "</svg><script>alert('x')</script> \"&amp;"
TITLES: Final = {
    "unit-a": "翠湖社区第1网格 / Cuihu Community grid 1",
    "unit-b": EVIL,
    "unit-c": "杏花社区 / Xinghua",
    "unit-d": "杏花社区 / Xinghua",
}
WITHHELD: Final = (1987, 1993)
"""Satisfied and valid ballots of a group that has fewer than the smallest cell."""

BESIDE: Final = (2917, 2939)
"""Those of the group that would give it away."""


def rate(figure: str, place: str, numerator: int, denominator: int, *excluded: tuple[str, int]) -> Rate:
    return Rate(figure, place, "", "", "", "2025-03", numerator, denominator, excluded)


def counted() -> Cells:
    """All figures of one grid in full; of another those that have few; a month without anything in between."""
    full = [rate(name, "unit-a", 7001 + 2 * n, 9001 + 3 * n, ("pending", 11 + n)) for n, name in enumerate(FIGURES)]
    few = [
        rate("satisfaction", "unit-b", *WITHHELD),
        rate("satisfaction", "unit-c", *BESIDE),
        rate("response", "unit-b", 3, 4),
        rate("response", "unit-d", 1, 1),
    ]
    later = Rate("turnout", "unit-a", "", "", "", "2025-05", 5003, 6007, ())
    dims = ("unit-a", "", "", "", "2025-03")
    return Cells(
        rates=[*full, *few, later],
        stays=[Stay("raise", *dims, 3_600, 3), Stay("handle", *dims, 864_000, 2)],
        reaches=[Reach("raise", *dims, 5), Reach("handle", *dims, 2)],
        standings=[Standing("settled", *dims, 3), Standing("", *dims, 2)],
        proposers=[Proposer(f"person-{number}", *dims, 1, int(number >= 2_221)) for number in range(2_345)],
    )


def reported(cells: Cells, *by: Dimension, until: str = "2025-05-31T16:00:00.000000Z", min_cell: int = 2_000) -> Report:
    units = [{"stream": name, "title": title, "tier": "grid", "parent": None} for name, title in TITLES.items()]
    for unit in units:
        unit["unit_kind"] = "area"
    edition = {"stream": "policy-1", "min_cell": min_cell, "effective": "2025-01-01", "categories": "{}"}
    return report(
        cells,
        Organisation(units, [edition]),
        until=until,
        zone=ZoneInfo("Asia/Shanghai"),
        by=by,
        index=default_index(),
    )


@pytest.fixture(scope="module")
def told() -> Report:
    return reported(counted(), Dimension.GRID)


@pytest.fixture(scope="module")
def pages(told: Report) -> dict[str, str]:
    return {language: page(told, language) for language in LANGUAGES}


@pytest.fixture(scope="module")
def empty() -> dict[str, str]:
    nothing = reported(Cells([], [], [], [], []), Dimension.GRID, until="")
    return {language: page(nothing, language) for language in LANGUAGES}


def parsed(said: str) -> ET.Element:
    """The page as XML, which is stricter than HTML: every element is closed, every attribute quoted."""
    return ET.fromstring(  # noqa: S314 - the page is ours
        said.removeprefix(said[: said.index("<html")])
    )


def words(said: str) -> str:
    """All that is to be read on it, without the spaces of its layout."""
    return " ".join(" ".join(parsed(said).itertext()).split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_well_formed_and_in_order(pages: dict[str, str], language: str) -> None:
    root = parsed(pages[language])
    levels = [int(element.tag[1]) for element in root.iter() if re.fullmatch(r"h\d", element.tag)]
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    links = {element.get("href") for element in root.iter("a")}

    assert pages[language].startswith("<!DOCTYPE html>\n")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert len(ids) == len({*ids})
    assert links <= {f"#{anchor}" for anchor in ids}
    for table in root.iter("table"):
        assert table.find("caption") is not None
        assert all(cell.get("scope") in {"col", "row"} for cell in table.iter("th"))
        assert len({len(list(row)) for row in table.iter("tr")}) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_needs_nothing_from_anywhere(pages: dict[str, str], language: str) -> None:
    root = parsed(pages[language])
    style = root.find(".//style")
    policy = next(meta for meta in root.iter("meta") if meta.get("http-equiv"))

    assert {*re.findall(r"https?://[^\"'\s<]+", pages[language])} == {"http://www.w3.org/2000/svg"}
    assert not {"script", "link", "iframe", "img", "object", "form"} & {element.tag for element in root.iter()}
    assert not any("src" in element.attrib for element in root.iter())
    assert not any(name.startswith("on") for element in root.iter() for name in element.attrib)
    assert policy.get("content") == "default-src 'none'; style-src 'unsafe-inline'"
    assert style is not None
    assert style.text is not None
    assert not re.search(r"url\(|@import|@font-face", style.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_is_told_with_its_counts_and_what_was_left_out(pages: dict[str, str], language: str) -> None:
    said = words(pages[language])

    for n, name in enumerate(FIGURES):
        extra = {
            "satisfaction": (WITHHELD[0] + BESIDE[0], WITHHELD[1] + BESIDE[1]),
            "response": (4, 5),
            "turnout": (5003, 6007),
        }.get(name, (0, 0))
        numerator, denominator = 7001 + 2 * n + extra[0], 9001 + 3 * n + extra[1]
        assert f"{numerator:,} / {denominator:,}" in said
        assert f"{numerator / denominator:.1%}" in said
        assert f"{11 + n}" in said
    assert "2,221 / 2,345" in said  # proposers outside the party


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_withheld_is_on_no_part_of_the_page(pages: dict[str, str], language: str) -> None:
    share = f"{WITHHELD[0] / WITHHELD[1]:.1%}"
    digits = re.sub(r"(?<=\d),(?=\d)", "", pages[language])

    assert f"{WITHHELD[1]:,}" in pages[language]
    assert str(WITHHELD[0]) not in digits
    assert str(BESIDE[0]) not in digits
    assert share not in words(pages[language])
    assert TEXTS["missing_suppressed"][language == "zh"] in words(pages[language])


def test_what_is_missing_is_said_in_a_chart_and_not_drawn() -> None:
    """Neither a dot nor a whisker, and above all no 0."""
    dots = [Dot("here", 0.5, 0.25, 0.75, ""), Dot("there", None, None, None, "no data")]

    only = parsed("<html>" + drawn(forest(dots[1:], None), "x") + "</html>")
    both = parsed("<html>" + drawn(forest(dots, 0.4), "x") + "</html>")

    assert "no data" in "".join(only.itertext())
    assert [path for path in only.iter() if path.tag.endswith("path") and path.get("fill") == "#1b5e8c"] == []
    assert len([path for path in both.iter() if path.tag.endswith("path") and path.get("fill") == "#1b5e8c"]) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_title_is_text_wherever_it_stands(pages: dict[str, str], language: str) -> None:
    said = pages[language]

    assert "<script" not in said
    assert "alert(" in said
    assert EVIL in words(said)


def test_units_are_called_by_the_reader_s_half(pages: dict[str, str]) -> None:
    english, chinese = words(pages["en"]), words(pages["zh"])

    assert "Cuihu Community grid 1" in english
    assert "翠湖社区" not in english
    assert "翠湖社区第1网格" in chinese
    assert "Cuihu" not in chinese


def test_two_units_of_one_name_stay_two(pages: dict[str, str]) -> None:
    rows = [row for row in parsed(pages["en"]).iter("tr") if (row.findtext("th") or "") == "Xinghua"]
    charts = [svg for svg in parsed(pages["en"]).iter() if svg.tag.endswith("svg")]
    named = [[text.text for text in svg.iter() if text.tag.endswith("text")].count("Xinghua") for svg in charts]

    assert len(rows) == 2 * 3  # who is not ranked, and both tables of figures
    assert {2} == {*named} - {0}


@pytest.mark.parametrize("language", LANGUAGES)
def test_charts_say_what_they_are(pages: dict[str, str], language: str) -> None:
    charts = [svg for svg in parsed(pages[language]).iter() if svg.tag.endswith("svg")]

    assert len(charts) > len(FIGURES)
    for svg in charts:
        assert svg.get("role") == "img"
        assert svg.get("aria-label")
        assert float(svg.get("width", "0")) == 358


def test_ties_share_a_rank_and_who_is_not_ranked_lacks_something(told: Report, pages: dict[str, str]) -> None:
    facts = Facts(told, "en")

    assert [place.title for place in facts.ranked()] == ["Cuihu Community grid 1"]
    assert facts.unranked()[0].lacks[:2] == ["response (4 of at least 5)", "on time (no data)"]
    assert "satisfaction (too few)" in words(pages["en"])

    same = [rate(name, place, 10, 10) for name in FIGURES for place in ("unit-c", "unit-d")]
    worse = [rate(name, "unit-a", 9, 10) for name in FIGURES]
    tied = Facts(reported(Cells([*same, *worse], [], [], [], []), Dimension.GRID, min_cell=3), "en")
    assert [(place.rank, place.points) for place in tied.ranked()] == [
        ("1=", "100.00"),
        ("1=", "100.00"),
        ("3", "90.00"),
    ]


@pytest.mark.parametrize(
    ("language", "said"), [("en", "no grid: nobody to compare"), ("zh", "不属于任何网格，无单位可比")]
)
def test_cases_of_no_grid_are_no_rival_of_those_that_are(language: str, said: str) -> None:
    all_of = [rate(name, place, 10, 10) for name in FIGURES for place in ("unit-a", "nowhere")]
    facts = Facts(reported(Cells(all_of, [], [], [], []), Dimension.GRID, min_cell=3), language)

    assert [place.rank for place in facts.ranked()] == ["1"]
    assert [(place.title, place.lacks) for place in facts.unranked()] == [(facts.say("evaluate_none"), [said])]


def test_periods_have_points_and_no_ranks_and_areas_are_ranked_in_each() -> None:
    all_of = [
        rate(name, place, right, 10)._replace(period=month)
        for name in FIGURES
        for place, month, right in (("unit-a", "2025-03", 10), ("unit-b", "2025-03", 9), ("unit-a", "2025-04", 9))
    ]
    cells = Cells(all_of, [], [], [], [])
    alone = reported(cells, Dimension.MONTH, min_cell=3)
    beside = Facts(reported(cells, Dimension.GRID, Dimension.MONTH, min_cell=3), "en")

    assert [(place.title, place.rank) for place in beside.ranked()] == [
        (f"{half(TITLES['unit-a'], 'en')} · 2025-03", "1"),
        (f"{half(TITLES['unit-b'], 'en')} · 2025-03", "2"),
        (f"{half(TITLES['unit-a'], 'en')} · 2025-04", "1"),
    ]
    for language in LANGUAGES:
        said = words(page(alone, language))
        assert TEXTS["page_through_time"][language == "zh"] in said
        assert TEXTS["page_ranking_note"][language == "zh"] not in said
        assert TEXTS["page_through_time_note"][language == "zh"] in said
    assert [place.title for place in Facts(alone, "en").ranked()] == ["2025-03", "2025-04"]


def test_a_month_without_anything_is_told_as_such(told: Report) -> None:
    facts = Facts(told, "en")
    months = facts.months()

    assert [month for month, _ in months] == ["2025-03", "2025-04", "2025-05"]
    assert facts.of_month(months[1][1], "turnout").share == "no data"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_log_gives_a_page_that_says_so(empty: dict[str, str], language: str) -> None:
    said = words(empty[language])

    assert TEXTS["page_never"][language == "zh"] in said
    assert TEXTS["page_no_groups"][language == "zh"] in said
    assert TEXTS["page_no_months"][language == "zh"] in said
    assert "0.0%" not in said
    assert "<svg" not in empty[language]


def test_without_groups_there_is_no_ranking() -> None:
    said = page(reported(Cells([rate("response", "unit-a", 1, 2)], [], [], [], [])), "en")

    assert 'id="ranking"' not in said
    assert "50.0%" in said


def test_equal_reports_give_equal_pages(told: Report, pages: dict[str, str]) -> None:
    assert page(told, "zh") == pages["zh"]
    assert page(reported(counted(), Dimension.GRID), "en") == pages["en"]


def test_the_chinese_page_has_no_english_words_of_ours(pages: dict[str, str]) -> None:
    rest = words(pages["zh"]).replace(EVIL, "").replace("Asia/Shanghai", "")
    style = parsed(pages["zh"]).findtext(".//style") or ""

    assert re.findall(r"[A-Za-z]{2,}", rest.replace(" ".join(style.split()), "").replace(shortened(EVIL), "")) == []


def test_the_meaning_of_every_figure_is_in_the_catalogue_and_no_text_is_idle() -> None:
    sources = (PACKAGE / "adapters" / "report_page").rglob("*.*")
    used = {*re.findall(r"\bpage_\w+", " ".join(path.read_text("utf-8") for path in sources if path.suffix != ".pyc"))}

    assert {f"define_{name}" for name in KNOWN} == {code for code in PAGE if code.startswith("define_")}
    assert {code for code in PAGE if code.startswith("page_")} == used & PAGE.keys()
    assert all(english and chinese for english, chinese in PAGE.values())


def test_a_long_name_keeps_its_end() -> None:
    assert shortened("Cuihu Community grid 1") == "Cuihu Community grid 1"
    assert shortened("Xiangyang Community grid 12") == "Xiangyang Commun… grid 12"
    assert shortened("向阳社区居民委员会第一党支部第12网格") == "向阳社区居民委…部第12网格"


def test_what_is_missing_for_a_page_is_said_before_anything_is_counted() -> None:
    for language, expected in (("en", "pip install"), ("zh", "请运行")):
        run = (
            "import sys; sys.modules.update(vl_convert=None); from proposals.cli import main; sys.argv = "
            f"['proposals', '--lang', '{language}', 'evaluate', '--format', 'html', '--output', 'never.html']; main()"
        )

        done = subprocess.run(
            [sys.executable, "-X", "utf8", "-c", run], cwd=PACKAGE.parent, capture_output=True, text=True, check=False
        )

        assert done.returncode == 1
        assert "fivestep-proposals[report]" in done.stderr
        assert expected in done.stderr
