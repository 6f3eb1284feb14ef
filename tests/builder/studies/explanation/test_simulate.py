import numpy as np
import pytest

from builder.studies.explanation.simulate import RaterModel, alike, rate


def test_likeness_is_the_mean_of_the_measures_and_of_controls_all_that_there_is():
    model = RaterModel(item_spread=0)
    measured = [[1.0, 1.0], [0.5, 0.1], [-0.4, 0.2], [None, 0.4], [0.0, 0.0]]
    controls = np.array([False, False, False, False, True])
    likeness = alike(measured, controls, np.random.default_rng(0), model)
    assert likeness == pytest.approx([90, 27, 9, 18, 100])


def test_raters_scatter_around_the_likeness_as_far_as_stated():
    n = 20_000
    model = RaterModel(lapse=0, bias=0)
    of_items = rate(np.full(n, 50.0), np.zeros(n, np.bool_), np.random.default_rng(0), model)["likeness"]
    assert (of_items.mean(), of_items.std()) == (pytest.approx(50, abs=0.4), pytest.approx(12, abs=0.3))
    answers = rate(np.full(n, 100.0), np.ones(n, np.bool_), np.random.default_rng(0), model)
    assert answers["likeness"].max() == 100
    assert np.quantile(answers["likeness"], 0.01) > 85
    assert sorted(answers["position"]) == list(range(n))
    lapsed = rate(np.full(n, 100.0), np.ones(n, np.bool_), np.random.default_rng(0), RaterModel(lapse=1))["likeness"]
    assert lapsed.mean() == pytest.approx(50, abs=1)
