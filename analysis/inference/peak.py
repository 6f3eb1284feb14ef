"""The interval of where a curve peaks."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.inference.interval import CONFIDENCE, LEAST, Interval, without_interval
from analysis.inference.numbers import Numbers
from analysis.inference.rates import CONSERVATIVE
from analysis.inference.units import independent, left_out


def peak(
    places: Numbers,
    curve: Callable[[Numbers], Numbers],
    units: "npt.ArrayLike | pd.DataFrame | pd.Series",
    least: int = LEAST,
) -> Interval:
    """The place where a curve of n rows is highest, and the places between which the true peak may be.

    places: (c,), NaN for one that is none (it may be the peak, and belongs to no interval).
    curve: from weights (r, n) to heights (r, c), each a mean over the rows.
    units: (n,) or (n, k), columns of units whose rows depend on one another (see `independent`).

    The place of a peak jumps from row to row, so that no resampling of it holds. A place is left out of the interval
    where the curve is below its peak by more than the one-sided 95 % limit of Student's t, the difference's error being
    the delete-one-batch jackknife's. What is left covers more than 95 %, for the peak is where the curve looks highest.
    """
    groups = left_out(independent(units))
    g = int(groups.max(initial=-1)) + 1
    height = curve(np.ones((1, len(groups))))[0]
    top = int(np.argmax(height))
    estimate = float(places[top])
    if g < least:
        return without_interval(estimate, g)
    without = curve((groups[None, :] != np.arange(g)[:, None]).astype(np.float64))
    below = without[:, [top]] - without
    error = np.sqrt((g - 1) / g * ((below - below.mean(axis=0)) ** 2).sum(axis=0))
    as_high = height[top] - height <= stats.t.ppf(CONFIDENCE, g - 1) * error + 1e-12
    possible = places[as_high & np.isfinite(places)]
    if not np.isfinite(estimate) or not len(possible):
        return without_interval(estimate, g, "the peak is at no place")
    return Interval(estimate, float(possible.min()), float(possible.max()), "one-sided t tests", g, CONSERVATIVE)
