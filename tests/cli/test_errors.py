"""What goes wrong is one clear line on the error output, in the reader's language, without secrets or traces."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from proposals.cli.app import app
from proposals.cli.failures import explained, one_line
from proposals.cli.group import hoisted
from proposals.cli.words import Words, language_of
from tests.cli.conftest import Desk, lines, raised

if TYPE_CHECKING:
    from collections.abc import Callable

READING = (["register"], ["show", "proposal-1"], ["history", "proposal-1"], ["tick"], ["backup", "b"], ["upgrade"])


@pytest.mark.parametrize("arguments", READING, ids=lambda arguments: arguments[0])
def test_a_command_that_reads_makes_no_database(desk: Desk, arguments: list[str]) -> None:
    missing = desk.folder / "missing.db"

    done = desk.run("--db", f"sqlite:///{missing}", *arguments, code=1)

    assert "missing.db" in done.stderr
    assert sorted(desk.folder.glob("missing*")) == []


def foreign(file: Path) -> None:
    """A database of another program."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE recipes (id INTEGER)")


@pytest.mark.parametrize("make", [Path.touch, foreign], ids=["empty", "of something else"])
@pytest.mark.parametrize(
    "arguments", [*READING, ["options", "proposal-1", "--actor", "li"]], ids=lambda given: given[0]
)
def test_a_command_that_reads_makes_no_store_of_a_file_without_one(
    desk: Desk, arguments: list[str], make: Callable[[Path], None]
) -> None:
    file = desk.folder / "other.db"
    make(file)
    before = file.read_bytes()

    done = desk.run("--db", f"sqlite:///{file}", *arguments, code=1)

    assert "holds no store of proposals" in done.stderr
    assert file.read_bytes() == before
    assert [path.name for path in desk.folder.glob("other*")] == ["other.db"]


def test_a_policy_is_compared_with_no_cases_of_a_file_without_a_store(desk: Desk) -> None:
    file = desk.folder / "other.db"
    foreign(file)
    (desk.folder / "p.toml").write_text(desk.run("policy", "show").stdout, "utf-8")

    done = desk.run("--db", f"sqlite:///{file}", "policy", "check", "p.toml", code=1)

    assert "holds no store of proposals" in done.stderr
    assert [path.name for path in desk.folder.glob("other*")] == ["other.db"]


@pytest.mark.parametrize(
    "url",
    [
        "mysql://clerk:s3cr3t@host/county",
        "postgresql+psycopg://clerk:s3cr3t@127.0.0.1:1/county",
        "postgresql+psycopg://clerk:s3cr3t@127.0.0.1:none/county",
        "postgresql+psycopg://clerk@127.0.0.1:1/county?password=s3cr3t",
        "oops://clerk:s3cr3t@",
        "clerk:s3cr3t",
    ],
)
@pytest.mark.parametrize("command", [["register"], ["do", "-"], ["policy", "check", "p.toml"]], ids=lambda c: c[0])
def test_a_password_is_never_printed(desk: Desk, url: str, command: list[str]) -> None:
    desk.run("policy", "show").stdout.encode()
    (desk.folder / "p.toml").write_text(desk.run("policy", "show").stdout, "utf-8")

    done = desk.run("--db", url, *command, given="", code=None)

    assert done.exit_code in {1, 2}
    assert "s3cr3t" not in done.output
    assert len(done.stderr.splitlines()) == 1


def test_a_url_in_the_wrong_place_keeps_its_password_too(desk: Desk) -> None:
    assert "s3cr3t" not in desk.run("register", "postgresql://clerk:s3cr3t@host/county", code=2).output


def test_a_locked_database_says_so_after_the_wait(desk: Desk) -> None:
    writer = sqlite3.connect(desk.file, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        done = desk.run("--wait", "0.01", "register", code=1)
    finally:
        writer.close()

    assert "locked" in done.stderr
    assert "--wait" in done.stderr


def test_a_database_that_can_only_be_read_says_so(desk: Desk) -> None:
    read_only = f"sqlite:///file:{desk.file}?mode=ro&uri=true"
    desk.run("--db", read_only, "register")

    done = desk.run("--db", read_only, "do", "-", given=lines(raised()), code=1)

    assert "can only be read" in done.stderr


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be looked at" * 40, b"\x00" * 5_000])
def test_a_file_that_is_no_database_says_so(desk: Desk, content: bytes) -> None:
    desk.file.write_bytes(content)

    done = desk.run("register", code=1)

    assert "database" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_tables_of_something_else_are_left_alone(desk: Desk) -> None:
    other = desk.folder / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE events (id INTEGER)")
    connection.close()

    done = desk.run("--db", f"sqlite:///{other}", "do", "-", given="", code=1)

    assert "something else" in done.stderr


def test_a_missing_key_encryption_key_is_not_made_anew(desk: Desk) -> None:
    (desk.folder / "county.db.keys.kek").unlink()

    done = desk.run("register", code=1)

    assert "county.db.keys.kek" in done.stderr
    assert not (desk.folder / "county.db.keys.kek").exists()


def test_the_wrong_key_encryption_key_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROPOSALS_KEK", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=")

    assert "key-encryption key" in desk.run("register", code=1).stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["nosuch"], "nosuch"),
        (["regster"], "register"),
        (["show"], "ID"),
        (["register", "--format", "xml"], "--format"),
        (["register", "--nosuch"], "--nosuch"),
        (["options", "proposal-1"], "--actor"),
        (["--lang", "fr", "register"], "--lang"),
        (["--zone", "Mars/Olympus", "register"], "--zone"),
        (["--wait", "soon", "register"], "--wait"),
        (["demo", "--matters", "x.csv"], "--mapping"),
        (["import", "x.csv", "--mapping", "m.toml"], "x.csv"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_wrong_usage_is_one_line_that_names_what_is_wrong(desk: Desk, arguments: list[str], named: str) -> None:
    done = desk.run(*arguments, code=2)

    assert named in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_errors_are_in_the_language_that_was_asked_for(desk: Desk) -> None:
    assert desk.run("show", "proposal-9", lang="zh", code=1).stderr.startswith("错误：")


def test_an_unexpected_error_says_where_but_not_what_it_held() -> None:
    def broken() -> None:
        raise RuntimeError("13800000000")

    with pytest.raises(RuntimeError) as caught:
        broken()
    said, code = explained(caught.value, Words("en"))

    assert code == 1
    assert "RuntimeError" in said
    assert "13800000000" not in said


def test_a_line_cannot_steer_the_terminal() -> None:
    assert one_line("a\nb \x1b[31mred\x07") == "a b ·[31mred·"


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        (["--lang", "zh"], {}, "zh"),
        (["--lang=zh"], {"PROPOSALS_LANG": "en"}, "zh"),
        (["register"], {"PROPOSALS_LANG": "zh_CN"}, "zh"),
        (["register"], {"LANG": "zh_CN.UTF-8"}, "zh"),
        (["register"], {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        (["do", "--", "--lang", "zh"], {}, "en"),
        ([], {}, "en"),
    ],
)
def test_the_language_is_the_one_asked_for_nearest(
    arguments: list[str], environment: dict[str, str], language: str
) -> None:
    assert language_of(arguments, environment) == language


def test_global_options_may_stand_anywhere() -> None:
    assert hoisted(["register", "--db", "x", "--state", "open", "--lang=zh"]) == [
        "--db", "x", "--lang=zh", "register", "--state", "open",
    ]  # fmt: skip
    assert hoisted(["do", "--", "--db"]) == ["do", "--", "--db"]


COMMANDS = [
    [], ["demo"], ["do"], ["template"], ["import"], ["tick"], ["register"], ["show"], ["history"], ["options"],
    ["diagram"], ["schema"], ["policy"], ["policy", "check"], ["policy", "show"], ["backup"], ["restore"], ["upgrade"],
    ["forget"],
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_help_is_whole_in_both_languages_on_a_narrow_screen(
    command: list[str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    done = CliRunner().invoke(app, ["--lang", language, *command, "--help"])

    assert done.exit_code == 0
    assert "help_" not in done.stdout
    assert "panel_" not in done.stdout
    assert "…" not in done.stdout.replace("FILE…", "").replace("://…", "")
    assert ("显示帮助" in done.stdout) is (language == "zh")


def test_without_a_command_the_help_is_shown_and_it_is_wrong_usage() -> None:
    done = CliRunner().invoke(app, [])

    assert done.exit_code == 2
    assert "register" in done.stdout
