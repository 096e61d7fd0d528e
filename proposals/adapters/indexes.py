"""Indexes of evaluation: TOML that people write, and the one the package ships."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from proposals.adapters.toml_files import parse_toml
from proposals.projections.ranking import Index


def parse_index(content: bytes, name: str, *, language: str = "en") -> Index:
    """The index in TOML text. Raises Invalid with field and reason, in English (`en`) or Chinese (`zh`)."""
    return parse_toml(Index, content, name, language)


@cache
def default_index() -> Index:
    """The one the package ships."""
    return parse_index(files("proposals").joinpath("data/index.toml").read_bytes(), "index.toml")
