"""The one door: do, options, get, history, log, subscribe, within, tick."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, cast
from uuid import uuid4

from proposals.adapters.ballot_box import KeyedBallotBox
from proposals.adapters.calendars import ChineseCalendar
from proposals.adapters.key_files import key_store_for
from proposals.adapters.keys import FileKeyStore
from proposals.adapters.mapper import FactMapper
from proposals.adapters.policies import default_policy
from proposals.adapters.projecting import Projections
from proposals.adapters.sealing import Sealer
from proposals.adapters.snapshots import Snapshots
from proposals.adapters.store import Recorder
from proposals.application.following import Following
from proposals.application.hosting import Hosted
from proposals.application.options import Option, options
from proposals.application.reading import Reader, by_then
from proposals.application.recording import ATTEMPTS, Ports, Writer
from proposals.application.refusing import in_turn
from proposals.application.unfinished import Unfinished, put_by
from proposals.domain.deadlines import end_of, is_over, pending
from proposals.domain.decider import fold
from proposals.domain.errors import Conflict, Invalid, NotFound, Refused, refusal
from proposals.domain.ports import NoFunds
from proposals.domain.processes import PROCESSES
from proposals.domain.ticking import commands_for
from proposals.domain.vocabulary import Kind, instant_text, kind_of
from proposals.projections import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from proposals.application.idempotency import Request
    from proposals.domain.event import Command, Fact
    from proposals.domain.organisation import Unit
    from proposals.domain.ports import Calendar, Funds, KeyStore
    from proposals.domain.state import State
    from proposals.projections.projection import Projection


log = logging.getLogger(__name__)

_STREAM = re.compile(rf"({'|'.join(Kind)})-[A-Za-z0-9][A-Za-z0-9._-]{{0,79}}")


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
    appointments (by default the organisation streams), and the purse. Without a key store of the host's there is
    a file beside the database (see `key_store_for`). `snapshot_every` keeps a snapshot of a state each so many
    events; without it there are none. `app.projections` runs the read models that come with the package and the
    host's own `projections`; those that `inline` names are brought forward in each command's own transaction. What
    else is named goes to the store (`synchronous`, ...).

    Raises SchemaOlder, SchemaNewer or SchemaForeign if the database is not one of this release's.
    """

    def __init__(  # noqa: PLR0913 - one name for each port
        self,
        url: str = "sqlite://",
        *,
        clock: Callable[[], datetime] = utc_now,
        ids: Callable[[], str] = new_id,
        calendar: Calendar | None = None,
        keys: KeyStore | None = None,
        directory: Callable[[str], Unit | None] | None = None,
        funds: Funds | None = None,
        snapshot_every: int | None = None,
        projections: Iterable[Projection] = (),
        inline: Collection[str] = (),
        **store: Any,
    ) -> None:
        self.recorder = Recorder(url, clock=clock, **store)
        try:
            self._own_keys = key_store_for(url) if keys is None else None
        except BaseException:
            self.recorder.close()
            raise
        self.keys: KeyStore = keys if keys is not None else cast("KeyStore", self._own_keys)
        self._clock = clock
        self._calendar: Calendar = calendar or ChineseCalendar()
        sealer = Sealer(self.keys)
        self.mapper = FactMapper(sealer)
        snapshots = Snapshots(self.recorder.snapshot_recorder(), sealer) if snapshot_every else None
        self.reader = Reader(self.recorder, self.mapper, snapshots)
        ports = Ports(clock, ids, self._calendar, self.keys, KeyedBallotBox(self.keys), funds or NoFunds(), directory)
        kept = (snapshots, snapshot_every) if snapshots is not None and snapshot_every else None
        self.writer = Writer(self.recorder, self.mapper, self.reader, sealer, ports, kept)
        self._host: ContextVar[Hosted | None] = ContextVar("host", default=None)
        try:
            self.projections = Projections(self.recorder, self.mapper.entry, (*BUILT_IN, *projections), inline)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """The door itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the connections."""
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self.recorder.close()
        if isinstance(self._own_keys, FileKeyStore):
            self._own_keys.close()

    # --- asking

    def do(self, *commands: Command) -> list[Fact]:
        """Records what the commands lead to, all or nothing, in one transaction; returns the facts with positions.

        A command id that was recorded before is answered with what it recorded then. Raises Refused with the
        rule in the way and the index of its command, Conflict if others were first too often, Invalid for what is
        no command at all.
        """
        asked: list[Request] = []
        with in_turn(asked):
            for command in commands:
                asked.append(self.writer.request(command))  # noqa: PERF401 - how many there are says which is refused
        host = self._host.get()
        try:
            return host.do(asked) if host is not None else self.writer.record(asked)
        except OverflowError:
            raise Invalid([("(command)", "a time, or what becomes due from it, is beyond the calendar")]) from None

    def options(self, actor: str, stream: str, *, at: datetime | None = None) -> list[Option]:
        """Which commands are open to a person on a stream now, and why the others are not."""
        kind, host = kind_of(self._stream(stream)), self._host.get()
        while True:
            work = host.work if host is not None else self.writer.work()
            state = work.read(stream)
            if state is None:
                raise NotFound(stream)
            answer = options(PROCESSES[kind], state, actor, _aware(at) or self._clock(), work.context)
            if host is not None or not self.reader.moved_on(work.expected):
                return answer

    def get(self, stream: str, *, as_of: datetime | None = None, known_at: datetime | None = None) -> Any:
        """A stream's state: now, as it happened by an instant, or as the log knew it at an instant.

        Raises NotFound if there was nothing (then), ValueError for a naive instant.
        """
        if as_of is None and known_at is None:
            host = self._host.get()
            known = self._stream(stream)
            state = host.work.read(known) if host is not None else self.reader.latest(known)
        else:
            facts = self.history(stream)
            state = fold(PROCESSES[kind_of(stream)], by_then(facts, _aware(as_of), _aware(known_at)))
        if state is None:
            raise NotFound(stream)
        return state.copy()  # what is kept in memory, or waits in a host's transaction, is not the caller's to change

    def history(self, stream: str) -> list[Fact]:
        """Everything recorded on a stream, in order. Raises NotFound if there is nothing."""
        facts = self.reader.history(self._stream(stream))
        host = self._host.get()
        if host is not None:
            facts.extend(fact for fact in host.facts if fact.stream == stream)
        if not facts:
            raise NotFound(stream)
        return facts

    def log(self, after: int = 0, limit: int | None = None) -> Iterator[Fact]:
        """The whole log in commit order, from after a position on."""
        return self.reader.log(after, limit)

    def subscribe(self, after: int = 0) -> Following:
        """Follows the log, what is there and then what comes, in commit order: resumable, at least once."""
        return Following(self.recorder.subscribe(gt=after), self.reader.fact)

    def streams(self, kind: Kind) -> Iterator[str]:
        """The ids of all streams of a kind, sorted."""
        return self.recorder.stream_ids(f"{kind.value}-")

    def states(self, kind: Kind) -> Iterator[State]:
        """Every state of a kind, folded from the log in one pass with flat memory, sorted by id."""
        return self.reader.states(kind)

    # --- the clock

    def tick(self, now: datetime | None = None) -> list[Fact]:
        """Does what is due by now, one transaction a timer; late or repeated it has no second effect.

        Returns what was recorded. A timer that somebody else's command has overtaken is looked at again. Raises
        Refused for a time in the future, and inside a host's transaction; Unfinished, when everything else is
        done, if some streams could not be dealt with.
        """
        if self._host.get() is not None:
            raise Refused(refusal("not_inside_a_host", command="tick"))
        moment = _aware(now) or self._clock()
        latest = end_of(self._clock(), default_policy().clock_skew, default_policy(), self._calendar).at
        if moment > latest:
            raise Refused(refusal("in_the_future", at=instant_text(moment), now=instant_text(self._clock())))
        unfinished = self.writer.repair()
        recorded: list[Fact] = []
        stuck: set[str] = set()
        while True:
            due = [s for s in self.recorder.due(instant_text(moment), 1_000 + len(stuck)) if s not in stuck]
            if not due:
                break
            for stream in due:
                done: list[Fact] = []
                with put_by(unfinished, stream):
                    done = self._tick(stream, moment)
                recorded.extend(done)
                if not done:
                    stuck.add(stream)
        if unfinished:
            raise Unfinished(unfinished, recorded)
        return recorded

    def _tick(self, stream: str, now: datetime) -> list[Fact]:
        """Does the first thing that is due on a stream. Who keeps being overtaken leaves it to the next tick."""
        for _ in range(ATTEMPTS):
            with suppress(Conflict):  # somebody was first: what is due may be another thing now
                return self._do_due(stream, now)
        return []

    def _do_due(self, stream: str, now: datetime) -> list[Fact]:
        work, head = self.writer.work(), self.recorder.head()
        state = self.reader.latest(stream)
        if state is None:
            return []
        kind = kind_of(stream)
        for timer in pending(kind, state, PROCESSES[kind].policy(state, None, work.context), self._calendar):
            if not is_over(timer.due, now):
                break
            asked = [self.writer.request(command) for command in commands_for(timer, state, now, work.context)]
            try:
                facts = self.writer.record(asked, seen=state)
            except Refused as refused:  # what the clock wants is not open now; the timer stays, and is tried again
                log.debug("%s is due on %s, and is refused: %s", timer.name, stream, refused.code)
                continue
            # A timer that went off before and is pending again, as after a backdated revision, has no second effect.
            done = [fact for fact in facts if fact.position is not None and fact.position > head]
            if done:
                return done
        return []

    # --- inside a host's transaction

    @contextmanager
    def within(self, host: Session | Connection) -> Iterator[Self]:
        """Joins a host's transaction: what `do` records commits and rolls back with the host's rows.

        Until then the facts have no position; `get`, `history`, `options` and `do` see them. A conflict, or a
        reused command id, is raised by the host's commit and rolls everything back. Raises HostRefused for a
        connection that cannot carry events.
        """
        token = self._host.set(Hosted.of(self.writer, host))
        try:
            yield self
        finally:
            self._host.reset(token)

    def _stream(self, stream: str) -> str:
        if _STREAM.fullmatch(stream) is None:
            kinds = ", ".join(kind.value for kind in Kind)
            raise Invalid([("stream", f"an id is one of {kinds}, a hyphen, and letters, digits, dots and the like")])
        return stream


def _aware(instant: datetime | None) -> datetime | None:
    if instant is not None and instant.tzinfo is None:
        message = "an instant needs a time zone"
        raise ValueError(message)
    return instant
