"""Which of the commands of one call was refused."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from proposals.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sized


class CommandRefused(Refused):
    """What `do` raises: a Refused that also says by `index` which of the call's commands it is about, from 0."""

    def __init__(self, refused: Refused, index: int) -> None:
        super().__init__(refused.reason, guard=refused.guard, command=refused.command, stream=refused.stream)
        self.index = index


@contextmanager
def in_turn(done: Sized) -> Iterator[None]:
    """Commands are dealt with one after another: what is refused is the one after those that are done."""
    try:
        yield
    except Refused as refused:
        raise CommandRefused(refused, len(done)) from refused
