"""Commands that are killed in the middle: whatever they had recorded is whole, and the same command completes it."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from proposals.adapters.store import Recorder
from tests.cli.conftest import accepted, lines, raised

if TYPE_CHECKING:
    from tests.cli.conftest import Desk

ROOT = Path(__file__).parents[2]
PATIENCE = 0.002
"""Seconds between two looks at how far the command has come."""


def position(desk: Desk) -> int:
    """How long the log is, seen from outside."""
    import sqlite3

    if not desk.file.exists():
        return 0
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{desk.file}?mode=ro", uri=True)) as file:
        return int(file.execute("SELECT position FROM log_head").fetchone()[0])
    return 0


def killed_again_and_again(desk: Desk, chance: random.Random, step: int, *arguments: str) -> int:
    """Runs a command to its end, killing it each time it has recorded some more; gives how often it was killed."""
    kills, command = 0, [sys.executable, "-m", "proposals", "--db", desk.url, *arguments]
    while True:
        enough = position(desk) + chance.randint(1, step)
        with subprocess.Popen(
            command, cwd=desk.folder, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as child:
            while child.poll() is None and position(desk) < enough:
                time.sleep(PATIENCE)
            if child.poll() is None:
                child.send_signal(signal.SIGKILL)
            _, said = child.communicate()
        if child.returncode != -signal.SIGKILL:
            assert child.returncode == 0, said.decode()
            return kills
        kills += 1
        with Recorder(desk.url) as recorder:
            assert [event.position for event in recorder.log()] == list(range(1, recorder.head() + 1))


def leave_nothing(desk: Desk) -> None:
    for rest in desk.folder.glob("county.db*"):
        shutil.rmtree(rest) if rest.is_dir() else rest.unlink()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_demo_that_is_killed_again_and_again_ends_like_one_that_was_not(desk: Desk, seed: int) -> None:
    leave_nothing(desk)
    arguments = ("demo", "--cases", "12", "--seed", "4")

    assert killed_again_and_again(desk, random.Random(seed), 700, *arguments) > 0

    ended = told(desk)
    head = desk.head()
    desk.run(*arguments)
    assert desk.head() == head
    leave_nothing(desk)
    desk.run(*arguments)
    assert told(desk) == ended


def told(desk: Desk) -> Counter[tuple[str, int, str | None, str, str | None]]:
    """What the log says, but for its order where streams meet, and for what comes of random keys."""
    with Recorder(desk.url) as recorder:
        return Counter(
            (str(event.originator_id), event.originator_version, event.topic, event.occurred_at or "", event.actor)
            for event in recorder.log()
        )


@pytest.mark.parametrize("seed", [1, 2])
def test_a_file_of_commands_that_is_killed_again_and_again_is_recorded_once(desk: Desk, seed: int) -> None:
    names = [f"proposal-{n}" for n in range(60)]
    both = [(raised(name), accepted(name)) for name in names]
    commands = [
        {**command, "command_id": f"{command['proposal']}/{n}"} for pair in both for n, command in enumerate(pair)
    ]
    file = desk.folder / "commands.jsonl"
    file.write_text(lines(*commands), "utf-8")
    before = desk.head()

    assert killed_again_and_again(desk, random.Random(seed), 60, "do", str(file)) > 0

    assert desk.head() - before == 2 * len(names)
    answers = [json.loads(line) for line in desk.run("do", str(file)).stdout.splitlines()]
    assert len(answers) == len(commands)
    assert desk.head() - before == 2 * len(names)
