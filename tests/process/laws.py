"""Laws over a log of facts. They never read the table of the process, so they hold it to account.

Each law takes the facts of a whole log in commit order and yields a sentence for every breach. `broken` asks all
of them; the maxima of the loops are the policy's, and the log is assumed to be under one edition.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from proposals.domain.event import Fact

    Law = Callable[[Sequence[Fact]], Iterator[str]]

STATE_OF_A_CASE = {
    "ProposalRaised": "raised", "ProposalRevised": "raised", "ProposalAccepted": "accepted",
    "ProposalReturned": "returned", "ProposalLapsed": "withdrawn", "ProposalRefused": "refused",
    "ProposalMerged": "merged", "ProposalWithdrawn": "withdrawn", "DiscussionOpened": "discussing",
    "MatterSettled": "handled", "ProposalForwarded": "tabled", "ProposalReferredBack": "returned",
    "DiscussionEscalated": "accepted", "ProposalAdopted": "announced", "ProposalRejected": "rejected",
    "DecisionEscalated": "tabled", "UnresolvedRecorded": "handled", "ObjectionUpheld": "accepted",
    "DecisionConfirmed": "confirmed", "WorkDispatched": "handling", "HandlingSuspended": "suspended",
    "HandlingResumed": "handling", "HandlingEscalated": "tabled", "HandlingDeclaredInfeasible": "handled",
    "HandlingSubmitted": "verifying", "VerificationFailed": "handling", "HandlingVerified": "handled",
    "FeedbackDelivered": "reported", "EvaluationOpened": "evaluating", "EvaluationPassed": "evaluated",
    "EvaluationFailed": "rectifying", "EvaluationInconclusive": "reported", "RectificationEscalated": "tabled",
    "ProposalClosed": "closed", "ProposalReopened": "accepted", "ProposalArchived": "archived",
    "OpenCaseImported": "accepted", "ClosedCaseImported": "closed", "ImportedCaseClosed": "closed",
}  # fmt: skip
"""What the domain's description says each state event of a case leads to, written down by hand."""

OTHER_STATE_EVENTS = {
    "MeetingCalled", "RollFixed", "MeetingCancelled", "MeetingOpened", "MeetingLapsed", "MeetingClosed",
    "MinutesPublished", "OrderDispatched", "OrderAcknowledged", "OrderDeclined", "OrderRedispatched", "OrderDirected",
    "HandlerReportedIn", "OrderCompleted", "OrderAccepted", "OrderReopened", "OrderExcused", "OrderCancelled",
    "RoundOpened", "RoundClosed", "RoundAnnulled",
}  # fmt: skip

ENDS_OF_A_CASE = {"closed", "refused", "rejected", "withdrawn", "merged", "archived"}
ENDS = {"OrderAccepted", "OrderExcused", "OrderCancelled", "RoundClosed", "RoundAnnulled", "MinutesPublished",
        "MeetingLapsed", "MeetingCancelled", "ProposalArchived"}  # fmt: skip
"""After these nothing at all happens to the stream."""

RISES = {"DiscussionEscalated", "DecisionEscalated", "HandlingEscalated", "RectificationEscalated"}
SCREENINGS = {"ProposalAccepted", "ProposalReturned", "ProposalRefused"}
HANDLINGS = {"OrderAcknowledged", "HandlerReportedIn", "OrderCompleted", "ProgressRecorded", "ExtensionRequested"}
RULINGS = {"ObjectionDismissed", "ObjectionUpheld"}
MAKING_ORDERS = {"WorkDispatched", "OrderAdded", "OrderReassigned", "WhistleBlown"}

LOOPS: dict[str, tuple[set[str], set[str]]] = {
    "revisions": ({"ProposalRevised"}, {"ProposalReopened"}),
    "returns": ({"ProposalReturned", "ProposalReferredBack"}, {"ProposalReopened"}),
    "openings": (
        {"DiscussionOpened"},
        {*RISES, "ObjectionUpheld", "ProposalReferredBack", "ProposalReopened"},
    ),
    "deferrals": ({"DecisionDeferred"}, {*RISES, "ObjectionUpheld", "ProposalReopened"}),
    "upheld_objections": ({"ObjectionUpheld"}, {"ProposalReopened"}),
    "suspensions": ({"HandlingSuspended"}, {*RISES, "ProposalReopened"}),
    "verification_failures": (
        {"VerificationFailed"},
        {*RISES, "WorkDispatched", "ProposalAdopted", "ProposalReopened"},
    ),
    "rounds": ({"EvaluationOpened"}, {*RISES, "ProposalAdopted", "ProposalReopened"}),
    "reopenings": ({"ProposalReopened"}, set()),
    "order_declines": ({"OrderDeclined"}, set()),
}
"""For each bounded loop what runs through it and what lets it start anew."""


def broken(facts: Sequence[Fact], maxima: Mapping[str, int]) -> list[str]:
    """Every breach of every law in a log."""
    found = [f"{law.__name__}: {breach}" for law in LAWS for breach in law(facts)]
    return found + [f"loops_are_bounded: {breach}" for breach in loops_are_bounded(facts, maxima)]


def streams(facts: Iterable[Fact], kind: str = "") -> dict[str, list[Fact]]:
    """The facts of each stream, in order."""
    found: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.stream.startswith(kind):
            found[fact.stream].append(fact)
    return found


def said(fact: Fact, field: str) -> Any:
    """A field of a fact's event, None if it has no such field."""
    return getattr(fact.event, field, None)


def is_state_event(fact: Fact) -> bool:
    return fact.name in STATE_OF_A_CASE or fact.name in OTHER_STATE_EVENTS


def apart(one: Fact, other: Fact) -> bool:
    """Neither's actor had a hand in the other's act."""
    return one.actor not in {other.actor, other.entered_by} and other.actor not in {one.actor, one.entered_by}


def transactions(facts: Sequence[Fact]) -> Iterator[int]:
    """The positions after which a transaction is whole: its facts stand together under one command id."""
    for position, fact in enumerate(facts, 1):
        if position == len(facts) or facts[position].command_id != fact.command_id:
            yield position


# --- every stream


def versions_have_no_gaps(facts: Sequence[Fact]) -> Iterator[str]:
    for stream, history in streams(facts).items():
        versions = [fact.version for fact in history]
        if versions != list(range(1, len(versions) + 1)):
            yield f"{stream} has versions {versions}"


def time_never_runs_backwards(facts: Sequence[Fact]) -> Iterator[str]:
    for stream, history in streams(facts).items():
        times = [fact.occurred_at for fact in history if is_state_event(fact)]
        if times != sorted(times):
            yield f"the state events of {stream} run backwards"


def what_is_over_is_over(facts: Sequence[Fact]) -> Iterator[str]:
    for stream, history in streams(facts).items():
        over, ended = "", False
        for fact in history:
            if over:
                yield f"{fact.name} on {stream} after {over}"
            if ended and fact.name in STATE_OF_A_CASE and fact.name not in {"ProposalReopened", "ProposalArchived"}:
                yield f"{fact.name} on {stream}, which had ended"
            over = fact.name if fact.name in ENDS else over
            if fact.name in STATE_OF_A_CASE:
                ended = STATE_OF_A_CASE[fact.name] in ENDS_OF_A_CASE


def a_missed_time_had_passed_and_is_noted_once(facts: Sequence[Fact]) -> Iterator[str]:
    missed = [fact for fact in facts if fact.name == "DeadlineMissed"]
    for fact in missed:
        if fact.occurred_at < said(fact, "due"):
            yield f"{said(fact, 'timer')} on {fact.stream} before it was due"
    noted = Counter((fact.stream, said(fact, "timer"), said(fact, "due")) for fact in missed)
    yield from (f"{timer} on {stream} twice" for (stream, timer, _), times in noted.items() if times > 1)


# --- the spine


def what_is_closed_was_decided_or_settled(facts: Sequence[Fact]) -> Iterator[str]:
    """Closed: imported, adopted by a meeting, settled in discussion, or recorded unresolved; and answered."""
    for stream, history in streams(facts, "proposal").items():
        cycle: set[str] = set()
        for fact in history:
            if fact.name == "ProposalReopened":
                cycle = set()
            cycle.add(fact.name)
            if fact.name != "ProposalClosed":
                continue
            if not cycle & {"ProposalAdopted", "MatterSettled", "UnresolvedRecorded"}:
                yield f"{stream} was closed and nobody decided it"
            if "FeedbackDelivered" not in cycle:
                yield f"{stream} was closed and nobody was told"


def what_its_register_closed_was_imported_and_not_dealt_with(facts: Sequence[Fact]) -> Iterator[str]:
    """Between its import and its closing by the register no step was taken here, and no case was joined to it."""
    for stream, history in streams(facts, "proposal").items():
        names = [fact.name for fact in history]
        for place, name in enumerate(names):
            if name != "ImportedCaseClosed":
                continue
            steps = [step for step in names[:place] if step in STATE_OF_A_CASE or step == "CaseAbsorbed"]
            if steps != ["OpenCaseImported"]:
                yield f"{stream} was closed by its register after {steps}"


def what_was_adopted_was_carried_by_its_meeting(facts: Sequence[Fact]) -> Iterator[str]:
    carried = set()
    for fact in facts:
        if fact.name == "ItemClosed" and said(fact, "outcome") == "carried" and said(fact, "motion") == "adopt":
            carried.add((fact.stream, said(fact, "proposal")))
        if fact.name == "ProposalAdopted" and (said(fact, "meeting"), fact.stream) not in carried:
            yield f"{fact.stream} was adopted and {said(fact, 'meeting')} did not carry it"


def what_was_verified_has_no_open_order(facts: Sequence[Fact]) -> Iterator[str]:
    """After a verification every order since the last dispatch is accepted, excused or cancelled."""
    orders: dict[str, list[str]] = defaultdict(list)
    last: dict[str, str] = {}
    whole = set(transactions(facts))
    verified: list[str] = []
    for position, fact in enumerate(facts, 1):
        if fact.name == "WorkDispatched":
            orders[fact.stream] = []
        if fact.name in MAKING_ORDERS:
            orders[fact.stream] += [spec.order for spec in said(fact, "orders")]
        if fact.name in OTHER_STATE_EVENTS:
            last[fact.stream] = fact.name
        if fact.name == "HandlingVerified":
            verified.append(fact.stream)
        if position in whole:
            for stream in verified:
                for order in orders[stream]:
                    if last.get(order) not in {"OrderAccepted", "OrderExcused", "OrderCancelled"}:
                        yield f"{stream} was verified while {order} was at {last.get(order)}"
            verified = []


def a_case_in_handling_has_one_lead(facts: Sequence[Fact]) -> Iterator[str]:
    state: dict[str, str] = {}
    leads: dict[str, set[str]] = defaultdict(set)
    gone: set[str] = set()
    whole = set(transactions(facts))
    for position, fact in enumerate(facts, 1):
        state[fact.stream] = STATE_OF_A_CASE.get(fact.name, state.get(fact.stream, ""))
        if fact.name == "WorkDispatched":
            leads[fact.stream] = set()
        if fact.name == "OrderReassigned":
            leads[fact.stream] -= {said(fact, "order")}
        if fact.name in MAKING_ORDERS:
            leads[fact.stream] |= {spec.order for spec in said(fact, "orders") if spec.lead}
        if fact.name in {"OrderExcused", "OrderCancelled"}:
            gone.add(fact.stream)
        if position in whole:
            for stream, where in state.items():
                if where in {"handling", "suspended", "verifying"} and len(leads[stream] - gone) != 1:
                    yield f"{stream} is {where} with {len(leads[stream] - gone)} leads"


def a_verdict_follows_its_round(facts: Sequence[Fact]) -> Iterator[str]:
    """A case passes, fails or is left open only as its round was counted."""
    results: dict[str, str] = {}
    for fact in facts:
        if fact.name == "RoundClosed":
            results[fact.stream] = str(said(fact, "result"))
        if fact.name == "RoundAnnulled":
            results[fact.stream] = "inconclusive"
        expected = {
            "EvaluationPassed": "passed",
            "EvaluationFailed": "failed",
            "EvaluationInconclusive": "inconclusive",
        }
        if fact.name in expected and results.get(said(fact, "round")) != expected[fact.name]:
            yield f"{fact.name} on {fact.stream}, but its round was {results.get(said(fact, 'round'))}"


# --- who keeps away from what


def who_screened_is_not_who_raised(facts: Sequence[Fact]) -> Iterator[str]:
    for stream, history in streams(facts, "proposal").items():
        raising = history[0]
        for fact in history:
            if raising.name == "ProposalRaised" and fact.name in SCREENINGS and not apart(raising, fact):
                yield f"{fact.actor} raised and screened {stream}"


def who_verified_is_not_who_handled(facts: Sequence[Fact]) -> Iterator[str]:
    case_of: dict[str, str] = {}
    handled: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.name == "OrderDispatched":
            case_of[fact.stream] = said(fact, "proposal")
        if fact.name in HANDLINGS and fact.stream in case_of:
            handled[case_of[fact.stream]].append(fact)
        if fact.name in {"HandlingSubmitted", "HandlingDeclaredInfeasible"}:
            handled[fact.stream].append(fact)
        if fact.name in {"HandlingVerified", "VerificationFailed"}:
            for act in handled[fact.stream]:
                if not apart(act, fact):
                    yield f"{fact.actor} verified {fact.stream} after {act.actor} did {act.name}"


def who_ruled_on_an_objection_did_not_vote(facts: Sequence[Fact]) -> Iterator[str]:
    items: dict[tuple[str, int], str] = {}
    voters: dict[tuple[str, str], set[str]] = defaultdict(set)
    decided_by: dict[str, str] = {}
    for fact in facts:
        if fact.name == "AgendaSet":
            items |= {(fact.stream, n): item.proposal for n, item in enumerate(said(fact, "agenda"), 1)}
        if fact.name == "VoteCast":
            voters[fact.stream, items[fact.stream, said(fact, "item")]].add(fact.actor)
        if fact.name == "ProposalAdopted":
            decided_by[fact.stream] = said(fact, "meeting")
        if fact.name in RULINGS:
            both = {fact.actor, fact.entered_by} & voters[decided_by.get(fact.stream, ""), fact.stream]
            yield from (f"{person} voted on {fact.stream} and ruled on an objection" for person in sorted(both))


def who_entered_ballots_of_others_had_no_hand_in_the_case(facts: Sequence[Fact]) -> Iterator[str]:
    """Who keyed them in neither raised the case nor did, or keyed in, anything of its handling."""
    case_of: dict[str, str] = {}
    involved: dict[str, set[str]] = defaultdict(set)
    for fact in facts:
        if fact.name in {"OrderDispatched", "RoundOpened"}:
            case_of[fact.stream] = said(fact, "proposal")
        case = case_of.get(fact.stream, fact.stream)
        if fact.name == "ProposalRaised":
            involved[case].add(fact.actor)
        if fact.name in HANDLINGS or fact.name in {"HandlingSubmitted", "HandlingDeclaredInfeasible", "MatterSettled"}:
            involved[case] |= {said(fact, "by") or fact.actor, fact.entered_by}
        if fact.name == "BallotsCast" and fact.entered_by in involved[case]:
            yield f"{fact.entered_by} entered ballots of {fact.stream} and had a hand in {case}"


# --- ballots


def ballots_are_those_of_the_entitled(facts: Sequence[Fact]) -> Iterator[str]:
    """As many tokens as eligible voters; each votes once, before the end; as many are counted as were cast."""
    for stream, history in streams(facts, "round").items():
        tokens: list[str] = []
        cast: list[str] = []
        for fact in history:
            if fact.name == "RoundOpened":
                tokens = list(said(fact, "tokens"))
                if tokens != sorted(set(tokens)):
                    yield f"the tokens of {stream} are not sorted, or one is there twice"
            if fact.name == "BallotsCast":
                cast += [ballot.token for ballot in said(fact, "ballots")]
                if fact.actor != "ballot-box":
                    yield f"{stream} names who voted"
            if fact.name == "RoundClosed" and (said(fact, "tally").eligible, said(fact, "tally").valid) != (
                len(tokens),
                len(cast),
            ):
                yield f"{stream} counts otherwise than was cast"
        if not set(cast) <= set(tokens):
            yield f"{stream} holds ballots of strangers"
        if len(set(cast)) < len(cast):
            yield f"somebody voted twice in {stream}"


# --- loops


def loops_are_bounded(facts: Sequence[Fact], maxima: Mapping[str, int]) -> Iterator[str]:
    """Nothing is run through more often than the policy allows, counted as the domain counts it."""
    for stream, history in streams(facts).items():
        for loop, (through, anew) in LOOPS.items():
            count = 0
            for fact in history:
                count = 0 if fact.name in anew else count
                count += fact.name in through
                if fact.name in through and count > maxima[loop]:
                    yield f"{stream} went through {loop} {count} times"


LAWS: tuple[Law, ...] = (
    versions_have_no_gaps,
    time_never_runs_backwards,
    what_is_over_is_over,
    a_missed_time_had_passed_and_is_noted_once,
    what_is_closed_was_decided_or_settled,
    what_its_register_closed_was_imported_and_not_dealt_with,
    what_was_adopted_was_carried_by_its_meeting,
    what_was_verified_has_no_open_order,
    a_case_in_handling_has_one_lead,
    a_verdict_follows_its_round,
    who_screened_is_not_who_raised,
    who_verified_is_not_who_handled,
    who_ruled_on_an_objection_did_not_vote,
    who_entered_ballots_of_others_had_no_hand_in_the_case,
    ballots_are_those_of_the_entitled,
)
