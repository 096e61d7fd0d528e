"""One realistic payload for every event, made the same way every time.

`python -m tests.golden.payloads` writes the files that are missing and never touches one that is there.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from itertools import chain
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from proposals.adapters.keys import MemoryKeyStore
from proposals.adapters.mapper import FactMapper
from proposals.adapters.policies import parse_policy
from proposals.adapters.sealing import Sealer
from proposals.domain.event import Fact
from proposals.domain.processes import EVENTS
from proposals.domain.rules import ProcessPolicy
from proposals.domain.vocabulary import Erased, Personal

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from proposals.domain.event import Event

FOLDER = Path(__file__).parent
STREAM = "proposal-golden"
"""Where every golden event stands, in version 1: sealed fields are bound to their place."""

OPENED = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

RULES = parse_policy((FOLDER / "policy.toml").read_bytes(), "policy.toml")
"""The shipped rules as they once were: those may change, golden payloads may not."""

TOLD: dict[str, Any] = {
    "action": "record",
    "address": "南湖路5号东门",
    "answer": "已受理,三日内答复。 Taken up; an answer follows within three days.",
    "calendar": "chinesecalendar 1.11.0",
    "category": "facilities",
    "cause": "emergency",
    "channel": "入户走访 visit",
    "content_key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "feedback": "路灯已修好。 The lamp has been mended.",
    "findings": "现场核查属实。 Found to be so on the spot.",
    "ground": "not_public",
    "grounds": "造价过高。 It costs too much.",
    "how": "当场更换灯泡。 The bulb was changed on the spot.",
    "key": "ROW-0042",
    "meeting_kind": "residents_council",
    "message": "请尽快办理。 Please see to it.",
    "minutes": "与会五人,一致同意。 Five were present; all agreed.",
    "note": "已电话联系。 Telephoned.",
    "opinion": "应当一并更换灯杆。 The pole should be replaced too.",
    "period": "5 working days",
    "progress": "材料已到。 The material has arrived.",
    "reason": "材料不全,请补充照片。 Incomplete: please add a photo.",
    "recommendation": "建议列入本月计划。 Put it into this month's plan.",
    "remarks": ["unreachable_rule"],
    "report": "更换灯具两盏。 Two lamps were replaced.",
    "questions": ["您反映的事项是否得到解决？ / Was your matter resolved?"],
    "resolution": "已更换灯具。 Lamps replaced.",
    "retention_class": "ten_years",
    "source": "ledger_2024",
    "source_status": "已结案",
    "sponsor": "wang",
    "summary": "修复东门路灯。 Mend the lamps at the east gate.",
    "text": "东门两盏路灯已坏三周,夜间不便。\nTwo lamps at the east gate have been out for three weeks.",
    "timer": "raised.record",
    "title": "东门路灯不亮 / Lamps out at the east gate",
    "value": "东门",
    "why": "motion",
    "rules": RULES,
}
"""What a field of that name says, where its type leaves it open."""

ANYTHING: tuple[Any, ...] = (
    OPENED, date(2026, 3, 2), 3, True, "li",
    "proposal-42", "meeting-42", "order-42.1", "round-42.1", "unit-grid", "policy-1", "subject-li",
    "a" * 64, "image/jpeg", "https://files.example/42.jpg", "5 working days",
)  # fmt: skip
"""What is tried in turn for everything else."""


def payload(event: type[Event]) -> Event:
    """The event with every field filled."""
    return event.model_validate({name: _value(name, field) for name, field in event.model_fields.items()})


def golden_keys() -> MemoryKeyStore:
    """A key store with the one subject's key that golden files are sealed under. It protects nobody."""
    keys = MemoryKeyStore()
    keys._keys["subject:subject-li"] = bytes(range(32))
    return keys


def fact(event: Event) -> Fact:
    """The event in its place."""
    return Fact(STREAM, 1, event, OPENED, "li", "li", "c-1", "c-1", "c-1")


def file_for(event: type[Event]) -> Path:
    """Where the golden payload of an event's present schema lies."""
    return FOLDER / f"{event.name}.{event.schema_version}.json"


def main() -> None:
    """Write the files that are missing."""
    mapper = FactMapper(Sealer(golden_keys()))
    for event in EVENTS.values():
        path = file_for(event)
        if path.exists():
            continue
        path.write_bytes(mapper.to_stored_event(fact(payload(event))).state)
        sys.stdout.write(f"{path.name}\n")


def _value(name: str, field: FieldInfo) -> Any:
    told = [TOLD[name]] if name in TOLD else []
    annotation: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    return _fitting(annotation, told)


def _fitting(annotation: Any, told: list[Any]) -> Any:
    """The first value that fits: what is told, what the type itself names, or anything."""
    adapter = TypeAdapter(annotation)
    for value in chain(told, _of(annotation), ANYTHING):
        try:
            return adapter.validate_python(value)
        except ValidationError:
            continue
    raise LookupError(f"no value for {annotation}: add one to TOLD")


def _of(annotation: Any) -> list[Any]:  # noqa: PLR0911 - one return for each shape of type
    """What a type by itself suggests."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _of(inside[0])
    if origin in {Union, UnionType}:
        return [_fitting(part, []) for part in inside if part not in {NoneType, Erased}]
    if origin is tuple:
        return [(_fitting(inside[0], []),)]
    if origin is not None and issubclass(origin, Mapping):
        return [{_fitting(inside[0], []): _fitting(inside[1], [])}]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [list(annotation)[-1]]
    if annotation is Personal:
        return [Personal(subject="subject-li", value="王丽 13800138000")]
    if annotation is ProcessPolicy:
        return [RULES]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [{name: _value(name, field) for name, field in annotation.model_fields.items()}]
    return []


if __name__ == "__main__":
    main()
