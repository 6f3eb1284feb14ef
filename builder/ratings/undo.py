"""`ratings undo`: the last import, taken back whole; and what an import brought, written down for that.

imports.csv has a line for every row that an import brought: the import's number, what kind of row, and its key. No
column of the tables themselves says it.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from builder.errors import FolderError, RatingsError
from builder.ratings import records
from builder.ratings.collection import Collection, read_collection, write_collection
from builder.ratings.completion import differing
from builder.ratings.export import stacked
from builder.ratings.items import read_design
from builder.ratings.store import RatingsFolder

_APART = "\t"
WITHDRAWN = "withdrawn"
"""The kind of row for a submission that stands otherwise than before."""

COMPLETED = "completed"
"""The kind of row for a rating of an earlier import that got an answer to another question: with its key are the cells
that differ, as they were."""

_OF_OTHERS = ("source", "batch", "flags")
"""Columns of a participant that no file says."""


@dataclass(frozen=True)
class Reversal:
    """An undone import: how many ratings, participants and lines of refused.csv are gone; of how many ratings its
    answers to other questions are; and how many people's submissions stand again as they did before.
    """

    ratings: int
    participants: int
    refused: int
    submissions: int
    completed: int = 0


def with_import(before: Collection, after: Collection) -> Collection:
    """`after` with lines in imports.csv for all that it has and `before` has not; itself where that is nothing."""
    added = after.ratings["rating_id"][~after.ratings["rating_id"].isin(before.ratings["rating_id"])]
    people = after.participants.index.difference(before.participants.index, sort=False)
    rows = {
        "rating": added.tolist(),
        COMPLETED: _completed(before.ratings, after.ratings),
        "participant": people.tolist(),
        "detail": _details(before, after),
        "refused": _new(_refused_keys(before), _refused_keys(after)),
        "text": _new(_text_keys(before), _text_keys(after)),
        WITHDRAWN: _statuses(before.withdrawn, after.withdrawn),
    }
    number = str(_last(before.imports) + 1)
    lines = [(number, kind, key) for kind, keys in rows.items() for key in keys]
    if not lines:
        return after
    return replace(after, imports=stacked([after.imports, pd.DataFrame(lines, columns=records.IMPORTS)]))


def undo(folder: Path) -> Reversal:
    """Takes the last import back: its ratings, its participants where nothing else is said of them, its refusals, and
    what it said of submissions.

    Raises:
        RatingsError: nothing was imported, or nothing since this version keeps count.
        FolderError: this is no study folder, or it cannot be written.
    """
    design = read_design(folder)
    with RatingsFolder(folder, design.asks).locked():
        collection = read_collection(folder, design.asks)
        last = _last(collection.imports)
        if not last:
            raise RatingsError(f"{folder}: no import to take back")
        mine = collection.imports["import"] == str(last)
        after, undone = _without(collection, collection.imports[mine])
        write_collection(folder, replace(after, imports=collection.imports[~mine]), design)
    return undone


def _without(collection: Collection, lines: pd.DataFrame) -> tuple[Collection, Reversal]:
    keys = {kind: set(rows["key"]) for kind, rows in lines.groupby("kind")}
    ratings, completed = _uncompleted(collection.ratings, keys.get(COMPLETED, set()))
    ratings = ratings[~ratings["rating_id"].isin(keys.get("rating", ()))]
    new = keys.get("participant", set()) - set(ratings["participant_id"])
    people = collection.participants.drop(index=list(new), errors="ignore").copy()
    for detail in keys.get("detail", ()):
        participant, _, column = detail.partition(_APART)
        if participant in people.index and column in people.columns:
            people.loc[participant, column] = pd.NA
    withdrawn, submissions = _restored(collection.withdrawn, keys.get(WITHDRAWN, set()))
    after = replace(
        collection,
        ratings=ratings,
        participants=people,
        withdrawn=withdrawn,
        held_back=collection.held_back[~_text_keys(collection).isin(keys.get("text", ()))],
        released=collection.released[~collection.released["participant_id"].isin(new)],
        refused=collection.refused[~_refused_keys(collection).isin(keys.get("refused", ()))],
    )
    gone = Reversal(
        len(collection.ratings) - len(ratings),
        len(collection.participants) - len(people),
        len(collection.refused) - len(after.refused),
        submissions,
        completed,
    )
    return after, gone


def _completed(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """The ratings that were there and say more now, each with the cells that differ, as they were."""
    cells: dict[str, dict[str, object]] = {}
    for name, old in differing(before, after).items():
        for rating, cell in old.items():
            cells.setdefault(str(rating), {})[name] = _plain(cell)
    return [f"{rating}{_APART}{json.dumps(each, sort_keys=True)}" for rating, each in cells.items()]


def _plain(cell: Any) -> object:
    """A cell as JSON has it."""
    if pd.isna(cell):
        return None
    if isinstance(cell, pd.Timestamp):
        return cell.isoformat()
    return cell.item() if isinstance(cell, np.generic) else cell


def _uncompleted(ratings: pd.DataFrame, keys: set[str]) -> tuple[pd.DataFrame, int]:
    """The ratings without what an import added to those of others, and how many of them that were.

    Raises:
        FolderError: imports.csv is damaged.
    """
    before: dict[str, dict[str, object]] = {}
    for key in keys:
        rating, _, cells = key.partition(_APART)
        try:
            for name, cell in json.loads(cells).items():
                before.setdefault(name, {})[rating] = cell
        except (ValueError, AttributeError) as error:
            raise FolderError("ratings/imports.csv: damaged; put a copy in its place") from error
    columns = {}
    for name, old in before.items():
        if name in ratings:
            column = ratings[name].astype("boolean") if ratings[name].dtype == bool else ratings[name]
            there = ratings["rating_id"].isin(old)
            earlier = [old[rating] for rating in ratings["rating_id"][there]]
            columns[name] = column.mask(there, pd.Series(earlier, index=column.index[there], dtype=column.dtype))
    here = {rating for old in before.values() for rating in old} & set(ratings["rating_id"])
    return ratings.assign(**columns), len(here)


def _statuses(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Submissions that stand otherwise than before: participant, status before and after, "" for one that counts."""
    then, now = (dict(rows[records.WITHDRAWN].to_numpy().tolist()) for rows in (before, after))
    return [
        _APART.join((each, then.get(each, ""), now.get(each, "")))
        for each in dict.fromkeys((*then, *now))
        if then.get(each) != now.get(each)
    ]


def _restored(withdrawn: pd.DataFrame, keys: set[str]) -> tuple[pd.DataFrame, int]:
    """The people who stand outside without what an import said of them, and of how many it said something."""
    status: dict[str, str] = dict(withdrawn[records.WITHDRAWN].to_numpy().tolist())
    before = dict(withdrawn[records.WITHDRAWN].to_numpy().tolist())
    for key in keys:
        participant, then, now = key.split(_APART)
        if status.get(participant, "") == now:
            status[participant] = then
    rows = sorted((participant, each) for participant, each in status.items() if each)
    changed = sum(status[each] != before.get(each, "") for each in status)
    return pd.DataFrame(rows, columns=records.WITHDRAWN, dtype="str"), changed


def _details(before: Collection, after: Collection) -> list[str]:
    """The details that were not known of a known participant and are now."""
    both = before.participants.index.intersection(after.participants.index)
    told: list[str] = []
    for column in after.participants.columns.difference(list(_OF_OTHERS)):
        new = before.participants.loc[both, column].isna() & after.participants.loc[both, column].notna()
        told += [f"{participant}{_APART}{column}" for participant in both[new.to_numpy(bool)]]
    return told


def _refused_keys(collection: Collection) -> pd.Series:
    columns = [collection.refused[name].astype("str").fillna("") for name in collection.refused.columns]
    return columns[0].str.cat(pd.concat(columns[1:], axis=1), sep=_APART)


def _text_keys(collection: Collection) -> pd.Series:
    return (collection.held_back["participant_id"] + _APART + collection.held_back["question"]).astype("str")


def _new(before: pd.Series, after: pd.Series) -> list[str]:
    return list(dict.fromkeys(after[~after.isin(before)]))


def _last(imports: pd.DataFrame) -> int:
    numbers = pd.to_numeric(imports["import"], errors="coerce").dropna()
    return int(numbers.max()) if len(numbers) else 0
