"""The group of all commands: global options anywhere, help in the reader's language, every error as one line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from typer.core import TyperCommand, TyperGroup

from proposals.cli.failures import FINE, INTERRUPTED, complain, explained, wants_traceback
from proposals.cli.screen import let_go_of_output
from proposals.cli.words import Words, language_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proposals.cli.settings import Settings

GLOBAL: Final = ("--db", "--keys", "--lang", "--zone", "--wait")
"""The options that every command takes, wherever they stand."""


COMPLETION: Final = ("install_completion", "show_completion")
"""The options that typer adds."""


class _Said:
    """Its `--help` is in the reader's language, too."""

    said = ""
    panel = ""

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401 - as typer has it
        """The option, with what it says."""
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None and self.said:
            option.help, option.rich_help_panel, option.metavar = self.said, self.panel, ""
        return option


class Command(_Said, TyperCommand):
    """One command."""


class Subgroup(_Said, TyperGroup):
    """Commands under one name."""


class Group(_Said, TyperGroup):
    """The commands. Help texts are codes of the catalogue until it is known who reads them."""

    settings: Settings | None = None
    """The global options, once they are read."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:  # noqa: ANN401 - as typer has it
        """Runs a command and exits."""
        given = hoisted(list(sys.argv[1:] if args is None else args))
        words = Words(language_of(given))
        translate(self, words)
        extra["standalone_mode"] = False
        self.begin()
        try:
            code = super().main(given, *rest, **extra)
            sys.stdout.flush()
        except Exception as error:  # whatever it is, people get one line
            if wants_traceback():
                raise
            secrets = self.settings.secrets if self.settings is not None else ()
            said, code = explained(error, words, secrets)
            if type(error).__name__ == "NoArgsIsHelpError":
                sys.exit(code)  # the help has been shown
            if isinstance(error, OSError) and error.filename is None:
                let_go_of_output()  # or Python would complain of it once more
            complain(said, words)
        if code == INTERRUPTED:
            complain(words("error_interrupted"), words)
        sys.exit(code if isinstance(code, int) else FINE)

    def begin(self) -> None:
        """Nothing is known yet of the global options."""
        self.settings = None

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as typer has it
        """Runs the command that was named. A reader who has had enough is no error."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            let_go_of_output()
            return FINE
        return result


def hoisted(arguments: Sequence[str]) -> list[str]:
    """The arguments with the global options in front, where the parser looks for them."""
    front: list[str] = []
    rest: list[str] = []
    left: Iterator[str] = iter(arguments)
    for argument in left:
        if argument == "--":
            rest += [argument, *left]
        elif argument in GLOBAL:
            front += [argument, *(value for value in [next(left, None)] if value is not None)]
        elif argument.partition("=")[0] in GLOBAL:
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest


def translate(command: Any, words: Words) -> None:  # noqa: ANN401 - typer hides the type
    """Puts the texts for the codes in the help of a command and of all below it."""
    for name in ("help", "short_help", "rich_help_panel", "epilog"):
        _say(command, name, words)
    command.said, command.panel = words("help_help"), words("panel_option")
    for parameter in command.params:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
        if parameter.name in COMPLETION:
            parameter.said_help = f"help_{parameter.name}"
        _say(parameter, "help", words)
        parameter.rich_help_panel = words(f"panel_{parameter.param_type_name}")
    for below in getattr(command, "commands", {}).values():
        translate(below, words)


def _say(part: object, name: str, words: Words) -> None:
    code = getattr(part, f"said_{name}", None) or getattr(part, name, None)
    if isinstance(code, str) and code.startswith(("help_", "panel_", "epilog_")):
        setattr(part, f"said_{name}", code)  # so that it can be said again in another language
        setattr(part, name, words(code))
