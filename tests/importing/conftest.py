"""Stores to import into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.importing.ledgers import mapping, store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from proposals import Proposals
    from proposals.adapters.ledger import LedgerMapping


@pytest.fixture
def app() -> Iterator[Proposals]:
    with store() as opened:
        yield opened


@pytest.fixture
def known(tmp_path: Path) -> LedgerMapping:
    return mapping(tmp_path)
