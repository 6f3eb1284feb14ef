"""People's answers about images, beside what the classifier is sure of."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from analysis.inference import jackknife, rate, together, weighted_mean
from analysis.studies.counterfeits.data import ALL, NOTHING, Counterfeits, cells
from analysis.tables.answers import Answers

BOUNDS = (0.0, 0.9, 0.99, 0.999, 1.0)
"""Bounds of the classifier's confidence, between which answers are counted apart."""

SHARES = {"as_classifier": "of people say what the classifier says", "nothing": "see none of the classes"}


def seen(of: Counterfeits, answers: Answers) -> pd.DataFrame:
    """The shares of people's answers by kind and round; over all images, by the classifier's class, and by its
    confidence.

    Counterfeits of generators that did not converge are left out. Columns: kind, round, class, confidence (a range;
    both "all" where answers are not told apart by it), n_items, n (answers), confidence_mean, as_classifier, nothing,
    another (shares that add up to 1), certainty (mean, 0 to 100), low and high of all but another, interval.

    Raises:
        MissingDataError: nobody answered.
    """
    joined = answers.joined()
    about = of.shown[[of.key, "round", "class", "confidence"]]
    rows = joined[joined["choice"].notna()].merge(about, on=of.key)
    rows["range"] = pd.cut(rows["confidence"], list(BOUNDS), right=False, include_lowest=True, labels=_names())
    rows["range"] = rows["range"].astype("object").where(rows["confidence"] < BOUNDS[-1], _names()[-1])
    rows["as_classifier"] = (rows["choice"] == rows["class"]).astype(np.float64)
    rows["nothing"] = ((rows["choice"] == NOTHING) & (rows["choice"] != rows["class"])).astype(np.float64)
    lines = [_row(of.key, {**head, "confidence": ALL}, cell) for head, cell in cells(rows, "class")]
    lines += [
        _row(of.key, {**head, "class": ALL, "confidence": head["range"]}, cell)
        for head, cell in cells(rows, "range")
        if head["range"] != ALL
    ]
    return pd.DataFrame(lines).drop(columns="range", errors="ignore")


def _names() -> list[str]:
    return [f"below {high:g}" if low == 0 else f"{low:g} to {high:g}" for low, high in pairwise(BOUNDS)]


def _row(key: str, head: dict[str, Any], cell: pd.DataFrame) -> dict[str, Any]:
    units = cell["unit"]
    intervals = {name: rate(cell[name].to_numpy(np.float64), units) for name in SHARES}
    mask = cell["certainty"].notna()
    certainty = cell.loc[mask, "certainty"].to_numpy(np.float64)
    sure = jackknife(weighted_mean(certainty), units[mask])
    row = head | {
        "n_items": int(cell[key].nunique()),
        "n": len(cell),
        "confidence_mean": float(cell.drop_duplicates(key)["confidence"].mean()),
    }
    for name, interval in intervals.items():
        row |= {name: interval.estimate, f"{name}_low": interval.low, f"{name}_high": interval.high}
    row["another"] = 1 - sum(interval.estimate for interval in intervals.values())
    row |= {"certainty": sure.estimate, "certainty_low": sure.low, "certainty_high": sure.high}
    return row | {"interval": together(**intervals, certainty=sure)}
