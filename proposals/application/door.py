"""The one door: do, options, get, history, log, subscribe, within, tick."""

from __future__ import annotations

import random
import time
from collections import OrderedDict
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, cast
from uuid import uuid4

from eventsourcing.application import AggregateNotFoundError, Repository
from eventsourcing.persistence import EventStore

from proposals.adapters.ballot_box import KeyedBallotBox
from proposals.adapters.calendars import ChineseCalendar
from proposals.adapters.keys import MemoryKeyStore
from proposals.adapters.mapper import FactMapper
from proposals.adapters.policies import default_policy
from proposals.adapters.sealing import Sealer
from proposals.adapters.store import CommandIdTaken, CommandRecord, Recorder, VersionConflict
from proposals.adapters.store.connections import ConnectionLost
from proposals.application.hosting import Hosted
from proposals.application.idempotency import Request, fingerprint, placed_at
from proposals.application.options import Option, options
from proposals.application.work import Work
from proposals.domain.context import Context
from proposals.domain.data_subject import SubjectErased
from proposals.domain.deadlines import pending
from proposals.domain.decider import fold
from proposals.domain.errors import Conflict, Invalid, NotFound, Refused, refusal
from proposals.domain.evaluation_round import RoundAnnulled, RoundClosed
from proposals.domain.ports import NoFunds
from proposals.domain.processes import PROCESSES
from proposals.domain.ticking import commands_for
from proposals.domain.vocabulary import Kind, instant_text, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from proposals.adapters.store import LogSubscription
    from proposals.domain.event import Command, Fact
    from proposals.domain.organisation import Unit
    from proposals.domain.ports import BallotBox, Calendar, Funds, KeyStore
    from proposals.domain.state import State

ATTEMPTS = 25
"""How often a command is decided anew when others keep being first, before the Conflict is the caller's."""

KEPT = 20_000
"""How many units and policies are kept in memory. They are re-checked at every append, so they are never stale."""

LOST_ANSWERS = 3
"""How often a command is tried again after the connection was lost at its commit."""

REFERENCE = frozenset({Kind.UNIT, Kind.POLICY})


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def new_id() -> str:
    """A random id for a command."""
    return str(uuid4())


class Proposals:
    """An event-sourced workflow engine for the five steps, on one database.

    `url` is a SQLAlchemy URL of SQLite or PostgreSQL; left out, everything is in memory. What the domain asks of
    the world is passed in: the clock, ids of commands, the calendar, the key store, a directory of units and
    appointments (by default the organisation streams), and the purse. Raises SchemaOlder, SchemaNewer,
    SchemaForeign if the database is not one of this release's.
    """

    def __init__(
        self,
        url: str = "sqlite://",
        *,
        clock: Callable[[], datetime] = utc_now,
        ids: Callable[[], str] = new_id,
        calendar: Calendar | None = None,
        keys: KeyStore | None = None,
        directory: Callable[[str], Unit | None] | None = None,
        funds: Funds | None = None,
        **store: Any,
    ) -> None:
        self.recorder = Recorder(url, clock=clock, **store)
        self.keys = keys if keys is not None else MemoryKeyStore()
        self._clock, self._ids = clock, ids
        self._calendar: Calendar = calendar or ChineseCalendar()
        self._directory, self._funds = directory, funds or NoFunds()
        self._ballot_box: BallotBox = KeyedBallotBox(self.keys)
        self._sealer = Sealer(self.keys)
        self.mapper = FactMapper(self._sealer)
        self.repository: Repository[str] = Repository(EventStore(self.mapper, self.recorder))
        self._reference: OrderedDict[str, State] = OrderedDict()
        self._host: ContextVar[Hosted | None] = ContextVar("host", default=None)

    def __enter__(self) -> Self:
        """The door itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the connections."""
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self.recorder.close()

    # --- asking

    def do(self, *commands: Command) -> list[Fact]:
        """Records what the commands lead to, all or nothing, in one transaction; returns the facts with positions.

        A command id that was recorded before is answered with what it recorded then. Raises Refused with the
        rule in the way, Conflict if others were first too often, Invalid for what is no command at all.
        """
        asked = [self._complete(command) for command in commands]
        host = self._host.get()
        if host is not None:
            return host.do(asked)
        look_up = False
        for attempt in range(1, ATTEMPTS + 1):
            work = self.new_work()
            try:
                return self._record(work, asked, look_up=look_up)
            except Refused:
                # A repeated command is answered, not refused; and a refusal must not rest on what has changed.
                if not self._moved_on(work) and (look_up or not any(request.named for request in asked)):
                    raise
            except (VersionConflict, CommandIdTaken) as error:
                self.forget(work)
                if attempt == ATTEMPTS:
                    raise _conflict(error) from error
            except ConnectionLost:
                # The commit may have gone through: then the command ids are there, and the next turn finds them.
                if attempt > LOST_ANSWERS:
                    raise
            look_up = True
            time.sleep(random.uniform(0, 0.002 * attempt))  # noqa: S311 - only to step out of each other's way
        raise AssertionError

    def options(self, actor: str, stream: str, *, at: datetime | None = None) -> list[Option]:
        """Which commands are open to a person on a stream now, and why the others are not."""
        work = self._work_in_sight()
        state = work.read(self._stream(stream))
        if state is None:
            raise NotFound(stream)
        return options(PROCESSES[kind_of(stream)], state, actor, at or self._clock(), work.context)

    def get(self, stream: str, *, as_of: datetime | None = None, known_at: datetime | None = None) -> Any:
        """A stream's state: now, as it happened by an instant, or as the log knew it at an instant.

        Raises NotFound if there was nothing (then), ValueError for a naive instant.
        """
        if as_of is None and known_at is None:
            state = self._work_in_sight().read(self._stream(stream))
        else:
            facts = self.history(stream)
            state = fold(PROCESSES[kind_of(stream)], _by(facts, _aware(as_of), _aware(known_at)))
        if state is None:
            raise NotFound(stream)
        return state

    def history(self, stream: str) -> list[Fact]:
        """Everything recorded on a stream, in order. Raises NotFound if there is nothing."""
        facts = [self._fact(event) for event in self.recorder.select_events(self._stream(stream))]
        host = self._host.get()
        if host is not None:
            facts.extend(fact for fact in host.facts if fact.stream == stream)
        if not facts:
            raise NotFound(stream)
        return facts

    def log(self, after: int = 0, limit: int | None = None) -> Iterator[Fact]:
        """The whole log in commit order, from after a position on."""
        return map(self._fact, self.recorder.log(after, limit))

    @contextmanager
    def subscribe(self, after: int = 0) -> Iterator[Iterator[Fact]]:
        """Follows the log, what is there and then what comes, in commit order: resumable, at least once."""
        subscription: LogSubscription = self.recorder.subscribe(gt=after)
        with subscription:
            yield map(self._fact, subscription)

    def streams(self, kind: Kind) -> Iterator[str]:
        """The ids of all streams of a kind, sorted."""
        return self.recorder.stream_ids(f"{kind.value}-")

    def states(self, kind: Kind) -> Iterator[State]:
        """Every state of a kind, folded from the log in one pass with flat memory, sorted by id."""
        process, stream, facts = PROCESSES[kind], "", list[Any]()
        for envelope in self.recorder.iterate_streams(f"{kind.value}-"):
            if envelope.originator_id != stream and facts:
                yield cast("State", fold(process, facts))
                facts = []
            stream = str(envelope.originator_id)
            facts.append(self._fact(envelope))
        if facts:
            yield cast("State", fold(process, facts))

    # --- the clock

    def tick(self, now: datetime | None = None) -> list[Fact]:
        """Does what is due by now, one transaction a timer; late or repeated it has no second effect.

        Returns what was recorded. A timer that somebody else's command has overtaken is passed over.
        """
        moment = now or self._clock()
        recorded: list[Fact] = []
        stuck: set[str] = set()
        while True:
            due = [s for s in self.recorder.due(instant_text(moment), 1_000 + len(stuck)) if s not in stuck]
            if not due:
                return recorded
            for stream in due:
                done = self._tick(stream, moment)
                recorded.extend(done)
                if not done:
                    stuck.add(stream)

    def _tick(self, stream: str, now: datetime) -> list[Fact]:
        work = self.new_work(now)
        state = work.read(stream)
        if state is None:
            return []
        kind = kind_of(stream)
        for timer in pending(kind, state, PROCESSES[kind].policy(state, None, work.context), self._calendar):
            if timer.due > now:
                break
            commands = commands_for(timer, state, now, work.context)
            if commands:
                try:
                    return self.do(*commands)
                except Refused:
                    continue
        return []

    # --- inside a host's transaction

    @contextmanager
    def within(self, host: Session | Connection) -> Iterator[Self]:
        """Joins a host's transaction: what `do` records commits and rolls back with the host's rows.

        Until then the facts have no position; `get`, `history`, `options` and `do` see them. A conflict, or a
        reused command id, is raised by the host's commit and rolls everything back. Raises HostRefused for a
        connection that cannot carry events.
        """
        token = self._host.set(Hosted.of(self, host))
        try:
            yield self
        finally:
            self._host.reset(token)

    # --- how it works

    def _complete(self, command: Command) -> Request:
        """Fills in what was left out. Raises Refused for a command nobody may give by itself."""
        process = PROCESSES.get(kind_of(command.stream))
        name = type(command).__name__
        if process is None or process.commands.get(name) is not type(command):
            raise Refused(refusal("not_a_public_command", command=name), command=name, stream=command.stream)
        command_id = command.command_id or self._ids()
        if command.secret:
            command_id = self._ballot_box.blind(command.stream, command_id)
        filled = command.model_copy(update={"command_id": command_id, "at": command.at or self._clock()})
        return Request(filled, command_id, fingerprint(command), named=command.command_id is not None)

    def _record(self, work: Work, asked: Sequence[Request], *, look_up: bool) -> list[Fact]:
        """Decides and appends, in one transaction; what was recorded before is read back instead."""
        answers: list[Sequence[Fact]] = []
        receipts: list[CommandRecord] = []
        for request in asked:
            known = self.recorded_before(request) if look_up else None
            if known is None:
                known = work.perform(request.command, request.command_id)
                receipts.append(CommandRecord(request.command_id, request.fingerprint, len(known)))
            answers.append(known)
        if receipts:
            stored = [self.mapper.to_stored_event(cast("Any", fact)) for fact in work.facts]
            positions = self.recorder.insert_events(
                stored, commands=receipts, expected=work.expected, wakeups=work.wakeups()
            )
            placed = iter(placed_at(work.facts, positions))
            new = set(map(id, work.facts))
            answers = [[next(placed) if id(fact) in new else fact for fact in answer] for answer in answers]
        facts = [fact for answer in answers for fact in answer]
        self._after_commit(facts)
        return facts

    def recorded_before(self, request: Request) -> list[Fact] | None:
        """What a command id recorded before, if it did. Raises Refused if that was another command."""
        found = self.recorder.find_command(request.command_id)
        if found is None:
            return None
        printed, first, last = found
        if printed != request.fingerprint:
            reason = refusal("command_id_reused", command_id=request.command_id)
            raise Refused(reason, command=type(request.command).__name__, stream=request.command.stream)
        return [self._fact(event) for event in self.recorder.log(first - 1, last - first + 1)]

    def new_work(self, now: datetime | None = None) -> Work:
        """A transaction to decide in, on what is recorded now."""
        return Work(self._load, lambda read: self._context(read, now), self._sealer.commitment)

    def _work_in_sight(self) -> Work:
        host = self._host.get()
        if host is not None:
            return host.work
        work = self.new_work()
        self._refresh()
        return work

    def _context(self, read: Callable[[str], State | None], now: datetime | None) -> Context:
        return Context(
            now=now or self._clock(),
            read=read,
            calendar=self._calendar,
            ballot_box=self._ballot_box,
            default_policy=default_policy(),
            event_at=self._event_at,
            directory=self._directory,
            funds=self._funds,
        )

    def _load(self, stream: str) -> State | None:
        kept = self._reference.get(stream)
        if kept is not None:
            return kept
        process = PROCESSES[kind_of(stream)]
        try:
            state: Any = self.repository.get(
                stream, projector_func=lambda initial, facts: fold(process, cast("Iterable[Fact]", facts), initial)
            )
        except AggregateNotFoundError:
            return None
        if process.kind in REFERENCE:
            self._reference[stream] = state
            while len(self._reference) > KEPT:
                self._reference.popitem(last=False)
        return cast("State", state)

    def _refresh(self) -> None:
        """Drops from memory whatever others have changed meanwhile."""
        kept = dict(self._reference)
        for stream, version in self.recorder.heads(list(kept)).items() if kept else ():
            if kept[stream].version != version:
                self._reference.pop(stream, None)

    def _moved_on(self, work: Work) -> bool:
        """Whether a refusal was decided on something that is no longer so; then it is decided anew."""
        heads = self.recorder.heads(list(work.expected)) if work.expected else {}
        moved = [stream for stream, version in work.expected.items() if heads.get(stream, 0) != version]
        for stream in moved:
            self._reference.pop(stream, None)
        return bool(moved)

    def forget(self, work: Work) -> None:
        """Drops from memory what a work has read, for it may have changed."""
        for stream in work.expected:
            self._reference.pop(stream, None)

    def _after_commit(self, facts: Iterable[Fact]) -> None:
        """Keys go once what calls for it is durable; `repair` does it again after a crash in between."""
        for fact in facts:
            self._reference.pop(fact.stream, None)
            match fact.event:
                case RoundClosed() | RoundAnnulled():
                    self._ballot_box.forget_voters(fact.stream)
                case SubjectErased():
                    self.keys.destroy(f"subject:{fact.stream}")
                case _:
                    pass

    def _event_at(self, stream: str, version: int) -> Fact | None:
        found = self.recorder.select_events(stream, gt=version - 1, lte=version)
        return self._fact(found[0]) if found else None

    def _fact(self, envelope: Any) -> Fact:
        return cast("Fact", self.mapper.to_domain_event(envelope))

    def _stream(self, stream: str) -> str:
        try:
            kind_of(stream)
        except ValueError:
            kinds = ", ".join(kind.value for kind in Kind)
            raise Invalid([("stream", f"an id begins with one of {kinds} and a hyphen")]) from None
        return stream


def _conflict(error: VersionConflict | CommandIdTaken) -> Conflict:
    if isinstance(error, VersionConflict):
        return Conflict(error.stream, error.expected, error.actual)
    return Conflict(error.command_id, 0, 1)


def _aware(instant: datetime | None) -> datetime | None:
    if instant is not None and instant.tzinfo is None:
        message = "an instant needs a time zone"
        raise ValueError(message)
    return instant


def _by(facts: Iterable[Fact], as_of: datetime | None, known_at: datetime | None) -> Iterator[Fact]:
    """The facts that had happened by one instant, and of those the ones that were in the log by another."""
    for fact in facts:
        known = known_at is None or (fact.recorded_at is not None and fact.recorded_at <= known_at)
        if known and (as_of is None or fact.occurred_at <= as_of):
            yield fact
