"""Whether every read model agrees with the states that the domain folds from the same log."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from proposals.domain.case import TERMINAL, Proposal, S
from proposals.domain.evaluation_round import EvaluationRound
from proposals.domain.meeting import Meeting
from proposals.domain.processes import PROCESSES
from proposals.domain.vocabulary import kind_of
from proposals.domain.work_order import WorkOrder
from proposals.projections.echo_wall import ECHO_WALL, WALL
from proposals.projections.escalations import CASE_TIERS, ESCALATIONS
from proposals.projections.evaluation import EVALUATION, ROUNDS
from proposals.projections.handling import DISPATCHES, HANDLING, WORK_ORDERS
from proposals.projections.meetings import AGENDA, ATTENDANCE, HELD_MEETINGS, MEETINGS
from proposals.projections.objections import CASE_ENDS, OBJECTIONS, RAISED_OBJECTIONS
from proposals.projections.participation import PARTICIPANTS, PARTICIPATION
from proposals.projections.projection import fold_log
from proposals.projections.register import CASES, REGISTER, register_row
from proposals.projections.steps import STAYS, STEPS
from proposals.projections.worklist import DUTIES, WORKLIST, worklist_rows
from tests.projections.logs import by_stream, entry_of
from tests.projections.oracle import (
    agenda_of,
    duties_of,
    line_of,
    marks_of,
    meeting_of,
    order_of,
    register_of,
    round_of,
    wall_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Table

    from proposals import Fact
    from proposals.domain.context import Context
    from proposals.domain.state import State
    from proposals.projections.projection import Projection

    Rows = list[dict[str, Any]]


class Agreement:
    """A log, its states, and the checks. Each compares all rows of a table, so that none is left over or missing."""

    def __init__(self, facts: list[Fact], states: Mapping[str, State], now: datetime, context: Context) -> None:
        self.entries = [entry_of(fact) for fact in facts]
        self.facts = by_stream(facts)
        self.states = states
        self.now = now
        self.context = context

    def of(self, kind: type[Any]) -> list[Any]:
        return [self.states[stream] for stream in sorted(self.states) if isinstance(self.states[stream], kind)]

    def rows(self, projection: Projection, table: Table) -> Rows:
        rows = fold_log(projection, self.entries)[table.name]
        return sorted(rows, key=lambda row: tuple(row[column.name] for column in table.primary_key))

    def check(self) -> None:
        self.register()
        self.stays()
        self.tiers()
        self.orders()
        self.meetings()
        self.rounds()
        self.objections()
        self.participants()
        self.duties()
        self.wall()

    def register(self) -> None:
        rows = self.rows(REGISTER, CASES)
        cases = self.of(Proposal)
        expected = [register_of(case, self.context) for case in cases]
        assert _parts(rows, expected) == expected
        for row, case in zip(rows, cases, strict=True):
            names = [fact.name for fact in self.facts[case.id]]
            assert {name: row[name] for name in marks_of(names)} == marks_of(names)
            assert register_row(row, self.context) == line_of(case, self.now, self.context)

    def stays(self) -> None:
        """Each state event of the log begins a stay, which the next one ends."""
        expected = []
        for case in self.of(Proposal):
            target = PROCESSES[kind_of(case.id)].target
            moves = [fact for fact in self.facts[case.id] if target[type(fact.event)] is not None]
            ends = [*(fact.occurred_at for fact in moves[1:]), None]
            for fact, left in zip(moves, ends, strict=True):
                seconds = int((left - fact.occurred_at).total_seconds()) if left else None
                expected.append((case.id, fact.version, str(target[type(fact.event)]), seconds))
        rows = self.rows(STEPS, STAYS)
        assert [(row["stream"], row["version"], row["status"], row["seconds"]) for row in rows] == expected
        last = {row["stream"]: (row["status"], row["cycle"], row["unit"], row["left_at"]) for row in rows}
        assert last == {case.id: (str(case.status), case.cycle, case.unit, None) for case in self.of(Proposal)}

    def tiers(self) -> None:
        rows = self.rows(ESCALATIONS, CASE_TIERS)
        assert {row["stream"]: row["to_unit"] for row in rows} == {case.id: case.unit for case in self.of(Proposal)}
        rises = [row for row in rows if row["from_unit"] is not None]
        names = [fact.name for facts in self.facts.values() for fact in facts]
        assert len(rises) == marks_of(names)["escalations"]
        for row in rises:
            assert row["from_unit"] != row["to_unit"]

    def orders(self) -> None:
        rows, orders = self.rows(HANDLING, WORK_ORDERS), self.of(WorkOrder)
        expected = [order_of(order) for order in orders]
        assert _parts(rows, expected) == expected
        dispatches = self.rows(HANDLING, DISPATCHES)
        for row, order in zip(rows, orders, strict=True):
            names = [fact.name for fact in self.facts[order.id]]
            counts = {"extensions": "ExtensionGranted", "urged": "OrderUrged", "reopened": "OrderReopened"}
            assert {column: row[column] for column in counts} == {c: names.count(n) for c, n in counts.items()}
            sent = [dispatch for dispatch in dispatches if dispatch["stream"] == order.id]
            assert len(sent) == sum(names.count(f"Order{word}") for word in ("Dispatched", "Redispatched", "Directed"))
            assert (sent[-1]["answer"] is None) is (row["status"] == "dispatched")
            assert sent[-1]["unit"] == order.unit
            if row["status"] == "dispatched":
                assert sent[-1]["due"] == row["due_at"]
            answers = [dispatch["answer"] for dispatch in sent]
            assert answers.count("declined") == names.count("OrderDeclined")
            assert answers.count("acknowledged") == names.count("OrderAcknowledged")

    def meetings(self) -> None:
        meetings = self.of(Meeting)
        expected = [meeting_of(meeting) for meeting in meetings]
        assert _parts(self.rows(MEETINGS, HELD_MEETINGS), expected) == expected
        items = [row for meeting in meetings for row in agenda_of(meeting)]
        assert _parts(self.rows(MEETINGS, AGENDA), items) == items
        people = {
            (meeting.id, person, int(person in meeting.members), int(person in meeting.present))
            for meeting in meetings
            for person in (*meeting.members, *meeting.observers)
        }
        rows = self.rows(MEETINGS, ATTENDANCE)
        assert {(row["stream"], row["person"], row["votes"], row["present"]) for row in rows} == people

    def rounds(self) -> None:
        expected = [round_of(evaluation) for evaluation in self.of(EvaluationRound)]
        assert _parts(self.rows(EVALUATION, ROUNDS), expected) == expected

    def objections(self) -> None:
        rows = self.rows(OBJECTIONS, RAISED_OBJECTIONS)
        ends = self.rows(OBJECTIONS, CASE_ENDS)
        for case in self.of(Proposal):
            names = [fact.name for fact in self.facts[case.id]]
            own = [row["outcome"] for row in rows if row["stream"] == case.id]
            assert own.count("dismissed") == names.count("ObjectionDismissed")
            assert own.count("upheld") == names.count("ObjectionUpheld")
            assert len(own) == names.count("ObjectionRaised")
            if str(case.status) == "announced":
                assert own.count(None) == len(case.open_objections)
            ended = [row for row in ends if row["stream"] == case.id]
            assert sum(row["reopened_at"] is not None for row in ended) == case.cycle - 1
            assert [row["cycle"] for row in ended] == list(range(1, len(ended) + 1))
            if case.ended_at is not None:
                assert ended[-1]["outcome"] == case.outcome

    def participants(self) -> None:
        rows = self.rows(PARTICIPATION, PARTICIPANTS)
        for case in self.of(Proposal):
            own = [row for row in rows if row["stream"] == case.id]
            assert {row["person"] for row in own if row["part"] == "proposer"} == {case.proposer.actor} - {""}
            assert {row["person"] for row in own if row["part"] == "cosigner"} == set(case.cosigners)

    def duties(self) -> None:
        rows = self.rows(WORKLIST, DUTIES)
        expected = set().union(*(duties_of(state) for state in self.states.values()))
        assert {(row["stream"], row["duty"], row["due_at"]) for row in rows} == expected
        for row in rows:
            if row["kind"] == "order":
                order = self.states[row["stream"]]
                assert isinstance(order, WorkOrder)
                assert (row["proposal"], row["unit"]) == (order.proposal, order.unit)
                if row["duty"] != "extension":
                    assert bool(row["resting"]) is order.clock_stopped
        self.somebody_must_act(rows)

    def somebody_must_act(self, duties: Rows) -> None:
        """No open case is nobody's, unless it waits for its publicity period to be over."""
        cases = {row["stream"]: row for row in self.rows(REGISTER, CASES)}
        lines = list(worklist_rows(duties, cases, self.context))
        waiting = {case.id for case in self.of(Proposal) if case.status not in TERMINAL and not _announced(case)}
        assert waiting <= {line.proposal for line in lines}
        assert not [line for line in lines if line.role == "system" or line.holder_unit is None]

    def wall(self) -> None:
        rows, cases = self.rows(ECHO_WALL, WALL), self.of(Proposal)
        expected = [wall_of(case) for case in cases]
        assert _parts(rows, expected) == expected
        for row, case in zip(rows, cases, strict=True):
            if row["decision"] == "adopted":
                assert case.plan is not None
                assert (row["plan"], row["lead_unit"]) == (case.plan.summary, case.plan.lead)
                assert row["appropriation"] == case.appropriation
            if row["feedback"] is not None or row["answer"] is not None:
                assert case.answered
            if case.status in {S.RAISED, S.REFUSED}:
                assert row["screened"] == 0


def _announced(case: Proposal) -> bool:
    return case.status is S.ANNOUNCED and not case.open_objections


def _parts(rows: Rows, expected: Rows) -> Rows:
    """Of each row what the state says too. A row too many or too few stays one."""
    return [{name: row[name] for name in expected[0]} for row in rows] if expected else rows
