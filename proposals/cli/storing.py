"""`backup`, `restore`, `upgrade`: a store kept, brought back, and brought to this release's schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from proposals.cli.failures import WRONG_USAGE, Failure
from proposals.cli.options import ForceOption
from proposals.cli.screen import progress, put
from proposals.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proposals.adapters.store import Recorder
    from proposals.application import Proposals

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="help_backup_file", show_default=False)]

_ENDS: Final = ("SubjectErased", "RoundClosed", "RoundAnnulled")
_PAGE: Final = 1_000


def backup(context: typer.Context, file: FileArgument, force: ForceOption = False) -> None:
    """The log in one file; see the catalogue under help_backup."""
    from proposals.adapters.store import backup as write

    settings: Settings = context.obj
    words = settings.words
    keys = settings.key_file
    ours = [path for path in (settings.file, keys) if path is not None]
    if any(file.resolve() == path.resolve() for path in ours):
        raise Failure(words("error_backup_over_itself", file=str(file)), WRONG_USAGE)
    if file.exists() and not force:
        raise Failure(words("error_exists_force", file=str(file)), WRONG_USAGE)
    with settings.opened() as app, progress(words("backup_progress")):
        head = write(app.recorder, file)
    put(words("backup_done", events=head, file=str(file)))
    if keys is not None and keys.exists():
        put(words("backup_keys", keys=str(keys)))


def restore(context: typer.Context, file: FileArgument) -> None:
    """A store from a backup; see the catalogue under help_restore."""
    from proposals.adapters.store import restore as read

    settings: Settings = context.obj
    words = settings.words
    if not file.is_file():
        raise Failure(words("error_no_file", file=str(file)), WRONG_USAGE)
    made, head = _not_there(settings.file, ("", "-wal", "-shm")), 0
    keys_made = _not_there(settings.key_file, ("", "-journal", ".kek"))
    try:
        with settings.opened(create=True) as app:
            _require_empty(app, settings)
            with progress(words("restore_progress")):
                head = read(file, app.recorder)
            destroyed = enforce_erasures(app)
    except BaseException:
        # What is not whole must not be taken for a store; and keys that nothing was sealed with are no use to one.
        for path in (*made, *(keys_made if made or not head else ())):
            path.unlink(missing_ok=True)
        raise
    put(words("restore_done", events=head, database=settings.shown))
    put(words("restore_keys", keys=destroyed))


def _not_there(file: Path | None, ends: tuple[str, ...]) -> list[Path]:
    """A file with those that come with it, as far as they are to be made yet; none if it is there."""
    if file is None or file.exists():
        return []
    return [path for end in ends if not (path := Path(f"{file}{end}")).exists()]


def _require_empty(app: Proposals, settings: Settings) -> None:
    if app.recorder.head():
        raise Failure(settings.words("error_not_empty", database=settings.shown))


def enforce_erasures(app: Proposals) -> int:
    """Destroys the keys that the log knows as destroyed, which an older key file may have brought back.

    Raises Unfinished for rounds that this release cannot read: it cannot tell whether their keys may live.
    """
    from proposals.application import Unfinished

    names = list(_ended(app.recorder))
    living = set(app.keys.names())
    app.keys.enforce(names)
    unfinished = app.writer.repair()
    if unfinished:
        raise Unfinished(unfinished)
    return len(living) - len(app.keys.names())


def _ended(recorder: Recorder) -> Iterator[str]:
    after = 0
    while page := recorder.select_notifications(after, _PAGE, topics=_ENDS, inclusive_of_start=False):
        for event in page:
            if event.topic == "SubjectErased":
                yield f"subject:{event.originator_id}"
            else:
                yield f"round-token:{event.originator_id}"
        after = page[-1].id


def upgrade(context: typer.Context) -> None:
    """The schema of this release; see the catalogue under help_upgrade."""
    from proposals.adapters.store import upgrade as bring
    from proposals.adapters.store.schema import SCHEMA_VERSION

    settings: Settings = context.obj
    settings.require()
    with progress(settings.words("upgrade_progress")):
        before = bring(settings.url)
    code = "upgrade_done" if before < SCHEMA_VERSION else "upgrade_not_needed"
    put(settings.words(code, before=before, now=SCHEMA_VERSION, database=settings.shown))
