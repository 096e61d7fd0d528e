"""Projections: read models as tables, each a fold of the log, that can be thrown away and built again."""

from typing import Final

from proposals.projections.columns import NUMBER, TEXT
from proposals.projections.echo_wall import ECHO_WALL
from proposals.projections.escalations import ESCALATIONS
from proposals.projections.evaluation import EVALUATION
from proposals.projections.handling import HANDLING
from proposals.projections.meetings import MEETINGS
from proposals.projections.objections import OBJECTIONS
from proposals.projections.organisation import ORGANISATION
from proposals.projections.participation import PARTICIPATION
from proposals.projections.projection import READ_MODELS, Entry, Projection, Rows
from proposals.projections.register import REGISTER
from proposals.projections.steps import STEPS
from proposals.projections.worklist import WORKLIST

__all__ = ["BUILT_IN", "NUMBER", "READ_MODELS", "TEXT", "Entry", "Projection", "Rows"]

BUILT_IN: Final = (
    REGISTER, WORKLIST, STEPS, MEETINGS, HANDLING, EVALUATION, OBJECTIONS, ESCALATIONS, PARTICIPATION, ECHO_WALL,
    ORGANISATION,
)  # fmt: skip
"""The read models that come with the package."""
