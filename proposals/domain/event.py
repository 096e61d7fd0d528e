"""Events, commands and facts: what may be asked, what can happen, and what did happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, get_args

from pydantic import BaseModel, ConfigDict

from proposals.domain.vocabulary import Act, CommandId, Instant, Kind, Personal, PersonId

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from proposals.domain.context import Context


class Command(BaseModel):
    """Something a person asks for. Whatever is left out, the door fills in before anything is decided.

    `actor` is whose act it is, `entered_by` who keyed it, `at` when it happened, `command_id` the
    idempotency key: the same id with the same body is answered with what was recorded the first time.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True, allow_inf_nan=False
    )

    kind: ClassVar[Kind]
    late_entry: ClassVar[bool] = False
    """Whether it may be entered late (opinions, attendance, ballots, evidence): domain, *Time*."""
    secret: ClassVar[bool] = False
    """Whether its id is stored as a stand-in only, because it could lead to a voter."""
    personal: ClassVar[frozenset[str]] = frozenset()
    """Fields that hold personal data in clear."""

    actor: PersonId
    entered_by: PersonId | None = None
    at: Instant | None = None
    command_id: CommandId | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        cls.personal = _personal_fields(cls)

    @property
    def stream(self) -> str:
        """The stream the command is addressed to."""
        return str(getattr(self, self.kind.value))

    @property
    def act(self) -> Act:
        """The two people on the command."""
        return Act(self.actor, self.entered_by or self.actor)

    @property
    def recorded_act(self) -> Act:
        """The people the event will name: those on the command, unless the act is secret."""
        return self.act


class Event(BaseModel):
    """Something that happened, in the past tense. `name` and `schema_version` are storage formats: they stay.

    A payload of an older schema is lifted as a plain dict by `upcasters[its schema]`, one step a version,
    and validated only then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    name: ClassVar[str]
    schema_version: ClassVar[int] = 1
    upcasters: ClassVar[dict[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {}
    personal: ClassVar[frozenset[str]] = frozenset()
    """Top-level fields that are stored sealed."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = cls.__name__

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        cls.personal = _personal_fields(cls)

    @classmethod
    def of(cls, state: Any, command: Any, context: Context) -> Self:
        """The event that the command gives. By default it takes the command's fields of the same names."""
        return cls(**{field: getattr(command, field) for field in cls.model_fields if hasattr(command, field)})

    def apply(self, state: Any, fact: Fact) -> None:
        """Changes `state` by what happened. It never refuses: what is recorded, happened."""


def _personal_fields(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(name for name, field in model.model_fields.items() if Personal in get_args(field.annotation))


class StateEvent(Event):
    """An event that leads to a state, and starts the period in which the state's owner must act.

    `due_at` is when that period ends; `calendar` the name and release of the working-day calendar that
    gave it, with `provisional` set where a year was not published yet.
    """

    due_at: Instant | None = None
    calendar: str | None = None
    provisional: bool = False


class Fact(NamedTuple):
    """An event with its envelope: which stream, when, by whom, and what caused it.

    `position` (commit order) and `recorded_at` are None until the store has assigned them.
    """

    stream: str
    version: int
    event: Event
    occurred_at: datetime
    actor: str
    entered_by: str
    command_id: str
    correlation_id: str
    causation_id: str
    recorded_at: datetime | None = None
    position: int | None = None

    @property
    def name(self) -> str:
        """The event's stable name."""
        return self.event.name

    @property
    def schema(self) -> int:
        """The number of the event's schema."""
        return self.event.schema_version

    @property
    def act(self) -> Act:
        """The two people on it."""
        return Act(self.actor, self.entered_by)

    @property
    def reference(self) -> str:
        """The fact's own name, as a causation id: stream and version."""
        return f"{self.stream}@{self.version}"

    # eventsourcing's names for the same things, so that its EventStore and Repository can carry facts.
    @property
    def originator_id(self) -> str:
        """The stream."""
        return self.stream

    @property
    def originator_version(self) -> int:
        """The version."""
        return self.version


def personal_subjects(event: Event) -> list[str]:
    """The data subjects whose personal data the event holds in clear."""
    values = (getattr(event, field) for field in sorted(event.personal))
    return [value.subject for value in values if isinstance(value, Personal)]
