"""Ledgers of other registers: files of many kinds, read row by row, mapped to the facts of a case."""

from proposals.adapters.ledger.mapping import LedgerMapping, read_mapping
from proposals.adapters.ledger.reasons import LedgerUnreadable, Rejection
from proposals.adapters.ledger.rejects import RejectsFile
from proposals.adapters.ledger.rows import LedgerRow, NeededUnit, read_ledger, read_matters
from proposals.adapters.ledger.seen import SeenKeys

__all__ = [
    "LedgerMapping",
    "LedgerRow",
    "LedgerUnreadable",
    "NeededUnit",
    "Rejection",
    "RejectsFile",
    "SeenKeys",
    "read_ledger",
    "read_mapping",
    "read_matters",
]
