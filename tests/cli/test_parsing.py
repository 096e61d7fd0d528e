"""Parsing: whatever is sent, it is a command or the fields are named; never anything else."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proposals.adapters.policies import default_policy
from proposals.application.parsing import command_schema, parse_command, parse_line
from proposals.domain.catalogue import TEXTS
from proposals.domain.catalogue.invalid import INVALID
from proposals.domain.errors import Invalid
from proposals.domain.processes import COMMANDS
from tests.cli.conftest import raised

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted({field for command in COMMANDS.values() for field in command.model_fields})


def problems(sent: object) -> list[tuple[str, str]]:
    """What is wrong with it: nothing for a command. Whatever else it raises fails the test."""
    try:
        parse_line(sent) if isinstance(sent, bytes) else parse_command(sent)
    except Invalid as error:
        return error.problems or [("", "")]
    return []


def said_plainly(found: list[tuple[str, str]]) -> bool:
    """Each with a field and a reason, each on one line."""
    return all(field and reason and "\n" not in field + reason for field, reason in found)


@given(st.binary(max_size=200))
def test_any_bytes_are_no_command_and_told_why(line: bytes) -> None:
    found = problems(line)

    assert found
    assert said_plainly(found)


@given(
    st.sampled_from(sorted(COMMANDS)), st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=6), JSON, max_size=6)
)
def test_any_fields_are_a_command_or_named(name: str, fields: dict[str, Any]) -> None:
    assert said_plainly(problems(json.dumps({"command": name, **fields}).encode()))


@given(st.sampled_from(sorted(raised())), JSON)
def test_one_field_that_is_anything_is_the_one_that_is_named(field: str, value: Any) -> None:
    found = problems(raised() | {field: value})

    assert {problem.partition(".")[0] for problem, _ in found} <= {field}


@given(JSON)
def test_anything_at_all_is_no_command_and_told_why(value: Any) -> None:
    assert problems(value)
    assert said_plainly(problems(value))


def test_what_python_has_and_json_has_not_is_no_field() -> None:
    with pytest.raises(Invalid) as caught:
        parse_command(raised(at=datetime(2026, 3, 2, tzinfo=UTC), since=date(2026, 3, 2)))

    assert [field for field, _ in caught.value.problems] == ["at", "since"]


def test_a_command_is_what_its_fields_say() -> None:
    command = parse_command(raised(at="2026-03-02T09:00:00+08:00"))

    assert isinstance(command, COMMANDS["RaiseProposal"])
    assert command.at == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert command.stream == "proposal-1"


def test_the_deepest_command_is_not_too_deep() -> None:
    rules = default_policy().model_dump(mode="json")

    command = parse_command(
        {"command": "DraftPolicy", "policy": "policy-1", "unit": "unit-c", "rules": rules, "actor": "registrar"}
    )

    assert command.model_dump()["rules"] == default_policy().model_dump()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_schema_of_a_command_asks_for_its_name(name: str) -> None:
    schema = command_schema(name)

    assert schema["properties"]["command"]["const"] == name
    assert {"command", "actor"} <= set(schema["required"])
    assert "command" not in COMMANDS[name].model_fields


@pytest.mark.parametrize(
    ("fields", "field", "english", "chinese"),
    [
        ({"at": "2026-03-02T09:00"}, "at", "time zone", "时区"),
        ({"place": "grid-1"}, "place", "unit-", "unit-"),
        ({"source": "rumour"}, "source", "member_proposal", "member_proposal"),
        ({"text": ""}, "text", "empty", "为空"),
        ({"title": "x" * 201}, "title", "200", "200"),
        ({"contact": "x"}, "contact", "object", "对象"),
    ],
)
def test_reasons_are_in_both_languages(fields: dict[str, Any], field: str, english: str, chinese: str) -> None:
    for language, said in (("en", english), ("zh", chinese)):
        with pytest.raises(Invalid) as caught:
            parse_command(raised(**fields), language=language)

        ((named, reason),) = caught.value.problems
        assert named == field
        assert said in reason


def test_every_reason_has_two_languages_with_the_same_details() -> None:
    from string import Formatter

    assert set(INVALID) <= set(TEXTS)
    for english, chinese in TEXTS.values():
        names = [{name for _, name, _, _ in Formatter().parse(said) if name} for said in (english, chinese)]
        assert names[0] == names[1], (english, chinese)
