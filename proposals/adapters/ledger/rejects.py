"""The file of rejected rows: the row as it was, its number, and why; written whole or not at all."""

from __future__ import annotations

import csv
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from proposals.adapters.ledger.reasons import Rejection

ADDED = ("_row", "_code", "_reason_zh", "_reason_en")
"""The columns that come before the ledger's own."""


class RejectsFile:
    """Collects rejections beside the file they are for, and puts them in its place at the end.

    A name that ends in `.jsonl` gets JSON lines; any other CSV with the ledger's own columns after ours, so that
    rows which were put right can be imported from it with the same mapping. Left by an error, it changes nothing.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._part = self._path.with_name(self._path.name + ".part")
        self._columns: dict[str, None] = {}

    def __enter__(self) -> Self:
        self._file = self._part.open("w", encoding="utf-8")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._file.close()
        if kind is None:
            if self._path.suffix.lower() != ".jsonl":
                self._as_csv()
            self._part.replace(self._path)
        else:
            with suppress(FileNotFoundError):
                self._part.unlink()

    def add(self, rejection: Rejection) -> None:
        """One more."""
        self._columns.update(dict.fromkeys(rejection.cells))
        line = {
            "row": rejection.number,
            "code": rejection.code,
            "reason": {language: rejection.text(language) for language in ("zh", "en")},
            "cells": rejection.cells,
        }
        self._file.write(json.dumps(line) + "\n")

    def _as_csv(self) -> None:
        lines = self._part.with_name(self._part.name + ".jsonl")
        self._part.replace(lines)
        # The byte-order mark tells spreadsheets that this is UTF-8.
        with (
            lines.open(encoding="utf-8") as kept,
            self._part.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file,
        ):
            writer = csv.writer(file)
            writer.writerow([*ADDED, *self._columns])
            for line in kept:
                found: dict[str, Any] = json.loads(line)
                reason, cells = found["reason"], found["cells"]
                writer.writerow(
                    [
                        found["row"],
                        found["code"],
                        reason["zh"],
                        reason["en"],
                        *(cells.get(name, "") for name in self._columns),
                    ]
                )
        lines.unlink()
