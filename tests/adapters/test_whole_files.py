"""Output files: whole or not there, and what was there before stays until the new one is whole."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from proposals.adapters.whole_files import write_whole


def half_written(path: Path) -> None:
    """A disk that is full half-way."""
    path.write_text("half of")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_file_is_written(tmp_path: Path) -> None:
    write_whole(tmp_path / "new.txt", lambda path: path.write_text("all of it"))

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("new.txt", "all of it")]


def test_what_was_there_stays_if_the_new_one_cannot_be_written(tmp_path: Path) -> None:
    old = tmp_path / "report.json"
    old.write_text("the old report")

    with pytest.raises(OSError, match="No space left") as failed:
        write_whole(old, half_written)

    assert failed.value.filename == str(old)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("report.json", "the old report")]


def test_what_has_nearly_that_name_is_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("secret")

    write_whole(tmp_path / "env", lambda path: path.write_text("a report"))

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {".env": "secret", "env": "a report"}


def test_who_may_read_a_file_stays_as_it_was(tmp_path: Path) -> None:
    old = tmp_path / "report.json"
    old.write_text("the old report")
    old.chmod(0o600)

    modes = write_whole(old, lambda path: (path.stat().st_mode & 0o777, path.write_text("the new one"))[0])

    assert (modes, old.stat().st_mode & 0o777, old.read_text()) == (0o600, 0o600, "the new one")


def test_an_error_that_is_not_the_systems_keeps_what_it_says(tmp_path: Path) -> None:
    def fail(_: Path) -> None:
        raise OSError("the library has thought better of it")

    with pytest.raises(OSError, match="thought better") as failed:
        write_whole(tmp_path / "new.txt", fail)
    assert str(tmp_path / "new.txt") in str(failed.value)


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupted(path: Path) -> None:
        path.write_text("half of")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "new.txt", interrupted)

    assert list(tmp_path.iterdir()) == []


def test_a_link_still_points_to_the_file_that_is_written(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "file.txt")

    write_whole(tmp_path / "link.txt", lambda path: path.write_text("new"))

    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "file.txt").read_text() == "new"


def test_a_pipe_is_written_as_it_is() -> None:
    read, written = os.pipe()
    try:
        write_whole(Path(f"/dev/fd/{written}"), lambda path: path.write_text("into the pipe"))
        assert os.read(read, 100) == b"into the pipe"
    finally:
        os.close(read)
        os.close(written)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_device_is_written_as_it_is() -> None:
    with pytest.raises(OSError, match="/dev/full"):
        write_whole(Path("/dev/full"), lambda path: path.write_text("anything"))
