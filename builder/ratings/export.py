"""What every reader of an export takes and gives; the contract of `builder.ratings.formats`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

RATING_COLUMNS = {
    "line": "int64",
    "column": "str",
    "participant": "str",
    "pair_id": "str",
    "similarity": "Float64",
    "identity": "boolean",
    "response_time_ms": "Float64",
    "position": "Int64",
    "rated_at": "datetime64[ms, UTC]",
}
"""Columns of `Export.ratings` and their pandas types.

`line` is the line of the file, from 1, at which the record begins (for JSON without lines: the number of the
record), `column` where in it the similarity stands. `participant` is the platform's own id. What is missing is NA.
"""

PARTICIPANT_COLUMNS = {
    "line": "int64",
    "participant": "str",
    "age": "str",
    "gender": "str",
    "country": "str",
    "continent": "str",
    "duration_s": "Float64",
    "strategy_similarity": "str",
    "strategy_identity": "str",
}
"""Columns of `Export.participants`, as the participant or the platform wrote them; nothing else of a person is read."""

REFUSED_COLUMNS = {"line": "int64", "column": "str", "pair_id": "str", "reason": "str"}
"""Columns of `Export.refused`; `reason` is one of a small fixed set of phrases, so that they can be counted."""


@dataclass(frozen=True)
class ExportFile:
    """One file of an export: its path, for errors, and its bytes."""

    path: Path
    content: bytes


@dataclass(frozen=True)
class StudyPairs:
    """What a reader may know of the study: the pair ids of each batch, in the order of the study's tables."""

    by_batch: Mapping[int, Sequence[str]]


@dataclass(frozen=True)
class Export:
    """The content of one file.

    A row of `ratings` has at least one of similarity and identity; a pair that was shown but not answered has none.
    What the reader itself cannot take (a preview row, a cell that is no number) is in `refused`.
    """

    ratings: pd.DataFrame
    participants: pd.DataFrame
    refused: pd.DataFrame
