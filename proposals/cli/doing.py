"""`do`: commands in, recorded events out. Every line that is read has its answer, and nothing is lost."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from proposals.cli.failures import FINDINGS, WRONG_USAGE, Failure
from proposals.cli.screen import as_json, let_go_of_output, progress, put, remark
from proposals.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from proposals.application import Proposals
    from proposals.cli.reading import Given
    from proposals.domain.errors import Conflict, Invalid, Refused
    from proposals.domain.event import Command, Fact

STDIN: Final = Path("-")


def do(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="help_do_files", show_default=False)],
    atomic: Annotated[bool, typer.Option("--atomic", help="help_do_atomic")] = False,
) -> None:
    """Records commands; see the catalogue under help_do."""
    settings: Settings = context.obj
    for file in files:
        if file != STDIN and not file.is_file():
            raise Failure(settings.words("error_no_file", file=str(file)), WRONG_USAGE)
    with settings.opened(create=True) as app, progress(settings.words("do_progress")) as advance:
        doing = _Doing(app, settings)
        try:
            if atomic:
                doing.all_or_nothing(_given(files, settings))
            else:
                doing.one_by_one(_given(files, settings), advance)
        except BrokenPipeError:
            let_go_of_output()
            raise Failure(settings.words("do_reader_gone", line=doing.line)) from None
        except Exception:  # whatever it is goes on from here, with the line that it came at
            if doing.line:
                remark(settings.words("do_stopped", line=doing.line))
            raise
    doing.sum_up()
    if doing.counts["refused"] or doing.counts["invalid"]:
        raise typer.Exit(FINDINGS)


def _given(files: list[Path], settings: Settings) -> Iterator[Given]:
    from proposals.cli.reading import given

    for file in files:
        yield from given(file, settings, named=len(files) > 1)


@dataclass(frozen=True)
class _Read:
    """A line and the command in it."""

    place: dict[str, Any]
    command: Command


class _Doing:
    """The door, and the answers that were given so far."""

    def __init__(self, app: Proposals, settings: Settings) -> None:
        self._app = app
        self._words = settings.words
        self.counts: Counter[str] = Counter()
        self.line = 0
        self._newest = app.recorder.head()

    def one_by_one(self, lines: Iterator[Given], advance: Callable[[int], None]) -> None:
        """Each line in a transaction of its own."""
        for line in lines:
            self.line = line.number
            read = self._read(line)
            if read is not None:
                self._record(read)
            advance(1)

    def all_or_nothing(self, lines: Iterator[Given]) -> None:
        """Every line in one transaction, or none of them."""
        from proposals.domain.errors import Conflict, Invalid, Refused

        everything = list(lines)
        read = [found for line in everything if (found := self._read(line)) is not None]
        read = self._without_repeated_ids(read)
        if self.counts["invalid"]:
            self._leave(read)
            return
        try:
            facts = self._app.do(*(one.command for one in read))
        except (Refused, Conflict) as error:
            index = error.index if isinstance(error, Refused) else None
            culprit = read[index] if index is not None else None
            for one in read:
                if one is culprit or culprit is None:
                    self._refuse(one.place, error)
                else:
                    self._leave([one])
            return
        except Invalid as error:  # it shows only while they are done, and not at which of them
            for one in read:
                self._reject(one.place, error)
            return
        answers = [list(group) for _, group in groupby(facts, key=lambda fact: fact.command_id)]
        for one, answer in zip(read, answers, strict=True):
            self._tell(one, answer)

    def _read(self, line: Given) -> _Read | None:
        from proposals.domain.errors import Invalid

        try:
            return _Read(line.place, line.command())
        except Invalid as error:
            self._reject(line.place, error)
            return None

    def _record(self, read: _Read) -> None:
        from proposals.domain.errors import Conflict, Invalid, Refused

        try:
            self._tell(read, self._app.do(read.command))
        except (Refused, Conflict) as error:
            self._refuse(read.place, error)
        except Invalid as error:
            self._reject(read.place, error)

    def _tell(self, read: _Read, facts: list[Fact]) -> None:
        from proposals.cli.states import event_json

        newest = max((fact.position or 0 for fact in facts), default=0)
        if facts and newest <= self._newest:  # its id was there before
            self.counts["before"] += 1
        else:
            self.counts["recorded"] += 1
            self.counts["events"] += len(facts)
            self._newest = max(self._newest, newest)
        if read.command.secret:  # the event beside the line would lead from the voter to the ballot
            put(as_json({**read.place, "cast": True}))
            return
        for fact in facts:
            put(as_json({**read.place, "event": event_json(fact, self._app, personal=False)}))

    def _refuse(self, place: dict[str, Any], error: Refused | Conflict) -> None:
        from proposals.domain.errors import Refused

        self.counts["refused"] += 1
        if isinstance(error, Refused):
            said = {"code": error.code, "guard": error.guard, "text": error.text(self._words.language)}
        else:
            said = {"code": "conflict", "guard": "", "text": self._words("error_conflict", stream=error.stream)}
        put(as_json({**place, "refused": said}))

    def _reject(self, place: dict[str, Any], error: Invalid) -> None:
        self.counts["invalid"] += 1
        problems = [{"field": field, "reason": reason} for field, reason in error.problems]
        put(as_json({**place, "invalid": problems}))

    def _leave(self, read: list[_Read]) -> None:
        for one in read:
            self.counts["left"] += 1
            put(as_json({**one.place, "left": self._words("do_left")}))

    def _without_repeated_ids(self, read: list[_Read]) -> list[_Read]:
        """In one transaction each id stands for one command, or nobody could tell whose events are whose."""
        seen: dict[str, int] = {}
        kept: list[_Read] = []
        for one in read:
            command_id = one.command.command_id
            if command_id is not None and command_id in seen:
                self.counts["invalid"] += 1
                reason = self._words("invalid_id_twice", line=seen[command_id])
                put(as_json({**one.place, "invalid": [{"field": "command_id", "reason": reason}]}))
                continue
            if command_id is not None:
                seen[command_id] = one.place["line"]
            kept.append(one)
        return kept

    def sum_up(self) -> None:
        """Tells people how it went, where they look or have to."""
        found = self.counts["refused"] + self.counts["invalid"]
        if found or self.counts["before"] or sys.stderr.isatty():
            names = ("recorded", "events", "before", "refused", "invalid", "left")
            remark(self._words("do_summary", **{name: self.counts[name] for name in names}))
