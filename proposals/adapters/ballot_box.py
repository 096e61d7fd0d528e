"""The ballot box: ballots are secret while a round is open, and anyone can count them once it is closed.

Two keys a round. The token key turns voters into pseudonyms and is destroyed at closing; the content key
encrypts the ballots and is published then (domain: *Evaluation round*). Until closing, whoever holds the
token key could link votes to voters.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proposals.adapters.key_encryption import NONCE_BYTES, key_commitment, unbase64
from proposals.adapters.keys import KeyDestroyed
from proposals.domain.errors import ProposalsError

if TYPE_CHECKING:
    from proposals.domain.ports import KeyStore

BLOCK: Final = 256
"""Ballots are padded to multiples of this many bytes."""

FIELD: Final = 84
"""Each field is padded to multiples of this many bytes: room for the longest grade; three fill a block.

Padding the whole alone would let a long comment tell the grade, by tipping over a block's edge or not.
"""
# Unlike orjson, it refuses numbers and types that JSON cannot carry back.
_JSON: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


class VotersForgotten(ProposalsError):
    """The round is closed and its token key destroyed: nobody can tell its voters' tokens any more."""

    def __init__(self, round_: str) -> None:
        self.round = round_
        super().__init__(round_)

    def __str__(self) -> str:
        return f"{self.round} has forgotten its voters: its token key was destroyed at closing"


class NoContentKey(ProposalsError):
    """The key store holds no content key for the round."""

    def __init__(self, round_: str) -> None:
        self.round = round_
        super().__init__(round_)

    def __str__(self) -> str:
        return f"there is no content key for {self.round}; open its ballots with the key published at closing"


class BallotBroken(ProposalsError):
    """A ballot is not what was sealed under that token in that round, or the content key is another."""

    def __init__(self, round_: str, token: str) -> None:
        self.round = round_
        self.token = token
        super().__init__(round_, token)

    def __str__(self) -> str:
        return f"ballot {self.token[:12]} of {self.round} is not what was sealed under this content key"


class KeyedBallotBox:
    """A ballot box whose keys are in a key store, made on first use."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys

    def token(self, round_: str, voter: str) -> str:
        """The voter's pseudonym in that round, 64 hex digits. Raises VotersForgotten."""
        return hmac.digest(self._token_key(round_), voter.encode(), "sha256").hex()

    def blind(self, round_: str, command_id: str) -> str:
        """A UUID in place of a voter's command id, the same for the same id. Raises VotersForgotten."""
        # No text has the byte FF in UTF-8, so a blinded id is never the beginning of some voter's token.
        digest = hmac.digest(self._token_key(round_), b"\xffcommand:" + command_id.encode(), "sha256")
        return str(UUID(bytes=digest[:16], version=4))

    def seal(self, round_: str, token: str, ballot: Mapping[str, object]) -> str:
        """The ballot encrypted, in base64; the same ballot under the same token gives the same text."""
        key = self._keys.create(_content_name(round_))
        plaintext = _padded(_fixed(ballot), BLOCK)
        nonce = _nonce(key, token, plaintext)
        return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, plaintext, _place(round_, token))).decode()

    def open(self, round_: str, token: str, sealed: str) -> dict[str, Any]:
        """The ballot in clear. Raises BallotBroken and NoContentKey."""
        key = self._keys.get(_content_name(round_))
        if key is None:
            raise NoContentKey(round_)
        return open_ballot(base64.b64encode(key).decode(), round_, token, sealed)

    def content_key(self, round_: str) -> str:
        """The key that opens the round's ballots, in base64. Publish it at closing, not before."""
        return base64.b64encode(self._keys.create(_content_name(round_))).decode()

    def content_commitment(self, round_: str) -> str:
        """SHA-256("commit" ‖ content key) in hex: published at opening, it fixes the key of the closing."""
        return key_commitment(self._keys.create(_content_name(round_)))

    def forget_voters(self, round_: str) -> None:
        """Destroys the token key, and with it the way from a token to a voter; idempotent."""
        self._keys.destroy(_token_name(round_))

    def _token_key(self, round_: str) -> bytes:
        name = _token_name(round_)
        key = self._keys.get(name)
        if key is not None:
            return key
        try:  # both keys of a new round at once: making one is a durable write
            return self._keys.create_all([name, _content_name(round_)])[name]
        except KeyDestroyed:
            raise VotersForgotten(round_) from None


def open_ballot(content_key: str, round_: str, token: str, sealed: str) -> dict[str, Any]:
    """Opens a ballot with a published content key (base64), as any auditor can. Raises BallotBroken."""
    try:
        key, raw = unbase64(content_key), unbase64(sealed)
        nonce = raw[:NONCE_BYTES]
        plaintext = AESGCM(key).decrypt(nonce, raw[NONCE_BYTES:], _place(round_, token))
    except (InvalidTag, ValueError):
        raise BallotBroken(round_, token) from None
    # GCM alone lets one ciphertext open under two keys, and so an organiser choose the result by the key that
    # is published. The nonce derived from the content rules that out.
    if not hmac.compare_digest(nonce, _nonce(key, token, plaintext)):
        raise BallotBroken(round_, token)
    ballot: dict[str, Any] = json.loads(plaintext)
    return ballot


def _token_name(round_: str) -> str:
    return f"round-token:{round_}"


def _content_name(round_: str) -> str:
    return f"round-content:{round_}"


def _nonce(key: bytes, token: str, plaintext: bytes) -> bytes:
    return hmac.digest(key, token.encode() + plaintext, "sha256")[:NONCE_BYTES]


def _place(round_: str, token: str) -> bytes:
    return orjson.dumps([round_, token])


def _fixed(value: object) -> bytes:
    """JSON in which every field of an object fills a fixed width; the spaces stand between JSON's tokens."""
    if not isinstance(value, Mapping):
        return _JSON.encode(value).encode()
    fields = (_padded(_JSON.encode(name).encode() + b":" + _fixed(value[name]), FIELD) for name in sorted(value))
    return b"{" + b",".join(fields) + b"}"


def _padded(text: bytes, size: int) -> bytes:
    return text.ljust(-(-len(text) // size) * size)
