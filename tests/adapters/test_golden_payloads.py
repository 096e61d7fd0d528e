"""Golden payloads: what was ever stored is read as it was meant, and written again byte for byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from proposals.adapters.mapper import FactMapper
from proposals.adapters.sealing import Sealer
from proposals.adapters.store import Envelope
from proposals.domain.processes import EVENTS
from tests.golden.payloads import FOLDER, STREAM, fact, file_for, golden_keys, main, payload

FILES = sorted(FOLDER.glob("*.json"))
MAPPER = FactMapper(Sealer(golden_keys()))


def stored(path: Path) -> Envelope:
    name, schema, _ = path.name.split(".")
    return Envelope(
        originator_id=STREAM,
        originator_version=1,
        topic=name,
        state=path.read_bytes(),
        schema=int(schema),
        occurred_at="2026-03-02T01:00:00.000000Z",
        actor="li",
        entered_by="li",
        command_id="c-1",
        correlation_id="c-1",
        causation_id="c-1",
    )


def test_every_event_has_its_golden_file() -> None:
    missing = [file_for(event).name for event in EVENTS.values() if not file_for(event).exists()]
    assert missing == [], "run `python -m tests.golden.payloads`"


def test_every_golden_file_still_has_its_event() -> None:
    """An event that was renamed or dropped can no longer be read where it is stored."""
    assert {path.name.split(".")[0] for path in FILES} <= set(EVENTS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_read_and_written_again_byte_for_byte(path: Path) -> None:
    envelope = stored(path)
    kind = EVENTS[envelope.topic]

    back = MAPPER.to_domain_event(envelope)

    if envelope.schema == kind.schema_version:
        assert back == fact(payload(kind))
        again = MAPPER.to_stored_event(back)
        # A seal is never the same twice; everything else is, and the seal opens to the same.
        seals = {field: orjson.loads(envelope.state)[field] for field in kind.personal}
        rewritten = orjson.dumps(orjson.loads(again.state) | seals, option=orjson.OPT_SORT_KEYS)
        assert rewritten == envelope.state
    assert MAPPER.to_domain_event(MAPPER.to_stored_event(back)) == back


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_its_bytes_are_canonical(path: Path) -> None:
    data = path.read_bytes()
    assert orjson.dumps(orjson.loads(data), option=orjson.OPT_SORT_KEYS) == data


def test_making_them_again_changes_none(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in FILES}
    main()
    assert {path: path.read_bytes() for path in before} == before
    assert capsys.readouterr().out == ""


def test_a_sealed_field_of_a_golden_file_opens_only_in_its_place() -> None:
    (path,) = [path for path in FILES if path.name.startswith("ProposalRaised.")]
    moved = replace(stored(path), originator_version=2)
    with pytest.raises(Exception, match="not what was sealed there"):
        MAPPER.to_domain_event(moved)
