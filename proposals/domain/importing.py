"""Cases taken over from other registers: facts as the source states them, and no invented steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import StringConstraints

from proposals.domain.case import (
    NOT_ARCHIVED,
    Proposal,
    ProposalCommand,
    S,
    area_of,
    edition_for,
    rules_of,
)
from proposals.domain.deadlines import end_of
from proposals.domain.errors import Refusal, refusal
from proposals.domain.event import Event, Fact, StateEvent
from proposals.domain.process import NEW, SAME, Row
from proposals.domain.raising import a_policy_is_in_force
from proposals.domain.units import place_is_an_area
from proposals.domain.vocabulary import (
    Code,
    Instant,
    Line,
    PolicyId,
    Role,
    Text,
    Tier,
    UnitId,
    Value,
    instant_text,
)

if TYPE_CHECKING:
    from proposals.domain.context import Context

# --- commands


class Provenance(Value):
    """Where an imported row comes from: the source's name, the row's key in it, and a hash of its content."""

    source: Code
    key: Line
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ImportedFacts(Value):
    """What the source states, as it states it. Nothing is invented: what it does not say is None."""

    title: Line
    text: Text | None = None
    category: Line | None = None
    raised_at: Instant
    closed_at: Instant | None = None
    source_status: Line
    channel: Line | None = None
    address: Line | None = None
    department: UnitId | None = None
    resolution: Text | None = None


class _Import(ProposalCommand):
    place: UnitId
    provenance: Provenance
    facts: ImportedFacts


class ImportOpenCase(_Import):
    """Takes over a case that its source has not closed."""


class ImportClosedCase(_Import):
    """Takes over a case that its source has closed."""


class _Restate(ProposalCommand):
    provenance: Provenance
    facts: ImportedFacts


class UpdateImported(_Restate):
    """The row has changed in the source."""


class CloseImported(_Restate):
    """The source has closed the case, with which nothing was done here."""


# --- events


class _Imported(StateEvent):
    place: UnitId
    provenance: Provenance
    facts: ImportedFacts
    policy: PolicyId
    unit: UnitId | None = None
    """The unit that deals with it, where the place is a building."""

    @classmethod
    def of(cls, state: None, command: _Import, context: Context) -> Any:
        """Pins the edition in force."""
        assert command.at is not None
        edition = edition_for(command.place, command.at, context)
        area = area_of(command.place, context)
        return cls(
            place=command.place,
            provenance=command.provenance,
            facts=command.facts,
            policy=edition,
            unit=area if area != command.place else None,
        )


def _take_over(state: Proposal, event: _Imported) -> None:
    state.policy, state.place, state.unit = event.policy, event.place, event.unit or event.place
    state.imported = True
    _take_facts(state, event.provenance, event.facts)


def _take_facts(state: Proposal, provenance: Provenance, facts: ImportedFacts) -> None:
    state.import_hash = provenance.sha256
    state.title, state.text = facts.title, facts.text or facts.title
    if not state.reclassified:  # what was found out here is not undone by a register that does not know it
        state.category = facts.category
    state.raised_at = facts.raised_at
    state.source_status = facts.source_status


def _restate(state: Proposal, provenance: Provenance, facts: ImportedFacts) -> None:
    """The new facts. Another wording is another revision: what a meeting has on its agenda is the old one."""
    if (state.title, state.text) != (facts.title, facts.text or facts.title):
        state.revision += 1
    _take_facts(state, provenance, facts)


class OpenCaseImported(_Imported):
    """An open case was taken over."""

    def apply(self, state: Proposal, fact: Fact) -> None:
        """It begins here, accepted."""
        _take_over(state, self)


class ClosedCaseImported(_Imported):
    """A closed case was taken over."""

    def apply(self, state: Proposal, fact: Fact) -> None:
        """It begins here, at its end."""
        _take_over(state, self)
        state.end(fact, "imported")


class ImportedCaseUpdated(Event):
    """The source states it differently now."""

    provenance: Provenance
    facts: ImportedFacts

    def apply(self, state: Proposal, fact: Fact) -> None:
        """The new facts, in whatever state the case is."""
        _restate(state, self.provenance, self.facts)


class ImportedCaseClosed(StateEvent):
    """The source has closed it, and so it is closed here."""

    provenance: Provenance
    facts: ImportedFacts

    def apply(self, state: Proposal, fact: Fact) -> None:
        """The new facts, and an end like that of a case which was closed when it was imported."""
        _restate(state, self.provenance, self.facts)
        state.end(fact, "imported")


def is_as_imported(case: Proposal) -> bool:
    """Whether no step was taken here since an open case was imported, and no other case hangs on it.

    A case comes back to where imports begin only in a later cycle, at a higher tier, or with a loop counted that
    nothing lets start anew there. Notes are no steps.
    """
    untouched = case.cycle == 1 and case.unit == case.place and not case.counts and not case.absorbed
    return case.imported and case.status is S.ACCEPTED and untouched


# --- guards


def place_is_open(state: None, command: _Import, context: Context) -> Refusal | None:
    """The place is a grid or a community: other registers seldom know our grids."""
    return place_is_an_area(command.place, context, frozenset({Tier.GRID, Tier.BUILDING, Tier.COMMUNITY}))


def closed_means_closed(state: Proposal | None, command: _Import | CloseImported, context: Context) -> Refusal | None:
    """A closed case has a closing time; an open one has none."""
    if (command.facts.closed_at is not None) is not isinstance(command, ImportClosedCase | CloseImported):
        return refusal("closing_time_does_not_fit", proposal=command.proposal)
    return None


def closed_after_raised(state: Any, command: _Import | _Restate, context: Context) -> Refusal | None:
    """Nothing is closed before it was raised, in a row's first version or a later one."""
    closed = command.facts.closed_at
    if closed is not None and closed < command.facts.raised_at:
        return refusal("closed_before_raised", proposal=command.proposal)
    return None


def nothing_lies_ahead(state: Proposal | None, command: _Import | _Restate, context: Context) -> Refusal | None:
    """A register can be wrong about the past, but it cannot know the future beyond the clock's skew."""
    rules = rules_of(state, command, context) or context.default_policy
    last = max(filter(None, (command.facts.raised_at, command.facts.closed_at)))
    if last > end_of(context.now, rules.clock_skew, rules, context.calendar).at:
        return refusal("in_the_future", at=instant_text(last), now=instant_text(context.now))
    return None


def it_was_imported(state: Proposal, command: _Restate, context: Context) -> Refusal | None:
    """Only an imported case is updated from its source, and only if the row has changed."""
    if not state.imported:
        return refusal("not_imported", proposal=state.id)
    return refusal("nothing_changes") if state.import_hash == command.provenance.sha256 else None


def nothing_was_done_here(state: Proposal, command: CloseImported, context: Context) -> Refusal | None:
    """Whom our process has begun to answer, it answers to the end; what the source says then is a note."""
    return None if is_as_imported(state) else refusal("dealt_with_here", proposal=state.id)


# --- rows

IMPORTING = (
    Row(NEW, ImportOpenCase, OpenCaseImported, S.ACCEPTED, (Role.IMPORTER,),
        (place_is_open, a_policy_is_in_force, closed_means_closed, nothing_lies_ahead)),
    Row(NEW, ImportClosedCase, ClosedCaseImported, S.CLOSED, (Role.IMPORTER,),
        (place_is_open, a_policy_is_in_force, closed_means_closed, closed_after_raised, nothing_lies_ahead)),
    Row(NOT_ARCHIVED, UpdateImported, ImportedCaseUpdated, SAME, (Role.IMPORTER,),
        (it_was_imported, closed_after_raised, nothing_lies_ahead)),
    Row(S.ACCEPTED, CloseImported, ImportedCaseClosed, S.CLOSED, (Role.IMPORTER,),
        (it_was_imported, closed_means_closed, closed_after_raised, nothing_lies_ahead, nothing_was_done_here)),
)  # fmt: skip
