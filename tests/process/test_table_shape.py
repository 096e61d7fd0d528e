"""The shape of the tables: every state has an exit, an owner and a time; every loop its counter; every no its words."""

from __future__ import annotations

import ast
import string
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import proposals
from proposals.adapters.policies import default_policy
from proposals.domain.case import Objection, Proposal
from proposals.domain.catalogue.policy_findings import POLICY_FINDINGS
from proposals.domain.catalogue.refusals import REFUSALS
from proposals.domain.event import Fact, StateEvent
from proposals.domain.importing import ImportedFacts, Provenance
from proposals.domain.process import Process, Row
from proposals.domain.processes import PROCESSES
from proposals.domain.rules import Maxima
from proposals.domain.vocabulary import Act, Kind
from proposals.testing import MORNING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PACKAGE = Path(proposals.__file__).parent
KINDS = pytest.mark.parametrize("kind", list(Kind), ids=str)

LOOPS_OF_A_CASE = set(Maxima.model_fields) - {"order_declines"}
"""An order counts its declines itself."""

Edge = tuple[str, str, str]
"""From a state, by an event, to a state."""


def edges(process: Process) -> set[Edge]:
    return {
        (str(source), row.event.__name__, str(row.target))
        for row in process.rows
        if row.target is not None
        for source in row.sources
        if source is not None
    }


def reachable(start: str, graph: set[Edge]) -> set[str]:
    """Every state that some events lead to from here, this one only if they lead back."""
    seen: set[str] = set()
    frontier = {start}
    while frontier:
        frontier = {there for here, _, there in graph if here in frontier} - seen
        seen |= frontier
    return seen


# --- states


@KINDS
def test_every_state_can_come_about_and_every_state_can_come_to_an_end(kind: Kind) -> None:
    process = PROCESSES[kind]
    first = {str(row.target) for row in process.rows if None in row.sources}
    graph = edges(process)
    everywhere = first | {state for start in first for state in reachable(start, graph)}

    assert everywhere == {str(state) for state in process.states}
    for state in process.states:
        if state not in process.terminal:
            assert reachable(str(state), graph) & {str(end) for end in process.terminal}, state


@KINDS
def test_the_shared_machine_says_the_same(kind: Kind) -> None:
    process = PROCESSES[kind]
    for state in process.states:
        assert process.reachable_from(state) == reachable(str(state), edges(process))
    assert process.reachable_from(None) == {str(state) for state in process.states}


EXITS = {
    Kind.PROPOSAL: {("closed", "accepted"), ("refused", "accepted"), ("rejected", "accepted")}
    | {(end, "archived") for end in ("closed", "refused", "rejected", "withdrawn", "merged")},
}


@KINDS
def test_out_of_an_end_there_is_only_reopening_and_the_archive(kind: Kind) -> None:
    process = PROCESSES[kind]
    ends = {str(end) for end in process.terminal}

    assert {(source, target) for source, _, target in edges(process) if source in ends} == EXITS.get(kind, set())


OWNED_ELSEWHERE = {
    (Kind.ORDER, "done"),  # waits for its case: handling and verifying have their owners
}


@pytest.mark.parametrize("kind", [Kind.PROPOSAL, Kind.MEETING, Kind.ORDER, Kind.ROUND], ids=str)
def test_every_state_has_an_owner_and_a_time_or_is_an_end(kind: Kind) -> None:
    process, rules = PROCESSES[kind], default_policy()
    for state in process.states:
        deadline = rules.deadline(kind, state)
        if state in process.terminal or (kind, state) in OWNED_ELSEWHERE:
            continue
        assert deadline is not None, state
        assert deadline.then, state
        assert deadline.within is not None or (kind, str(state)) in TIMED_BY_THEIR_EVENT, state


TIMED_BY_THEIR_EVENT = {
    (Kind.PROPOSAL, "suspended"),
    (Kind.MEETING, "called"),
    (Kind.MEETING, "rolled"),
    (Kind.ORDER, "dispatched"),
    (Kind.ORDER, "acknowledged"),
    (Kind.ORDER, "in_progress"),
    (Kind.ROUND, "open"),
}


# --- loops

COUNTED = {
    "ProposalRevised": "revisions",
    "ProposalReturned": "returns",
    "ProposalReferredBack": "returns",
    "DiscussionOpened": "openings",
    "ObjectionUpheld": "upheld_objections",
    "HandlingSuspended": "suspensions",
    "VerificationFailed": "verification_failures",
    "EvaluationOpened": "rounds",
    "ProposalReopened": "reopenings",
    # Tiers are finite, and nothing takes a case down again.
    "DiscussionEscalated": "tier",
    "DecisionEscalated": "tier",
    "HandlingEscalated": "tier",
    "RectificationEscalated": "tier",
    # An order is declined and sent out again, and opened again by a failed verification of its case.
    "OrderDeclined": "order_declines",
    "OrderReopened": "verification_failures",
    # A draft is written as often as its author likes; it is in force for nobody.
    "PolicyDrafted": "drafts",
    # A roll is fixed as often as appointments change before the meeting's day is over, which it is by itself.
    "RollFixed": "the day",
}
"""Which counter each event increments, by hand."""

STARTS_ANEW = {
    "DiscussionEscalated": {"openings", "deferrals", "suspensions", "verification_failures", "rounds"},
    "DecisionEscalated": {"openings", "deferrals", "suspensions", "verification_failures", "rounds"},
    "HandlingEscalated": {"openings", "deferrals", "suspensions", "verification_failures", "rounds"},
    "RectificationEscalated": {"openings", "deferrals", "suspensions", "verification_failures", "rounds"},
    "ObjectionUpheld": {"openings", "deferrals"},
    "ProposalReferredBack": {"openings"},
    "ProposalAdopted": {"rounds", "verification_failures"},
    "WorkDispatched": {"verification_failures"},
    "ProposalReopened": LOOPS_OF_A_CASE - {"reopenings"},
}
"""Which counters each event lets start anew, by hand."""


@KINDS
def test_no_cycle_is_without_a_counter_that_nothing_in_it_starts_anew(kind: Kind) -> None:
    """Takes away, again and again, what a bounded counter counts; in the end no cycle may be left."""
    graph = edges(PROCESSES[kind])
    while cyclic := {edge for edge in graph if edge[0] in reachable(edge[2], graph) | {edge[2]}}:
        events = {event for _, event, _ in cyclic}
        renewed = {loop for event in events for loop in STARTS_ANEW.get(event, set())}
        bounded = {event for event in events if event in COUNTED and COUNTED[event] not in renewed}
        assert bounded, f"unbounded: {sorted(cyclic)}"
        graph = {edge for edge in cyclic if edge[1] not in bounded}


ROW = Provenance(source="hotline", key="7", sha256="a" * 64)
STATED = ImportedFacts(title="Lamp", raised_at=MORNING, source_status="open")

FIRST = {"ProposalRaised", "OpenCaseImported", "ClosedCaseImported"}
"""What a case begins with: there is nothing to count yet."""


def after(event_type: type[StateEvent], state: Proposal) -> Proposal:
    """What an event does to a case's counters, whatever else it holds."""
    said: dict[str, Any] = dict.fromkeys(event_type.model_fields)
    known = {"objection": 1, "unit": "unit-above", "orders": (), "evidence": (), "by": "a", "requested_by": "a"}
    known |= {"provenance": ROW, "facts": STATED}
    event = event_type.model_construct(**said | {field: value for field, value in known.items() if field in said})
    event.apply(state, Fact(state.id, 2, event, MORNING, "a", "a", "c", "c", "c"))
    return state


@pytest.mark.parametrize(
    "event",
    [
        event
        for event in PROCESSES[Kind.PROPOSAL].target
        if issubclass(event, StateEvent) and event.__name__ not in FIRST
    ],
)
def test_events_count_and_start_anew_what_they_are_said_to(event: type[StateEvent]) -> None:
    objection = Objection(Act("a", "a"), None, open=True)
    case = Proposal(
        id="proposal-1", unit="unit-grid", counts=dict.fromkeys(LOOPS_OF_A_CASE, 5), objections={1: objection}
    )
    after(event, case)
    loop = COUNTED.get(event.__name__)

    for name in LOOPS_OF_A_CASE:
        expected = 0 if name in STARTS_ANEW.get(event.__name__, set()) else 5
        assert case.count(name) == expected + (name == loop), name
    assert (case.unit == "unit-above") is (loop == "tier")


# --- rows


@KINDS
def test_an_event_leads_to_one_state_whatever_the_source(kind: Kind) -> None:
    process = PROCESSES[kind]
    targets: dict[str, set[str]] = {}
    for row in process.rows:
        targets.setdefault(row.event.__name__, set()).add(str(row.target))

    assert {event: found for event, found in targets.items() if len(found) > 1} == {}


@KINDS
def test_a_row_that_changes_the_state_records_a_state_event_and_no_other_does(kind: Kind) -> None:
    for row in PROCESSES[kind].rows:
        assert issubclass(row.event, StateEvent) is (row.target is not None), row.event.__name__


@KINDS
def test_every_rule_is_somebodys_or_follows_from_something(kind: Kind) -> None:
    for row in PROCESSES[kind].rows:
        assert bool(row.roles) is not row.reaction, row.command.__name__


@KINDS
def test_every_command_event_and_guard_says_what_it_is(kind: Kind) -> None:
    for row in PROCESSES[kind].rows:
        for thing in (row.command, row.event, *row.guards):
            assert vars(thing).get("__doc__") if isinstance(thing, type) else thing.__doc__, thing


def test_a_table_that_contradicts_itself_is_refused() -> None:
    process = PROCESSES[Kind.ROUND]
    (close,) = (row for row in process.rows if row.event.__name__ == "RoundClosed")
    (annul,) = (row for row in process.rows if row.event.__name__ == "RoundAnnulled")

    def remade(*rows: Row) -> Process:
        return Process(
            process.kind, process.states, process.state, rows, terminal=(), site=process.site, policy=process.policy
        )

    with pytest.raises(ValueError, match="two rows for CloseRound in open"):
        remade(close, replace(close, roles=()))
    with pytest.raises(ValueError, match="RoundClosed leads to two states"):
        remade(close, replace(annul, event=close.event))


# --- words


def constants(node: ast.expr | None) -> Iterator[str]:
    """The texts an expression may come to: itself, or either side of a choice."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from constants(node.body)
        yield from constants(node.orelse)


def refusals_in_source() -> Iterator[tuple[str, set[str]]]:
    """Every code the package refuses with, and the details it gives along."""
    for module in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name == "refusal" and node.args:
                for code in constants(node.args[0]):
                    yield code, {keyword.arg or "**" for keyword in node.keywords}
            if name == "apart":
                for code in constants(node.args[2]):
                    yield code, {"actor", "entered_by", "other"}


def test_every_refusal_is_in_the_catalogue_and_everything_in_the_catalogue_is_used() -> None:
    assert {code for code, _ in refusals_in_source()} == set(REFUSALS)


def fields_of(sentence: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(sentence) if field}


def test_every_refusal_gives_the_details_that_its_sentence_needs() -> None:
    lacking = {
        (code, field)
        for code, details in refusals_in_source()
        for sentence in REFUSALS.get(code, ())
        for field in fields_of(sentence) - details
        if "**" not in details
    }

    assert lacking == set()


@pytest.mark.parametrize("texts", [REFUSALS, POLICY_FINDINGS], ids=["refusals", "policy findings"])
def test_both_languages_say_the_same_and_differ(texts: Mapping[str, tuple[str, str]]) -> None:
    for code, (english, chinese) in texts.items():
        assert english.isascii(), code
        assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese) or fields_of(chinese) == set(fields_of(english)), (
            code
        )
        assert fields_of(chinese) <= fields_of(english), code
