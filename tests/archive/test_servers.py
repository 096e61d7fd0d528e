"""A log gives the same archive from either database, file for file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from proposals.adapters.archive import Archive, count, export
from proposals.adapters.store import Recorder, backup, restore
from tests.archive.histories import SHANGHAI
from tests.archive.naive import counted
from tests.archive.test_writing import dictionaries, rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.archive.conftest import County

LATER = datetime(2040, 1, 1, tzinfo=UTC)


def files(directory: Path) -> dict[str, bytes]:
    """All that is in a folder, but for the lock."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture
def stores(county: County, postgres_url: str, tmp_path: Path) -> Iterator[list[Recorder]]:
    """The county's log up to its middle, in a file and on a server."""
    with (
        Recorder(county.url) as whole,
        Recorder(f"sqlite:///{tmp_path / 'half.db'}", clock=lambda: LATER) as file,
        Recorder(postgres_url, clock=lambda: LATER) as server,
    ):
        half = list(whole.log(limit=whole.head() // 2))
        file.insert_events(half)
        backup(file, tmp_path / "half.backup")
        restore(tmp_path / "half.backup", server)
        yield [file, server]


def test_a_server_gives_the_files_that_a_file_gives(county: County, stores: list[Recorder], tmp_path: Path) -> None:
    folders = [tmp_path / "of-a-file", tmp_path / "of-a-server"]
    with Recorder(county.url) as whole:
        rest = list(whole.log(after=whole.head() // 2))

    for events in ([], rest):
        for recorder, folder in zip(stores, folders, strict=True):
            recorder.insert_events(events)
            export(recorder, folder)
        assert files(folders[1]) == files(folders[0])

    assert count(Archive(folders[1]), SHANGHAI) == counted(county.facts, SHANGHAI)


def test_who_has_moved_to_a_server_goes_on_with_the_archive(
    county: County, stores: list[Recorder], tmp_path: Path
) -> None:
    file, server = stores
    export(file, tmp_path / "moved")
    with Recorder(county.url) as whole:
        server.insert_events(list(whole.log(after=whole.head() // 2)))

    export(server, tmp_path / "moved")
    export(server, tmp_path / "whole")

    assert rows(tmp_path / "moved") == rows(tmp_path / "whole")
    assert dictionaries(tmp_path / "moved") == dictionaries(tmp_path / "whole")
