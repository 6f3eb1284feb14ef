"""Rows beside the ratings that are there: new ones, those that complete one, those that say it again or contradict."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from builder.ratings.clean import refusal
from builder.ratings.export import answer_type, stacked
from builder.ratings.ids import rating_id
from builder.tasks import Questionnaire

Numbers = np.ndarray[Any, Any]
Marks = np.ndarray[Any, np.dtype[np.bool_]]

_LONGEST_MS = 2**31 - 1


@dataclass(frozen=True)
class Fates:
    """The fates of some rows beside the ratings that were there.

    `ratings` are these, completed, and the new ones below them, with their columns. The others are the rows: `added`;
    `completing`, which answer what nobody had asked of this participant and item; `again`; and `contradicting` as
    refused.csv has them.
    """

    ratings: pd.DataFrame
    added: pd.DataFrame
    completing: pd.DataFrame
    again: pd.DataFrame
    contradicting: pd.DataFrame


def fates(before: pd.DataFrame, rows: pd.DataFrame, asks: Questionnaire, source: str) -> Fates:
    """The fates of rows beside the ratings that are there, one after the other.

    An answer that is null was not asked for: it contradicts nothing, and another row may bring it. What a row of a file
    says for the second time is judged by the file alone, so that it is refused alike on every import.
    """
    ids = [rating_id(*each) for each in zip(rows["participant_id"], rows[asks.key], strict=True)]
    rows = rows.assign(rating_id=ids, source=source)
    codes, different = pd.factorize(rows["rating_id"])
    here = pd.Index(before["rating_id"]).get_indexer(different)
    twice = rows["rating_id"].duplicated().to_numpy(bool)
    if (here < 0).all() and not twice.any():
        nothing = rows.iloc[:0]
        return Fates(_below(before, rows), rows, nothing, nothing, refusal(nothing, asks, ""))
    state = _State(before, here, asks)
    additions, fits = state.additions(rows, codes)
    first = additions & ~twice & (here[codes] < 0)
    changes = np.unique(codes[additions & (here[codes] >= 0)])
    contradicting = [
        refusal(rows[~fits & ~twice], asks, "contradicts a rating already there"),
        refusal(rows[~fits & twice], asks, f"second answer to {asks.an_item}, the first is kept"),
    ]
    added = rows[first].assign(**state.cells(codes[first]))
    if len(changes):
        cells = state.cells(changes).items()
        before = before.assign(**{name: _with(before[name], here[changes], new) for name, new in cells})
    return Fates(
        _below(before, added), added, rows[additions & ~first], rows[fits & ~additions], stacked(contradicting)
    )


def differing(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, pd.Series]:
    """The cells of `before` that are others in `after`, by column and rating_id; of ratings with a null, as any has
    that can be completed.
    """
    at = pd.Index(after["rating_id"]).get_indexer(before["rating_id"])
    partial = np.flatnonzero(before.isna().any(axis=1).to_numpy(bool) & (at >= 0))
    old = before.iloc[partial].set_index("rating_id")
    new = after.iloc[at[partial]].set_index("rating_id")
    changes = {}
    for name in old.columns:
        same = (old[name] == new[name]).fillna(value=False).astype(bool) | (old[name].isna() & new[name].isna())
        if not same.all():
            changes[name] = old[name][~same]
    return changes


class _State:
    """The answers and details of some ratings, which rows complete.

    Args:
        before: the ratings that are there.
        here: the place of each of the ratings among them, -1 for one that is not there yet.
    """

    def __init__(self, before: pd.DataFrame, here: Numbers, asks: Questionnaire) -> None:
        self._names = list(asks.names)
        types: dict[str, Any] = {
            **{question.name: answer_type(question) for question in asks.questions},
            "response_time_ms": "Int32",
            "position": "Int32",
            **({"side": "str"} if asks.counterbalance else {}),
            "rated_at": "datetime64[ms, UTC]",
        }
        self._cells = {
            name: before[name].astype(kind).array.take(here, allow_fill=True) for name, kind in types.items()
        }

    def cells(self, places: Numbers) -> dict[str, Any]:
        """The answers and details of some of the ratings."""
        return {name: cells[places] for name, cells in self._cells.items()}

    def additions(self, rows: pd.DataFrame, codes: Numbers) -> tuple[Marks, Marks]:
        """Takes in what rows add, the first one that does before the next; marks of these, and of all that contradict
        nothing.

        Each round takes a row for each rating, if any is left, and so answers one more question of it.
        """
        additions, fits, rest = np.zeros(len(rows), bool), np.ones(len(rows), bool), np.arange(len(rows))
        while len(rest):
            agrees, more, shares = self._beside(rows.iloc[rest], codes[rest])
            fits[rest] = agrees
            usable = np.flatnonzero(agrees & more)
            _, at = np.unique(codes[rest][usable], return_index=True)
            picks = usable[at]
            if not len(picks):
                break
            self._complete(rows.iloc[rest[picks]], codes[rest][picks], shares[picks])
            additions[rest[picks]] = True
            rest = np.delete(rest, picks)
        return additions, fits

    def _beside(self, rows: pd.DataFrame, codes: Numbers) -> tuple[Marks, Marks, Marks]:
        """Marks of the rows that contradict no answer, that have one more, and that have one that is there too."""
        agrees, more, shares = (np.full(len(rows), value) for value in (True, False, False))
        for name in self._names:
            old, new = self._cells[name][codes], rows[name].array
            has_old, has_new = ~np.asarray(pd.isna(old)), ~np.asarray(pd.isna(new))
            both = np.flatnonzero(has_old & has_new)
            agrees[both] &= np.asarray(old[both] == new[both], bool)
            more |= has_new & ~has_old
            shares |= has_old & has_new
        return agrees, more, shares

    def _complete(self, rows: pd.DataFrame, places: Numbers, shares: Marks) -> None:
        """Puts what the rows add into these ratings.

        A row that shares an answer has more of the same trial: its details stand. Of trials apart, one for each
        question, the response times add up, the time is the last and the position the first, whichever row comes before
        the other; a side that differs is none of the whole.
        """
        for name, cells in self._cells.items():
            old, new = cells[places], rows[name].array
            has_old, has_new = ~np.asarray(pd.isna(old)), ~np.asarray(pd.isna(new))
            fresh = has_new & (shares | ~has_old)
            cells[places[fresh]] = new[fresh].astype(cells.dtype)
            apart = has_old & has_new & ~shares
            if name not in self._names and apart.any():
                cells[places[apart]] = _together(name, old[apart], new[apart].astype(cells.dtype))


def _together(name: str, old: Any, new: Any) -> Any:
    """The detail of a rating of which two trials tell."""
    if name == "response_time_ms":
        total = old.astype("Int64") + new.astype("Int64")
        return pd.array(np.minimum(total.to_numpy("int64"), _LONGEST_MS), "Int32")
    if name == "side":
        return pd.Series(old).where(np.asarray(old == new, bool)).array
    later = np.asarray(old < new, bool)
    return pd.Series(old).where(later if name == "position" else ~later, pd.Series(new)).array


def _with(column: pd.Series, places: Numbers, cells: Any) -> Any:
    """A column with other cells in some places."""
    whole = column.astype(cells.dtype).array.copy()
    whole[places] = cells
    return whole


def _below(before: pd.DataFrame, added: pd.DataFrame) -> pd.DataFrame:
    return stacked([before, added[before.columns]])
