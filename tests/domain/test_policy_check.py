"""What a policy check finds before an edition is in force: missing exits, closed loops, rules nobody could use."""

from __future__ import annotations

from typing import Any

import pytest

from proposals.adapters.policies import default_policy
from proposals.domain.policy_check import EXITS, OWNED, Finding, Severity, check
from proposals.domain.rules import Action, ProcessPolicy
from proposals.domain.vocabulary import Kind
from tests.domain.stories import rules

TIMED = {"suspended", "called", "rolled", "dispatched", "acknowledged", "in_progress", "open"}
"""States whose time comes from the event that leads to them."""


def found(policy: ProcessPolicy) -> list[tuple[str, str, str]]:
    return [(finding.severity.value, finding.code, finding.field) for finding in check(policy)]


def without(kind: Kind, status: str) -> ProcessPolicy:
    plain = default_policy().model_dump(mode="json")
    del plain["deadlines"][kind.value][status]
    return ProcessPolicy.model_validate(plain)


def timed(kind: str, status: str, **changes: Any) -> ProcessPolicy:
    return rules(deadlines={kind: {status: {"owner": "coordinator", "within": "5 days", "then": []} | changes}})


def test_nothing_is_wrong_with_the_shipped_policy() -> None:
    assert check(default_policy()) == []


@pytest.mark.parametrize(("kind", "status", "action"), EXITS)
def test_a_state_whose_way_out_is_the_clock_has_its_action(kind: Kind, status: str, action: Action) -> None:
    policy = timed(kind.value, status, then=[{"do": "record"}, {"do": "urge"}])
    assert found(policy) == [("error", "policy_no_exit", f"deadlines.{kind}.{status}.then")]
    assert found(timed(kind.value, status, then=[{"do": "record"}, {"do": action.value}])) == []


EVERY_STATE = [(kind, status) for kind, states in OWNED.items() for status in states]


@pytest.mark.parametrize(("kind", "status"), EVERY_STATE)
def test_a_state_in_which_somebody_must_act_has_an_owner_and_a_time(kind: Kind, status: str) -> None:
    assert found(without(kind, status)) == [("error", "policy_no_deadline", f"deadlines.{kind}.{status}")]
    then = default_policy().model_dump(mode="json")["deadlines"][kind.value][status]["then"]
    timeless = [] if status in TIMED else [("error", "policy_no_time", f"deadlines.{kind}.{status}.within")]
    assert found(timed(kind.value, status, within=None, then=then)) == timeless


def test_a_kind_without_any_times_lacks_them_all() -> None:
    plain = default_policy().model_dump(mode="json")
    del plain["deadlines"]["round"]
    assert found(ProcessPolicy.model_validate(plain)) == [("error", "policy_no_deadline", "deadlines.round.open")]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("proposal", "forgotten"), ("proposal", "archived"), ("meeting", "minuted"), ("meeting", "objection"),
        ("order", "closed"), ("unit", "open"), ("subject", "erased"),
    ],
)  # fmt: skip
def test_a_state_that_does_not_exist_or_needs_no_time_is_named(kind: str, status: str) -> None:
    policy = timed(kind, status) if kind in {"proposal", "meeting", "order"} else rules(
        deadlines={kind: {status: {"owner": "coordinator"}}}
    )  # fmt: skip
    assert found(policy) == [("error", "policy_unknown_state", f"deadlines.{kind}.{status}")]


def test_every_state_that_does_not_exist_is_named() -> None:
    unknown = {"owner": "coordinator", "within": "5 days"}
    policy = rules(deadlines={"order": {"closed": unknown, "lost": unknown}})
    assert [field for _, _, field in found(policy)] == ["deadlines.order.closed", "deadlines.order.lost"]


@pytest.mark.parametrize("status", ["objection", "closed", "refused", "rejected", "withdrawn", "merged"])
def test_rulings_and_the_archive_have_times_too(status: str) -> None:
    assert found(timed("proposal", status, within="90 days")) == []


PLACES = {
    "lapse": {("proposal", "returned"), ("meeting", "called"), ("meeting", "rolled")},
    "confirm": {("proposal", "announced")},
    "resume": {("proposal", "suspended")},
    "escalate": {("proposal", "rectifying")},
    "close_round": {("proposal", "evaluating"), ("round", "open")},
    "archive": {("proposal", status) for status in ("closed", "refused", "rejected", "withdrawn", "merged")},
}


@pytest.mark.parametrize("action", list(Action), ids=str)
def test_an_action_stands_only_where_the_table_knows_it(action: Action) -> None:
    """A clock that is to confirm a work order would fail at every tick, and keep all other timers waiting."""
    plain = default_policy().model_dump(mode="json")["deadlines"]
    for kind, states in plain.items():
        for status, deadline in states.items():
            then = [*deadline["then"], {"after": "9 days", "do": action.value}]
            here = timed(kind, status, owner=deadline["owner"], within=deadline["within"], then=then)
            fits = action.value not in PLACES or (kind, status) in PLACES[action.value]
            wrong = ("error", "policy_action_out_of_place", f"deadlines.{kind}.{status}.then")
            assert found(here) == ([] if fits else [wrong])


LOOPS = [loop for loop, _ in default_policy().maxima if loop not in {"rounds", "openings"}]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_maximum_of_zero_makes_a_rule_unreachable_which_is_worth_saying(loop: str) -> None:
    assert found(rules(maxima={loop: 0})) == [("remark", "policy_unreachable", f"maxima.{loop}")]
    assert found(rules(maxima={loop: 1})) == []


def test_without_openings_no_accepted_matter_could_go_on() -> None:
    assert found(rules(maxima={"openings": 0})) == [("error", "policy_no_discussion", "maxima.openings")]
    assert found(rules(maxima={"openings": 1})) == []


@pytest.mark.parametrize("field", ["reopen_window", "extension_limit"])
def test_a_window_of_no_length_is_worth_saying(field: str) -> None:
    assert found(rules(**{field: "0 days"})) == [("remark", "policy_unreachable", field)]
    assert found(rules(**{field: "1 day"})) == []


@pytest.mark.parametrize("field", ["quorum", "majority", "pass_mark"])
def test_a_share_of_nothing_is_always_reached(field: str) -> None:
    nothing = {"numerator": 0, "denominator": 2, "strict": False, "base": "all"}
    assert found(rules(**{field: nothing})) == [("error", "policy_always_met", field)]
    assert found(rules(**{field: nothing | {"numerator": 1}})) == []


@pytest.mark.parametrize("handle", ["24 hours", "1 day", "1 working day"])
def test_handling_takes_longer_than_acknowledging(handle: str) -> None:
    times = {"urgent": "7 days", "normal": handle, "complex": "30 days"}
    assert found(rules(handle_within=times)) == [("error", "policy_no_time_to_handle", "handle_within.normal")]
    assert found(rules(handle_within=times | {"normal": "25 hours"})) == []


@pytest.mark.parametrize(
    ("acknowledge", "handle", "wrong"),
    [
        ("5 working days", "6 days", True),  # a week and a holiday may lie in between
        ("5 working days", "18 days", True),
        ("5 working days", "20 days", False),
        ("5 days", "6 working days", False),
        ("2 days", "49 hours", False),
    ],
)
def test_working_days_are_compared_by_what_they_can_come_to(acknowledge: str, handle: str, *, wrong: bool) -> None:
    quick = {"urgent": "1 hour", "normal": acknowledge, "complex": "1 hour"}
    times = {"urgent": "7 days", "normal": handle, "complex": "30 days"}
    error = [("error", "policy_no_time_to_handle", "handle_within.normal")]
    assert found(rules(acknowledge_within=quick, handle_within=times)) == (error if wrong else [])


@pytest.mark.parametrize(("cell", "wrong"), [(1, True), (2, True), (3, False)])
def test_a_cell_that_would_show_who_voted_how_is_wrong(cell: int, *, wrong: bool) -> None:
    assert found(rules(min_cell=cell)) == ([("error", "policy_cell_too_small", "min_cell")] if wrong else [])


@pytest.mark.parametrize("status", ["closed", "refused", "rejected"])
def test_nothing_is_archived_inside_its_reopen_window(status: str) -> None:
    field = f"deadlines.proposal.{status}.within"
    assert found(timed("proposal", status, within="29 days")) == [("error", "policy_archived_too_soon", field)]
    assert found(timed("proposal", status, within="719 hours")) == [("error", "policy_archived_too_soon", field)]
    assert found(timed("proposal", status, within="30 days")) == []
    assert found(timed("proposal", status, within="30 working days")) == [("error", "policy_archived_too_soon", field)]
    assert found(timed("proposal", status, within="31 working days")) == []
    assert found(timed("proposal", status, within=None)) == []
    assert found(without(Kind.PROPOSAL, status)) == []


def test_a_state_without_a_time_for_the_archive_hides_no_other() -> None:
    soon = {"owner": "archivist", "within": "1 day", "then": [{"do": "archive"}]}
    plain = default_policy().model_dump(mode="json")
    del plain["deadlines"]["proposal"]["closed"]
    plain["deadlines"]["proposal"] |= {"refused": soon | {"within": None}, "rejected": soon}
    field = "deadlines.proposal.rejected.within"
    assert ("error", "policy_archived_too_soon", field) in found(ProcessPolicy.model_validate(plain))


def test_errors_come_first_and_then_by_code_and_field() -> None:
    nothing = {"numerator": 0, "denominator": 2, "strict": False, "base": "all"}
    policy = rules(quorum=nothing, majority=nothing, maxima={"openings": 0, "deferrals": 0}, extension_limit="0 days")
    assert found(policy) == [
        ("error", "policy_always_met", "majority"),
        ("error", "policy_always_met", "quorum"),
        ("error", "policy_no_discussion", "maxima.openings"),
        ("remark", "policy_unreachable", "extension_limit"),
        ("remark", "policy_unreachable", "maxima.deferrals"),
    ]


def test_a_finding_is_told_in_both_languages() -> None:
    finding = Finding(Severity.ERROR, "policy_always_met", "quorum")
    assert finding.text() == "quorum: a share of nothing is always reached"
    assert finding.text("zh") == "quorum：零比例总能满足"
