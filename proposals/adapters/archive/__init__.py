"""Archives: a log as Parquet files, for questions that are asked of all of it at once. Needs the extra `archive`."""

from proposals.adapters.archive.counting import count
from proposals.adapters.archive.errors import ArchiveUnfit
from proposals.adapters.archive.evaluating import evaluate
from proposals.adapters.archive.manifest import Manifest
from proposals.adapters.archive.organisation import organisation
from proposals.adapters.archive.reading import Archive, Engine
from proposals.adapters.archive.writing import export

__all__ = ["Archive", "ArchiveUnfit", "Engine", "Manifest", "count", "evaluate", "export", "organisation"]
