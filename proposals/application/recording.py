"""Recording: commands are decided on what is there, appended in one transaction, decided anew if others were first."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from proposals.adapters.ballot_box import NoContentKey, VotersForgotten
from proposals.adapters.keys import KeyDestroyed
from proposals.adapters.policies import default_policy
from proposals.adapters.snapshots import Snapshot
from proposals.adapters.store import CommandIdTaken, CommandRecord, VersionConflict
from proposals.adapters.store.connections import ConnectionLost
from proposals.application.idempotency import Request, fingerprint, placed_at
from proposals.application.refusing import in_turn
from proposals.application.unfinished import put_by
from proposals.application.work import Work
from proposals.domain.context import Context
from proposals.domain.data_subject import SubjectErased
from proposals.domain.decider import no_row
from proposals.domain.errors import Conflict, Invalid, Refused, refusal
from proposals.domain.evaluation_round import RoundAnnulled, RoundClosed, RoundStatus
from proposals.domain.event import Command
from proposals.domain.processes import PROCESSES
from proposals.domain.vocabulary import Kind, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from proposals.adapters.mapper import FactMapper
    from proposals.adapters.sealing import Sealer
    from proposals.adapters.snapshots import Snapshots
    from proposals.adapters.store import Recorder
    from proposals.application.reading import Reader
    from proposals.domain.event import Fact
    from proposals.domain.organisation import Unit
    from proposals.domain.ports import BallotBox, Calendar, Funds, KeyStore
    from proposals.domain.state import State

log = logging.getLogger(__name__)

ATTEMPTS = 25
"""How often a command is decided anew when others keep being first, before the Conflict is the caller's."""

LOST_ANSWERS = 3
"""How often a command is tried again after the connection was lost at its commit."""

_PERHAPS_STALE = (Refused, KeyDestroyed, VotersForgotten, NoContentKey)
"""What a decision ends in that rests on what has changed meanwhile; keys go right after the fact that says so."""


class Ports(NamedTuple):
    """What the domain asks of the world."""

    clock: Callable[[], datetime]
    ids: Callable[[], str]
    calendar: Calendar
    keys: KeyStore
    ballot_box: BallotBox
    funds: Funds
    directory: Callable[[str], Unit | None] | None


class Writer:
    """Decides and records."""

    def __init__(
        self,
        recorder: Recorder,
        mapper: FactMapper,
        reader: Reader,
        sealer: Sealer,
        ports: Ports,
        snapshots: tuple[Snapshots, int] | None,
    ) -> None:
        self.recorder = recorder
        self.mapper = mapper
        self.reader = reader
        self._sealer = sealer
        self._ports = ports
        self._snapshots = snapshots
        self._repaired = 0

    def work(self) -> Work:
        """A transaction to decide in, on what is recorded now."""
        return Work(self.reader.load, self._context, self._sealer.commitment)

    def world(self, as_of: datetime | None = None, known_at: datetime | None = None) -> Context:
        """What there is to see: now, or was at an instant, or what the log knew at one; nobody decides on it."""
        if as_of is None and known_at is None:
            return self._context(cache(self.reader.latest))
        read = cache(partial(self.reader.past, as_of=as_of, known_at=known_at))
        return replace(self._context(read), now=as_of or known_at or self.now())

    def _context(self, read: Callable[[str], State | None]) -> Context:
        ports = self._ports
        return Context(
            now=self.now(),
            read=read,
            calendar=ports.calendar,
            ballot_box=ports.ballot_box,
            default_policy=default_policy(),
            event_at=self.reader.event_at,
            directory=ports.directory,
            funds=ports.funds,
        )

    def now(self) -> datetime:
        """What the clock says."""
        return self._ports.clock()

    def request(self, command: Command) -> Request:
        """Fills in what was left out. Raises Invalid for no command, Refused for one nobody may give by itself."""
        if not isinstance(command, Command):
            raise Invalid([("command", f"{type(command).__name__} is no command")])
        name = type(command).__name__
        try:
            process = PROCESSES[kind_of(command.stream)]
        except ValueError:
            raise Refused(refusal("no_such_stream", stream=command.stream), command=name) from None
        if process.commands.get(name) is not type(command):
            raise Refused(refusal("not_a_public_command", command=name), command=name, stream=command.stream)
        command_id = command.command_id or self._ports.ids()
        filled = command.model_copy(update={"command_id": command_id})
        return Request(filled, command_id, fingerprint(command), named=command.command_id is not None)

    def unlinkable(self, request: Request, read: Callable[[str], State | None]) -> Request:
        """A voter's request under the round's key. A round that is not open has none, so it refuses here."""
        command = request.command
        if not command.secret:
            return request
        process, state = PROCESSES[kind_of(command.stream)], read(command.stream)
        if state is None or process.row(state.status, type(command)) is None:
            name = type(command).__name__
            raise Refused(no_row(process, state, command), guard="state", command=name, stream=command.stream)
        return request.blinded(lambda text: self._ports.ballot_box.blind(command.stream, text))

    def record(self, asked: Sequence[Request], *, seen: State | None = None) -> list[Fact]:
        """Decides and appends in one transaction, until it is done or nothing can help.

        `seen` is the state that gave rise to the commands: they are not meant for a later one. Raises Refused, or
        Conflict when others were first too often, or have changed what was seen.
        """
        look_up, lost = False, 0
        for attempt in range(1, ATTEMPTS + 1):
            work = self.work()
            now = work.read(seen.id) if seen is not None else None
            if seen is not None and (now is None or now.version != seen.version):
                raise Conflict(seen.id, seen.version, now.version if now is not None else 0)
            try:
                return self._attempt(work, asked, look_up=look_up)
            except _PERHAPS_STALE:
                # A repeated command is answered, not refused; and a refusal must not rest on what has changed.
                may_be_repeated = not look_up and any(request.named for request in asked)
                stands = not self.reader.moved_on(work.expected) and not may_be_repeated
                if stands or attempt == ATTEMPTS:
                    raise
            except (VersionConflict, CommandIdTaken) as error:
                self.reader.forget(work.expected)
                if attempt == ATTEMPTS:
                    raise self.conflict(error) from error
            except ConnectionLost:
                # The commit may have gone through: then the command ids are there, and the next turn finds them.
                lost += 1
                if lost > LOST_ANSWERS or attempt == ATTEMPTS:
                    raise
            look_up = True
            time.sleep(random.uniform(0, 0.002 * attempt))  # noqa: S311 - only to step out of each other's way
        raise AssertionError

    def _attempt(self, work: Work, asked: Sequence[Request], *, look_up: bool) -> list[Fact]:
        answers: list[Sequence[Fact]] = []
        receipts: dict[str, CommandRecord] = {}
        performed: dict[str, list[Fact]] = {}
        with in_turn(answers):
            for request in (self.unlinkable(each, work.read) for each in asked):
                answer = self.recorded_before(request) if look_up else None
                if request.command_id in receipts:
                    request.must_be(receipts[request.command_id].fingerprint)
                    answer = performed[request.command_id]
                if answer is None:
                    answer = performed[request.command_id] = work.perform(request.command, request.command_id)
                    receipt = CommandRecord(request.command_id, request.fingerprint, len(answer))
                    receipts[request.command_id] = receipt
                answers.append(answer)
        if receipts:
            self._append(work, list(receipts.values()))
        facts = [work.placed.get(fact.reference, fact) for answer in answers for fact in answer]
        self._after_commit(facts)
        return facts

    def _append(self, work: Work, receipts: Sequence[CommandRecord]) -> None:
        stored = [self.mapper.to_stored_event(cast("Any", fact)) for fact in work.facts]
        positions = self.recorder.insert_events(
            stored, commands=receipts, expected=work.expected, wakeups=work.wakeups()
        )
        work.placed = {fact.reference: fact for fact in placed_at(work.facts, positions)}
        self.reader.keep(work.written())
        if self._snapshots is not None:
            self._keep_snapshots(work, *self._snapshots)

    def recorded_before(self, request: Request) -> list[Fact] | None:
        """What a command id recorded before, if it did. Raises Refused if that was another command."""
        found = self.recorder.find_command(request.command_id)
        if found is None:
            return None
        printed, first, last = found
        request.must_be(printed)
        return list(self.reader.log(first - 1, last - first + 1))

    def _keep_snapshots(self, work: Work, snapshots: Snapshots, every: int) -> None:
        """Keeps the states whose turn has come. A snapshot is a cache: without it nothing is lost."""
        for stream in dict.fromkeys(fact.stream for fact in work.facts if fact.version % every == 0):
            try:
                snapshots.put([cast("Any", Snapshot(cast("State", work.read(stream))))])
            except Exception:  # the command is recorded already, and must not look as if it were not
                log.warning("no snapshot of %s was kept", stream, exc_info=True)

    def _after_commit(self, facts: Iterable[Fact]) -> None:
        """Keys go once what calls for it is durable; `repair` does it again after a crash in between."""
        for fact in facts:
            if isinstance(fact.event, RoundClosed | RoundAnnulled):
                self._forget_round(fact.stream)
            elif isinstance(fact.event, SubjectErased):
                self._ports.keys.destroy(f"subject:{fact.stream}")

    def repair(self) -> dict[str, Exception]:
        """Destroys the keys that a crash, a host's transaction or a restored key store has left behind.

        Returns the rounds that it could not deal with, and why; all else is done.
        """
        unfinished: dict[str, Exception] = {}
        for round_ in dict.fromkeys(name.partition(":")[2] for name in self._ports.keys.names("round-")):
            with put_by(unfinished, round_):
                state = self.reader.latest(round_)
                if state is not None and state.status is not RoundStatus.OPEN:
                    self._forget_round(round_)
        head, erased = self.recorder.head(), SubjectErased.name
        # At first all data subjects, which the log finds by their ids; later only what has come since.
        looked_at = (
            self.recorder.select_notifications(self._repaired, head, head, [erased], inclusive_of_start=False)
            if self._repaired
            else self.recorder.iterate_streams(f"{Kind.SUBJECT}-", through=head)
        )
        self._ports.keys.enforce(f"subject:{event.originator_id}" for event in looked_at if event.topic == erased)
        self._repaired = head
        return unfinished

    def _forget_round(self, round_: str) -> None:
        """The voters can no longer be linked; the key to the ballots is in the log if it was to be published."""
        self._ports.ballot_box.forget_voters(round_)
        self._ports.keys.destroy(f"round-content:{round_}")

    def conflict(self, error: VersionConflict | CommandIdTaken) -> Conflict:
        """The store's conflict in the public terms: who came first."""
        if isinstance(error, CommandIdTaken):
            return Conflict(error.command_id, 0, 1)
        first = self.reader.event_at(error.stream, error.expected + 1)
        return Conflict(error.stream, error.expected, error.actual, first.actor if first is not None else "")
