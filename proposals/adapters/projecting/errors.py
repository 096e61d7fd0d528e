"""How a projection says that it cannot go on: none of these has written anything or moved a position."""

from __future__ import annotations

from eventsourcing.persistence import OperationalError

from proposals.domain.errors import ProposalsError


class ProjectionMissing(ProposalsError):
    """The projection has not been built in this store yet."""

    def __init__(self, name: str) -> None:
        super().__init__(f"projection {name} is not built yet: run `proposals rebuild {name}`")
        self.name = name


class ProjectionOutdated(ProposalsError):
    """What is stored was made by an older version of the projection."""

    def __init__(self, name: str, stored: int, version: int) -> None:
        super().__init__(
            f"projection {name} is stored in version {stored}, and this is version {version}: "
            f"run `proposals rebuild {name}`"
        )
        self.name, self.stored, self.version = name, stored, version


class ProjectionNewer(ProposalsError):
    """What is stored was made by a newer version of the projection, which another release has."""

    def __init__(self, name: str, stored: int, version: int) -> None:
        super().__init__(
            f"projection {name} is stored in version {stored}, and this release has only version {version}: "
            "install a newer release"
        )
        self.name, self.stored, self.version = name, stored, version


class ProjectionStopped(OperationalError):
    """The database failed under a projection, or another who runs it does not get on: it stays where it was.

    It goes on from there when it is run again.
    """

    def __init__(self, name: str, position: int, error: object) -> None:
        super().__init__(f"projection {name} stopped at position {position}: {error}")
        self.name, self.position = name, position
