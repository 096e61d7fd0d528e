"""What the global options are shown as."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from proposals.cli.settings import Settings
from proposals.cli.words import Words


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///build/demo.db", "sqlite:///build/demo.db"),
        ("sqlite:////srv/demo.db", "sqlite:////srv/demo.db"),
        ("postgresql+psycopg://ann:secret@db:5432/county", "postgresql+psycopg://db:5432/county"),
        ("postgresql+psycopg://ann:secret@/county?host=/run", "postgresql+psycopg:///county"),
    ],
)
def test_a_database_is_shown_as_a_url_without_who_opens_it(url: str, shown: str) -> None:
    settings = Settings(url, None, Words("en"), ZoneInfo("Asia/Shanghai"), 1, named=True)

    assert settings.shown_url == shown


def test_what_lies_beyond_the_calendar_of_the_zone_is_shown_in_utc() -> None:
    settings = Settings("sqlite://", None, Words("en"), ZoneInfo("Asia/Shanghai"), 1, named=True)
    late = datetime(9999, 12, 31, 23, 30, tzinfo=UTC)

    assert settings.local(late) == "9999-12-31 23:30"
    assert settings.until(late) == "9999-12-31 23:30"
