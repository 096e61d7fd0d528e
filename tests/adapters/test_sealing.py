"""Sealing: personal data comes back only in its own place, and not at all once its subject is erased."""

from __future__ import annotations

import base64
import hashlib
import json
import pickle
from typing import Any, TypedDict

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from proposals.adapters.keys import KeyDestroyed, MemoryKeyStore
from proposals.adapters.sealing import SealBroken, Sealer, UnknownScheme
from proposals.domain.vocabulary import Erased, Personal


class Place(TypedDict):
    stream: str
    version: int
    field: str


HERE: Place = {"stream": "proposal-7", "version": 3, "field": "contact"}
ZHANG = Personal(subject="subject-1", value="张三 138-0013-8000")
ANY_TEXT = st.text(min_size=1, max_size=300)


@pytest.fixture
def keys() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
def sealer(keys: MemoryKeyStore) -> Sealer:
    return Sealer(keys)


def personal(value: str, subject: str = "subject-1") -> Personal:
    return Personal.model_construct(subject=subject, value=value)


@given(ANY_TEXT)
def test_any_text_comes_back_as_it_was(value: str) -> None:
    sealer = Sealer(MemoryKeyStore())
    sealed = json.loads(json.dumps(sealer.seal(personal(value), **HERE)))
    assert sealer.open(sealed, **HERE) == personal(value)


def test_the_stored_form_is_the_published_one_and_shows_nothing(sealer: Sealer, keys: MemoryKeyStore) -> None:
    sealed = sealer.seal(ZHANG, **HERE)
    assert {name: sealed[name] for name in ("scheme", "subject")} == {
        "scheme": "A256GCM.1",
        "subject": "subject-1",
    }
    assert sorted(sealed) == ["scheme", "subject", "value"]
    raw = base64.b64decode(sealed["value"])
    place = b'["subject-1","proposal-7",3,"contact"]'
    clear = AESGCM(keys.create("subject:subject-1")).decrypt(raw[:12], raw[12:], place)
    assert clear.decode() == ZHANG.value
    assert ZHANG.value.encode() not in raw


def test_the_same_value_sealed_twice_looks_different(sealer: Sealer) -> None:
    assert sealer.seal(ZHANG, **HERE)["value"] != sealer.seal(ZHANG, **HERE)["value"]


def test_an_erased_subject_is_shown_as_erased_and_others_stay_readable(sealer: Sealer, keys: MemoryKeyStore) -> None:
    li = Personal(subject="subject-2", value="李四")
    sealed, other = sealer.seal(ZHANG, **HERE), sealer.seal(li, **HERE)
    keys.destroy("subject:subject-1")
    assert sealer.open(sealed, **HERE) == Erased(subject="subject-1")
    assert sealer.open(other, **HERE) == li


def test_nothing_more_can_be_sealed_for_an_erased_subject(sealer: Sealer, keys: MemoryKeyStore) -> None:
    sealer.seal(ZHANG, **HERE)
    keys.destroy("subject:subject-1")
    with pytest.raises(KeyDestroyed) as caught:
        sealer.seal(ZHANG, **HERE)
    assert ZHANG.value not in str(caught.value)
    with pytest.raises(KeyDestroyed):
        sealer.commitment("subject-1")


ELSEWHERE = st.one_of(
    st.tuples(st.just("stream"), st.text(max_size=20)),
    st.tuples(st.just("version"), st.integers(0, 2**63 - 1)),
    st.tuples(st.just("field"), st.text(max_size=20)),
)


@given(ANY_TEXT, ELSEWHERE)
def test_a_seal_moved_to_another_stream_version_or_field_is_refused(value: str, change: tuple[str, object]) -> None:
    sealer = Sealer(MemoryKeyStore())
    sealed = sealer.seal(personal(value), **HERE)
    place: Any = {**HERE, change[0]: change[1]}
    if place == HERE:
        return
    with pytest.raises(SealBroken):
        sealer.open(sealed, **place)


@given(ANY_TEXT)
def test_a_seal_moved_to_another_subject_is_refused(value: str) -> None:
    sealer = Sealer(MemoryKeyStore())
    one = sealer.seal(personal(value), **HERE)
    other = sealer.seal(personal(value, "subject-2"), **HERE)
    with pytest.raises(SealBroken):
        sealer.open({**one, "value": other["value"]}, **HERE)
    with pytest.raises(SealBroken):
        sealer.open({**one, "subject": "subject-2"}, **HERE)


@given(ANY_TEXT, st.data())
def test_a_seal_with_any_bit_turned_or_any_part_missing_is_refused(value: str, data: st.DataObject) -> None:
    sealer = Sealer(MemoryKeyStore())
    sealed = sealer.seal(personal(value), **HERE)
    raw = bytearray(base64.b64decode(sealed["value"]))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    turned = bytes(raw[: bit // 8]) + bytes([raw[bit // 8] ^ 1 << bit % 8]) + bytes(raw[bit // 8 + 1 :])
    for broken in (turned, bytes(raw[: data.draw(st.integers(0, len(raw) - 1))])):
        with pytest.raises(SealBroken):
            sealer.open({**sealed, "value": base64.b64encode(broken).decode()}, **HERE)


@pytest.mark.parametrize(
    "change",
    [{"value": "张三"}, {"value": None}, {"value": "AAA"}, {"value": ""}, {"subject": None}, {"subject": 7}],
    ids=str,
)
def test_a_malformed_seal_is_refused(sealer: Sealer, change: dict[str, object]) -> None:
    with pytest.raises(SealBroken):
        sealer.open({**sealer.seal(ZHANG, **HERE), **change}, **HERE)


def test_what_names_no_subject_is_broken_rather_than_erased(sealer: Sealer) -> None:
    with pytest.raises(SealBroken):
        sealer.open({**sealer.seal(ZHANG, **HERE), "subject": "张三"}, **HERE)


def test_a_broken_seal_names_its_place_and_nothing_personal(sealer: Sealer) -> None:
    sealed = sealer.seal(ZHANG, **HERE)
    with pytest.raises(SealBroken) as caught:
        sealer.open({**sealed, "value": base64.b64encode(ZHANG.value.encode() * 3).decode()}, **HERE)
    error = caught.value
    assert (error.stream, error.version, error.field) == ("proposal-7", 3, "contact")
    assert str(error) == "field contact of proposal-7 version 3 is not what was sealed there"
    assert error.__cause__ is None
    assert error.__suppress_context__


@pytest.mark.parametrize("sealed", [{}, {"scheme": "A256GCM.2"}, {"scheme": None}, {"value": "张三"}], ids=str)
def test_an_unknown_scheme_is_named_as_such_without_showing_the_field(
    sealer: Sealer, sealed: dict[str, object]
) -> None:
    with pytest.raises(UnknownScheme) as caught:
        sealer.open({"subject": "subject-1", "value": "张三", **sealed}, **HERE)
    assert str(caught.value).startswith("field contact of proposal-7 version 3 is not sealed as A256GCM.1")
    assert "张三" not in str(caught.value)


def test_text_within_todays_limits_is_not_asked_of_what_was_sealed_before(sealer: Sealer) -> None:
    long = personal("长" * 30_000)
    assert sealer.open(sealer.seal(long, **HERE), **HERE) == long


def test_the_commitment_binds_the_subjects_key(sealer: Sealer, keys: MemoryKeyStore) -> None:
    commitment = sealer.commitment("subject-1")
    assert commitment == hashlib.sha256(b"commit" + keys.create("subject:subject-1")).hexdigest()
    sealer.seal(ZHANG, **HERE)
    assert sealer.commitment("subject-1") == commitment != sealer.commitment("subject-2")


@pytest.mark.parametrize("error", [SealBroken("proposal-7", 3, "contact"), UnknownScheme("proposal-7", 3, "contact")])
def test_an_error_crosses_a_process_boundary_unchanged(error: SealBroken | UnknownScheme) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(copy), str(copy), copy.version) == (type(error), str(error), 3)
