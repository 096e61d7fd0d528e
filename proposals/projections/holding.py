"""Who must act: the role that the rules name for a duty, and the unit where somebody holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from proposals.domain.authority import JURISDICTION
from proposals.domain.case import S, order_state
from proposals.domain.context import Site
from proposals.domain.vocabulary import Kind, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proposals.domain.context import Context
    from proposals.domain.meeting import Meeting
    from proposals.domain.rules import ProcessPolicy

_IN_THE_TABLES: Final = {"objection": Role.REVIEWER, "extension": Role.TIER_OFFICER}
"""Who rules on an objection and who answers for more time, where the policy gives neither an owner."""

_OF_AN_ORDER: Final = frozenset({Role.HANDLER, Role.PRINCIPAL})
"""The roles that are held in a handling unit."""


class Holder(NamedTuple):
    """The unit that must act and its title; both None for a role that no unit holds, such as the system's."""

    unit: str | None
    title: str | None


def owner_of(rules: ProcessPolicy, kind: Kind, state: str) -> Role | None:
    """The role that must act in a state (or on an objection, or a request for more time), as the policy has it."""
    deadline = rules.deadline(kind, state)
    return deadline.owner if deadline is not None else _IN_THE_TABLES.get(state)


def duty_of(case: Mapping[str, Any], context: Context) -> tuple[Role | None, str | None]:
    """Who must act on a case by when, of its row in the register. An open objection comes before the clock."""
    if case["step"] is None:
        return None, None
    rules = context.policy(case["policy"])
    if case["open_objections"] and case["status"] == S.ANNOUNCED:
        return owner_of(rules, Kind.PROPOSAL, "objection"), case["ruling_due"] or case["due_at"]
    return owner_of(rules, Kind.PROPOSAL, case["status"]), case["due_at"]


def holder_of(role: Role, case: Mapping[str, Any], context: Context, handling_unit: str | None = None) -> Holder:
    """Where a role acts in a case: the nearest unit of its jurisdiction that has somebody in it.

    `case` is its row in the register. `handling_unit` is that of the order at stake; left out, the lead's.
    """
    unit = _unit_of(role, case, context, handling_unit)
    known = context.unit(unit) if unit is not None else None
    return Holder(unit, known.title if known is not None else unit)


def _unit_of(role: Role, case: Mapping[str, Any], context: Context, handling_unit: str | None) -> str | None:
    if role is Role.CHAIR:
        meeting: Meeting | None = context.read(case["meeting"]) if case["meeting"] is not None else None
        return meeting.unit if meeting is not None else str(case["unit"])
    if role is Role.PROPOSER:
        return str(case["place"])
    where = JURISDICTION.get(role)
    if where is None:
        return None
    if role in _OF_AN_ORDER and handling_unit is None and case["lead_order"] is not None:
        order = order_state(case["lead_order"], context)
        handling_unit = order.unit if order is not None else None
    units = list(where(Site(case["place"], case["unit"], handling_unit), context))
    day = context.day(context.now, context.policy(case["policy"]))
    return next((unit.id for unit in units if unit.holders(frozenset({role}), day)), units[0].id if units else None)
