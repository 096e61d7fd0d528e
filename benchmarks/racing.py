"""Running a row: subjects prepared, then asked in turns A B C A B C …, so that a noisy machine hits all alike."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.subjects.subject import Done
from tests.postgres import fresh_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.plan import Row

_ROOT = Path(__file__).parent.parent


class Worker:
    """A subject's process."""

    def __init__(self, subject: str, url: str, cases: int, *, fresh: bool) -> None:
        state = "fresh" if fresh else "filled"
        command = [sys.executable, "-m", "benchmarks.worker", subject, url, str(cases), state]
        self._process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, do: str, **more: Any) -> None:
        """Sends a request."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """Waits for the answer. Raises RuntimeError if the subject died; it has said why on standard error."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            message = f"a subject ended with {self._process.wait()}"
            raise RuntimeError(message)
        return json.loads(line)

    def close(self) -> None:
        """Ends its input, and with it the process."""
        self._process.communicate()


@dataclass(slots=True)
class Team:
    """The processes of one subject: as many as there are clients, on one database."""

    subject: str
    workers: list[Worker]
    times: int
    done: int = 0
    results: list[Done] = field(default_factory=list)

    def all(self, do: str, **more: Any) -> list[Any]:
        """Asks everyone at once."""
        for worker in self.workers:
            worker.ask(do, **more)
        return [worker.answer() for worker in self.workers]

    def turn(self, job: str, *, count: bool) -> None:
        """One round: everyone gets ready, then all run at the same time."""
        for client, worker in enumerate(self.workers):
            worker.ask("ready", job=job, turn=(self.done, self.times, client, len(self.workers)))
        for worker in self.workers:
            worker.answer()
        for client, worker in enumerate(self.workers):
            worker.ask("run", job=job, turn=(self.done, self.times, client, len(self.workers)))
        rounds = [Done(**worker.answer()) for worker in self.workers]
        self.done += self.times
        if count:
            self.results.append(_together(rounds))


@dataclass(frozen=True, slots=True)
class Figures:
    """What a subject's rounds came to, in seconds an operation."""

    wall: list[float]
    cpu: list[float]
    peak: int

    @property
    def median(self) -> float:
        """Of the wall time."""
        return median(self.wall)


@dataclass(frozen=True, slots=True)
class Result:
    """A row with its figures, the durability they were measured at, and the stages of ours."""

    row: Row
    figures: dict[str, Figures]
    durability: str
    stages: dict[str, tuple[float, float]]

    def ratio(self, subject: str, other: str) -> float:
        """How many times as fast as another a subject is: the median over rounds, each compared with its neighbour."""
        pairs = zip(self.figures[subject].wall, self.figures[other].wall, strict=True)
        return median(theirs / mine for mine, theirs in pairs)


def race(row: Row, directory: Path, server: str | None, say: Callable[[str], None]) -> Result:
    """Runs a row. Raises RuntimeError if the subjects do not keep the same promise about power cuts."""
    cases = row.busy_cases or row.cases
    with ExitStack() as stack:
        teams = []
        url = ""
        for subject in row.subjects:
            workers = []
            if not (url and row.shared):
                url = stack.enter_context(_database(row, subject, directory, server))
                say(f"{row.title}: preparing {subject}")
                with ExitStack() as preparing:
                    workers = [preparing.enter_context(_worker(subject, url, cases, fresh=True))]
                    workers[0].ask("prepare", events=row.events)
                    workers[0].answer()
                    if row.clients == 1 and not row.whole:
                        stack.push(preparing.pop_all())
            if row.clients > 1 or row.whole:  # one whose memory is looked at has prepared nothing
                new = (_worker(subject, url, cases, fresh=False) for _ in range(row.clients))
                workers = [stack.enter_context(worker) for worker in new]
            teams.append(Team(subject, workers, row.turns(subject)))
        promises = {promise for team in teams for promise in team.all("durability")}
        if len(promises) != 1:
            message = f"not the same durability for all: {promises}"
            raise RuntimeError(message)
        for round_ in range(0 if row.whole else -1, row.rounds):
            say(f"{row.title}: round {round_ + 1} of {row.rounds}")
            for team in teams:
                team.turn(row.job, count=round_ >= 0)
        return Result(row, {team.subject: _figures(team) for team in teams}, promises.pop(), _stages(row, teams[0]))


def _together(rounds: list[Done]) -> Done:
    """One round of several clients: from the first start to the last end."""
    began, ended = min(done.began for done in rounds), max(done.ended for done in rounds)
    return Done(
        sum(done.operations for done in rounds),
        ended - began,
        sum(done.cpu for done in rounds),
        began,
        ended,
        max(done.peak for done in rounds),
    )


def _figures(team: Team) -> Figures:
    return Figures(
        [done.wall / done.operations for done in team.results],
        [done.cpu / done.operations for done in team.results],
        max(done.peak for done in team.results),
    )


def _stages(row: Row, ours: Team) -> dict[str, tuple[float, float]]:
    """Wall and CPU seconds a command, where one client gives commands."""
    if row.job != "command" or row.clients > 1:
        return {}
    times = row.times * 5
    ours.workers[0].ask("stages", turn=(ours.done, times, 0, 1))
    return {stage: (wall / times, cpu / times) for stage, (wall, cpu) in ours.workers[0].answer().items()}


@contextmanager
def _worker(subject: str, url: str, cases: int, *, fresh: bool) -> Iterator[Worker]:
    worker = Worker(subject, url, cases, fresh=fresh)
    try:
        yield worker
    finally:
        worker.close()


@contextmanager
def _database(row: Row, subject: str, directory: Path, server: str | None) -> Iterator[str]:
    if row.database == "postgresql":
        assert server is not None
        with fresh_database(server) as url:
            yield url
        return
    name = "".join(letter for letter in subject if letter.isalnum())
    path = directory / f"{name}.db"
    try:
        yield f"sqlite:///{path}"
    finally:
        for path in directory.glob(f"{name}.db*"):
            rmtree(path) if path.is_dir() else path.unlink()
