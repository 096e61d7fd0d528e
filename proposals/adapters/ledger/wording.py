"""Text out of other people's ledgers: cleaned, shortened, filled into templates, and made into ids."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from proposals.domain.errors import unfit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LINE = 200
"""Characters of one line: a title, a category, an address."""

TEXT = 20_000
"""Characters of a text."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]+)\}|([{}])")
_DANGLING = " \t\n:;,.-–—/|，、：；。"
_CANONICAL = re.compile(r"^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$")
_ENDS_IN_HASH = re.compile(r"(?:^|-)[0-9a-f]{12}$")
_NOT_FOR_IDS = re.compile(r"[^A-Za-z0-9]+")


def cleaned(value: str) -> str:
    """The text without control characters (line ends and tabs stay) and without surrounding space.

    Line ends become LF; half of a surrogate pair, which no encoding can carry, becomes U+FFFD.
    """
    plain = value.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATE.sub("\ufffd", _CONTROL.sub("", plain)).strip()


def has_control_characters(value: str) -> bool:
    """Whether cleaning takes more from the text than space around it."""
    return _CONTROL.search(value) is not None or _SURROGATE.search(value) is not None


def one_line(value: str) -> str:
    """The text on one line, however long."""
    return " ".join(value.split())


def shortened(value: str, limit: int = LINE) -> str:
    """The text if it fits, else its beginning and an ellipsis."""
    return value if len(value) <= limit else value[: limit - 1].rstrip() + "…"


@lru_cache(maxsize=1_000)
def _pieces(template: str) -> tuple[tuple[str, bool], ...]:
    """The parts of a template: text as it is, or the name of a column."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for found in _PLACEHOLDER.finditer(template):
        pieces.append((template[end : found.start()], False))
        if found[2]:
            raise unfit("invalid_brace", brace=found[2])
        pieces.append((found[1].strip(), True) if found[1] else (found[0][0], False))
        end = found.end()
    return (*pieces, (template[end:], False))


def columns_of(template: str) -> list[str]:
    """The columns that a template names. Raises ValueError for a brace that is not closed."""
    return [name for name, column in _pieces(template) if column]


def filled(template: str, cells: Mapping[str, str]) -> str:
    """The template with a row's cells in it; empty if every column it names is.

    Where some are empty, the punctuation left dangling at either end goes too.
    """
    wanted = [cells.get(name, "") for name in columns_of(template)]
    if wanted and not any(wanted):
        return ""
    text = "".join(cells.get(piece, "") if column else piece for piece, column in _pieces(template))
    return text.strip() if all(wanted) else text.strip(_DANGLING)


def named(prefix: str, names: Iterable[str]) -> str:
    """An id out of a prefix and one or more names, the last of which it is readable by.

    The same names give the same id, always and everywhere. Two different ones never share one: a single name that
    can stand in an id as it is does so; any other is followed by a hash of all names, and no name that looks so
    stands as it is.
    """
    path = [unicodedata.normalize("NFC", one_line(name)) for name in names]
    room = 80 - len(prefix.partition("-")[2])
    if len(path) == 1 and len(path[0]) <= room and _CANONICAL.match(path[0]) and not _ENDS_IN_HASH.search(path[0]):
        return prefix + path[0]
    digest = sha256(json.dumps(path, ensure_ascii=True).encode()).hexdigest()[:12]
    ascii_only = unicodedata.normalize("NFKD", path[-1]).encode("ascii", "ignore").decode()
    readable = _NOT_FOR_IDS.sub("-", ascii_only).strip("-").lower()[: room - 13].strip("-")
    return prefix + (f"{readable}-{digest}" if readable else digest)
