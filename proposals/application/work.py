"""One transaction being decided: what was read, at which version, and what is to be recorded."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, cast

from proposals.adapters.keys import KeyDestroyed
from proposals.domain.data_subject import CreateSubjectKey, DataSubject, SubjectStatus
from proposals.domain.deadlines import next_due, same_timers
from proposals.domain.decider import Cause, by_now, decide, evolve
from proposals.domain.errors import ProposalsError, Refused, refusal
from proposals.domain.event import personal_subjects
from proposals.domain.processes import PROCESSES
from proposals.domain.reactions import Follow, reactions
from proposals.domain.vocabulary import instant_text, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from proposals.domain.context import Context
    from proposals.domain.event import Command, Fact
    from proposals.domain.state import State


class KeyStoreMismatch(ProposalsError):
    """The key store is not the one this log was written with: a known subject's key is missing or another."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"the key of {subject} is not the one the log names; open the store with its own key store")


class Work:
    """Decides commands one after another on the states that the ones before have left.

    `load` gives a stream's recorded state (None if there is none). Every stream that is looked at is noted with
    the version it had, so that the store can check under its lock that none has moved on meanwhile.
    """

    def __init__(
        self,
        load: Callable[[str], State | None],
        context: Callable[[Callable[[str], State | None]], Context],
        commitment: Callable[[str], str],
    ) -> None:
        self._load = load
        self._commitment = commitment
        self._states: dict[str, State | None] = {}
        self.context = context(self.read)
        self.expected: dict[str, int] = {}
        self.facts: list[Fact] = []
        self.before: dict[str, State | None] = {}
        """What was recorded of each stream that is written, before this work."""
        self.placed: dict[str, Fact] = {}
        """The facts once they have their positions, by their references."""

    def read(self, stream: str) -> State | None:
        """A stream's state: as recorded, with what this work has added."""
        if stream not in self._states:
            state = self._load(stream)
            self.expected.setdefault(stream, state.version if state is not None else 0)
            self._states[stream] = state
        return self._states[stream]

    def perform(self, command: Command, command_id: str) -> list[Fact]:
        """Decides a command and everything that follows from it; returns the facts, in order.

        Raises Refused. The work is then of no use any more: what was decided before stays in it.
        """
        recorded: list[Fact] = []
        waiting = deque([(command, Cause(command_id, command_id, command_id))])
        while waiting:
            asked, cause = waiting.popleft()
            follow = self._decide(asked, cause)
            recorded.append(follow.fact)
            then = Cause(command_id, command_id, follow.fact.reference)
            waiting.extend((reaction, then) for reaction in (*self._keys(follow), *reactions(follow)))
        self.facts.extend(recorded)
        return recorded

    def _decide(self, command: Command, cause: Cause) -> Follow:
        process = PROCESSES[kind_of(command.stream)]
        before = self.read(command.stream)
        if command.at is None:
            command = command.model_copy(update={"at": by_now(before, self.context)})
        fact = decide(process, before, command, self.context, cause)
        after = evolve(process, before, fact)
        self._states[command.stream] = after
        self.before.setdefault(command.stream, before)
        return Follow(command, fact, after, self.context)

    def _keys(self, follow: Follow) -> list[Command]:
        """A subject's first personal data brings its key; after erasure there is no other."""
        needed: list[Command] = []
        for subject in personal_subjects(follow.fact.event):
            known = self.read(subject)
            assert known is None or isinstance(known, DataSubject)
            if known is not None and known.status is SubjectStatus.ERASED:
                raise _erased(subject)
            try:
                commitment = self._commitment(subject)
            except KeyDestroyed:  # the log was restored from before the erasure; the key store knows better
                raise _erased(subject) from None
            if known is None:
                process, people = PROCESSES[kind_of(follow.fact.stream)], follow.people
                place = process.site(follow.after, follow.command, self.context).place
                needed.append(CreateSubjectKey(subject=subject, commitment=commitment, place=place, **people))
            elif known.commitment != commitment:
                raise KeyStoreMismatch(subject)
        return needed

    def resume(self, earlier: Work, facts: Iterable[Fact]) -> None:
        """Takes over what an earlier work had read, and those of its facts that still stand."""
        self.expected = earlier.expected
        for fact in facts:
            before = self.read(fact.stream)
            self._states[fact.stream] = evolve(PROCESSES[kind_of(fact.stream)], before, fact)
            self.before.setdefault(fact.stream, before)
            self.facts.append(fact)

    def written(self) -> list[State]:
        """The states of the streams that were written, as they are now."""
        return [cast("State", self._states[stream]) for stream in self.before]

    def wakeups(self) -> dict[str, str | None]:
        """When a tick has to look at the streams for which that has changed, as text; None for never."""
        due: dict[str, str | None] = {}
        for stream, before in self.before.items():
            after = cast("State", self._states[stream])
            policy = PROCESSES[kind_of(stream)].policy
            rules = policy(after, None, self.context)
            ruled_anew = before is not None and policy(before, None, self.context) is not rules
            if before is None or ruled_anew or not same_timers(before, after, rules):
                due[stream] = self._next_due(after)
            if ruled_anew:
                due |= {other: self._next_due(cast("State", self.read(other))) for other in after.ruled_by_it}
        return due

    def _next_due(self, state: State) -> str | None:
        kind = kind_of(state.id)
        at = next_due(kind, state, PROCESSES[kind].policy(state, None, self.context), self.context.calendar)
        return instant_text(at) if at is not None else None


def _erased(subject: str) -> Refused:
    return Refused(refusal("subject_erased", subject=subject), guard="subject", stream=subject)
