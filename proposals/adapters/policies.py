"""Policy files: TOML that people write, and the edition the package ships."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from proposals.adapters.toml_files import parse_toml
from proposals.domain.rules import ProcessPolicy


def parse_policy(content: bytes, name: str, *, language: str = "en") -> ProcessPolicy:
    """The rules in TOML text. Raises Invalid with field and reason, in English (`en`) or Chinese (`zh`)."""
    return parse_toml(ProcessPolicy, content, name, language)


@cache
def default_policy() -> ProcessPolicy:
    """The edition the package ships."""
    return parse_policy(files("proposals").joinpath("data/policy.toml").read_bytes(), "policy.toml")
