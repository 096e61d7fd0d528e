"""A command as columns of a spreadsheet: which there are, and how a row of cells becomes the command's fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from proposals.adapters.problems import shortened
from proposals.application.parsing import command_schema, read_json
from proposals.domain.errors import Invalid
from proposals.domain.processes import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from proposals.adapters.spreadsheet import SheetRow
    from proposals.cli.settings import Settings

LAST: Final = ("entered_by", "at", "command_id")
"""Fields that every command has and few people fill in."""

_EXAMPLES: Final = {
    "instant": "2026-03-02 09:00",
    "date": "2026-03-02",
    "int": "1",
    "bool": "true",
    "json": "[…]",
    "text": "…",
}
_BY_PATTERN: Final = {
    "^[A-Za-z0-9][": "person-1",
    "^[a-z0-9][": "other",
    "^[a-z]+-": "proposal-1",
    "^[0-9a-f]{64}": "0" * 64,
}
_CODES: Final = {
    "category": "facilities",
    "cause": "emergency",
    "field": "title",
    "ground": "not_public",
    "meeting_kind": "residents_council",
    "retention_class": "ten_years",
}
_KIND_OF_ID = re.compile(r"\^(\w+)-\[A-Za-z0-9\]")
_YES, _NO = {"true", "yes", "是", "1"}, {"false", "no", "否", "0"}


@dataclass(frozen=True)
class Field:
    """One column: the path of a field, what its cells hold, and an example."""

    path: str
    kind: str
    required: bool
    choices: tuple[str, ...]
    example: str


@cache
def columns_for(command: str) -> tuple[Field, ...]:
    """The columns of a command: actor, what is required, what is not, and what few fill in."""
    schema = command_schema(command)
    found = list(_fields(schema, "", schema.get("$defs", {}), required=True))
    found = [field for field in found if field.path != "command"]

    def place(field: Field) -> tuple[bool, bool, bool]:
        return (field.path in LAST, field.path != "actor", not field.required)

    return tuple(sorted(found, key=place))


def fields_of(row: SheetRow, settings: Settings) -> dict[str, Any]:
    """The command in a row, as JSON types, for `parse_command`. A time without a zone is in that of the settings.

    Raises Invalid.
    """
    cells = dict(row.cells)
    command = row.sheet or str(cells.pop("command", "")) or None
    if command not in COMMANDS:
        return {"command": command}
    known = {field.path: field for field in columns_for(command)}
    data: dict[str, Any] = {"command": command}
    for name, value in cells.items():
        field = known.get(name)
        if field is None:
            raise Invalid([(shortened(name), settings.words("invalid_column", command=command))])
        *outer, last = name.split(".")
        inner = data
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = _value(value, field, settings)
    return data


def _fields(schema: Mapping[str, Any], path: str, defs: Mapping[str, Any], *, required: bool) -> Iterator[Field]:
    needed = schema.get("required", ())
    for name, described in schema["properties"].items():
        inner = f"{path}.{name}".lstrip(".")
        wanted = required and name in needed
        part = _resolved(described, defs)
        if part.get("type") == "object" and "properties" in part and not _has_lists_of_objects(part, defs):
            yield from _fields(part, inner, defs, required=wanted)
            continue
        kind = _kind(part, defs)
        choices = tuple(part.get("enum", ()))
        yield Field(inner, kind, wanted, choices, choices[0] if choices else _example(name, part, kind))


def _resolved(described: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema behind a reference, and of "this or nothing" the one that is something."""
    if "$ref" in described:
        return _resolved(defs[described["$ref"].rpartition("/")[2]], defs)
    choices = [choice for choice in described.get("anyOf", ()) if choice.get("type") != "null"]
    return _resolved(choices[0], defs) if choices else described


def _has_lists_of_objects(part: Mapping[str, Any], defs: Mapping[str, Any]) -> bool:
    """What is so deep, a policy, is no row of cells."""
    return any(_kind(_resolved(field, defs), defs) == "json" for field in part["properties"].values())


def _kind(part: Mapping[str, Any], defs: Mapping[str, Any]) -> str:  # noqa: PLR0911 - one for each kind
    match part.get("type"), part.get("format"):
        case "string", "date-time":
            return "instant"
        case "string", "date":
            return "date"
        case "integer", _:
            return "int"
        case "boolean", _:
            return "bool"
        case "array", _:
            items = _resolved(part.get("items", {}), defs)
            if items.get("type") != "string":
                return "json"
            return "ids" if _is_id(items) else "texts"
        case "object", _:
            return "json"
        case _:
            return "text"


def _is_id(part: Mapping[str, Any]) -> bool:
    return str(part.get("pattern", "")).startswith(("^[A-Za-z0-9]", *(f"^{kind}-" for kind in _ids())))


def _ids() -> tuple[str, ...]:
    from proposals.domain.vocabulary import Kind

    return tuple(kind.value for kind in Kind)


def _example(name: str, part: Mapping[str, Any], kind: str) -> str:
    if kind in {"ids", "texts"}:
        pattern = str(part.get("items", {}).get("pattern", ""))
        found = _KIND_OF_ID.match(pattern)
        one = f"{found[1]}-" if found else "person-"
        return f"{one}1, {one}2" if kind == "ids" else "…"
    found = _KIND_OF_ID.match(str(part.get("pattern", "")))
    if found:
        return f"{found[1]}-1"
    pattern = str(part.get("pattern", ""))
    for beginning, example in _BY_PATTERN.items():
        if pattern.startswith(beginning):
            return _CODES.get(name, example)
    return _EXAMPLES[kind]


def _value(value: object, field: Field, settings: Settings) -> object:  # noqa: PLR0911 - one for each kind
    match field.kind:
        case "instant":
            return _instant(value, settings)
        case "date":
            return value.date().isoformat() if isinstance(value, datetime) else str(value).strip()
        case "int":
            return _int(value)
        case "bool":
            said = str(value).strip().lower()
            return True if said in _YES else False if said in _NO else value
        case "ids":
            return [part for part in re.split(r"[\s,;，；、]+", _text(value)) if part]
        case "texts":
            return [part.strip() for part in re.split(r"[\n;；]+", _text(value)) if part.strip()]
        case "json":
            try:
                return read_json(_text(value).encode(), language=settings.words.language)
            except Invalid as error:
                raise Invalid([(field.path, why) for _, why in error.problems]) from None
            except UnicodeEncodeError:
                raise Invalid([(field.path, settings.words("invalid_surrogate"))]) from None
        case _:
            return _text(value)


def _instant(value: object, settings: Settings) -> str:
    instant = datetime.combine(value, time()) if isinstance(value, date) and not isinstance(value, datetime) else value
    if isinstance(instant, str):
        try:
            instant = datetime.fromisoformat(instant.strip())
        except ValueError:
            return str(value)
    if not isinstance(instant, datetime):
        return _text(value)
    return (instant if instant.tzinfo is not None else instant.replace(tzinfo=settings.zone)).isoformat()


def _int(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,18}", value.strip()):
        return int(value)
    return value


def _text(value: object) -> str:
    """A number that a spreadsheet made of what was typed becomes text again."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, date | time) else str(value)
