"""Which of the commands of one call was refused."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from proposals.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sized


@contextmanager
def in_turn(done: Sized) -> Iterator[None]:
    """Commands are dealt with one after another: what is refused is the one after those that are done."""
    try:
        yield
    except Refused as refused:
        refused.index = len(done)
        raise
