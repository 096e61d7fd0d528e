"""Bad input: refused with its reason by the model or by a rule, on every store alike, and not one event written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from proposals import AddNote, CallMeeting, ProposalsError, RaiseProposal, Refused
from proposals.domain.event import Command
from proposals.domain.processes import COMMANDS
from proposals.testing import MORNING

from .conftest import Opener
from .county import County, ask

NOTE: dict[str, Any] = {"proposal": "proposal-1", "note": "n", "actor": "li"}


def changed(**changes: Any) -> dict[str, Any]:
    return {**NOTE, **changes}


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        (changed(at=datetime(2026, 3, 2)), "at"),  # noqa: DTZ001 - that is what is refused
        (changed(at="2026-03-02T01:00:00"), "at"),
        (changed(at="yesterday"), "at"),
        (changed(at="0001-01-01T00:00:00+14:00"), "at"),
        (changed(proposal="meeting-1"), "proposal"),
        (changed(proposal="proposal-"), "proposal"),
        (changed(proposal="proposal-" + "9" * 100), "proposal"),
        (changed(proposal="proposal-１"), "proposal"),
        (changed(note="a\x00b"), "note"),
        (changed(note="a\x1bb"), "note"),
        (changed(note="\ud800"), "note"),
        (changed(note=""), "note"),
        (changed(note="   "), "note"),
        (changed(note="x" * 10_000_000), "note"),
        (changed(note=b"\xff"), "note"),
        (changed(note=7), "note"),
        (changed(note=None), "note"),
        (changed(actor="王丽"), "actor"),
        (changed(actor="li\x00"), "actor"),
        (changed(actor=""), "actor"),
        (changed(entered_by="a b"), "entered_by"),
        (changed(command_id="c 1"), "command_id"),
        (changed(command_id="c" * 300), "command_id"),
        (changed(phone="13800138000"), "phone"),
        ({"proposal": "proposal-1", "actor": "li"}, "note"),
    ],
)
def test_a_field_that_cannot_be_is_named_and_its_value_is_not_shown(fields: dict[str, Any], at: str) -> None:
    with pytest.raises(ValidationError) as error:
        AddNote.model_validate(fields)
    assert [problem["loc"][0] for problem in error.value.errors()] == [at]
    assert "13800138000" not in str(error.value)


EXTREMES = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    datetime(1900, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
]


@pytest.mark.parametrize("at", EXTREMES, ids=str)
def test_the_ends_of_time_are_refused(memory: County, at: datetime) -> None:
    memory.raised()
    head = memory.app.recorder.head()
    new = {"place": "unit-grid", "source": "other", "title": "L", "text": "t", "actor": "li"}
    commands: list[tuple[type[Command], dict[str, Any]]] = [
        (AddNote, changed(at=at)),
        (RaiseProposal, {"proposal": "proposal-2", **new, "at": at}),
        (
            CallMeeting,
            {
                "meeting": "meeting-1",
                "unit": "unit-grid",
                "meeting_kind": "residents_council",
                "purpose": "discuss",
                "title": "Council",
                "starts_at": at,
                "chair": "grid-member1",
                "actor": "grid-convenor",
            },
        ),
    ]
    for command, fields in commands:
        with pytest.raises((ProposalsError, ValidationError)):
            memory.app.do(ask(command, **fields))
    assert memory.app.recorder.head() == head


def test_text_of_every_allowed_kind_comes_back_from_every_store(county: County) -> None:
    county.raised()
    words = '\t\n 王丽 𠮷 \u2028 \ufffe \U0010ffff \u200f é "quoted" \\ %s :name $1 \'; DROP TABLE events; --'

    county.app.do(AddNote(proposal="proposal-1", note=f"x{words}x", actor="li"))

    assert county.app.history("proposal-1")[-1].event.model_dump() == {"note": f"x{words}x"}


def test_the_longest_text_is_kept_whole(county: County) -> None:
    county.raised()
    county.app.do(AddNote(proposal="proposal-1", note="界" * 20_000, actor="li"))
    assert county.app.history("proposal-1")[-1].event.model_dump() == {"note": "界" * 20_000}


def test_times_are_kept_to_the_microsecond_in_utc(county: County) -> None:
    county.raised()
    at = datetime.fromisoformat("2026-03-02T09:00:00.000001+08:00")
    county.clock.forward(days=1)
    (fact,) = county.app.do(AddNote(proposal="proposal-1", note="n", actor="li", at=at))
    assert fact.occurred_at == MORNING.replace(microsecond=1)
    assert county.app.history("proposal-1")[-1].occurred_at == fact.occurred_at


@pytest.mark.parametrize("escape", ["model_copy", "model_construct"])
def test_what_was_smuggled_past_the_model_is_not_recorded(county: County, escape: str) -> None:
    county.raised()
    head = county.app.recorder.head()
    good = AddNote.model_validate(NOTE)
    for bad in ({"note": "a\x00b"}, {"note": "\ud800"}, {"note": 7}, {"note": "x" * 30_000}):
        command = good.model_copy(update=bad) if escape == "model_copy" else AddNote.model_construct(**{**NOTE, **bad})
        with pytest.raises((ValidationError, ProposalsError)):
            county.app.do(command)
    assert county.app.recorder.head() == head


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["proposal-1", "unit-grid", "li", "2026-03-02T01:00:00Z", "facilities", "meeting-1"]),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
)


@settings(max_examples=settings.default.max_examples if settings.default else 50)
@given(data=st.data(), name=st.sampled_from(sorted(COMMANDS)))
def test_whatever_is_asked_is_recorded_refused_or_invalid(data: st.DataObject, name: str) -> None:
    """No command of any shape gets anything else out of the door than facts or a reasoned no."""
    command = COMMANDS[name]
    fields = {field: data.draw(VALUES, label=field) for field in command.model_fields}
    county = _county()
    head = county.app.recorder.head()
    try:
        county.app.do(ask(command, **(fields | {"command_id": None})))
    except (ValidationError, ProposalsError):
        assert county.app.recorder.head() == head
    else:
        assert county.app.recorder.head() > head


_COUNTIES: list[County] = []


def _county() -> County:
    """One county for all examples: what one leaves behind is there for the next."""
    if not _COUNTIES:
        _COUNTIES.append(County().found())
        _COUNTIES[0].raised()
    return _COUNTIES[0]


def test_two_doors_refuse_alike_with_the_same_code_and_words(opened: Opener, postgres_url: str) -> None:
    doors = [opened(), opened(postgres_url)]
    answers = []
    for county in doors:
        county.found().raised()
        with pytest.raises(Refused) as refused:
            county.app.do(AddNote(proposal="proposal-1", note="n", actor="stranger"))
        answers.append((refused.value.code, refused.value.text("zh"), refused.value.text("en"), refused.value.guard))
    assert answers[0] == answers[1]
