"""`do`: every line has its answer, what is good is recorded, and what is not leaves the log as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import Desk, accepted, answers, lines, raised

if TYPE_CHECKING:
    from pathlib import Path


def test_each_command_is_answered_with_its_events(desk: Desk) -> None:
    first, second = desk.do(raised(), accepted())

    assert first["line"] == 1
    assert first["event"]["name"] == "ProposalRaised"
    assert first["event"]["data"]["title"] == "路灯不亮"
    assert second["line"] == 2
    assert second["event"]["position"] == first["event"]["position"] + 1


def test_a_command_that_leads_to_several_events_is_answered_with_all_of_them(desk: Desk) -> None:
    contact = {"subject": "subject-li", "value": "13800000000"}

    said = desk.do(raised(contact=contact))

    assert [answer["event"]["name"] for answer in said] == ["ProposalRaised", "SubjectKeyCreated"]
    assert {answer["line"] for answer in said} == {1}


def test_a_refusal_stands_on_its_line_and_the_others_are_recorded(desk: Desk) -> None:
    said = desk.do(raised(), raised(), accepted(), code=3)

    assert [next(key for key in answer if key != "line") for answer in said] == ["event", "refused", "event"]
    assert said[1]["refused"]["code"] == "already_exists"
    assert said[1]["refused"]["guard"] == "state"
    assert "proposal-1" in said[1]["refused"]["text"]


def test_the_summary_goes_to_the_error_output(desk: Desk) -> None:
    done = desk.run("do", "-", given=lines(raised(), raised()), code=3)

    assert "1 recorded" in done.stderr
    assert "1 refused" in done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_refusals_are_in_the_language_that_was_asked_for(desk: Desk) -> None:
    done = desk.run("do", "-", given=lines(accepted("proposal-9")), lang="zh", code=3)

    assert answers(done)[0]["refused"]["text"] == "proposal-9 不存在"


def test_a_repeated_command_id_is_answered_and_not_recorded_again(desk: Desk) -> None:
    (first,) = desk.do(raised(command_id="once"))
    head = desk.head()

    (again,) = desk.do(raised(command_id="once"))

    assert again == first
    assert desk.head() == head


@pytest.mark.parametrize("mode", [[], ["--atomic"]], ids=["one by one", "atomic"])
def test_the_summary_counts_what_was_answered_from_before(desk: Desk, mode: list[str]) -> None:
    again = raised(command_id="once")
    desk.do(again)

    done = desk.run("do", *mode, "-", given=lines(again, raised("proposal-2")))

    assert "1 recorded (1 events), 1 answered from before" in done.stderr
    assert [answer["line"] for answer in answers(done)] == [1, 2]


def test_several_files_are_told_apart(desk: Desk, tmp_path: Path) -> None:
    for name, proposal in (("a.jsonl", "proposal-1"), ("b.jsonl", "proposal-2")):
        (tmp_path / name).write_text(lines(raised(proposal)), "utf-8")

    said = answers(desk.run("do", "a.jsonl", "b.jsonl"))

    assert [(answer["file"], answer["line"]) for answer in said] == [("a.jsonl", 1), ("b.jsonl", 1)]


def test_a_file_that_is_not_there_stops_before_anything_is_recorded(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines(raised()), "utf-8")
    head = desk.head()

    done = desk.run("do", "a.jsonl", "missing.jsonl", code=2)

    assert "missing.jsonl" in done.stderr
    assert desk.head() == head


def test_a_mark_in_front_and_windows_line_ends_do_no_harm(desk: Desk) -> None:
    text = "\ufeff" + lines(raised()).replace("\n", "\r\n")

    (said,) = answers(desk.run("do", "-", given=text.encode()))

    assert said["event"]["name"] == "ProposalRaised"


def test_an_empty_input_records_nothing(desk: Desk) -> None:
    head = desk.head()

    assert desk.run("do", "-", given="").stdout == ""
    assert desk.head() == head


BAD = {
    "unknown command": (json.dumps(raised() | {"command": "RaisePropsal"}), "command"),
    "no command": (json.dumps({"actor": "li"}), "command"),
    "command of another type": (json.dumps(raised() | {"command": 7}), "command"),
    "a reaction": (json.dumps({"command": "AdoptProposal", "proposal": "proposal-1", "actor": "system"}), "command"),
    "unknown field": (json.dumps(raised(colour="red")), "colour"),
    "missing field": (json.dumps({"command": "RaiseProposal", "actor": "li"}), "proposal"),
    "wrong type": (json.dumps(raised(title=5)), "title"),
    "naive time": (json.dumps(raised(at="2026-03-02T09:00:00")), "at"),
    "time that is a number": (json.dumps(raised(at=1_700_000_000)), "at"),
    "time that is a number in quotes": (json.dumps(raised(at="1700000000")), "at"),
    "ill-formed id": (json.dumps(raised("case-1")), "proposal"),
    "a person's name": (json.dumps(raised(actor="李四")), "actor"),
    "long text": (json.dumps(raised(text="x" * 10_000_000)), "text"),
    "control character": (json.dumps(raised(text="a\x00b")), "text"),
    "half a character": (json.dumps(raised(text="a\ud800b")), "text"),
    "half a character in a name": (json.dumps(raised() | {"a\ud800": 1}), '"a\\ud800"'),
    "not UTF-8": (b'{"command": "RaiseProposal", "text": "\xff"}', "(line)"),
    "an array": ("[1, 2]", "(line)"),
    "a number": ("7", "(line)"),
    "the same key twice": ('{"command": "AddNote", "note": "a", "note": "b"}', "note"),
    "empty line": ("", "(line)"),
    "not JSON": ("{command: 1}", "(line)"),
    "not a number": ('{"command": "CloseItem", "item": NaN}', "(line)"),
    "infinity": ('{"command": "CloseItem", "item": 1e999}', "item"),
    "a number of many digits": ('{"command": "CloseItem", "item": ' + "9" * 5_000 + "}", "(line)"),
    "nested without end": ("[" * 100_000 + "]" * 100_000, "(line)"),
    "nested too deep": ('{"command": "AddNote", "note": ' + "[" * 90 + "]" * 90 + "}", "note"),
    "nested object in a text": (json.dumps(raised(title={"a": 1})), "title"),
}


@pytest.mark.parametrize(("line", "field"), BAD.values(), ids=list(BAD))
def test_a_bad_line_is_answered_with_field_and_reason_and_changes_nothing(
    desk: Desk, line: str | bytes, field: str
) -> None:
    head = desk.head()
    raw = line if isinstance(line, bytes) else line.encode()

    done = desk.run("do", "-", given=raw + b"\n" + lines(raised("proposal-after")).encode(), code=3)

    bad, good = answers(done)
    assert bad["line"] == 1
    assert any(problem["field"].startswith(field) for problem in bad["invalid"]), bad
    assert all(problem["reason"] for problem in bad["invalid"])
    assert good["event"]["name"] == "ProposalRaised"
    assert desk.head() == head + 1


def test_a_time_in_the_far_future_is_refused(desk: Desk) -> None:
    (said,) = desk.do(raised(at="9999-12-31T00:00:00Z"), code=3)

    assert said["refused"]["code"] == "in_the_future"


def beyond_the_calendar() -> dict[str, Any]:
    """A meeting at a time from which nothing can be counted on."""
    return {
        "command": "CallMeeting", "meeting": "meeting-1", "unit": "unit-g", "meeting_kind": "residents_council",
        "purpose": "discuss", "title": "路灯", "starts_at": "9999-12-31T23:59:59Z", "chair": "convenor",
        "actor": "convenor",
    }  # fmt: skip


def test_a_time_beyond_the_calendar_is_answered_and_the_lines_after_it_are_recorded(desk: Desk) -> None:
    said = desk.do(raised(), beyond_the_calendar(), raised("proposal-2"), code=3)

    assert [next(key for key in answer if key != "line") for answer in said] == ["event", "refused", "event"]
    assert said[1]["line"] == 2
    assert said[1]["refused"]["code"] == "meeting_too_late"


def test_atomic_answers_every_line_when_a_time_is_beyond_the_calendar(desk: Desk) -> None:
    head = desk.head()

    done = desk.run("do", "--atomic", "-", given=lines(raised(), beyond_the_calendar()), code=3)

    assert [(answer["line"], "refused" in answer) for answer in answers(done)] == [(1, False), (2, True)]
    assert desk.head() == head


def test_a_line_longer_than_any_command_is_passed_over(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proposals.cli.reading.LONGEST_LINE", 2_000)
    head = desk.head()

    done = desk.run("do", "-", given=lines(raised(text="x" * 5_000), raised("proposal-2")), code=3)

    long, good = answers(done)
    assert long["line"] == 1
    assert long["invalid"][0]["field"] == "(line)"
    assert (good["line"], good["event"]["stream"]) == (2, "proposal-2")
    assert desk.head() == head + 1


def test_what_was_sent_is_never_repeated_in_a_reason(desk: Desk) -> None:
    secret = "13800000000"  # noqa: S105 - somebody's telephone number
    bad = raised(contact={"subject": secret, "value": secret}, sponsor=secret + " ", at=secret, place=secret)

    done = desk.run("do", "-", given=lines(bad), code=3)

    assert "contact.subject" in done.stdout
    assert secret not in done.output


def test_atomic_records_all_lines_in_one_transaction(desk: Desk) -> None:
    done = desk.run("do", "--atomic", "-", given=lines(raised(), accepted(), raised("proposal-2")))

    said = answers(done)
    assert [answer["line"] for answer in said] == [1, 2, 3]
    assert len({answer["event"]["recorded_at"] for answer in said}) == 1


@pytest.mark.parametrize("bad", [accepted("proposal-9"), {"command": "AddNote"}], ids=["refused", "invalid"])
def test_atomic_records_nothing_when_one_line_is_bad(desk: Desk, bad: dict[str, str]) -> None:
    head = desk.head()

    done = desk.run("do", "--atomic", "-", given=lines(raised(), bad, raised("proposal-2")), code=3)

    said = {answer["line"]: answer for answer in answers(done)}
    assert {"refused", "invalid"} & said[2].keys()
    assert "left" in said[1]
    assert "left" in said[3]
    assert desk.head() == head


def test_atomic_finds_the_line_that_rests_on_one_before(desk: Desk) -> None:
    """The second acceptance is refused only because the first came before it."""
    done = desk.run("do", "--atomic", "-", given=lines(raised(), accepted(), accepted()), code=3)

    refused = [answer for answer in answers(done) if "refused" in answer]
    assert [answer["line"] for answer in refused] == [3]
    assert refused[0]["refused"]["code"] == "wrong_state"


def test_atomic_wants_each_command_id_once(desk: Desk) -> None:
    same = [raised(command_id="same"), raised(command_id="same")]

    done = desk.run("do", "--atomic", "-", given=lines(*same), code=3)

    (problem,) = next(answer["invalid"] for answer in answers(done) if "invalid" in answer)
    assert problem["field"] == "command_id"
