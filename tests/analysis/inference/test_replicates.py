import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.inference import FISHER, TOO_FEW, crossed, jackknife, weighted_mean, weighted_pearson


def test_copies_of_a_row_are_worth_one() -> None:
    values = np.random.default_rng(3).normal(0, 1, 20)
    found = jackknife(weighted_mean(np.repeat(values, 7)), np.repeat(np.arange(20), 7))
    assert (found.low, found.high) == pytest.approx(tuple(stats.ttest_1samp(values, 0).confidence_interval(0.95)))
    assert found.n == 20


def test_in_parts_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    x, batches = rng.normal(size=60), np.repeat(np.arange(12), 5)
    statistic = weighted_pearson(x, x + rng.normal(size=60))
    whole = jackknife(statistic, batches, FISHER, null=0)
    monkeypatch.setattr("analysis.inference.replicates._MOST_WEIGHTS", 100)
    parts = jackknife(statistic, batches, FISHER, null=0)
    assert (parts.low, parts.high, parts.p) == pytest.approx((whole.low, whole.high, whole.p), rel=1e-9)


def test_independent_rows_have_fishers_interval() -> None:
    """With as many batches as rows, the jackknife's error of z is close to 1 / sqrt(n - 3)."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=90)
    y = 0.6 * x + rng.normal(size=90)
    found = jackknife(weighted_pearson(x, y), np.arange(90), FISHER)
    oracle = stats.pearsonr(x, y).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(oracle), abs=0.05)


def test_too_few_batches() -> None:
    found = jackknife(weighted_mean(np.arange(6.0)), [0, 0, 0, 1, 1, 1])
    assert (found.estimate, found.n, found.note) == (2.5, 2, TOO_FEW)
    joined = pd.DataFrame({"batch": [0, 1, 2, 3], "rater": ["r"] * 4})
    assert jackknife(weighted_mean(np.arange(4.0)), joined).note == TOO_FEW


def test_unequal_batches_count_as_their_effective_number() -> None:
    values, batch = np.array([1.0, 4.0, 2.0, 7.0]), np.arange(4)
    weights = np.array([1.0, 2.0, 2.0, 1.0])  # 36 / 10 effective batches
    mean = weighted_mean(values)
    plain = jackknife(lambda counted: mean(counted * weights), batch)
    even, of = (jackknife(lambda counted: mean(counted * weights), batch, weights=w) for w in (np.ones(4), weights))
    assert (even.estimate, even.low, even.high) == (plain.estimate, plain.low, plain.high)
    assert (of.high - of.low) / (plain.high - plain.low) == pytest.approx(
        stats.t.ppf(0.975, 2.6) / stats.t.ppf(0.975, 3)
    )
    alone = jackknife(lambda counted: mean(counted * weights), batch, weights=np.array([20.0, 1.0, 1.0, 1.0]))
    assert (alone.estimate, alone.method, alone.note) == (plain.estimate, "none", TOO_FEW)


@pytest.mark.parametrize("image_effect", [3.0, 0.0])
def test_crossed_adds_what_rows_and_columns_vary(image_effect: float) -> None:
    """A mean of a table of 6 raters and 8 images: the variances of both kinds of means, each over its number, less that
    of single cells, which is in each; images, the more, add nothing where their means vary less than cells alone do.
    """
    rng = np.random.default_rng(6)
    table = image_effect * rng.normal(size=(1, 8)) + rng.normal(size=(6, 1)) + rng.normal(size=(6, 8))
    rater, image = np.indices(table.shape)
    found = crossed(weighted_mean(table.ravel()), [rater.ravel(), image.ravel()])
    of_image, of_cell = table.mean(axis=0).var(ddof=1) / 8, table.var(ddof=1) / table.size
    assert (of_image > of_cell) == (image_effect > 0)
    error = np.sqrt(table.mean(axis=1).var(ddof=1) / 6 + max(of_image - of_cell, 0))
    reach = stats.t.ppf(0.975, 5) * error
    assert (found.low, found.high) == pytest.approx((table.mean() - reach, table.mean() + reach))
    assert (found.n, found.method) == (6, "crossed jackknife")
    few = crossed(weighted_mean(table[:2].ravel()), [rater[:2].ravel(), image[:2].ravel()])
    assert few.note == TOO_FEW
