"""Commands from the outside: one JSON object, or one line of JSON text, to a command, or each field with its reason.

What is sent is never repeated in a reason: it may be personal. Only names of fields are.
"""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from proposals.adapters.problems import LONGEST_NAME, MOST_PROBLEMS, path_of, reason_of, shortened
from proposals.domain.catalogue import text
from proposals.domain.errors import Invalid
from proposals.domain.processes import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from proposals.domain.event import Command

DEEPEST: Final = 24
"""Levels of objects and arrays in a command; the deepest real one, a policy, has six."""

LARGEST_NUMBER: Final = 2**63 - 1
WHOLE: Final = "(line)"
"""Stands for a field's name where the whole is wrong."""

_NUMBER = re.compile(r"\s*[+-]?[\d.]+\s*")
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_command(data: object, *, language: str = "en") -> Command:
    """The command in a JSON object `{"command": "RaiseProposal", …fields}`.

    Types are taken strictly: a number is no text, a naive time is no time. Raises Invalid, with the path and the
    reason of each problem in English (`en`) or Chinese (`zh`).
    """
    if not isinstance(data, dict):
        raise Invalid([(WHOLE, text("invalid_not_an_object", language))])
    fields = dict(data)
    name = fields.pop("command", None)
    if not isinstance(name, str) or name not in COMMANDS:
        raise Invalid([("command", _no_such_command(name, language))])
    kind = COMMANDS[name]
    problems = list(islice(_unfit(fields, "", 1, language), MOST_PROBLEMS))
    if problems:
        raise Invalid(problems)
    numbers = [(path, text("invalid_instant", language)) for path in _numbers_for_times(fields, "", instants(name))]
    try:
        command = kind.model_validate_json(json.dumps(fields), strict=True)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)[:MOST_PROBLEMS]
        named = [(path_of(problem["loc"]) or WHOLE, _reason(problem, name, language)) for problem in found]
        raise Invalid([*named, *numbers]) from None
    if numbers:
        raise Invalid(numbers)
    return command


def parse_line(line: bytes, *, language: str = "en") -> Command:
    """The command in one line of JSON text in UTF-8. Raises Invalid, as `parse_command`."""
    return parse_command(read_json(line, language=language), language=language)


def read_json(line: bytes, *, language: str = "en") -> object:
    """What stands in one line of JSON text. Stricter than the parsers are: no key twice, no NaN. Raises Invalid."""
    if not line.strip():
        raise Invalid([(WHOLE, text("invalid_empty", language))])
    try:
        content = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid([(WHOLE, text("invalid_utf8", language, byte=error.start + 1))]) from None

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            seen: set[str] = set()
            twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
            raise Invalid([(shortened(twice), text("invalid_twice", language))])
        return found

    def no_number(_: str) -> None:
        raise Invalid([(WHOLE, text("invalid_nan", language))])

    try:
        return json.loads(content, object_pairs_hook=once, parse_constant=no_number)
    except json.JSONDecodeError as error:
        raise Invalid([(WHOLE, text("invalid_json", language, what=error.msg, column=error.colno))]) from None
    except RecursionError:
        raise Invalid([(WHOLE, text("invalid_deep", language, limit=DEEPEST))]) from None
    except ValueError:  # an integer of thousands of digits
        raise Invalid([(WHOLE, text("invalid_large_number", language))]) from None


@cache
def command_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of what `parse_command` takes. Raises KeyError for a name that is no public command."""
    schema = COMMANDS[name].model_json_schema()
    properties = {"command": {"const": name, "title": "Command", "type": "string"}, **schema["properties"]}
    return {**schema, "properties": properties, "required": ["command", *schema.get("required", [])]}


@cache
def instants(name: str) -> frozenset[str]:
    """The names of a command's fields, at any level, that hold a time or a day."""
    return frozenset(_timed(command_schema(name)))


def _timed(schema: Mapping[str, Any]) -> Iterator[str]:
    for part in (schema, *schema.get("$defs", {}).values()):
        for field, described in part.get("properties", {}).items():
            choices = (described, *described.get("anyOf", ()))
            if any(choice.get("format") in {"date", "date-time"} for choice in choices):
                yield field


def _no_such_command(name: object, language: str) -> str:
    if name is None:
        return text("invalid_no_command", language)
    near = get_close_matches(name[:LONGEST_NAME], COMMANDS, n=3) if isinstance(name, str) else []
    if not near:
        return text("invalid_command", language)
    return text("invalid_command_like", language, near=", ".join(near))


def _numbers_for_times(value: object, path: str, timed: frozenset[str]) -> Iterator[str]:
    """Where a number in quotes stands for a time: pydantic would count seconds from 1970, which nobody means."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            inner = f"{path}.{shortened(str(key))}".removeprefix(".")
            if key in timed and isinstance(item, str) and _NUMBER.fullmatch(item):
                yield inner
            else:
                yield from _numbers_for_times(item, inner, timed)


def _unfit(value: object, path: str, depth: int, language: str) -> Iterator[tuple[str, str]]:
    """What no model can be asked about: text that is none, numbers out of range, nesting without end."""
    where = path or WHOLE
    if isinstance(value, dict | list):
        if depth > DEEPEST:
            yield where, text("invalid_deep", language, limit=DEEPEST)
            return
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            inner = f"{path}.{shortened(str(key))}".removeprefix(".")
            if isinstance(key, str) and _SURROGATE.search(key):
                yield inner, text("invalid_surrogate", language)
            else:
                yield from _unfit(item, inner, depth + 1, language)
    else:
        code = _unfit_alone(value)
        if code is not None:
            yield where, text(code, language)


def _unfit_alone(value: object) -> str | None:
    if isinstance(value, str):
        return "invalid_surrogate" if _SURROGATE.search(value) else None
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):  # infinity is too large, too
        return None if -LARGEST_NUMBER <= value <= LARGEST_NUMBER else "invalid_large_number"
    return "invalid_not_json"


def _reason(problem: Mapping[str, Any], name: str, language: str) -> str:
    if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1:
        return text("invalid_field", language, command=name, fields=", ".join(COMMANDS[name].model_fields))
    return reason_of(problem, language)
