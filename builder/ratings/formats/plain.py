"""A plain table in long or wide form, with a mapping or with the project's own column names."""

from builder.errors import RatingsError
from builder.ratings.export import Export, ExportFile, StudyPairs
from builder.ratings.mapping import Mapping

NAME = "plain"


def recognizes(file: ExportFile) -> bool:
    """Whether the header has the project's own column names."""
    return False


def read(file: ExportFile, pairs: StudyPairs, mapping: Mapping | None) -> Export:
    """The content of the table."""
    raise RatingsError(f"{file.path}: not yet")
