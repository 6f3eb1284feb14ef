"""The places of answers in a table, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from builder.ratings.formats.tabular import Refusal, Table


@dataclass(frozen=True)
class Where:
    """The lines in which a column has one of some words, in lower case."""

    column: int
    words: frozenset[str]


@dataclass(frozen=True)
class Source:
    """The cells of a column, in the lines where all of `where` hold."""

    column: int
    where: tuple[Where, ...] = ()


@dataclass(frozen=True)
class Slot:
    """The places of the answers to one item in every record.

    `item` is an item's id, or the numbers of the columns whose cells name the item; `parts` has a source for each part
    of the answer that there is; `unit_ms` is the unit of the response time.
    """

    item: str | tuple[int, ...]
    parts: Mapping[str, Source]
    unit_ms: float = 1.0

    def key(self, part: str) -> str:
        """The key of a mapping that says something of a part."""
        return "response_time_s" if part == "response_time_ms" and self.unit_ms != 1 else part


@dataclass(frozen=True)
class Layout:
    """The places in a table of the answers, of the facts of the participants and of the parts of their ids.

    `events`: most lines are no answers, so that one which names no item and no participant's detail is passed over.
    `one_clock`: response times to the questions on an item begin at one moment.
    `absent` are keys of the mapping, as they stand in its file, that say nothing of the table: another file of the
    same call may have what they name.
    """

    slots: tuple[Slot, ...]
    participant: tuple[int, ...]
    facts: Mapping[str, Source]
    refused: tuple[Refusal, ...] = ()
    events: bool = False
    one_clock: bool = False
    absent: tuple[str, ...] = ()


def cells_of(table: Table, source: Source) -> "pd.Series[str]":
    """The cells of a source; "" in the lines that do not count."""
    text = table.cells[source.column]
    return text.where(counting(table, source.where), "") if source.where else text


def counting(table: Table, wheres: Sequence[Where]) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """A mark for each line in which all of some conditions hold."""
    marks = np.ones(len(table.lines), bool)
    for where in wheres:
        codes, values = pd.factorize(table.cells[where.column])
        hits = np.array([*(str(value).strip().casefold() in where.words for value in values), False], bool)
        marks &= hits[codes]
    return marks
