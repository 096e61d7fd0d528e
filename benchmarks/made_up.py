"""What every subject records: one made-up case of ten events, the same texts for all; and the order of the cases."""

from __future__ import annotations

from typing import Final, NamedTuple

CASE_EVENTS: Final = 10
"""Events of a case before a command is measured on it."""

BATCH: Final = 1_000
"""Events of one transaction of the bulk load."""

TITLE: Final = "路灯不亮"
TEXT: Final = "三号楼门口的路灯自上周一起一直不亮，老人晚上出门不便，请社区尽快安排维修。"
REVISED: Final = "三号楼与四号楼门口的两盏路灯自上周一起一直不亮，老人晚上出门不便，请社区尽快安排维修。"
NOTE: Final = "已电话联系物业，对方答复本周内派人查看线路。"
CATEGORY: Final = "facilities"
PROPOSER: Final = "li"
SCREENER: Final = "community-screener"
COSIGNERS: Final = ("resident1", "resident2", "resident3")
PHOTO: Final = {
    "name": "lamp.jpg",
    "media_type": "image/jpeg",
    "size": 183_204,
    "sha256": "0f" * 32,
    "uri": "s3://evidence/2026/lamp.jpg",
}

_STRIDE: Final = 7_919  # a prime: cases come round in no order that a page cache would like


class Turn(NamedTuple):
    """The share of one client: its first operation of this round, how many, and how many clients there are."""

    start: int
    times: int
    client: int
    clients: int

    def cases(self, number_of_cases: int) -> list[int]:
        """The case of each operation. No two clients ever take the same case in one round."""
        mine = range(self.client, number_of_cases, self.clients)
        return [mine[(self.start + i) * _STRIDE % len(mine)] for i in range(self.times)]


def batches(events: int) -> list[range]:
    """The cases of each transaction that fills a store with so many events."""
    cases, at_once = max(1, events // CASE_EVENTS), BATCH // CASE_EVENTS
    return [range(first, min(first + at_once, cases)) for first in range(0, cases, at_once)]
