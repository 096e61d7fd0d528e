"""What holds for every refusal in these tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from proposals.testing import Scenario

if TYPE_CHECKING:
    from proposals.domain.event import Command


@pytest.fixture(autouse=True)
def _every_refusal_says_what_it_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sentence names things by what they are called, in both languages."""
    when = Scenario.when

    def checked(scenario: Scenario, command: Command) -> Scenario:
        when(scenario, command)
        if scenario.refused is not None:
            for language in ("en", "zh"):
                assert "None" not in scenario.refused.text(language), scenario.refused.reason
        return scenario

    monkeypatch.setattr(Scenario, "when", checked)
