"""register, worklist and evaluate: where every case stands, who must act, how well it was done; now and before."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from proposals import (
    CheckPolicy,
    CreateUnit,
    DeclineOrder,
    DraftPolicy,
    MoveUnit,
    PublishPolicy,
    RedispatchOrder,
    RenameUnit,
    evaluate,
    register,
    worklist,
)
from proposals.adapters import archive
from proposals.adapters.policies import default_policy
from proposals.testing import MORNING

from .conftest import Opener
from .county import County, ask


def test_the_register_has_a_line_for_every_case(county: County) -> None:
    county.handling(1)
    county.raised(2)

    lines = {line.id: line for line in register(county.app)}

    assert {case: (line.status, line.holder_unit) for case, line in lines.items()} == {
        "proposal-1": ("handling", "unit-water"),
        "proposal-2": ("raised", "unit-community"),
    }
    assert len(list(register(county.app, unit="unit-grid"))) == 2
    assert list(register(county.app, unit="unit-water")) == []


def test_the_register_of_an_earlier_day_has_what_had_happened_by_then(county: County) -> None:
    county.raised(1)
    day = county.clock()
    county.clock.forward(days=2)
    county.raised(2)

    assert [line.id for line in register(county.app, as_of=day)] == ["proposal-1"]
    assert [line.status for line in register(county.app, as_of=day)] == ["raised"]


def test_the_answers_of_an_earlier_day_name_the_units_of_that_day(county: County) -> None:
    county.handling(1)
    before = county.clock()
    (line,), duties = register(county.app), worklist(county.app)
    assert line.holder_unit == "unit-water"
    county.clock.forward(hours=1)
    county.app.do(
        DeclineOrder(order="order-1.1", ground="not_competent", reason="Not our pipe.", actor="water-principal"),
        RedispatchOrder(order="order-1.1", unit="unit-county", reason="Theirs.", actor="community-coordinator"),
        RenameUnit(unit="unit-grid", title="Another name", reason="Merged.", actor="county-registrar"),
    )

    assert register(county.app)[0].holder_unit == "unit-county"
    assert list(register(county.app, as_of=before)) == [line]
    assert list(worklist(county.app, as_of=before)) == duties


def test_what_another_has_renamed_or_moved_is_told_as_it_is_now(shared: County, opened: Opener) -> None:
    shared.raised(1)
    other = opened(shared.url, clock=shared.clock)
    assert {line.unit_title for line in register(other.app)} != {"Another name"}

    shared.app.do(RenameUnit(unit="unit-grid", title="Another name", reason="Merged.", actor="county-registrar"))

    assert {line.unit_title for line in register(other.app)} == {"Another name"}


def test_the_worklist_of_a_unit_follows_the_tree_of_its_day(county: County) -> None:
    county.raised(1)
    before = county.clock()
    ours = list(worklist(county.app, unit="unit-street"))
    assert [duty.holder_unit for duty in ours] == ["unit-community"]
    county.clock.forward(hours=1)
    county.app.do(
        ask(
            CreateUnit, unit="unit-other", unit_kind="area", tier="street", parent="unit-county", title="Other",
            actor="county-registrar",
        ),
        MoveUnit(unit="unit-community", parent="unit-other", reason="New borders.", actor="county-registrar"),
    )  # fmt: skip

    assert list(worklist(county.app, unit="unit-street")) == []
    assert [duty.stream for duty in worklist(county.app, unit="unit-other")] == ["proposal-1"]
    assert list(worklist(county.app, unit="unit-street", as_of=before)) == ours
    assert list(worklist(county.app, unit="unit-water")) == []


def test_the_worklist_says_who_must_act_by_when(county: County) -> None:
    county.handling(1)
    begun = county.clock()

    duties = {(duty.stream, duty.duty): duty for duty in worklist(county.app)}

    assert {(duty.stream, duty.holder_unit) for duty in duties.values()} >= {
        ("order-1.1", "unit-water"),
        ("order-1.2", "unit-roads"),
    }
    assert not any(duty.overdue for duty in duties.values())
    county.clock.forward(days=60)
    assert any(duty.overdue for duty in worklist(county.app))
    assert not any(duty.overdue for duty in worklist(county.app, as_of=begun))


def test_an_evaluation_can_be_told_apart_by_names(county: County) -> None:
    county.handled(1)

    told = evaluate(county.app, by=["grid", "grid"]).plain()

    assert told["by"] == ["grid"]
    assert [group["group"] for group in told["groups"]] == [{"grid": "unit-grid"}]
    assert told["total"]["figures"]["response"]["denominator"] == 2
    with pytest.raises(ValueError, match="planet"):
        evaluate(county.app, by=["planet"])


def publish(county: County, policy: str, min_cell: int, *, draft_only: bool = False) -> None:
    rules = default_policy().model_copy(update={"min_cell": min_cell, "minimum_ballots": max(min_cell, 5)})
    do = county.app.do
    do(DraftPolicy(policy=policy, unit="unit-county", rules=rules, actor="county-registrar"))
    if not draft_only:
        do(
            CheckPolicy(policy=policy, actor="county-registrar"),
            PublishPolicy(policy=policy, effective=county.clock().date(), actor="county-principal"),
        )


def test_how_few_are_too_few_is_what_the_strictest_edition_says(county: County, tmp_path: Path) -> None:
    before = county.clock()
    assert evaluate(county.app).min_cell == default_policy().min_cell
    county.clock.forward(days=1)
    publish(county, "policy-strict", 11)
    publish(county, "policy-draft", 12, draft_only=True)
    county.clock.forward(days=1)
    publish(county, "policy-lax", 4)

    assert evaluate(county.app).min_cell == 11
    assert evaluate(county.app, until=before).min_cell == default_policy().min_cell
    archive.export(county.app.recorder, tmp_path / "archive")
    archived = archive.Archive(tmp_path / "archive")
    assert archive.evaluate(archived).min_cell == 11
    assert archive.evaluate(archived, until=before).min_cell == default_policy().min_cell


def test_an_archive_answers_as_its_store_does(county: County, tmp_path: Path) -> None:
    county.handled(1)
    county.raised(2)

    archive.export(county.app.recorder, tmp_path / "archive")

    assert archive.evaluate(archive.Archive(tmp_path / "archive"), by=["grid", "month"]).plain() == (
        evaluate(county.app, by=["grid", "month"]).plain()
    )


def test_an_archive_without_cases_answers_as_its_store_does(county: County, tmp_path: Path) -> None:
    archive.export(county.app.recorder, tmp_path / "archive")

    told = archive.evaluate(archive.Archive(tmp_path / "archive"), by=["grid", "month"])

    assert told.plain() == evaluate(county.app, by=["grid", "month"]).plain()
    assert told.until


def test_a_file_that_nobody_may_write_is_answered_from_memory(tmp_path: Path, opened: Opener) -> None:
    file = tmp_path / "county.db"
    county = opened(f"sqlite:///{file}").found()
    county.handling(1)

    reader = opened(f"sqlite:///file:{file}?mode=ro&uri=true", clock=county.clock, create=False)

    assert_answers_are_alike(reader, county)


def test_a_file_of_somebody_else_is_answered_from_memory(
    tmp_path: Path, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    county = opened(f"sqlite:///{tmp_path}/county.db").found()
    county.handling(1)
    assert not county.app.recorder.read_only
    reader = opened(f"sqlite:///{tmp_path}/county.db", clock=county.clock, create=False)

    with monkeypatch.context() as not_ours:  # who runs the tests may be allowed everything
        not_ours.setattr("os.access", lambda file, _: str(file) != f"{tmp_path}/county.db")
        assert reader.app.recorder.read_only

    assert_answers_are_alike(reader, county)


def test_a_server_that_only_stands_by_is_answered_from_memory(postgres_url: str, opened: Opener) -> None:
    county = opened(postgres_url).found()
    county.handling(1)
    assert not county.app.recorder.read_only
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar()
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    try:
        reader = opened(postgres_url, clock=county.clock, create=False)

        assert_answers_are_alike(reader, county)
    finally:
        with engine.connect() as connection:
            connection.execute(text("SET transaction_read_only = off"))
            connection.execute(text(f"ALTER DATABASE {name} RESET default_transaction_read_only"))
        engine.dispose()


def assert_answers_are_alike(reader: County, writer: County) -> None:
    assert reader.app.recorder.read_only
    assert list(register(reader.app)) == list(register(writer.app))
    assert list(worklist(reader.app)) == list(worklist(writer.app))
    assert evaluate(reader.app, by=["grid"]).plain() == evaluate(writer.app, by=["grid"]).plain()


def broken(county: County, stream: str, version: int, payload: str) -> None:
    """What a hand or a disk may do to an event."""
    with county.app.recorder.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER events_no_update"))
        else:
            connection.execute(text("ALTER TABLE events DISABLE TRIGGER ALL"))
        changed = text("UPDATE events SET data = :data WHERE stream = :stream AND version = :version")
        connection.execute(changed, {"data": payload, "stream": stream, "version": version})


@pytest.mark.parametrize("later", [False, True], ids=["now", "as of a time"])
def test_what_could_not_be_read_is_counted_and_the_rest_is_answered(county: County, *, later: bool) -> None:
    county.handled(1)
    county.raised(2)
    whole = evaluate(county.app, by=["grid"])
    assert whole.waiting == 0
    broken(county, "proposal-2", 1, "{}")
    for model in ("register", "worklist", "steps"):
        county.app.projections.rebuild(model)
    then = county.clock() if later else None

    listed, duties, told = (
        register(county.app, as_of=then),
        worklist(county.app, as_of=then),
        evaluate(county.app, until=then),
    )

    assert [line.id for line in listed] == ["proposal-1"]
    assert {duty.proposal for duty in duties} == {"proposal-1"}
    assert (listed.waiting, duties.waiting, told.waiting) == (1, 1, 1)
    assert sum(told.total.standing.values()) == sum(whole.total.standing.values()) - 1
    assert told.plain()["waiting"] == 1


def test_a_case_whose_stays_cannot_be_read_is_not_counted(county: County) -> None:
    """One read model may know of it, and another not."""
    county.handled(1)
    county.raised(2)
    evaluate(county.app)
    broken(county, "proposal-2", 1, "{}")
    county.app.projections.rebuild("steps")

    told = evaluate(county.app)

    assert (sum(told.total.standing.values()), told.waiting) == (1, 1)


def test_a_county_without_cases_has_nothing_to_tell(county: County) -> None:
    assert list(register(county.app)) == []
    assert list(worklist(county.app)) == []
    told = evaluate(county.app, until=MORNING - timedelta(days=400), by=["grid"])
    assert (told.groups, told.total.standing) == ([], {})
