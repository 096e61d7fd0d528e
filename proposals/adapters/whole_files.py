"""Files that are whole or not there: whoever had one before keeps it until the new one is on the disk."""

from __future__ import annotations

import os
from stat import S_IMODE
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


def write_whole(path: Path, write: Callable[[Path], T]) -> T:
    """Has a file written beside its place, moves it there once it is on the disk, and returns what `write` does.

    Who may read and write it stays as it was. What is no ordinary file, such as a pipe, is written as it is. Raises
    OSError, which names the file.
    """
    try:
        return _moved_there(path.resolve(), write) if path.is_file() or not path.exists() else write(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def _moved_there(target: Path, write: Callable[[Path], T]) -> T:
    beside = target.with_name(f".{uuid4().hex[:8]}-{target.name}")
    try:
        if target.exists():
            beside.touch()
            beside.chmod(S_IMODE(target.stat().st_mode))
        written = write(beside)
        _sync(beside)
        beside.replace(target)
        _sync(target.parent)
    finally:
        beside.unlink(missing_ok=True)
    return written


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
