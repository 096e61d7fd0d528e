"""Personal data under one key per data subject: sealed before it is stored, unreadable once the key is gone.

A sealed field is bound to its subject, stream, version and field name, so that no ciphertext can be moved
elsewhere unnoticed (design: *Personal data*; ADR 0010).
"""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import ValidationError

from proposals.adapters.key_encryption import NONCE_BYTES, key_commitment, unbase64
from proposals.domain.errors import ProposalsError
from proposals.domain.vocabulary import Erased, Personal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proposals.domain.ports import KeyStore

SCHEME: Final = "A256GCM.1"
"""AES-256-GCM, random nonce of 96 bits; the value is base64(nonce ‖ ciphertext ‖ tag)."""


class SealBroken(ProposalsError):
    """A sealed field is not what was stored in that place: altered, moved, or under another key."""

    def __init__(self, stream: str, version: int, field: str) -> None:
        self.stream = stream
        self.version = version
        self.field = field
        super().__init__(stream, version, field)

    def __str__(self) -> str:
        return f"field {self.field} of {self.stream} version {self.version} is not what was sealed there"


class UnknownScheme(ProposalsError):
    """A field was sealed in a way this release does not know."""

    def __init__(self, stream: str, version: int, field: str) -> None:
        self.stream = stream
        self.version = version
        self.field = field
        super().__init__(stream, version, field)

    def __str__(self) -> str:
        return (
            f"field {self.field} of {self.stream} version {self.version} is not sealed as {SCHEME}; "
            "read it with the release that wrote it or a newer one"
        )


class Sealer:
    """Seals and opens personal fields with the subjects' keys."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys

    def seal(self, personal: Personal, *, stream: str, version: int, field: str) -> dict[str, str]:
        """The stored form. Makes the subject's key on first use; raises KeyDestroyed for one erased."""
        key = self._keys.create(_key_name(personal.subject))
        nonce = secrets.token_bytes(NONCE_BYTES)
        place = _place(personal.subject, stream, version, field)
        sealed = nonce + AESGCM(key).encrypt(nonce, personal.value.encode(), place)
        return {"scheme": SCHEME, "subject": personal.subject, "value": base64.b64encode(sealed).decode()}

    def open(self, sealed: Mapping[str, object], *, stream: str, version: int, field: str) -> Personal | Erased:
        """The clear form, or Erased if the store has no key for the subject.

        Raises UnknownScheme, or SealBroken if the field does not belong just here.
        """
        if sealed.get("scheme") != SCHEME:
            raise UnknownScheme(stream, version, field)
        subject, value = sealed.get("subject"), sealed.get("value")
        if not isinstance(subject, str) or not isinstance(value, str):
            raise SealBroken(stream, version, field)
        try:
            key = self._keys.get(_key_name(subject))
            if key is None:
                return Erased(subject=subject)
            raw = unbase64(value)
            clear = AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _place(subject, stream, version, field))
        except (InvalidTag, ValidationError, ValueError):
            raise SealBroken(stream, version, field) from None
        # Not validated again: it is proven to be what was sealed, and limits on text may change with time.
        return Personal.model_construct(subject=subject, value=clear.decode())

    def commitment(self, subject: str) -> str:
        """What `SubjectKeyCreated` records of the subject's key: SHA-256("commit" ‖ key) in hex."""
        return key_commitment(self._keys.create(_key_name(subject)))


def _key_name(subject: str) -> str:
    return f"subject:{subject}"


def _place(subject: str, stream: str, version: int, field: str) -> bytes:
    return orjson.dumps([subject, stream, version, field])
