"""The distance between the means of several groups: the largest less the smallest."""

import itertools

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.inference.interval import CONFIDENCE, LEAST, Interval, without_interval
from analysis.inference.numbers import Numbers
from analysis.inference.rates import CONSERVATIVE
from analysis.inference.units import Codes, independent, left_out

PERMUTATIONS = 999
SEED = 0


def spread(
    values: Numbers, groups: Codes, units: "npt.ArrayLike | pd.DataFrame | pd.Series", least: int = LEAST
) -> Interval:
    """The largest less the smallest of the means of groups, and between which bounds the true one is.

    values: (n,). groups: (n,) codes from 0, each with rows. units: (n,) or (n, k), see `independent`.

    The largest of several means is too large by chance alone, so that an interval around this figure would be wrong.
    The difference of every two groups has a delete-one-batch jackknife interval, all of them together 95 % by
    Bonferroni's inequality; the true spread is at least the largest lower and at most the largest upper bound. With
    more than two groups it covers more than 95 %, and is marked conservative.
    """
    batches = left_out(independent(units))
    g, k = int(batches.max(initial=-1)) + 1, int(groups.max(initial=-1)) + 1
    total, summed = (_table(counted, groups, batches, k, g) for counted in (np.ones(len(values)), values))
    means = summed.sum(axis=1) / total.sum(axis=1)
    estimate = float(means.max() - means.min())
    if g < least:
        return without_interval(estimate, g)
    with np.errstate(divide="ignore", invalid="ignore"):
        without = (summed.sum(axis=1, keepdims=True) - summed) / (total.sum(axis=1, keepdims=True) - total)
    couples = np.array(list(itertools.combinations(range(k), 2)))
    difference = means[couples[:, 0]] - means[couples[:, 1]]
    others = without[couples[:, 0]] - without[couples[:, 1]]
    error = np.sqrt((g - 1) / g * ((others - others.mean(axis=1, keepdims=True)) ** 2).sum(axis=1))
    if not np.isfinite(error).all():
        return without_interval(estimate, g, "a group is in one batch alone: no interval")
    reach = stats.t.ppf(1 - (1 - CONFIDENCE) / (2 * len(couples)), g - 1) * error
    low, high = max(0.0, float((np.abs(difference) - reach).max())), float((np.abs(difference) + reach).max())
    return Interval(estimate, low, high, "Bonferroni's jackknife", g, CONSERVATIVE if len(couples) > 1 else "")


def chance_spread(values: Numbers, groups: Codes, keys: Codes, strata: Codes) -> tuple[float, float]:
    """The spread that 5 % of permutations exceed, and the p value of the spread.

    values: (n,). groups: (n,). keys: (n,), codes from 0 of who is permuted: all rows of a key are in one group and one
    stratum. strata: (n,), codes from 0; keys change places within a stratum alone.

    Both are NaN where no two keys of a stratum are in different groups. 999 permutations, seed 0.
    """
    n_keys = int(keys.max()) + 1
    total, summed = (np.bincount(keys, counted, n_keys).astype(np.float64) for counted in (np.ones(len(keys)), values))
    group, stratum = np.zeros(n_keys, np.intp), np.zeros(n_keys, np.intp)
    group[keys], stratum[keys] = groups, strata
    if len(np.unique(stratum)) == len(np.unique(np.stack([stratum, group]), axis=1).T):
        return np.nan, np.nan
    rng = np.random.default_rng(SEED)
    places = np.argsort(stratum, kind="stable")
    orders = np.argsort(stratum + rng.random((PERMUTATIONS, n_keys)), axis=1)
    permuted = np.empty((PERMUTATIONS, n_keys), np.intp)
    permuted[:, places] = group[orders]
    spreads = _spreads(np.concatenate([group[None], permuted]), total, summed)
    return float(np.nanquantile(spreads[1:], CONFIDENCE)), float(np.mean(spreads >= spreads[0] - 1e-12))


def _spreads(groups: Codes, total: Numbers, summed: Numbers) -> Numbers:
    """(r,), of groups (r, keys)."""
    high, low = np.full(len(groups), -np.inf), np.full(len(groups), np.inf)
    for group in range(int(groups.max()) + 1):
        inside = (groups == group).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            means = (inside @ summed) / (inside @ total)
        high, low = np.fmax(high, means), np.fmin(low, means)
    return np.asarray(high - low, np.float64)


def _table(counted: Numbers, groups: Codes, batches: Codes, k: int, g: int) -> Numbers:
    """Sums (k, g) by group and batch."""
    return np.bincount(groups * g + batches, counted, minlength=k * g).reshape(k, g).astype(np.float64)
