"""Review dates: a matter that rests says when it is looked at again, and that is not put off for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proposals.domain.case import pinned
from proposals.domain.deadlines import end_of
from proposals.domain.errors import Refusal, refusal
from proposals.domain.vocabulary import instant_text

if TYPE_CHECKING:
    from proposals.domain.case import Proposal
    from proposals.domain.context import Context


def review_is_ahead(state: Proposal, command: Any, context: Context) -> Refusal | None:
    """A review date lies in the future, and no further than the policy lets a matter rest."""
    rules = pinned(context, state)
    if command.review_at <= command.at:
        return refusal("review_not_ahead")
    last = end_of(command.at, rules.review_within, rules, context.calendar).at
    return refusal("review_too_late", last=instant_text(last)) if command.review_at > last else None
