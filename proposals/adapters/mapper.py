"""Facts to stored envelopes and back: canonical JSON, sealed personal fields, upcasters for what is old."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import orjson
from eventsourcing.persistence import Mapper, StoredEvent
from pydantic import ValidationError

from proposals.adapters.problems import path_of
from proposals.adapters.store import Envelope, row_of
from proposals.domain.errors import ProposalsError, UnknownEvent
from proposals.domain.event import Fact
from proposals.domain.processes import EVENTS
from proposals.domain.vocabulary import Erased, Personal, as_instant, instant_text, json_of
from proposals.projections.projection import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventsourcing.domain import DomainEventProtocol

    from proposals.adapters.sealing import Sealer
    from proposals.adapters.store import Row
    from proposals.domain.event import Event


class BrokenEvent(ProposalsError):
    """A stored event whose data does not fit its own name and schema: the store was written by something else."""

    def __init__(self, stream: str, version: int, name: str, problems: list[str]) -> None:
        self.stream = stream
        self.version = version
        super().__init__(f"{stream} version {version} is no valid {name}: {'; '.join(problems)}")


class FactMapper(Mapper[str]):
    """`eventsourcing`'s mapper for our facts. What it writes is what is hashed; nothing is serialised twice."""

    def __init__(self, sealer: Sealer, events: Mapping[str, type[Event]] = EVENTS) -> None:
        self._sealer = sealer
        self._events = events

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> Envelope:
        """The envelope of a fact, its personal fields sealed."""
        fact = cast("Fact", domain_event)
        event = fact.event
        data = event.model_dump(mode="json", exclude=set(event.personal) or None)
        for field in event.personal:
            value = getattr(event, field)
            if isinstance(value, Personal):
                data[field] = self._sealer.seal(value, stream=fact.stream, version=fact.version, field=field)
        return Envelope.of(
            {
                "originator_id": fact.stream,
                "originator_version": fact.version,
                "topic": event.name,
                "state": orjson.dumps(data, option=orjson.OPT_SORT_KEYS),
                "schema": event.schema_version,
                "occurred_at": instant_text(fact.occurred_at),
                "actor": fact.actor,
                "entered_by": fact.entered_by,
                "command_id": fact.command_id,
                "correlation_id": fact.correlation_id,
                "causation_id": fact.causation_id,
                "recorded_at": None,
                "position": None,
            }
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:  # noqa: ANN401 - as inherited
        """The fact of an envelope, lifted to the present schema and validated.

        Raises UnknownEvent for a name or schema of another release, BrokenEvent for data that does not fit,
        SealBroken for personal data that was moved or changed.
        """
        return self.fact(row_of(cast("Envelope", stored_event)))

    def fact(self, row: Row) -> Fact:
        """The fact of a row of `events`; raises the same."""
        (
            position, stream, version, name, schema, occurred_at, recorded_at,
            actor, entered_by, command_id, correlation_id, causation_id, data,
        ) = row  # fmt: skip
        happened = self.happened((stream, version, name, schema, occurred_at, actor, entered_by, data))
        try:
            recorded = as_instant(recorded_at) if recorded_at else None
        except ValueError:
            raise BrokenEvent(stream, version, name, ["recorded_at: is no instant"]) from None
        ids = command_id or "", correlation_id or "", causation_id or ""
        return Fact(*happened[:6], *ids, recorded, position)  # a third of the time of `_replace`, for every row

    def entry(self, row: Row) -> Entry:
        """What projections see of a row of the columns `PROJECTED`: lifted to the present schema, not validated.

        Validation would take most of the time, and what is stored was valid. Raises UnknownEvent.
        """
        kind = self._kind(row[1], row[2], row[3], row[8])
        data = _upcast(kind, row[8], row[9])
        for field in kind.personal:
            data.pop(field, None)
        return tuple.__new__(Entry, (*row[:8], data))  # half of the time of calling it, for every row

    def happened(self, row: Row) -> Fact:
        """The fact of a row of what happened, without what says how it was recorded. A state is folded from these."""
        stream, version, name, schema, occurred_at, actor, entered_by, data = row
        kind = self._kind(stream, version, name, schema)
        try:
            return Fact(
                stream,
                version,
                kind.__pydantic_validator__.validate_json(data)  # what model_validate_json calls
                if schema == kind.schema_version and not kind.personal
                else kind.model_validate(self._lifted(stream, version, kind, schema, data)),
                as_instant(occurred_at or ""),
                actor or "",
                entered_by or "",
                "",
                "",
                "",
            )
        except ValidationError as error:
            problems = [
                f"{path_of(problem['loc'])}: {problem['type']}" for problem in error.errors(include_input=False)
            ]
        except (ValueError, TypeError, LookupError) as error:
            problems = [f"it cannot be read ({type(error).__name__})"]  # its text might show what was stored
        raise BrokenEvent(stream, version, name, problems)

    def _kind(self, stream: str, version: int, name: str, schema: int | None) -> type[Event]:
        kind = self._events.get(name)
        if kind is None or schema is None or not 1 <= schema <= kind.schema_version:
            raise UnknownEvent(name, schema or 0, f"{stream} version {version}")
        return kind

    def _lifted(self, stream: str, version: int, kind: type[Event], schema: int, stored: str) -> dict[str, Any]:
        data = _upcast(kind, schema, stored)
        for field in kind.personal & dict(data).keys():
            data[field] = self._sealer.open(
                dict(data[field]),
                stream=stream,
                version=version,
                field=field,
            )
        return data


def _upcast(kind: type[Event], schema: int, stored: str) -> dict[str, Any]:
    data: dict[str, Any] = orjson.loads(stored)
    for step in range(schema, kind.schema_version):
        data = kind.upcasters[step](data)
    return data


def plain(fact: Fact) -> dict[str, Any]:
    """A fact as JSON types under the envelope's public names, personal data in clear where there is a key.

    For people and programs who may see it; what is stored and proven is the envelope itself.
    """
    return {
        "position": fact.position,
        "stream": fact.stream,
        "version": fact.version,
        "name": fact.name,
        "schema": fact.schema,
        "occurred_at": instant_text(fact.occurred_at),
        "recorded_at": instant_text(fact.recorded_at) if fact.recorded_at else None,
        "actor": fact.actor,
        "entered_by": fact.entered_by,
        "command_id": fact.command_id,
        "correlation_id": fact.correlation_id,
        "causation_id": fact.causation_id,
        "data": {
            field: {"subject": value.subject, "erased": True} if isinstance(value, Erased) else json_of(value)
            for field in type(fact.event).model_fields
            if (value := getattr(fact.event, field)) is not None
        },
    }
