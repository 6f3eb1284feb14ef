"""Controversial pairs: which of two models people side with, and how far apart models are on them."""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MissingDataError
from analysis.frames import Numbers, Table
from analysis.inference import Interval, jackknife, rate
from analysis.studies.verification import data

KIND, RANDOM = "controversial", "negative"
"""The sample kind whose pairs tell models apart; the one whose pairs are of faces drawn at random."""


def controversial(pairs: Table, ratings: Table | None = None) -> pd.DataFrame:
    """The model that people side with where two models disagree about a controversial pair, a row per direction.

    Columns: accepts, rejects (recognizers, by their decisions), n (rated pairs), side (share of people's answers that
    are those of the one that accepts, each pair counting once), low, high, interval (of side: how it was made, or why
    there is none), sided_with (the recognizer whose answers more than half are, by the interval; else ""), ceiling (how
    often a person says what most others say of the pair: what an answer agrees with at best; NaN where no pair has two
    answers), reason.

    Raises:
        MissingDataError: there are no ratings, no rated controversial pairs, or no two recognizers.
    """
    rated_pairs = data.with_answers(pairs, ratings)
    rows = rated_pairs[(rated_pairs["kind"] == KIND) & rated_pairs["identity_rate"].notna()]
    names = data.recognizers(rated_pairs)
    if rows.empty or len(names) < 2:
        raise MissingDataError(f"the dataset has no rated {KIND} pairs of two recognizers")
    return pd.DataFrame([_side(rows, *direction) for direction in itertools.permutations(names, 2)])


def model_spread(pairs: Table, ratings: Table | None = None) -> pd.DataFrame:
    """The spread of the accuracies of models, on random and on controversial pairs, and on each side of the latter.

    An accuracy is the share of people's answers that the model gives, each pair counting once; pairs that a model did
    not acquire are left out for all.

    Columns: pairs ("random": negatives; "controversial"; "controversial, NAME accepts"), n, per recognizer
    `<name>_accuracy`, variance (between the recognizers, ddof 1), low, high, interval (of the variance), reason.

    Raises:
        MissingDataError: as `controversial`.
    """
    rated_pairs = data.with_answers(pairs, ratings)
    names = data.recognizers(rated_pairs)
    kind = rated_pairs["kind"].astype("str")
    if not (kind == KIND).any() or len(names) < 2:
        raise MissingDataError(f"the dataset has no rated {KIND} pairs of two recognizers")
    mask = np.logical_and.reduce(
        [rated_pairs[each].notna() for each in ("identity_rate", *(f"{name}_accept" for name in names))]
    )
    chosen = {"random": mask & (kind == RANDOM), KIND: mask & (kind == KIND)}
    for name in names:
        chosen[f"{KIND}, {name} accepts"] = chosen[KIND] & rated_pairs[f"{name}_accept"].eq(True).fillna(False)
    return pd.DataFrame([{"pairs": label} | _spread(rated_pairs[rows], names) for label, rows in chosen.items()])


def _side(rows: pd.DataFrame, accepts: str, rejects: str) -> dict[str, Any]:
    told = rows[f"{accepts}_accept"].eq(True).fillna(False) & rows[f"{rejects}_accept"].eq(False).fillna(False)
    apart = rows[told]
    side = rate(apart["identity_rate"].to_numpy(np.float64), apart[list(data.UNIT_COLUMNS)])
    sided_with = accepts if side.low > 0.5 else rejects if side.high < 0.5 else ""
    return {
        "accepts": accepts,
        "rejects": rejects,
        "n": len(apart),
        "side": side.estimate,
        **side.columns(),
        "sided_with": sided_with,
        "ceiling": ceiling(apart["identity_rate"].to_numpy(np.float64), apart["n_identity"].to_numpy(np.float64)),
        "reason": "" if len(apart) else f"there is no pair that {accepts} accepts and {rejects} rejects",
    }


def ceiling(share: Numbers, n: Numbers) -> float:
    """The share in which a person's yes or no is what most of the other people say of the pair; half where as many say
    each.

    share: (pairs,), of the answers that are yes. n: (pairs,), answers. Each pair counts once; NaN where none has two.
    """
    several = n >= 2
    n, yes = n[several], np.round(share[several] * n[several])
    if not len(n):
        return np.nan
    agree_yes = 0.5 + 0.5 * np.sign(2 * (yes - 1) - (n - 1))
    agree_no = 0.5 + 0.5 * np.sign(2 * (n - yes - 1) - (n - 1))
    return float(np.mean((yes * agree_yes + (n - yes) * agree_no) / n))


def _spread(rows: pd.DataFrame, names: list[str]) -> dict[str, Any]:
    people = rows["identity_rate"].to_numpy(np.float64)
    if rows.empty:
        unknown = dict.fromkeys([*(f"{name}_accuracy" for name in names), "variance", "low", "high"], np.nan)
        return {"n": 0} | unknown | {"interval": "none", "reason": "there is no such pair"}
    accepts = np.stack([rows[f"{name}_accept"].fillna(False).to_numpy(bool) for name in names], axis=1)
    agreement = np.where(accepts, people[:, None], 1 - people[:, None])
    interval = _variance(agreement, rows[list(data.UNIT_COLUMNS)])
    return {
        "n": len(rows),
        **{f"{name}_accuracy": float(value) for name, value in zip(names, agreement.mean(axis=0), strict=True)},
        "variance": interval.estimate,
        **replace(interval, low=float(np.maximum(interval.low, 0))).columns(),
        "reason": "",
    }


def _variance(agreement: Numbers, units: pd.DataFrame) -> Interval:
    """given: (n, models), the share of a pair's answers that each model gives."""

    def statistic(weights: Numbers) -> Numbers:
        with np.errstate(invalid="ignore", divide="ignore"):
            accuracies = weights @ agreement / weights.sum(axis=1, keepdims=True)
        return np.asarray(accuracies.var(axis=1, ddof=1), np.float64)

    return jackknife(statistic, units)
