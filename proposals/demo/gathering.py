"""A meeting as it is called, held, cancelled or let lapse: the commands of it, in order."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from proposals.demo.clock import meeting_hour
from proposals.demo.script import Held
from proposals.domain.discussion import OpenDiscussion
from proposals.domain.meeting import AgendaItem, Purpose
from proposals.domain.meeting_acts import (
    CallMeeting,
    CancelMeeting,
    CastVote,
    CloseItem,
    CloseMeeting,
    FixRoll,
    LapseMeeting,
    OpenMeeting,
    PublishMinutes,
    RecordAttendance,
    Recuse,
    SetAgenda,
)
from proposals.domain.vocabulary import Choice, Motion, Role, Tier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from random import Random

    from proposals.demo.county import County
    from proposals.demo.script import Wish
    from proposals.domain.event import Command, Fact

KINDS = {
    Tier.GRID: "residents_council",
    Tier.COMMUNITY: "party_mass_council",
    Tier.STREET: "street_council",
    Tier.COUNTY: "joint_party_meeting",
}

TITLES = {Purpose.DISCUSS: ("议事会", "discussion"), Purpose.DECIDE: ("定事会", "decision meeting")}

MINUTE = timedelta(minutes=1)
BETWEEN_ACTS = timedelta(seconds=15)


class Gathering:
    """One meeting of a unit. Every act in it has a command id counted from the meeting's own id."""

    def __init__(
        self, county: County, meeting: str, unit: str, purpose: Purpose, at: datetime, rng: Random, days: int = 4
    ) -> None:
        self.id, self.unit, self.purpose = meeting, unit, purpose
        self.called_at = at
        self.starts_at = meeting_hour(at, days)
        self.members = county.voting(unit)
        self.chair = rng.choice(county.people(unit, Role.MEMBER))
        self.wishes: list[Wish] = []
        self.present: tuple[str, ...] = self.members
        self._convenor = county.people(unit, Role.CONVENOR)[0]
        tier = county.units[unit].tier
        assert tier is not None  # noqa: S101 - only areas of the tree meet
        (chinese, _, english), said = county.units[unit].title.partition(" / "), TITLES[purpose]
        self._kind, self._title = KINDS[tier], f"{chinese}{said[0]} / {english or chinese} {said[1]}"
        self._rng, self._acts = rng, 0

    def calling(self, wishes: Sequence[Wish], *, opened: bool = True) -> list[Command]:
        """Called with notice, its agenda set, and what is to be discussed put before it (unless `opened` is off)."""
        self.wishes = list(wishes)
        agenda = tuple(
            AgendaItem(
                proposal=wish.proposal,
                revision=wish.revision,
                motion=wish.motion,
                plan=wish.plan,
                funding=wish.funding,
            )
            for wish in wishes
        )
        commands = [
            self._act(
                CallMeeting,
                self._convenor,
                self.called_at,
                unit=self.unit,
                meeting_kind=self._kind,
                purpose=self.purpose,
                title=self._title,
                starts_at=self.starts_at,
                chair=self.chair,
            ),
            self._act(SetAgenda, self._convenor, self.called_at + MINUTE, agenda=agenda),
        ]
        if opened and self.purpose is Purpose.DISCUSS:
            opening = self.called_at + 2 * MINUTE
            commands += [self._act(OpenDiscussion, self._convenor, opening, proposal=wish.proposal) for wish in wishes]
        return commands

    def cancelling(self, at: datetime, reason: str) -> list[Command]:
        """Called off."""
        return [self._act(CancelMeeting, self._convenor, at, reason=reason)]

    def lapsing(self) -> list[Command]:
        """Its hour has come, and hardly anybody else has."""
        late = self.starts_at + 30 * MINUTE
        return [
            self._act(FixRoll, self.chair, self.starts_at - 30 * MINUTE),
            self._act(RecordAttendance, self.chair, self.starts_at, present=(self.chair,)),
            self._act(LapseMeeting, self.chair, late),
        ]

    def holding(self, absent: Sequence[str] = ()) -> list[Command]:
        """From the roll to the published minutes."""
        self.present = tuple(member for member in self.members if member not in absent)
        start = self.starts_at
        commands = [
            self._act(FixRoll, self.chair, start - 30 * MINUTE),
            self._act(RecordAttendance, self.chair, start - 5 * MINUTE, present=self.present),
            self._act(OpenMeeting, self.chair, start),
        ]
        self._now = start + MINUTE
        for number, wish in enumerate(self.wishes, 1):
            commands += self._item(number, wish)
        self._now += 5 * MINUTE
        commands.append(self._act(CloseMeeting, self.chair, self._now))
        self._now += 20 * MINUTE
        minutes = "到会人员、议题和表决结果见记录。 / Attendance, items and votes as recorded."
        commands.append(self._act(PublishMinutes, self.chair, self._now, minutes=minutes))
        return commands

    def held(self, facts: list[Fact]) -> Held:
        """The meeting, over."""
        return Held(self.id, self.chair, self.present, self._now, facts)

    def somebody_is_away(self) -> tuple[str, ...]:
        """Now and then a member is absent, never the chair; a quorum of two thirds is left of five and more."""
        if len(self.members) < 5 or self._rng.random() < 0.5:  # noqa: PLR2004
            return ()
        return (self._rng.choice([member for member in self.members if member != self.chair]),)

    def _item(self, number: int, wish: Wish) -> list[Command]:
        aside = [member for member in self.present if member != self.chair][: wish.recused]
        commands = [
            self._in_session(Recuse, member, item=number, reason="与事项有利害关系 / Has an interest in the matter")
            for member in aside
        ]
        if wish.motion is not Motion.DISCUSS:
            voters = [member for member in self.present if member not in aside]
            choices = self._choices(len(voters), len(self.members) - len(aside), passes=wish.passes)
            commands += [
                self._in_session(CastVote, member, item=number, choice=choice)
                for member, choice in zip(voters, choices, strict=True)
            ]
        commands.append(self._in_session(CloseItem, self.chair, item=number))
        return commands

    def _choices(self, voters: int, due: int, *, passes: bool) -> list[Choice]:
        """One voice differs from the rest, where the majority of those due does not hang on it."""
        if not passes:
            return [Choice.AGAINST] * (voters - 1) + [Choice.FOR]
        others = [Choice.FOR] * (voters - 1)
        if 2 * len(others) > due:
            return [*others, self._rng.choice((Choice.FOR, Choice.AGAINST, Choice.ABSTAIN))]
        return [*others, Choice.FOR]

    def _in_session(self, command: type[Command], actor: str, **fields: object) -> Command:
        self._now += BETWEEN_ACTS
        return self._act(command, actor, self._now, **fields)

    def _act(self, command: type[Command], actor: str, at: datetime, **fields: object) -> Command:
        self._acts += 1
        name = f"demo:{self.id}:{self._acts}"
        return command.model_validate({"meeting": self.id, "actor": actor, "at": at, "command_id": name, **fields})
