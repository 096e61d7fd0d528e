"""What is wrong with input, field by field, in the words of the catalogue.

What was sent is never repeated in a reason: it may be personal. Only names of fields are.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from proposals.domain.catalogue import TEXTS, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError

LONGEST_NAME: Final = 60
"""Characters of a field's name that are repeated in an answer."""

MOST_PROBLEMS: Final = 100
"""More of them are not worth an answer's length."""

WHOLE: Final = "(whole)"
"""Stands for a field's name where the whole is wrong."""

_ID_PATTERN = re.compile(r"\^(\w+)-\[A-Za-z0-9\]")

_REASONS: Final = {
    "missing": "invalid_missing",
    "string_type": "invalid_text",
    "int_type": "invalid_int",
    "int_parsing": "invalid_int",
    "int_from_float": "invalid_int",
    "bool_type": "invalid_bool",
    "bool_parsing": "invalid_bool",
    "timezone_aware": "invalid_naive",
    "datetime_type": "invalid_instant",
    "datetime_parsing": "invalid_instant",
    "datetime_from_date_parsing": "invalid_instant",
    "date_type": "invalid_date",
    "date_parsing": "invalid_date",
    "date_from_datetime_parsing": "invalid_date",
    "tuple_type": "invalid_list",
    "list_type": "invalid_list",
    "dict_type": "invalid_object",
    "model_type": "invalid_object",
    "model_attributes_type": "invalid_object",
    "none_required": "invalid_nothing",
    "extra_forbidden": "invalid_inner_field",
}
"""What pydantic calls a problem, and the text people see for it."""

_COUNTED: Final = {
    "string_too_short": ("invalid_too_short", "min_length"),
    "string_too_long": ("invalid_too_long", "max_length"),
    "too_short": ("invalid_too_few", "min_length"),
    "too_long": ("invalid_too_many", "max_length"),
    "greater_than": ("invalid_above", "gt"),
    "greater_than_equal": ("invalid_at_least", "ge"),
    "less_than": ("invalid_below", "lt"),
    "less_than_equal": ("invalid_at_most", "le"),
}


def problems_of(error: ValidationError, language: str = "en") -> list[tuple[str, str]]:
    """Field and reason of each problem, without the value, in English (`en`) or Chinese (`zh`)."""
    found = error.errors(include_input=False, include_url=False)[:MOST_PROBLEMS]
    return [(path_of(problem["loc"]) or WHOLE, reason_of(problem, language)) for problem in found]


def path_of(place: tuple[int | str, ...]) -> str:
    """Where in the input something is, as `agenda.0.plan.lead`."""
    return ".".join(shortened(str(part)) for part in place)


def shortened(name: str) -> str:
    """A field's name as it may be repeated: printable, and not longer than a name is."""
    shown = name if name.isprintable() and name else json.dumps(name)
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1] + "…"


def reason_of(problem: Mapping[str, Any], language: str) -> str:
    """What pydantic found, as people are told it."""
    kind, details = problem["type"], problem.get("ctx", {})
    if kind in _REASONS:
        return text(_REASONS[kind], language)
    if kind in _COUNTED:
        code, bound = _COUNTED[kind]
        return text(code, language, limit=details[bound])
    if kind == "enum":
        return text("invalid_choice", language, choices=details["expected"].replace("'", "").replace(" or ", ", "))
    if kind == "string_pattern_mismatch":
        return _unlike(str(details["pattern"]), language)
    if kind in TEXTS:  # one of our own validators
        return text(kind, language, **details)
    return str(problem["msg"]).removeprefix("Value error, ")


def _unlike(pattern: str, language: str) -> str:
    identity = _ID_PATTERN.match(pattern)
    if identity is not None:
        return text("invalid_id", language, kind=identity[1])
    if pattern.startswith(r"^[^\x00"):
        return text("invalid_control", language)
    if pattern.startswith("^[a-z0-9]["):
        return text("invalid_code", language)
    if pattern.startswith("^[A-Za-z0-9]["):
        return text("invalid_person", language)
    return text("invalid_pattern", language, pattern=pattern)
