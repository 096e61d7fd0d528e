"""What README and guides show is run, block after block, as a reader would run it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from proposals.projections import BUILT_IN

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_on_a_page_runs_from_top_to_bottom(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    code = blocks(page)
    if any("DATABASE_URL" in block for block in code):
        monkeypatch.setenv("DATABASE_URL", request.getfixturevalue("postgres_url"))
    names = {"__name__": page.stem}
    for number, block in enumerate(code, 1):
        exec(compile(block, f"{page.name}, block {number}", "exec"), names)  # noqa: S102 - that is what it is for
    assert code


def test_the_guide_names_every_read_model_with_its_tables() -> None:
    page = (ROOT / "docs" / "guides" / "read-models.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| ", page, flags=re.MULTILINE)
    assert {name: re.findall(r"`(\w+)`", tables) for name, tables in rows} == {
        projection.name: list(projection.tables) for projection in BUILT_IN
    }
