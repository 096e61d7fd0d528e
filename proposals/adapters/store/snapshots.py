"""Snapshots: states kept beside the log to save folding; a cache, which may be thrown away at any time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from eventsourcing.persistence import AggregateRecorder, StoredEvent

from .records import Envelope
from .statements import stream_span

if TYPE_CHECKING:
    from .recorder import Recorder  # which imports this module


class SnapshotRecorder(AggregateRecorder):
    """The snapshots of a store, as `eventsourcing`'s snapshot store wants them."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:  # noqa: ANN401 - as inherited
        """Keep snapshots, all or none; raises IntegrityError for a stream and version that has one."""
        rows = [
            (str(kept.originator_id), kept.originator_version, kept.topic, getattr(kept, "schema", None), kept.state)
            for kept in stored_events
        ]
        if rows:
            self._recorder.write(self._recorder.statements.put_snapshots, rows)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[StoredEvent]:
        """Read a stream's snapshots; one that was kept with a schema number comes back as an Envelope with it."""
        statements = self._recorder.statements
        statement = statements.snapshots_back if desc else statements.snapshots
        rows = self._recorder.read(statement, stream_span(originator_id, gt, lte, limit))
        return [
            StoredEvent(stream, version, name, bytes(data))
            if schema is None
            else Envelope(stream, version, name, bytes(data), schema=schema)
            for stream, version, name, schema, data in rows
        ]

    def discard_snapshots(self) -> None:
        """Throw all snapshots away, as a change of the state's shape asks for."""
        self._recorder.write(self._recorder.statements.discard_snapshots, [()])
