"""One subject in its own process, asked line by line: `python -m benchmarks.worker NAME URL CASES fresh|filled`."""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from dataclasses import asdict
from typing import Any

from benchmarks.made_up import Turn
from benchmarks.subjects.subject import Done, Subject, subject


def peak_memory() -> int:
    """The most memory this process has ever held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def measured(asked: Subject, job: str, ready: Any, turn: Turn) -> Done:
    """One round on the clock. The monotonic clock is the same for all processes of a machine."""
    cpu, began = time.process_time(), time.monotonic()
    operations = asked.run(job, ready, turn)
    ended, cpu = time.monotonic(), time.process_time() - cpu
    return Done(operations, ended - began, cpu, began, ended, peak_memory())


def main() -> None:
    """Answers one JSON line with one, until its input ends."""
    warnings.simplefilter("ignore")  # a peer's deprecations are not ours to report
    name, url, cases, state = sys.argv[1:]
    asked = subject(name, url, int(cases), fresh=state == "fresh")
    ready: Any = None
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        turn = Turn(*request.get("turn", (0, 0, 0, 1)))
        answer: Any = None
        match request["do"]:
            case "prepare":
                asked.prepare(request["events"])
            case "durability":
                answer = asked.durability()
            case "ready":
                ready = asked.ready(request["job"], turn)
            case "run":
                answer = asdict(measured(asked, request["job"], ready, turn))
            case "stages":
                from benchmarks.stages import stages

                answer = stages(asked, turn)
            case unknown:
                raise ValueError(unknown)
        print(json.dumps(answer), flush=True)
    asked.close()


if __name__ == "__main__":
    main()
