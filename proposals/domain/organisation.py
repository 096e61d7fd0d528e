"""The organisation: units and their tree, who holds which role from when to when, and who is paired with whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from proposals.domain.authority import holds
from proposals.domain.context import Context, Site
from proposals.domain.errors import Refusal, refusal
from proposals.domain.event import Command, Event, Fact, StateEvent
from proposals.domain.process import NEW, SAME, Process, Row
from proposals.domain.state import State
from proposals.domain.units import unit_is_open
from proposals.domain.vocabulary import (
    BALLOT_BOX,
    FOLLOWING_FROM_A_CASE,
    RESIDENTS,
    SYSTEM,
    Instant,
    Kind,
    Line,
    PersonId,
    PolicyId,
    Role,
    Text,
    Tier,
    UnitId,
    UnitKind,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from proposals.domain.rules import ProcessPolicy


class UnitStatus(StrEnum):
    """A unit is open until it is closed."""

    OPEN = "open"
    CLOSED = "closed"


class Appointment(NamedTuple):
    """A person in a role, from a day to a day, both included."""

    role: Role
    since: date
    until: date | None

    def covers(self, day: date) -> bool:
        """Whether it stood on that day."""
        return self.since <= day and not self.ends_before(day)

    def ends_before(self, day: date) -> bool:
        """Whether its last day is before that one."""
        return self.until is not None and self.until < day


class Edition(NamedTuple):
    """A policy edition and the moment from which it holds at a unit."""

    policy: str
    begins: datetime


@dataclass(slots=True, kw_only=True)
class Unit(State):
    """A unit as its events add up."""

    title: str = ""
    unit_kind: UnitKind = UnitKind.AREA
    tier: Tier | None = None
    parent: str | None = None
    appointments: dict[str, tuple[Appointment, ...]] = field(default_factory=dict)
    paired_with: set[str] = field(default_factory=set)
    editions: tuple[Edition, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it still is a unit."""
        return self.status is UnitStatus.OPEN

    def holds(self, person: str, roles: Collection[Role], day: date) -> bool:
        """Whether a person held one of the roles here on that day."""
        return any(
            appointment.role in roles and appointment.covers(day) for appointment in self.appointments.get(person, ())
        )

    def holders(self, roles: frozenset[Role], day: date) -> list[str]:
        """Everyone who held one of the roles here on that day, sorted."""
        return sorted(
            person
            for person, appointments in self.appointments.items()
            if any(appointment.role in roles and appointment.covers(day) for appointment in appointments)
        )

    def employs(self, person: str, day: date) -> bool:
        """Whether a person held an office here on that day; living in a place is none."""
        return any(
            appointment.covers(day) and appointment.role not in RESIDENTS
            for appointment in self.appointments.get(person, ())
        )

    def employs_after(self, person: str, day: date) -> bool:
        """Whether a person has an office here that lasts beyond that day, or begins after it."""
        return any(
            not appointment.ends_before(day + timedelta(days=1)) and appointment.role not in RESIDENTS
            for appointment in self.appointments.get(person, ())
        )

    def policy_at(self, at: datetime) -> str | None:
        """The edition in force here at that moment: of those that have begun, the one enacted last."""
        return next((edition.policy for edition in reversed(self.editions) if edition.begins <= at), None)


class UnitCommand(Command):
    """Addressed to a unit."""

    kind: ClassVar[Kind] = Kind.UNIT
    unit: UnitId


class CreateUnit(UnitCommand):
    """Opens a unit under a parent, or the county without one. Only an area has a tier."""

    title: Line
    unit_kind: UnitKind = UnitKind.AREA
    tier: Tier | None = None
    parent: UnitId | None = None


class RenameUnit(UnitCommand):
    """Gives a unit another name."""

    title: Line
    reason: Text


class MoveUnit(UnitCommand):
    """Puts a unit under another parent."""

    parent: UnitId
    reason: Text


class CloseUnit(UnitCommand):
    """Closes a unit that has no open appointment beyond today."""

    reason: Text


class Appoint(UnitCommand):
    """Puts a person into a role from a day to a day, both included."""

    person: PersonId
    role: Role
    since: date
    until: date | None = None


class EndAppointment(UnitCommand):
    """Ends an appointment; `until` is its last day."""

    person: PersonId
    role: Role
    until: date
    reason: Text


class PairUnit(UnitCommand):
    """Pairs a unit with another 结对 (S000, S002)."""

    partner: UnitId
    since: date


class EnactPolicy(UnitCommand):
    """Puts a published policy edition into force here."""

    policy: PolicyId
    begins: Instant


class UnitCreated(StateEvent):
    """A unit exists."""

    title: Line
    unit_kind: UnitKind
    tier: Tier | None = None
    parent: UnitId | None = None

    def apply(self, state: Unit, fact: Fact) -> None:
        """Name, kind and place in the tree."""
        state.title, state.unit_kind = self.title, self.unit_kind
        state.tier, state.parent = self.tier, self.parent


class UnitRenamed(Event):
    """A unit has another name."""

    title: Line
    reason: Text

    def apply(self, state: Unit, fact: Fact) -> None:
        """The new name."""
        state.title = self.title


class UnitMoved(Event):
    """A unit is under another parent."""

    parent: UnitId
    reason: Text

    def apply(self, state: Unit, fact: Fact) -> None:
        """The new parent."""
        state.parent = self.parent


class UnitClosed(StateEvent):
    """A unit is no more."""

    reason: Text


class Appointed(Event):
    """A person holds a role."""

    person: PersonId
    role: Role
    since: date
    until: date | None = None

    def apply(self, state: Unit, fact: Fact) -> None:
        """One more appointment."""
        held = state.appointments.get(self.person, ())
        state.appointments[self.person] = (*held, Appointment(self.role, self.since, self.until))


class AppointmentEnded(Event):
    """A person's role has a last day."""

    person: PersonId
    role: Role
    until: date
    reason: Text

    def apply(self, state: Unit, fact: Fact) -> None:
        """Every appointment in that role that would last longer ends with that day."""
        state.appointments[self.person] = tuple(
            held._replace(until=self.until)
            if held.role is self.role and (held.until is None or held.until > self.until)
            else held
            for held in state.appointments.get(self.person, ())
        )


class UnitPaired(Event):
    """Two units are paired."""

    partner: UnitId
    since: date

    def apply(self, state: Unit, fact: Fact) -> None:
        """One more partner."""
        state.paired_with.add(self.partner)


class PolicyEnacted(Event):
    """An edition of the policy holds here from a moment: the midnight its first day begins with, in its own zone."""

    policy: PolicyId
    begins: Instant

    def apply(self, state: Unit, fact: Fact) -> None:
        """One more edition."""
        state.editions = (*state.editions, Edition(self.policy, self.begins))


_UNDER = {
    Tier.STREET: (Tier.COUNTY,),
    Tier.COMMUNITY: (Tier.STREET, Tier.COUNTY),
    Tier.GRID: (Tier.COMMUNITY, Tier.STREET),
    Tier.BUILDING: (Tier.GRID,),
}


def it_has_its_place_in_the_tree(state: None, command: CreateUnit, context: Context) -> Refusal | None:
    """An area stands under one of the tier above; the county stands alone; anything else has no tier."""
    if command.unit_kind is not UnitKind.AREA:
        if command.tier is not None:
            return refusal("unit_has_no_tier", unit=command.unit, unit_kind=command.unit_kind.value)
        return None if command.parent is None else unit_is_open(command.parent, context)
    if command.tier is None:
        return refusal("area_needs_tier", unit=command.unit)
    if command.tier is Tier.COUNTY:
        return None if command.parent is None else refusal("county_has_no_parent", unit=command.unit)
    return _fits_under(command.unit, command.tier, command.parent, context)


def only_the_system_founds_a_county(state: None, command: CreateUnit, context: Context) -> Refusal | None:
    """A unit without a parent has nobody above it who could create it."""
    if command.parent is None and command.actor != SYSTEM:
        return refusal("only_system", command="CreateUnit")
    return None


def the_system_only_founds(state: Any, command: Any, context: Context) -> Refusal | None:
    """Once somebody is registrar of the place or above it, that one keeps the register, and the system does not.

    It is asked of the day of the act and of today, so that no earlier date leads around a registrar.
    """
    if command.actor != SYSTEM:
        return None
    days = {context.day(command.at), context.day(context.now)}
    places = (getattr(command, "unit", None) or state.unit, getattr(command, "parent", None))
    for unit in (unit for place in places if place is not None for unit in context.above(place)):
        if any(unit.holders(frozenset({Role.REGISTRAR}), day) for day in days):
            return refusal("system_only_founds", unit=unit.id)
    return None


def it_fits_under_its_new_parent(state: Unit, command: MoveUnit, context: Context) -> Refusal | None:
    """The new parent is open, of a fitting tier, and not below the unit itself."""
    if context.is_within(command.parent, state.id):
        return refusal("unit_below_itself", unit=state.id, parent=command.parent)
    if state.tier is None:
        return unit_is_open(command.parent, context)
    return _fits_under(state.id, state.tier, command.parent, context)


def registrar_of_the_new_parent(state: Unit, command: MoveUnit, context: Context) -> Refusal | None:
    """Nobody moves a unit into a register that others keep."""
    assert command.at is not None
    site, day = Site(command.parent, command.parent), context.day(command.at)
    if command.actor == SYSTEM or holds(command.actor, Role.REGISTRAR, site, day, context):
        return None
    return refusal("not_registrar_there", actor=command.actor, parent=command.parent)


def _fits_under(unit: str, tier: Tier, parent: str | None, context: Context) -> Refusal | None:
    allowed = [above.value for above in _UNDER.get(tier, ())]
    if parent is None:
        return refusal("unit_needs_parent", unit=unit, tier=tier.value, allowed=allowed)
    reason = unit_is_open(parent, context)
    if reason is not None:
        return reason
    above = context.unit(parent)
    if above is None or above.tier is None or above.tier.value not in allowed:
        return refusal("unit_under_wrong_tier", unit=unit, tier=tier.value, allowed=allowed)
    return None


def role_is_one_of_appointment(state: Unit, command: Appoint, context: Context) -> Refusal | None:
    """Proposer, chair, voter and system follow from a case; the system and the ballot box are nobody."""
    if command.role in FOLLOWING_FROM_A_CASE or command.person in {SYSTEM, BALLOT_BOX}:
        return refusal("not_an_appointment", role=command.role.value)
    return None


def days_are_in_order(state: Unit, command: Appoint, context: Context) -> Refusal | None:
    """An appointment does not end before it begins."""
    if command.until is not None and command.until < command.since:
        return refusal("ends_before_it_begins", since=command.since.isoformat(), until=command.until.isoformat())
    return None


def not_held_already(state: Unit, command: Appoint, context: Context) -> Refusal | None:
    """One role is held once at a time."""
    asked = Appointment(command.role, command.since, command.until)
    for held in state.appointments.get(command.person, ()):
        if held.role is asked.role and not held.ends_before(asked.since) and not asked.ends_before(held.since):
            return refusal("already_appointed", person=command.person, role=command.role.value, unit=state.id)
    return None


def nobody_appoints_themselves(state: Unit, command: Appoint, context: Context) -> Refusal | None:
    """A registrar does not give roles to the registrar; a resident's entry in the register is no office."""
    if command.person in command.act and command.role not in RESIDENTS:
        return refusal("appoints_themselves", person=command.person)
    return None


def it_is_held(state: Unit, command: EndAppointment, context: Context) -> Refusal | None:
    """There is such an appointment, and it lasts longer than the day it is to end with."""
    for held in state.appointments.get(command.person, ()):
        if held.role is command.role and (held.until is None or held.until > command.until):
            return None
    return refusal("not_appointed", person=command.person, role=command.role.value, unit=state.id)


def partner_is_open(state: Unit, command: PairUnit, context: Context) -> Refusal | None:
    """A unit pairs with another open unit, once."""
    if command.partner == state.id or command.partner in state.paired_with:
        return refusal("already_paired", unit=state.id, partner=command.partner)
    return unit_is_open(command.partner, context)


def nobody_is_left(state: Unit, command: CloseUnit, context: Context) -> Refusal | None:
    """Offices are ended one by one before a unit closes, so that nobody's role vanishes unseen."""
    assert command.at is not None
    day = context.day(command.at)
    left = [person for person in state.appointments if person not in command.act and state.employs_after(person, day)]
    return refusal("unit_has_people", unit=state.id, people=len(left)) if left else None


def _site(state: Unit | None, command: Any, context: Context) -> Site:
    home = state.id if state is not None else command.parent or command.stream
    return Site(place=home, unit=home)


def _policy(state: Unit | None, command: Command, context: Context) -> ProcessPolicy | None:
    return None


_BY = (Role.REGISTRAR, Role.SYSTEM)
_OPEN, _CLOSED = UnitStatus.OPEN, UnitStatus.CLOSED

ORGANISATION = Process(
    Kind.UNIT,
    UnitStatus,
    Unit,
    (
        Row(NEW, CreateUnit, UnitCreated, _OPEN, (*_BY, Role.IMPORTER),
            (only_the_system_founds_a_county, the_system_only_founds, it_has_its_place_in_the_tree)),
        Row(_OPEN, RenameUnit, UnitRenamed, SAME, _BY, (the_system_only_founds,)),
        Row(_OPEN, MoveUnit, UnitMoved, SAME, _BY,
            (the_system_only_founds, it_fits_under_its_new_parent, registrar_of_the_new_parent)),
        Row(_OPEN, Appoint, Appointed, SAME, _BY,
            (the_system_only_founds, role_is_one_of_appointment, days_are_in_order, not_held_already,
             nobody_appoints_themselves)),
        Row(_OPEN, EndAppointment, AppointmentEnded, SAME, _BY, (the_system_only_founds, it_is_held)),
        Row(_OPEN, PairUnit, UnitPaired, SAME, _BY, (the_system_only_founds, partner_is_open)),
        Row(_OPEN, EnactPolicy, PolicyEnacted, SAME, reaction=True),
        Row(_OPEN, CloseUnit, UnitClosed, _CLOSED, _BY, (the_system_only_founds, nobody_is_left)),
    ),
    terminal=(_CLOSED,),
    site=_site,
    policy=_policy,
)  # fmt: skip
