"""What the events of a case say of where it stands: its state and step after each, its ends, its way up the tiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from proposals.domain.case import S
from proposals.domain.decision import DecisionEscalated, ProposalRejected
from proposals.domain.discussion import DiscussionEscalated
from proposals.domain.evaluation import ProposalClosed, RectificationEscalated
from proposals.domain.handling import HandlingEscalated
from proposals.domain.importing import ClosedCaseImported, ImportedCaseClosed, OpenCaseImported
from proposals.domain.proposal import PROPOSAL
from proposals.domain.raising import (
    ProposalLapsed,
    ProposalMerged,
    ProposalRaised,
    ProposalRefused,
    ProposalWithdrawn,
)
from proposals.domain.vocabulary import Step

if TYPE_CHECKING:
    from proposals.domain.case import ProposalStatus
    from proposals.domain.event import Event
    from proposals.projections.projection import Entry

STEP: Final[dict[ProposalStatus, Step]] = {
    S.RAISED: Step.RAISE,
    S.RETURNED: Step.RAISE,
    S.ACCEPTED: Step.DISCUSS,
    S.DISCUSSING: Step.DISCUSS,
    S.TABLED: Step.DECIDE,
    S.ANNOUNCED: Step.DECIDE,
    S.CONFIRMED: Step.HANDLE,
    S.HANDLING: Step.HANDLE,
    S.SUSPENDED: Step.HANDLE,
    S.VERIFYING: Step.HANDLE,
    S.HANDLED: Step.EVALUATE,
    S.REPORTED: Step.EVALUATE,
    S.EVALUATING: Step.EVALUATE,
    S.EVALUATED: Step.EVALUATE,
    S.RECTIFYING: Step.EVALUATE,
}
"""The step whose turn it is: an accepted case waits for its discussion. A case that has ended is in none."""

OPENING: Final[tuple[type[Event], ...]] = (ProposalRaised, OpenCaseImported, ClosedCaseImported)
"""The events that a case begins with."""

MOVING: Final = tuple(event for event, target in PROPOSAL.target.items() if target is not None and event not in OPENING)
"""Every later event that begins a state."""


def _standing(status: ProposalStatus) -> tuple[str, str | None]:
    step = STEP.get(status)
    return status.value, step.value if step is not None else None


STANDING: Final = {event.name: _standing(S(target)) for event, target in PROPOSAL.target.items() if target is not None}
"""State and step (None at an end) after an event that begins a state, by its name."""

RISING: Final[dict[type[Event], Step]] = {
    DiscussionEscalated: Step.DISCUSS,
    DecisionEscalated: Step.DECIDE,
    HandlingEscalated: Step.HANDLE,
    RectificationEscalated: Step.EVALUATE,
}
"""The events that take a case to the tier above, each with the step out of which it does."""

RISES: Final = frozenset(event.name for event in RISING)

ENDING: Final[dict[type[Event], str | None]] = {
    ProposalLapsed: "lapsed",
    ProposalRefused: "refused",
    ProposalMerged: "merged",
    ProposalWithdrawn: "withdrawn",
    ProposalRejected: "rejected",
    ProposalClosed: None,
    ClosedCaseImported: "imported",
    ImportedCaseClosed: "imported",
}
"""The events that end a case, each with the outcome; None where the event itself names it."""

_OUTCOME: Final = {event.name: outcome for event, outcome in ENDING.items()}


def ended_as(entry: Entry) -> str:
    """The outcome that an event of `ENDING` gives a case."""
    return _OUTCOME[entry.name] or str(entry.data["outcome"])


def first_unit(entry: Entry) -> str:
    """The unit that an opening event puts a case at: its place, or the grid that the place is a building in."""
    return str(entry.data.get("unit") or entry.data["place"])
