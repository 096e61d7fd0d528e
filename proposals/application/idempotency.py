"""Idempotency: what was asked under which id, and the fingerprint by which the same command is known again."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import orjson

from proposals.domain.vocabulary import SYSTEM, Personal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proposals.domain.event import Command, Fact


class Request(NamedTuple):
    """A command with everything filled in. `named` says that its id came with it, so that it may be a repetition."""

    command: Command
    command_id: str
    fingerprint: str
    named: bool


def fingerprint(command: Command) -> str:
    """SHA-256 of the command as it was given, without its id.

    Personal values, and a ballot's voter and content, are left out: a hash of few possible values is a guess
    away. What the clock asks for is known by its id alone, whenever the tick came.
    """
    left_out = {"command_id", *command.unprinted}
    left_out |= {field for field in type(command).model_fields if isinstance(getattr(command, field), Personal)}
    if command.actor == SYSTEM:
        left_out.add("at")
    body = command.model_dump(mode="json", exclude=left_out)
    return sha256(orjson.dumps([type(command).__name__, body], option=orjson.OPT_SORT_KEYS)).hexdigest()


def placed_at(facts: Sequence[Fact], positions: Sequence[int]) -> list[Fact]:
    """The facts with the positions, and the time, that the store has given them."""
    recorded_at = getattr(positions, "recorded_at", None)
    return [
        replace(fact, position=position, recorded_at=recorded_at)
        for fact, position in zip(facts, positions, strict=True)
    ]
