"""Import rejects: each has its sentence in the one catalogue, in both languages, and no code stands for two things."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

import proposals
from proposals.adapters.ledger import Rejection
from proposals.domain.catalogue import SENTENCES
from proposals.domain.catalogue.import_rejects import IMPORT_REJECTS
from proposals.domain.catalogue.policy_findings import POLICY_FINDINGS
from proposals.domain.catalogue.refusals import REFUSALS

PACKAGE = Path(proposals.__file__).parent
SOURCES = [*sorted((PACKAGE / "adapters" / "ledger").glob("*.py")), PACKAGE / "application" / "importing.py"]


def codes_in_source() -> set[str]:
    """Every code that a row or a ledger is rejected with where it is written out."""
    calls = [node for path in SOURCES for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    places = {"Unusable": 0, "LedgerUnreadable": 0, "Rejection": 1}
    found = set()
    for call in calls:
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in places:
            code = call.args[places[call.func.id]]
            if isinstance(code, ast.Constant):
                found.add(str(code.value))
    return found


def test_every_reject_has_a_sentence_and_every_sentence_is_used() -> None:
    used = codes_in_source()

    assert used <= set(SENTENCES)
    assert set(IMPORT_REJECTS) <= used


def test_no_code_of_a_reject_is_one_of_a_refusal_or_a_finding() -> None:
    assert set(IMPORT_REJECTS).isdisjoint(REFUSALS | POLICY_FINDINGS)


@pytest.mark.parametrize("code", IMPORT_REJECTS)
def test_a_reject_says_the_same_in_both_languages(code: str) -> None:
    english, chinese = (
        {field for _, field, _, _ in string.Formatter().parse(said) if field} for said in IMPORT_REJECTS[code]
    )
    rejection = Rejection(7, code, dict.fromkeys(english, "X"))

    assert chinese <= english
    assert rejection.text("en").isascii()
    assert any("\u4e00" <= mark <= "\u9fff" for mark in rejection.text("zh"))
