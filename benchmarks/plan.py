"""What is measured: each row of the plan is one kind of work, on one database, by several subjects in turns."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.made_up import CASE_EVENTS

STOCK = ("stock functional", "stock @event")
LOOP = "plain loop over objects"
PEERS = frozenset({*STOCK, "stock cached", "SpiffWorkflow", "ProjectionRunner", LOOP})

SLOWER = {"SpiffWorkflow": 4, "stock functional": 2, "stock @event": 2, "stock cached": 2, "ProjectionRunner": 10}
"""Those who need longer do fewer operations a round, so that turns stay short; figures are per operation."""


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. `times` is how many operations (commands, transactions, passes) a round has.

    The first subject is ours, the second the limit.
    """

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

    @property
    def limit(self) -> str:
        """The subject that the others are measured by."""
        return self.subjects[1]

    @property
    def whole(self) -> bool:
        """Whether a round takes the store as it is, all of it, and leaves it so."""
        return self.job in {"fold", "rebuild", "evaluate"}

    @property
    def shared(self) -> bool:
        """Whether all subjects read one store, which the first has prepared."""
        return self.job in {"rebuild", "evaluate"}

    def turns(self, subject: str) -> int:
        """Operations of a subject's round."""
        return self.times if self.whole else max(1, self.times // SLOWER.get(subject, 1))


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
    rows += _read_models(quick=quick, large=large)
    if large:
        title, size = ", SQLite, 1 M events", 1_000_000
        rows.append(Row(f"command{title}", "command", "sqlite", few[:2], size, times, rounds, target=0.6))
        rows.append(Row(f"fold every case{title}", "fold", "sqlite", few[:2], size, 1, 5))
    return rows


def _read_models(*, quick: bool, large: bool) -> list[Row]:
    """Projections and evaluation."""
    rounds = 3 if quick else 5
    sizes = [2_000] if quick else [10_000, 100_000, 1_000_000]
    following = ("ours: catch-up", "raw: upserts", "plain loop", "ProjectionRunner")
    rows = [
        Row(
            f"projection, catch-up, {title}",
            "project",
            database,
            following,
            sizes[0],
            10,
            rounds,
            peer_target=80.0,
        )
        for title, database in (("SQLite", "sqlite"), ("PostgreSQL", "postgresql"))
    ]
    building = ("ours: rebuild", "raw: upserts", "plain loop", "ours: rebuild of the register")
    counting = ("ours: evaluation", "raw: scan", LOOP)
    for size in [*sizes, 10_000_000] if large else sizes:
        times = rounds if size < _HUGE else 1
        rows.append(
            Row(f"projection, rebuild, SQLite, {_short(size)} events", "rebuild", "sqlite", building, size, 1, times)
        )
    rows.append(
        Row(
            f"projection, rebuild, PostgreSQL, {_short(sizes[-2:][0])} events",
            "rebuild",
            "postgresql",
            building,
            sizes[-2:][0],
            1,
            rounds,
        )
    )
    for size in [*sizes, 10_000_000] if large else sizes:
        title, subjects = f"evaluation, archive of {_short(size)} events", counting if size < _HUGE else counting[:2]
        # What was measured of loops like this one, and is wanted of whole columns, are this far apart.
        target = 40.0 if 100_000 < size < _HUGE else None
        rows.append(Row(title, "evaluate", "sqlite", subjects, size, 1, rounds, peer_target=target))
    return rows


_HUGE = 10_000_000


def _short(number: int) -> str:
    return f"{number // 1_000} k" if number < 1_000_000 else f"{number // 1_000_000} M"
