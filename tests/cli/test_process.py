"""The command line as a process of its own: exit codes, two outputs, pipes that close, and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import Desk, lines, raised

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "proposals"]


@contextmanager
def start(desk: Desk, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that reads commands from a pipe and answers into another."""
    pipe = subprocess.PIPE
    command = [*PROGRAM, "--db", desk.url, *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PROPOSALS_LANG": "en"}
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, cwd=desk.folder) as process:
        yield process


def ask(process: subprocess.Popen[bytes], line: bytes) -> bytes:
    """Writes a line and reads the answer."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line)
    process.stdin.flush()
    return process.stdout.readline()


def rest_of_errors(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stderr is not None
    return process.stderr.read()


def many(number: int) -> Iterator[bytes]:
    for one in range(number):
        yield lines(raised(f"proposal-{one:05}")).encode()


def test_answers_and_errors_go_their_own_ways(desk: Desk) -> None:
    with start(desk, "do", "-") as process:
        out, err = process.communicate(lines(raised(), raised()).encode())

    assert process.returncode == 3, err
    assert [json.loads(line)["line"] for line in out.splitlines()] == [1, 2]
    assert b"1 refused" in err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--version"], 0), (["show", "proposal-9"], 1)],
    ids=["fine", "failed"],
)
def test_the_exit_code_says_how_it_went(desk: Desk, arguments: list[str], code: int) -> None:
    with start(desk, *arguments) as process:
        out, err = process.communicate()

    assert process.returncode == code
    assert (bool(out), len(err.splitlines())) == ((True, 0) if code == 0 else (False, 1))


def test_each_answer_comes_before_the_next_line_is_read(desk: Desk) -> None:
    """So a program can ask, read, and ask again, over one pipe."""
    with start(desk, "do", "-") as process:
        names = [json.loads(ask(process, line))["event"]["stream"] for line in many(3)]
        process.communicate()

    assert names == ["proposal-00000", "proposal-00001", "proposal-00002"]
    assert process.returncode == 0


def test_a_reader_who_has_had_enough_is_no_error(desk: Desk) -> None:
    desk.do(*(raised(f"proposal-{number}") for number in range(40)))
    with start(desk, "register", "--format", "json") as process:
        assert process.stdout is not None
        process.stdout.close()
        error = rest_of_errors(process)

    assert (process.returncode, error) == (0, b"")


def test_do_stops_when_nobody_reads_its_answers(desk: Desk) -> None:
    head = desk.head()
    first, *others = many(50)
    with start(desk, "do", "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        ask(process, first)
        process.stdout.close()
        with suppress(BrokenPipeError):  # it may have stopped before it was told the rest
            process.stdin.write(b"".join(others))
            process.stdin.close()
        error = rest_of_errors(process)

    assert process.returncode == 1
    assert b"stopped after line 2" in error
    assert b"Traceback" not in error
    assert desk.head() == head + 2


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell that starts the tests in the background has them, and what they start, ignore interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_leaves_what_was_recorded(desk: Desk) -> None:
    head = desk.head()
    with start(desk, "do", "-") as process:
        ask(process, next(many(1)))
        process.send_signal(signal.SIGINT)
        error = rest_of_errors(process)

    assert process.returncode == 130
    assert b"interrupted" in error
    assert b"Traceback" not in error
    assert desk.head() == head + 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only some systems have a device that is always full")
def test_an_output_that_cannot_be_written_is_said_once(desk: Desk) -> None:
    desk.do(raised())
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PROPOSALS_LANG": "en"}
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, "--db", desk.url, "register"],
            stdout=full, stderr=subprocess.PIPE, env=environment, cwd=desk.folder, check=False,
        )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr.startswith(b"error: the output cannot be written: No space left")
    assert len(done.stderr.splitlines()) == 1
