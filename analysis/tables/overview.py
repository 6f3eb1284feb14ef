"""The size of a study: its items and units, who answered, and how often each item was rated."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.tables.answers import Answers


def overview(answers: Answers) -> pd.DataFrame:
    """Counts of a study, whole and by item, by participant and by unit of dependence.

    Columns: figure ("batches", "ratings", "ratings by pair" ...), n (in all, or how many of them the others are of),
    least, median, most (NaN where the figure is a count of all).
    """
    items, key, item = answers.items, answers.key, answers.item.plural
    ratings = answers.ratings[answers.ratings[key].isin(items[key])]
    by_item = ratings.groupby(key).size().reindex(items[key], fill_value=0)
    by_person = ratings.groupby("participant_id").size()
    rows = [_count(name, items[column].nunique()) for name, column in answers.clusters.items()]
    rows += [
        _count(item, items[key].nunique()),
        _count("participants", len(by_person)),
        _count("ratings", len(ratings)),
    ]
    questions = [question.name for question in answers.questions]
    rows += [_count(f"answers on {question}", ratings[question].notna().sum()) for question in questions]
    if len(ratings):
        rows.append(_spread(f"ratings of each of the {item}", by_item))
        rows.append(_spread("ratings by each participant", by_person))
    for name, column in answers.clusters.items():
        rows.append(_spread(f"{item} of each of the {name}", items.groupby(column).size()))
    return pd.DataFrame(rows)


def _count(figure: str, n: int) -> dict[str, Any]:
    return {"figure": figure, "n": int(n), "least": np.nan, "median": np.nan, "most": np.nan}


def _spread(figure: str, counts: "pd.Series[int]") -> dict[str, Any]:
    spread = {"least": float(counts.min()), "median": float(counts.median()), "most": float(counts.max())}
    return {"figure": figure, "n": len(counts)} | spread
