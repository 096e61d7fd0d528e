"""The libraries of the extra `archive`, with a clear word for those who have not installed it."""

from proposals.adapters.archive.errors import ArchiveUnfit

try:
    import duckdb
    import ibis
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
except ImportError as error:
    raise ArchiveUnfit("archive_needs_library", library=error.name or "pyarrow", extra="archive") from None

__all__ = ["duckdb", "ibis", "pa", "pc", "pq"]
