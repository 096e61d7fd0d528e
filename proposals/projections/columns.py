"""Column types that mean the same on SQLite and PostgreSQL, for read models and for the store."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, Text

# Texts sort by their bytes in both databases, whatever the server's language; an instant is text, and its order is
# that of time (see `instant_text`).
TEXT = Text().with_variant(Text(collation="C"), "postgresql")
# A 64-bit integer; SQLite makes only a column of type INTEGER its row's own key.
NUMBER = BigInteger().with_variant(Integer(), "sqlite")
