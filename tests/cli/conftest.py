"""The command line in this process, and a small county to run it on."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import typer.testing
from typer.main import get_command
from typer.testing import CliRunner

from proposals.adapters.policies import default_policy
from proposals.application import Proposals
from proposals.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer.testing import Result


typer.testing._get_command = cache(get_command)  # type: ignore[attr-defined]
"""Putting the commands together takes longer than most of them run, and gives the same every time."""

SINCE = "2020-01-01"


def county() -> Iterator[dict[str, Any]]:
    """The commands that found a county of four tiers with somebody for the first steps, and its policy."""
    yield {"command": "CreateUnit", "unit": "unit-c", "title": "安居县", "tier": "county", "actor": "system"}
    for person in ("registrar", "principal", "archivist", "reviewer"):
        yield appoint("unit-c", person, person, "system" if person == "registrar" else "registrar")
    for unit, title, tier, parent in (
        ("unit-s", "凤凰街道", "street", "unit-c"),
        ("unit-m", "滨河社区", "community", "unit-s"),
        ("unit-g", "第三网格", "grid", "unit-m"),
    ):
        yield {
            "command": "CreateUnit",
            "unit": unit,
            "title": title,
            "tier": tier,
            "parent": parent,
            "actor": "registrar",
        }
    yield appoint("unit-m", "screener", "screener")
    yield appoint("unit-g", "convenor", "convenor")
    for person in ("li", "wang", "zhao"):
        yield appoint("unit-g", person, "resident")
    rules = default_policy().model_dump(mode="json")
    today = datetime.now(ZoneInfo(default_policy().time_zone)).date().isoformat()  # by the machine's clock, but there
    yield {"command": "DraftPolicy", "policy": "policy-1", "unit": "unit-c", "rules": rules, "actor": "registrar"}
    yield {"command": "CheckPolicy", "policy": "policy-1", "actor": "registrar"}
    yield {"command": "PublishPolicy", "policy": "policy-1", "effective": today, "actor": "principal"}


def appoint(unit: str, person: str, role: str, by: str = "registrar") -> dict[str, Any]:
    return {"command": "Appoint", "unit": unit, "person": person, "role": role, "since": SINCE, "actor": by}


def raised(proposal: str = "proposal-1", **more: Any) -> dict[str, Any]:
    """A proposal of a resident."""
    return {
        "command": "RaiseProposal", "proposal": proposal, "place": "unit-g", "source": "other",
        "title": "路灯不亮", "text": "坏了两周", "actor": "li", **more,
    }  # fmt: skip


def accepted(proposal: str = "proposal-1") -> dict[str, Any]:
    return {"command": "AcceptProposal", "proposal": proposal, "category": "facilities", "actor": "screener"}


def lines(*commands: dict[str, Any]) -> str:
    return "".join(json.dumps(command, ensure_ascii=False) + "\n" for command in commands)


@dataclass
class Desk:
    """A place to work: a database of its own, and the command line."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "county.db"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}"

    def run(self, *arguments: str, given: str | bytes | None = None, lang: str = "en", code: int | None = 0) -> Result:
        """Runs a command and checks its exit code (None: any)."""
        done = CliRunner().invoke(app, ["--db", self.url, "--lang", lang, *arguments], input=given)
        assert code is None or done.exit_code == code, (done.exit_code, done.stdout, done.stderr, done.exception)
        assert "Traceback" not in done.stderr
        return done

    def do(self, *commands: dict[str, Any], code: int = 0) -> list[dict[str, Any]]:
        """Records commands and gives the answers."""
        return answers(self.run("do", "-", given=lines(*commands), code=code))

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        """What a command gives as JSON."""
        found: list[dict[str, Any]] = json.loads(self.run(*arguments, "--format", "json").stdout)
        return found

    def head(self) -> int:
        """How long the log is."""
        with Proposals(self.url) as door:
            return door.recorder.head()


def answers(done: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a county's database and keys."""
    folder = tmp_path_factory.mktemp("county")
    Desk(folder).do(*county())
    return folder


@pytest.fixture
def desk(founded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with the county's database, and none of this machine's settings."""
    for variable in ("PROPOSALS_DB", "PROPOSALS_KEYS", "PROPOSALS_LANG", "PROPOSALS_ZONE", "PROPOSALS_KEK"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    for file in founded.iterdir():
        shutil.copy(file, tmp_path / file.name)
    return Desk(tmp_path)
