"""Data sources: by name or by path, each read into a `Source`."""

from headway.data.sources.registry import list_sources, read_source
from headway.data.sources.source import Source, SourceOptions

__all__ = ["Source", "SourceOptions", "list_sources", "read_source"]
