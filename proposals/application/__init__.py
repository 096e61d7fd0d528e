"""The application: one door to everything, and what stands behind it."""

from proposals.application.answers import evaluate, register, worklist
from proposals.application.door import Proposals
from proposals.application.options import Option
from proposals.application.parsing import parse_command
from proposals.application.unfinished import Unfinished

__all__ = ["Option", "Proposals", "Unfinished", "evaluate", "parse_command", "register", "worklist"]
