"""Calibration: the share of people who say yes at each score of a model."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import special
from sklearn.isotonic import IsotonicRegression
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from analysis.errors import MissingDataError
from analysis.frames import Numbers
from analysis.inference import from_replicates, independent, left_out, together, without_interval
from analysis.inference import rate as rate_interval

BINS = 10


def calibration(
    items: pd.DataFrame, *, scores: Mapping[str, str], rate: str, answers: str, units: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A model's score of an item against the share of people who say yes to a question about it, for each model.

    items: a row per item.
    scores: the column with each model's score; the larger it is, the fewer say yes.
    rate: the column with the share of yes, 0 to 1; NaN where nobody answered.
    answers: the column with the number of answers to this question.
    units: the columns with the units of dependence, for intervals (see `analysis.inference`).

    Returns:
        In up to ten bins with as many items each: model, from, to (scores, inclusive), n (items), score_mean, rate
        (mean of the items'), low, high, interval (how it was made, or why there is none; the bins' edges count as
        fixed), logistic and isotonic (the two fits at score_mean). And the logistic fit, each answer counting once:
        model, n (items), n_answers, intercept, slope (log odds, per unit of the score), half (the score at which half
        of the people say yes), brier (of single answers), reason (why the fit is NaN), slope_low, slope_high, half_low,
        half_high, interval (how these were made, or why there are none).

    Raises:
        MissingDataError: no item has both a score and an answer.
    """
    bins, fits = [], []
    for name, column in scores.items():
        with_answers = items[items[column].notna() & items[rate].notna()]
        if len(with_answers):
            columns = {"score": column, "rate": rate, "answers": answers}
            scored = pd.DataFrame({short: with_answers[long] for short, long in columns.items()})
            fit = _logistic(scored)
            fits.append({"model": name} | fit | _intervals(scored, with_answers[list(units)], fit))
            bins.append(_binned(scored, with_answers[list(units)], fit).assign(model=name))
    if not fits:
        raise MissingDataError(f"no item has both a score and an answer ({rate})")
    table = pd.concat(bins, ignore_index=True)
    return table[["model", *table.columns.drop("model")]], pd.DataFrame(fits)


def _columns(scored: pd.DataFrame) -> tuple[Numbers, Numbers, Numbers]:
    score, rate, n = (scored[name].to_numpy(np.float64) for name in ("score", "rate", "answers"))
    return score, rate, n


def _binned(scored: pd.DataFrame, units: pd.DataFrame, fit: dict[str, Any]) -> pd.DataFrame:
    score, rate, n = _columns(scored)
    isotonic = IsotonicRegression(increasing=False, out_of_bounds="clip").fit(score, rate, sample_weight=n)
    rows = []
    for _, cell in scored.groupby(pd.qcut(scored["score"], BINS, labels=False, duplicates="drop"), dropna=False):
        interval = rate_interval(cell["rate"].to_numpy(np.float64), units.loc[cell.index])
        row: dict[str, Any] = {"from": cell["score"].min(), "to": cell["score"].max(), "n": len(cell)}
        row |= {"score_mean": cell["score"].mean(), "rate": cell["rate"].mean()}
        rows.append(row | interval.columns())
    table = pd.DataFrame(rows)
    middle = table["score_mean"].to_numpy(np.float64)
    logistic = special.expit(fit["intercept"] + fit["slope"] * middle)
    return table.assign(logistic=logistic, isotonic=isotonic.predict(middle))


def _logistic(scored: pd.DataFrame) -> dict[str, Any]:
    score, rate, n = _columns(scored)
    row: dict[str, Any] = {"n": len(scored), "n_answers": int(n.sum())}
    unknown = dict.fromkeys(("intercept", "slope", "half", "brier"), np.nan)
    if np.ptp(score) == 0 or np.all(rate == 0) or np.all(rate == 1):
        return row | unknown | {"reason": "the score, or the answer, is the same of all items"}
    if _separated(score, rate):
        return row | unknown | {"reason": "one score parts all answers"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)  # also given for a fit that is only very good
        model = sm.GLM(rate, sm.add_constant(score), family=sm.families.Binomial(), var_weights=n)
        intercept, slope = (float(value) for value in model.fit().params)
    p = special.expit(intercept + slope * score)
    brier = float(np.average(p**2 - 2 * p * rate + rate, weights=n))
    half = -intercept / slope if slope else np.nan
    return row | {"intercept": intercept, "slope": slope, "half": half, "brier": brier, "reason": ""}


def _intervals(scored: pd.DataFrame, units: pd.DataFrame, fit: dict[str, Any]) -> dict[str, Any]:
    """The intervals of slope and half: the fit is made again without each batch."""
    names = ("slope", "half")
    if fit["reason"]:
        intervals = {name: without_interval(np.nan, 0, "no fit") for name in names}
    else:
        batches = left_out(independent(units))
        fits = [_logistic(scored[batches != batch]) for batch in range(int(batches.max()) + 1)] if batches.max() else []
        intervals = {name: from_replicates(fit[name], np.array([each[name] for each in fits])) for name in names}
    columns = {f"{name}_{end}": getattr(intervals[name], end) for name in names for end in ("low", "high")}
    return columns | {"interval": together(**intervals)}


def _separated(score: Numbers, rate: Numbers) -> bool:
    """Whether every yes lies on one side of every no: then no logistic fit is finite."""
    yes, no = score[rate > 0], score[rate < 1]
    return bool(yes.max() <= no.min() or no.max() <= yes.min())
