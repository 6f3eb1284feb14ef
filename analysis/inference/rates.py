"""Intervals of rates whose rows depend on one another."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from analysis.inference.interval import CONFIDENCE, LEAST, LOGIT, UNDEFINED, Interval, limits, without_interval
from analysis.inference.numbers import Numbers
from analysis.inference.units import columns_of, independent, left_out

NEAR = 0.1
"""A rate below it, or above 1 less it, has an interval of another kind: the jackknife's is too narrow there."""

CONSERVATIVE = "conservative"


def rate(
    values: Numbers,
    units: "npt.ArrayLike | pd.DataFrame | pd.Series",
    weights: Numbers | None = None,
    least: int = LEAST,
) -> Interval:
    """The interval of the mean of n values between 0 and 1, such as decisions or shares of answers.

    values: (n,). weights: (n,), how much each row counts; 1 where they are left out.
    units: (n,) or (n, k), columns of units whose rows depend on one another (see `independent`).
    least: fewest batches for an interval.

    See `rate_limits`. The estimate is NaN where there are no rows.
    """
    weights = np.ones(len(values)) if weights is None else weights
    if not weights.sum() > 0:
        return without_interval(np.nan, 0, "no such row")
    batches = left_out(independent(units))
    g = int(batches.max()) + 1
    per_batch = [np.bincount(batches, counted, g).astype(np.float64) for counted in (weights * values, weights)]
    successes, total = (counted[per_batch[1] > 0] for counted in per_batch)
    estimate = float(successes.sum() / total.sum())
    if len(total) < least:
        return without_interval(estimate, len(total))
    low, high, near = rate_limits(successes, total, _distinct(units))
    return _interval(estimate, (float(low), float(high)), len(total), near=bool(near))


def rate_limits(successes: Numbers, total: Numbers, finest: float) -> tuple[Numbers, Numbers, npt.NDArray[np.bool_]]:
    """Low and high of many rates at once, (...,), and whether they are near 0 or 1, where the interval is conservative.

    successes, total: (..., g), of each of g independent batches, with rows in each of them.
    finest: of how many units the rows are, where the finest of the units are counted.

    See `share_limits`.
    """
    yes, n = successes.sum(axis=-1), total.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        without = (yes[..., None] - successes) / (n[..., None] - total)
    return share_limits(yes / n, without, n, finest)


def rate_from_replicates(estimate: float, without: Numbers, n: float, finest: float, least: int = LEAST) -> Interval:
    """The interval of a share that is no plain mean of rows, from what it is without each of g independent batches.

    without: (g,). n: rows that the share is of. finest: of how many units these rows are, where the finest of the units
        are counted.

    See `share_limits`.
    """
    if not np.isfinite(estimate) or len(without) < least:
        return without_interval(estimate, len(without))
    if not np.isfinite(without).all():
        return without_interval(estimate, len(without), UNDEFINED)
    low, high, near = share_limits(np.asarray(estimate, np.float64), without, np.asarray(n, np.float64), finest)
    return _interval(estimate, (float(low), float(high)), len(without), near=bool(near))


def share_limits(
    estimate: Numbers, without: Numbers, n: Numbers, finest: float
) -> tuple[Numbers, Numbers, npt.NDArray[np.bool_]]:
    """Low and high of many shares at once, (...,), and whether they are near 0 or 1, where these are conservative.

    estimate: (...,), of n rows. without: (..., g), each share without one of g independent batches.
    finest: of how many units the rows are, where the finest of the units are counted.

    Between 0.1 and 0.9, the delete-one-batch jackknife with Student's t on the logit. Nearer to 0 or 1, Clopper and
    Pearson's interval for as many independent rows as would have the jackknife's variance, fewer for its degrees of
    freedom: it covers at least 95 %. Where all rows say the same there is no variance, and each of the finest units
    counts as one row.

    Source: E. L. Korn, B. I. Graubard, "Confidence intervals for proportions with small expected number of positive
    counts estimated from survey data", Survey Methodology 24 (1998).
    """
    g = without.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high, _ = limits(estimate, without, LOGIT)
        variance = (g - 1) / g * ((without - without.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
        effective = np.where(variance > 0, estimate * (1 - estimate) / variance, finest)
    fewer = (stats.norm.ppf((1 + CONFIDENCE) / 2) / stats.t.ppf((1 + CONFIDENCE) / 2, g - 1)) ** 2
    exact = clopper_pearson(estimate, np.minimum(effective * fewer, n))
    near = (estimate < NEAR) | (estimate > 1 - NEAR) | ~np.isfinite(low)
    return np.where(near, exact[0], low), np.where(near, exact[1], high), near


def clopper_pearson(share: Numbers, n: Numbers) -> tuple[Numbers, Numbers]:
    """Clopper and Pearson's interval of `share` of n rows (...,), n being any number above 0."""
    yes, no, tail = share * n, n - share * n, (1 - CONFIDENCE) / 2
    low = np.where(yes > 0, stats.beta.ppf(tail, np.where(yes > 0, yes, 1), no + 1), 0)
    high = np.where(no > 0, stats.beta.ppf(1 - tail, yes + 1, np.where(no > 0, no, 1)), 1)
    return low, high


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Wilson's score interval of `successes` of `n` independent trials; NaN for n = 0."""
    if n <= 0:
        return np.nan, np.nan
    low, high = proportion_confint(successes, n, alpha=1 - CONFIDENCE, method="wilson")
    return float(low), float(high)


def _interval(estimate: float, ends: tuple[float, float], n: int, *, near: bool) -> Interval:
    method = "Korn and Graubard's interval" if near else "jackknife"
    return Interval(estimate, *ends, method, n, CONSERVATIVE if near else "")


def _distinct(units: "npt.ArrayLike | pd.DataFrame | pd.Series") -> int:
    """The number of units of the finest column."""
    return max(len(pd.unique(column)) for column in columns_of(units))
