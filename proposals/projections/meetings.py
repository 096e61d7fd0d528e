"""Meetings 会议: when they were held, who was due and who came, and what came of each item of the agenda."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, Index

from proposals.domain.meeting_acts import (
    AgendaSet,
    AttendanceRecorded,
    ItemClosed,
    MeetingCalled,
    MeetingCancelled,
    MeetingClosed,
    MeetingLapsed,
    MeetingOpened,
    MemberRecused,
    MinutesPublished,
    RollFixed,
)
from proposals.domain.meeting_table import MEETING
from proposals.projections.columns import NUMBER, TEXT
from proposals.projections.projection import READ_MODELS, Projection

if TYPE_CHECKING:
    from proposals.domain.event import Event
    from proposals.projections.projection import Entry, Rows

MEETINGS: Final = Projection("meetings", 1, READ_MODELS)

HELD_MEETINGS: Final = MEETINGS.table(
    "meetings",
    Column("unit", TEXT, nullable=False),
    Column("meeting_kind", TEXT, nullable=False),
    Column("purpose", TEXT, nullable=False),
    Column("policy", TEXT, nullable=False),
    Column("title", TEXT, nullable=False),
    Column("chair", TEXT, nullable=False),
    Column("called_at", TEXT, nullable=False),
    Column("starts_at", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("due_at", TEXT),
    Column("opened_at", TEXT),
    Column("ended_at", TEXT),
    Column("minutes_at", TEXT),
    Column("members", NUMBER),
    Column("observers", NUMBER),
    Column("excused", NUMBER),
    Column("due", NUMBER),
    Column("present", NUMBER),
    Column("observers_present", NUMBER),
    Column("quorum_due", NUMBER),
    Column("quorum_present", NUMBER),
    Index("meetings_unit_starts", "unit", "starts_at"),
)
"""`ended_at` is when it was closed, lapsed or was called off. People are counted once the roll is fixed.

`due` are the members without those who have leave and stay away, `present` the members who are there, late comers
too; `quorum_due` and `quorum_present` are both as they stood when the session was opened.
"""

ATTENDANCE: Final = MEETINGS.table(
    "attendance",
    Column("person", TEXT, primary_key=True),
    Column("votes", NUMBER, nullable=False),
    Column("excused", NUMBER, nullable=False, default=0),
    Column("present", NUMBER, nullable=False, default=0),
    Index("attendance_person", "person"),
)
"""Who is on the roll of a meeting: `votes` is 1 for members, 0 for observers."""

_COUNTS: Final = ("votes_for", "votes_against", "abstained", "present", "due", "all_members")

AGENDA: Final = MEETINGS.table(
    "agenda_items",
    Column("item", NUMBER, primary_key=True),
    Column("proposal", TEXT, nullable=False),
    Column("revision", NUMBER, nullable=False),
    Column("motion", TEXT, nullable=False),
    Column("recused", NUMBER, nullable=False, default=0),
    Column("outcome", TEXT),
    Column("closed_at", TEXT),
    *(Column(name, NUMBER) for name in _COUNTS),
    Index("agenda_items_proposal", "proposal"),
)
"""The counts are those that the outcome was computed from; an item without an outcome has none."""

_STATUS: Final = {event.name: target.value for event, target in MEETING.target.items() if target is not None}
_WHEN: Final[dict[type[Event], str]] = {
    MeetingOpened: "opened_at",
    MeetingClosed: "ended_at",
    MeetingLapsed: "ended_at",
    MeetingCancelled: "ended_at",
    MinutesPublished: "minutes_at",
}
_COLUMN: Final = {event.name: column for event, column in _WHEN.items()}


@MEETINGS.on(MeetingCalled)
def _called(rows: Rows, entry: Entry) -> None:
    data = entry.data
    rows.put(
        HELD_MEETINGS,
        called_at=entry.occurred_at,
        status=_STATUS[entry.name],
        due_at=data.get("due_at"),
        **{name: data[name] for name in ("unit", "meeting_kind", "purpose", "policy", "title", "chair", "starts_at")},
    )


@MEETINGS.on(*_WHEN, RollFixed)
def _moved(rows: Rows, entry: Entry) -> None:
    row = rows.of(HELD_MEETINGS)
    row["status"], row["due_at"] = _STATUS[entry.name], entry.data.get("due_at")
    column = _COLUMN.get(entry.name)
    if column is not None:
        row[column] = entry.occurred_at


@MEETINGS.on(AgendaSet)
def _agenda_set(rows: Rows, entry: Entry) -> None:
    for row in rows.all(AGENDA):
        rows.delete(AGENDA, row["item"])
    for number, item in enumerate(entry.data["agenda"], 1):
        rows.put(AGENDA, number, proposal=item["proposal"], revision=item["revision"], motion=item["motion"])


@MEETINGS.on(RollFixed)
def _roll_fixed(rows: Rows, entry: Entry) -> None:
    """Who stays on the roll stays present."""
    present = {row["person"] for row in rows.all(ATTENDANCE) if row["present"]}
    for row in rows.all(ATTENDANCE):
        rows.delete(ATTENDANCE, row["person"])
    excused = set(entry.data["excused"])
    for votes, people in ((1, entry.data["members"]), (0, entry.data["observers"])):
        for person in people:
            rows.put(ATTENDANCE, person, votes=votes, excused=int(person in excused), present=int(person in present))
    _counted(rows)


@MEETINGS.on(AttendanceRecorded)
def _attended(rows: Rows, entry: Entry) -> None:
    for person in entry.data["present"]:
        rows.of(ATTENDANCE, person)["present"] = 1
    _counted(rows)


def _counted(rows: Rows) -> None:
    meeting, people = rows.of(HELD_MEETINGS), rows.all(ATTENDANCE)
    members = [row for row in people if row["votes"]]
    meeting["members"], meeting["observers"] = len(members), len(people) - len(members)
    meeting["excused"] = sum(row["excused"] for row in members)
    meeting["present"] = sum(row["present"] for row in members)
    meeting["due"] = sum(row["present"] or not row["excused"] for row in members)
    meeting["observers_present"] = sum(row["present"] for row in people) - meeting["present"]


@MEETINGS.on(MeetingOpened)
def _opened(rows: Rows, _: Entry) -> None:
    row = rows.of(HELD_MEETINGS)
    row["quorum_due"], row["quorum_present"] = row["due"], row["present"]


@MEETINGS.on(MemberRecused)
def _recused(rows: Rows, entry: Entry) -> None:
    rows.of(AGENDA, entry.data["item"])["recused"] += 1


@MEETINGS.on(ItemClosed)
def _item_closed(rows: Rows, entry: Entry) -> None:
    row = rows.of(AGENDA, entry.data["item"])
    row["outcome"], row["closed_at"] = entry.data["outcome"], entry.occurred_at
    for name in _COUNTS:
        row[name] = entry.data[name]
