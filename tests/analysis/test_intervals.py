import numpy as np
import pytest

from analysis.inference import weighted_mean, weighted_pearson
from analysis.intervals import bootstrap


def test_bootstrap_draws_whole_clusters() -> None:
    """Twenty copies of each row are worth one row: the interval is that of the rows, not of their copies."""
    values = np.random.default_rng(3).normal(0, 1, 100)
    low, high = bootstrap(weighted_mean(np.repeat(values, 20)), np.repeat(np.arange(100), 20))
    reach = 1.96 * values.std(ddof=1) / np.sqrt(100)
    assert (low, high) == pytest.approx((values.mean() - reach, values.mean() + reach), abs=0.03)


def test_bootstrap_is_the_same_again_and_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(3).normal(0, 1, 100)
    whole = bootstrap(weighted_mean(values), np.arange(100))
    monkeypatch.setattr("analysis.intervals._MOST_WEIGHTS", 1000)
    assert bootstrap(weighted_mean(values), np.arange(100)) == pytest.approx(whole, rel=1e-12)


def test_bootstrap_covers_the_truth() -> None:
    """About 95 of 100 intervals for the mean of 40 bases hold the true mean 0."""
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(200):
        values = (rng.normal(0, 1, 40)[:, None] + rng.normal(0, 0.5, (40, 6))).ravel()
        low, high = bootstrap(weighted_mean(values), np.repeat(np.arange(40), 6), replicates=400)
        hits += low <= 0 <= high
    assert 180 <= hits <= 198


def test_bootstrap_without_enough() -> None:
    assert np.isnan(bootstrap(weighted_mean(np.ones(5)), np.zeros(5))).all()
    constant = weighted_pearson(np.ones(20), np.arange(20.0))
    assert np.isnan(bootstrap(constant, np.arange(20))).all()
