import numpy as np
import pytest
from scipy import stats

from analysis.inference import FISHER, LOGIT, PLAIN, TOO_FEW, Interval, from_replicates, limits


def test_the_interval_of_a_mean_is_students() -> None:
    values = np.random.default_rng(0).normal(3, 2, 9)
    without = (values.sum() - values) / 8
    found = from_replicates(float(values.mean()), without, PLAIN, null=2.0)
    oracle = stats.ttest_1samp(values, 2.0)
    assert (found.low, found.high) == pytest.approx(tuple(oracle.confidence_interval(0.95)))
    assert found.p == pytest.approx(oracle.pvalue)
    assert (found.n, found.method, found.note) == (9, "jackknife", "")


def test_the_scale_bends_the_interval() -> None:
    """z of .5 is .5493; values whose z without a batch are .4493, .5493, .6493 have the error sqrt(3/2 * 2/3 * .02)."""
    z = np.arctanh(0.5)
    low, high, p = limits(np.float64(0.5), np.tanh(z + np.array([-0.1, 0, 0.1])), FISHER, 0.0)
    reach = 4.302653 * np.sqrt(0.02)
    assert (low, high) == pytest.approx((np.tanh(z - reach), np.tanh(z + reach)), rel=1e-6)
    assert p == pytest.approx(2 * stats.t.sf(z / np.sqrt(0.02), 2))


def test_many_at_once_are_as_one_by_one() -> None:
    rng = np.random.default_rng(1)
    estimate, without = rng.uniform(0.3, 0.7, (4, 5)), rng.uniform(0.3, 0.7, (4, 5, 6))
    low, high, _ = limits(estimate, without, LOGIT)
    one = from_replicates(estimate[2, 3], without[2, 3], LOGIT)
    assert (low[2, 3], high[2, 3]) == (one.low, one.high)


@pytest.mark.parametrize(
    ("without", "note"),
    [([0.1, 0.2], TOO_FEW), ([], TOO_FEW), ([0.1, np.nan, 0.2], "not defined without one of the batches: no interval")],
)
def test_what_has_no_interval_says_why(without: list[float], note: str) -> None:
    found = from_replicates(0.15, np.array(without))
    assert np.isnan([found.low, found.high, found.p]).all()
    assert found.estimate == 0.15
    assert found.words() == found.note == note
    assert found.columns("auc_") == {"auc_low": found.low, "auc_high": found.high, "auc_interval": note}


def test_words() -> None:
    assert Interval(0.5, 0.4, 0.6, "jackknife", 10).words() == "jackknife of 10 batches"
    assert Interval(0, 0, 0.1, "exact", 4, "conservative").words() == "exact of 4 batches, conservative"
