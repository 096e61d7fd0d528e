"""What every step asks of the units it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proposals.domain.errors import Refusal, refusal

if TYPE_CHECKING:
    from proposals.domain.context import Context
    from proposals.domain.vocabulary import Tier


def unit_is_open(unit: str, context: Context) -> Refusal | None:
    """The unit exists and is not closed."""
    found = context.unit(unit)
    if found is None:
        return refusal("no_such_unit", unit=unit)
    return None if found.is_open else refusal("unit_is_closed", unit=unit)


def each_unit_once_and_open(proposal: str, lead: str, assisting: tuple[str, ...], context: Context) -> Refusal | None:
    """Who is to handle a case: each unit named once, and all of them open."""
    if lead in assisting or len(set(assisting)) < len(assisting):
        return refusal("unit_named_twice", proposal=proposal)
    reasons = (unit_is_open(unit, context) for unit in (lead, *assisting))
    return next((reason for reason in reasons if reason is not None), None)


def place_is_an_area(place: str, context: Context, tiers: frozenset[Tier]) -> Refusal | None:
    """The place is an open unit of the administrative tree, of one of these tiers."""
    reason = unit_is_open(place, context)
    if reason is not None:
        return reason
    unit = context.unit(place)
    if unit is not None and unit.tier not in tiers:
        return refusal("place_of_wrong_tier", unit=place, allowed=sorted(tier.value for tier in tiers))
    return None
