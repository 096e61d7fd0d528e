"""`policy`, `diagram`, `schema`: the rules before they are in force, as a picture, and as the form of what is sent."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from proposals.domain.processes import COMMANDS, EVENTS, PROCESSES
from proposals.domain.vocabulary import Kind
from tests.cli.conftest import Desk, raised

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def rules(desk: Desk) -> Path:
    """The packaged policy as a file."""
    file = desk.folder / "rules.toml"
    file.write_text(desk.run("policy", "show").stdout, "utf-8")
    return file


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_the_packaged_policy_has_nothing_wrong_with_it(desk: Desk, rules: Path) -> None:
    rows = desk.rows("policy", "check", str(rules))

    assert [row for row in rows if row["severity"] == "error"] == []


def test_a_remark_is_no_failure(desk: Desk, rules: Path) -> None:
    edit(rules, "revisions = 5", "revisions = 0")

    (row,) = [row for row in desk.rows("policy", "check", str(rules)) if row["severity"] == "remark"]
    assert row["field"] == "maxima.revisions"


def test_an_error_is_a_finding(desk: Desk, rules: Path) -> None:
    edit(rules, '{ do = "lapse" }', '{ do = "record" }')

    done = desk.run("policy", "check", str(rules), "--format", "json", code=3)

    codes = {row["code"] for row in json.loads(done.stdout) if row["severity"] == "error"}
    assert "policy_no_exit" in codes


def test_a_field_that_is_wrong_is_a_finding_with_its_place(desk: Desk, rules: Path) -> None:
    edit(rules, 'late_entry = "7 days"', 'late_entry = "a week"')

    done = desk.run("policy", "check", str(rules), "--format", "json", code=3)

    assert json.loads(done.stdout)[0]["field"] == "late_entry"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"title = "], ids=["not UTF-8", "not TOML"])
def test_a_file_that_cannot_be_read_fails(desk: Desk, content: bytes) -> None:
    (desk.folder / "bad.toml").write_bytes(content)

    assert "bad.toml" in desk.run("policy", "check", "bad.toml", code=2).stderr


def test_a_file_that_is_not_there_is_wrong_usage(desk: Desk) -> None:
    assert "none.toml" in desk.run("policy", "check", "none.toml", code=2).stderr


def test_what_would_change_for_open_cases_is_told_edition_by_edition(desk: Desk, rules: Path) -> None:
    desk.do(raised())
    edit(
        rules,
        'within = "7 days", then = [{ do = "close_round" }]',
        'within = "9 days", then = [{ do = "close_round" }]',
    )

    rows = [row for row in desk.rows("policy", "check", str(rules)) if row["severity"] == "effect"]

    assert rows[0]["field"] == "policy-1"
    assert "keep policy-1: 1;" in rows[0]["text"]
    assert rows[1]["field"] == "deadlines.proposal.evaluating.within"
    assert "7 days" in rows[1]["text"]
    assert "9 days" in rows[1]["text"]


def test_without_a_database_only_the_file_is_checked(desk: Desk, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from proposals.cli.app import app

    done = CliRunner().invoke(app, ["--lang", "en", "policy", "check", str(rules)])

    assert done.exit_code == 0
    assert "--db" in done.stderr
    assert sorted(path.name for path in desk.folder.glob("proposals.db*")) == []


@pytest.mark.parametrize("kind", list(Kind))
def test_the_picture_has_every_state_and_every_change_of_state(desk: Desk, kind: Kind) -> None:
    process = PROCESSES[kind]

    drawn = desk.run("diagram", "--stream", kind.value).stdout

    assert drawn.startswith("stateDiagram-v2\n")
    states = set(re.findall(r'state "[^"]+" as (\w+)', drawn)) - {
        f"step_{step}" for step in re.findall(r"step_(\w+)", drawn)
    }
    assert states == {str(state) for state in process.states}
    arrows = set(re.findall(r"^    (\S+) --> (\w+): ", drawn, re.MULTILINE))
    changes = {(str(source or "[*]"), str(row.target)) for row in process.rows if row.target for source in row.sources}
    assert arrows == changes


def test_the_picture_speaks_chinese_and_groups_states_by_step(desk: Desk) -> None:
    drawn = desk.run("diagram", lang="zh").stdout

    assert 'state "提事" as step_raise {' in drawn
    assert "raised --> accepted: 受理" in drawn


def test_the_rows_of_the_table_are_told_too(desk: Desk) -> None:
    rows = desk.rows("diagram")

    assert len(rows) == len(PROCESSES[Kind.PROPOSAL].rows)
    accept = next(row for row in rows if row["command"] == "AcceptProposal")
    assert (accept["step"], accept["from"], accept["to"]) == ("raise", ["raised"], "accepted")
    assert "screener_is_not_proposer" in accept["guards"]


def test_there_is_a_schema_for_every_command_and_event(desk: Desk) -> None:
    said = json.loads(desk.run("schema").stdout)

    assert set(said["commands"]) == set(COMMANDS)
    assert set(said["events"]) == set(EVENTS)
    assert json.loads(desk.run("schema", "RaiseProposal").stdout) == said["commands"]["RaiseProposal"]
    assert json.loads(desk.run("schema", "ProposalRaised").stdout) == said["events"]["ProposalRaised"]


def test_a_schema_of_nothing_is_wrong_usage(desk: Desk) -> None:
    assert "ProposalRaised" in desk.run("schema", "ProposalRased", code=2).stderr
