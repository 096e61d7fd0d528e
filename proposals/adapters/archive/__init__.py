"""Archives: a log as Parquet files, for questions that are asked of all of it at once. Needs the extra `archive`."""

from proposals.adapters.archive.counting import count
from proposals.adapters.archive.errors import ArchiveUnfit
from proposals.adapters.archive.manifest import Manifest
from proposals.adapters.archive.reading import Archive, Engine
from proposals.adapters.archive.units import units
from proposals.adapters.archive.writing import export

__all__ = ["Archive", "ArchiveUnfit", "Engine", "Manifest", "count", "export", "units"]
