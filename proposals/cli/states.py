"""A state, and an event, as JSON and as people read them."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from proposals.adapters.mapper import plain
from proposals.cli.screen import aligned, visible
from proposals.domain.case import Proposal
from proposals.domain.data_subject import SubjectStatus
from proposals.domain.vocabulary import Erased, Personal, Step, as_instant, instant_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rich.console import RenderableType
    from rich.text import Text

    from proposals.application import Proposals
    from proposals.cli.settings import Settings
    from proposals.domain.context import Context
    from proposals.domain.event import Fact
    from proposals.domain.state import State
    from proposals.projections.register import RegisterRow

MOST: Final = 12
"""Entries of a list that are shown to people; JSON has them all."""

MOST_LINES: Final = 150
"""Lines of what is no case."""

_MARK: Final = "●"
_PLACEHOLDER: Final = "2000-01-01T00:00:00.000000Z"


def state_json(state: State, *, personal: bool) -> dict[str, Any]:
    """A state as JSON types under its own names. Personal data only if asked for."""
    return {field.name: _json(getattr(state, field.name), personal=personal) for field in fields(state)}


def _json(value: object, *, personal: bool) -> object:  # noqa: PLR0911 - one for each type
    match value:
        case Personal():
            return {"subject": value.subject, "value": value.value} if personal else _withheld(value.subject)
        case Erased():
            return {"subject": value.subject, "erased": True}
        case BaseModel():
            return value.model_dump(mode="json")
        case datetime():
            return instant_text(value)
        case date():
            return value.isoformat()
        case dict():
            return {_key(key): _json(item, personal=personal) for key, item in value.items()}
        case set() | frozenset():
            return sorted((_json(item, personal=personal) for item in value), key=str)
        case tuple() if hasattr(value, "_asdict"):
            return {name: _json(item, personal=personal) for name, item in value._asdict().items()}
        case list() | tuple():
            return [_json(item, personal=personal) for item in value]
        case _:
            return value


def _key(key: object) -> str:
    return ":".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _withheld(subject: str) -> dict[str, Any]:
    return {"subject": subject, "withheld": True}


def as_the_log_says(value: Any, app: Proposals) -> Any:  # noqa: ANN401 - JSON
    """What can no longer be read is erased only where the log says so; elsewhere its key is missing here."""
    match value:
        case {"subject": str(subject), "erased": True}:
            state = app.reader.latest(subject)
            known = state is not None and state.status == SubjectStatus.ERASED
            return value if known else {"subject": subject, "key_missing": True}
        case dict():
            return {name: as_the_log_says(item, app) for name, item in value.items()}
        case list():
            return [as_the_log_says(item, app) for item in value]
        case _:
            return value


def event_json(fact: Fact, app: Proposals, *, personal: bool) -> dict[str, Any]:
    """An event under its public names. Personal data only if asked for."""
    row: dict[str, Any] = as_the_log_says(plain(fact), app)
    if personal:
        return row
    data = {
        name: _withheld(value["subject"]) if name in fact.event.personal and "value" in value else value
        for name, value in row["data"].items()
    }
    return {**row, "data": data}


def told(row: Mapping[str, Any], settings: Settings) -> str:
    """What an event says, on one line, the short fields before the long ones."""
    hidden = {"due_at", "calendar", "provisional", "text", "policy", "place"}
    said = [
        f"{name}={_short(value, settings)}"
        for name, value in sorted(row["data"].items(), key=lambda item: len(str(item[1])))
        if name not in hidden and value not in ([], {}, "", False)
    ]
    return "; ".join(said)


def _short(value: object, settings: Settings) -> str:  # noqa: PLR0911 - one for each type
    if isinstance(value, dict):
        if "subject" in value and "value" in value:
            return f"{visible(value['value'])} ({value['subject']})"
        if "subject" in value:
            why = next((name for name in ("erased", "key_missing") if value.get(name)), "withheld")
            return f"{value['subject']} ({settings.words(why)})"
        return "{" + ", ".join(f"{name}={_short(item, settings)}" for name, item in value.items() if item) + "}"
    if isinstance(value, list):
        more = f" +{len(value) - MOST}" if len(value) > MOST else ""
        return ", ".join(_short(item, settings) for item in value[:MOST]) + more
    if isinstance(value, str) and len(value) == len(_PLACEHOLDER) and value.endswith("Z"):
        try:
            return settings.local(as_instant(value))
        except ValueError:
            return visible(value)
    return visible(value)


def card(
    state: State, whole: dict[str, Any], row: RegisterRow | None, context: Context, settings: Settings
) -> RenderableType:
    """A state for people: a case with its place on the way and its row in the register, all else by its fields."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    words = settings.words
    if not isinstance(state, Proposal) or row is None:
        head = Text.assemble((state.id, "bold"), "  ", words.name(state.status))
        hidden = {"id", "status"}
        leaves = [pair for name in whole if name not in hidden for pair in _leaves(name, whole[name], settings)]
        more = [("", f"+{len(leaves) - MOST_LINES}")] if len(leaves) > MOST_LINES else []
        return Group(head, "", aligned([*leaves[:MOST_LINES], *more]))
    head = Text.assemble((state.id, "dim"), "  ", (visible(state.title), "bold"))
    due: Text | str = settings.until(row.due_at)
    if row.overdue:
        due = Text.assemble(str(due), "  ", (words("overdue"), "bold red"))
    holder = f"{words.name(row.holder)} · {row.holder_title or ''}".rstrip(" ·") if row.holder else ""
    known = {
        "heading_state": words.name(row.status) + (f" · {words.name(row.outcome)}" if row.outcome else ""),
        "heading_holder": holder,
        "heading_due": due,
        "heading_unit": f"{row.unit_title} ({words.name(row.tier)})" if row.tier else row.unit_title,
        "heading_place": _titled(row.place, context),
        "heading_source": words.name(state.source) if state.source else "",
        "heading_source_status": state.source_status or "",
        "heading_category": _category(state, context) if state.category else "",
        "heading_urgency": words.name(state.urgency),
        "heading_proposer": state.proposer.actor,
        "heading_cosigners": _few(state.cosigners),
        "heading_contact": _short(whole["contact"], settings) if state.contact else "",
        "heading_raised": settings.local(state.raised_at),
        "heading_cycle": str(state.cycle) if state.cycle > 1 else "",
        "heading_plan": _plan(state, context),
        "heading_orders": _few([order.order for order in state.live_orders]),
        "heading_round": state.round or "",
        "heading_absorbed": _few(state.absorbed),
        "heading_merged_into": state.merged_into or "",
        "heading_evidence": _few([evidence.name for evidence in state.evidence]),
        "heading_corrections": _few([f"v{event} {field}: {value}" for event, field, value in state.corrections]),
        "heading_policy": state.policy,
        "heading_version": str(state.version),
        "heading_zone": str(settings.zone),
    }
    pairs: list[tuple[str, Text | str]] = [
        (words(code), said if isinstance(said, Text) else visible(said)) for code, said in known.items() if said
    ]
    body = Text("\n".join(visible(line) for line in state.text.splitlines()))
    return Group(head, _way(row.step, settings), "", Padding(body, (0, 0, 1, 0)), aligned(pairs))


def _way(step: str | None, settings: Settings) -> Text:
    """The five steps, with a mark at the one whose turn it is."""
    from rich.text import Text

    way = Text()
    for place, one in enumerate(Step):
        here = one.value == step
        way.append(" ─ " if place else "", "dim")
        way.append(
            f"{_MARK} {settings.words.name(one)}" if here else settings.words.name(one), "cyan" if here else "dim"
        )
    return way


def _leaves(name: str, value: object, settings: Settings) -> Iterator[tuple[str, str]]:
    """A field on one line, or one for each of its parts that have parts."""
    if isinstance(value, dict) and any(isinstance(part, dict | list) for part in value.values()):
        for inner, part in value.items():
            yield from _leaves(f"{name}.{inner}", part, settings)
    elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
        for number, part in enumerate(value, 1):
            yield from _leaves(name if len(value) == 1 else f"{name}.{number}", part, settings)
    elif value not in (None, "", False, [], {}):
        yield name, _short(value, settings).removeprefix("{").removesuffix("}")


def _few(items: Iterable[object]) -> str:
    said = [str(item) for item in items]
    more = f" +{len(said) - MOST}" if len(said) > MOST else ""
    return ", ".join(said[:MOST]) + more


def _titled(unit: str, context: Context) -> str:
    found = context.unit(unit)
    return f"{found.title} ({unit})" if found is not None and found.title != unit else unit


def _category(case: Proposal, context: Context) -> str:
    said = context.policy(case.policy).categories.get(case.category or "")
    return f"{said} ({case.category})" if said else str(case.category)


def _plan(case: Proposal, context: Context) -> str:
    if case.plan is None:
        return ""
    units = ", ".join(_titled(unit, context) for unit in (case.plan.lead, *case.plan.assisting))
    return f"{case.plan.summary} — {units}"
