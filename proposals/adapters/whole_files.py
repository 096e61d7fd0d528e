"""Files that are whole or not there: whoever had one before keeps it until the new one is on the disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Has a file written beside its place, and moves it there once it is on the disk.

    What is no ordinary file, such as a pipe, is written as it is. Raises OSError, which names the file.
    """
    target = path.resolve()
    beside = target.with_name(f".{target.name}") if target.is_file() or not target.exists() else target
    try:
        write(beside)
        if beside is not target:
            _sync(beside)
            beside.replace(target)
            _sync(target.parent)
    except BaseException as error:
        if beside is not target:
            beside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
