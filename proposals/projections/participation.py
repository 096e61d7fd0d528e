"""Who takes part: who raised a case, who stands behind it, who supports it. Who came to meetings is in `meetings`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, Index

from proposals.domain.raising import CaseAbsorbed, ProposalCoSigned, ProposalRaised
from proposals.projections.columns import NUMBER, TEXT
from proposals.projections.projection import READ_MODELS, Projection

if TYPE_CHECKING:
    from proposals.projections.projection import Entry, Rows

PARTICIPATION: Final = Projection("participation", 1, READ_MODELS)

PARTICIPANTS: Final = PARTICIPATION.table(
    "participants",
    Column("part", TEXT, primary_key=True),
    Column("person", TEXT, primary_key=True),
    Column("at", TEXT, nullable=False),
    Column("source", TEXT),
    Column("party_member", NUMBER),
    Column("merged_from", TEXT),
    Index("participants_person", "person"),
)
"""`part` is proposer, sponsor or cosigner; `person` an opaque id.

`source` and `party_member` are known of proposers. `merged_from` is the case that a cosigner raised or supported
until it was joined to this one. An imported case has no proposer.
"""


@PARTICIPATION.on(ProposalRaised)
def _raised(rows: Rows, entry: Entry) -> None:
    data = entry.data
    rows.put(
        PARTICIPANTS,
        "proposer",
        entry.actor,
        at=entry.occurred_at,
        source=data["source"],
        party_member=int(data["by_party_member"]),
    )
    if data.get("sponsor"):  # guarded: a party member
        rows.put(PARTICIPANTS, "sponsor", data["sponsor"], at=entry.occurred_at, party_member=1)


@PARTICIPATION.on(ProposalCoSigned)
def _cosigned(rows: Rows, entry: Entry) -> None:
    rows.put(PARTICIPANTS, "cosigner", entry.actor, at=entry.occurred_at)


@PARTICIPATION.on(CaseAbsorbed)
def _absorbed(rows: Rows, entry: Entry) -> None:
    """Who was in the other case supports this one now, unless they do already or raised it."""
    data = entry.data
    joining = [data["proposer"], *data["cosigners"]] if data["proposer"] else data["cosigners"]
    for person in joining:
        if not any(rows.get(PARTICIPANTS, part, person) for part in ("proposer", "cosigner")):
            rows.put(PARTICIPANTS, "cosigner", person, at=entry.occurred_at, merged_from=data["merged"])
