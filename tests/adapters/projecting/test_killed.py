"""Killed, or failing, between any two statements, what others see is whole, and a rerun makes it complete."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("how", ["killed", "failed"])
def test_a_rerun_gives_the_same_tables(shared_url: str, how: str) -> None:
    command = [sys.executable, str(Path(__file__).with_name("killing.py")), shared_url, how]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    statements = {line.split()[0]: int(line.split()[1]) for line in done.stdout.splitlines()}
    assert min(statements.values()) > 10
