"""Founding the county: the commands that its data stands for, with ids of their own, so that nothing is done twice."""

from __future__ import annotations

from datetime import UTC, datetime, time
from itertools import islice
from typing import TYPE_CHECKING

from proposals.adapters.policies import default_policy
from proposals.demo.clock import ZONE
from proposals.demo.county import County, Post, the_county
from proposals.domain.errors import NotFound
from proposals.domain.organisation import Appoint, CreateUnit, PairUnit
from proposals.domain.policy import CheckPolicy, DraftPolicy, PolicyStatus, PublishPolicy
from proposals.domain.rules import ProcessPolicy
from proposals.domain.vocabulary import SYSTEM, Role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from proposals.application import Proposals
    from proposals.demo.county import UnitEntry
    from proposals.domain.event import Command

BATCH = 300
"""Commands in one transaction."""


def found_county(app: Proposals, at: datetime) -> County:
    """Founds the county as of an instant and gives it back; a second time nothing is recorded.

    The rules hold from that day on, so `at` lies before the first matter; and the registrar enters it all in time,
    so the clock of `app` stands there too.
    """
    county = the_county()
    if _is_founded(app, county):
        return county
    commands = iter((*_organisation(county, at), *_editions(county, at)))
    while batch := list(islice(commands, BATCH)):
        app.do(*batch)
    return county


def founding_day(county: County) -> datetime:
    """The morning of the day from which the county's appointments hold."""
    return datetime.combine(county.founded, time(9), ZONE).astimezone(UTC)


def _is_founded(app: Proposals, county: County) -> bool:
    """What is recorded last is there: then everything is."""
    try:
        edition = app.get(county.trial.edition)
    except NotFound:
        return False
    return bool(edition.status is PolicyStatus.PUBLISHED)


def _organisation(county: County, at: datetime) -> Iterator[Command]:
    """The system founds the county and appoints its registrar, who does the rest."""
    registrar = _registrar(county)
    top, first = county.units[county.top], Post(county.top, registrar, Role.REGISTRAR)
    yield _creation(top, SYSTEM, at)
    yield _appointment(first, county, SYSTEM, at)
    for unit in county.units.values():
        if unit != top:
            yield _creation(unit, registrar, at)
    for post in county.posts:
        if post != first:
            yield _appointment(post, county, registrar, at)
    for unit_id, partner in county.pairings:
        yield PairUnit(
            unit=unit_id,
            partner=partner,
            since=county.founded,
            actor=registrar,
            at=at,
            command_id=f"county:{unit_id}:{partner}",
        )


def _registrar(county: County) -> str:
    return county.nearest(county.top, Role.REGISTRAR)


def _creation(unit: UnitEntry, actor: str, at: datetime) -> Command:
    return CreateUnit(
        unit=unit.id,
        title=unit.title,
        unit_kind=unit.kind,
        tier=unit.tier,
        parent=unit.parent,
        actor=actor,
        at=at,
        command_id=f"county:{unit.id}",
    )


def _appointment(post: Post, county: County, actor: str, at: datetime) -> Command:
    return Appoint(
        unit=post.unit,
        person=post.person,
        role=post.role,
        since=county.founded,
        actor=actor,
        at=at,
        command_id=f"county:{post.unit}:{post.person}:{post.role.value}",
    )


def _editions(county: County, at: datetime) -> Iterator[Command]:
    rules = default_policy()
    today = at.astimezone(ZONE).date()
    yield from _edition(county, county.edition, county.top, rules, today, at)
    trial = county.trial
    changed = ProcessPolicy.model_validate(rules.model_dump(mode="json") | dict(trial.changes))
    yield from _edition(county, trial.edition, trial.unit, changed, max(trial.effective, today), at)


def _edition(
    county: County, policy: str, unit: str, rules: ProcessPolicy, effective: date, at: datetime
) -> Iterator[Command]:
    """Drafted and checked by the registrar, signed by a principal: four eyes even here."""
    registrar = _registrar(county)
    drafted, checked = f"county:{policy}:draft", f"county:{policy}:check"
    yield DraftPolicy(policy=policy, unit=unit, rules=rules, actor=registrar, at=at, command_id=drafted)
    yield CheckPolicy(policy=policy, actor=registrar, at=at, command_id=checked)
    yield PublishPolicy(
        policy=policy,
        effective=effective,
        actor=county.nearest(unit, Role.PRINCIPAL),
        at=at,
        command_id=f"county:{policy}:publish",
    )
