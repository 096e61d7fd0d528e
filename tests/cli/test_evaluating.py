"""worklist, status, rebuild, evaluate and export: what stands where, who must act, and how well it was done."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from proposals import ProposalRaised, Proposals
from proposals.projections.projection import Entry, Projection, Rows
from tests.cli.conftest import Desk, accepted, raised

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A demonstration that has been played to its end."""
    desk = Desk(tmp_path_factory.mktemp("played"))
    desk.run("demo", "--cases", "24", "--seed", "5")
    return desk


def test_the_worklist_says_who_must_act_by_when(desk: Desk) -> None:
    desk.do(raised("proposal-1"), raised("proposal-2"), accepted("proposal-2"))
    rows = {row["stream"]: row for row in desk.rows("worklist")}
    assert {stream: (row["role"], row["duty"], row["holder_unit"]) for stream, row in rows.items()} == {
        "proposal-1": ("screener", "raised", "unit-m"),
        "proposal-2": ("convenor", "accepted", "unit-g"),
    }
    assert [row["stream"] for row in desk.rows("worklist", "--role", "convenor")] == ["proposal-2"]
    assert [row["stream"] for row in desk.rows("worklist", "--unit", "unit-g")] == ["proposal-2"]
    assert desk.rows("worklist", "--overdue") == []
    shown = desk.run("worklist")
    assert "call a discussion" in shown.stdout
    assert "2 duties, 0 of them overdue" in shown.stderr
    assert "召集议事" in desk.run("worklist", lang="zh").stdout


@pytest.mark.parametrize("wrong", [["--role", "king"], ["--unit", "unit-x"], ["--as-of", "yesterday"]])
def test_a_worklist_of_nobody_is_refused_by_name(desk: Desk, wrong: list[str]) -> None:
    assert wrong[0] in desk.run("worklist", *wrong, code=2).stderr


def test_what_follows_the_log_says_how_far_it_is(desk: Desk) -> None:
    desk.do(raised())
    before = {row["name"]: row for row in desk.rows("status")}
    assert before["register"]["state"] == "missing"
    desk.run("rebuild", "--all")
    after = desk.rows("status")
    assert {(row["state"], row["lag"], row["dead_letters"]) for row in after} == {("live", 0, 0)}
    assert {row["position"] for row in after} == {desk.head()}
    desk.do(raised("proposal-2"))
    assert {row["lag"] for row in desk.rows("status")} == {desk.head() - after[0]["position"]}
    assert [row["id"] for row in desk.rows("register")] == ["proposal-1", "proposal-2"]


def test_what_waits_in_a_read_model_of_a_host_is_shown_with_where_it_is_taken_up(desk: Desk) -> None:
    theirs = Projection("theirs", version=3)
    theirs.table("theirs")

    @theirs.on(ProposalRaised)
    def refuse(_rows: Rows, _entry: Entry) -> None:
        raise KeyError("boom")

    desk.do(raised())
    with Proposals(desk.url, projections=[theirs]) as host:
        host.projections.catch_up()

    shown = desk.run("status", code=3)
    assert "'boom'" in shown.stderr
    assert 'app.projections.replay("theirs")' in shown.stderr
    assert "rebuild --replay" not in shown.stderr
    assert "unknown here" in shown.stdout
    in_chinese = desk.run("status", lang="zh", code=3)
    assert "此处未知" in in_chinese.stdout
    assert 'app.projections.replay("theirs")' in in_chinese.stderr
    row = json.loads(desk.run("status", "--format", "json", code=3).stdout)[-1]
    assert (row["name"], row["state"], row["version"], row["stored"]) == ("theirs", "unknown", None, 3)
    assert (row["position"], row["lag"], row["dead_letters"]) == (desk.head(), 0, 1)
    assert "there is no read model theirs" in desk.run("rebuild", "theirs", code=2).stderr
    desk.run("rebuild", "--all")


def test_rebuilding_gives_the_same_register(county: Desk) -> None:
    before = county.rows("register")
    assert "built anew" in county.run("rebuild", "register", "steps").stderr
    assert county.rows("register") == before


@pytest.mark.parametrize("wrong", [[], ["register", "--all"], ["nothing"]])
def test_a_rebuild_names_what_it_builds(desk: Desk, wrong: list[str]) -> None:
    assert desk.run("rebuild", *wrong, code=2).stdout == ""


def report(desk: Desk, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(desk.run("evaluate", *arguments, "--format", "json").stdout)
    return found


def test_an_evaluation_tells_every_figure_with_its_counts(county: Desk) -> None:
    told = report(county, "--by", "community")
    cases = county.rows("register")
    assert told["total"]["cases"] == len(cases) == sum(group["cases"] for group in told["groups"])
    returned = told["total"]["figures"]["return"]
    assert returned["denominator"] == len(cases)
    assert sum(group["figures"]["return"]["numerator"] for group in told["groups"]) == returned["numerator"]
    assert told["total"]["steps"]["raise"]["reached"] == len(cases)
    assert sum(month["cases"] for month in told["months"]) == len(cases)
    shown = county.run("evaluate", "--by", "community", "--by", "quarter").stdout
    assert "response" in shown
    assert "2025-Q1" in shown
    assert "响应率" in county.run("evaluate", lang="zh").stdout


def test_up_to_an_instant_nothing_later_is_counted(county: Desk) -> None:
    told = report(county, "--until", "2025-03-10T00:00:00Z")
    assert told["until"] == "2025-03-10T00:00:00.000000Z"
    assert 0 < told["total"]["cases"] < len(county.rows("register"))
    assert told["total"]["outcomes"].keys() <= {"", "withdrawn", "refused", "lapsed", "merged"}


def test_an_archive_gives_the_same_report_as_the_database(county: Desk, tmp_path: Path) -> None:
    assert "events in" in county.run("export", str(tmp_path / "archive")).stderr
    for options in (["--by", "grid"], ["--by", "department", "--by", "month"], ["--until", "2025-03-20T00:00:00Z"]):
        nobody_asks = Desk(tmp_path)  # there is no database here
        assert report(nobody_asks, *options, "--archive", str(tmp_path / "archive")) == report(county, *options)


def test_what_came_since_is_added_to_an_archive(desk: Desk, tmp_path: Path) -> None:
    folder = str(tmp_path / "archive")
    desk.do(raised())
    desk.run("export", folder)
    desk.do(raised("proposal-2"))
    desk.run("export", folder)
    assert report(desk, "--archive", folder) == report(desk)
    assert report(desk)["total"]["cases"] == 2


def test_archives_of_several_counties_are_counted_together(county: Desk, desk: Desk, tmp_path: Path) -> None:
    desk.do(raised())
    folders = [str(tmp_path / name) for name in ("theirs", "ours")]
    for exporting, folder in zip((county, desk), folders, strict=True):
        exporting.run("export", folder)
    told = report(desk, "--archive", folders[0], "--archive", folders[1])
    assert told["total"]["cases"] == len(county.rows("register")) + 1


def test_it_is_said_where_an_archive_ends_before_what_is_asked(county: Desk, tmp_path: Path) -> None:
    folder = str(tmp_path / "archive")
    county.run("export", folder)
    said = f"the archive in {folder} ends at 2025-"
    assert said in county.run("evaluate", "--archive", folder, "--until", "2026-01-01T00:00:00Z").stderr
    assert said not in county.run("evaluate", "--archive", folder).stderr


def test_an_archive_that_is_none_says_so(desk: Desk, tmp_path: Path) -> None:
    assert "holds no archive" in desk.run("evaluate", "--archive", str(tmp_path), code=1).stderr
    (tmp_path / "file").write_text("x")
    assert "is no folder" in desk.run("export", str(tmp_path / "file"), code=2).stderr


def test_a_spreadsheet_gets_a_line_for_each_figure_of_each_group(county: Desk) -> None:
    lines = list(csv.DictReader(io.StringIO(county.run("evaluate", "--by", "street", "--format", "csv").stdout)))
    told = report(county, "--by", "street")
    assert len(lines) == (1 + len(told["groups"])) * len(told["total"]["figures"])
    first = lines[0]
    assert (first["street"], first["figure"]) == ("", "response")
    assert int(first["denominator"]) == told["total"]["figures"]["response"]["denominator"]


def test_a_page_is_written_to_a_file(county: Desk, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert str(page) in county.run("evaluate", "--by", "grid", "--format", "html", "--output", str(page)).stderr
    by_grid = page.read_text("utf-8")
    assert by_grid.lstrip().startswith("<!DOCTYPE html>")
    county.run("evaluate", "--format", "html", "--output", str(page))
    assert page.read_text("utf-8") == by_grid
    assert "--output" in county.run("evaluate", "--format", "html", code=2).stderr


def test_an_index_of_ones_own_ranks_by_it(county: Desk, tmp_path: Path) -> None:
    file = tmp_path / "index.toml"
    file.write_text('title = "T"\nversion = 7\n[indicators]\nreturn = { weight = 1 }\n', "utf-8")
    told = report(county, "--by", "grid", "--index", str(file))
    assert told["index"]["version"] == 7
    best = [group for group in told["groups"] if group["rank"] == 1]
    assert best
    assert all(group["points"] == 100.0 for group in best)
    file.write_text('title = "T"\nversion = 7\n[indicators]\nbeauty = { weight = 1 }\n', "utf-8")
    assert "beauty" in county.run("evaluate", "--index", str(file), code=2).stderr
    assert "no file" in county.run("evaluate", "--index", str(tmp_path / "none.toml"), code=2).stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate", "--until", "3000-01-01T00:00:00Z"], "that time has not come yet"),
        (["evaluate", "--engine", "spark"], "name it with --archive"),
        (["evaluate", "--output", "report.txt"], "json, csv or html"),
        (["register", "--unit", "nope"], "--unit: there is no unit nope"),
        (["worklist", "--unit", "nope"], "--unit: there is no unit nope"),
    ],
)
def test_what_cannot_be_meant_is_said(county: Desk, arguments: list[str], said: str) -> None:
    assert said in county.run(*arguments, code=2).stderr


def test_what_could_not_be_read_is_said_with_everything_that_is_shown(desk: Desk, tmp_path: Path) -> None:
    desk.do(raised("proposal-1"), raised("proposal-2"))
    with closing(sqlite3.connect(desk.file)) as connection, connection:
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute("UPDATE events SET data = '{}' WHERE stream = 'proposal-2'")
    for arguments in (["register"], ["worklist"], ["evaluate"], ["evaluate", "--format", "json"]):
        done = desk.run(*arguments, code=3)
        assert "incomplete: 1 " in done.stderr
        assert "proposal-1" in done.stdout or "1 cases" in done.stdout or '"waiting": 1' in done.stdout
    page = tmp_path / "page.html"
    desk.run("evaluate", "--format", "html", "--output", str(page), code=3)
    assert "incomplete: 1 " in page.read_text("utf-8")


def test_an_index_that_is_a_folder_is_no_file(county: Desk, tmp_path: Path) -> None:
    assert "Is a directory" in county.run("evaluate", "--index", str(tmp_path), code=1).stderr


def test_work_of_no_department_is_listed_without_a_rank(county: Desk) -> None:
    of_nobody = next(
        group for group in report(county, "--by", "department")["groups"] if not group["group"]["department"]
    )
    assert (of_nobody["rank"], of_nobody["points"], of_nobody["lacks"]) == (None, None, ["department"])
    shown = county.run("evaluate", "--by", "department", "--by", "quarter", lang="zh")
    assert "（无） · 2025-Q1" in shown.stdout
    assert "名次并列" in shown.stderr


def test_a_title_in_two_languages_takes_nothing_of_the_rest_with_it(county: Desk) -> None:
    for language in ("en", "zh"):
        shown = county.run("evaluate", "--by", "community", "--by", "quarter", lang=language).stdout
        assert " · 2025-Q1" in shown


def test_what_there_is_to_tell_apart_by_is_said(desk: Desk) -> None:
    assert "community" in desk.run("evaluate", "--by", "weather", code=2).stderr


def test_a_store_without_cases_has_no_data(desk: Desk) -> None:
    told = report(desk, "--by", "grid")
    assert told["total"]["cases"] == 0
    assert {figure["missing"] for figure in told["total"]["figures"].values()} == {"no_data"}
    assert told["groups"] == []
    assert "no data" in desk.run("evaluate").stdout


def test_the_demonstration_ends_with_worklist_and_scorecard(tmp_path: Path) -> None:
    done = Desk(tmp_path).run("demo", "--cases", "6")
    assert "The worklist of that day" in done.stdout
    assert "satisfaction" in done.stdout
