"""The organisation: the tree of units, who holds which role from when to when, pairings, editions in force."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from proposals import (
    Appoint,
    Appointed,
    AppointmentEnded,
    CloseUnit,
    CreateUnit,
    EndAppointment,
    MoveUnit,
    PairUnit,
    RenameUnit,
    UnitClosed,
    UnitCreated,
    UnitMoved,
    UnitPaired,
    UnitRenamed,
)
from proposals.domain.organisation import Appointment, PolicyEnacted, Unit, UnitStatus
from proposals.domain.vocabulary import FOLLOWING_FROM_A_CASE, Role, Tier, UnitKind
from proposals.testing import MORNING, SINCE, Scenario, given, on
from tests.domain.stories import DAY, TODAY, appoint, county, refused

if TYPE_CHECKING:
    from proposals.domain.event import Command

BY = "county-registrar"
NEW = "unit-new"


def creating(tier: str | None, parent: str | None, kind: str = "area", **changes: str) -> CreateUnit:
    return CreateUnit.model_validate(
        {"unit": NEW, "title": "New", "unit_kind": kind, "tier": tier, "parent": parent, "actor": BY, **changes}
    )


def moving(unit: str, parent: str, **changes: str) -> MoveUnit:
    return MoveUnit.model_validate({"unit": unit, "parent": parent, "reason": "Redrawn", "actor": BY, **changes})


def ending(person: str, role: str, unit: str, until: date = TODAY) -> EndAppointment:
    return EndAppointment(unit=unit, person=person, role=Role(role), until=until, reason="Retired", actor=BY)


def closing(unit: str, actor: str = BY) -> CloseUnit:
    return CloseUnit(unit=unit, reason="Merged", actor=actor)


# --- units and their tree


@pytest.mark.parametrize(
    ("tier", "parent"),
    [
        ("street", "unit-county"),
        ("community", "unit-street"),
        ("community", "unit-county"),
        ("grid", "unit-community"),
        ("grid", "unit-street"),
        ("building", "unit-grid"),
    ],
)
def test_an_area_stands_under_a_tier_above_it(tier: str, parent: str) -> None:
    scenario = county().when(creating(tier, parent))
    scenario.then(UnitCreated(title="New", unit_kind=UnitKind.AREA, tier=Tier(tier), parent=parent))
    unit = scenario.state(NEW)
    assert (unit.status, unit.title, unit.unit_kind, unit.tier, unit.parent) == ("open", "New", "area", tier, parent)
    assert unit.is_open


@pytest.mark.parametrize(
    ("tier", "parent", "allowed"),
    [
        ("street", "unit-community", ["county"]),
        ("community", "unit-grid", ["street", "county"]),
        ("grid", "unit-county", ["community", "street"]),
        ("grid", "unit-grid", ["community", "street"]),
        ("building", "unit-community", ["grid"]),
        ("grid", "unit-water", ["community", "street"]),  # a department has no tier
    ],
)
def test_an_area_stands_under_no_other(tier: str, parent: str, allowed: list[str]) -> None:
    refused(county().when(creating(tier, parent)), "unit_under_wrong_tier", unit=NEW, tier=tier, allowed=allowed)


def test_only_the_system_founds_what_stands_alone() -> None:
    assert given().when(creating("county", None, actor="system")).then(UnitCreated).state(NEW).parent is None
    refused(county().when(creating("county", None)), "not_authorised")


def test_not_even_a_registrar_whom_the_hosts_directory_already_knows_there_founds_it() -> None:
    host = county().given(on(NEW, UnitCreated(title="x", unit_kind=UnitKind.AREA, tier=Tier.COUNTY)))
    host.given(on(NEW, Appointed(person="founder", role=Role.REGISTRAR, since=SINCE)))
    scenario = given(directory=lambda unit: host.context().read(unit))
    refused(scenario.when(creating("county", None, actor="founder")), "only_system", command="CreateUnit")


def test_a_county_has_no_parent_and_everything_below_has_one() -> None:
    refused(county().when(creating("county", "unit-county")), "county_has_no_parent", unit=NEW)
    refused(
        county().when(creating("grid", None, actor="system")),
        "unit_needs_parent", unit=NEW, tier="grid", allowed=["community", "street"],
    )  # fmt: skip


def test_an_area_has_a_tier_and_nothing_else_has() -> None:
    refused(county().when(creating(None, "unit-county")), "area_needs_tier", unit=NEW)
    refused(
        county().when(creating("grid", "unit-community", "property_firm")),
        "unit_has_no_tier", unit=NEW, unit_kind="property_firm",
    )  # fmt: skip
    scenario = county().when(creating(None, "unit-community", "property_firm"))
    assert scenario.then(UnitCreated).state(NEW).unit_kind is UnitKind.PROPERTY_FIRM


def test_a_parent_exists_and_is_open() -> None:
    refused(county().when(creating("grid", "unit-x", actor="system")), "no_such_unit", unit="unit-x")
    refused(county().when(creating(None, "unit-x", "merchant", actor="system")), "no_such_unit", unit="unit-x")
    scenario = county().given(on("unit-community", UnitClosed(reason="Merged")))
    refused(scenario.when(creating("grid", "unit-community")), "unit_is_closed", unit="unit-community")
    refused(scenario.when(creating(None, "unit-community", "merchant")), "unit_is_closed", unit="unit-community")
    assert given().when(creating(None, None, "merchant", actor="system")).refused is None


@pytest.mark.parametrize("actor", ["street-registrar", "county-importer"])
def test_registrars_of_the_place_and_importers_create_units(actor: str) -> None:
    scenario = county().given(appoint("street-registrar", "registrar", "unit-street"))
    assert scenario.when(creating("grid", "unit-community", actor=actor)).refused is None
    assert scenario.state(NEW).parent == "unit-community"


def test_a_registrar_of_another_place_does_not() -> None:
    scenario = county().given(appoint("grid2-registrar", "registrar", "unit-grid2"))
    refused(scenario.when(creating("building", "unit-grid", actor="grid2-registrar")), "not_authorised")
    refused(scenario.when(creating("building", "unit-grid", actor="grid-convenor")), "not_authorised")


def test_a_unit_is_renamed_with_a_reason() -> None:
    rename = RenameUnit(unit="unit-grid", title="Grid One", reason="Clearer", actor=BY)
    scenario = county().when(rename).then(UnitRenamed(title="Grid One", reason="Clearer"))
    assert (scenario.state("unit-grid").title, scenario.state("unit-grid").status) == ("Grid One", UnitStatus.OPEN)


def test_a_unit_moves_under_another_of_a_fitting_tier() -> None:
    scenario = county().when(moving("unit-grid", "unit-street"))
    unit = scenario.then(UnitMoved(parent="unit-street", reason="Redrawn")).state("unit-grid")
    assert (unit.parent, unit.status) == ("unit-street", UnitStatus.OPEN)
    assert county().when(moving("unit-water", "unit-street")).refused is None
    refused(
        county().when(moving("unit-grid", "unit-county")),
        "unit_under_wrong_tier", unit="unit-grid", tier="grid", allowed=["community", "street"],
    )  # fmt: skip


def test_a_county_moves_under_nothing() -> None:
    far = on(NEW, UnitCreated(title="Far", unit_kind=UnitKind.AREA, tier=Tier.COUNTY))
    refused(
        county().given(far).when(moving("unit-county", NEW)),
        "unit_under_wrong_tier", unit="unit-county", tier="county", allowed=[],
    )  # fmt: skip


def test_nothing_moves_below_itself() -> None:
    refused(
        county().when(moving("unit-street", "unit-grid")), "unit_below_itself", unit="unit-street", parent="unit-grid"
    )
    refused(county().when(moving("unit-grid", "unit-grid")), "unit_below_itself", unit="unit-grid", parent="unit-grid")
    scenario = county().given(on(NEW, UnitCreated(title="T", unit_kind=UnitKind.PARTY, parent="unit-water")))
    refused(scenario.when(moving("unit-water", NEW)), "unit_below_itself", unit="unit-water", parent=NEW)


def test_a_unit_moves_under_an_open_one() -> None:
    scenario = county().given(on("unit-street", UnitClosed(reason="Merged")))
    refused(scenario.when(moving("unit-grid", "unit-street")), "unit_is_closed", unit="unit-street")
    refused(scenario.when(moving("unit-water", "unit-street")), "unit_is_closed", unit="unit-street")
    refused(scenario.when(moving("unit-water", "unit-x")), "no_such_unit", unit="unit-x")


def test_what_is_closed_stays_closed() -> None:
    scenario = county().given(on("unit-grid", UnitClosed(reason="Merged")))
    for command in (
        RenameUnit(unit="unit-grid", title="x", reason="x", actor=BY),
        moving("unit-grid", "unit-street"),
        appoint("zhao", "resident", "unit-grid"),
        ending("li", "party_member", "unit-grid"),
        PairUnit(unit="unit-grid", partner="unit-water", since=TODAY, actor=BY),
        closing("unit-grid"),
    ):
        refused(scenario.when(command), "wrong_state")


# --- closing


def a_unit(*appointments: tuple[str, str, date, date | None]) -> Scenario:
    scenario = county().given(creating(None, "unit-county", "volunteer_team"))
    for person, role, since, until in appointments:
        scenario.given(appoint(person, role, NEW, since, until))
    return scenario


def test_a_unit_without_people_in_office_is_closed() -> None:
    scenario = a_unit(("zhao", "resident", TODAY, None), ("qian", "party_member", TODAY, None))
    scenario.when(closing(NEW)).then(UnitClosed(reason="Merged"))
    assert scenario.state(NEW).status is UnitStatus.CLOSED
    assert not scenario.state(NEW).is_open


@pytest.mark.parametrize(
    ("since", "until", "left"),
    [
        (TODAY, None, True),
        (TODAY, TODAY + DAY, True),
        (TODAY + DAY, None, True),  # it would begin tomorrow, in a unit that is no more
        (TODAY - DAY, TODAY, False),  # its last day is today
        (TODAY - 2 * DAY, TODAY - DAY, False),
    ],
)
def test_an_office_that_lasts_beyond_today_is_ended_first(since: date, until: date | None, *, left: bool) -> None:
    scenario = a_unit(("zhao", "handler", since, until)).when(closing(NEW))
    if left:
        refused(scenario, "unit_has_people", unit=NEW, people=1)
    else:
        assert scenario.refused is None


def test_people_left_are_counted_once_and_who_closes_it_is_not_in_the_way() -> None:
    offices = [("zhao", "handler"), ("zhao", "principal"), ("qian", "handler"), ("sun", "registrar")]
    scenario = a_unit(*((person, role, TODAY, None) for person, role in offices))
    refused(scenario.when(closing(NEW, "sun")), "unit_has_people", unit=NEW, people=2)
    for person, role in offices[:3]:
        scenario.given(ending(person, role, NEW))
    assert scenario.when(closing(NEW, "sun")).refused is None


# --- appointments


def test_an_appointment_stands_from_its_first_day_to_its_last() -> None:
    scenario = county().when(appoint("zhao", "handler", "unit-water", TODAY, TODAY + DAY))
    scenario.then(Appointed(person="zhao", role=Role.HANDLER, since=TODAY, until=TODAY + DAY))
    unit: Unit = scenario.state("unit-water")
    held = [unit.holds("zhao", [Role.HANDLER], TODAY + n * DAY) for n in (-1, 0, 1, 2)]
    assert held == [False, True, True, False]
    assert [unit.employs("zhao", TODAY + n * DAY) for n in (-1, 0, 1, 2)] == held
    assert not unit.holds("zhao", [Role.PRINCIPAL], TODAY)
    assert unit.holders(frozenset({Role.HANDLER}), TODAY) == ["water-handler", "zhao"]
    assert unit.holders(frozenset({Role.HANDLER}), TODAY + 2 * DAY) == ["water-handler"]


def test_living_in_a_place_is_no_office() -> None:
    unit: Unit = county().state("unit-grid")
    assert not unit.employs("li", TODAY)
    assert not unit.employs("resident1", TODAY)
    assert unit.employs("grid-member1", TODAY)


@pytest.mark.parametrize("role", sorted(FOLLOWING_FROM_A_CASE))
def test_nobody_is_appointed_to_what_follows_from_a_case(role: Role) -> None:
    refused(county().when(appoint("zhao", role, "unit-grid")), "not_an_appointment", role=role.value)


@pytest.mark.parametrize("nobody", ["system", "ballot-box"])
def test_the_system_and_the_ballot_box_hold_no_office(nobody: str) -> None:
    refused(county().when(appoint(nobody, "resident", "unit-grid")), "not_an_appointment", role="resident")


def test_an_appointment_does_not_end_before_it_begins() -> None:
    refused(
        county().when(appoint("zhao", "handler", "unit-water", TODAY, TODAY - DAY)),
        "ends_before_it_begins", since="2026-03-02", until="2026-03-01",
    )  # fmt: skip
    assert county().when(appoint("zhao", "handler", "unit-water", TODAY, TODAY)).refused is None


@pytest.mark.parametrize(
    ("since", "until", "free"),
    [
        (-9, -6, True),
        (-9, -5, False),
        (-9, None, False),  # it would run into the other
        (-3, -2, False),
        (5, None, False),
        (6, None, True),
    ],
)
def test_one_role_is_held_once_at_a_time(since: int, until: int | None, *, free: bool) -> None:
    scenario = county().given(appoint("zhao", "handler", "unit-water", TODAY - 5 * DAY, TODAY + 5 * DAY))
    last = None if until is None else TODAY + until * DAY
    scenario.when(appoint("zhao", "handler", "unit-water", TODAY + since * DAY, last))
    if free:
        assert scenario.refused is None
    else:
        refused(scenario, "already_appointed", person="zhao", role="handler", unit="unit-water")


def test_one_person_may_hold_several_roles_and_one_role_several_people() -> None:
    scenario = county().given(appoint("zhao", "handler", "unit-water"))
    assert scenario.when(appoint("zhao", "principal", "unit-water")).refused is None
    assert scenario.when(appoint("qian", "handler", "unit-water")).refused is None
    assert scenario.when(appoint("zhao", "handler", "unit-roads")).refused is None


def test_a_registrar_gives_themselves_no_office_but_may_live_somewhere() -> None:
    refused(county().when(appoint(BY, "principal", "unit-street")), "appoints_themselves", person=BY)
    keyed = Appoint(unit="unit-street", person="zhao", role=Role.PRINCIPAL, since=TODAY, actor=BY, entered_by="zhao")
    scenario = county().given(appoint("zhao", "registrar", "unit-county"))
    refused(scenario.when(keyed), "appoints_themselves", person="zhao")
    for living in ("resident", "party_member"):
        assert county().when(appoint(BY, living, "unit-grid")).refused is None


def test_an_ended_appointment_has_a_last_day() -> None:
    scenario = county().when(ending("water-handler", "handler", "unit-water", TODAY))
    scenario.then(AppointmentEnded(person="water-handler", role=Role.HANDLER, until=TODAY, reason="Retired"))
    unit: Unit = scenario.state("unit-water")
    assert unit.appointments["water-handler"] == (Appointment(Role.HANDLER, SINCE, TODAY),)


def test_only_what_is_held_longer_is_ended() -> None:
    def end(until: int, role: str = "handler", person: str = "zhao") -> Scenario:
        scenario = county().given(appoint("zhao", "handler", "unit-water", TODAY, TODAY + 5 * DAY))
        return scenario.when(ending(person, role, "unit-water", TODAY + until * DAY))

    assert end(4).refused is None
    refused(end(5), "not_appointed", person="zhao", role="handler", unit="unit-water")
    refused(end(4, role="principal"), "not_appointed", person="zhao", role="principal", unit="unit-water")
    refused(end(4, person="qian"), "not_appointed", person="qian", role="handler", unit="unit-water")


def test_ending_a_role_leaves_other_roles_and_earlier_terms_as_they_were() -> None:
    scenario = county().given(
        appoint("zhao", "handler", "unit-water", TODAY - 9 * DAY, TODAY - 5 * DAY),
        appoint("zhao", "handler", "unit-water", TODAY, TODAY + 9 * DAY),
        appoint("zhao", "principal", "unit-water"),
        ending("zhao", "handler", "unit-water", TODAY + DAY),
    )
    assert scenario.state("unit-water").appointments["zhao"] == (
        Appointment(Role.HANDLER, TODAY - 9 * DAY, TODAY - 5 * DAY),
        Appointment(Role.HANDLER, TODAY, TODAY + DAY),
        Appointment(Role.PRINCIPAL, TODAY, None),
    )


@settings(max_examples=settings().max_examples // 4)
@for_all(
    st.lists(
        st.tuples(st.integers(0, 30), st.none() | st.integers(0, 30), st.sampled_from(["handler", "principal"])),
        max_size=8,
    )
)
def test_whatever_is_appointed_nobody_ever_holds_one_role_twice(wanted: list[tuple[int, int | None, str]]) -> None:
    scenario = county()
    for since, until, role in wanted:
        last = None if until is None else TODAY + until * DAY
        scenario.when(appoint("zhao", role, "unit-water", TODAY + since * DAY, last))
    held = scenario.state("unit-water").appointments.get("zhao", ())
    for offset in range(32):
        on_that_day = [one.role for one in held if one.covers(TODAY + timedelta(days=offset))]
        assert len(on_that_day) == len(set(on_that_day))


# --- pairing, and who does all this


def test_a_unit_pairs_with_another_open_one_once() -> None:
    pair = PairUnit(unit="unit-grid", partner="unit-water", since=TODAY, actor=BY)
    scenario = county().when(pair).then(UnitPaired(partner="unit-water", since=TODAY))
    assert scenario.state("unit-grid").paired_with == {"unit-water"}
    refused(scenario.when(pair), "already_paired", unit="unit-grid", partner="unit-water")
    itself = pair.model_copy(update={"partner": "unit-grid"})
    refused(scenario.when(itself), "already_paired", unit="unit-grid", partner="unit-grid")
    refused(scenario.when(pair.model_copy(update={"partner": "unit-x"})), "no_such_unit", unit="unit-x")


GRID_OFFICES = [
    ("grid-grid-worker", "grid_worker"), ("grid-convenor", "convenor"),
    *((f"grid-member{number}", "member") for number in range(1, 6)),
]  # fmt: skip
BY_WHOM = {
    "rename": RenameUnit(unit="unit-grid", title="x", reason="x", actor=BY),
    "move": moving("unit-grid", "unit-street"),
    "appoint": appoint("zhao", "handler", "unit-grid"),
    "end": ending("grid-member1", "member", "unit-grid"),
    "pair": PairUnit(unit="unit-grid", partner="unit-water", since=TODAY, actor=BY),
}


@pytest.mark.parametrize("command", BY_WHOM.values(), ids=BY_WHOM.keys())
def test_a_registrar_of_the_place_or_above_keeps_the_register(command: Command) -> None:
    scenario = county().given(
        appoint("clerk", "registrar", "unit-grid"), appoint("stranger", "registrar", "unit-grid2")
    )
    for actor in ("clerk", BY):
        tried = county().given(appoint("clerk", "registrar", "unit-grid"))
        tried.when(command.model_copy(update={"actor": actor}))
        if isinstance(command, MoveUnit) and actor == "clerk":  # who keeps the grid's register keeps none of the street
            refused(tried, "not_registrar_there", actor="clerk", parent="unit-street")
        else:
            assert tried.refused is None
    refused(scenario.when(command.model_copy(update={"actor": "stranger"})), "not_authorised")
    refused(scenario.when(command.model_copy(update={"actor": "grid-convenor"})), "not_authorised")


def test_nobody_moves_a_unit_into_another_county() -> None:
    other = on("unit-other", UnitCreated(title="O", unit_kind=UnitKind.AREA, tier=Tier.COUNTY))
    street = on(
        "unit-otherstreet", UnitCreated(title="S", unit_kind=UnitKind.AREA, tier=Tier.STREET, parent="unit-other")
    )
    scenario = county().given(other, street)
    move = moving("unit-community", "unit-otherstreet")
    refused(scenario.when(move), "not_registrar_there", actor=BY, parent="unit-otherstreet")
    scenario.given(on("unit-other", Appointed(person=BY, role=Role.REGISTRAR, since=TODAY)))
    assert scenario.when(move).refused is None


def test_closing_too_is_for_registrars() -> None:
    assert a_unit().when(closing(NEW)).refused is None
    refused(a_unit().when(closing(NEW, "grid-convenor")), "not_authorised")


# --- what the system does

TOP = "unit-county"
SYSTEMS = {**BY_WHOM, "create": creating("grid", "unit-community"), "close": closing("unit-grid")}
BY_SYSTEM = {name: command.model_copy(update={"actor": "system"}) for name, command in SYSTEMS.items()}


def without_registrar(until: date = TODAY - DAY) -> Scenario:
    """The small county, whose registrar has left."""
    return county().given(ending(BY, "registrar", TOP, until))


@pytest.mark.parametrize("command", BY_SYSTEM.values(), ids=BY_SYSTEM.keys())
def test_the_system_keeps_no_register_where_somebody_is_registrar(command: Command) -> None:
    refused(county().when(command), "system_only_founds", unit=TOP)


@pytest.mark.parametrize("command", BY_SYSTEM.values(), ids=BY_SYSTEM.keys())
def test_the_system_founds_where_nobody_is_registrar_yet_or_any_more(command: Command) -> None:
    scenario = without_registrar().given(
        appoint("other", "registrar", "unit-grid2").model_copy(update={"actor": "system"}),
    )
    if isinstance(command, CloseUnit):
        scenario.given(
            *(ending(person, role, "unit-grid").model_copy(update={"actor": "system"}) for person, role in GRID_OFFICES)
        )
    assert scenario.when(command).refused is None, scenario.refused


def test_the_system_appoints_the_first_registrar_and_no_second() -> None:
    founded = given().given(creating("county", None, actor="system"))
    scenario = founded.given(appoint("sun", "registrar", NEW).model_copy(update={"actor": "system"}))
    second = appoint("qian", "registrar", NEW)
    refused(scenario.when(second.model_copy(update={"actor": "system"})), "system_only_founds", unit=NEW)
    assert scenario.when(second.model_copy(update={"actor": "sun"})).refused is None


def test_no_earlier_day_leads_the_system_around_a_registrar_and_none_of_tomorrow_stops_it() -> None:
    by_system = {"actor": "system", "at": MORNING - DAY}
    scenario = given(on(TOP, UnitCreated(title="x", unit_kind=UnitKind.AREA, tier=Tier.COUNTY), at=MORNING - 2 * DAY))
    scenario.given(appoint("sun", "registrar", TOP).model_copy(update={"actor": "system"}))
    refused(scenario.when(appoint("qian", "principal", TOP).model_copy(update=by_system)), "system_only_founds")
    left = without_registrar(TODAY).at(MORNING + DAY)
    refused(
        left.when(appoint("qian", "principal", TOP).model_copy(update={**by_system, "at": MORNING})),
        "system_only_founds",
    )
    soon = without_registrar().given(
        appoint("sun", "registrar", TOP, TODAY + DAY).model_copy(update={"actor": "system"})
    )
    assert soon.when(appoint("qian", "principal", TOP).model_copy(update={"actor": "system"})).refused is None


def test_the_system_moves_nothing_under_a_registrar() -> None:
    alone = county().given(creating(None, None, "merchant", actor="system"))
    refused(alone.when(moving(NEW, "unit-grid", actor="system")), "system_only_founds", unit=TOP)


def test_nobody_keys_in_an_act_of_the_system() -> None:
    keyed = creating("county", None, actor="system", entered_by="sun")
    refused(given().when(keyed), "may_not_enter_for_others", entered_by="sun", actor="system", unit=NEW)
    by_registrar = creating("county", None, actor="system", entered_by=BY)
    refused(county().when(by_registrar), "may_not_enter_for_others", entered_by=BY, actor="system", unit=NEW)


# --- editions in force


def enacted(*editions: tuple[str, int]) -> Unit:
    facts = [on(NEW, UnitCreated(title="x", unit_kind=UnitKind.AREA, tier=Tier.COUNTY))]
    facts += [on(NEW, PolicyEnacted(policy=policy, begins=MORNING + days * DAY)) for policy, days in editions]
    unit: Unit = given(*facts).state(NEW)
    return unit


def test_an_edition_is_in_force_from_its_day_on() -> None:
    unit = enacted(("policy-1", 0), ("policy-2", 5))
    assert [unit.policy_at(MORNING + n * DAY) for n in (-1, 0, 4, 5)] == [None, "policy-1", "policy-1", "policy-2"]


def test_of_two_editions_for_one_day_the_one_enacted_last_is_in_force() -> None:
    """An edition found wrong before its day is replaced by publishing another for the same day."""
    assert enacted(("policy-2", 5), ("policy-3", 5)).policy_at(MORNING + 5 * DAY) == "policy-3"


def test_an_edition_that_was_overtaken_before_its_day_never_comes_into_force() -> None:
    unit = enacted(("policy-1", 0), ("policy-2", 9), ("policy-3", 5))
    assert [unit.policy_at(MORNING + n * DAY) for n in (4, 5, 9)] == ["policy-1", "policy-3", "policy-3"]


def test_no_role_follows_from_a_unit_by_itself() -> None:
    assert county().state("unit-grid").is_in(Role.CHAIR, "li", None, county().context()) is False
