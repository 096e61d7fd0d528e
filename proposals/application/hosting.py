"""Inside a host's transaction: facts wait in an overlay until the host's outermost commit writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from proposals.adapters.store import CommandIdTaken, CommandRecord, HostTransaction, VersionConflict
from proposals.application.refusing import in_turn
from proposals.domain.data_subject import EraseSubject
from proposals.domain.errors import Refused, refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from proposals.application.idempotency import Request
    from proposals.application.recording import Writer
    from proposals.application.work import Work
    from proposals.domain.event import Fact


class Staged(NamedTuple):
    """A command's receipt and what it led to."""

    receipt: CommandRecord
    facts: list[Fact]


class Hosted(HostTransaction[Staged]):
    """What has been decided in a host's transaction and is not written yet."""

    def __init__(self, writer: Writer, host: Session | Connection) -> None:
        super().__init__(writer.recorder, host, self._write, self._go_back)
        self.writer = writer
        self.work: Work = writer.work()

    @classmethod
    def of(cls, writer: Writer, host: Session | Connection) -> Hosted:
        """The one in which this door has joined the transaction already, or a new one. Raises HostRefused."""
        current = cls.current(host)
        return current if isinstance(current, cls) and current.writer is writer else cls(writer, host)

    @property
    def facts(self) -> list[Fact]:
        """What waits to be written."""
        return self.work.facts

    def do(self, asked: Sequence[Request]) -> list[Fact]:
        """Decides on top of what waits. There is no retry here: a conflict is raised by the host's commit."""
        before = len(self.staged)
        answers: list[list[Fact]] = []
        self.work.context.now = self.writer.now()
        try:
            with in_turn(answers):
                for request in asked:
                    answers.append(self._answer(self.writer.unlinkable(request, self.work.read)))  # noqa: PERF401 - as there
        except BaseException:
            del self.staged[before:]
            self._go_back(before)
            raise
        return [fact for answer in answers for fact in answer]

    def _answer(self, request: Request) -> list[Fact]:
        if isinstance(request.command, EraseSubject):
            raise Refused(refusal("not_inside_a_host", command="EraseSubject"), stream=request.command.stream)
        for staged in self.staged:
            if staged.receipt.command_id == request.command_id:
                request.must_be(staged.receipt.fingerprint)
                return staged.facts
        known = self.writer.recorded_before(request) if request.named else None
        if known is not None:
            return known
        facts = self.work.perform(request.command, request.command_id)
        receipt = CommandRecord(request.command_id, request.fingerprint, len(facts))
        self.stage([Staged(receipt, facts)])
        return facts

    def _go_back(self, left: int) -> None:
        """A savepoint was rolled back: what was decided since is forgotten, what was read is still answered for."""
        work = self.writer.work()
        work.resume(self.work, [fact for staged in self.staged[:left] for fact in staged.facts])
        self.work = work

    def _write(self, connection: Connection, staged: list[Staged]) -> None:
        facts = [fact for item in staged for fact in item.facts]
        try:
            self.writer.recorder.insert_events(
                [self.writer.mapper.to_stored_event(cast("Any", fact)) for fact in facts],
                commands=[item.receipt for item in staged],
                expected=self.work.expected,
                wakeups=self.work.wakeups(),
                connection=connection,
            )
        except (VersionConflict, CommandIdTaken) as error:
            raise self.writer.conflict(error) from error
        finally:
            self.writer.reader.forget(self.work.expected)
