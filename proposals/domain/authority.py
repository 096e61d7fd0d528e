"""Who may act: roles held on that day, jurisdiction, and keeping apart the people who must not check themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proposals.domain.errors import Refusal, refusal
from proposals.domain.vocabulary import FOLLOWING_FROM_A_CASE, SYSTEM, Act, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from proposals.domain.context import Context, Site
    from proposals.domain.event import Command
    from proposals.domain.organisation import Unit
    from proposals.domain.process import Row
    from proposals.domain.rules import ProcessPolicy

    Where = Callable[[Site, Context], Iterator[Unit]]


def _current(site: Site, context: Context) -> Iterator[Unit]:
    unit = context.unit(context.acting(site.unit))
    if unit is not None:
        yield unit


def _parent(site: Site, context: Context) -> Iterator[Unit]:
    parent = context.parent(site.unit)
    yield from [parent] if parent is not None else _current(site, context)


def _handling(site: Site, context: Context) -> Iterator[Unit]:
    unit = context.unit(site.handling_unit) if site.handling_unit else None
    if unit is not None:
        yield unit


def _place_and_above(site: Site, context: Context) -> Iterator[Unit]:
    return context.above(site.place)


def _community_and_above(site: Site, context: Context) -> Iterator[Unit]:
    return context.community_and_above(site.place)


JURISDICTION: dict[Role, Where] = {
    Role.CONVENOR: _current,
    Role.MEMBER: _current,
    Role.PART_TIME_MEMBER: _current,
    Role.OBSERVER: _current,
    Role.SCREENER: _community_and_above,
    Role.COORDINATOR: _community_and_above,
    Role.VERIFIER: _community_and_above,
    Role.REVIEWER: _community_and_above,
    Role.HANDLER: _handling,
    Role.PRINCIPAL: _handling,
    Role.TIER_OFFICER: _parent,
    Role.RESIDENT: _place_and_above,
    Role.PARTY_MEMBER: _place_and_above,
    Role.GRID_WORKER: _place_and_above,
    Role.ARCHIVIST: _place_and_above,
    Role.IMPORTER: _place_and_above,
    Role.AUDITOR: _place_and_above,
    Role.REGISTRAR: _place_and_above,
}
"""Where an appointment must lie for a role to count in a case (domain, *Jurisdiction*)."""

ENTERING = (Role.GRID_WORKER, Role.SCREENER, Role.COORDINATOR, Role.CONVENOR, Role.IMPORTER, Role.REGISTRAR)
"""Who may key in what others did: grid workers and clerks do it all day."""


def holds(person: str, role: Role, site: Site, day: date, context: Context) -> bool:
    """Whether a person held a role on that day where it counts for the case."""
    return holds_any(person, (role,), site, day, context)


def holds_any(person: str, roles: Iterable[Role], site: Site, day: date, context: Context) -> bool:
    """Whether a person held one of the roles. Each place is walked once, however many roles count there."""
    wanted: dict[Where, set[Role]] = {}
    for role in roles:
        if role in JURISDICTION:
            wanted.setdefault(JURISDICTION[role], set()).add(role)
    return any(unit.holds(person, counting, day) for where, counting in wanted.items() for unit in where(site, context))


def may_act(
    row: Row, state: Any, command: Command, site: Site, rules: ProcessPolicy | None, context: Context
) -> Refusal | None:
    """Why these two people may not do this here, or None.

    A role either follows from the case (proposer, chair, voter, system), which the state itself knows, or from
    an appointment of that day within its jurisdiction. Keying in is an act of the day it is done on: a new clerk
    enters last week's acts, and one who has left enters nothing any more, not even what they did themselves. The
    system keys in its own acts, and nobody does so for it.
    """
    assert command.at is not None
    actor, entered_by = command.act
    if actor == SYSTEM and entered_by != SYSTEM:
        return refusal("may_not_enter_for_others", entered_by=entered_by, actor=actor, unit=site.unit)
    day, today = context.day(command.at, rules), context.day(context.now, rules)
    if not _follows_from_the_case(row.roles, actor, state, command, context):
        for asked in dict.fromkeys((day, today) if actor == entered_by else (day,)):
            if not holds_any(actor, row.roles, site, asked, context):
                return refusal(
                    "not_authorised",
                    actor=actor,
                    command=row.command.__name__,
                    roles=[role.value for role in row.roles],
                    unit=site.unit,
                    day=asked.isoformat(),
                )
    if actor == entered_by:
        return None
    if _follows_from_the_case((Role.CHAIR,), entered_by, state, command, context) or holds_any(
        entered_by, ENTERING, site, today, context
    ):
        return None
    return refusal("may_not_enter_for_others", entered_by=entered_by, actor=actor, unit=site.unit)


def _follows_from_the_case(
    roles: tuple[Role, ...], person: str, state: Any, command: Command, context: Context
) -> bool:
    """Asked before appointments are: the case is at hand, while those lie in other streams."""
    for role in roles:
        if role is Role.SYSTEM:
            if person == SYSTEM:
                return True
        elif role in FOLLOWING_FROM_A_CASE and state is not None and state.is_in(role, person, command, context):
            return True
    return False


def approved(approver: str, command: Command, site: Site, day: date, context: Context) -> Refusal | None:
    """An approver is a tier officer or a reviewer of the case, and neither of the two people on the command."""
    if approver in command.act:
        return refusal("approves_own_act", approver=approver)
    if not holds_any(approver, (Role.TIER_OFFICER, Role.REVIEWER), site, day, context):
        return refusal("not_an_approver", approver=approver, unit=site.unit)
    return None


def apart(command: Command, others: Iterable[Act], code: str) -> Refusal | None:
    """Segregation of duties: refuses if a person of the command had a hand in one of the other acts."""
    act = command.act
    for other in others:
        if act.shares_a_person_with(other):
            return refusal(code, actor=act.actor, entered_by=act.entered_by, other=other.actor)
    return None
