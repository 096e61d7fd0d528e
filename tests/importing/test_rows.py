"""From cells to facts: times, texts, ids and units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proposals.adapters.ledger import LedgerMapping, LedgerRow, Rejection, read_matters
from proposals.adapters.ledger.rows import RowMapper
from proposals.adapters.ledger.source import SourceRow
from proposals.adapters.ledger.wording import cleaned, filled, named
from tests.importing.ledgers import MAPPING, ledger, mapping, row

if TYPE_CHECKING:
    from pathlib import Path

NEW_YORK = MAPPING.replace("Asia/Shanghai", "America/New_York")


def read(known: LedgerMapping, **changes: str) -> Any:
    return RowMapper(known).read(SourceRow(2, row(1, **changes)))


# --- times


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026/01/05 08:30", "2026-01-05T00:30:00+00:00"),
        ("2026-01-05", "2026-01-04T16:00:00+00:00"),
        ("2026-01-05 08:30:15", "2026-01-05T00:30:15+00:00"),
        ("2026-01-05T08:30:15.25Z", "2026-01-05T08:30:15.250000+00:00"),
        ("2026-01-05 08:30 +0100", "2026-01-05T07:30:00+00:00"),
    ],
)
def test_a_time_is_read_in_the_mappings_formats_or_iso_8601(said: str, meant: str, known: LedgerMapping) -> None:
    assert read(known, raised=said).raised_at.isoformat() == meant


@pytest.mark.parametrize("said", ["05/01/2026", "2026-13-01", "20260105", "0001-01-01", "2026-01-05 08:61"])
def test_a_time_that_fits_no_format_is_not_guessed(said: str, known: LedgerMapping) -> None:
    assert read(known, raised=said).code == "time_not_readable"


def test_a_time_that_the_clocks_skipped_is_no_time(tmp_path: Path) -> None:
    found = read(mapping(tmp_path, NEW_YORK), raised="2022/03/13 02:30")
    assert (found.code, found.details["zone"]) == ("time_does_not_exist", "America/New_York")


@pytest.mark.parametrize(
    ("twice", "meant"), [("earlier", "2022-11-06T05:30:00+00:00"), ("later", "2022-11-06T06:30:00+00:00")]
)
def test_a_time_that_came_twice_is_the_one_the_mapping_says(twice: str, meant: str, tmp_path: Path) -> None:
    known = mapping(tmp_path, NEW_YORK.replace('value = "{raised}"', f'value = "{{raised}}"\ntwice = "{twice}"'))
    assert read(known, raised="2022/11/06 01:30").raised_at.isoformat() == meant


def test_a_time_that_came_twice_can_be_turned_away(tmp_path: Path) -> None:
    known = mapping(tmp_path, NEW_YORK.replace('value = "{raised}"', 'value = "{raised}"\ntwice = "reject"'))
    assert read(known, raised="2022/11/06 01:30").code == "time_is_ambiguous"


def test_a_closing_that_came_twice_is_not_before_the_raising(tmp_path: Path) -> None:
    found = read(mapping(tmp_path, NEW_YORK), raised="2022/11/06 01:50", closed="2022/11/06 01:10", state="done")
    assert found.closed_at.isoformat() == "2022-11-06T06:10:00+00:00"


@pytest.mark.parametrize(
    ("day", "meant"), [("2026/01/05", "2026-01-05T00:30:00+00:00"), ("2026/01/06", "2026-01-05T16:00:00+00:00")]
)
def test_a_closing_day_is_not_before_the_raising(day: str, meant: str, known: LedgerMapping) -> None:
    assert read(known, closed=day, state="done").closed_at.isoformat() == meant


def test_a_closing_day_before_the_raising_is_none(known: LedgerMapping) -> None:
    assert read(known, closed="2026/01/04", state="done").code == "closed_before_raised"


def test_capitals_of_a_status_make_no_difference(known: LedgerMapping) -> None:
    assert read(known, state=" CLOSED ", closed="2026/01/06").closed


# --- texts


def test_a_long_title_is_shortened_and_kept_whole_in_the_text(known: LedgerMapping) -> None:
    title = "x" * 150 + " " + "y" * 150
    found = read(known, what=title, detail="why")
    assert len(found.title) == 200
    assert found.title.endswith("…")
    assert title in found.text


def test_nothing_of_a_line_that_is_too_long_is_lost(tmp_path: Path) -> None:
    known = mapping(tmp_path, MAPPING.replace('category = "{what}"', 'address = "{what}"\nchannel = "window"'))
    found = read(known, what="x" * 201)
    assert found.facts.address == "x" * 199 + "…"
    assert f"address: {'x' * 201}" in found.facts.text
    assert found.facts.channel == "window"


def test_a_text_beyond_the_limit_is_turned_away_whole(known: LedgerMapping) -> None:
    assert read(known, detail="x" * 19_000).title == "Lamp"
    found = read(known, detail="x" * 20_000)
    assert (found.code, found.details) == ("text_too_long", {"field": "text", "limit": 20_000})


def test_a_matter_without_a_title_is_called_by_its_key(tmp_path: Path) -> None:
    known = mapping(tmp_path, MAPPING.replace('category = "{what}"', ""))
    assert read(known, what="", detail="").title == "register 1"


def test_a_key_that_no_line_can_hold_is_none(known: LedgerMapping) -> None:
    found = RowMapper(known).read(SourceRow(2, row("k" * 201)))
    assert isinstance(found, Rejection)
    assert found.code == "key_too_long"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{a}: {b}", "A: B"),
        ("{a}: {c}", "A"),
        ("{c} - {b}", "B"),
        ("{c}{d}", ""),
        ("constant", "constant"),
        ("{{{a}}}", "{A}"),
        ("({c}) {case:name}", "() N"),
    ],
)
def test_a_template_is_filled(template: str, text: str) -> None:
    assert filled(template, {"a": "A", "b": "B", "c": "", "case:name": "N"}) == text


@given(st.text())
def test_what_is_cleaned_can_be_stored(value: str) -> None:
    text = cleaned(value)
    assert cleaned(text) == text
    text.encode()
    assert not any(ord(character) < 32 and character not in "\n\t" for character in text)


# --- ids


NAMES = st.lists(st.text(min_size=1).map(cleaned).filter(bool), min_size=1, max_size=3)


@given(NAMES, NAMES)
def test_two_names_never_share_an_id_and_one_always_has_the_same(one: list[str], other: list[str]) -> None:
    same = [" ".join(name.split()) for name in one] == [" ".join(name.split()) for name in other]
    if not same:
        assert _unlike(one, other)
    assert named("unit-", one) == named("unit-", list(one))


def _unlike(one: list[str], other: list[str]) -> bool:
    from unicodedata import normalize

    if [normalize("NFC", name) for name in one] == [normalize("NFC", name) for name in other]:
        return True
    return named("unit-", one) != named("unit-", other)


@given(NAMES)
def test_every_name_gives_an_id_that_the_domain_takes(names: list[str]) -> None:
    from pydantic import TypeAdapter

    from proposals.domain.vocabulary import UnitId

    TypeAdapter(UnitId).validate_python(named("unit-a-very-long-prefix-for-a-place-", names))


def test_ids_are_the_same_everywhere() -> None:
    assert named("unit-", ["NYPD"]) == "unit-NYPD"
    assert named("unit-", ["04 BRONX"]) == "unit-04-bronx-acf240beb39d"
    assert named("unit-", ["向阳社区"]) == "unit-807206dbe0a5"
    assert named("unit-", ["04 BRONX"]) != named("unit-", ["04-bronx"])
    assert named("unit-", ["a-0123456789ab"]) != "unit-a-0123456789ab"
    assert named("unit-", ["A", "First grid"]) != named("unit-", ["B", "First grid"])


def test_places_of_one_name_in_two_streets_are_two(known: LedgerMapping) -> None:
    west, east = read(known, street="West"), read(known, street="East")
    assert west.place_unit != east.place_unit
    assert [unit.parent for unit in west.place_units] == ["unit-root", west.place_units[0].unit]


def test_a_unit_of_the_store_is_named_by_the_mapping(tmp_path: Path) -> None:
    known = mapping(tmp_path, MAPPING.replace("[bootstrap]", '[department.known]\nRoads = "unit-water"\n[bootstrap]'))
    found = read(known)
    assert found.facts.department == "unit-water"
    assert not found.department_units[0].title


def test_matters_are_the_rows_that_can_be_used(tmp_path: Path, known: LedgerMapping) -> None:
    rows = [row(1), row(""), row(3, state="done", closed="2026/01/06")]
    found = list(read_matters(ledger(tmp_path, rows), known))
    assert all(isinstance(matter, LedgerRow) for matter in found)
    assert [(one.key, one.title, one.place, one.department, one.urgency, one.status) for one in found] == [
        ("1", "Lamp", "Riverside", "Roads", "normal", "open"),
        ("3", "Lamp", "Riverside", "Roads", "normal", "closed"),
    ]
    assert list(read_matters(tmp_path / "ledger.csv", tmp_path / "mapping.toml")) == found
