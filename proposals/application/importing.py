"""Takes over a ledger of another register: facts as its rows state them, in batches, as often as one likes."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from proposals.adapters.ledger import (
    LedgerMapping,
    LedgerRow,
    NeededUnit,
    Rejection,
    RejectsFile,
    SeenKeys,
    read_ledger,
    read_mapping,
)
from proposals.adapters.policies import default_policy
from proposals.domain.authority import holds
from proposals.domain.context import Site
from proposals.domain.errors import Invalid, Refused, refusal
from proposals.domain.importing import CloseImported, ImportClosedCase, ImportOpenCase, UpdateImported, is_as_imported
from proposals.domain.organisation import Appoint, CreateUnit
from proposals.domain.policy import CheckPolicy, DraftPolicy, PublishPolicy
from proposals.domain.vocabulary import SYSTEM, Kind, Role, Tier, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from proposals.application.door import Proposals
    from proposals.application.work import Work
    from proposals.domain.case import Proposal
    from proposals.domain.event import Command, Fact

BATCH = 200
"""How many rows are recorded in one transaction."""

SHOWN = 20
"""How many rejections a report holds in full; the rejects file holds all."""

IMPORTED, UPDATED, UNCHANGED, REJECTED = "imported", "updated", "unchanged", "rejected"


@dataclass(slots=True)
class Report:
    """What came of an import, or would come of it: imported + updated + unchanged + rejected = rows."""

    dry_run: bool = False
    rows: int = 0
    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    units_created: int = 0
    cleaned: int = 0
    """Rows from whose text control characters were taken out."""
    reasons: Counter[str] = field(default_factory=Counter)
    """How many rows were rejected for each code."""
    rejections: list[Rejection] = field(default_factory=list)
    """The first of them."""


def import_ledger(
    app: Proposals,
    path: str | Path,
    mapping: LedgerMapping | str | Path,
    *,
    actor: str,
    dry_run: bool = False,
    rejects: str | Path | None = None,
    progress: Callable[[int], object] | None = None,
) -> Report:
    """Imports the rows of a ledger by a mapping, in the name of an importer.

    A store without the mapping's root unit is founded first, as the mapping's `[bootstrap]` says. Rows that are
    there already are left alone, changed ones are noted on their case; one that is closed now closes a case with
    which nothing was done here. It can be stopped at any moment and run
    again. `rejects` gets every row that was not taken over, and replaces a file of that name at the end. A dry
    run records nothing and writes no file. `progress` is called with the number of rows done so far.

    Raises Invalid for a mapping that is wrong or does not fit the file, LedgerUnreadable for a file that cannot
    be read (further), Refused if the actor is no importer at the root, if no policy is in force there, or
    inside a host's transaction; OSError.
    """
    if app._host.get() is not None:  # noqa: SLF001 - batches are transactions of their own
        raise Refused(refusal("not_inside_a_host", command="import"))
    known = mapping if isinstance(mapping, LedgerMapping) else read_mapping(mapping)
    report = Report(dry_run=dry_run)
    with ExitStack() as stack:
        run = _Run(app, known, actor, report, stack.enter_context(SeenKeys()))
        file = stack.enter_context(RejectsFile(rejects)) if rejects is not None and not dry_run else None
        for batch in _batches(read_ledger(path, known)):
            if report.rows == 0:  # a file that cannot be read, or does not fit, must not found a county first
                run.found()
            for rejection in run.take(batch):
                report.reasons[rejection.code] += 1
                if len(report.rejections) < SHOWN:
                    report.rejections.append(rejection)
                if file is not None:
                    file.add(rejection)
            if progress is not None:
                progress(report.rows)
    return report


def _batches(rows: Iterator[LedgerRow | Rejection]) -> Iterator[list[LedgerRow | Rejection]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


@dataclass(frozen=True, slots=True)
class _Planned:
    """What is to become of a row: nothing more for one that is unchanged, a rejection, or commands."""

    row: LedgerRow | Rejection
    outcome: str
    commands: tuple[Command, ...] = ()


class _Run:
    """One import. Everything is decided on a work of its own first; a dry run stops there."""

    def __init__(self, app: Proposals, mapping: LedgerMapping, actor: str, report: Report, seen: SeenKeys) -> None:
        self._app, self._mapping, self._actor, self._report, self._seen = app, mapping, actor, report, seen
        self._imagined: list[Fact] = []

    # --- founding

    def found(self) -> None:
        """Founds the root if the store lacks it, and makes sure that the importer may import there."""
        root = self._mapping.root.unit
        if self._work().context.unit(root) is None:
            try:
                self._found_by(self._founding())
            except Refused:
                # Another import may have been first; then its root is as good as ours.
                if self._work().context.unit(root) is None:
                    raise
        self._may_import(root)

    def _found_by(self, commands: Sequence[Command]) -> None:
        if not self._report.dry_run:
            self._record(commands)
            return
        work = self._app.writer.work()
        for command in commands:
            work.perform(command.model_copy(update={"at": work.context.now}), str(command.command_id))
        self._imagine(work.facts)

    def _founding(self) -> list[Command]:
        mapping, founder = self._mapping, self._mapping.bootstrap
        root = mapping.root.unit
        if founder is None:
            raise Invalid([("bootstrap", f"the store has no unit {root}: create it, or say here how it is founded")])
        context, rules = self._work().context, default_policy()
        if founder.time_zone is not None:
            rules = rules.model_copy(update={"time_zone": founder.time_zone})
        today = context.day(context.now, rules)
        since = min(today, context.day(context.now))
        commands: list[Command] = [
            CreateUnit(unit=root, title=mapping.root.title, tier=Tier.COUNTY, actor=SYSTEM),
            Appoint(unit=root, person=self._actor, role=Role.IMPORTER, since=since, actor=SYSTEM),
            Appoint(unit=root, person=founder.principal, role=Role.PRINCIPAL, since=since, actor=SYSTEM),
            DraftPolicy(policy=founder.policy, unit=root, rules=rules, actor=SYSTEM),
            CheckPolicy(policy=founder.policy, actor=SYSTEM),
            PublishPolicy(policy=founder.policy, effective=today, actor=founder.principal, entered_by=self._actor),
        ]
        return [
            command.model_copy(update={"command_id": _command_id("found", root, number)})
            for number, command in enumerate(commands)
        ]

    def _may_import(self, root: str) -> None:
        context = self._work().context
        edition = context.policy_in_force(root, context.now)
        if edition is None:
            raise Refused(refusal("no_policy_in_force", unit=root), guard="a_policy_is_in_force")
        day = context.day(context.now, context.policy(edition))
        if not holds(self._actor, Role.IMPORTER, Site(root, root), day, context):
            reason = refusal(
                "not_authorised",
                actor=self._actor,
                command="ImportOpenCase",
                roles=[Role.IMPORTER.value],
                unit=root,
                day=day.isoformat(),
            )
            raise Refused(reason, guard="authority")

    # --- rows

    def take(self, batch: list[LedgerRow | Rejection]) -> Iterator[Rejection]:
        """Records a batch; gives the rows that were rejected."""
        planned = self._plan(batch)
        if not self._report.dry_run:
            try:
                self._record([command for plan in planned for command in plan.commands])
            except Refused:
                # Something has changed since it was planned, by a second import for instance: row by row, then.
                planned = [self._take_alone(plan) for plan in planned]
        for plan in planned:
            self._count(plan)
            if isinstance(plan.row, Rejection):
                yield plan.row

    def _take_alone(self, plan: _Planned) -> _Planned:
        if not plan.commands:
            return plan
        again = self._plan([plan.row])[0]
        try:
            self._record(again.commands)
        except Refused as refused:
            return self._rejected(cast("LedgerRow", plan.row), refused)
        return again

    def _plan(self, batch: list[LedgerRow | Rejection]) -> list[_Planned]:
        work = self._work()
        planned: list[_Planned] = []
        for row in batch:
            if isinstance(row, Rejection):
                planned.append(_Planned(row, REJECTED))
                continue
            before = len(work.facts)
            try:
                plan = self._before_in_this_ledger(row) or self._commands(work, row)
                for command in plan.commands:
                    work.perform(command.model_copy(update={"at": work.context.now}), str(command.command_id))
            except Refused as refused:
                if self._app.reader.moved_on(work.expected):  # a refusal must not rest on what has changed
                    return self._plan(batch)
                plan = self._rejected(row, refused)
                if len(work.facts) > before:  # units for a case that was refused then: nobody is to build on them
                    kept, work = work.facts[:before], self._app.writer.work()
                    work.resume(self._app.writer.work(), kept)
            planned.append(plan)
        if self._report.dry_run:
            self._imagine(work.facts)
        return planned

    def _before_in_this_ledger(self, row: LedgerRow) -> _Planned | None:
        """A key that an earlier row has used: again the same, or for something else, which is no usable key.

        Taking the later row as a change of the earlier would have every import undo and redo what the last did.
        """
        earlier = self._seen.earlier(row.proposal, row.provenance.sha256, row.number)
        if earlier is None:
            return None
        if earlier.same:
            return _Planned(row, UNCHANGED)
        details = {"key": row.key, "row": earlier.row}
        return _Planned(Rejection(row.number, "key_used_before", details, row.cells), REJECTED)

    def _commands(self, work: Work, row: LedgerRow) -> _Planned:
        """What a row asks for, given what is there."""
        case = cast("Proposal | None", work.read(row.proposal))
        content = row.provenance.sha256
        if case is not None and case.import_hash == content:
            return _Planned(row, UNCHANGED)
        names: dict[str, Any] = {"proposal": row.proposal, "provenance": row.provenance, "facts": row.facts}
        if case is not None:
            other = self._of_another_source(row) if case.imported else None
            if other is not None:
                return _Planned(other, REJECTED)
            closes = row.closed and is_as_imported(case)
            command_id = _command_id("close" if closes else "update", row.proposal, case.version, content)
            update = (CloseImported if closes else UpdateImported)(**names, actor=self._actor, command_id=command_id)
            return _Planned(row, UPDATED, (*self._lacking(work, row.department_units), update))
        kind = ImportClosedCase if row.closed else ImportOpenCase
        command_id = _command_id("import", row.proposal, content)
        taken_over = kind(**names, place=row.place_unit, actor=self._actor, command_id=command_id)
        return _Planned(row, IMPORTED, (*self._lacking(work, row.place_units + row.department_units), taken_over))

    def _lacking(self, work: Work, units: Iterable[NeededUnit]) -> Iterator[Command]:
        """Commands for the units that the store lacks, outermost first."""
        for needed in units:
            if needed.title and work.context.unit(needed.unit) is None:
                yield CreateUnit(
                    unit=needed.unit,
                    title=needed.title,
                    unit_kind=needed.unit_kind,
                    tier=needed.tier,
                    parent=needed.parent,
                    actor=self._actor,
                    command_id=_command_id("unit", needed.unit, self._actor),
                )

    def _of_another_source(self, row: LedgerRow) -> Rejection | None:
        """Two registers may give their matters the same ids; the second must not overwrite the first."""
        origin = cast("Any", self._app.history(row.proposal)[0].event).provenance
        if (origin.source, origin.key) == (row.provenance.source, row.provenance.key):
            return None
        details = {"proposal": row.proposal, "source": origin.source, "key": origin.key}
        return Rejection(row.number, "key_of_another_source", details, row.cells)

    def _rejected(self, row: LedgerRow, refused: Refused) -> _Planned:
        self._seen.forget(row.proposal, row.number)
        return _Planned(Rejection(row.number, refused.code, refused.reason.details, row.cells), REJECTED)

    # --- recording

    def _work(self) -> Work:
        """What is recorded now; in a dry run with the units that would be there by now."""
        work = self._app.writer.work()
        if self._imagined:
            work.resume(self._app.writer.work(), self._imagined)
        return work

    def _record(self, commands: Sequence[Command]) -> None:
        if commands:
            self._see(self._app.do(*commands))

    def _imagine(self, facts: list[Fact]) -> None:
        """Keeps the units of a dry run for the rows to come; `facts` begins with those that were kept before."""
        units = [fact for fact in facts if kind_of(fact.stream) in {Kind.UNIT, Kind.POLICY}]
        self._see(units[len(self._imagined) :])
        self._imagined = units

    def _see(self, facts: Iterable[Fact]) -> None:
        self._report.units_created += sum(fact.name == "UnitCreated" for fact in facts)

    def _count(self, plan: _Planned) -> None:
        report = self._report
        report.rows += 1
        setattr(report, plan.outcome, getattr(report, plan.outcome) + 1)
        report.cleaned += isinstance(plan.row, LedgerRow) and plan.row.cleaned


def _command_id(*parts: object) -> str:
    """The same question has the same id, so that asking twice records once."""
    return "import:" + sha256("\n".join(map(str, parts)).encode()).hexdigest()
