"""Evaluation of a log that a county has written by going all five steps, again and again under other names."""

from __future__ import annotations

from itertools import compress, islice
from itertools import count as counting
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import make_url

from benchmarks.made_up import BATCH
from proposals import Proposals
from proposals.adapters.archive import Archive, Engine, count, export
from proposals.adapters.keys import MemoryKeyStore
from proposals.adapters.store.records import Envelope
from proposals.demo import BRANCHES, SimulatedClock, run
from tests.archive.naive import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.made_up import Turn

ZONE = ZoneInfo("Asia/Shanghai")
_SEED = 3
_CASES = len(BRANCHES) + 20


class OursArchive:
    """The figures' cells by DuckDB, from Parquet files."""

    def __init__(self, url: str, cases: int, *, fresh: bool) -> None:
        self._url = url
        self._directory = Path(f"{make_url(url).database}.archive")
        self._events = Archive(self._directory).shards[0].manifest.position if not fresh else 0

    def prepare(self, events: int) -> None:
        """A store, and an archive of it. Nobody needs the keys of what is sealed in it."""
        with Proposals(self._url, keys=MemoryKeyStore(), synchronous="off") as app:
            log = islice(_log(), events)
            while batch := list(islice(log, BATCH)):
                first: dict[str, int] = {}
                for event in batch:
                    first.setdefault(cast("str", event.originator_id), event.originator_version - 1)
                app.recorder.insert_events(batch, expected=first)
            export(app.recorder, self._directory)

    def durability(self) -> str:
        """Files that nobody writes."""
        return "read only"

    def ready(self, job: str, turn: Turn) -> Any:
        """Nothing."""
        assert job == "evaluate", job

    def run(self, job: str, ready: Any, turn: Turn) -> int:
        """All cells."""
        assert count(Archive(self._directory), ZONE, engine=Engine.DUCKDB).rates
        return self._events

    def close(self) -> None:
        """Nothing is open."""


class RawScan(OursArchive):
    """The limit: DuckDB reads every value that the figures are made of, once, and keeps none."""

    def run(self, job: str, ready: Any, turn: Turn) -> int:
        """One question, the greatest of each column."""
        with Archive(self._directory).opened(Engine.DUCKDB) as (events, _, ask):
            ask(events.agg(**{name: events[name].max() for name in events.columns}))
        return self._events


class PlainLoop(OursArchive):
    """The loop one would write by hand: all events as objects, stream by stream, and counters."""

    def run(self, job: str, ready: Any, turn: Turn) -> int:
        """From the store, which is where the objects come from."""
        with Proposals(self._url, keys=MemoryKeyStore()) as app:
            assert counted(app.log(), ZONE).rates
        return self._events


def _log() -> Iterator[Envelope]:
    """A county, and then its cases over and over under other names. It never ends."""
    clock = SimulatedClock()
    with Proposals("sqlite://", clock=clock, keys=MemoryKeyStore()) as app:
        run(app, cases=_CASES, seed=_SEED, clock=clock)
        played = [app.mapper.to_stored_event(cast("Any", fact)) for fact in app.log()]
    name = f"demo{_SEED}-"
    of_cases = [name in str(event.originator_id) for event in played]
    yield from (event for event, of_case in zip(played, of_cases, strict=True) if not of_case)
    for n in counting():
        other = f"demo{n}x-"
        for event in compress(played, of_cases):
            stream, state = str(event.originator_id), event.state
            moved = {
                "originator_id": stream.replace(name, other),
                "state": state.replace(name.encode(), other.encode()),
            }
            yield Envelope.of({**vars(event), **moved})
