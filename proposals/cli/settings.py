"""What every command is told: which database and keys, in which language and time zone; and opening them."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from proposals.cli.failures import WRONG_USAGE, Failure
from proposals.cli.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from sqlalchemy import URL

    from proposals.application import Proposals
    from proposals.domain.ports import KeyStore

DEFAULT_URL: Final = "sqlite:///proposals.db"
DEFAULT_ZONE: Final = "Asia/Shanghai"
"""The zone of the packaged policy. Only what people see and type in tables is in it; what is stored is in UTC."""

LAST_SECOND: Final = (23, 59, 59)
"""Days of grace end at midnight; people call that the day before."""


@dataclass(frozen=True)
class Settings:
    """The global options."""

    url: str
    keys: Path | None
    words: Words
    zone: ZoneInfo
    wait: float
    named: bool
    """Whether somebody named the database, or it is only the default."""

    @property
    def parsed(self) -> URL:
        """The database's URL in its parts. Raises Failure for one that is none; the URL is not repeated."""
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            parsed = make_url(self.url)
            backend = parsed.get_backend_name()
        except (ArgumentError, ValueError):
            raise Failure(self.words("error_url"), WRONG_USAGE) from None
        if backend not in {"sqlite", "postgresql"}:
            raise Failure(self.words("error_url"), WRONG_USAGE)
        return parsed

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database; None for another database, or one in memory."""
        from proposals.adapters.key_files import sqlite_file

        parsed = self.parsed
        return sqlite_file(parsed) if parsed.get_backend_name() == "sqlite" else None

    @property
    def shown(self) -> str:
        """The database as it may be shown: no user, no password."""
        parsed = self.parsed
        if parsed.get_backend_name() == "sqlite":
            return str(parsed.database or ":memory:")
        host = f"{parsed.host or ''}{f':{parsed.port}' if parsed.port else ''}"
        return f"{host}/{parsed.database or ''}"

    @property
    def shown_url(self) -> str:
        """The same as a URL, for `--db`; what is left out stands in the user's own."""
        return f"{self.parsed.drivername}://{'/' if self.parsed.get_backend_name() == 'sqlite' else ''}{self.shown}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be printed, in the order in which it is looked for."""
        from urllib.parse import quote, quote_plus

        try:
            parsed = self.parsed
        except Failure:
            return (self.url,)
        hidden = [parsed.password, *(value for name, value in parsed.query.items() if "pass" in name)]
        texts = [str(value) for value in hidden if value]
        return tuple(dict.fromkeys(form for text in texts for form in (quote(text), quote_plus(text), text)))

    @property
    def key_file(self) -> Path | None:
        """Where the keys are: as said, or as goes with the database; None in memory."""
        from proposals.adapters.key_files import key_file_for

        return key_file_for(self.parsed, self.keys)

    @contextmanager
    def opened(
        self, *, create: bool = False, clock: Callable[[], datetime] | None = None, synchronous: str = "full"
    ) -> Iterator[Proposals]:
        """The door to the database. Only a command that fills one may `create` it; `synchronous` as for the store.

        Raises Failure if there is none, and what opening raises.
        """
        from proposals.adapters.keys import FileKeyStore
        from proposals.application import Proposals
        from proposals.application.door import utc_now

        self.require(create=create)
        keys, ours = self.key_store(create=create), clock or utc_now
        try:
            with Proposals(
                self.url if create else self._url_to_read,
                clock=ours,
                keys=keys,
                busy_timeout=self.wait,
                synchronous=synchronous,
                create=create,
            ) as app:
                yield app
        finally:
            if isinstance(keys, FileKeyStore):
                keys.close()

    @property
    def _url_to_read(self) -> str:
        """The URL; of a file that nobody can write here one by which SQLite wants no files of its own beside it.

        Without a write-ahead log beside it nobody is writing, and the file is all there is.
        """
        file = self.file
        if file is None or self.parsed.query or os.access(file, os.W_OK) or os.access(file.parent, os.W_OK):
            return self.url
        log = Path(f"{file}-wal")
        still = "&immutable=1" if not log.exists() else ""
        return f"sqlite:///{file.absolute().as_uri()}?mode=ro{still}&uri=true"

    @contextmanager
    def rehearsed(self) -> Iterator[Proposals]:
        """The door to the database as it is, or to an empty one in memory where there is none: nothing is made."""
        from proposals.adapters.keys import MemoryKeyStore
        from proposals.adapters.store import SchemaMissing
        from proposals.application import Proposals

        self.require(create=True)
        with ExitStack() as stack:
            app: Proposals | None = None
            if self.file is None or self.file.exists():
                with suppress(SchemaMissing):
                    app = stack.enter_context(self.opened())
            yield app or stack.enter_context(Proposals(keys=MemoryKeyStore()))

    def require(self, *, create: bool = False) -> None:
        """Raises Failure if the database is a file that is not there, and is not to be made."""
        file = self.file
        if file is None:
            return
        if not create and not file.exists():
            raise Failure(self.words("error_no_database", file=str(file)))
        if create and not file.parent.exists():
            raise Failure(self.words("error_no_folder", folder=str(file.parent)))

    def key_store(self, *, create: bool) -> KeyStore:
        """The keys. A command that only reads makes no file for them. Raises WrongKeyEncryptionKey, NotAKeyStore."""
        from proposals.adapters.key_encryption import KEK_VARIABLE
        from proposals.adapters.key_files import key_store_for
        from proposals.adapters.keys import MemoryKeyStore

        path = self.key_file
        if path is None or (not create and not (path.exists() and path.stat().st_size)):
            return MemoryKeyStore()
        kek_file = Path(f"{path}.kek")
        if path.exists() and not kek_file.exists() and not os.environ.get(KEK_VARIABLE, "").strip():
            # A new key-encryption key would open nothing that is there.
            raise Failure(self.words("error_no_kek", keys=str(path), variable=KEK_VARIABLE, file=str(kek_file)))
        return key_store_for(self.parsed, path)

    def require_unit(self, unit: str | None, app: Proposals) -> None:
        """Raises Failure for a unit that there is not."""
        from proposals.domain.vocabulary import Kind

        if unit is not None and unit not in app.streams(Kind.UNIT):
            raise Failure(f"--unit: {self.words('error_no_unit', unit=unit)}", WRONG_USAGE)

    def past(self, said: str | None, option: str) -> datetime | None:
        """An instant up to which something is counted. Raises Failure for one that has not come, too."""
        instant = self.instant(said, option)
        if instant is not None and instant > datetime.now(UTC):
            raise Failure(f"{option}: {self.words('error_not_come')}", WRONG_USAGE)
        return instant

    def instant(self, said: str | None, option: str) -> datetime | None:
        """An instant that an option names. Raises Failure for one that is none or has no time zone."""
        if said is None:
            return None
        try:
            instant = datetime.fromisoformat(said)
            if instant.tzinfo is not None:
                instant = instant.astimezone(UTC)
        except (ValueError, OverflowError):
            raise Failure(f"{option}: {self.words('invalid_instant')}", WRONG_USAGE) from None
        if instant.tzinfo is None:
            raise Failure(f"{option}: {self.words('invalid_naive')}", WRONG_USAGE)
        return instant

    def local(self, instant: datetime | None) -> str:
        """An instant as people read it, in the zone of the options."""
        return f"{self._here(instant):%Y-%m-%d %H:%M}" if instant is not None else ""

    def local_text(self, instant: str) -> str:
        """The same of an instant as it is stored."""
        from proposals.domain.vocabulary import as_instant

        return self.local(as_instant(instant)) if instant else ""

    def zoned(self, heading: str) -> str:
        """A heading over such times, with their zone."""
        return f"{self.words(heading)} ({self.zone})"

    def _here(self, instant: datetime) -> datetime:
        """In the zone of the options; in UTC where the calendar of that zone ends."""
        try:
            return instant.astimezone(self.zone)
        except OverflowError:
            return instant.astimezone(UTC)

    def span(self, spent: timedelta | None) -> str:
        """A time that something took, as people read it: in days, a short one in hours."""
        if spent is None:
            return ""
        days = spent / timedelta(days=1)
        return self.words("days", days=f"{days:.1f}") if days >= 1 else self.words("hours", hours=f"{days * 24:.0f}")

    def due(self, row: Mapping[str, Any]) -> str:
        """When a line of a list is due, marked if that is over."""
        from proposals.domain.vocabulary import as_instant

        if row["due_at"] is None:
            return ""
        return self.until(as_instant(row["due_at"])) + (" !" if row["overdue"] else "")

    def until(self, due: datetime | None) -> str:
        """A due time as people read it: the last day if it ends with that day, else day and minute."""
        if due is None:
            return ""
        last = self._here(due - timedelta(microseconds=1))
        return f"{last:%Y-%m-%d}" if (last.hour, last.minute, last.second) == LAST_SECOND else self.local(due)
