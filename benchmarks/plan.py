"""What is measured: each row of the plan is one kind of work, on one database, by several subjects in turns."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.made_up import CASE_EVENTS

LIMIT = "raw"

STOCK = ("stock functional", "stock @event")
PEERS = frozenset({*STOCK, "stock cached", "SpiffWorkflow"})

SLOWER = {"SpiffWorkflow": 4, "stock functional": 2, "stock @event": 2, "stock cached": 2}
"""Those who need longer do fewer operations a round, so that turns stay short; figures are per operation."""


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. `times` is how many operations (commands, transactions, passes) a round has."""

    title: str
    job: str
    database: str
    subjects: tuple[str, ...]
    events: int
    times: int
    rounds: int
    clients: int = 1
    target: float | None = None
    """The least part of the limit's speed that ours (the first subject) should reach."""
    peer_target: float | None = None
    """How many times as fast as the fastest peer it should be."""
    busy_cases: int | None = None
    """Commands go to so few cases only; left out, they go to all in turns, and none is met twice in a run."""

    @property
    def cases(self) -> int:
        """How many cases the store holds."""
        return max(1, self.events // CASE_EVENTS)

    def turns(self, subject: str) -> int:
        """Operations of a subject's round."""
        return self.times if self.job == "fold" else max(1, self.times // SLOWER.get(subject, 1))


def plan(*, quick: bool, large: bool) -> list[Row]:
    """The rows, in the order they are run."""
    rounds, times = (5, 16) if quick else (15, 60)
    sizes = [2_000] if quick else [10_000, 100_000]
    few = ("ours", "raw") if quick else ("ours", "raw", STOCK[0])  # eight processes of each
    everyone = ("ours", "raw", "raw: event", *STOCK, "SpiffWorkflow")
    rows = [
        Row(
            f"command, SQLite, {_short(size)} events",
            "command",
            "sqlite",
            everyone,
            size,
            times,
            rounds,
            target=0.6,
            peer_target=1.0,
        )
        for size in sizes
    ]
    rows.append(
        Row(
            f"command on a busy case, SQLite, {_short(sizes[0])} events",
            "command",
            "sqlite",
            ("ours", "raw", "stock functional", "stock cached"),
            sizes[0],
            times,
            rounds,
            peer_target=1.0,
            busy_cases=50 if quick else 200,
        )
    )
    rows += [
        Row(
            f"command, PostgreSQL, {clients} client{'s' if clients > 1 else ''}, {_short(sizes[0])} events",
            "command",
            "postgresql",
            everyone if clients == 1 else few,
            sizes[0],
            max(8, times // (4 if clients > 1 else 1)),
            rounds,
            clients,
            target=0.5,
            peer_target=1.0,
        )
        for clients in (1, 8)
    ]
    loaders = ("ours: facts", "raw", "raw: event", *STOCK, "ours: imports")
    rows.append(
        Row(
            "bulk load, SQLite, 1,000 events a transaction",
            "load",
            "sqlite",
            loaders,
            1_000,
            1 if quick else 2,
            5 if quick else 9,
            target=0.4,
        )
    )
    for size in sizes:
        folders = ("ours", "raw", *STOCK) if size == sizes[0] else ("ours", "raw", STOCK[0])
        title = f"fold every case, SQLite, {_short(size)} events"
        rows.append(Row(title, "fold", "sqlite", folders, size, 1, 5, peer_target=5.0))
    if large:
        title, size = ", SQLite, 1 M events", 1_000_000
        rows.append(Row(f"command{title}", "command", "sqlite", few[:2], size, times, rounds, target=0.6))
        rows.append(Row(f"fold every case{title}", "fold", "sqlite", few[:2], size, 1, 5))
    return rows


def _short(number: int) -> str:
    return f"{number // 1_000} k"
