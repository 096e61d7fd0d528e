"""The one catalogue of texts that people see, in English and Chinese."""

from __future__ import annotations

from typing import Any

from proposals.domain.catalogue.archive import ARCHIVE
from proposals.domain.catalogue.cli import CLI
from proposals.domain.catalogue.cli_help import CLI_HELP
from proposals.domain.catalogue.import_rejects import IMPORT_REJECTS
from proposals.domain.catalogue.invalid import INVALID
from proposals.domain.catalogue.labels import LABELS
from proposals.domain.catalogue.models import FIGURE_NAMES, MODELS
from proposals.domain.catalogue.page import PAGE
from proposals.domain.catalogue.policy_findings import POLICY_FINDINGS
from proposals.domain.catalogue.refusals import REFUSALS

SENTENCES: dict[str, tuple[str, str]] = REFUSALS | POLICY_FINDINGS | IMPORT_REJECTS | ARCHIVE
"""Code to English and Chinese sentence. The codes are part of the public interface (SemVer)."""

TEXTS: dict[str, tuple[str, str]] = INVALID | CLI | CLI_HELP | MODELS | PAGE
"""What the command line says, by codes of its own; these may change."""


def sentence(code: str, language: str = "en", **details: Any) -> str:
    """The sentence of a code, filled in. Raises KeyError for a code that is not in the catalogue."""
    said = {name: _said(_called(name, value, language), language) for name, value in details.items()}
    return SENTENCES[code][language == "zh"].format(**said)


def text(code: str, language: str = "en", /, **details: Any) -> str:
    """What the command line says under a code, filled in. Raises KeyError for a code that is not in the catalogue."""
    return TEXTS[code][language == "zh"].format(**{name: _said(value, language) for name, value in details.items()})


def label(word: str, language: str = "en") -> str:
    """What people call a state, role, step or heading; the word itself if the catalogue has none."""
    texts = LABELS.get(word) or FIGURE_NAMES.get(word)
    return texts[language == "zh"] if texts is not None else word.replace("_", " ")


def half(said: str, language: str = "en") -> str:
    """The reader's half of a text like "路灯不亮 / Lamp is dark"; any other text as it is. For tables only."""
    first, _, second = said.partition(" / ")
    if not second or " / " in second or _is_chinese(first) is _is_chinese(second):
        return said
    return first if _is_chinese(first) is (language == "zh") else second


_WORDS = frozenset({"status", "allowed", "role", "roles", "purpose", "motion", "tier", "source", "unit_kind", "loop"})
"""Details whose values are words of the process. In English those read well as they are typed."""


def _called(name: str, value: Any, language: str) -> Any:
    if language != "zh" or name not in _WORDS | {"command"}:
        return value
    if isinstance(value, list | tuple):
        return [_called(name, item, language) for item in value]
    called = LABELS.get(str(value), (value, value))[1]
    return f"{called}（{value}）" if name == "command" and called != value else called


def _said(value: Any, language: str) -> str:
    return ("、" if language == "zh" else ", ").join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _is_chinese(said: str) -> bool:
    return any("\u4e00" <= mark <= "\u9fff" for mark in said)
