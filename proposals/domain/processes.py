"""All the tables by kind, and every command and event by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proposals.domain.data_subject import DATA_SUBJECT
from proposals.domain.evaluation_round import EVALUATION_ROUND
from proposals.domain.meeting_table import MEETING
from proposals.domain.organisation import ORGANISATION
from proposals.domain.policy import POLICY
from proposals.domain.proposal import PROPOSAL
from proposals.domain.work_order_table import WORK_ORDER

if TYPE_CHECKING:
    from proposals.domain.event import Command, Event
    from proposals.domain.process import Process
    from proposals.domain.vocabulary import Kind

PROCESSES: dict[Kind, Process] = {
    process.kind: process
    for process in (PROPOSAL, MEETING, WORK_ORDER, EVALUATION_ROUND, ORGANISATION, POLICY, DATA_SUBJECT)
}

COMMANDS: dict[str, type[Command]] = {
    name: command for process in PROCESSES.values() for name, command in process.commands.items()
}
"""The public commands by name. Reactions are not among them."""

EVENTS: dict[str, type[Event]] = {
    name: event for process in PROCESSES.values() for name, event in process.events.items()
}
"""Every event by its stable name."""
