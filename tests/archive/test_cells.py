"""What counts and what does not, in small histories whose numbers can be worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from proposals.domain.decision import DecisionEscalated, ProposalRejected
from proposals.domain.discussion import DiscussionEscalated, DiscussionOpened, ProposalReferredBack
from proposals.domain.evaluation import EvaluationFailed, EvaluationPassed, ProposalClosed
from proposals.domain.evaluation_round import Result, RoundAnnulled, RoundClosed, RoundOpened, Tally
from proposals.domain.handling import HandlingVerified, VerificationFailed
from proposals.domain.importing import (
    ClosedCaseImported,
    ImportedCaseUpdated,
    ImportedFacts,
    OpenCaseImported,
    Provenance,
)
from proposals.domain.keeping import NoteAdded, ProposalReclassified, ProposalReopened
from proposals.domain.organisation import UnitCreated
from proposals.domain.raising import (
    CaseAbsorbed,
    ProposalMerged,
    ProposalRefused,
    ProposalReturned,
    ProposalRevised,
    ProposalWithdrawn,
)
from proposals.domain.vocabulary import Grade, Source, UnitKind, Urgency
from proposals.projections.cells import Proposer, Rate, Stay
from tests.archive.histories import AT, START, UNHANDLED, case, cells, hour, on, order, raised

if TYPE_CHECKING:
    from pathlib import Path

    from proposals import Fact
    from proposals.domain.event import Event
    from proposals.projections.cells import Cells

Told = dict[tuple[str, str], list[tuple[int, int, dict[str, int]]]]


def told(counted: Cells, figure: str) -> list[tuple[Any, ...]]:
    """A figure's numerators, denominators and what was left out, added up over its cells."""
    rates = [rate for rate in counted.rates if rate.figure == figure]
    return [(rate.numerator, rate.denominator, dict(rate.excluded)) for rate in rates]


RESPONSES: dict[str, tuple[list[Any], float, tuple[Any, ...]]] = {
    "in time": ([(2, "dispatched"), (5, "acknowledged")], 200, (1, 1, {})),
    "at the last moment": ([(2, "dispatched"), (11.99, "acknowledged")], 200, (1, 1, {})),
    "when it is over": ([(2, "dispatched"), (12, "acknowledged")], 200, (0, 1, {})),
    "late": ([(2, "dispatched"), (12.01, "acknowledged")], 200, (0, 1, {})),
    "never": ([(2, "dispatched")], 200, (0, 1, {})),
    "time is just over": ([(2, "dispatched")], 12, (0, 1, {})),
    "not yet": ([(2, "dispatched"), (20, "acknowledged")], 11, (0, 0, {"pending": 1})),
    "declined in time": ([(2, "dispatched"), (5, "declined")], 200, (0, 0, {"declined": 1})),
    "declined late": ([(2, "dispatched"), (15, "declined")], 200, (0, 1, {})),
    "cancelled in time": ([(2, "dispatched"), (5, "cancelled")], 200, (0, 0, {"ended": 1})),
    "cancelled when it was due": ([(2, "dispatched"), (15, "cancelled")], 200, (0, 1, {})),
    "excused when it was due": ([(2, "dispatched"), (15, "excused")], 200, (0, 1, {})),
    "cancelled afterwards": ([(2, "dispatched"), (5, "acknowledged"), (15, "cancelled")], 200, (1, 1, {})),
    "extended before": ([(2, "dispatched"), (4, "extended", 30), (20, "acknowledged")], 200, (1, 1, {})),
    "extended after": ([(2, "dispatched"), (20, "acknowledged"), (21, "extended", 30)], 200, (0, 1, {})),
    "suspended meanwhile": (
        [(2, "dispatched"), (4, "stopped"), (50, "restarted", 58), (55, "acknowledged")],
        200,
        (1, 1, {}),
    ),
    "suspended": ([(2, "dispatched"), (4, "stopped")], 200, (0, 0, {"pending": 1})),
    "taken while suspended": ([(2, "dispatched"), (4, "stopped"), (50, "acknowledged")], 200, (1, 1, {})),
    "suspended too late": ([(2, "dispatched"), (14, "stopped"), (50, "acknowledged")], 200, (0, 1, {})),
    "called off too late": ([(2, "dispatched"), (14, "stopped"), (50, "cancelled")], 200, (0, 1, {})),
}


def all_at_once(histories: dict[str, tuple[list[Any], float, Any]], directory: Path, before: list[Any]) -> Told:
    """What comes of each history, in one log for all that are asked about at one hour; each has a place of its own."""
    found: Told = {}
    for until in {until for _, until, _ in histories.values()}:
        facts: list[Fact] = []
        for number, (acts, hours, _) in enumerate(histories.values()):
            if hours == until:
                facts += [*case(number, place=f"unit-{number}"), *order(*before, *acts, number=number)]
        for rate in cells(facts, directory / str(until), until).rates:
            name = list(histories)[int(rate.place.removeprefix("unit-"))]
            found.setdefault((name, rate.figure), []).append((rate.numerator, rate.denominator, dict(rate.excluded)))
    return found


@pytest.fixture(scope="module")
def responses(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return all_at_once(RESPONSES, tmp_path_factory.mktemp("responses"), [])


@pytest.mark.parametrize("name", RESPONSES)
def test_response(name: str, responses: Told) -> None:
    assert responses[name, "response"] == [RESPONSES[name][2]]


def test_each_dispatch_is_a_question_of_its_own_to_its_own_unit(tmp_path: Path) -> None:
    acts = [(2, "dispatched"), (5, "declined"), (8, "sent"), (15, "declined"), (30, "directed"), (50, "acknowledged")]

    counted = cells([*case(), *order(*acts)], tmp_path, 500)

    response = [rate for rate in counted.rates if rate.figure == "response"]
    assert response == [
        Rate("response", "unit-grid", "unit-roads", "noise", "patrol", "2026-03", 0, 0, (("declined", 1),)),
        Rate("response", "unit-grid", "unit-water", "noise", "patrol", "2026-03", 0, 1, (("declined", 1),)),
    ]


def test_what_is_sent_while_the_clock_stands_has_its_whole_time_still(tmp_path: Path) -> None:
    acts = [(2, "dispatched"), (4, "stopped"), (20, "declined"), (30, "sent"), (90, "acknowledged")]

    counted = cells([*case(), *order(*acts)], tmp_path, 500)

    assert told(counted, "response") == [(1, 1, {}), (0, 0, {"declined": 1})]


COMPLETIONS: dict[str, tuple[list[Any], float, tuple[Any, ...]]] = {
    "in time": ([(90, "completed")], 500, (1, 1, {})),
    "at the last moment": ([(101.99, "completed")], 500, (1, 1, {})),
    "when it is over": ([(102, "completed")], 500, (0, 1, {})),
    "late": ([(103, "completed")], 500, (0, 1, {})),
    "never": ([], 500, (0, 1, {})),
    "time is just over": ([], 102, (0, 1, {})),
    "cancelled": ([(90, "cancelled")], 500, (0, 0, {"ended": 1})),
    "excused": ([(90, "excused")], 500, (0, 0, {"ended": 1})),
    "excused when it was over": ([(300, "excused")], 500, (0, 1, {})),
    "cancelled when it was over": ([(102, "cancelled")], 500, (0, 1, {})),
    "cancelled when it was done": ([(90, "completed"), (95, "cancelled")], 500, (1, 1, {})),
    "suspended": ([(90, "stopped")], 500, (0, 0, {"open": 1})),
    "goes on": ([(90, "stopped"), (200, "restarted", 120)], 500, (0, 1, {})),
    "extended": ([(90, "extended", 200), (280, "completed")], 500, (1, 1, {})),
    "done again in time": ([(90, "completed"), (110, "reopened"), (150, "completed")], 500, (1, 1, {})),
    "done again late": ([(90, "completed"), (110, "reopened"), (290, "completed")], 500, (0, 1, {})),
    "not done again": ([(90, "completed"), (110, "reopened")], 500, (0, 1, {})),
    "to be done again": ([(90, "completed"), (110, "reopened")], 150, (0, 0, {"open": 1})),
    "called off then": ([(90, "completed"), (110, "reopened"), (120, "cancelled")], 500, (0, 0, {"ended": 1})),
}


@pytest.fixture(scope="module")
def completions(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return all_at_once(COMPLETIONS, tmp_path_factory.mktemp("completions"), [(2, "dispatched"), (3, "acknowledged")])


@pytest.mark.parametrize("name", COMPLETIONS)
def test_on_time(name: str, completions: Told) -> None:
    assert completions[name, "on_time"] == [COMPLETIONS[name][2]]


def test_an_order_counts_for_the_unit_that_had_it_last_in_the_month_in_which_it_got_it(tmp_path: Path) -> None:
    acts = [(2, "dispatched"), (5, "declined"), (750, "sent"), (751, "acknowledged"), (800, "completed")]

    counted = cells([*case(), *order(*acts)], tmp_path)

    on_time = [rate for rate in counted.rates if rate.figure == "on_time"]
    assert on_time == [Rate("on_time", "unit-grid", "unit-roads", "noise", "patrol", "2026-04", 1, 1)]


def test_volunteers_are_counted_among_those_who_took_an_order(tmp_path: Path) -> None:
    created = UnitCreated(title="t", unit_kind=UnitKind.VOLUNTEER_TEAM)
    ours = order((2, "dispatched"), (5, "acknowledged"))
    others = order((2, "dispatched"), (5, "declined"), (6, "sent"), (7, "acknowledged"), number=2)

    counted = cells([*case(), *case(2), on("unit-water", -9, created), *ours, *others], tmp_path)

    volunteering = [rate for rate in counted.rates if rate.figure == "volunteering"]
    assert [(rate.department, rate.numerator, rate.denominator) for rate in volunteering] == [
        ("unit-roads", 0, 1),
        ("unit-water", 1, 1),
    ]


def a_round(number: int, hours: float, tally: Tally | None) -> list[Fact]:
    stream, of = f"round-{number}", "proposal-1"
    opened = RoundOpened(proposal=of, tokens=("a" * 64,), questions=("?",), scale=tuple(Grade), content_commitment="c")
    end: Event = RoundAnnulled(proposal=of, reason="r")
    if tally is not None:
        end = RoundClosed(proposal=of, tally=tally, result=Result.INCONCLUSIVE, content_key=None)
    return [on(stream, hours - 1, opened), on(stream, hours, end)]


FULL = Tally(
    eligible=40,
    valid=20,
    grades={Grade.VERY_SATISFIED: 7, Grade.SATISFIED: 5, Grade.BASICALLY_SATISFIED: 3, Grade.VERY_DISSATISFIED: 5},
    resolved=9,
    answered_resolved=18,
)
SEALED = Tally(eligible=10, valid=3, grades=None, resolved=None, answered_resolved=None)


def test_ballots_of_closed_rounds_are_counted_and_those_of_small_ones_stay_sealed(tmp_path: Path) -> None:
    rounds = [*a_round(1, 50, FULL), *a_round(2, 60, SEALED), *a_round(3, 70, None), *a_round(4, 80, FULL)[:1]]

    counted = cells([*case(), *rounds, *order((2, "dispatched"))], tmp_path)

    left_out = (("annulled", 1), ("sealed", 3))
    assert [rate for rate in counted.rates if rate.figure in {"resolution", "satisfaction", "turnout"}] == [
        Rate("resolution", *AT, 9, 18, left_out),
        Rate("satisfaction", *AT, 15, 20, left_out),
        Rate("turnout", *AT, 23, 50, (("annulled", 1),)),
    ]


def test_ballots_belong_to_the_month_in_which_their_round_closed(tmp_path: Path) -> None:
    counted = cells([*case(), *a_round(1, 750, FULL)], tmp_path)

    assert {rate.period for rate in counted.rates if rate.figure == "turnout"} == {"2026-04"}
    assert {rate.period for rate in counted.rates if rate.figure == "escalation"} == {"2026-03"}


WAYS: dict[str, tuple[list[Event], dict[str, tuple[int, int]]]] = {
    "verified at once": ([HandlingVerified(findings="f")], {"first_pass": (1, 1)}),
    "verified the second time": (
        [VerificationFailed(orders=("order-1",), reason="r"), HandlingVerified(findings="f")],
        {"first_pass": (0, 1)},
    ),
    "not verified yet": ([VerificationFailed(orders=(), reason="r")], {"first_pass": (0, 1)}),
    "satisfied": ([EvaluationPassed(round="round-1")], {"rectification": (0, 1)}),
    "satisfied in the end": (
        [EvaluationFailed(round="round-1"), EvaluationPassed(round="round-2")],
        {"rectification": (1, 1)},
    ),
    "closed": ([ProposalClosed(summary="s", outcome="handled")], {"reopening": (0, 1)}),
    "refused": ([ProposalRefused(ground="g", answer="a")], {"reopening": (0, 1)}),
    "rejected and taken up again": (
        [ProposalRejected(meeting="meeting-1"), ProposalReopened(reason="r")],
        {"reopening": (1, 1)},
    ),
    "withdrawn": ([ProposalWithdrawn(reason="r")], {}),
    "merged": ([ProposalMerged(into="proposal-9", reason="r")], {}),
    "escalated twice": (
        [
            DiscussionEscalated(reason="r", unit="unit-community"),
            DecisionEscalated(meeting="meeting-1", why="w", unit="unit-street"),
        ],
        {"escalation": (1, 1)},
    ),
    "referred back": ([ProposalReferredBack(reason="r")], {"return": (1, 1)}),
    "returned twice": (
        [ProposalReturned(reason="r"), ProposalRevised(title="t", text="t"), ProposalReturned(reason="r")],
        {"return": (1, 1)},
    ),
}


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Cells:
    facts: list[Fact] = []
    for number, (events, _) in enumerate(WAYS.values()):
        facts += case(number, place=f"unit-{number}")
        facts += [on(f"proposal-{number}", 2 + hours, event) for hours, event in enumerate(events)]
    return cells(facts, tmp_path_factory.mktemp("ways"))


@pytest.mark.parametrize("name", WAYS)
def test_ways_of_a_case(name: str, ways: Cells) -> None:
    place = f"unit-{list(WAYS).index(name)}"
    told = {rate.figure: (rate.numerator, rate.denominator) for rate in ways.rates if rate.place == place}

    assert told == {"escalation": (0, 1), "return": (0, 1)} | WAYS[name][1]


def imported(category: str | None) -> dict[str, Any]:
    facts = ImportedFacts(title="t", category=category, raised_at=hour(-9_000), source_status="open")
    return {"facts": facts, "provenance": Provenance(source="ledger", key="1", sha256="a" * 64)}


def test_an_imported_case_counts_from_its_import_on(tmp_path: Path) -> None:
    first = OpenCaseImported(place="unit-grid", policy="policy-1", **imported("illumination"))
    again = ImportedCaseUpdated(**imported(None))
    escalated = DiscussionEscalated(reason="r", unit="unit-community")
    moves = [
        on("proposal-1", n, event) for n, event in enumerate((first, again, DiscussionOpened(meeting="meeting-1")))
    ]

    counted = cells(
        [*moves, on("proposal-1", 4, escalated), on("proposal-1", 9, ProposalReferredBack(reason="r"))], tmp_path
    )

    about = ("unit-grid", "", "", "", "2026-03")
    assert counted.rates == [
        Rate("escalation", *about, 0, 0, (("imported", 1),)),
        Rate("return", *about, 0, 0, (("imported", 1),)),
    ]
    assert counted.proposers == []


def test_a_case_that_was_closed_elsewhere_did_not_end_here(tmp_path: Path) -> None:
    closed = ClosedCaseImported(place="unit-grid", policy="policy-1", **imported("noise"))

    counted = cells([on("proposal-1", 0, closed), on("proposal-1", 2, ProposalReopened(reason="r"))], tmp_path)

    assert told(counted, "reopening") == []
    assert counted.stays == []


def test_the_category_is_the_one_that_the_case_had_last(tmp_path: Path) -> None:
    other = ProposalReclassified(category="parking", urgency=Urgency.NORMAL, reason="r")
    ended, again = ProposalRefused(ground="g", answer="a"), ProposalReopened(reason="r")
    absorbed = CaseAbsorbed(merged="proposal-2", source=Source.OTHER, proposer="wang", cosigners=(), absorbed=())
    events = [other, absorbed, ended, again, NoteAdded(note="n")]

    counted = cells([*case(), *(on("proposal-1", 2 + n, event) for n, event in enumerate(events))], tmp_path)

    assert {(rate.category, rate.source) for rate in counted.rates} == {("parking", "patrol")}


def test_the_department_is_the_last_lead_s_last_unit(tmp_path: Path) -> None:
    first = order((2, "dispatched"), (3, "cancelled"))
    second = [fact._replace(stream="order-lead") for fact in order((9, "dispatched"), (10, "declined"), (11, "sent"))]
    assisting = [fact._replace(stream="order-other") for fact in order((20, "dispatched"), lead=False)]

    counted = cells([*case(), *first, *second, *assisting], tmp_path)

    assert {rate.department for rate in counted.rates if rate.figure == "escalation"} == {"unit-roads"}


def test_stays_are_of_steps_that_were_left_in_whole_seconds(tmp_path: Path) -> None:
    back = [
        on("proposal-1", 0, raised()),
        on("proposal-1", 1.9999 / 3600, ProposalReturned(reason="r")),
        on("proposal-1", 2.9999 / 3600, ProposalRevised(title="t", text="t")),
        *(fact for fact in case(1, 1) if fact.name == "ProposalAccepted"),
    ]

    counted = cells([*back, *case(2)], tmp_path)

    assert counted.stays == [
        Stay("raise", *UNHANDLED, 3_600, 1),
        Stay("raise", *UNHANDLED, 1 + 1 + 7_197, 1),
    ]


def test_a_case_that_is_back_in_a_step_has_not_left_it(tmp_path: Path) -> None:
    back = [(5, DiscussionOpened(meeting="meeting-1")), (9, ProposalRefused(ground="g", answer="a"))]

    done = cells([*case(), *(on("proposal-1", at, event) for at, event in back)], tmp_path / "done")
    again = cells(
        [
            *case(),
            *(on("proposal-1", at, event) for at, event in back),
            on("proposal-1", 20, ProposalReopened(reason="r")),
        ],
        tmp_path / "again",
    )

    assert [(stay.step, stay.seconds) for stay in done.stays] == [("discuss", 8 * 3600), ("raise", 3600)]
    assert [(stay.step, stay.seconds) for stay in again.stays] == [("raise", 3600)]


def test_proposers_are_told_apart_and_so_is_what_they_raised_as_members(tmp_path: Path) -> None:
    counted = cells([*case(1, by="li", member=True), *case(2, by="li"), *case(3, by="wang")], tmp_path)

    assert counted.proposers == [Proposer("li", *UNHANDLED, 2, 1), Proposer("wang", *UNHANDLED, 1, 0)]


def test_months_are_local_ones(tmp_path: Path) -> None:
    last_night = (datetime(2026, 3, 31, 16, tzinfo=UTC) - START).total_seconds() / 3600
    facts = [*case(1, last_night - 0.001), *case(2, last_night)]

    shanghai = cells(facts, tmp_path / "shanghai")
    london = cells(facts, tmp_path / "london", zone=ZoneInfo("Europe/London"))

    assert [rate.period for rate in shanghai.rates if rate.figure == "return"] == ["2026-03", "2026-04"]
    assert [rate.period for rate in london.rates if rate.figure == "return"] == ["2026-03"]


def test_what_happened_after_the_instant_of_the_evaluation_is_left_out(tmp_path: Path) -> None:
    facts = [*case(), *case(2, 50), on("proposal-1", 30, ProposalReturned(reason="r"))]

    assert told(cells(facts, tmp_path / "early", 29), "return") == [(0, 1, {})]
    assert told(cells(facts, tmp_path / "then", 30), "return") == [(1, 1, {})]
    assert told(cells(facts, tmp_path / "late"), "return") == [(1, 2, {})]


def test_an_empty_log_has_no_cells(tmp_path: Path) -> None:
    assert cells([], tmp_path) == ([], [], [], [], [])
