"""Meetings and evaluation rounds: attendance and quorum, what came of each item, the count and its seal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proposals import AnnulRound, CancelMeeting, CloseRound, Grade, Recuse
from proposals.projections.evaluation import EVALUATION, GRADES, ROUNDS
from proposals.projections.meetings import AGENDA, ATTENDANCE, HELD_MEETINGS, MEETINGS
from tests.domain.works import DAY, ROUND, VOTERS, called, counted, reached, voted
from tests.projections.logs import rows_of, the_row
from tests.projections.oracle import text

if TYPE_CHECKING:
    from proposals.testing import Scenario

SEALED = ("valid", *GRADES, "resolved", "answered_resolved", "result")


def meeting(scenario: Scenario, stream: str) -> dict[str, Any]:
    return next(row for row in rows_of(MEETINGS, HELD_MEETINGS, scenario.facts) if row["stream"] == stream)


def item(scenario: Scenario, stream: str) -> dict[str, Any]:
    return next(row for row in rows_of(MEETINGS, AGENDA, scenario.facts) if row["stream"] == stream)


def test_a_meeting_that_is_called_has_nobody_yet() -> None:
    scenario = reached("accepted")
    called(scenario, "meeting-1", "unit-grid", "discuss")
    before_the_roll = [fact for fact in scenario.facts if fact.name != "RollFixed"]
    row = the_row(MEETINGS, HELD_MEETINGS, before_the_roll)

    assert (row["status"], row["members"], row["present"]) == ("called", None, None)


def test_the_roll_and_who_came() -> None:
    row = meeting(reached("in_session"), "meeting-2")

    assert (row["members"], row["observers"], row["excused"]) == (5, 0, 0)
    assert (row["due"], row["present"]) == (5, 5)
    assert (row["quorum_due"], row["quorum_present"]) == (5, 5)


def test_everyone_on_the_roll_is_there_by_name_with_whether_they_came() -> None:
    rows = rows_of(MEETINGS, ATTENDANCE, reached("in_session").facts)

    assert {(row["person"], row["present"]) for row in rows if row["stream"] == "meeting-2"} == {
        (f"grid-member{number}", 1) for number in range(1, 6)
    }


def test_what_came_of_an_item_with_the_counts_behind_it() -> None:
    row = item(reached("announced"), "meeting-2")

    assert (row["motion"], row["outcome"]) == ("adopt", "carried")
    assert (row["votes_for"], row["votes_against"], row["abstained"]) == (5, 0, 0)
    assert (row["present"], row["due"], row["all_members"]) == (5, 5, 5)


def test_an_open_item_has_no_counts_however_many_have_voted() -> None:
    row = item(reached("in_session"), "meeting-2")

    assert {row[name] for name in ("outcome", "closed_at", "votes_for", "due")} == {None}


def test_who_steps_aside_is_counted() -> None:
    scenario = reached("in_session").given(Recuse(meeting="meeting-2", item=1, reason="Kin.", actor="grid-member2"))

    assert item(scenario, "meeting-2")["recused"] == 1


def test_a_meeting_in_the_course_of_its_life() -> None:
    row = meeting(reached("announced"), "meeting-2")

    assert row["status"] == "minuted"
    assert row["called_at"] < row["starts_at"] <= row["opened_at"] <= row["ended_at"] <= row["minutes_at"]


def test_a_meeting_that_was_called_off_was_never_opened() -> None:
    scenario = reached("accepted")
    called(scenario, "meeting-1", "unit-grid", "discuss")
    scenario.given(CancelMeeting(meeting="meeting-1", reason="Flood.", actor="grid-convenor"))
    row = meeting(scenario, "meeting-1")

    assert (row["status"], row["opened_at"], row["ended_at"]) == ("cancelled", None, text(scenario.now))


def test_of_an_open_round_nothing_but_the_turnout_is_seen() -> None:
    scenario = voted(reached("evaluating"), dict.fromkeys(VOTERS[:3], "satisfied"))
    row = the_row(EVALUATION, ROUNDS, scenario.facts)

    assert (row["status"], row["eligible"], row["ballots"]) == ("open", 7, 3)
    assert {row[name] for name in SEALED} == {None}


def test_a_closed_round_has_its_count() -> None:
    row = the_row(EVALUATION, ROUNDS, counted(reached("evaluating"), "dissatisfied").facts)

    assert (row["status"], row["result"]) == ("closed", "failed")
    assert (row["valid"], row["resolved"], row["answered_resolved"]) == (7, 7, 7)
    assert {grade: row[grade] for grade in GRADES} == {grade.value: 7 * (grade == "dissatisfied") for grade in Grade}


def test_of_a_handful_of_ballots_only_their_number_is_told() -> None:
    scenario = voted(reached("evaluating"), {"li": "satisfied"})
    scenario.at(scenario.state(ROUND).due_at).given(CloseRound(round=ROUND, actor="community-coordinator"))
    row = the_row(EVALUATION, ROUNDS, scenario.facts)

    assert (row["valid"], row["result"]) == (1, "inconclusive")
    assert {row[name] for name in (*GRADES, "resolved", "answered_resolved")} == {None}


def test_an_annulled_round_counts_nothing() -> None:
    scenario = voted(reached("evaluating"), dict.fromkeys(VOTERS, "satisfied")).at(reached("evaluating").now + DAY)
    scenario.given(AnnulRound(round=ROUND, reason="Pressure.", actor="street-reviewer"))
    row = the_row(EVALUATION, ROUNDS, scenario.facts)

    assert (row["status"], row["ballots"], row["ended_at"]) == ("annulled", 7, text(scenario.now))
    assert {row[name] for name in SEALED} == {None}
