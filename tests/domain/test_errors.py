"""What the errors say: which stream, which field, who was first, and what to do about it."""

from __future__ import annotations

import pytest

from proposals.domain.errors import Conflict, Invalid, NotFound, Refused, UnknownEvent, refusal


def test_invalid_input_names_every_field_with_its_reason() -> None:
    error = Invalid([("title", "is missing"), ("at", "has no zone")])

    assert str(error) == "title: is missing; at: has no zone"
    assert error.problems == [("title", "is missing"), ("at", "has no zone")]


@pytest.mark.parametrize(("by", "who"), [("", ""), ("li", ", recorded by li")])
def test_a_conflict_says_who_was_first_where_it_is_known(by: str, who: str) -> None:
    error = Conflict("proposal-1", 2, 3, by)

    assert str(error) == f"proposal-1 is at version 3{who}; the decision was made on version 2"
    assert (error.stream, error.expected, error.actual, error.by) == ("proposal-1", 2, 3, by)
    assert str(Conflict("proposal-1", 2, 3)) == "proposal-1 is at version 3; the decision was made on version 2"


def test_what_is_not_there_is_named() -> None:
    error = NotFound("proposal-1")

    assert (str(error), error.stream) == ("proposal-1 does not exist", "proposal-1")


def test_an_unknown_event_is_named_with_its_schema_and_where_it_is() -> None:
    error = UnknownEvent("LampLit", 7, "proposal-1 version 3")

    assert str(error).startswith("proposal-1 version 3 holds LampLit in schema 7, which this release does not know")
    assert (error.name, error.schema) == ("LampLit", 7)


def test_a_refusal_says_what_was_refused_where_and_by_which_rule() -> None:
    error = Refused(refusal("no_such_unit", unit="unit-x"), guard="place_is_open", command="X", stream="proposal-1")

    assert (error.code, error.guard, error.command, error.stream) == (
        "no_such_unit",
        "place_is_open",
        "X",
        "proposal-1",
    )
    assert error.index is None
    assert str(error) == "no_such_unit: there is no unit unit-x"
    assert error.text() == "there is no unit unit-x"
    assert error.text("zh") == "没有单位 unit-x"


def test_a_code_without_a_sentence_says_where_to_write_one() -> None:
    with pytest.raises(KeyError, match="out_of_the_blue has no sentence yet: give it one in proposals/"):
        refusal("out_of_the_blue")
