"""Stock `eventsourcing`, the style its tutorial begins with: an aggregate whose methods are events."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from benchmarks import made_up
from benchmarks.subjects.stock import Stock


class Proposal(Aggregate):
    """A case."""

    @event("Raised")
    def __init__(self, key: UUID, actor: str, place: str, title: str, text: str) -> None:
        self.key = key
        self.status = "raised"
        self.proposer = actor
        self.place = place
        self.title = title
        self.text = text
        self.category = ""
        self.urgency = ""
        self.cosigners: tuple[str, ...] = ()
        self.evidence: tuple[dict[str, Any], ...] = ()

    @staticmethod
    def create_id(key: UUID) -> UUID:
        return key

    @event("CoSigned")
    def cosign(self, actor: str) -> None:
        self.cosigners = (*self.cosigners, actor)

    @event("Revised")
    def revise(self, actor: str, title: str, text: str) -> None:
        self.title, self.text = title, text

    @event("Accepted")
    def accept(self, actor: str, category: str, urgency: str) -> None:
        self.status, self.category, self.urgency = "accepted", category, urgency

    @event("EvidenceAttached")
    def attach(self, actor: str, evidence: list[dict[str, Any]]) -> None:
        self.evidence = (*self.evidence, *evidence)

    @event("NoteAdded")
    def add_note(self, actor: str, note: str) -> None:
        pass


class StockDecorated(Stock):
    """Commands are methods of the aggregate; `save` collects what they did."""

    def history(self, case: UUID) -> list[Any]:
        """One aggregate with ten events pending."""
        proposal = Proposal(case, made_up.PROPOSER, "unit-grid", made_up.TITLE, made_up.TEXT)
        for person in made_up.COSIGNERS:
            proposal.cosign(person)
        proposal.revise(made_up.PROPOSER, made_up.TITLE, made_up.REVISED)
        proposal.accept(made_up.SCREENER, made_up.CATEGORY, "normal")
        proposal.attach(made_up.PROPOSER, [dict(made_up.PHOTO)])
        for _ in range(3):
            proposal.add_note(made_up.PROPOSER, made_up.NOTE)
        return [proposal]

    def add_note(self, case: UUID) -> None:
        """Load, look at the state, record a note."""
        proposal: Proposal = self._application.repository.get(case)
        assert proposal.status != "archived"
        proposal.add_note(made_up.PROPOSER, made_up.NOTE)
        self._application.save(proposal)

    def fold(self, case: UUID) -> int:
        """Load it."""
        proposal: Proposal = self._application.repository.get(case)
        return proposal.version
