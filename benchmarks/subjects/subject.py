"""What a subject of the benchmarks can be asked to do, and how the right one is found by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from benchmarks.made_up import Turn


@dataclass(slots=True)
class Done:
    """What one round came to. `operations` are commands or events; times are in seconds, memory in bytes."""

    operations: int
    wall: float = 0.0
    cpu: float = 0.0
    began: float = 0.0
    ended: float = 0.0
    peak: int = 0
    stages: dict[str, float] = field(default_factory=dict)


class Subject(Protocol):
    """One contestant on one database, which it has to itself."""

    def prepare(self, events: int) -> None:
        """Makes the tables and fills them with cases of ten events."""

    def durability(self) -> str:
        """What the open connection says about its durability; the same for all, or the run is refused."""

    def ready(self, job: str, turn: Turn) -> Any:
        """Makes what the caller would have at hand: called before the clock starts."""

    def run(self, job: str, ready: Any, turn: Turn) -> int:
        """Does the work; gives the number of operations. The clock runs."""

    def close(self) -> None:
        """Closes its connections."""


SUBJECTS = {
    "ours": "benchmarks.subjects.ours:Ours",
    "ours: facts": "benchmarks.subjects.ours:OursFacts",
    "ours: imports": "benchmarks.subjects.ours:OursImports",
    "raw": "benchmarks.subjects.raw:Raw",
    "raw: event": "benchmarks.subjects.raw:RawEvent",
    "stock functional": "benchmarks.subjects.stock_functional:StockFunctional",
    "stock @event": "benchmarks.subjects.stock_decorated:StockDecorated",
    "stock cached": "benchmarks.subjects.stock_functional:StockCached",
    "ours: catch-up": "benchmarks.subjects.ours_projecting:OursProjecting",
    "ours: rebuild": "benchmarks.subjects.ours_projecting:OursProjecting",
    "ours: rebuild of the register": "benchmarks.subjects.ours_projecting:OursRegister",
    "raw: upserts": "benchmarks.subjects.lines:RawLines",
    "plain loop": "benchmarks.subjects.lines:PlainLoop",
    "ProjectionRunner": "benchmarks.subjects.stock_runner:StockRunner",
    "ours: evaluation": "benchmarks.subjects.archives:OursArchive",
    "raw: scan": "benchmarks.subjects.archives:RawScan",
    "plain loop over objects": "benchmarks.subjects.archives:PlainLoop",
    "SpiffWorkflow": "benchmarks.subjects.spiff:Spiff",
}


def subject(name: str, url: str, cases: int, *, fresh: bool) -> Subject:
    """The subject of that name, on the database of a SQLAlchemy URL, which is empty yet or holds so many cases."""
    module, _, kind = SUBJECTS[name].partition(":")
    made: Subject = getattr(import_module(module), kind)(url, cases, fresh=fresh)
    return made
