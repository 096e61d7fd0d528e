"""Why an archive cannot be written or read. What people read of it stands in the catalogue, by code."""

from __future__ import annotations

from proposals.domain.catalogue import sentence
from proposals.domain.errors import ProposalsError


class ArchiveUnfit(ProposalsError):
    """An archive cannot be written or read as it is, or the library for it is missing. What was there, stands."""

    def __init__(self, code: str, **details: object) -> None:
        self.code = code
        self.details = details
        super().__init__(self.text())

    def text(self, language: str = "en") -> str:
        """The sentence for people, in Chinese (`zh`) or English (`en`)."""
        return sentence(self.code, language, **self.details)
