"""The side of projections that touches a database: they are run, rebuilt beside the live ones, and read."""

from .bookkeeping import DeadLetter
from .errors import ProjectionMissing, ProjectionNewer, ProjectionOutdated, ProjectionStopped
from .projections import Projections, Status

__all__ = [
    "DeadLetter",
    "ProjectionMissing",
    "ProjectionNewer",
    "ProjectionOutdated",
    "ProjectionStopped",
    "Projections",
    "Status",
]
