import numpy as np
import pytest
from scipy import stats

from analysis.inference import stratified, weighted_mean


def test_the_difference_of_two_means_is_welch_s_interval() -> None:
    """One row a batch: the jackknife of a difference of means is Welch's t interval, degrees of freedom included."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(1, 1, 12), rng.normal(0, 3, 7)
    values = np.concatenate([first, second])
    of_first = np.arange(19) < 12
    means = [weighted_mean(values * rows) for rows in (of_first, ~of_first)]

    def difference(weights: np.ndarray) -> np.ndarray:
        shares = [(weights * rows).sum(axis=1) / weights.sum(axis=1) for rows in (of_first, ~of_first)]
        return np.asarray(means[0](weights) / shares[0] - means[1](weights) / shares[1])

    found = stratified(difference, np.arange(19), of_first)
    welch = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((welch.low, welch.high))
    assert found.n == 19


def test_a_batch_with_one_rated_row_is_of_those_that_were_rated() -> None:
    rated = np.array([True, False] * 3 + [False] * 6)
    batches = np.repeat(range(6), 2)
    assert stratified(weighted_mean(np.arange(12.0)), batches, rated).words() == "stratified jackknife of 6 batches"
    few = stratified(weighted_mean(np.arange(12.0)), batches, batches < 4)
    assert (few.words(), np.isnan(few.low)) == ("too few batches for an interval", True)
