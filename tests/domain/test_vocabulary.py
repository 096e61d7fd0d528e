"""The words: ids, texts, instants and values as commands and events carry them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from proposals import AddNote
from proposals.domain.vocabulary import (
    FOLLOWING_FROM_A_CASE,
    SATISFIED,
    Code,
    CommandId,
    Erased,
    Evidence,
    Funding,
    FundingSource,
    Grade,
    Instant,
    Kind,
    Line,
    MeetingId,
    OrderId,
    OrderSpec,
    Personal,
    PersonId,
    Plan,
    PolicyId,
    ProposalId,
    Role,
    RoundId,
    SubjectId,
    Text,
    UnitId,
    as_instant,
    instant_text,
    json_of,
    kind_of,
    token_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

IDS: dict[Kind, Any] = {
    Kind.PROPOSAL: ProposalId,
    Kind.MEETING: MeetingId,
    Kind.ORDER: OrderId,
    Kind.ROUND: RoundId,
    Kind.UNIT: UnitId,
    Kind.POLICY: PolicyId,
    Kind.SUBJECT: SubjectId,
}


def accepts(kind: Any, value: object) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("kind", list(Kind), ids=str)
def test_an_id_begins_with_its_kind_so_that_sql_can_tell_it_too(kind: Kind) -> None:
    for tail in ("1", "2026-0001", "A.b_c-d", "a" * 80):
        stream = f"{kind}-{tail}"
        assert accepts(IDS[kind], stream)
        assert (kind_of(stream), token_of(stream)) == (kind, tail)
    for wrong in ("-", "-.1", "--1", "1", "-a b", "-é", "-" + "a" * 81, "-1\n"):
        assert not accepts(IDS[kind], f"{kind}{wrong}")
    other = Kind.MEETING if kind is Kind.PROPOSAL else Kind.PROPOSAL
    assert not accepts(IDS[kind], f"{other}-1")
    assert not accepts(IDS[kind], f"x{kind}-1")


@pytest.mark.parametrize("stream", ["", "proposal_1", "thing-1", "-1"])
def test_an_id_of_no_known_kind_has_none(stream: str) -> None:
    with pytest.raises(ValueError, match="is not a valid Kind"):
        kind_of(stream)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (PersonId, ["li", "LI-4.5_x@county", "7", "a" * 80], ["", "-li", "李", "a b", "a" * 81, "li\n"]),
        (Code, ["other", "not_public", "a.b-c_d", "9", "a" * 64], ["", "Other", "_a", "a b", "a" * 65]),
        (CommandId, ["a", "tick:proposal-1:x/y@z", "a" * 200], ["", ":a", "a b", "a" * 201]),
        (Line, ["好", "a" * 200, "a\tb"], ["", "a" * 201, "a\x00", "a\x7f", "a\x1bb"]),
        (Text, ["好", "a" * 20_000, "a\nb\tc\r\n"], ["", "a" * 20_001, "a\x00", "a\x0b", "\x0c", "\x1f"]),
    ],
    ids=["person", "code", "command", "line", "text"],
)
def test_short_texts_are_as_long_and_as_plain_as_they_may_be(kind: Any, good: list[str], bad: list[str]) -> None:
    assert [value for value in good if not accepts(kind, value)] == []
    assert [value for value in bad if accepts(kind, value)] == []


# --- instants


def test_an_instant_has_one_text_form_so_that_text_order_is_time_order() -> None:
    shanghai = timezone(timedelta(hours=8))
    moment = datetime(2026, 3, 2, 9, 0, 0, 5, tzinfo=shanghai)
    assert instant_text(moment) == "2026-03-02T01:00:00.000005Z"
    assert as_instant("2026-03-02T01:00:00.000005Z") == moment
    assert instant_text(moment.replace(microsecond=0)) == "2026-03-02T01:00:00.000000Z"


MOMENTS = st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


@for_all(MOMENTS, MOMENTS)
def test_instants_sort_as_their_texts_do_and_come_back_as_they_were(one: datetime, other: datetime) -> None:
    assert (one < other) is (instant_text(one) < instant_text(other))
    assert as_instant(instant_text(one)) == one
    assert len(instant_text(one)) == 27


def test_an_instant_is_kept_in_utc_and_written_in_its_one_form() -> None:
    adapter: TypeAdapter[datetime] = TypeAdapter(Instant)
    kept = adapter.validate_python(datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=8))))
    assert (kept, kept.tzinfo) == (datetime(2026, 3, 2, 1, tzinfo=UTC), UTC)
    assert adapter.dump_python(kept) is kept
    assert adapter.dump_python(kept, mode="json") == "2026-03-02T01:00:00.000000Z"
    assert adapter.validate_json('"2026-03-02T09:00:00+08:00"') == kept


@pytest.mark.parametrize(
    "number",
    [1_772_413_200, 1_772_413_200.5, -1, True, Decimal(1_772_413_200), "1772413200", "-1772413200", "1772413200.5",
     "2026", b"1772413200"],
    ids=repr,
)  # fmt: skip
def test_an_instant_is_no_number_of_seconds_from_1970(number: object) -> None:
    with pytest.raises(ValidationError, match="an instant is a datetime with a zone or ISO 8601 text"):
        TypeAdapter(Instant).validate_python(number)
    if isinstance(number, int | float | str):
        with pytest.raises(ValidationError, match="an instant is a datetime with a zone or ISO 8601 text"):
            TypeAdapter(Instant).validate_json(json.dumps(number))
    with pytest.raises(ValidationError, match="at\n  an instant"):
        AddNote.model_validate({"proposal": "proposal-1", "note": "n", "actor": "li", "at": number})


def test_an_instant_is_read_from_iso_8601_text() -> None:
    for text in ("2026-03-02T09:00:00+08:00", "2026-03-02 01:00:00Z", "2026-03-02T01:00Z"):
        assert TypeAdapter(Instant).validate_python(text) == datetime(2026, 3, 2, 1, tzinfo=UTC)


def test_a_naive_instant_is_refused_and_so_is_one_outside_the_calendar() -> None:
    assert not accepts(Instant, datetime(2026, 3, 2, 9))  # noqa: DTZ001 - that is the point
    assert not accepts(Instant, "2026-03-02T09:00:00")
    with pytest.raises(ValidationError, match="is outside the calendar once it is brought to UTC"):
        TypeAdapter(Instant).validate_python(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8))))


# --- values


GOOD: dict[str, Callable[[], object]] = {
    "evidence": lambda: Evidence(
        name="p.jpg", media_type="image/svg+xml", size=0, sha256="0af" + "9" * 61, uri="s3://b/k"
    ),
    "funding": lambda: Funding(source=FundingSource.NEIGHBOURHOOD, amount=1),
    "plan": lambda: Plan(summary="x", lead="unit-1"),
    "order": lambda: OrderSpec(order="order-1.1", unit="unit-1", lead=True),
    "personal": lambda: Personal(subject="subject-1", value="139"),
    "erased": lambda: Erased(subject="subject-1"),
}


@pytest.mark.parametrize("make", GOOD.values(), ids=GOOD.keys())
def test_a_value_does_not_change_and_has_no_other_fields(make: Callable[[], Any]) -> None:
    value = make()
    assert value == make()
    field = next(iter(type(value).model_fields))
    with pytest.raises(ValidationError):
        setattr(value, field, "x")
    with pytest.raises(ValidationError):
        type(value)(**value.model_dump(), other=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"media_type": "image"}, {"media_type": "Image/jpeg"}, {"media_type": "image/" + "j" * 100},
        {"size": -1}, {"size": "3"}, {"sha256": "a" * 63}, {"sha256": "A" * 64}, {"uri": ""}, {"uri": "a b"},
        {"uri": "a" * 2_001},
    ],
    ids=str,
)  # fmt: skip
def test_evidence_is_a_fingerprint_and_a_place(wrong: dict[str, object]) -> None:
    right = {"name": "p", "media_type": "image/jpeg", "size": 3, "sha256": "a" * 64, "uri": "file:p"}
    assert accepts(Evidence, right)
    assert not accepts(Evidence, right | wrong)


@pytest.mark.parametrize("amount", [0, -1, 10**15 + 1, 1.5, "1"])
def test_money_is_a_whole_number_of_fen_above_zero(amount: object) -> None:
    assert accepts(Funding, {"source": "public_welfare", "amount": 10**15})
    assert not accepts(Funding, {"source": "public_welfare", "amount": amount})


def test_what_people_type_around_a_text_is_not_kept_and_what_was_wrong_is_not_repeated() -> None:
    assert Plan(summary="  mend  ", lead="unit-1").summary == "mend"
    with pytest.raises(ValidationError) as told:
        Personal(subject="subject-1", value="\x00secret")
    assert "secret" not in str(told.value)


def test_of_five_grades_three_are_satisfied() -> None:
    assert [grade in SATISFIED for grade in Grade] == [True, True, True, False, False]


def test_six_roles_follow_from_a_case() -> None:
    assert sorted(FOLLOWING_FROM_A_CASE) == ["attendee", "chair", "concerned_resident", "proposer", "system", "voter"]
    assert Role.RESIDENT not in FOLLOWING_FROM_A_CASE


# --- plain JSON


class Colour(StrEnum):
    RED = "red"


def test_a_value_as_json_is_plain_and_the_same_for_equal_values() -> None:
    moment = datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert json_of(
        {
            1: moment,
            "day": date(2026, 3, 2),
            "set": {"b", "a"},
            "frozen": frozenset({2, 1}),
            "plan": Plan(summary="x", lead="unit-1"),
            "list": [moment, (date(2026, 3, 2),)],
            "word": Colour.RED,
            "none": None,
        }
    ) == {
        "1": "2026-03-02T01:00:00.000000Z",
        "day": "2026-03-02",
        "set": ["a", "b"],
        "frozen": [1, 2],
        "plan": {"summary": "x", "lead": "unit-1", "assisting": []},
        "list": ["2026-03-02T01:00:00.000000Z", ["2026-03-02"]],
        "word": "red",
        "none": None,
    }


def test_an_instant_without_a_zone_has_no_text() -> None:
    with pytest.raises(ValueError, match=r"^an instant needs a time zone$"):
        instant_text(datetime(2026, 3, 2))  # noqa: DTZ001 - that is the point
