"""Ballots at the command line: recorded, and answered without what would lead to them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.application.county import VOTERS, County
from tests.cli.conftest import Desk, answers

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_whoever_keeps_the_answers_beside_the_commands_does_not_know_whose_ballot_is_whose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path)
    county = County(desk.url).found()
    county.evaluating()
    monkeypatch.setattr("proposals.application.door.utc_now", county.clock)
    ballots = [
        {"command": "CastBallot", "round": "round-1.1", "grade": "satisfied", "actor": voter} for voter in VOTERS[:3]
    ]

    done = desk.run("do", "-", given="\n".join(map(json.dumps, ballots)))
    again = desk.run("do", "--atomic", "-", given=json.dumps(ballots[0] | {"actor": VOTERS[3]}))

    assert answers(done) == [{"line": line, "cast": True} for line in (1, 2, 3)]
    assert answers(again) == [{"line": 1, "cast": True}]
    assert len(county.app.get("round-1.1").ballots) == 4
    county.app.close()
