"""How the engine says no: every refusal has a stable code, the guard that refused, and a sentence for people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticCustomError

from proposals.domain.catalogue import SENTENCES, sentence, text

if TYPE_CHECKING:
    from collections.abc import Collection


class ProposalsError(Exception):
    """The root of everything this package raises on purpose."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something may not be done. `code` is stable and catalogued; `details` fill the sentence."""

    code: str
    details: dict[str, Any] = field(default_factory=dict)

    def text(self, language: str = "en") -> str:
        """The sentence for people, in Chinese (`zh`) or English (`en`)."""
        return sentence(self.code, language, **self.details)


def refusal(code: str, **details: Any) -> Refusal:
    """A refusal with the details its sentence needs. Raises KeyError for a code that is not in the catalogue."""
    if code not in SENTENCES:
        message = f"{code} has no sentence yet: give it one in proposals/domain/catalogue/refusals.py"
        raise KeyError(message)
    return Refusal(code, details)


def on_the_list(field: str, value: str, known: Collection[str]) -> Refusal | None:
    """Only what a policy lists under a field counts."""
    return None if value in known else refusal("not_on_the_list", field=field, value=value, known=sorted(known))


def unfit(code: str, **details: str) -> PydanticCustomError:
    """What a validator raises: the catalogue's text under a code, which people are told in their own language."""
    return PydanticCustomError(code, text(code, **details), details)


class Refused(ProposalsError):
    """A command was understood and refused. Nothing was recorded.

    `index` says which of the commands of one `do` it is about, from 0; None where there was no such call.
    """

    def __init__(self, reason: Refusal, *, guard: str = "", command: str = "", stream: str = "") -> None:
        self.index: int | None = None
        self.reason = reason
        self.guard = guard
        self.command = command
        self.stream = stream
        super().__init__(f"{reason.code}: {reason.text()}")

    @property
    def code(self) -> str:
        """The stable machine-readable code (the catalogue of codes is part of the public interface)."""
        return self.reason.code

    def text(self, language: str = "en") -> str:
        """The sentence for people."""
        return self.reason.text(language)


class Invalid(ProposalsError):
    """Input that is no command at all. `problems` are pairs of field and reason; nothing was recorded."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{where}: {why}" for where, why in problems))


class Conflict(ProposalsError):
    """Someone else was first: a stream that was read or written has moved on meanwhile.

    Nothing was recorded; look again and decide again.
    """

    def __init__(self, stream: str, expected: int, actual: int, by: str = "") -> None:
        self.stream = stream
        self.expected = expected
        self.actual = actual
        self.by = by
        who = f", recorded by {by}" if by else ""
        super().__init__(f"{stream} is at version {actual}{who}; the decision was made on version {expected}")


class NotFound(ProposalsError):
    """There is no such stream."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        super().__init__(f"{stream} does not exist")


class UnknownEvent(ProposalsError):
    """The store holds an event this release cannot read: an unknown name, or a schema newer than it knows."""

    def __init__(self, name: str, schema: int, where: str) -> None:
        self.name = name
        self.schema = schema
        super().__init__(
            f"{where} holds {name} in schema {schema}, which this release does not know; "
            "read the store with the release that wrote it or a newer one"
        )
