"""The mapper: what is stored is canonical and complete, and what cannot be read is named, never guessed or shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from types import NoneType
from typing import Any, ClassVar, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from proposals import NoteAdded, ProposalRaised, UnknownEvent
from proposals.adapters.keys import MemoryKeyStore
from proposals.adapters.mapper import BrokenEvent, FactMapper, plain
from proposals.adapters.sealing import SealBroken, Sealer, UnknownScheme
from proposals.adapters.store import Envelope
from proposals.domain.evaluation_round import Result, RoundClosed, Tally
from proposals.domain.event import Event, Fact
from proposals.domain.processes import EVENTS, PROCESSES
from proposals.domain.vocabulary import Erased, Personal, Source

NOON = datetime(2026, 3, 2, 4, 0, 0, 123456, tzinfo=UTC)
CONTACT = Personal(subject="subject-li", value="王丽 13800138000")


@pytest.fixture
def keys() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
def mapper(keys: MemoryKeyStore) -> FactMapper:
    return FactMapper(Sealer(keys))


def fact(event: Event, stream: str = "proposal-1", version: int = 1) -> Fact:
    return Fact(stream, version, event, NOON, "li", "clerk", "c-1", "c-1", "c-1")


def raised(contact: Personal | None = CONTACT) -> ProposalRaised:
    return ProposalRaised(
        place="unit-grid",
        source=Source.OTHER,
        title="路灯",
        text="坏了",
        policy="policy-1",
        by_party_member=True,
        contact=contact,
    )


def note(mapper: FactMapper, **changes: Any) -> Envelope:
    return replace(mapper.to_stored_event(fact(NoteAdded(note="n"))), **changes)


# --- what is stored


def test_an_envelope_carries_every_public_column(mapper: FactMapper) -> None:
    stored = mapper.to_stored_event(fact(NoteAdded(note="Seen.")))

    assert stored == Envelope(
        originator_id="proposal-1",
        originator_version=1,
        topic="NoteAdded",
        state=b'{"note":"Seen."}',
        schema=1,
        occurred_at="2026-03-02T04:00:00.123456Z",
        actor="li",
        entered_by="clerk",
        command_id="c-1",
        correlation_id="c-1",
        causation_id="c-1",
    )


def test_data_is_canonical_json_keys_sorted_nothing_escaped(mapper: FactMapper) -> None:
    stored = mapper.to_stored_event(fact(raised(None))).state.decode()

    again = json.dumps(json.loads(stored), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert stored == again
    assert "路灯" in stored


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=200))
def test_any_text_comes_back_as_it_was(text: str) -> None:
    mapper = FactMapper(Sealer(MemoryKeyStore()))
    event = NoteAdded(note=text)
    assert mapper.to_domain_event(mapper.to_stored_event(fact(event))).event == event


def test_a_fact_comes_back_equal_with_its_place_in_the_log(mapper: FactMapper) -> None:
    stored = mapper.to_stored_event(fact(raised()))
    placed = replace(stored, position=7, recorded_at="2026-03-02T04:00:01.000000Z")

    back = mapper.to_domain_event(placed)

    assert back == fact(raised())._replace(position=7, recorded_at=NOON.replace(second=1, microsecond=0))


def test_nothing_that_may_be_missing_is_lost_on_the_way(mapper: FactMapper) -> None:
    """The count of a handful of ballots tells neither grades nor key."""
    tally = Tally(eligible=5, valid=2, grades=None, resolved=None, answered_resolved=None)
    event = RoundClosed(proposal="proposal-1", tally=tally, result=Result.INCONCLUSIVE, content_key=None)

    assert mapper.to_domain_event(mapper.to_stored_event(fact(event, "round-1.1"))).event == event


# --- personal data


def test_personal_fields_are_sealed_and_the_rest_is_not(mapper: FactMapper) -> None:
    stored = mapper.to_stored_event(fact(raised()))
    contact = orjson.loads(stored.state)["contact"]

    assert "13800138000" not in stored.state.decode()
    assert (contact["scheme"], contact["subject"]) == ("A256GCM.1", "subject-li")


def test_every_place_where_personal_data_may_stand_is_known_to_its_event() -> None:
    """A personal value deeper inside would be written in clear."""

    def holders(annotation: Any) -> Iterator[type]:
        for part in (annotation, *get_args(annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield part
                if part is not Personal:
                    for field in part.model_fields.values():
                        yield from holders(field.annotation)
            elif part is not annotation:
                yield from holders(part)

    for event in EVENTS.values():
        for name, field in event.model_fields.items():
            if Personal in holders(field.annotation):
                assert name in event.personal
                assert set(get_args(field.annotation)) == {Personal, Erased, NoneType}


def test_without_its_key_a_personal_field_reads_as_erased(mapper: FactMapper, keys: MemoryKeyStore) -> None:
    stored = mapper.to_stored_event(fact(raised()))
    keys.destroy("subject:subject-li")

    assert mapper.to_domain_event(stored).event.contact == Erased(subject="subject-li")


def test_an_event_without_personal_data_has_none_afterwards(mapper: FactMapper) -> None:
    stored = mapper.to_stored_event(fact(raised(None)))

    assert b"contact" not in stored.state
    assert mapper.to_domain_event(stored).event.contact is None


def test_personal_data_that_was_moved_or_put_in_clear_is_refused_without_being_shown(mapper: FactMapper) -> None:
    stored = mapper.to_stored_event(fact(raised()))
    data = orjson.loads(stored.state) | {"contact": {"subject": "subject-li", "value": "13800138000"}}

    with pytest.raises(SealBroken, match="proposal-2"):
        mapper.to_domain_event(replace(stored, originator_id="proposal-2"))
    with pytest.raises(UnknownScheme) as clear:
        mapper.to_domain_event(replace(stored, state=orjson.dumps(data)))
    assert "138" not in str(clear.value)


def test_plain_tells_a_fact_under_its_public_names(mapper: FactMapper) -> None:
    told = plain(mapper.to_domain_event(mapper.to_stored_event(fact(raised()))))

    assert list(told) == [
        "position",
        "stream",
        "version",
        "name",
        "schema",
        "occurred_at",
        "recorded_at",
        "actor",
        "entered_by",
        "command_id",
        "correlation_id",
        "causation_id",
        "data",
    ]
    assert told["data"]["contact"] == {"subject": "subject-li", "value": CONTACT.value}
    erased = fact(raised().model_copy(update={"contact": Erased(subject="subject-li")}))
    assert plain(erased)["data"]["contact"] == {"subject": "subject-li", "erased": True}
    assert json.loads(json.dumps(told)) == told


# --- what cannot be read


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"topic": "ProposalTeleported"}, "ProposalTeleported in schema 1"),
        ({"schema": 2}, "NoteAdded in schema 2"),
        ({"schema": 0}, "NoteAdded in schema 0"),
        ({"schema": -1}, "NoteAdded in schema -1"),
        ({"schema": None}, "NoteAdded in schema 0"),
    ],
)
def test_an_event_of_another_release_is_named(mapper: FactMapper, changes: dict[str, Any], named: str) -> None:
    with pytest.raises(UnknownEvent, match="proposal-1 version 1") as error:
        mapper.to_domain_event(note(mapper, **changes))
    assert named in str(error.value)


BROKEN = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"n"',
    b"{}",
    b'{"note":1}',
    b'{"note":"n","phone":"13800138000"}',
    b'{"note":""}',
    b'{"note":"13800138000\\u0000"}',
    b'{"note":"\xff"}',
]


@pytest.mark.parametrize("data", BROKEN, ids=repr)
def test_data_that_does_not_fit_its_event_is_named_and_not_shown(mapper: FactMapper, data: bytes) -> None:
    with pytest.raises(BrokenEvent, match="proposal-1 version 1 is no valid NoteAdded") as error:
        mapper.to_domain_event(note(mapper, state=data))
    assert "138" not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    "contact", [b"1", b'"13800138000"', b"[1]", b"[]", b'[["subject","13800138000"]]', b'"ab"', b"true"], ids=repr
)
def test_a_personal_field_that_is_no_seal_is_named_and_not_shown(mapper: FactMapper, contact: bytes) -> None:
    stored = mapper.to_stored_event(fact(raised(None)))
    data = stored.state[:-1] + b',"contact":' + contact + b"}"
    with pytest.raises((BrokenEvent, UnknownScheme), match="proposal-1 version 1") as error:
        mapper.to_domain_event(replace(stored, state=data))
    assert "138" not in str(error.value)


@pytest.mark.parametrize("at", [None, "", "yesterday", "2026-13-01T00:00:00.000000Z"], ids=repr)
def test_an_instant_that_is_none_is_named(mapper: FactMapper, at: str | None) -> None:
    with pytest.raises(BrokenEvent, match="proposal-1 version 1"):
        mapper.to_domain_event(note(mapper, occurred_at=at))


@given(st.binary(max_size=60))
def test_whatever_bytes_are_stored_the_answer_is_a_fact_or_a_named_error(data: bytes) -> None:
    mapper = FactMapper(Sealer(MemoryKeyStore()))
    for event in (NoteAdded(note="n"), raised(None)):
        stored = mapper.to_stored_event(fact(event))
        with suppress(BrokenEvent):
            assert isinstance(mapper.to_domain_event(replace(stored, state=data)), Fact)


# --- upcasters


class LampMended(Event):
    """An event in its third schema: first `by`, then `handler`, then a list of handlers and the lamps."""

    schema_version: ClassVar[int] = 3
    upcasters: ClassVar[dict[int, Any]] = {
        1: lambda data: {"handler": data["by"]},
        2: lambda data: {"handlers": [data["handler"]], "lamps": 1},
    }
    handlers: tuple[str, ...]
    lamps: int
    contact: Personal | Erased | None = None


def mended(sealer: Sealer) -> FactMapper:
    return FactMapper(sealer, events={"LampMended": LampMended})


def stored_lamp(schema: int, data: dict[str, Any]) -> Envelope:
    return Envelope(
        originator_id="proposal-1",
        originator_version=4,
        topic="LampMended",
        state=orjson.dumps(data),
        schema=schema,
        occurred_at="2020-01-01T00:00:00.000000Z",
        actor="li",
        entered_by="li",
    )


@pytest.mark.parametrize(
    ("schema", "data"),
    [(1, {"by": "water"}), (2, {"handler": "water"}), (3, {"handlers": ["water"], "lamps": 1})],
)
def test_every_older_payload_is_lifted_step_by_step(keys: MemoryKeyStore, schema: int, data: dict[str, Any]) -> None:
    back = mended(Sealer(keys)).to_domain_event(stored_lamp(schema, data))

    assert back.event == LampMended(handlers=("water",), lamps=1)
    assert (back.schema, back.version) == (3, 4)


def test_what_is_lifted_is_validated_like_everything_else(keys: MemoryKeyStore) -> None:
    mapper = mended(Sealer(keys))
    for data in ({"by": 13800138000}, {"handler": "water"}, {}):
        with pytest.raises(BrokenEvent, match="LampMended") as error:
            mapper.to_domain_event(stored_lamp(1, data))
        assert "138" not in str(error.value)


def test_a_newer_payload_is_not_guessed_at(keys: MemoryKeyStore) -> None:
    with pytest.raises(UnknownEvent, match="LampMended in schema 4"):
        mended(Sealer(keys)).to_domain_event(stored_lamp(4, {"handlers": ["water"], "lamps": 1}))


def test_what_is_written_is_the_newest_schema_only(keys: MemoryKeyStore) -> None:
    stored = mended(Sealer(keys)).to_stored_event(fact(LampMended(handlers=("water",), lamps=2)))
    assert (stored.schema, stored.state) == (3, b'{"handlers":["water"],"lamps":2}')


def test_personal_data_is_opened_after_it_was_lifted(keys: MemoryKeyStore) -> None:
    sealer = Sealer(keys)
    sealed = sealer.seal(CONTACT, stream="proposal-1", version=4, field="contact")
    mapper = FactMapper(sealer, events={"LampMended": Contacted})

    back = mapper.to_domain_event(stored_lamp(1, {"by": "water", "contact": sealed}))

    assert back.event.contact == CONTACT


class Contacted(LampMended):
    upcasters: ClassVar[dict[int, Any]] = {
        1: lambda data: {"handler": data.pop("by"), **data},
        2: lambda data: {"handlers": [data.pop("handler")], "lamps": 1, **data},
    }


# --- all events


def test_every_event_can_be_lifted_from_each_of_its_schemas() -> None:
    for event in EVENTS.values():
        assert sorted(event.upcasters) == list(range(1, event.schema_version))


def test_names_are_unique_over_all_kinds_of_streams() -> None:
    homes: dict[str, list[type[Event]]] = {}
    for process in PROCESSES.values():
        for name, event in process.events.items():
            homes.setdefault(name, []).append(event)
    assert {name for name, events in homes.items() if len(set(events)) > 1} == set()
