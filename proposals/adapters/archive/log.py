"""The log of an archive, in the words in which questions are put to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proposals.adapters.archive.libraries import ibis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proposals.domain.event import Event


@dataclass(frozen=True)
class Log:
    """All events until an instant (microseconds), as a table of Ibis; `codes` are those of the events by name.

    `months` are the local months that anything may lie in, each with where it begins.
    """

    events: Any
    codes: Mapping[str, int]
    until: int
    months: Sequence[tuple[int, str]]

    def of(self, *kinds: type[Event]) -> Any:
        """The events of these kinds."""
        return self.events.filter(self.events.occurred_at <= self.until, self.is_(self.events, *kinds))

    def is_(self, rows: Any, *kinds: type[Event]) -> Any:
        """Whether a row is of one of these kinds."""
        codes = [self.codes[kind.name] for kind in kinds]
        return rows.event == codes[0] if len(codes) == 1 else rows.event.isin(codes)

    def meaning(self, rows: Any, meanings: Mapping[type[Event], Any]) -> Any:
        """What a row's event means, nothing for one of which it is not said."""
        meant = {self.codes[kind.name]: meaning for kind, meaning in meanings.items()}
        return ibis.literal([meant.get(code) for code in range(max(self.codes.values()) + 1)])[rows.event]

    def version(self, rows: Any, *kinds: type[Event]) -> Any:
        """The version of a row of these kinds, nothing for any other."""
        return only(self.is_(rows, *kinds), rows.version)


def only(condition: Any, value: Any) -> Any:
    """The value where the condition holds, else nothing."""
    return ibis.ifelse(condition, value, None)


def holds(condition: Any) -> Any:
    """The condition, which does not hold where anything in it is missing."""
    return ibis.coalesce(condition, ibis.literal(False))  # noqa: FBT003 - a value


def number(value: Any) -> Any:
    """A truth value or a count, as a number that can be added up."""
    return value.cast("int64")


def ever(condition: Any) -> Any:
    """Whether a condition holds for any row of a group."""
    return holds(condition.any())


def or_none(text: Any) -> Any:
    """A text, the empty one where there is none."""
    return ibis.coalesce(text, "")


def _text_at(value: str, version: int) -> str: ...  # type: ignore[empty-body]


def _number_at(value: int, version: int) -> int: ...  # type: ignore[empty-body]


# The function is the engine's own; rows without a version are passed over.
_text_at_last = ibis.udf.agg.builtin(_text_at, name="max_by")
_number_at_last = ibis.udf.agg.builtin(_number_at, name="max_by")


def at_last(value: Any, version: Any) -> Any:
    """The value of the row with the last version in a group."""
    return (_text_at_last if value.type().is_string() else _number_at_last)(value, version)
