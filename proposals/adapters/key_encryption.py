"""Key-encryption keys: the one key that wraps all others, from the environment or a file, and how it wraps."""

from __future__ import annotations

import base64
import os
import secrets
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proposals.domain.errors import ProposalsError

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
KEK_VARIABLE: Final = "PROPOSALS_KEK"

_MAKE_ONE: Final = "32 random bytes in base64, such as `openssl rand -base64 32` prints"


class WrongKeyEncryptionKey(ProposalsError):
    """The key-encryption key is missing, malformed, or not the one the store was wrapped with."""


def unbase64(text: str) -> bytes:
    """Strict base64: exactly one text stands for given bytes. Raises ValueError, which shows none of it."""
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("not canonical base64")
    return raw


def key_commitment(key: bytes) -> str:
    """SHA-256("commit" ‖ key) in hex: binds its publisher to a key without showing it."""
    return sha256(b"commit" + key).hexdigest()


def kek_from_environment(environ: Mapping[str, str] | None = None) -> bytes:
    """The key-encryption key in PROPOSALS_KEK. Raises WrongKeyEncryptionKey if it is missing or malformed."""
    text = (os.environ if environ is None else environ).get(KEK_VARIABLE, "")
    if not text.strip():
        raise WrongKeyEncryptionKey(f"{KEK_VARIABLE} is not set; set it to {_MAKE_ONE}")
    return _parsed_kek(text, KEK_VARIABLE)


def kek_from_file(path: str | Path) -> bytes:
    """The key-encryption key in a file, made with mode 0600 if it is missing.

    Keep it apart from the key store and its backups: who has both has every key. Raises
    WrongKeyEncryptionKey if the file is malformed or readable by everybody.
    """
    path = Path(path)
    if not path.exists():
        _write_new_kek(path)
    if path.stat().st_mode & 0o007:
        raise WrongKeyEncryptionKey(f"{path} is open to every user of this machine; run `chmod 600 {path}`")
    return _parsed_kek(path.read_text("utf-8", errors="replace"), str(path))


def _write_new_kek(path: Path) -> None:
    # Linked into place when complete: of two processes that start at once, neither reads half a key.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
        folder = os.open(path.parent, os.O_RDONLY)  # or a power cut could take the name, and with it every key
        os.fsync(folder)
        os.close(folder)
    finally:
        draft.unlink(missing_ok=True)


def _parsed_kek(text: str, where: str) -> bytes:
    try:
        kek = unbase64(text.strip())
    except ValueError:
        kek = b""
    if len(kek) != KEY_BYTES:
        raise WrongKeyEncryptionKey(f"{where} does not hold a key-encryption key; it must be {_MAKE_ONE}")
    return kek


def cipher_of(kek: bytes) -> AESGCM:
    """The cipher that wraps keys. Raises WrongKeyEncryptionKey for a key of another length."""
    if len(kek) != KEY_BYTES:
        raise WrongKeyEncryptionKey(f"a key-encryption key has {KEY_BYTES} bytes, not {len(kek)}")
    return AESGCM(kek)


def wrap(kek: AESGCM, name: str, key: bytes) -> bytes:
    """A key wrapped under its name: nonce, ciphertext, tag."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + kek.encrypt(nonce, key, name.encode())
