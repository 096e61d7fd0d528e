"""`register`, `show`, `history`, `options`, `tick`: the same answers for people, for programs and for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest

from proposals.cli.looking import ENVELOPE
from proposals.projections.register import NAMES
from tests.cli.conftest import Desk, accepted, raised


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """One case accepted, with personal data, and one raised, whose title looks like a formula and like markup."""
    desk.do(
        raised(contact={"subject": "subject-li", "value": "13800000000"}),
        accepted(),
        raised("proposal-2", title="=1+1 [red]红[/red]"),
    )
    return desk


def test_the_register_says_who_must_act_and_by_when(busy: Desk) -> None:
    first, second = busy.rows("register")

    assert list(first) == list(NAMES)
    assert (first["status"], first["step"], first["tier"], first["cycle"]) == ("accepted", "discuss", "grid", 1)
    assert (first["holder"], first["holder_unit"], first["holder_title"]) == ("convenor", "unit-g", "第三网格")
    assert (second["status"], second["holder"], second["holder_unit"]) == ("raised", "screener", "unit-m")
    assert first["due_at"] > first["raised_at"]
    assert first["overdue"] is False


def test_the_register_is_the_same_in_json_csv_and_a_workbook(busy: Desk) -> None:
    rows = busy.rows("register")
    table = list(csv.DictReader(io.StringIO(busy.run("register", "--format", "csv").stdout)))
    busy.run("register", "--format", "xlsx", "--output", "r.xlsx")
    sheet = openpyxl.load_workbook(busy.folder / "r.xlsx").active
    assert sheet is not None
    cells = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]

    assert [row["id"] for row in table] == [row["id"] for row in rows] == [row[0] for row in cells]
    assert [row[1] for row in cells] == [row["title"] for row in rows]
    assert table[1]["title"] == "'=1+1 [red]红[/red]"
    assert sheet.cell(3, 2).data_type == "s"
    assert table[0]["outcome"] == ""
    assert table[0]["overdue"] == "false"


@pytest.mark.parametrize("shape", ["json", "csv"])
def test_a_register_in_a_file_is_the_one_on_the_screen(busy: Desk, shape: str) -> None:
    busy.run("register", "--format", shape, "--output", "register.txt")

    written = (busy.folder / "register.txt").read_text("utf-8-sig")
    assert written == busy.run("register", "--format", shape).stdout


def test_the_table_shows_texts_as_they_are(busy: Desk) -> None:
    shown = busy.run("register").stdout

    assert "=1+1 [red]红[/red]" in shown
    assert "convenor · 第三网格" in shown


def test_the_table_speaks_chinese(busy: Desk) -> None:
    shown = busy.run("register", lang="zh").stdout

    for word in ("编号", "已受理", "议事", "召集人 · 第三网格"):
        assert word in shown


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--state", "raised"], ["proposal-2"]),
        (["--state", "open"], ["proposal-1", "proposal-2"]),
        (["--state", "raised", "--state", "accepted"], ["proposal-1", "proposal-2"]),
        (["--state", "closed"], []),
        (["--unit", "unit-s"], ["proposal-1", "proposal-2"]),
        (["--overdue"], []),
        (["--as-of", "2020-01-01T00:00:00Z"], []),
        (["--as-of", "2999-01-01T00:00:00Z", "--overdue"], ["proposal-1", "proposal-2"]),
    ],
    ids=" ".join,
)
def test_the_register_can_be_narrowed(busy: Desk, arguments: list[str], found: list[str]) -> None:
    assert [row["id"] for row in busy.rows("register", *arguments)] == found


@pytest.mark.parametrize(
    "arguments",
    [["--state", "lost"], ["--unit", "unit-x"], ["--format", "xlsx"], ["--output", "x"], ["--as-of", "2026-01-01"]],
    ids=" ".join,
)
def test_what_the_register_cannot_be_asked_is_wrong_usage(busy: Desk, arguments: list[str]) -> None:
    done = busy.run("register", *arguments, code=2)

    assert arguments[0] in done.stderr


def test_show_gives_every_field_of_the_state(busy: Desk) -> None:
    state = json.loads(busy.run("show", "proposal-1", "--format", "json").stdout)

    assert state["title"] == "路灯不亮"
    assert state["proposer"] == {"actor": "li", "entered_by": "li"}
    assert state["contact"] == {"subject": "subject-li", "withheld": True}


def test_personal_data_is_shown_only_when_asked_for(busy: Desk) -> None:
    for command in ("show", "history"):
        for shape in ("table", "json", "csv"):
            assert "13800000000" not in busy.run(command, "proposal-1", "--format", shape).output
        assert "13800000000" in busy.run(command, "proposal-1", "--personal", "--format", "json").stdout


def test_show_goes_back_in_time(busy: Desk) -> None:
    (first, _) = busy.rows("history", "proposal-1")

    for option, at in (("--as-of", first["occurred_at"]), ("--known-at", first["recorded_at"])):
        state = json.loads(busy.run("show", "proposal-1", option, at, "--format", "json").stdout)
        assert (state["status"], state["version"]) == ("raised", 1)


@pytest.mark.parametrize("stream", ["unit-g", "policy-1", "subject-li"])
def test_show_shows_what_stands_around_a_case(busy: Desk, stream: str) -> None:
    assert stream in busy.run("show", stream).stdout


def test_show_draws_the_five_steps(busy: Desk) -> None:
    shown = busy.run("show", "proposal-1", lang="zh").stdout

    assert "提事 ─ ● 议事 ─ 定事 ─ 办事 ─ 评事" in shown
    assert "坏了两周" in shown


def test_history_has_the_public_envelope(busy: Desk) -> None:
    rows = busy.rows("history", "proposal-1")

    assert [row["name"] for row in rows] == ["ProposalRaised", "ProposalAccepted"]
    assert all(tuple(row) == ENVELOPE for row in rows)
    table = list(csv.DictReader(io.StringIO(busy.run("history", "proposal-1", "--format", "csv").stdout)))
    assert json.loads(table[1]["data"]) == rows[1]["data"]


def test_options_say_what_is_open_and_why_the_rest_is_not(busy: Desk) -> None:
    rows = {row["command"]: row for row in busy.rows("options", "proposal-1", "--actor", "convenor")}

    assert rows["OpenDiscussion"] == {"command": "OpenDiscussion", "open": True, "needs": ["meeting"], "refused": None}
    assert rows["MergeProposal"]["refused"]["code"] == "not_authorised"
    assert rows["CloseProposal"]["refused"]["code"] == "wrong_state"
    shown = busy.run("options", "proposal-1", "--actor", "convenor", lang="zh").stdout
    assert "开议 OpenDiscussion" in shown
    assert "仅限状态：" in shown


def test_a_case_that_does_not_exist_fails(busy: Desk) -> None:
    for arguments in (["show", "proposal-9"], ["history", "proposal-9"], ["options", "proposal-9", "--actor", "li"]):
        assert "proposal-9" in busy.run(*arguments, code=1).stderr


def test_an_id_of_no_kind_is_wrong_usage(busy: Desk) -> None:
    assert "stream" in busy.run("show", "case-9", code=2).stderr


def test_a_tick_with_nothing_due_does_nothing(busy: Desk) -> None:
    head = busy.head()

    assert busy.rows("tick") == []
    assert "nothing is due" in busy.run("tick").stdout
    assert busy.head() == head


def test_a_tick_names_what_it_could_not_read_and_fails(busy: Desk) -> None:
    columns = "stream, version, name, schema, occurred_at, recorded_at, actor, entered_by"
    with sqlite3.connect(busy.file) as connection:
        connection.execute("UPDATE log_head SET position = position + 1")
        connection.execute(
            f"INSERT INTO events (position, {columns}, data) SELECT position + 1, 'proposal-2', 2, "
            "'ProposalTeleported', 1, occurred_at, recorded_at, actor, entered_by, '{}' "
            "FROM events ORDER BY position DESC LIMIT 1"
        )
        connection.execute("UPDATE wakeups SET due_at = '2020-01-01T00:00:00.000000Z'")
    connection.close()

    done = busy.run("tick", code=1)

    assert done.stdout == ""
    assert "proposal-2: proposal-2 version 2 holds ProposalTeleported" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert busy.run("tick", "--format", "json", code=1).stdout == "[]\n"
    assert "1 个对象" in busy.run("tick", lang="zh", code=1).stderr


def test_a_tick_in_the_future_is_refused(busy: Desk) -> None:
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()

    assert "in_the_future" in busy.run("tick", "--now", later, code=3).stderr


@pytest.mark.parametrize("at", ["yesterday", "2026-03-02", "2026-03-02T09:00"])
def test_a_time_that_is_none_or_has_no_zone_is_wrong_usage(busy: Desk, at: str) -> None:
    for arguments in (["show", "proposal-1", "--as-of"], ["show", "proposal-1", "--known-at"], ["tick", "--now"]):
        assert arguments[-1] in busy.run(*arguments, at, code=2).stderr


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["show", "unit-c", "--as-of", "9999-12-31T23:59:59-08:00"], "--as-of"),
        (["show", "unit-c", "--known-at", "9999-12-31T23:59:59-08:00"], "--known-at"),
        (["register", "--as-of", "0001-01-01T00:00:00+08:00"], "--as-of"),
        (["tick", "--now", "0001-01-01T00:00:00+08:00"], "--now"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else value,
)
def test_an_instant_beyond_the_calendar_is_wrong_usage(desk: Desk, arguments: list[str], option: str) -> None:
    done = desk.run(*arguments, code=2)

    assert option in done.stderr
    assert len(done.stderr.splitlines()) == 1
