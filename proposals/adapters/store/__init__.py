"""The event store: one log of events on SQLite or PostgreSQL."""

from .append import Follow, Transaction
from .backup import BackupError, backup, restore
from .bell import Bell
from .host import HostRefused, HostTransaction
from .opening import upgrade
from .recorder import Recorder
from .records import CommandIdTaken, CommandRecord, Envelope, Recorded, Row, VersionConflict, row_of
from .schema import SchemaError, SchemaForeign, SchemaMissing, SchemaNewer, SchemaOlder
from .snapshots import SnapshotRecorder
from .subscription import LogSubscription

__all__ = [
    "BackupError",
    "Bell",
    "CommandIdTaken",
    "CommandRecord",
    "Envelope",
    "Follow",
    "HostRefused",
    "HostTransaction",
    "LogSubscription",
    "Recorded",
    "Recorder",
    "Row",
    "SchemaError",
    "SchemaForeign",
    "SchemaMissing",
    "SchemaNewer",
    "SchemaOlder",
    "SnapshotRecorder",
    "Transaction",
    "VersionConflict",
    "backup",
    "restore",
    "row_of",
    "upgrade",
]
