"""The ballot box: secret until closing, countable by anyone afterwards, and never traced back to a voter."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import assume, given
from hypothesis import strategies as st

from proposals.adapters.ballot_box import (
    BallotBroken,
    KeyedBallotBox,
    NoContentKey,
    VotersForgotten,
    open_ballot,
)
from proposals.adapters.keys import FileKeyStore, MemoryKeyStore
from proposals.domain.ports import BallotBox

ROUND = "round-1"
GRADES = ["very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied"]
BALLOT = {"grade": "dissatisfied", "resolved": False, "comment": "灯还是不亮"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
BALLOTS = st.dictionaries(st.text(max_size=12), JSON, max_size=5)


@pytest.fixture
def keys() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
def box(keys: MemoryKeyStore) -> KeyedBallotBox:
    return KeyedBallotBox(keys)


def fresh() -> KeyedBallotBox:
    return KeyedBallotBox(MemoryKeyStore())


def test_a_box_keeps_the_port(box: KeyedBallotBox) -> None:
    port: BallotBox = box
    assert port.token(ROUND, "a")


# --- tokens -------------------------------------------------------------------------------------------------


def test_a_voters_token_is_an_hmac_under_the_rounds_token_key(box: KeyedBallotBox, keys: MemoryKeyStore) -> None:
    token = box.token(ROUND, "li-4")
    assert token == hmac.new(keys.create("round-token:round-1"), b"li-4", hashlib.sha256).hexdigest()
    assert box.token(ROUND, "li-4") == token


@given(st.lists(st.text(max_size=20), unique=True, min_size=2, max_size=8))
def test_tokens_tell_voters_apart_and_rounds_are_unlinkable(voters: list[str]) -> None:
    box = fresh()
    tokens = {box.token(round_, voter) for round_ in ("round-1", "round-2") for voter in voters}
    assert len(tokens) == 2 * len(voters)
    assert all(len(token) == 64 and voter not in token for token in tokens for voter in voters if len(voter) > 8)


def test_who_knows_every_voter_but_not_the_key_finds_no_token() -> None:
    voters = [f"p-{n}" for n in range(50)]
    one, other = fresh(), fresh()
    assert not {one.token(ROUND, voter) for voter in voters} & {other.token(ROUND, voter) for voter in voters}


@given(st.text(min_size=1, max_size=40))
def test_a_blinded_command_id_is_a_repeatable_uuid_that_is_no_part_of_any_token(command_id: str) -> None:
    box = fresh()
    blind = box.blind(ROUND, command_id)
    assert str(UUID(blind)) == blind
    assert UUID(blind).version == 4
    assert box.blind(ROUND, command_id) == blind
    assert box.blind("round-2", command_id) != blind
    for voter in (command_id, f"command:{command_id}"):
        assert UUID(hex=box.token(ROUND, voter)[:32], version=4) != UUID(blind)


def test_once_the_voters_are_forgotten_nobody_can_be_looked_up_and_ballots_still_open(
    box: KeyedBallotBox, keys: MemoryKeyStore
) -> None:
    token = box.token(ROUND, "li-4")
    sealed = box.seal(ROUND, token, BALLOT)
    box.forget_voters(ROUND)
    box.forget_voters(ROUND)
    for ask in (box.token, box.blind):
        with pytest.raises(VotersForgotten, match="round-1 has forgotten its voters") as caught:
            ask(ROUND, "li-4")
        assert "li-4" not in str(caught.value)
    assert keys.get("round-token:round-1") is None
    assert box.open(ROUND, token, sealed) == BALLOT
    assert box.token("round-2", "li-4")


def test_a_round_without_a_single_voter_can_be_forgotten_and_stays_so(box: KeyedBallotBox) -> None:
    box.forget_voters(ROUND)
    with pytest.raises(VotersForgotten):
        box.token(ROUND, "li-4")


def test_eight_threads_that_open_a_round_at_once_agree_on_tokens_and_ballots(tmp_path: Path) -> None:
    box = KeyedBallotBox(FileKeyStore(tmp_path / "keys.db", bytes(32)))
    start = threading.Barrier(8)

    def vote(_number: int) -> tuple[str, str]:
        start.wait()
        return box.token(ROUND, "li-4"), box.seal(ROUND, "t", BALLOT)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(vote, range(8)))) == 1


# --- ballots ------------------------------------------------------------------------------------------------


@given(BALLOTS, st.text(max_size=20))
def test_any_ballot_comes_back_as_it_was(ballot: dict[str, object], token: str) -> None:
    box = fresh()
    assert box.open(ROUND, token, box.seal(ROUND, token, ballot)) == ballot


def test_an_auditor_opens_a_ballot_with_the_published_key_alone(box: KeyedBallotBox) -> None:
    token = box.token(ROUND, "li-4")
    sealed = box.seal(ROUND, token, BALLOT)
    assert open_ballot(box.content_key(ROUND), ROUND, token, sealed) == BALLOT


def test_a_ballot_can_be_opened_from_its_published_description(box: KeyedBallotBox) -> None:
    token = box.token(ROUND, "li-4")
    key, raw = base64.b64decode(box.content_key(ROUND)), base64.b64decode(box.seal(ROUND, token, BALLOT))
    plaintext = AESGCM(key).decrypt(raw[:12], raw[12:], f'["round-1","{token}"]'.encode())
    assert json.loads(plaintext) == BALLOT
    assert len(plaintext) % 256 == 0
    assert raw[:12] == hmac.digest(key, token.encode() + plaintext, "sha256")[:12]


def test_the_content_key_is_committed_to_before_it_is_published(box: KeyedBallotBox) -> None:
    commitment = box.content_commitment(ROUND)
    box.seal(ROUND, "t", BALLOT)
    assert commitment == hashlib.sha256(b"commit" + base64.b64decode(box.content_key(ROUND))).hexdigest()


def test_the_key_of_a_round_nobody_voted_in_can_still_be_published(box: KeyedBallotBox) -> None:
    assert len(base64.b64decode(box.content_key(ROUND))) == 32


def test_the_same_ballot_sealed_again_is_the_same_and_another_is_not(box: KeyedBallotBox) -> None:
    sealed = box.seal(ROUND, "t", BALLOT)
    assert box.seal(ROUND, "t", dict(reversed(BALLOT.items()))) == sealed
    others = {
        box.seal(ROUND, "t", {**BALLOT, "resolved": True}),
        box.seal(ROUND, "u", BALLOT),
        box.seal("round-2", "t", BALLOT),
    }
    assert len({text[:16] for text in others | {sealed}}) == 4  # the nonces, too


@pytest.mark.parametrize("comment", [None, ""])
def test_the_five_grades_without_comment_seal_to_one_length(box: KeyedBallotBox, comment: str | None) -> None:
    lengths = {
        len(base64.b64decode(box.seal(ROUND, "t", {"grade": grade, "resolved": resolved, "comment": comment})))
        for grade in GRADES
        for resolved in (True, False, None)
    }
    assert lengths == {256 + 12 + 16}


@pytest.mark.parametrize("answers", [None, {"q1": "yes", "q2": 5}], ids=["no questions", "two questions"])
def test_whatever_the_length_of_the_comment_the_length_of_the_ballot_does_not_tell_the_grade(
    box: KeyedBallotBox, answers: dict[str, object] | None
) -> None:
    for length in range(300):
        comment = "x" * length
        lengths = {
            len(box.seal(ROUND, "t", {"grade": grade, "resolved": resolved, "comment": comment, "more": answers}))
            for grade, resolved in itertools.product(["a" * 64, "b", *GRADES], [True, None])
        }
        assert len(lengths) == 1, length


def test_a_short_comment_does_not_show_at_all(box: KeyedBallotBox) -> None:
    silent = box.seal(ROUND, "t", {"grade": "satisfied", "resolved": True, "comment": None})
    spoken = box.seal(ROUND, "t", {"grade": "satisfied", "resolved": True, "comment": "很满意" * 8})
    assert len(silent) == len(spoken)


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_a_ballot_moved_to_another_round_or_token_is_refused(
    round_: str, token: str, other_round: str, other_token: str
) -> None:
    assume((round_, token) != (other_round, other_token))
    box = fresh()
    sealed = box.seal(round_, token, BALLOT)
    with pytest.raises(BallotBroken):
        open_ballot(box.content_key(round_), other_round, other_token, sealed)


@given(st.data())
def test_a_ballot_with_any_bit_turned_or_any_part_missing_is_refused(data: st.DataObject) -> None:
    box = fresh()
    raw = base64.b64decode(box.seal(ROUND, "t", BALLOT))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    turned = raw[: bit // 8] + bytes([raw[bit // 8] ^ 1 << bit % 8]) + raw[bit // 8 + 1 :]
    for broken in (turned, raw[: data.draw(st.integers(0, len(raw) - 1))]):
        with pytest.raises(BallotBroken):
            box.open(ROUND, "t", base64.b64encode(broken).decode())


@pytest.mark.parametrize("key", ["", "no key", base64.b64encode(bytes(32)).decode(), base64.b64encode(b"1").decode()])
def test_another_content_key_opens_nothing_and_the_error_shows_neither_key_nor_ballot(
    box: KeyedBallotBox, key: str
) -> None:
    sealed = box.seal(ROUND, "0123456789abcdef", BALLOT)
    with pytest.raises(BallotBroken) as caught:
        open_ballot(key, ROUND, "0123456789abcdef", sealed)
    assert str(caught.value) == "ballot 0123456789ab of round-1 is not what was sealed under this content key"


def test_a_ballot_whose_nonce_does_not_come_from_its_content_is_refused_though_it_decrypts(
    box: KeyedBallotBox,
) -> None:
    key = base64.b64decode(box.content_key(ROUND))
    nonce = bytes(12)
    forged = nonce + AESGCM(key).encrypt(nonce, json.dumps(BALLOT).encode(), b'["round-1","t"]')
    with pytest.raises(BallotBroken):
        box.open(ROUND, "t", base64.b64encode(forged).decode())


def test_a_store_without_the_rounds_key_says_so(box: KeyedBallotBox) -> None:
    with pytest.raises(NoContentKey, match="no content key for round-1; open its ballots with the key published"):
        box.open(ROUND, "t", "AAAA")


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), b"bytes", {"a", "b"}], ids=["nan", "inf", "bytes", "set"]
)
def test_what_json_cannot_carry_is_refused_before_it_is_sealed(box: KeyedBallotBox, value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        box.seal(ROUND, "t", {"grade": value})


@pytest.mark.parametrize(
    "error", [VotersForgotten("round-1"), NoContentKey("round-1"), BallotBroken("round-1", "token")], ids=repr
)
def test_an_error_crosses_a_process_boundary_unchanged(
    error: VotersForgotten | NoContentKey | BallotBroken,
) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(copy), str(copy), copy.round) == (type(error), str(error), "round-1")
