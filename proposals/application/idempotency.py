"""Idempotency: what was asked under which id, and the fingerprint by which the same command is known again."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import orjson

from proposals.domain.errors import Invalid, Refused, refusal
from proposals.domain.vocabulary import SYSTEM, Personal, as_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from proposals.adapters.store.records import Positions
    from proposals.domain.event import Command, Fact


class Request(NamedTuple):
    """A command with everything filled in. `named` says that its id came with it, so that it may be a repetition."""

    command: Command
    command_id: str
    fingerprint: str
    named: bool

    def blinded(self, blind: Callable[[str], str]) -> Request:
        """The same with its id and fingerprint under a key, so that neither leads to a voter once the key is gone."""
        return self._replace(command_id=blind(self.command_id), fingerprint=blind(self.fingerprint))

    def must_be(self, recorded: str) -> None:
        """Raises Refused if what was recorded under this id, known by its fingerprint, was another command."""
        if recorded != self.fingerprint:
            reason = refusal("command_id_reused", command_id=self.command_id)
            name = type(self.command).__name__
            raise Refused(reason, guard="command_id", command=name, stream=self.command.stream)


def fingerprint(command: Command) -> str:
    """SHA-256 of the command as it was given, without its id.

    Personal values are left out: a hash of few possible values is a guess away. Of a secret command all goes in,
    because it is stored `blinded` only. What the clock asks for is known by its id alone, whenever the tick came.
    Raises Invalid for what is no text.
    """
    left_out = {"command_id"}
    if not command.secret:
        left_out |= {field for field in command.personal if isinstance(getattr(command, field), Personal)}
    if command.actor == SYSTEM:
        left_out.add("at")
    body = command.model_dump(mode="json", exclude=left_out, warnings="none")
    try:
        told = orjson.dumps([type(command).__name__, body], option=orjson.OPT_SORT_KEYS)
    except TypeError as error:  # it was never validated: `model_copy` and `model_construct` do not
        raise Invalid([("command", f"is no JSON: {error}")]) from None
    return sha256(told).hexdigest()


def placed_at(facts: Sequence[Fact], positions: Positions) -> list[Fact]:
    """The facts with the positions, and the time, that the store has given them."""
    recorded_at = as_instant(positions.recorded_at) if positions.recorded_at is not None else None
    return [
        fact._replace(position=position, recorded_at=recorded_at)
        for fact, position in zip(facts, positions, strict=True)
    ]
