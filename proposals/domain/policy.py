"""Policy editions: drafted, checked, published, superseded. A case keeps the one it was raised under."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from proposals.domain.authority import apart
from proposals.domain.context import Context, Site
from proposals.domain.errors import Refusal, refusal
from proposals.domain.event import Command, Fact, StateEvent
from proposals.domain.organisation import the_system_only_founds
from proposals.domain.policy_check import Severity, check
from proposals.domain.process import NEW, Process, Row
from proposals.domain.rules import ProcessPolicy
from proposals.domain.state import State
from proposals.domain.units import unit_is_open
from proposals.domain.vocabulary import Act, Kind, PolicyId, Role, UnitId

if TYPE_CHECKING:
    from proposals.domain.policy_check import Finding


class PolicyStatus(StrEnum):
    """The life of an edition."""

    DRAFTED = "drafted"
    CHECKED = "checked"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


@dataclass(slots=True, kw_only=True)
class Policy(State):
    """An edition of the rules of one unit."""

    unit: str = ""
    rules: ProcessPolicy = None  # type: ignore[assignment]  # the first event always brings them
    drafted_by: Act = Act("", "")
    effective: date | None = None
    superseded_by: str | None = None


class PolicyCommand(Command):
    """Addressed to a policy edition."""

    kind: ClassVar[Kind] = Kind.POLICY
    policy: PolicyId


class DraftPolicy(PolicyCommand):
    """Writes an edition for a unit and everything below it, or writes a draft anew."""

    unit: UnitId
    rules: ProcessPolicy


class CheckPolicy(PolicyCommand):
    """Has the draft checked: it passes only without errors."""


class PublishPolicy(PolicyCommand):
    """Puts a checked edition into force at its unit from a day on; the one before it is superseded."""

    effective: date


class SupersedePolicy(PolicyCommand):
    """Marks an edition as followed by another."""

    by: PolicyId


class PolicyDrafted(StateEvent):
    """An edition has these rules."""

    unit: UnitId
    rules: ProcessPolicy

    def apply(self, state: Policy, fact: Fact) -> None:
        """Unit, rules and who wrote them."""
        state.unit, state.rules, state.drafted_by = self.unit, self.rules, fact.act


class PolicyChecked(StateEvent):
    """The draft was found without errors; `remarks` are the codes of what is merely worth knowing."""

    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, state: Policy, command: CheckPolicy, context: Context) -> PolicyChecked:
        """The codes of the findings."""
        return cls(remarks=tuple(finding.code for finding in check(state.rules)))


class PolicyPublished(StateEvent):
    """The edition holds from a day on."""

    unit: UnitId
    effective: date

    @classmethod
    def of(cls, state: Policy, command: PublishPolicy, context: Context) -> PolicyPublished:
        """The unit comes from the draft."""
        return cls(unit=state.unit, effective=command.effective)

    def apply(self, state: Policy, fact: Fact) -> None:
        """The day."""
        state.effective = self.effective


class PolicySuperseded(StateEvent):
    """Another edition has followed."""

    by: PolicyId

    def apply(self, state: Policy, fact: Fact) -> None:
        """Which one."""
        state.superseded_by = self.by


def its_unit_is_open(state: Policy | None, command: DraftPolicy, context: Context) -> Refusal | None:
    """Rules are for a unit that exists, and stay with it."""
    if state is not None and state.unit != command.unit:
        return refusal("policy_of_another_unit", policy=command.policy, unit=state.unit)
    return unit_is_open(command.unit, context)


def it_has_no_errors(state: Policy, command: CheckPolicy, context: Context) -> Refusal | None:
    """Every loop has its exit and every rule can be met."""
    errors: list[Finding] = [finding for finding in check(state.rules) if finding.severity is Severity.ERROR]
    return refusal("policy_has_errors", findings=[finding.code for finding in errors]) if errors else None


def publisher_is_not_drafter(state: Policy, command: PublishPolicy, context: Context) -> Refusal | None:
    """Four eyes: who signs is not who wrote."""
    return apart(command, [state.drafted_by], "publisher_drafted")


def not_before_today(state: Policy, command: PublishPolicy, context: Context) -> Refusal | None:
    """Rules do not reach back."""
    assert command.at is not None
    today = context.day(command.at, state.rules)
    if command.effective < today:
        return refusal("policy_reaches_back", effective=command.effective.isoformat(), today=today.isoformat())
    return None


def _site(state: Policy | None, command: Any, context: Context) -> Site:
    unit = state.unit if state is not None else command.unit
    return Site(place=unit, unit=unit, handling_unit=unit)


def _rules(state: Policy | None, command: Command, context: Context) -> ProcessPolicy | None:
    return state.rules if state is not None else None


_S = PolicyStatus

POLICY = Process(
    Kind.POLICY,
    PolicyStatus,
    Policy,
    (
        Row(NEW, DraftPolicy, PolicyDrafted, _S.DRAFTED, (Role.REGISTRAR, Role.SYSTEM),
            (the_system_only_founds, its_unit_is_open)),
        Row((_S.DRAFTED, _S.CHECKED), DraftPolicy, PolicyDrafted, _S.DRAFTED, (Role.REGISTRAR,), (its_unit_is_open,)),
        Row(_S.DRAFTED, CheckPolicy, PolicyChecked, _S.CHECKED, (Role.REGISTRAR, Role.SYSTEM),
            (the_system_only_founds, it_has_no_errors)),
        Row(_S.CHECKED, PublishPolicy, PolicyPublished, _S.PUBLISHED, (Role.PRINCIPAL,),
            (publisher_is_not_drafter, not_before_today)),
        Row(_S.PUBLISHED, SupersedePolicy, PolicySuperseded, _S.SUPERSEDED, reaction=True),
    ),
    terminal=(_S.SUPERSEDED,),
    site=_site,
    policy=_rules,
)  # fmt: skip
