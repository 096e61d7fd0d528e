"""`do`: all or nothing, one answer for one command id, and no way around the rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from proposals import (
    AcceptProposal,
    AddNote,
    CoSignProposal,
    Invalid,
    MergeProposal,
    NoteAdded,
    ProposalCoSigned,
    ProposalMerged,
    Proposals,
    RaiseProposal,
    Refused,
    WithdrawProposal,
)
from proposals.domain.decision import AdoptProposal
from proposals.domain.missed import RecordMissed
from proposals.domain.raising import AbsorbCase, CaseAbsorbed
from proposals.domain.vocabulary import Role
from proposals.testing import MORNING

from .checks import assert_whole
from .conftest import Opener
from .county import LI_CONTACT, Clock, County, ask, founding


def note(text: str = "Seen.", command_id: str | None = None, **fields: Any) -> AddNote:
    return AddNote(**{"proposal": "proposal-1", "note": text, "actor": "li", "command_id": command_id, **fields})


def accept(command_id: str | None = None, category: str = "facilities") -> AcceptProposal:
    return AcceptProposal(proposal="proposal-1", category=category, actor="community-screener", command_id=command_id)


def refusal_of(app: Proposals, *commands: Any) -> str:
    """The code of a refusal; nothing must have been recorded."""
    head = app.recorder.head()
    with pytest.raises(Refused) as refused:
        app.do(*commands)
    assert app.recorder.head() == head
    return refused.value.code


def test_the_facts_that_were_recorded_come_back_with_their_place_in_the_log(county: County) -> None:
    county.raised()
    head = county.app.recorder.head()
    county.clock.forward(hours=3)

    (fact,) = county.app.do(note("Seen.", entered_by="grid-grid-worker", at=MORNING))

    assert fact.event == NoteAdded(note="Seen.")
    assert (fact.position, fact.version) == (head + 1, 2)
    assert (fact.occurred_at, fact.recorded_at) == (MORNING, MORNING + timedelta(hours=3))
    assert (fact.actor, fact.entered_by) == ("li", "grid-grid-worker")
    assert county.app.history("proposal-1")[-1] == fact
    assert_whole(county.app)


def test_left_out_fields_are_filled_in_by_the_door(opened: Opener) -> None:
    ids = iter(f"id-{number}" for number in range(1_000))
    county = opened(ids=lambda: next(ids)).found()
    county.raised()

    (fact,) = county.app.do(note())

    assert fact.occurred_at == MORNING
    assert fact.entered_by == "li"
    assert fact.command_id == fact.causation_id == fact.correlation_id == f"id-{len(list(founding())) + 1}"


def test_doing_nothing_records_nothing(memory: County) -> None:
    head = memory.app.recorder.head()
    assert memory.app.do() == []
    assert memory.app.recorder.head() == head


def test_reactions_are_recorded_with_what_they_follow_in_one_transaction(county: County) -> None:
    case, root = county.raised(1), county.raised(2)

    merged, absorbed = county.app.do(
        MergeProposal(proposal=case, into=root, reason="the same lamp", actor="community-screener")
    )

    assert isinstance(merged.event, ProposalMerged)
    assert isinstance(absorbed.event, CaseAbsorbed)
    assert absorbed.position == (merged.position or 0) + 1
    assert (absorbed.command_id, absorbed.actor) == (merged.command_id, merged.actor)
    assert absorbed.causation_id == merged.reference
    assert_whole(county.app)


# --- the same command again


def test_a_repeated_command_is_answered_with_the_first_facts_and_records_nothing(county: County) -> None:
    county.raised()
    first = county.app.do(note(command_id="n-1"))
    county.clock.forward(days=1)

    assert county.app.do(note(command_id="n-1")) == first
    assert len(county.app.history("proposal-1")) == 2
    assert_whole(county.app)


def test_a_repeated_command_is_answered_also_once_it_would_be_refused(county: County) -> None:
    county.raised()
    accepted = county.app.do(accept("a-1"))
    withdrawn = WithdrawProposal(proposal="proposal-1", reason="solved", actor="li", command_id="w-1")
    county.app.do(withdrawn)
    head = county.app.recorder.head()

    assert county.app.do(accept("a-1")) == accepted
    assert refusal_of(county.app, accept("a-2")) == "wrong_state"
    assert county.app.recorder.head() == head


def test_a_repeated_command_is_answered_by_another_door_too(shared: County, opened: Opener) -> None:
    shared.raised()
    first = shared.app.do(note(command_id="n-1"))

    other = opened(shared.url, clock=shared.clock)

    assert other.app.do(note(command_id="n-1")) == first
    assert_whole(other.app)


def test_a_repeated_command_with_reactions_is_answered_with_all_of_them(county: County) -> None:
    case, root = county.raised(1), county.raised(2)
    merge = MergeProposal(proposal=case, into=root, reason="same", actor="community-screener", command_id="m-1")
    first = county.app.do(merge)

    assert len(first) == 2
    assert county.app.do(merge) == first


def test_a_batch_may_repeat_some_of_its_commands_and_bring_others(county: County) -> None:
    county.raised()
    first = county.app.do(note("one", "n-1"), accept("a-1"))
    county.app.do(note("between"))

    again = county.app.do(note("one", "n-1"), note("two", "n-2"), accept("a-1"))

    assert [again[0], again[2]] == first
    assert (again[1].event, again[1].version) == (NoteAdded(note="two"), 5)
    assert_whole(county.app)


def test_the_same_command_twice_in_one_batch_is_recorded_once(county: County) -> None:
    county.raised()

    first, second = county.app.do(note("one", "n-1"), note("one", "n-1"))

    assert first == second
    assert first.position == county.app.recorder.head()
    assert_whole(county.app)


def test_another_command_under_a_used_id_is_refused(county: County) -> None:
    county.raised()
    county.app.do(note("one", "c-1"))

    assert refusal_of(county.app, note("another", "c-1")) == "command_id_reused"
    assert refusal_of(county.app, accept("c-1")) == "command_id_reused"
    assert refusal_of(county.app, note("one", "c-1", actor="grid-grid-worker")) == "command_id_reused"
    assert refusal_of(county.app, note("new", "c-2"), note("another", "c-2")) == "command_id_reused"
    assert refusal_of(county.app, note("new", "c-3"), note("another", "c-1")) == "command_id_reused"
    assert_whole(county.app)


def test_a_refused_command_may_be_tried_again_under_its_id(county: County) -> None:
    county.raised()
    county.app.do(accept("a-1"))
    cosign = CoSignProposal(proposal="proposal-2", actor="wang", command_id="s-1")
    assert refusal_of(county.app, cosign) == "no_such_stream"

    county.raised(2)

    assert [fact.event for fact in county.app.do(cosign)] == [ProposalCoSigned()]


def test_a_repeated_command_with_personal_data_shows_it_again_without_its_print_being_kept(county: County) -> None:
    raised = ask(
        RaiseProposal,
        proposal="proposal-1",
        place="unit-grid",
        source="other",
        title="Lamp",
        text="Broken.",
        contact=LI_CONTACT,
        actor="li",
        command_id="r-1",
    )
    first = county.app.do(raised)
    head = county.app.recorder.head()

    assert county.app.do(raised) == first
    corrected = raised.model_copy(update={"contact": None})
    assert county.app.recorder.head() == head
    assert refusal_of(county.app, corrected) == "command_id_reused"


# --- all or nothing


def test_of_a_batch_in_which_one_is_refused_nothing_is_recorded(county: County) -> None:
    county.raised()

    assert refusal_of(county.app, note("one", "n-1"), accept("a-1"), accept("a-2")) == "wrong_state"
    assert county.app.recorder.find_command("n-1") is None
    assert county.app.get("proposal-1").version == 1
    assert_whole(county.app)


def test_each_command_of_a_batch_sees_what_the_ones_before_it_did(county: County) -> None:
    facts = county.app.do(
        ask(RaiseProposal, proposal="proposal-1", place="unit-grid", source="other", title="L", text="t", actor="li"),
        accept(),
        note(),
    )

    assert [fact.version for fact in facts] == [1, 2, 3]
    assert [fact.position for fact in facts] == list(range(facts[0].position or 0, (facts[0].position or 0) + 3))
    assert_whole(county.app)


# --- what is no command for the door


def test_reactions_cannot_be_given_by_themselves(county: County) -> None:
    county.raised(1)
    absorb = AbsorbCase(
        proposal="proposal-1", merged="proposal-2", source=None, proposer="li", cosigners=(), absorbed=(), actor="li"
    )
    adopt = ask(
        AdoptProposal,
        proposal="proposal-1",
        meeting="meeting-1",
        plan={"summary": "x", "lead": "unit-water"},
        funding=(),
        appropriation=0,
        actor="system",
    )
    for command in (absorb, adopt):
        assert refusal_of(county.app, command) == "not_a_public_command"


def missed(stream: str) -> RecordMissed:
    return RecordMissed(on=stream, timer="t", due=MORNING, owner=Role.SCREENER, action="record", actor="system")


BAD: dict[str, Callable[[], Any]] = {
    "the rules say no": lambda: accept().model_copy(update={"actor": "li"}),
    "only the engine gives it": lambda: missed("proposal-1"),
    "its id stands for another": lambda: note("Another.", command_id="told"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_refusal_says_which_command_of_the_call_it_is_about(
    memory: County, bad: Callable[[], Any], index: int
) -> None:
    memory.raised()
    memory.app.do(note("First.", command_id="told"))
    commands = [note("One."), note("Two.")]
    commands.insert(index, bad())

    with pytest.raises(Refused) as refused:
        memory.app.do(*commands)

    assert refused.value.index == index
    assert refused.value.stream == "proposal-1"


def test_a_command_for_a_stream_of_another_kind_is_refused(memory: County) -> None:
    readdressed = note().model_copy(update={"proposal": "meeting-1"})

    assert refusal_of(memory.app, readdressed) == "not_a_public_command"
    assert refusal_of(memory.app, missed("unit-grid")) == "not_a_public_command"
    assert refusal_of(memory.app, missed("parcel-1")) == "no_such_stream"


def test_a_class_that_only_looks_like_a_command_of_ours_is_refused(memory: County) -> None:
    class Impostor(AddNote):
        pass

    Impostor.__name__ = "AddNote"
    memory.raised()
    assert refusal_of(memory.app, Impostor(proposal="proposal-1", note="n", actor="li")) == "not_a_public_command"


@pytest.mark.parametrize("thing", [None, "AddNote", {"proposal": "proposal-1"}, NoteAdded(note="n")], ids=repr)
def test_what_is_no_command_at_all_is_invalid(memory: County, thing: Any) -> None:
    head = memory.app.recorder.head()
    with pytest.raises(Invalid, match="is no command"):
        memory.app.do(thing)
    assert memory.app.recorder.head() == head


def test_whose_clock_is_a_little_behind_goes_on_where_the_other_left_off(shared_url: str, opened: Opener) -> None:
    """Two machines, two seconds apart: nobody who gave no time is told that time runs backwards."""
    county = opened(shared_url).found()
    ahead = opened(shared_url, clock=Clock(county.clock.now + timedelta(seconds=2)))
    ahead.accepted()

    (fact,) = county.app.do(AddNote(proposal="proposal-1", note="n", actor="li"))
    assert fact.occurred_at == ahead.clock.now
    with pytest.raises(Refused, match="before_the_last_event"):
        county.app.do(AddNote(proposal="proposal-1", note="n", actor="li", at=county.clock.now))


def test_a_clock_far_ahead_of_the_others_is_not_followed(shared_url: str, opened: Opener) -> None:
    county = opened(shared_url).found()
    opened(shared_url, clock=Clock(county.clock.now + timedelta(hours=2))).accepted()

    with pytest.raises(Refused, match="in_the_future"):
        county.app.do(AddNote(proposal="proposal-1", note="n", actor="li"))
