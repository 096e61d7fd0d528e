"""The same commands on PostgreSQL, with a login that never shows."""

from __future__ import annotations

import json

from sqlalchemy import make_url

from tests.cli.conftest import Desk, accepted, answers, county, lines, raised


def test_the_command_line_works_on_postgresql(desk: Desk, postgres_url: str) -> None:
    server = ("--db", postgres_url)

    said = answers(desk.run(*server, "do", "-", given=lines(*county(), raised(), accepted())))
    rows = json.loads(desk.run(*server, "register", "--format", "json").stdout)
    desk.run(*server, "backup", "county.backup")

    assert said[-1]["event"]["name"] == "ProposalAccepted"
    assert [(row["id"], row["status"], row["holder"]) for row in rows] == [("proposal-1", "accepted", "convenor")]
    assert (desk.folder / f"{make_url(postgres_url).database}.keys").exists()
    assert (desk.folder / "county.backup").exists()


def test_a_county_that_moved_to_a_server_is_evaluated_as_before(desk: Desk, postgres_url: str) -> None:
    """Out of the read models on the server, and out of the archive that the server gives."""
    server = ("--db", postgres_url)
    desk.run("--db", "sqlite:///played.db", "demo", "--cases", "24", "--seed", "5")
    desk.run("--db", "sqlite:///played.db", "backup", "played.backup")
    desk.run(*server, "restore", "played.backup")
    desk.run(*server, "export", "archive")

    for options in (["--by", "grid"], ["--by", "department", "--by", "month"], ["--until", "2025-03-20T00:00:00Z"]):
        asked = ("evaluate", *options, "--format", "json")
        told = json.loads(desk.run("--db", "sqlite:///played.db", *asked).stdout)
        assert json.loads(desk.run(*server, *asked).stdout) == told
        assert json.loads(desk.run(*server, *asked, "--archive", "archive").stdout) == told
        assert told["total"]["cases"] > 0


def test_a_database_that_does_not_exist_says_so_without_the_login(desk: Desk, postgres_url: str) -> None:
    missing = make_url(postgres_url).set(database="nowhere", username="clerk", password="s3cr3t")  # noqa: S106 - a made-up one

    done = desk.run("--db", missing.render_as_string(hide_password=False), "register", code=1)

    assert "--db" in done.stderr
    assert "s3cr3t" not in done.output
    assert len(done.stderr.splitlines()) == 1
