"""Cells counted one fact after the other, straight from what is to be counted: the measure of every faster way."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from proposals.domain.proposal import PROPOSAL
from proposals.domain.vocabulary import Grade, Kind, kind_of
from proposals.projections.cells import Cells, Proposer, Rate, Reach, Standing, Stay

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    from proposals import Fact

SENT = {"OrderDispatched", "OrderRedispatched", "OrderDirected"}
CALLED_OFF = {"OrderCancelled", "OrderExcused"}
IMPORTS = {"OpenCaseImported", "ClosedCaseImported"}
RISES = {"DiscussionEscalated", "DecisionEscalated", "HandlingEscalated", "RectificationEscalated"}
STATES_OF_STEP = {
    "raise": ("raised", "returned"),
    "discuss": ("accepted", "discussing"),
    "decide": ("tabled", "announced"),
    "handle": ("confirmed", "handling", "suspended", "verifying"),
    "evaluate": ("handled", "reported", "evaluating", "evaluated", "rectifying"),
}
STEP = {state: step for step, states in STATES_OF_STEP.items() for state in states}


class Counts:
    """Numerators, denominators and exclusions, as they come in."""

    def __init__(self) -> None:
        self.by_cell: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)

    def add(self, figure: str, about: tuple[str, ...], **counts: int) -> None:
        self.by_cell[(figure, *about)].update(counts)

    def rates(self) -> list[Rate]:
        told = []
        for cell, counts in self.by_cell.items():
            left_out = tuple(sorted((name, n) for name, n in counts.items() if name not in {"of", "all"} and n))
            if counts["all"] or left_out:
                told.append(Rate._make((*cell, counts["of"], counts["all"], left_out)))
        return sorted(told)


def counted(facts: Iterable[Fact], zone: ZoneInfo, until: datetime | None = None) -> Cells:
    """The cells of a log."""
    log = list(facts)
    until = until or max(fact.occurred_at for fact in log)
    by_kind = streams_of(fact for fact in log if fact.occurred_at <= until)
    departments = departments_of(by_kind[Kind.ORDER])
    about = {
        case[0].stream: (*about_case(case, departments), month(case[0].occurred_at, zone))
        for case in by_kind[Kind.PROPOSAL]
    }
    counts = Counts()
    teams = {
        unit[0].stream for unit in by_kind[Kind.UNIT] if getattr(unit[0].event, "unit_kind", None) == "volunteer_team"
    }
    for order in by_kind[Kind.ORDER]:
        place, _, category, source, _ = about[order[0].event.proposal]  # type: ignore[attr-defined]
        for dispatch in split_at_dispatches(order):
            sent = dispatch[0]
            cell = place, sent.event.unit, category, source, month(sent.occurred_at, zone)  # type: ignore[attr-defined]
            respond(counts, cell, order, dispatch, until, teams)
        finish(counts, cell, order, until)
    for ballots in by_kind[Kind.ROUND]:
        end = ballots[-1]
        if end.name in {"RoundClosed", "RoundAnnulled"}:
            count_round(counts, (*about[end.event.proposal][:4], month(end.occurred_at, zone)), end)  # type: ignore[attr-defined]
    for case in by_kind[Kind.PROPOSAL]:
        count_case(counts, about[case[0].stream], {fact.name for fact in case})
    return Cells(counts.rates(), *ways(by_kind[Kind.PROPOSAL], about))


def streams_of(facts: Iterable[Fact]) -> defaultdict[Kind, list[list[Fact]]]:
    streams: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in sorted(facts, key=lambda fact: fact.version):
        streams[fact.stream].append(fact)
    by_kind: defaultdict[Kind, list[list[Fact]]] = defaultdict(list)
    for stream, happened in streams.items():
        by_kind[kind_of(stream)].append(happened)
    return by_kind


def month(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m")


def ways(
    cases: list[list[Fact]], about: Mapping[str, tuple[str, ...]]
) -> tuple[list[Stay], list[Reach], list[Standing], list[Proposer]]:
    reaches: Counter[tuple[Any, ...]] = Counter()
    standings: Counter[tuple[Any, ...]] = Counter()
    stays: Counter[tuple[Any, ...]] = Counter()
    proposers: defaultdict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    for case in cases:
        cell = about[case[0].stream]
        for step, seconds in finished_steps(case).items():
            stays[(step, *cell, seconds)] += 1
        for step in steps_of(case):
            reaches[(step, *cell)] += 1
        standings[(outcome_of(case), *cell)] += 1
        if case[0].name == "ProposalRaised":
            person = proposers[(case[0].actor, *cell)]
            person[0] += 1
            person[1] += case[0].event.by_party_member  # type: ignore[attr-defined]
    return (
        sorted(Stay._make((*stay, n)) for stay, n in stays.items()),
        sorted(Reach._make((*reach, n)) for reach, n in reaches.items()),
        sorted(Standing._make((*stand, n)) for stand, n in standings.items()),
        sorted(Proposer._make((*who, *cases)) for who, cases in proposers.items()),
    )


def departments_of(orders: list[list[Fact]]) -> dict[str, str]:
    """For each case, the unit that the lead order which was dispatched last was last sent to."""
    found: dict[str, tuple[int, str]] = {}
    for order in orders:
        first: Any = order[0]
        if first.event.lead:
            unit = [fact.event.unit for fact in order if fact.name in SENT][-1]  # type: ignore[attr-defined]
            found[first.event.proposal] = max(
                found.get(first.event.proposal, (0, "")), (first.position or first.version, unit)
            )
    return {case: unit for case, (_, unit) in found.items()}


def about_case(case: list[Fact], departments: dict[str, str]) -> tuple[str, str, str, str]:
    category, found_out = "", False
    for fact in case:
        event: Any = fact.event
        if fact.name in {*IMPORTS, "ImportedCaseUpdated", "ImportedCaseClosed"}:
            category = category if found_out else event.facts.category or ""
        elif fact.name == "ProposalAccepted":
            category = event.category
        elif fact.name in {"ProposalReclassified", "ProposalReopened"} and event.category:
            category, found_out = event.category, True
    first: Any = case[0].event
    source = "" if case[0].name in IMPORTS else str(first.source)
    return first.place, departments.get(case[0].stream, ""), category, source


def split_at_dispatches(order: list[Fact]) -> list[list[Fact]]:
    parts: list[list[Fact]] = []
    for fact in order:
        if fact.name in SENT:
            parts.append([])
        parts[-1].append(fact)
    return parts


def clock(order: list[Fact], fact: Fact | None) -> datetime | None:
    """Where the order's clock stands just before a fact, or at the end; None while it runs."""
    standing: datetime | None = None
    for earlier in order:
        if fact is not None and earlier.version >= fact.version:
            break
        if earlier.name == "OrderClockStopped":
            standing = earlier.occurred_at
        elif earlier.name == "OrderClockRestarted":
            standing = None
        elif standing is not None and earlier.name in {*SENT, "OrderDeclined"}:
            standing = earlier.occurred_at
    return standing


def counts_at(order: list[Fact], fact: Fact) -> datetime:
    """The hour at which an act counts: when it happened, or where the clock stood by then if that is earlier."""
    standing = clock(order, fact)
    return fact.occurred_at if standing is None or fact.occurred_at < standing else standing


def respond(
    counts: Counts, cell: tuple[str, ...], order: list[Fact], dispatch: list[Fact], until: datetime, teams: set[str]
) -> None:
    sent: Any = dispatch[0].event
    due, answer = sent.due_at, None
    for fact in dispatch[1:]:
        if fact.name in {"OrderAcknowledged", "OrderDeclined", *CALLED_OFF}:
            answer = fact
            break
        if fact.name in {"ExtensionGranted", "OrderClockRestarted"}:
            due = fact.event.due  # type: ignore[attr-defined]
    if answer is None:
        late = due is not None and due <= (clock(order, None) or until)
        counts.add("response", cell, **({"all": 1} if late else {"pending": 1}))
        return
    late = due is not None and counts_at(order, answer) >= due
    if answer.name == "OrderAcknowledged":
        counts.add("response", cell, all=1, of=not late)
        counts.add("volunteering", cell, all=1, of=sent.unit in teams)
    elif late:
        counts.add("response", cell, all=1)
    else:
        counts.add("response", cell, **{"declined" if answer.name == "OrderDeclined" else "ended": 1})


def finish(counts: Counts, cell: tuple[str, ...], order: list[Fact], until: datetime) -> None:
    """Whether an order was done on time, by its last completion that was not undone."""
    complete_by: Any = None
    done: Fact | None = None
    ended: Fact | None = None
    for fact in order:
        event: Any = fact.event
        complete_by = getattr(event, "complete_by", complete_by)
        if fact.name == "OrderCompleted":
            done = fact
        elif fact.name == "OrderReopened":
            done = None
        if fact.name in CALLED_OFF:
            ended = fact
    if done is not None:
        counts.add("on_time", cell, all=1, of=counts_at(order, done) < complete_by)
    elif ended is not None and counts_at(order, ended) < complete_by:
        counts.add("on_time", cell, ended=1)
    elif ended is not None or complete_by <= (clock(order, None) or until):
        counts.add("on_time", cell, all=1)
    else:
        counts.add("on_time", cell, open=1)


def count_round(counts: Counts, cell: tuple[str, ...], end: Fact) -> None:
    if end.name == "RoundAnnulled":
        for figure in ("resolution", "satisfaction", "turnout"):
            counts.add(figure, cell, annulled=1)
        return
    tally: Any = end.event.tally  # type: ignore[attr-defined]
    counts.add("turnout", cell, all=tally.eligible, of=tally.valid)
    if tally.grades is None:
        counts.add("resolution", cell, sealed=tally.valid)
        counts.add("satisfaction", cell, sealed=tally.valid)
        return
    good = sum(tally.grades.get(grade, 0) for grade in list(Grade)[:3])
    counts.add("resolution", cell, all=tally.answered_resolved, of=tally.resolved)
    counts.add("satisfaction", cell, all=tally.valid, of=good)


def count_case(counts: Counts, cell: tuple[str, ...], names: set[str]) -> None:
    if names & {"HandlingVerified", "VerificationFailed"}:
        counts.add("first_pass", cell, all=1, of="VerificationFailed" not in names)
    if names & {"EvaluationPassed", "EvaluationFailed"}:
        counts.add("rectification", cell, all=1, of="EvaluationFailed" in names)
    if names & {"ProposalClosed", "ProposalRefused", "ProposalRejected"}:
        counts.add("reopening", cell, all=1, of="ProposalReopened" in names)
    if "ProposalRaised" in names:
        counts.add("escalation", cell, all=1, of=bool(names & RISES))
        counts.add("return", cell, all=1, of=bool(names & {"ProposalReturned", "ProposalReferredBack"}))
    else:
        counts.add("escalation", cell, imported=1)
        counts.add("return", cell, imported=1)


def finished_steps(case: list[Fact]) -> dict[str, int]:
    spent: Counter[str] = Counter()
    here: tuple[str | None, datetime] | None = None
    for fact in case:
        target: Any = PROPOSAL.target[type(fact.event)]
        if target is None:
            continue
        if here is not None and here[0] is not None:
            spent[here[0]] += (fact.occurred_at - here[1]) // timedelta(seconds=1)
        here = STEP.get(target), fact.occurred_at
    if here is not None and here[0] is not None:
        spent.pop(here[0], None)
    return dict(spent)


def steps_of(case: list[Fact]) -> set[str]:
    targets: list[Any] = [PROPOSAL.target[type(fact.event)] for fact in case]
    return {STEP[target] for target in targets if target in STEP}


def outcome_of(case: list[Fact]) -> str:
    """The outcome of a case that has ended."""
    status, outcome = "", ""
    for fact in case:
        target: Any = PROPOSAL.target[type(fact.event)]
        if target is None:
            continue
        status = target.value
        if fact.name == "ProposalClosed":
            outcome = fact.event.outcome  # type: ignore[attr-defined]
        elif fact.name in {"ClosedCaseImported", "ImportedCaseClosed"}:
            outcome = "imported"
        elif fact.name == "ProposalLapsed":
            outcome = "lapsed"
        elif target in PROPOSAL.terminal and status != "archived":
            outcome = status
    return outcome if status in {end.value for end in PROPOSAL.terminal} else ""
