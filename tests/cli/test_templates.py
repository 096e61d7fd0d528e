"""Entry templates: a form for every command, and what is filled in comes back as commands."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from proposals.adapters.spreadsheet import read_workbook
from proposals.application.parsing import parse_command
from proposals.cli.columns import columns_for, fields_of
from proposals.cli.settings import Settings
from proposals.cli.templates import example
from proposals.cli.words import Words
from proposals.domain.errors import Invalid
from proposals.domain.processes import COMMANDS
from tests.cli.conftest import Desk, answers, raised

if TYPE_CHECKING:
    from pathlib import Path


MIDNIGHT = datetime(2020, 1, 1)  # noqa: DTZ001 - cells have no zone


def filled(desk: Desk, command: str, *rows: dict[str, Any]) -> Path:
    """A workbook made from the template, with rows filled in."""
    file = desk.folder / f"{command}.xlsx"
    desk.run("template", command, "--output", str(file))
    book = openpyxl.load_workbook(file)
    sheet = book[command]
    places = {cell.value: place for place, cell in enumerate(sheet[1], 1)}
    for number, row in enumerate(rows, 3):
        for name, value in row.items():
            sheet.cell(number, places[name]).value = value
    book.save(file)
    return file


def row_of(**more: Any) -> dict[str, Any]:
    return {name: value for name, value in raised(**more).items() if name != "command"}


def contact(desk: Desk, proposal: str) -> dict[str, Any]:
    """What is known of how to reach the proposer."""
    shown = json.loads(desk.run("show", proposal, "--personal", "--format", "json").output)
    return dict(shown["contact"])


def test_a_filled_in_workbook_is_recorded(desk: Desk) -> None:
    personal = {"contact.subject": "subject-li", "contact.value": 13800000000}
    file = filled(desk, "RaiseProposal", row_of(), row_of(proposal="proposal-2", **personal))

    said = answers(desk.run("do", str(file)))

    assert [(answer["sheet"], answer["line"]) for answer in said] == [("RaiseProposal", 3), *[("RaiseProposal", 4)] * 2]
    assert said[1]["event"]["data"]["contact"] == {"subject": "subject-li", "withheld": True}
    assert contact(desk, "proposal-2") == {"subject": "subject-li", "value": "13800000000"}


def test_a_row_that_is_wrong_is_answered_with_its_number(desk: Desk) -> None:
    file = filled(desk, "RaiseProposal", row_of(place="grid 3"), row_of(source="rumour"), row_of())

    said = answers(desk.run("do", str(file), code=3))

    assert [answer["line"] for answer in said] == [3, 4, 5]
    assert said[0]["invalid"][0]["field"] == "place"
    assert said[1]["invalid"][0]["field"] == "source"
    assert "event" in said[2]


def test_times_in_cells_are_of_the_zone_that_was_asked_for(desk: Desk) -> None:
    file = filled(desk, "RaiseProposal", row_of(at=MIDNIGHT))

    (said,) = answers(desk.run("--zone", "Europe/Berlin", "do", str(file), code=3))

    assert said["refused"]["code"] == "entered_too_late"
    assert columns_for("RaiseProposal")[-2].path == "at"


def test_lists_numbers_and_days_come_back_as_they_are_meant(desk: Desk) -> None:
    settings = Settings("sqlite://", None, Words("en"), ZoneInfo("Asia/Shanghai"), 1, named=True)
    attendance = filled(desk, "RecordAttendance", {"meeting": "meeting-1", "actor": "li", "present": "li, wang；zhao"})
    vote = filled(desk, "CastVote", {"meeting": "meeting-1", "actor": "li", "item": "2", "choice": "for"})
    appointment = filled(
        desk, "Appoint", {"unit": "unit-g", "actor": "registrar", "person": "li", "role": "resident",
                          "since": MIDNIGHT}
    )  # fmt: skip

    found = [fields_of(next(read_workbook(file)), settings) for file in (attendance, vote, appointment)]

    assert found[0]["present"] == ["li", "wang", "zhao"]
    assert found[1]["item"] == 2
    assert found[2]["since"] == "2020-01-01"
    assert all(parse_command(fields) for fields in found)


def test_a_column_of_another_template_is_named(desk: Desk) -> None:
    file = filled(desk, "RaiseProposal", row_of())
    book = openpyxl.load_workbook(file)
    book["RaiseProposal"].cell(1, 20).value = "colour"
    book["RaiseProposal"].cell(3, 20).value = "red"
    book.save(file)

    (said,) = answers(desk.run("do", str(file), code=3))

    assert said["invalid"][0]["field"] == "colour"


def test_a_csv_template_is_filled_in_and_recorded(desk: Desk) -> None:
    header, helped = csv.reader(io.StringIO(desk.run("template", "RaiseProposal", "--format", "csv").stdout))
    row = raised(title="=SUM(A1)") | {"contact.subject": "subject-li", "contact.value": "'-1"}
    file = desk.folder / "entered.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([header, helped, [row.get(name, "") for name in header]])

    said = answers(desk.run("do", str(file)))

    assert helped[0].startswith("#")
    assert said[0]["line"] == 3
    assert said[0]["event"]["data"]["title"] == "=SUM(A1)"
    assert contact(desk, said[0]["event"]["stream"])["value"] == "-1"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_columns_for_its_fields_and_an_example_that_fits(command: str) -> None:
    columns = columns_for(command)

    assert {column.path.partition(".")[0] for column in columns} == set(COMMANDS[command].model_fields)
    assert len({column.path for column in columns}) == len(columns)
    try:
        parse_command(example(command, columns))
    except Invalid as error:  # an example cannot invent an agenda, evidence or rules
        whole = {column.path for column in columns if column.kind == "json"}
        assert {field.partition(".")[0] for field, _ in error.problems} <= whole  # noqa: PT017


def test_the_json_template_is_a_line_for_do(desk: Desk) -> None:
    line = json.loads(desk.run("template", "AddNote", "--format", "json").stdout)

    assert line == {"command": "AddNote", "actor": "person-1", "proposal": "proposal-1", "note": "…"}


def test_choices_can_be_picked_from_a_list(desk: Desk) -> None:
    book = openpyxl.load_workbook(filled(desk, "RaiseProposal"))

    rules = book["RaiseProposal"].data_validations.dataValidation
    assert [rule.formula1 for rule in rules] == ['"member_proposal,resident_council,patrol,other"']


def test_a_command_that_does_not_exist_is_wrong_usage(desk: Desk) -> None:
    done = desk.run("template", "RaisePropsal", code=2)

    assert "RaiseProposal" in done.stderr


@pytest.mark.parametrize("name", ["broken.xlsx", "broken.csv"])
def test_a_file_that_is_no_spreadsheet_fails_with_a_clear_line(desk: Desk, name: str) -> None:
    (desk.folder / name).write_bytes(b"\xff\xfe\x00 nonsense")

    done = desk.run("do", name, code=1)

    assert name in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_the_library_the_message_says_what_to_install(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "openpyxl", None)

    done = desk.run("template", "RaiseProposal", "--output", "x.xlsx", code=1)

    assert "fivestep-proposals[xlsx]" in done.stderr
