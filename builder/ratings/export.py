"""The input and output of every reader of an export; the contract of `builder.ratings.formats`."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, assert_never

import numpy as np
import pandas as pd

from builder.tasks import Choice, Question, Questionnaire, Scale, YesNo


def answer_type(question: Question) -> str:
    """The pandas type of the answers to a question."""
    match question:
        case Scale():
            return "Float64"
        case YesNo():
            return "boolean"
        case Choice():
            return "str"
        case _:
            assert_never(question)


def rating_columns(asks: Questionnaire) -> dict[str, str]:
    """Columns of `Export.ratings` and their pandas types.

    `line` is the line of the file, from 1, at which the record begins (for JSON without lines: the number of the
    record), `column` where in it the first answer stands. `participant` is the platform's own id. What is missing is
    NA.
    """
    return {
        "line": "int64",
        "column": "str",
        "participant": "str",
        asks.key: "str",
        **{question.name: answer_type(question) for question in asks.questions},
        "response_time_ms": "Float64",
        "position": "Int64",
        **({"side": "str"} if asks.counterbalance else {}),
        "rated_at": "datetime64[ms, UTC]",
    }


def participant_columns(asks: Questionnaire) -> dict[str, str]:
    """Columns of `Export.participants`, as the participant or the platform wrote them; nothing else of a person is
    read.
    """
    return {
        "line": "int64",
        "participant": "str",
        "age": "str",
        "gender": "str",
        "country": "str",
        "continent": "str",
        "duration_s": "Float64",
        **dict.fromkeys(asks.text_names, "str"),
    }


REVOKED, RETURNED, REJECTED, COUNTS = "revoked", "returned", "rejected", "counts"
"""The fates of a submission on a platform: its participant revoked consent or returned it, the researcher rejected
it, or it counts."""

SUBMISSION_COLUMNS = {"participant": "str", "status": "str"}
"""Columns of `Export.submissions`; `status` is one of the four above."""


def refused_columns(asks: Questionnaire) -> dict[str, str]:
    """Columns of `Export.refused`; `reason` is one of `reader_reasons`, so that they can be counted."""
    return {"line": "int64", "column": "str", asks.key: "str", "reason": "str"}


def not_read(question: Question) -> str:
    """The reason for which an answer to a question is kept out that cannot be read."""
    match question:
        case Scale():
            return f"{question.name} is no number"
        case YesNo():
            return f"{question.name} is neither yes nor no"
        case Choice():
            return f"{question.name} is no option"
        case _:
            assert_never(question)


def no_item(asks: Questionnaire) -> str:
    """The reason for which an answer is kept out that names no item."""
    return f"no {asks.item}"


def foreign_item(asks: Questionnaire) -> str:
    """The reason for which a column is kept out whose name tells of an answer to no item of the study."""
    return f"names no {asks.item} of the study"


def reader_reasons(asks: Questionnaire) -> tuple[str, ...]:
    """The reasons for which a reader keeps a record, a column or a cell out.

    "names no item of the study" and "column not understood" are of a whole column, with the line of the header;
    "details differ between rows" and "detail not readable, the rest is kept" of a detail beside ratings that are kept.
    What a reader need not know (unknown ids, numbers outside a question's scale, double answers) is left to the merge,
    which has reasons of its own.
    """
    return (
        "preview or test",
        "status unknown",
        "rejected or returned",
        "returned",
        "rejected",
        "timed out or screened out",
        "consent revoked",
        "marked as spam",
        "no participant",
        no_item(asks),
        foreign_item(asks),
        "damaged by a spreadsheet",
        "more cells than columns",
        "packed cells differ in number",
        "column not understood",
        "details differ between rows",
        "detail not readable, the rest is kept",
        *map(not_read, asks.questions),
    )


@dataclass(frozen=True)
class ExportFile:
    """One file of an export: its path, for errors, its bytes, and what was found out of them already."""

    path: Path
    content: bytes
    memo: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class StudyItems:
    """A study as a reader may know it: ids of its items by batch, in the order of its tables, what is asked, and its
    name, where that matters.
    """

    by_batch: Mapping[int, Sequence[str]]
    asks: Questionnaire
    study: str | None = None

    def ids(self) -> list[str]:
        """The ids of the items of all batches."""
        return [item_id for ids in self.by_batch.values() for item_id in ids]


@dataclass(frozen=True)
class Export:
    """The content of one file.

    A row of `ratings` has an answer to at least one question; an item that was shown but not answered has none.
    What the reader itself cannot take (a preview row, a cell that is no number) is in `refused`. A participant has at
    most one row in `participants`, which may be there without ratings, and ratings may be there without it.
    """

    ratings: pd.DataFrame
    participants: pd.DataFrame
    refused: pd.DataFrame
    absent: tuple[str, ...] | None = ()
    """Keys of the mapping, as they stand in its file, that say nothing of this file; of another they may. None where
    there is nothing in the file that any could speak of."""
    submissions: pd.DataFrame = field(default_factory=lambda: typed(pd.DataFrame(), SUBMISSION_COLUMNS))
    """The state of each submission that the platform is sure of; a participant may have several."""
    on_scale: bool = False
    """Whether the file is of a survey of ours, which asks every question on the study's scale."""
    of_people: bool = False
    """Whether the file has no place for answers, as a platform's demographics have none."""
    pseudonyms: bool = False
    """Whether it names participants by their pseudonyms, as our survey's signed results do."""
    reader: str = ""
    """The name of the reader."""


def typed(rows: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """`rows` with exactly `columns`, in that order and of those pandas types; a column that is absent is all NA."""
    if not len(rows):
        return _empty(tuple(columns.items())).copy(deep=False)  # which is written to in no other copy
    index = pd.RangeIndex(len(rows))
    if list(rows) == list(columns) and all(rows[name].dtype == kind for name, kind in columns.items()):
        return rows.set_axis(index)
    nothing = np.full(len(rows), -1)
    return pd.DataFrame(
        {
            name: _of_type(rows[name].array, kind)
            if name in rows
            else _empty(tuple(columns.items()))[name].array.take(nothing, allow_fill=True)
            for name, kind in columns.items()
        },
        index=index,
    )


def _of_type(cells: Any, kind: str) -> Any:
    return cells if cells.dtype == kind else cells.astype(kind)


@functools.cache
def _empty(columns: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    """No row of these columns; of many small files most parts are empty."""
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in columns}, index=pd.RangeIndex(0))


def stacked(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Rows below each other; the types of empty parts do not count."""
    filled = [part for part in parts if len(part)] or list(parts[:1])
    return pd.concat(filled, ignore_index=True) if len(filled) > 1 else filled[0].reset_index(drop=True)


def empty_export(asks: Questionnaire) -> Export:
    """The content of a file in which nobody said anything."""
    nothing = pd.DataFrame()
    return Export(
        typed(nothing, rating_columns(asks)),
        typed(nothing, participant_columns(asks)),
        typed(nothing, refused_columns(asks)),
        absent=None,
    )
