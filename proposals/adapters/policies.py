"""Policy files: TOML that people write, and the edition the package ships."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from pydantic import ValidationError

from proposals.domain.errors import Invalid
from proposals.domain.rules import ProcessPolicy

if TYPE_CHECKING:
    from pathlib import Path


def read_policy(path: Path) -> ProcessPolicy:
    """The rules in a TOML file. Raises Invalid with field and reason, OSError if the file cannot be read."""
    return parse_policy(path.read_bytes(), str(path))


def parse_policy(content: bytes, name: str) -> ProcessPolicy:
    """The rules in TOML text. Raises Invalid with field and reason."""
    try:
        return ProcessPolicy.model_validate(tomllib.loads(content.decode()))
    except UnicodeDecodeError:
        raise Invalid([(name, "is not UTF-8 text")]) from None
    except tomllib.TOMLDecodeError as error:
        raise Invalid([(name, f"is not TOML: {error}")]) from None
    except ValidationError as error:
        raise Invalid(problems_of(error)) from None


@cache
def default_policy() -> ProcessPolicy:
    """The edition the package ships."""
    return parse_policy(files("proposals").joinpath("data/policy.toml").read_bytes(), "policy.toml")


def problems_of(error: ValidationError) -> list[tuple[str, str]]:
    """Field and reason of each problem, without the value: it may be personal."""
    return [
        (".".join(map(str, problem["loc"])) or "(whole)", problem["msg"])
        for problem in error.errors(include_input=False, include_url=False)
    ]
