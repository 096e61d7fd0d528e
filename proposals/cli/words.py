"""In which language the command line speaks, and what it says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from proposals.domain.catalogue import half, label, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LANGUAGES: Final = ("en", "zh")
VARIABLE: Final = "PROPOSALS_LANG"


class Words:
    """The texts of one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, code: str, /, **details: object) -> str:
        """What is said under a code of the catalogue. Raises KeyError for a code that is not there."""
        return text(code, self.language, **details)

    def name(self, word: object) -> str:
        """What people call a state, step, role, tier, heading, command or event."""
        return label(str(word), self.language)

    def half(self, said: str) -> str:
        """The reader's half of a text like "路灯不亮 / Lamp is dark"; any other text as it is. For tables only."""
        return half(said, self.language)


def language_of(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> str:
    """The language asked for by `--lang`, by PROPOSALS_LANG, or by the system's settings; English otherwise."""
    for place, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument == "--lang" and arguments[place + 1 : place + 2]:
            return _known(arguments[place + 1])
        if argument.startswith("--lang="):
            return _known(argument.removeprefix("--lang="))
    asked = environment.get(VARIABLE)
    if asked:
        return _known(asked)
    system = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return _known(system)


def _known(name: str) -> str:
    return "zh" if name.lower().startswith("zh") else "en"
