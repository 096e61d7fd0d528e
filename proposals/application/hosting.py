"""Inside a host's transaction: facts wait in an overlay until the host's outermost commit writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast
from weakref import WeakKeyDictionary

from proposals.adapters.store import CommandIdTaken, CommandRecord, HostTransaction, VersionConflict
from proposals.application.recording import conflict
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


class Hosted:
    """What has been decided in a host's transaction and is not written yet."""

    _joined: ClassVar[WeakKeyDictionary[HostTransaction[Any], Hosted]] = WeakKeyDictionary()

    def __init__(self, writer: Writer, host: Session | Connection) -> None:
        self._writer = writer
        self._transaction: HostTransaction[Staged] = HostTransaction(writer.recorder, host, self._flush, self._dropped)
        self._joined[self._transaction] = self
        self.work: Work = writer.work()

    @classmethod
    def of(cls, writer: Writer, host: Session | Connection) -> Hosted:
        """The one that has joined this transaction already, or a new one."""
        current = HostTransaction.current(host)
        return cls._joined[current] if current is not None else cls(writer, host)

    @property
    def facts(self) -> list[Fact]:
        """What waits to be written."""
        return self.work.facts

    def do(self, asked: Sequence[Request]) -> list[Fact]:
        """Decides on top of what waits. There is no retry here: a conflict is raised by the host's commit."""
        before = len(self._transaction.staged)
        facts: list[Fact] = []
        try:
            for request in asked:
                facts.extend(self._answer(request))
        except BaseException:
            del self._transaction.staged[before:]
            self._dropped(before)
            raise
        return facts

    def _answer(self, request: Request) -> list[Fact]:
        if isinstance(request.command, EraseSubject):
            raise Refused(refusal("not_inside_a_host", command="EraseSubject"), stream=request.command.stream)
        for staged in self._transaction.staged:
            if staged.receipt.command_id == request.command_id:
                if staged.receipt.fingerprint != request.fingerprint:
                    raise Refused(refusal("command_id_reused", command_id=request.command_id))
                return staged.facts
        known = self._writer.recorded_before(request) if request.named else None
        if known is not None:
            return known
        facts = self.work.perform(request.command, request.command_id)
        receipt = CommandRecord(request.command_id, request.fingerprint, len(facts))
        self._transaction.stage([Staged(receipt, facts)])
        return facts

    def _dropped(self, left: int) -> None:
        """A savepoint was rolled back: what was decided since is forgotten, what was read is still answered for."""
        work = self._writer.work()
        kept = self._transaction.staged[:left]
        work.resume(self.work, [fact for staged in kept for fact in staged.facts])
        self.work = work

    def _flush(self, connection: Connection, staged: list[Staged]) -> None:
        facts = [fact for item in staged for fact in item.facts]
        try:
            self._writer.recorder.insert_events(
                [self._writer.mapper.to_stored_event(cast("Any", fact)) for fact in facts],
                commands=[item.receipt for item in staged],
                expected=self.work.expected,
                wakeups=self.work.wakeups(),
                connection=connection,
            )
        except (VersionConflict, CommandIdTaken) as error:
            raise conflict(error) from error
        finally:
            self._writer.reader.forget(self.work.expected)
