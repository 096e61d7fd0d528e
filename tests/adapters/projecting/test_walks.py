"""The read models of the package on cases that went wherever the rules let them, through the runner."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from proposals import Fact, Proposals
from proposals.adapters.keys import MemoryKeyStore
from proposals.adapters.projecting import projector, rebuilding
from proposals.projections import BUILT_IN
from proposals.projections.projection import Row, fold_log
from tests.postgres import empty
from tests.process.walks import Walk, joined, walks
from tests.projections.logs import entry_of

from .test_same_tables import SIZES

Tables = dict[str, list[Row]]


def rows(app: Proposals) -> Tables:
    """What is in the tables of all read models, by their keys."""
    tables = (shape.table for projection in BUILT_IN for shape in projection.tables.values())
    return {table.name: app.projections.rows(table) for table in tables}


def folded(facts: list[Fact]) -> Tables:
    """What must be in them: the fold of the facts, which have been in no store."""
    entries = [entry_of(fact) for fact in facts]
    return {name: found for projection in BUILT_IN for name, found in fold_log(projection, entries).items()}


def happen(app: Proposals, facts: list[Fact]) -> None:
    app.recorder.insert_events([app.mapper.to_stored_event(cast("Any", fact)) for fact in facts])


def project_twice(app: Proposals) -> None:
    """Brings all read models forward, and hands each its first batch once more."""
    projectors = app.projections._projectors.values()
    before = [(one, one.live(one.standings())) for one in projectors]
    app.projections.catch_up()
    head = app.recorder.head()
    for one, standing in before:
        assert standing.position == head or one.advance(one.tables, standing, head) is None


def alike(url: str, facts: list[Fact], size: int, cuts: list[int]) -> None:
    """Checks that in batches of this size, redelivered and rebuilt the tables are the fold of the facts."""
    ends = [*(len(facts) * cut // 1000 for cut in sorted(cuts)), len(facts)]
    with pytest.MonkeyPatch.context() as patch, Proposals(url, keys=MemoryKeyStore(), synchronous="normal") as app:
        patch.setattr(projector, "BATCH", size)
        patch.setattr(rebuilding, "PAGE", size)
        app.projections.catch_up()
        for start, end in pairwise([0, *ends]):
            happen(app, facts[start:end])
            project_twice(app)
            assert rows(app) == folded(facts[:end])

        for projection in BUILT_IN:
            app.projections.rebuild(projection.name)
        assert rows(app) == folded(facts)
        assert app.projections.dead_letters() == []


PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # a smaller seed is no simpler history
CUTS = st.lists(st.integers(0, 999), max_size=4, unique=True)
"""In thousandths of a log, whose length is not known before it was walked."""


@pytest.mark.parametrize("kind", ["memory", "file"])
@settings(max_examples=max(3, settings().max_examples // 20), phases=PHASES)
@given(drawn=walks(1, 8), size=st.sampled_from(SIZES), cuts=CUTS)
def test_in_batches_and_rebuilt_they_are_what_is_folded_without_a_store(
    kind: str, drawn: list[Walk], size: int, cuts: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        alike("sqlite://" if kind == "memory" else f"sqlite:///{folder}/store.db", joined(drawn), size, cuts)


@settings(max_examples=max(2, settings().max_examples // 100), phases=PHASES)
@given(drawn=walks(1, 8), size=st.sampled_from(SIZES), cuts=CUTS)
def test_on_a_server_too(one_database: str, drawn: list[Walk], size: int, cuts: list[int]) -> None:
    """Fewer: making and swapping so many tables takes a server seconds."""
    empty(one_database)
    alike(one_database, joined(drawn), size, cuts)
