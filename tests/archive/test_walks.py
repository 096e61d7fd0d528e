"""The cells of cases that went wherever the rules let them: row by row, set at a time and fact by fact."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from proposals.adapters.archive import Archive, count, export
from tests.archive.histories import SHANGHAI, store
from tests.archive.naive import counted
from tests.archive.test_county import row_by_row
from tests.archive.test_writing import append, dictionaries, rows
from tests.process.test_generated_machine import STARTS
from tests.process.walks import EVERYWHERE, joined

if TYPE_CHECKING:
    from proposals import Fact
    from tests.process.walks import Walk

THOUSANDTHS = st.integers(0, 999)
"""Of a log, whose length is not known before it was walked."""

MOMENTS = st.lists(st.tuples(THOUSANDTHS, st.sampled_from([0, -1])), min_size=8, max_size=8)


@settings(
    max_examples=max(1, settings().max_examples // 50),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a smaller seed is no simpler history
)
@given(drawn=EVERYWHERE, cuts=st.lists(THOUSANDTHS, max_size=4, unique=True), moments=MOMENTS)
def test_wherever_cases_go_they_count_the_same(
    drawn: list[Walk], cuts: list[int], moments: list[tuple[int, int]]
) -> None:
    """Many walks at a time, and one moment for the archive: putting the questions takes longer than answering them.

    The log is exported in parts, and whole. What is asked about is its end, and moments at which something happened
    or fell due, or just before.
    """
    facts = joined(drawn)
    instants = sorted(instants_of(facts))
    ends = [*(len(facts) * cut // 1000 for cut in sorted(cuts)), len(facts)]
    asked = [instants[len(instants) * share // 1000] + timedelta(microseconds=aside) for share, aside in moments]
    with TemporaryDirectory() as folder, store(()) as recorder:
        parts, whole = Path(folder, "parts"), Path(folder, "whole")
        for start, end in pairwise([0, *ends]):
            append(recorder, *facts[start:end])
            export(recorder, parts)
        export(recorder, whole)
        assert dictionaries(parts) == dictionaries(whole)
        assert rows(parts) == rows(whole)

        assert count(Archive(parts), SHANGHAI) == row_by_row(facts) == counted(facts, SHANGHAI)
        for until in asked:
            assert row_by_row(facts, until) == counted(facts, SHANGHAI, until)
        assert count(Archive(whole), SHANGHAI, until=asked[0]) == counted(facts, SHANGHAI, asked[0])


def instants_of(facts: list[Fact]) -> set[datetime]:
    """All instants that a log speaks of."""
    told = {value for fact in facts for _, value in fact.event if isinstance(value, datetime)}
    return told | {fact.occurred_at for fact in facts}


def test_walks_come_by_what_makes_the_comparison_worth_while() -> None:
    told = counted(joined((state, seed, 80) for seed, state in enumerate(STARTS * 2)), SHANGHAI)

    assert {rate.figure for rate in told.rates if rate.numerator > 0} == {
        "response", "volunteering", "on_time", "resolution", "satisfaction", "turnout", "first_pass", "rectification",
        "reopening", "escalation", "return",
    }  # fmt: skip
    assert {reason for rate in told.rates for reason, _ in rate.excluded} >= {"declined", "ended", "open", "imported"}
    assert len({standing.outcome for standing in told.standings}) >= 8
    assert max(rate.denominator for rate in told.rates) > 9
