"""SpiffWorkflow: the five steps as BPMN, each case a workflow that is read from and written back to one row."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from benchmarks.made_up import CASE_EVENTS, NOTE
from benchmarks.subjects import database

if TYPE_CHECKING:
    from benchmarks.made_up import Turn

_STEPS = ("raise", "discuss", "decide", "handle", "evaluate")
_NODES = ("start", *_STEPS, "end")


def _bpmn() -> bytes:
    tasks = "".join(f'<manualTask id="{step}" name="{step}"/>' for step in _STEPS)
    flows = "".join(
        f'<sequenceFlow id="to_{there}" sourceRef="{here}" targetRef="{there}"/>' for here, there in pairwise(_NODES)
    )
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="benchmarks" id="all">'
        f'<process id="five_steps" isExecutable="true"><startEvent id="start"/>{tasks}<endEvent id="end"/>{flows}'
        "</process></definitions>"
    ).encode()


class Spiff:
    """One operation: read the workflow, complete the next of its five tasks, write it back and commit."""

    def __init__(self, url: str, cases: int, *, fresh: bool) -> None:
        self._url, self._cases = url, cases
        self._connection = database.connect(url)
        mark = "?" if database.on_sqlite(url) else "%s"
        self._insert = f"INSERT INTO workflows VALUES ({mark}, {mark})"
        self._select = f"SELECT state FROM workflows WHERE id = {mark}"
        self._update = f"UPDATE workflows SET state = {mark} WHERE id = {mark}"
        self._serializer = BpmnWorkflowSerializer()
        parser = BpmnParser()
        parser.add_bpmn_io(BytesIO(_bpmn()))
        begun = BpmnWorkflow(parser.get_spec("five_steps"))
        begun.do_engine_steps()
        self._fresh: str = self._serializer.serialize_json(begun)

    def prepare(self, events: int) -> None:
        """As many cases as the others have; each has begun."""
        self._connection.execute("CREATE TABLE workflows (id BIGINT PRIMARY KEY, state TEXT NOT NULL)")
        self._connection.execute("BEGIN")
        rows = [(case, self._fresh) for case in range(events // CASE_EVENTS)]
        self._connection.cursor().executemany(self._insert, rows)
        self._connection.execute("COMMIT")

    def durability(self) -> str:
        """Of the one connection."""
        return database.durability(self._connection.execute, self._url)

    def ready(self, job: str, turn: Turn) -> Any:
        """Which cases."""
        return turn.cases(self._cases)

    def run(self, job: str, ready: Any, turn: Turn) -> int:
        """One task of each; a case that is complete begins anew."""
        assert job == "command", job
        execute = self._connection.execute
        for case in ready:
            workflow = self._serializer.deserialize_json(execute(self._select, (case,)).fetchone()[0])
            task = workflow.get_next_task(state=TaskState.READY, manual=True)
            task.data["note"] = NOTE
            task.run()
            workflow.do_engine_steps()
            state = self._fresh if workflow.is_completed() else self._serializer.serialize_json(workflow)
            execute(self._update, (state, case))
        return len(ready)

    def close(self) -> None:
        """The one connection."""
        self._connection.close()
