"""Counting row by row: the cells of the evaluation figures, out of the rows of the read models."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from proposals.domain.vocabulary import SATISFIED
from proposals.projections.cells import Cells, Proposer, Rate, Reach, Standing, Stay
from proposals.projections.evaluation import GRADES

Row = Mapping[str, Any]
Dims = tuple[str, str, str, str, str]
Counted = tuple[str, Dims, int, int, str]
"""A figure, its dimensions, numerator and denominator; or, with the reason, what was left out in place of the first."""

_SATISFIED: Final = tuple(grade for grade in GRADES if grade in SATISFIED)


class Tables(NamedTuple):
    """The rows that are counted: of the register, the stays, the orders with their dispatches, the rounds."""

    cases: Collection[Row]
    stays: Collection[Row]
    orders: Iterable[Row]
    dispatches: Iterable[Row]
    rounds: Iterable[Row]


def count(tables: Tables, *, until: str, month: Callable[[str], str], teams: frozenset[str]) -> Cells:
    """All cells. `until` is the instant of the evaluation, `month` tells an instant's local calendar month.

    `teams` are the units that are teams of volunteers.
    """
    # One read model may be ahead of another while the log grows, or have had to put an event by: what counts is what
    # both the register and the stays know of.
    there = {row["stream"] for row in tables.cases} & {row["stream"] for row in tables.stays if row["version"] == 1}
    cases = [row for row in tables.cases if row["stream"] in there]
    stays = [row for row in tables.stays if row["stream"] in there]
    orders = {row["stream"]: row for row in tables.orders if row["proposal"] in there}
    dispatches = [row for row in tables.dispatches if row["stream"] in orders]
    rounds = [row for row in tables.rounds if row["proposal"] in there]
    known = _known(cases, stays, orders.values(), month)
    rates = [
        *_of_cases(cases, known),
        *_of_dispatches(dispatches, orders, known, until, month, teams),
        *_of_orders(orders, known, until, month),
        *_of_rounds(rounds, known, month),
    ]
    return Cells(
        rates=_added(rates),
        stays=_stays(stays, known),
        reaches=_reaches(stays, known),
        standings=_standings(cases, known),
        proposers=_proposers(cases, known),
    )


def _known(
    cases: Iterable[Row], stays: Iterable[Row], orders: Iterable[Row], month: Callable[[str], str]
) -> dict[str, Dims]:
    """By what each case is told apart. Its month is that of its raising or its import, its department the last lead."""
    came = {row["stream"]: row["entered_at"] for row in stays if row["version"] == 1}
    leads: dict[str, Row] = {}
    for order in orders:
        before = leads.get(order["proposal"])
        if order["lead"] and (before is None or _number(before) < _number(order)):
            leads[order["proposal"]] = order
    return {
        stream: (
            row["place"],
            leads[stream]["unit"] if stream in leads else "",
            row["category"] or "",
            row["source"] or "",
            month(came[stream]),
        )
        for row in cases
        for stream in (row["stream"],)
    }


def _number(order: Row) -> int:
    return int(order["stream"].rpartition(".")[2])


def _of_cases(cases: Iterable[Row], known: Mapping[str, Dims]) -> Iterator[Counted]:
    for row in cases:
        dims = known[row["stream"]]
        for figure, times in (("escalation", row["escalations"]), ("return", row["returns"])):
            yield (figure, dims, 0, 1, "imported") if row["imported"] else (figure, dims, int(times > 0), 1, "")
        failed, passed = row["verifications_failed"], row["verifications_passed"]
        if failed or passed:
            yield "first_pass", dims, int(passed > 0 and not failed), 1, ""
        if row["evaluations_failed"] or row["evaluations_passed"]:
            yield "rectification", dims, int(row["evaluations_failed"] > 0), 1, ""
        if row["endings"]:
            yield "reopening", dims, int(row["cycle"] > 1), 1, ""


def _of_dispatches(
    dispatches: Iterable[Row],
    orders: Mapping[str, Row],
    known: Mapping[str, Dims],
    until: str,
    month: Callable[[str], str],
    teams: frozenset[str],
) -> Iterator[Counted]:
    """Whether units answered in time. Whoever declines in time, or was let off in time, is left out."""
    for row in dispatches:
        order = orders[row["stream"]]
        dims = _of_unit(known[order["proposal"]], row["unit"], month(row["at"]))
        match row["answer"]:
            case "acknowledged":
                yield "response", dims, int(row["in_time"] != 0), 1, ""
                yield "volunteering", dims, int(row["unit"] in teams), 1, ""
            case None:
                yield "response", dims, 0, 1, "" if _is_over(row["due"], order, until) else "pending"
            case "declined":
                yield "response", dims, 0, 1, "declined" if row["in_time"] else ""
            case _:
                yield "response", dims, 0, 1, "ended" if row["in_time"] is None else ""


def _of_orders(
    orders: Mapping[str, Row],
    known: Mapping[str, Dims],
    until: str,
    month: Callable[[str], str],
) -> Iterator[Counted]:
    """Whether work was done in time. What was called off in time is left out, and what has time left."""
    for order in orders.values():
        dims = _of_unit(known[order["proposal"]], order["unit"], month(order["dispatched_at"]))
        if order["completed_at"] is not None:
            yield "on_time", dims, int(not order["late"]), 1, ""
        elif order["ended_at"] is not None:
            yield "on_time", dims, 0, 1, "" if order["late"] else "ended"
        else:
            yield "on_time", dims, 0, 1, "" if _is_over(order["complete_by"], order, until) else "open"


def _is_over(due: str | None, order: Row, until: str) -> bool:
    """Whether a time has run out by the end; while the case is suspended it does not run."""
    return due is not None and due <= (order["stopped_at"] or until)


def _of_unit(dims: Dims, unit: str, month: str) -> Dims:
    place, _, category, source, _ = dims
    return place, unit, category, source, month


def _of_rounds(rounds: Iterable[Row], known: Mapping[str, Dims], month: Callable[[str], str]) -> Iterator[Counted]:
    """What was on the ballots, and how many came. Too few ballots are never opened, an annulled round says nothing."""
    for row in rounds:
        if row["ended_at"] is None:
            continue
        dims = (*known[row["proposal"]][:4], month(row["ended_at"]))
        if row["status"] == "annulled":
            yield from ((figure, dims, 0, 1, "annulled") for figure in ("resolution", "satisfaction", "turnout"))
            continue
        yield "turnout", dims, row["valid"], row["eligible"], ""
        if row[_SATISFIED[0]] is None:
            yield from ((figure, dims, 0, row["valid"], "sealed") for figure in ("resolution", "satisfaction"))
            continue
        yield "satisfaction", dims, sum(row[grade] for grade in _SATISFIED), row["valid"], ""
        yield "resolution", dims, row["resolved"], row["answered_resolved"], ""


def _added(counted: Iterable[Counted]) -> list[Rate]:
    numerators: Counter[tuple[str, Dims]] = Counter()
    denominators: Counter[tuple[str, Dims]] = Counter()
    excluded: defaultdict[tuple[str, Dims], Counter[str]] = defaultdict(Counter)
    for figure, dims, numerator, denominator, reason in counted:
        key = figure, dims
        if reason:
            excluded[key][reason] += denominator
        else:
            numerators[key] += numerator
            denominators[key] += denominator
    return sorted(
        Rate(key[0], *key[1], numerators[key], denominators[key], tuple(sorted((+excluded[key]).items())))
        for key in {*denominators, *excluded}
        if denominators[key] or +excluded[key]
    )


def _stays(stays: Iterable[Row], known: Mapping[str, Dims]) -> list[Stay]:
    spent: Counter[tuple[str, str]] = Counter()
    finished: set[tuple[str, str]] = set()
    still: set[tuple[str, str]] = set()
    for row in stays:
        if row["step"] is None:
            continue
        key = row["stream"], row["step"]
        if row["left_at"] is None:
            still.add(key)
        else:
            finished.add(key)
            spent[key] += row["seconds"]
    counted = Counter((step, known[stream], spent[stream, step]) for stream, step in finished - still)
    return sorted(Stay(step, *dims, seconds, cases) for (step, dims, seconds), cases in counted.items())


def _reaches(stays: Iterable[Row], known: Mapping[str, Dims]) -> list[Reach]:
    came = {(row["stream"], row["step"]) for row in stays if row["step"] is not None}
    counted = Counter((step, known[stream]) for stream, step in came)
    return sorted(Reach(step, *dims, cases) for (step, dims), cases in counted.items())


def _standings(cases: Iterable[Row], known: Mapping[str, Dims]) -> list[Standing]:
    counted = Counter(("" if row["step"] is not None else row["outcome"] or "", known[row["stream"]]) for row in cases)
    return sorted(Standing(outcome, *dims, cases) for (outcome, dims), cases in counted.items())


def _proposers(cases: Iterable[Row], known: Mapping[str, Dims]) -> list[Proposer]:
    raised: Counter[tuple[str, Dims]] = Counter()
    as_member: Counter[tuple[str, Dims]] = Counter()
    for row in cases:
        if not row["imported"]:
            key = row["proposer"], known[row["stream"]]
            raised[key] += 1
            as_member[key] += row["by_party_member"]
    return sorted(Proposer(person, *dims, raised[person, dims], as_member[person, dims]) for person, dims in raised)
