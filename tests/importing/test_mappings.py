"""A mapping that is wrong is refused whole, with the field and the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from proposals.adapters.ledger import read_mapping
from proposals.domain.errors import Invalid
from tests.importing.ledgers import MAPPING

if TYPE_CHECKING:
    from pathlib import Path

PARENT = '[place.parent]\nname = "{street}"\ntier = "street"\nid_prefix = "unit-street-"'

WRONG = {
    "no zone of that name": ("Asia/Shanghai", "Asia/Nowhere", "zone: ", "IANA"),
    "a zone out of the folder": ("Asia/Shanghai", "../../etc/passwd", "zone: ", "IANA"),
    "a field nobody knows": ('category = "{what}"', 'kategory = "{what}"', "case.kategory", "no such field"),
    "a field is lacking": ('key = "{no}"', "", "case.key", "is missing"),
    "a key out of no column": ('key = "{no}"', 'key = "no"', "case.key", "names no column"),
    "a brace left open": ('title = "{what}"', 'title = "{what"', "case.title", "a lone {"),
    "a format without a day": ('formats = ["%Y/%m/%d %H:%M"]', 'formats = ["%H:%M"]', "formats.0", "day"),
    "no format at all": ('formats = ["%Y/%m/%d %H:%M"]', 'formats = ["%Q"]', "formats.0", "day"),
    "a word for open and closed": ('open = ["open"]', 'open = ["open", "DONE"]', "case.status", "at once: done"),
    "no word for anything": (
        'open = ["open"]\nclosed = ["done", "Closed"]', "open = []\nclosed = []",
        "status", "no st",
    ),
    "an id of another kind": ("proposal-r-", "unit-r-", "case.id_prefix", "does not have the form"),
    "prefixes that can meet": ("unit-office-", "unit-place-o-", "(whole)", "give two units one id"),
    "a root among the units": ('unit = "unit-root"', 'unit = "unit-place-1"', "(whole)", "root.unit begins"),
    "a place that is a county": (PARENT, 'tier = "county"', "place", "grid or a building"),
    "a street in a street": ('tier = "street"', 'tier = "county"', "place", "stands under one of: street"),
    "a department that is an area": (
        'name = "{office}"', 'name = "{office}"\nkind = "area"',
        "department", "no department",
    ),
    "a pattern without a group": ('name = "{place}"', 'name = "{place}"\npattern = "x"', "place.pattern", "one group"),
    "a pattern that is none": ('name = "{place}"', 'name = "{place}"\npattern = "("', "place.pattern", "expression"),
    "an encoding that is none": ("[case]", '[file]\nencoding = "klingon"\n[case]', "file.encoding", "gb18030"),
    "an encoding of no text": ("[case]", '[file]\nencoding = "zlib"\n[case]', "file.encoding", "gb18030"),
    "a delimiter of two": ("[case]", '[file]\ndelimiter = ";;"\n[case]', "file.delimiter", "longer than 1"),
    "no TOML": ("[case]", "[case", "mapping.toml", "is not TOML"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_a_wrong_mapping_is_refused_with_field_and_reason(case: tuple[str, str, str, str], tmp_path: Path) -> None:
    right, wrong, field, reason = case
    assert right in MAPPING
    path = tmp_path / "mapping.toml"
    path.write_text(MAPPING.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(Invalid) as invalid:
        read_mapping(path)
    assert any(field in f"{where}: " and reason in why for where, why in invalid.value.problems), str(invalid.value)


def test_a_mapping_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Invalid, match="is not UTF-8"):
        read_mapping(path)


def test_a_mapping_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(MAPPING, encoding="utf-8-sig")
    assert read_mapping(path).source == "register"


def test_it_says_which_columns_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(MAPPING, encoding="utf-8")
    assert set(read_mapping(path).columns()) == {
        "no", "place", "street", "what", "detail", "raised", "closed", "state", "office",
    }  # fmt: skip
