"""What the domain asks of the world, as protocols: calendars, funds, keys and the ballot box."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date


class Calendar(Protocol):
    """Working days. Make-up days 调休 matter, so a plain weekday rule is not enough."""

    @property
    def version(self) -> str:
        """Name and release of the rules, recorded beside every due time that was computed with them."""
        ...

    def is_working_day(self, day: date) -> bool:
        """Whether `day` is a working day."""
        ...

    def is_provisional(self, day: date) -> bool:
        """Whether the answer for `day` is a guess because its year is not published yet."""
        ...


class Funds(Protocol):
    """The purse an adopted plan draws on."""

    def refusal(self, unit: str, amount: int) -> str | None:
        """Why `amount` (fen) cannot be appropriated for `unit`, or None if it can."""
        ...


class NoFunds:
    """The default purse: a plan may cost nothing from county and street, and nothing else."""

    def refusal(self, unit: str, amount: int) -> str | None:
        """Refuses every amount above zero."""
        return None if amount == 0 else f"no fund is connected, so {unit} can appropriate nothing"


class KeyStore(Protocol):
    """Keys by name: `subject:<id>`, `round-token:<round>`, `round-content:<round>`."""

    def get(self, name: str) -> bytes | None:
        """The key, or None if it was never made or has been destroyed."""
        ...

    def create(self, name: str) -> bytes:
        """The key of that name, made now if need be; idempotent. Raises if it was destroyed."""
        ...

    def create_all(self, names: Iterable[str]) -> dict[str, bytes]:
        """Several keys, made as one; none is made if one of them was destroyed."""
        ...

    def destroy(self, name: str) -> None:
        """Destroys the key for good and leaves a tombstone; idempotent."""
        ...

    def names(self, prefix: str = "") -> list[str]:
        """The names of living keys."""
        ...

    def destroyed(self, prefix: str = "") -> list[str]:
        """The names of destroyed keys."""
        ...

    def enforce(self, destroyed: Iterable[str]) -> None:
        """Destroys those of the named keys that still live, as after a restore."""
        ...


class BallotBox(Protocol):
    """Keeps ballots secret and checkable (domain: *Evaluation round*)."""

    def token(self, round_: str, voter: str) -> str:
        """The voter's pseudonym in that round: an HMAC under the round's token key."""
        ...

    def seal(self, round_: str, token: str, ballot: Mapping[str, object]) -> str:
        """The ballot, encrypted and padded so that its length tells nothing."""
        ...

    def open(self, round_: str, token: str, sealed: str) -> dict[str, Any]:
        """The ballot in clear."""
        ...

    def content_key(self, round_: str) -> str:
        """The key that opens the round's ballots, in base64; published at closing."""
        ...

    def blind(self, round_: str, command_id: str) -> str:
        """A stand-in for a voter's command id that cannot be traced back once the round is closed."""
        ...

    def forget_voters(self, round_: str) -> None:
        """Destroys the token key, and with it the way from a token to a voter."""
        ...
