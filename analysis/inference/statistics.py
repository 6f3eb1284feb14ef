"""Statistics of n rows as functions of weights (r, n), how often each row counts in each of r replicates."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from analysis.inference.numbers import Numbers


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


def weighted_auc(positive: npt.NDArray[np.bool_], score: Numbers, weights: Numbers) -> Numbers:
    """The chance (r,) that a positive row has a lower score than another, by ranks (Mann and Whitney).

    NaN where one of the two has no weight.
    """
    n_positive, n_other = weights[:, positive].sum(axis=1), weights[:, ~positive].sum(axis=1)
    ranks = (weights * weighted_ranks(score, weights))[:, positive].sum(axis=1)
    both = (n_positive > 0) & (n_other > 0)
    below = ranks - n_positive * (n_positive + 1) / 2
    return np.where(both, 1 - below / np.where(both, n_positive * n_other, 1), np.nan)
