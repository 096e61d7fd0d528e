"""The spine: one proposal through its five steps, as one table."""

from __future__ import annotations

from proposals.domain.case import TERMINAL, Proposal, ProposalStatus, rules_of, site_of
from proposals.domain.decision import DECISION
from proposals.domain.discussion import DISCUSSION
from proposals.domain.evaluation import EVALUATION
from proposals.domain.handling import HANDLING
from proposals.domain.importing import IMPORTING
from proposals.domain.keeping import KEEPING
from proposals.domain.process import Process
from proposals.domain.raising import RAISING
from proposals.domain.vocabulary import Kind

PROPOSAL = Process(
    Kind.PROPOSAL,
    ProposalStatus,
    Proposal,
    RAISING + DISCUSSION + DECISION + HANDLING + EVALUATION + IMPORTING + KEEPING,
    terminal=TERMINAL,
    site=site_of,
    policy=rules_of,
)
