"""What a distance means: the share of people who see one identity at it."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import special
from sklearn.isotonic import IsotonicRegression
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from analysis import frames
from analysis.errors import MissingDataError
from analysis.frames import Numbers, Table
from analysis.inference import weighted_mean
from analysis.intervals import bootstrap

BINS = 10


def calibration(pairs: Table, ratings: Table | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Distance against identity rate, for each recognizer.

    Returns:
        In up to ten bins with as many pairs each: recognizer, from, to (distances, inclusive), n (pairs),
        distance_mean, identity_rate (mean of the pairs'), low, high (bootstrap over bases), logistic and isotonic (the
        two fits at distance_mean). And the logistic fit, each answer counting once: recognizer, n (pairs), n_answers,
        intercept, slope (log odds, per unit of distance), half_distance (where half of the people see one identity),
        brier (of single answers), reason (why it is NaN).

    Raises:
        MissingDataError: there are no ratings of identity on acquired pairs.
    """
    rated = frames.rated(pairs, ratings)
    bins, fits = [], []
    for name in frames.recognizers(rated):
        acquired = rated[rated[f"{name}_distance"].notna() & rated["identity_rate"].notna()]
        if len(acquired):
            fit = _logistic(acquired, f"{name}_distance")
            fits.append({"recognizer": name} | fit)
            bins.append(_binned(acquired, f"{name}_distance", fit).assign(recognizer=name))
    if not fits:
        raise MissingDataError("no pair has both a distance and a rating of identity")
    table = pd.concat(bins, ignore_index=True)
    return table[["recognizer", *table.columns.drop("recognizer")]], pd.DataFrame(fits)


def _binned(acquired: pd.DataFrame, column: str, fit: dict[str, Any]) -> pd.DataFrame:
    distance, rate, n = (acquired[name].to_numpy(np.float64) for name in (column, "identity_rate", "n_identity"))
    isotonic = IsotonicRegression(increasing=False, out_of_bounds="clip").fit(distance, rate, sample_weight=n)
    rows = []
    for _, cell in acquired.groupby(pd.qcut(acquired[column], BINS, labels=False, duplicates="drop"), dropna=False):
        low, high = bootstrap(weighted_mean(cell["identity_rate"].to_numpy(np.float64)), cell["base_id"])
        rows.append(
            {
                "from": cell[column].min(),
                "to": cell[column].max(),
                "n": len(cell),
                "distance_mean": cell[column].mean(),
                "identity_rate": cell["identity_rate"].mean(),
                "low": low,
                "high": high,
            }
        )
    table = pd.DataFrame(rows)
    middle = table["distance_mean"].to_numpy(np.float64)
    return table.assign(
        logistic=special.expit(fit["intercept"] + fit["slope"] * middle), isotonic=isotonic.predict(middle)
    )


def _logistic(acquired: pd.DataFrame, column: str) -> dict[str, Any]:
    distance, rate, n = (acquired[name].to_numpy(np.float64) for name in (column, "identity_rate", "n_identity"))
    row: dict[str, Any] = {"n": len(acquired), "n_answers": int(n.sum())}
    unknown = dict.fromkeys(("intercept", "slope", "half_distance", "brier"), np.nan)
    if np.ptp(distance) == 0 or np.all(rate == 0) or np.all(rate == 1):
        return row | unknown | {"reason": "distance or identity rate is the same in all pairs"}
    if _separated(distance, rate):
        return row | unknown | {"reason": "one distance parts all answers"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)  # also given for a fit that is only very good
        model = sm.GLM(rate, sm.add_constant(distance), family=sm.families.Binomial(), var_weights=n)
        intercept, slope = (float(value) for value in model.fit().params)
    p = special.expit(intercept + slope * distance)
    brier = float(np.average(p**2 - 2 * p * rate + rate, weights=n))
    half = -intercept / slope if slope else np.nan
    return row | {"intercept": intercept, "slope": slope, "half_distance": half, "brier": brier, "reason": ""}


def _separated(distance: Numbers, rate: Numbers) -> bool:
    """Whether every "same" lies on one side of every "different": then no logistic fit is finite."""
    same, different = distance[rate > 0], distance[rate < 1]
    return bool(same.max() <= different.min() or different.max() <= same.min())
