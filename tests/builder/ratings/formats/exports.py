"""What the tests of readers share: the files in tests/data/exports, and the study that they are of."""

from pathlib import Path

import pandas as pd

from builder.ratings.export import Export, StudyPairs
from builder.ratings.formats import read_export
from builder.ratings.mapping import Mapping

FOLDER = Path(__file__).parents[3] / "data" / "exports"

GENUINE = "small-00000-base0-genuine"
POSITIVE = "small-00000-base0-positive-d0-0.2"
NEGATIVE = "small-00000-base0-negative-base1"
PAIRS = StudyPairs({0: [GENUINE, POSITIVE, NEGATIVE]})


def exported(name: str, mapping: Mapping | None = None) -> Export:
    """The export in a file, its format told by itself."""
    return read_export(FOLDER / name, PAIRS, mapping=mapping)


def said(rows: pd.DataFrame, *columns: str) -> list[tuple]:
    """Rows as tuples of plain values, None for what is missing."""
    return [tuple(None if pd.isna(value) else value for value in row) for row in rows[list(columns)].to_numpy(object)]


def one(values):
    """The only one of a list."""
    (only,) = values
    return only


def everything_in(export: Export) -> str:
    """All that an export holds, as one text."""
    return "\n".join(table.to_csv() for table in (export.ratings, export.participants, export.refused))
