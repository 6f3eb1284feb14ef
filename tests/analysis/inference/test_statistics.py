import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from analysis.inference import weighted_auc, weighted_mean, weighted_pearson, weighted_ranks, weighted_spearman


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
