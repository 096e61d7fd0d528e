"""The columns of an archive: an event's envelope, what evaluation reads of it in columns of its own, and its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from proposals.adapters.archive.libraries import pa, pc
from proposals.domain.errors import UnknownEvent
from proposals.domain.processes import EVENTS
from proposals.domain.vocabulary import Grade, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proposals.domain.event import Event

_INSTANT: Final = pa.timestamp("us", tz="UTC")

_KEYS: Final = [("stream", pa.int64()), ("version", pa.int32()), ("event", pa.uint8()), ("case", pa.int64())]

_ENVELOPE: Final = [
    ("position", pa.int64()),
    ("schema", pa.int32()),
    ("occurred_at", _INSTANT),
    ("recorded_at", _INSTANT),
    *((name, pa.string()) for name in ("actor", "entered_by", "command_id", "correlation_id", "causation_id")),
]

_TEXTS: Final = ("place", "unit", "category", "source", "outcome", "unit_kind")
_FLAGS: Final = ("lead", "by_party_member")
_COUNTS: Final = ("eligible", "valid", "resolved", "answered_resolved")
_GRADES: Final = tuple(grade.value for grade in Grade)

_TYPED: Final = [
    *((name, pa.string()) for name in _TEXTS),
    ("due_at", _INSTANT),
    ("complete_by", _INSTANT),
    *((name, pa.bool_()) for name in _FLAGS),
    *((name, pa.int64()) for name in (*_COUNTS, *_GRADES)),
]

SCHEMA: Final = pa.schema([*_KEYS, *_ENVELOPE, *_TYPED, ("data", pa.large_string())])
"""What a file of events holds. `case` is the stream of the case that it is about; of a unit, `unit` is the unit itself.

`category` is also that which an imported row states; `due_at` is also the new time that an order is given.
The counts are those of a closed round, empty where too few ballots came in to tell more than how many.
"""

DICTIONARIES: Final = [name for name, kind in [*_ENVELOPE[4:6], *_TYPED] if kind == pa.string()]
"""Columns whose values come again and again."""

_READ: Final = frozenset({*_TEXTS, *_FLAGS, "due_at", "due", "complete_by", "facts", "tally"})


def _fields_of(event: type[Event]) -> frozenset[str]:
    """What there is to read in an event; how many are due to vote on an item is no time."""
    fields = _READ & event.model_fields.keys() - event.personal
    return fields if "complete_by" in fields else fields - {"due"}


_FIELDS: Final = {name: _fields_of(event) for name, event in EVENTS.items()}

_NOTHING: Final = (None,) * len(_TYPED)
_PLACE_OF: Final = {name: place for place, (name, _) in enumerate(_TYPED)}
_TALLIED: Final = {name: _PLACE_OF[name] for name in _COUNTS}
_GRADED: Final = {name: _PLACE_OF[name] for name in _GRADES}
_UNIT: Final = f"{Kind.UNIT}-"


def data_of(stream: str, version: int, name: str, schema: int | None, stored: str) -> dict[str, Any]:
    """What an event says, as plain JSON types in the present schema; personal data stays sealed.

    Raises UnknownEvent for what another release has written.
    """
    kind = EVENTS.get(name)
    if kind is None or schema is None or not 1 <= schema <= kind.schema_version:
        raise UnknownEvent(name, schema or 0, f"{stream} version {version}")
    data: dict[str, Any] = orjson.loads(stored)
    for step in range(schema, kind.schema_version):
        data = kind.upcasters[step](data)
    return data


def typed(name: str, stream: str, data: Mapping[str, Any]) -> tuple[Any, ...]:
    """What evaluation reads of an event, in the order of the typed columns."""
    fields, of_unit = _FIELDS[name], stream.startswith(_UNIT)
    if not (fields or of_unit):
        return _NOTHING
    values: list[Any] = [*_NOTHING]
    for field in fields:
        value: Any = data.get(field)
        if field == "facts":
            values[_PLACE_OF["category"]] = value.get("category")
        elif field == "tally":
            _tallied(values, value)
        elif field == "due":
            values[_PLACE_OF["due_at"]] = value
        else:
            values[_PLACE_OF[field]] = value
    if of_unit:
        values[_PLACE_OF["unit"]] = stream
    return tuple(values)


def _tallied(values: list[Any], tally: Mapping[str, Any]) -> None:
    for name, place in _TALLIED.items():
        values[place] = tally[name]
    if tally["grades"] is not None:
        for name, place in _GRADED.items():
            values[place] = tally["grades"].get(name, 0)


def table_of(rows: Iterable[tuple[Any, ...]], partition: str) -> Any:
    """Rows in the order of the schema, and behind it the number of each one's partition, as a table."""
    *columns, numbers = zip(*rows, strict=True)
    arrays = [_array(values, field.type) for values, field in zip(columns, SCHEMA, strict=True)]
    return pa.table([*arrays, pa.array(numbers, pa.int32())], schema=SCHEMA.append(pa.field(partition, pa.int32())))


def _array(values: tuple[Any, ...], kind: Any) -> Any:
    """A column; instants are read from their texts all at once."""
    return pc.cast(pa.array(values, pa.string()), kind) if kind == _INSTANT else pa.array(values, kind)
