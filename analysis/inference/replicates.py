"""The delete-one-batch jackknife of a figure that is a function of weights."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.inference.interval import LEAST, PLAIN, Interval, Scale, _around, from_replicates, without_interval
from analysis.inference.numbers import Numbers
from analysis.inference.units import Codes, independent, left_out

Statistic = Callable[[Numbers], Numbers]
"""A function from weights (r, n), how often each of n rows counts in each of r replicates, to values (r,)."""

_MOST_WEIGHTS = 2_000_000
"""Weights that are in memory at a time, at most."""


def jackknife(
    statistic: Statistic,
    units: "npt.ArrayLike | pd.DataFrame | pd.Series",
    scale: Scale = PLAIN,
    null: float = np.nan,
    least: int = LEAST,
) -> Interval:
    """The interval of a statistic of n rows; every independent batch is left out once (see `limits`).

    units: (n,) or (n, k), columns of units whose rows depend on one another (see `independent`).
    scale: the one on which the statistic's error is nearly normal.
    null: the value whose p is asked for.
    least: fewest batches for an interval.
    """
    groups = left_out(independent(units))
    estimate, g = float(statistic(np.ones((1, len(groups))))[0]), int(groups.max(initial=-1)) + 1
    if g < least:
        return without_interval(estimate, g)
    return from_replicates(estimate, _without(statistic, groups), scale, null, least)


def crossed(
    statistic: Statistic,
    units: "Sequence[npt.ArrayLike] | pd.DataFrame",
    scale: Scale = PLAIN,
    null: float = np.nan,
    least: int = LEAST,
) -> Interval:
    """The interval of a statistic of rows that are crossed: the same raters rate every image.

    The variances of leaving out one unit of each column in turn are added, as the pigeonhole bootstrap does in
    expectation: what belongs to a single row counts more than once, so that the interval is a bit too wide. The t
    distribution has the degrees of freedom of the column with the fewest units.

    Source: A. B. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1 (2007).
    """
    columns = [units.iloc[:, place] for place in range(units.shape[1])] if isinstance(units, pd.DataFrame) else units
    coded = [left_out(independent(column)) for column in columns]
    fewest = min(int(codes.max(initial=-1)) + 1 for codes in coded)
    estimate = float(statistic(np.ones((1, len(coded[0]))))[0])
    if fewest < least:
        return without_interval(estimate, fewest)
    variance = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        for codes in coded:
            others = scale.forth(_without(statistic, codes))
            variance += float((len(others) - 1) / len(others) * ((others - others.mean()) ** 2).sum())
        center = scale.forth(np.asarray(estimate, np.float64))
        low, high, p = (float(v) for v in _around(center, np.sqrt(variance), fewest - 1, scale, null))
    if not np.isfinite(low):
        return without_interval(estimate, fewest, "not defined without one of the batches: no interval")
    return Interval(estimate, low, high, "crossed jackknife", fewest, p=p)


def _without(statistic: Statistic, groups: Codes) -> Numbers:
    """The statistic without each group, (g,)."""
    g = int(groups.max(initial=-1)) + 1
    step = max(1, _MOST_WEIGHTS // max(len(groups), 1))
    parts = []
    for start in range(0, g, step):
        out = np.arange(start, min(start + step, g))
        parts.append(statistic((groups[None, :] != out[:, None]).astype(np.float64)))
    return np.concatenate(parts) if parts else np.empty(0)
