"""The delete-one-batch jackknife of a figure that is a function of weights."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.inference.interval import (
    LEAST,
    PLAIN,
    UNDEFINED,
    Interval,
    Scale,
    _around,
    from_replicates,
    without_interval,
)
from analysis.inference.numbers import Numbers
from analysis.inference.units import Codes, independent, left_out

Statistic = Callable[[Numbers], Numbers]
"""A function from weights (r, n), how often each of n rows counts in each of r replicates, to values (r,)."""

_LEAST_EFFECTIVE = 2.0
"""Fewest effective batches for an interval: with fewer it would be wider than all that is possible."""

_MOST_WEIGHTS = 2_000_000
"""Weights that are in memory at a time, at most."""


def jackknife(
    statistic: Statistic,
    units: "npt.ArrayLike | pd.DataFrame | pd.Series",
    scale: Scale = PLAIN,
    null: float = np.nan,
    least: int = LEAST,
    weights: Numbers | None = None,
) -> Interval:
    """The interval of a statistic of n rows; every independent batch is left out once (see `limits`).

    units: (n,) or (n, k), columns of units whose rows depend on one another (see `independent`).
    scale: the one on which the statistic's error is nearly normal.
    null: the value whose p is asked for.
    least: fewest batches for an interval.
    weights: (n,), by which rows count in the statistic, where they differ between batches: the t distribution then has
        the degrees of freedom of the effective number of batches, (sum of w)^2 / (sum of w^2) of the batches' weights
        w, instead of their number; with fewer than two there is no interval.

    Source: L. Kish, "Survey Sampling" (1965), on the effective number.
    """
    groups = left_out(independent(units))
    estimate, g = float(statistic(np.ones((1, len(groups))))[0]), int(groups.max(initial=-1)) + 1
    if g < least:
        return without_interval(estimate, g)
    effective = float(g) if weights is None else _effective(groups, weights)
    if effective < _LEAST_EFFECTIVE:
        return without_interval(estimate, g)
    return from_replicates(estimate, _without(statistic, groups), scale, null, least, effective - 1)


def _effective(groups: Codes, weights: Numbers) -> float:
    of_groups = np.bincount(groups, weights)
    return float(of_groups.sum() ** 2 / (of_groups**2).sum())


def crossed(
    statistic: Statistic,
    units: "Sequence[npt.ArrayLike] | pd.DataFrame",
    scale: Scale = PLAIN,
    null: float = np.nan,
    least: int = LEAST,
) -> Interval:
    """The interval of a statistic of rows that are crossed: the same raters rate every image.

    units: two columns. The variances of leaving out one unit of each in turn are added, less that of leaving out what
    shares both, which is in each of them; what the column with more units adds is at least 0. The t distribution has
    the degrees of freedom of the column with the fewest units.

    Source: A. C. Cameron, J. B. Gelbach, D. L. Miller, "Robust inference with multiway clustering", Journal of Business
    and Economic Statistics 29 (2011).
    """
    columns = [units.iloc[:, place] for place in range(units.shape[1])] if isinstance(units, pd.DataFrame) else units
    few, many = sorted((independent(column) for column in columns), key=lambda codes: int(codes.max(initial=-1)))
    fewest = int(left_out(few).max(initial=-1)) + 1
    estimate = float(statistic(np.ones((1, len(few))))[0])
    if fewest < least:
        return without_interval(estimate, fewest)
    both = np.unique(np.stack([few, many]), axis=1, return_inverse=True)[1].ravel()
    with np.errstate(divide="ignore", invalid="ignore"):
        of_few, of_many, of_both = (_variance(statistic, left_out(codes), scale) for codes in (few, many, both))
        variance = of_few + max(of_many - of_both, 0.0)
        center = scale.forth(np.asarray(estimate, np.float64))
        low, high, p = (float(v) for v in _around(center, np.sqrt(variance), fewest - 1, scale, null))
    if not np.isfinite(low):
        return without_interval(estimate, fewest, UNDEFINED)
    return Interval(estimate, low, high, "crossed jackknife", fewest, p=p)


def _variance(statistic: Statistic, codes: Codes, scale: Scale) -> float:
    """The jackknife's variance of a statistic, on the scale, by leaving out one of these units after the other."""
    others = scale.forth(_without(statistic, codes))
    return float((len(others) - 1) / len(others) * ((others - others.mean()) ** 2).sum())


def stratified(
    statistic: Statistic,
    units: "npt.ArrayLike | pd.DataFrame | pd.Series",
    strata: npt.NDArray[np.bool_],
    least: int = LEAST,
) -> Interval:
    """The interval of a statistic of rows from two populations, such as batches that people rated and batches that
    nobody did: the variances of leaving out one batch of each in turn are added.

    units: as `jackknife` takes them. strata: (n,), the population of each row; a batch with a row where it is true
        counts as one of that population. The t distribution has the degrees of freedom of Satterthwaite.

    Source: J. Shao, D. Tu, "The Jackknife and Bootstrap" (1995), section 6.2.1; F. E. Satterthwaite, "An approximate
    distribution of estimates of variance components", Biometrics Bulletin 2 (1946).
    """
    batches = independent(units)
    estimate = float(statistic(np.ones((1, len(batches))))[0])
    one = np.isin(batches, batches[strata])
    counts, variances = [], []
    for rows in (one, ~one):
        codes = np.full(len(batches), -1)  # rows of the other population stay
        codes[rows] = left_out(np.unique(batches[rows], return_inverse=True)[1])
        others = _without(statistic, codes)
        g = len(others)
        counts.append(g)
        variances.append((g - 1) / g * float(((others - others.mean()) ** 2).sum()) if g >= least else np.nan)
    if min(counts) < least:
        return without_interval(estimate, min(counts))
    if not sum(variances):
        return without_interval(estimate, min(counts), "the same without each of the batches: no interval")
    freedom = sum(variances) ** 2 / sum(variance**2 / (g - 1) for variance, g in zip(variances, counts, strict=True))
    limits = _around(np.asarray(estimate), np.sqrt(sum(variances)), freedom, PLAIN, np.nan)
    low, high = float(limits[0]), float(limits[1])
    if not np.isfinite(low):
        return without_interval(estimate, min(counts), "not defined without one of the batches: no interval")
    return Interval(estimate, low, high, "stratified jackknife", sum(counts))


def _without(statistic: Statistic, groups: Codes) -> Numbers:
    """The statistic without each group, (g,)."""
    g = int(groups.max(initial=-1)) + 1
    step = max(1, _MOST_WEIGHTS // max(len(groups), 1))
    parts = []
    for start in range(0, g, step):
        out = np.arange(start, min(start + step, g))
        parts.append(statistic((groups[None, :] != out[:, None]).astype(np.float64)))
    return np.concatenate(parts) if parts else np.empty(0)
