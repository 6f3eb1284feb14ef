"""How large a study is: its items and units, who answered, and how often each item was."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd


def overview(
    items: pd.DataFrame,
    ratings: pd.DataFrame,
    *,
    key: str,
    item: str,
    questions: Sequence[str],
    units: Mapping[str, str],
) -> pd.DataFrame:
    """Counts of a study, whole and by item, by participant and by unit.

    items: a row per item, with its id in the column `key`.
    ratings: a row per answer of a participant, with the columns `key`, `participant_id` and the questions; may be
        empty.
    item: what an item is called, in the plural.
    questions: columns of `ratings`.
    units: from what a unit is called, in the plural, to its column in `items`.

    Columns: figure ("batches", "ratings", "ratings by pair" ...), n (in all, or how many of them the others are of),
    least, median, most (NaN where the figure is a count of all).
    """
    ratings = ratings[ratings[key].isin(items[key])]
    by_item = ratings.groupby(key).size().reindex(items[key], fill_value=0)
    by_person = ratings.groupby("participant_id").size()
    rows = [_count(name, items[column].nunique()) for name, column in units.items()]
    rows += [
        _count(item, items[key].nunique()),
        _count("participants", len(by_person)),
        _count("ratings", len(ratings)),
    ]
    rows += [_count(f"answers on {question}", ratings[question].notna().sum()) for question in questions]
    if len(ratings):
        rows.append(_spread(f"ratings of each of the {item}", by_item))
        rows.append(_spread("ratings by each participant", by_person))
    for name, column in units.items():
        rows.append(_spread(f"{item} of each of the {name}", items.groupby(column).size()))
    return pd.DataFrame(rows)


def _count(figure: str, n: int) -> dict[str, Any]:
    return {"figure": figure, "n": int(n), "least": np.nan, "median": np.nan, "most": np.nan}


def _spread(figure: str, counts: "pd.Series[int]") -> dict[str, Any]:
    spread = {"least": float(counts.min()), "median": float(counts.median()), "most": float(counts.max())}
    return {"figure": figure, "n": len(counts)} | spread
