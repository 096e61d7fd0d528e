"""The benchmarks' plan and their report: what is measured can be told, before hours have gone into measuring it."""

from __future__ import annotations

import pytest

from benchmarks.plan import plan
from benchmarks.racing import Figures, Result
from benchmarks.report import growth, stages, table, verdicts


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("large", [True, False])
def test_every_row_of_the_plan_can_be_told(*, quick: bool, large: bool) -> None:
    results = []
    for row in plan(quick=quick, large=large):
        times = {subject: [place / 1000] * row.rounds for place, subject in enumerate(row.subjects, 1)}
        figures = {subject: Figures(wall, wall, 1) for subject, wall in times.items()}
        timed = row.job == "command" and row.clients == 1
        results.append(Result(row, figures, "safe", {"decide": (0.001, 0.001)} if timed else {}))

    told = table(results)

    for row in plan(quick=quick, large=large):
        assert f"| {row.title} | **{row.subjects[0]}** | 2.00 |" in told
    targets = [row for row in plan(quick=quick, large=large) if row.target is not None or row.peer_target is not None]
    assert all(f"- {row.title}: " in verdicts(results) for row in targets)
    assert "PostgreSQL, ours: from 1 to 8 clients throughput × 1.00" in verdicts(results)
    assert "decide" in stages(results)
    assert ("10,000,000 events" in growth(results)) == large
