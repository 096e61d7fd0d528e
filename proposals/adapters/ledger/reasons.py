"""Why a ledger, or a row of one, cannot be taken over. What people read of it stands in the catalogue, by code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from proposals.domain.catalogue import sentence
from proposals.domain.errors import ProposalsError


class LedgerUnreadable(ProposalsError):
    """A ledger cannot be read at all, or not further. What was imported before stays; importing again goes on."""

    def __init__(self, code: str, **details: object) -> None:
        self.code = code
        self.details = details
        super().__init__(self.text())

    def text(self, language: str = "en") -> str:
        """The sentence for people, in Chinese (`zh`) or English (`en`)."""
        return sentence(self.code, language, **self.details)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was not taken over: its number in the file, why, and what it held."""

    number: int
    code: str
    details: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)

    def text(self, language: str = "en") -> str:
        """The sentence for people, in Chinese (`zh`) or English (`en`)."""
        return sentence(self.code, language, **self.details)


class Unusable(Exception):
    """Something in a row cannot be used."""

    def __init__(self, code: str, **details: object) -> None:
        self.code = code
        self.details = details
        super().__init__(code)
