"""What the errors say: which stream, which field, who was first, and what to do about it."""

from __future__ import annotations

import pytest

from proposals.domain.catalogue import label, text
from proposals.domain.errors import Conflict, Invalid, NotFound, Refused, UnknownEvent, refusal, unfit
from proposals.domain.meeting import Purpose
from proposals.domain.processes import COMMANDS, PROCESSES
from proposals.domain.rules import Maxima
from proposals.domain.vocabulary import Motion, Role, Source, Tier, UnitKind


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

    assert str(error) == (
        "proposal-1 version 3 holds LampLit in schema 7, which this release does not know; "
        "read the store with the release that wrote it or a newer one"
    )
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


def test_what_a_validator_raises_can_be_told_in_either_language() -> None:
    error = unfit("invalid_lacks", field="handle_within", missing="urgent")

    assert (error.type, error.context) == ("invalid_lacks", {"field": "handle_within", "missing": "urgent"})
    assert error.message() == "handle_within lacks urgent"
    assert text(error.type, "zh", **(error.context or {})) == "handle_within 缺少 urgent"


def test_in_chinese_a_refusal_names_words_of_the_process_in_chinese_and_commands_in_both() -> None:
    not_allowed = refusal(
        "not_authorised", actor="li", command="AcceptProposal", roles=["screener", "tier_officer"],
        unit="unit-x", day="2026-03-02",
    )  # fmt: skip

    assert not_allowed.text("zh").startswith("li 无权执行 受理（AcceptProposal）：")
    assert "受理员、上级负责人" in not_allowed.text("zh")
    assert "roles screener, tier_officer at" in not_allowed.text("en")
    assert refusal("limit_reached", loop="returns", maximum=2).text("zh") == "退回：已达规则上限 2 次"
    assert "（facilities、other）" in refusal(
        "not_on_the_list", field="category", value="x", known=["facilities", "other"]
    ).text("zh")


def test_every_word_of_the_process_that_a_refusal_may_name_has_a_chinese_one() -> None:
    words = [word.value for kind in (Role, Tier, Source, UnitKind, Motion, Purpose) for word in kind]
    words += [status.value for process in PROCESSES.values() for status in process.states]
    words += [*Maxima.model_fields, *COMMANDS]

    assert [word for word in words if label(word, "zh").isascii()] == []
