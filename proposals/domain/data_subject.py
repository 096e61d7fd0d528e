"""Data subjects: whose personal data there is under which key, and when that key was destroyed. Never the data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import StringConstraints

from proposals.domain.context import Context, Site
from proposals.domain.deadlines import entered
from proposals.domain.errors import Refusal, refusal
from proposals.domain.event import Command, Fact, StateEvent
from proposals.domain.process import NEW, Process, Row
from proposals.domain.state import State
from proposals.domain.vocabulary import Kind, Line, PersonId, Role, SubjectId, Text, UnitId

Commitment = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class SubjectStatus(StrEnum):
    """A subject's data can be read while there is a key."""

    KEYED = "keyed"
    ERASED = "erased"


@dataclass(slots=True, kw_only=True)
class DataSubject(State):
    """A data subject as its events add up."""

    commitment: str = ""
    place: str = ""
    """Where the case is that the first of the data stand in: its archivist, or one above, answers for them."""
    ground: str = ""


class SubjectCommand(Command):
    """Addressed to a data subject."""

    kind: ClassVar[Kind] = Kind.SUBJECT
    subject: SubjectId


class CreateSubjectKey(SubjectCommand):
    """Follows the first personal data of a subject."""

    commitment: Commitment
    place: UnitId


class EraseSubject(SubjectCommand):
    """Destroys a subject's key, on a ground, approved by a second person. It cannot be undone."""

    ground: Line
    reason: Text
    approved_by: PersonId


class SubjectKeyCreated(StateEvent):
    """There is a key; `commitment` fixes which."""

    commitment: Commitment
    place: UnitId

    def apply(self, state: DataSubject, fact: Fact) -> None:
        """The commitment, and where the data are."""
        state.commitment, state.place = self.commitment, self.place


class SubjectErased(StateEvent):
    """The key is gone, and with it all that was sealed under it."""

    ground: Line
    reason: Text
    approved_by: PersonId

    def apply(self, state: DataSubject, fact: Fact) -> None:
        """On what ground."""
        state.ground = self.ground


def another_person_approves(state: DataSubject, command: EraseSubject, context: Context) -> Refusal | None:
    """What cannot be undone takes two: a reviewer or a principal over the place, who is not on the command."""
    if command.approved_by in command.act:
        return refusal("approves_own_act", approver=command.approved_by)
    today = context.day(entered(command.at, context))
    for unit in context.above(state.place):
        if unit.holds(command.approved_by, (Role.REVIEWER, Role.PRINCIPAL), today):
            return None
    return refusal("may_not_approve_erasure", approver=command.approved_by, unit=state.place)


def _site(state: DataSubject, command: Command, context: Context) -> Site:
    return Site(place=state.place, unit=state.place)


def _no_rules(state: DataSubject | None, command: Command, context: Context) -> None:
    """No case, no policy."""


_S = SubjectStatus

DATA_SUBJECT = Process(
    Kind.SUBJECT,
    SubjectStatus,
    DataSubject,
    (
        Row(NEW, CreateSubjectKey, SubjectKeyCreated, _S.KEYED, reaction=True),
        Row(_S.KEYED, EraseSubject, SubjectErased, _S.ERASED, (Role.ARCHIVIST,), (another_person_approves,)),
    ),
    terminal=(_S.ERASED,),
    site=_site,
    policy=_no_rules,
)
