"""A row as it stands in its source, and the cells of a table by the names of their columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proposals.adapters.ledger.wording import cleaned, one_line
from proposals.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proposals.adapters.ledger.mapping import LedgerMapping


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row as it stands: its number as a spreadsheet or editor counts, and its cells by column.

    `unreadable` says why it has none; `columns` is how many there are, where a row has more that hold something.
    """

    number: int
    cells: dict[str, str]
    unreadable: str = ""
    columns: int | None = None


def headers(cells: Sequence[str], mapping: LedgerMapping, file: str) -> list[str]:
    """The names of the columns: those without one are numbered, and so is one that came before.

    Raises Invalid if a column of the mapping is not there.
    """
    names: list[str] = []
    taken = {one_line(cleaned(cell)) for cell in cells}
    for number, cell in enumerate(cells, start=1):
        name = wanted = one_line(cleaned(cell)) or f"column {number}"
        count = 1
        while name in names or (count > 1 and name in taken):
            count += 1
            name = f"{wanted} ({count})"
        names.append(name)
    lacking = [column for column in mapping.columns() if column not in names]
    if lacking:
        has = ", ".join(names)
        raise Invalid([(column, f"{file} has no such column; it has: {has}") for column in lacking])
    return names


def as_cells(names: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    """Cells by column. What a ragged row has too much gets numbered columns; what it lacks is empty."""
    more = [f"column {number}" for number in range(len(names) + 1, len(values) + 1)]
    cells = dict.fromkeys(names, "")
    cells.update(zip((*names, *more), values, strict=False))
    return cells
