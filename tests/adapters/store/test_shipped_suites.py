"""The recorder suites that `eventsourcing` ships pass on all three kinds of stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
    ProcessRecorderTestCase,
    TrackingRecorderTestCase,
)

from proposals.adapters.store import Recorder, SnapshotRecorder


class OnFile:
    """Stream ids are texts in our store, so the suites get texts."""

    INITIAL_VERSION = 1

    @pytest.fixture(autouse=True)
    def where(self, tmp_path: Path) -> None:
        self.url = f"sqlite:///{tmp_path}/store.db"

    def new_originator_id(self) -> str:
        return str(uuid4())

    def create_recorder(self) -> Any:
        recorder = Recorder(self.url)
        self.addCleanup(recorder.close)  # type: ignore[attr-defined]
        return recorder


class InMemory(OnFile):
    @pytest.fixture(autouse=True)
    def where(self) -> None:
        self.url = "sqlite://"


class OnPostgres(OnFile):
    @pytest.fixture(autouse=True)
    def where(self, postgres_url: str) -> None:
        self.url = postgres_url


class Snapshots(OnFile):
    """The suite for recorders without notifications is for the recorder of snapshots."""

    def create_recorder(self) -> SnapshotRecorder:
        return super().create_recorder().snapshot_recorder()  # type: ignore[no-any-return]


class Subscribing(ApplicationRecorderTestCase[Recorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestSnapshotsOnFile(Snapshots, AggregateRecorderTestCase): ...


class TestSnapshotsInMemory(Snapshots, InMemory, AggregateRecorderTestCase): ...


class TestSnapshotsOnPostgres(Snapshots, OnPostgres, AggregateRecorderTestCase): ...


class TestApplicationOnFile(OnFile, Subscribing): ...


class TestApplicationInMemory(InMemory, Subscribing): ...


class TestApplicationOnPostgres(OnPostgres, Subscribing): ...


class TestTrackingOnFile(OnFile, TrackingRecorderTestCase): ...


class TestTrackingInMemory(InMemory, TrackingRecorderTestCase): ...


class TestTrackingOnPostgres(OnPostgres, TrackingRecorderTestCase): ...


class TestProcessOnFile(OnFile, ProcessRecorderTestCase): ...


class TestProcessInMemory(InMemory, ProcessRecorderTestCase): ...


class TestProcessOnPostgres(OnPostgres, ProcessRecorderTestCase): ...


class TestNoInterleavingOnFile(OnFile, NonInterleavingNotificationIDsBaseCase): ...


class TestNoInterleavingInMemory(InMemory, NonInterleavingNotificationIDsBaseCase): ...


class TestNoInterleavingOnPostgres(OnPostgres, NonInterleavingNotificationIDsBaseCase): ...


del Subscribing  # pytest would run it without a store
