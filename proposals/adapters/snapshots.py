"""Snapshots of states: a cache beside the log that saves folding, sealed like the log and thrown away without loss."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from sys import modules
from typing import TYPE_CHECKING, Any, cast, get_type_hints

import orjson
from eventsourcing.persistence import EventStore, Mapper, StoredEvent
from pydantic import BaseModel, ConfigDict, create_model

from proposals.domain.processes import PROCESSES
from proposals.domain.vocabulary import Personal, instant_text, kind_of

if TYPE_CHECKING:
    from proposals.adapters.sealing import Sealer
    from proposals.adapters.store import SnapshotRecorder
    from proposals.domain.state import State
    from proposals.domain.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state at a version, under `eventsourcing`'s names."""

    state: State

    @property
    def originator_id(self) -> str:
        """The stream."""
        return self.state.id

    @property
    def originator_version(self) -> int:
        """The version."""
        return self.state.version


class Snapshots(EventStore[str]):
    """The snapshot store. A snapshot of a state that had another shape in an earlier release is passed over."""

    def __init__(self, recorder: SnapshotRecorder, sealer: Sealer) -> None:
        super().__init__(_SnapshotMapper(sealer), recorder)

    def latest(self, stream: str) -> State | None:
        """The state of a stream that was kept last, if it has the shape of this release."""
        for stored in self.recorder.select_events(stream, desc=True, limit=1):
            if stored.topic == _shape(kind_of(stream)).name:
                return cast("Snapshot", self.mapper.to_domain_event(stored)).state
        return None


class _SnapshotMapper(Mapper[str]):
    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def to_stored_event(self, domain_event: Any) -> StoredEvent:  # noqa: ANN401 - as inherited
        state = cast("Snapshot", domain_event).state
        data: dict[str, Any] = {}
        for field in fields(state):
            value = getattr(state, field.name)
            if isinstance(value, Personal):
                sealed = self._sealer.seal(value, stream=state.id, version=state.version, field=_sealed(field.name))
                data[field.name] = {"sealed": sealed}
            else:
                data[field.name] = _plain(value)
        return StoredEvent(
            originator_id=state.id,
            originator_version=state.version,
            topic=_shape(kind_of(state.id)).name,
            state=orjson.dumps(data),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:  # noqa: ANN401 - as inherited
        stream, version = str(stored_event.originator_id), stored_event.originator_version
        data = orjson.loads(stored_event.state)
        clear = {}
        for field, value in data.items():
            if isinstance(value, dict) and "sealed" in value:
                clear[field] = self._sealer.open(value["sealed"], stream=stream, version=version, field=_sealed(field))
        shape = _shape(kind_of(stream))
        checked = shape.model.model_validate({field: _back(value) for field, value in data.items()} | clear)
        state: Any = object.__new__(shape.state)
        for field in shape.model.model_fields:
            setattr(state, field, getattr(checked, field))
        return Snapshot(state)


def _sealed(field: str) -> str:
    return f"snapshot.{field}"


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """JSON types; a dict as its pairs, because keys may be numbers or pairs."""
    if isinstance(value, dict):
        return {"pairs": [[_plain(key), _plain(item)] for key, item in value.items()]}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, set | frozenset | list | tuple):
        return [_plain(item) for item in value]
    return value


def _back(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict) and value.keys() == {"pairs"}:
        return {tuple(key) if isinstance(key, list) else key: _back(item) for key, item in value["pairs"]}
    return value


_NAMES = {"datetime": datetime, "date": date, "StrEnum": StrEnum}
"""What the domain imports for its annotations only."""


@dataclass(frozen=True, slots=True)
class _Shape:
    name: str
    state: type[State]
    model: type[BaseModel]


@cache
def _shape(kind: Kind) -> _Shape:
    """How a kind's state looks in this release; its name changes with the release and with the state's fields.

    Another release may fold the same events into the same fields differently, and nobody would see it in those.
    """
    process = PROCESSES[kind]
    state = process.state
    hints: dict[str, Any] = {}
    for ancestor in reversed(state.__mro__):
        names = vars(modules[ancestor.__module__]) | _NAMES
        hints |= {
            name: hint
            for name, hint in get_type_hints(ancestor, globalns=names, include_extras=True).items()
            if ancestor is not object
        }
    hints["status"] = process.states | None
    wanted: dict[str, Any] = {field.name: (hints[field.name], ...) for field in fields(state)}
    model = create_model(f"{kind}_snapshot", __config__=ConfigDict(arbitrary_types_allowed=True), **wanted)
    model.model_rebuild(force=True, _types_namespace=_NAMES)  # what named tuples inside were annotated with
    told = orjson.dumps([version("fivestep-proposals"), model.model_json_schema()], option=orjson.OPT_SORT_KEYS)
    return _Shape(f"{kind}.{sha256(told).hexdigest()[:12]}", state, model)
