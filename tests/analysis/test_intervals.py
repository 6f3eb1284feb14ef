import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from analysis.intervals import bootstrap, weighted_mean, weighted_pearson, weighted_ranks, weighted_spearman, wilson
from analysis.tables.verification import weighted_auc


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_figures_of_newcombe_1998(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_of_nothing() -> None:
    assert np.isnan(wilson(0, 0)).all()


def draw(seed: int = 0, n: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 12, n).astype(float)  # with ties
    y = np.round(x + rng.normal(0, 4, n))
    return x, y, rng.integers(0, 4, (5, n)).astype(float)


def test_weights_stand_for_repeated_rows() -> None:
    x, y, weights = draw()
    repeated = [np.repeat(np.arange(len(x)), times.astype(int)) for times in weights]
    pearson = [stats.pearsonr(x[rows], y[rows]).statistic for rows in repeated]
    spearman = [stats.spearmanr(x[rows], y[rows]).statistic for rows in repeated]
    assert weighted_pearson(x, y)(weights) == pytest.approx(pearson)
    assert weighted_spearman(x, y)(weights) == pytest.approx(spearman)
    assert weighted_mean(y)(weights) == pytest.approx([y[rows].mean() for rows in repeated])
    auc = [roc_auc_score(y[rows] > 5, -x[rows]) for rows in repeated]
    assert weighted_auc(y > 5, x, weights) == pytest.approx(auc)


def test_weighted_ranks_are_midranks() -> None:
    x, _, weights = draw()
    assert weighted_ranks(x, np.ones((1, len(x))))[0] == pytest.approx(stats.rankdata(x))
    rows = np.repeat(np.arange(len(x)), weights[0].astype(int))
    assert weighted_ranks(x, weights[:1])[0][rows] == pytest.approx(stats.rankdata(x[rows]))


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
