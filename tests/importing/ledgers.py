"""A small register, the mapping for it, and stores to import it into."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from proposals import Proposals
from proposals.adapters.ledger import read_mapping
from proposals.domain.vocabulary import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from proposals.adapters.ledger import LedgerMapping

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
COLUMNS = ("no", "place", "street", "what", "detail", "raised", "closed", "state", "office")

MAPPING = """
source = "register"
zone = "Asia/Shanghai"
[case]
key = "{no}"
id_prefix = "proposal-r-"
title = "{what}"
text = "{what}: {detail}"
category = "{what}"
[case.raised_at]
value = "{raised}"
formats = ["%Y/%m/%d %H:%M"]
[case.closed_at]
value = "{closed}"
formats = ["%Y/%m/%d %H:%M", "%Y/%m/%d"]
[case.status]
value = "{state}"
open = ["open"]
closed = ["done", "Closed"]
[root]
unit = "unit-root"
title = "Root County"
[place]
name = "{place}"
id_prefix = "unit-place-"
[place.parent]
name = "{street}"
tier = "street"
id_prefix = "unit-street-"
[department]
name = "{office}"
id_prefix = "unit-office-"
[bootstrap]
principal = "boss"
policy = "policy-root"
"""


def row(no: object, **changes: str) -> dict[str, str]:
    """A row that can be imported as it is."""
    cells = dict.fromkeys(COLUMNS, "")
    cells |= {"no": str(no), "place": "Riverside", "street": "West", "what": "Lamp", "detail": "It is dark."}
    return cells | {"raised": "2026/01/05 08:30", "state": "open", "office": "Roads"} | changes


def csv_text(rows: Iterable[Mapping[str, str]], columns: Iterable[str] = COLUMNS, **dialect: Any) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(columns), **dialect)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def ledger(folder: Path, rows: Iterable[Mapping[str, str]], name: str = "ledger.csv") -> Path:
    path = folder / name
    path.write_text(csv_text(rows), encoding="utf-8", newline="")
    return path


def mapping(folder: Path, text: str = MAPPING) -> LedgerMapping:
    path = folder / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return read_mapping(path)


def store(url: str = "sqlite://") -> Proposals:
    return Proposals(url, clock=lambda: NOW)


def register(app: Proposals) -> dict[str, list[dict[str, Any]]]:
    """What every stream holds, apart from where in the log it stands."""
    return {
        stream: [
            {"name": fact.name, "by": fact.act, "at": fact.occurred_at, **fact.event.model_dump(mode="json")}
            for fact in app.history(stream)
        ]
        for kind in (Kind.UNIT, Kind.POLICY, Kind.PROPOSAL)
        for stream in app.streams(kind)
    }


def size(app: Proposals) -> int:
    """How many events the log holds."""
    return sum(1 for _ in app.log())
