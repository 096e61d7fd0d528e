"""Snapshots: states kept beside the log to save folding; a cache, which may be thrown away at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventsourcing.persistence import AggregateRecorder, StoredEvent

from .records import Envelope
from .statements import stream_span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from .recorder import Recorder


class SnapshotRecorder(AggregateRecorder):
    """The snapshots of a store, as `eventsourcing`'s snapshot store wants them."""

    def __init__(self, recorder: Recorder) -> None:
        """Share a store's connections."""
        self._recorder = recorder

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        """Keep snapshots, all or none; raises IntegrityError for a stream and version that has one."""
        rows = [
            (str(s.originator_id), s.originator_version, s.topic, getattr(s, "schema", None), s.state)
            for s in stored_events
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
        """Read a stream's snapshots; one that was kept with a schema number comes back as an Envelope that has it."""
        statements = self._recorder.statements
        statement = statements.snapshots_back if desc else statements.snapshots
        values = stream_span(originator_id, gt, lte, limit)
        return [
            StoredEvent(stream, version, name, bytes(data))
            if schema is None
            else Envelope(stream, version, name, bytes(data), schema=schema)
            for stream, version, name, schema, data in self._recorder.read(statement, values)
        ]

    def discard_snapshots(self) -> None:
        """Throw all snapshots away, as a change of the state's shape asks for."""
        self._recorder.write(self._recorder.statements.discard_snapshots, [()])
