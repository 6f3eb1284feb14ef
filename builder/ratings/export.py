"""What every reader of an export takes and gives; the contract of `builder.ratings.formats`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

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
"""Columns of `Export.refused`; `reason` is one of READER_REASONS, so that they can be counted."""

ReaderReason = Literal[
    "preview or test",
    "status unknown",
    "rejected or returned",
    "consent revoked",
    "marked as spam",
    "no participant",
    "no pair",
    "names no pair of the study",
    "similarity is no number",
    "identity is neither yes nor no",
    "damaged by a spreadsheet",
    "more cells than columns",
    "packed cells differ in number",
    "column not understood",
    "details differ between rows",
    "detail not readable, the rest is kept",
]
"""Why a reader keeps a record, a column or a cell out. "names no pair of the study" and "column not understood" are of
a whole column, with the line of the header; the last two are of a detail beside ratings that are kept. What a reader
need not know (unknown pair ids, similarities outside 0..100, double answers) is left to the merge, which has reasons of
its own."""

READER_REASONS: tuple[ReaderReason, ...] = get_args(ReaderReason)


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
    What the reader itself cannot take (a preview row, a cell that is no number) is in `refused`. A participant has at
    most one row in `participants`, which may be there without ratings, and ratings may be there without it.
    """

    ratings: pd.DataFrame
    participants: pd.DataFrame
    refused: pd.DataFrame


def typed(rows: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """`rows` with exactly `columns`, in that order and of those pandas types; a column that is absent is all NA."""
    index = pd.RangeIndex(len(rows))
    return pd.DataFrame(
        {
            name: rows[name].set_axis(index).astype(kind)  # type: ignore[call-overload]
            if name in rows
            else pd.Series(pd.NA, index=index, dtype=kind)
            for name, kind in columns.items()
        },
        index=index,
    )
