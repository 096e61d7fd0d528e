"""Policy files: TOML that people write, and the edition the package ships."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from pydantic import ValidationError

from proposals.adapters.problems import problems_of
from proposals.domain.catalogue import text
from proposals.domain.errors import Invalid
from proposals.domain.rules import ProcessPolicy

if TYPE_CHECKING:
    from pathlib import Path


def read_policy(path: Path) -> ProcessPolicy:
    """The rules in a TOML file. Raises Invalid with field and reason, OSError if the file cannot be read."""
    return parse_policy(path.read_bytes(), str(path))


def parse_policy(content: bytes, name: str, *, language: str = "en") -> ProcessPolicy:
    """The rules in TOML text. Raises Invalid with field and reason, in English (`en`) or Chinese (`zh`)."""
    try:
        return ProcessPolicy.model_validate(tomllib.loads(content.decode()))
    except UnicodeDecodeError:
        raise Invalid([(name, text("invalid_utf8_file", language))]) from None
    except tomllib.TOMLDecodeError as error:
        raise Invalid([(name, text("invalid_toml", language, what=str(error)))]) from None
    except ValidationError as error:
        raise Invalid(problems_of(error, language)) from None


@cache
def default_policy() -> ProcessPolicy:
    """The edition the package ships."""
    return parse_policy(files("proposals").joinpath("data/policy.toml").read_bytes(), "policy.toml")
