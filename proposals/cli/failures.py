"""What goes wrong, as one line for people and an exit code: never a traceback, a password or personal data."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from proposals.adapters.keys import KeyFileFailed
    from proposals.cli.words import Words
    from proposals.domain.errors import ProposalsError

FINE: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2
FINDINGS: Final = 3
"""Findings, refusals or rejected rows: the rest was done."""
INTERRUPTED: Final = 130

TRACEBACK: Final = "PROPOSALS_TRACEBACK"
"""Set by developers to see where an unexpected error comes from."""


_LOGIN: Final = re.compile(r"://[^\s/@]*:[^\s@]*@")


class Failure(Exception):
    """The command cannot go on; `said` is for people."""

    def __init__(self, said: str, code: int = FAILED) -> None:
        self.said = said
        self.code = code
        super().__init__(said)


def one_line(message: str) -> str:
    """A message on a single line, without what could steer a terminal."""
    return "".join(mark if mark.isprintable() else "·" for mark in " ".join(message.split()))


def explained(error: BaseException, words: Words, secrets: tuple[str, ...] = ()) -> tuple[str, int]:
    """The line and the exit code for an error."""
    said, code = _explained(error, words)
    said = _LOGIN.sub("://***@", said)  # also in an argument that stands where it should not
    for secret in secrets:
        said = said.replace(secret, "***")
    return one_line(said), code


def _explained(error: BaseException, words: Words) -> tuple[str, int]:  # noqa: PLR0911 - one for each kind
    from typer.exceptions import Abort, TyperException

    from proposals.domain.errors import Conflict, Invalid, NotFound, ProposalsError, Refused

    match error:
        case Failure():
            return error.said, error.code
        case KeyboardInterrupt() | Abort():
            return words("error_interrupted"), INTERRUPTED
        case TyperException():
            return _usage(error, words), error.exit_code
        case Refused():
            return words("error_refused", text=error.text(words.language), name=error.code, guard=error.guard), FINDINGS
        case Invalid():
            return "; ".join(f"{field}: {reason}" for field, reason in error.problems), WRONG_USAGE
        case NotFound():
            return words("error_not_found", stream=error.stream), FAILED
        case Conflict():
            return words("error_conflict", stream=error.stream), FAILED
        case ProposalsError():
            return _of_ours(error, words), FAILED
        case _:
            return _of_the_world(error, words)


def _usage(error: Exception, words: Words) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "proposals"
    message = str(getattr(error, "format_message", error.__str__)()).rstrip(".")
    return words("error_usage", message=message, command=command)


def _of_the_world(error: BaseException, words: Words) -> tuple[str, int]:  # noqa: PLR0911 - as above
    import sqlite3

    from eventsourcing.persistence import PersistenceError
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

    from proposals.adapters.store import (
        BackupError,
        HostRefused,
        SchemaError,
        SchemaForeign,
        SchemaMissing,
        SchemaNewer,
        SchemaOlder,
    )

    schemas = {
        SchemaOlder: "error_older",
        SchemaNewer: "error_newer",
        SchemaForeign: "error_foreign",
        SchemaMissing: "error_no_store",
    }
    match error:
        case SchemaError():
            return words(schemas[type(error)], detail=str(error)), FAILED
        case ArgumentError() | NoSuchModuleError():
            return words("error_url"), WRONG_USAGE
        case PersistenceError() | SQLAlchemyError() | sqlite3.Error():
            return _of_the_database(error, words), FAILED
        case BackupError() | HostRefused():
            return str(error), FAILED
        case ModuleNotFoundError() if error.name is not None and error.name.partition(".")[0] == "psycopg":
            return words("error_no_driver"), FAILED
        case ModuleNotFoundError() if error.name in {"jinja2", "vl_convert"}:
            return words("error_no_page"), FAILED
        case OSError() if error.filename is None and error.strerror:  # it was open already
            return words("error_output", reason=error.strerror), FAILED
        case OSError():
            return words("error_file", file=error.filename or "", reason=error.strerror or type(error).__name__), FAILED
        case MemoryError():
            return words("error_memory"), FAILED
        case _:
            return words("error_unexpected", what=_where(error), variable=TRACEBACK), FAILED


_SIGNS: Final = (
    ("error_locked", r"database is locked|database table is locked|lock timeout"),
    ("error_read_only", r"readonly database|read-only"),
    ("error_not_a_database", r"file is not a database|malformed|file is encrypted"),
    ("error_full", r"disk is full|No space left"),
    ("error_cannot_open", r"unable to open database file|database .* does not exist"),
    ("error_login", r"authentication failed|no password supplied|role .* does not exist"),
    (
        "error_unreachable",
        r"connection (failed|refused|timed out)|could not (connect|translate)|server closed|to resolve",
    ),
)
"""How the drivers of both databases say what people can do something about."""


def _of_the_database(error: BaseException, words: Words) -> str:
    detail = str(error).splitlines()[0] if str(error) else type(error).__name__
    for code, sign in _SIGNS:
        if re.search(sign, str(error), re.IGNORECASE):
            return words(code)
    return words("error_database", detail=re.sub(r"\(Background on this error.*", "", detail))


def _of_ours(error: ProposalsError, words: Words) -> str:
    from proposals.adapters.keys import KeyFileFailed

    if isinstance(error, KeyFileFailed):
        return _of_the_keys(error, words)
    in_the_catalogue = getattr(error, "text", None)
    return str(in_the_catalogue(words.language) if in_the_catalogue else error)


def _of_the_keys(error: KeyFileFailed, words: Words) -> str:
    for code, sign in _SIGNS:
        if code in {"error_locked", "error_read_only"} and re.search(sign, error.reason, re.IGNORECASE):
            return words(f"{code}_keys", keys=str(error.path))
    return words("error_keys", keys=str(error.path), detail=error.reason)


def _where(error: BaseException) -> str:
    """Which error, and in which line of ours; its message may hold what must not be shown."""
    trace, last = error.__traceback__, ""
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if "proposals" in path.parts:
            last = f" ({path.name}:{trace.tb_lineno})"
        trace = trace.tb_next
    return type(error).__name__ + last


def complain(said: str, words: Words) -> None:
    """Writes the one line."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.text import Text

        Console(stderr=True, soft_wrap=True).print(Text.assemble((words("error"), "bold red"), said))
        return
    sys.stderr.write(f"{words('error')}{said}\n")
    sys.stderr.flush()


def wants_traceback() -> bool:
    """Whether a developer asked for tracebacks."""
    return bool(os.environ.get(TRACEBACK))
