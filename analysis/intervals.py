"""95 % intervals: Wilson's for a share, and a bootstrap that draws whole clusters for everything else."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from analysis.frames import Numbers

ALPHA = 0.05
REPLICATES = 2000
SEED = 0

_MOST_WEIGHTS = 2_000_000
"""That are in memory at a time."""


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Wilson's score interval of `successes` of `n` independent trials; NaN for n = 0."""
    if n <= 0:
        return np.nan, np.nan
    low, high = proportion_confint(successes, n, alpha=ALPHA, method="wilson")
    return float(low), float(high)


def bootstrap(
    statistic: Callable[[Numbers], Numbers],
    clusters: "npt.ArrayLike | pd.Series[str]",
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> tuple[float, float]:
    """Percentile interval of a statistic of n rows, of which whole clusters are drawn with replacement.

    statistic: from weights (r, n), how often each of n rows was drawn in each of r replicates, to values (r,).
    clusters: (n,), the cluster of each row.

    NaN where there are fewer than two clusters, or the statistic is NaN in more than half of the replicates.
    """
    codes, found = pd.factorize(np.asarray(clusters))
    if len(found) < 2:
        return np.nan, np.nan
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(found), np.full(len(found), 1 / len(found)), size=replicates)
    step = max(1, _MOST_WEIGHTS // len(codes))
    parts = [statistic(drawn[start : start + step, codes].astype(np.float64)) for start in range(0, replicates, step)]
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    if len(values) < replicates / 2:
        return np.nan, np.nan
    low, high = np.quantile(values, [ALPHA / 2, 1 - ALPHA / 2])
    return float(low), float(high)


def weighted_mean(values: Numbers) -> Callable[[Numbers], Numbers]:
    """The mean of (n,) values, as a statistic of weights (r, n)."""
    return lambda weights: _ratio(weights @ values, weights.sum(axis=1))


def weighted_pearson(x: Numbers, y: Numbers) -> Callable[[Numbers], Numbers]:
    """Pearson's correlation of (n,) x and y, as a statistic of weights (r, n); NaN where one is constant."""
    x, y = x - x.mean(), y - y.mean()

    def correlation(weights: Numbers) -> Numbers:
        total = weights.sum(axis=1)
        mean_x, mean_y = weights @ x / total, weights @ y / total
        covariance = weights @ (x * y) / total - mean_x * mean_y
        variance_x = weights @ (x * x) / total - mean_x**2
        variance_y = weights @ (y * y) / total - mean_y**2
        return _ratio(covariance, np.sqrt(np.maximum(variance_x, 0) * np.maximum(variance_y, 0)))

    return correlation


def weighted_spearman(x: Numbers, y: Numbers) -> Callable[[Numbers], Numbers]:
    """Spearman's correlation of (n,) x and y, ranked anew in each replicate, as a statistic of weights (r, n)."""

    def correlation(weights: Numbers) -> Numbers:
        total = weights.sum(axis=1, keepdims=True)
        rank_x, rank_y = weighted_ranks(x, weights), weighted_ranks(y, weights)
        rank_x -= (weights * rank_x).sum(axis=1, keepdims=True) / total
        rank_y -= (weights * rank_y).sum(axis=1, keepdims=True) / total
        covariance = (weights * rank_x * rank_y).sum(axis=1)
        variances = (weights * rank_x**2).sum(axis=1) * (weights * rank_y**2).sum(axis=1)
        return _ratio(covariance, np.sqrt(variances))

    return correlation


def weighted_ranks(values: Numbers, weights: Numbers) -> Numbers:
    """Midranks (r, n) among rows repeated as often as their weights say."""
    distinct, group = np.unique(values, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(len(distinct)))
    in_group = np.add.reduceat(weights[:, order], starts, axis=1)
    ranks: Numbers = (np.cumsum(in_group, axis=1) - in_group / 2 + 0.5)[:, group]
    return ranks


def _ratio(numerator: Numbers, denominator: Numbers) -> Numbers:
    enough = denominator > 1e-12
    return np.where(enough, numerator / np.where(enough, denominator, 1), np.nan)
