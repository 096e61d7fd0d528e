"""What lies in an archive and up to where: the manifest, which alone says which files count, and two dictionaries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from proposals.adapters.archive.errors import ArchiveUnfit
from proposals.adapters.archive.libraries import pa, pq
from proposals.adapters.whole_files import write_whole
from proposals.domain.processes import PROCESSES
from proposals.projections.case_events import STANDING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
STREAMS: Final = "streams.parquet"
EVENTS: Final = "events.parquet"


class Part(NamedTuple):
    """A file of events: how many, its size in bytes, and the first and last instant (text) at which one happened."""

    rows: int
    size: int
    first: str
    last: str


@dataclass(frozen=True)
class Manifest:
    """An archive of the log of store `store_id` through `position`, whose event was recorded at `recorded_at`.

    `files` maps the paths of the files of events, below the archive's folder, to what is in them.
    """

    store_id: str
    position: int = 0
    recorded_at: str = ""
    files: Mapping[str, Part] = field(default_factory=dict)


def read_manifest(directory: Path) -> Manifest | None:
    """The manifest of an archive, None if there is none. Raises ArchiveUnfit for one that this release cannot read."""
    try:
        text = (directory / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise damaged(directory, MANIFEST) from error
    try:
        said = orjson.loads(text)
        if said["format"] > FORMAT:
            raise ArchiveUnfit("archive_newer", directory=directory, found=said["format"], known=FORMAT)
        files = {path: Part(**part) for path, part in said["files"].items()}
        numbers = [said["position"], *(number for part in files.values() for number in part[:2])]
        found = Manifest(said["store_id"], said["position"], said["recorded_at"], files)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise damaged(directory, MANIFEST) from error
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise damaged(directory, MANIFEST)
    return found


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Puts the manifest in the place of the one before: from here on the new archive stands."""
    said = {
        "format": FORMAT,
        "store_id": manifest.store_id,
        "position": manifest.position,
        "recorded_at": manifest.recorded_at,
        "files": {path: part._asdict() for path, part in sorted(manifest.files.items())},
    }
    write_whole(directory / MANIFEST, lambda path: path.write_bytes(orjson.dumps(said, option=_READABLE)))


_READABLE: Final = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def read_table(directory: Path, name: str, columns: Sequence[str] | None = None, **how: Any) -> Any:
    """A file of an archive, or some of it, as a table. Raises ArchiveUnfit, which names it, where it cannot be read."""
    try:
        return pq.read_table(directory / name, columns=columns, partitioning=None, **how)
    except (OSError, pa.ArrowException) as error:
        raise damaged(directory, name) from error


def damaged(directory: Path, name: str) -> ArchiveUnfit:
    """What is said of a file of an archive that is missing or cannot be read."""
    return ArchiveUnfit("archive_damaged", directory=directory, file=name)


def require_whole(directory: Path, manifest: Manifest) -> None:
    """Raises ArchiveUnfit for a file of events that is missing, or not as long as it was written."""
    for name, part in manifest.files.items():
        try:
            size = (directory / name).stat().st_size
        except OSError as error:
            raise damaged(directory, name) from error
        if size != part.size:
            raise damaged(directory, name)


def is_there(directory: Path, name: str) -> bool:
    """Whether an archive has a dictionary: with a manifest it must, before the first it may be there already."""
    return (directory / MANIFEST).exists() or (directory / name).exists()


# --- the dictionary of events


def read_codes(directory: Path) -> dict[str, int]:
    """The code of each event by name, as the archive has them; none if there are none yet."""
    if not is_there(directory, EVENTS):
        return {}
    table = read_table(directory, EVENTS, ["name", "code"])
    return dict(zip(table["name"].to_pylist(), table["code"].to_pylist(), strict=True))


def all_codes(known: Mapping[str, int]) -> dict[str, int]:
    """A code for each event of this release too."""
    return with_codes(known, (name for process in PROCESSES.values() for name in process.events))


def with_codes(known: Mapping[str, int], names: Iterable[str]) -> dict[str, int]:
    """A code for each name too: those that are known keep theirs for ever."""
    codes = dict(known)
    for name in names:
        codes.setdefault(name, len(codes) + 1)
    return codes


def write_codes(directory: Path, codes: Mapping[str, int]) -> None:
    """Writes what each code means: name, kind of stream, the state that the event leads to, and its step."""
    rows: list[dict[str, Any]] = []
    meant = {name: (process, event) for process in PROCESSES.values() for name, event in process.events.items()}
    for name, code in codes.items():
        row: dict[str, Any] = {"code": code, "name": name}
        if name in meant:  # an event of a newer release has lost its meaning here, but not its code
            process, event = meant[name]
            status, (_, step) = process.target[event], STANDING.get(name, ("", None))
            row |= {"kind": str(process.kind), "status": status and str(status), "step": step}
        rows.append(row)
    texts = ((column, pa.string()) for column in ("name", "kind", "status", "step"))
    table = pa.Table.from_pylist(rows, pa.schema([("code", pa.uint8()), *texts]))
    write_whole(directory / EVENTS, lambda path: pq.write_table(table, path))
