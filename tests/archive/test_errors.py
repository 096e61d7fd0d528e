"""Why an archive cannot be used is said in both languages, with the same details."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from proposals.adapters.archive import errors
from proposals.domain.catalogue.archive import ARCHIVE
from proposals.domain.catalogue.import_rejects import IMPORT_REJECTS
from proposals.domain.catalogue.policy_findings import POLICY_FINDINGS
from proposals.domain.catalogue.refusals import REFUSALS


def test_every_code_is_used_and_none_is_used_twice() -> None:
    source = "".join(path.read_text("utf-8") for path in Path(errors.__file__).parent.glob("*.py"))

    assert [code for code in ARCHIVE if f'"{code}"' not in source] == []
    assert set(ARCHIVE).isdisjoint(REFUSALS | POLICY_FINDINGS | IMPORT_REJECTS)


@pytest.mark.parametrize("code", ARCHIVE)
def test_both_languages_tell_the_same_details(code: str) -> None:
    english, chinese = ({field for _, field, _, _ in string.Formatter().parse(said) if field} for said in ARCHIVE[code])

    assert english == chinese
