"""TOML that people write, as a model of what it says."""

from __future__ import annotations

import tomllib
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from proposals.adapters.problems import problems_of
from proposals.domain.catalogue import text
from proposals.domain.errors import Invalid

M = TypeVar("M", bound=BaseModel)


def parse_toml(model: type[M], content: bytes, name: str, language: str = "en") -> M:
    """What the TOML text of the file `name` says. A byte-order mark before it is no part of it.

    Raises Invalid with field and reason, in English (`en`) or Chinese (`zh`).
    """
    try:
        return model.model_validate(tomllib.loads(content.decode("utf-8-sig")))
    except UnicodeDecodeError:
        raise Invalid([(name, text("invalid_utf8_file", language))]) from None
    except tomllib.TOMLDecodeError as error:
        raise Invalid([(name, text("invalid_toml", language, what=str(error)))]) from None
    except ValidationError as error:
        raise Invalid(problems_of(error, language)) from None
