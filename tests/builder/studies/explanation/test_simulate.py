import numpy as np
import pytest

from builder.studies.explanation.simulate import RaterModel, alike, by_task, rate


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


def test_half_of_the_raters_notice_as_stated_and_trust_by_what_is_left():
    n, model = 9000, RaterModel(lapse=0)
    kinds = [("difference", 0.06, None), ("difference", 0.0, None), ("trust", 0.1, "left")]
    items = [{"task": task, "l_inf": l_inf, "side": side} for task, l_inf, side in kinds for _ in range(n)]
    answers = by_task(items, np.full(3 * n, 20.0), np.full(3 * n, 7.0), np.random.default_rng(0), model)
    assert answers["likeness"].tolist() == 3 * n * [None]
    assert answers["difference"][:n].astype(float).mean() == pytest.approx(0.5, abs=0.02)
    assert not answers["difference"][n : 2 * n].any()
    assert set(answers["difference"][2 * n :]) == {None}
    assert (answers["trust"][2 * n :] == "right").mean() == pytest.approx(0.5 + 0.3 * 0.8, abs=0.02)
    one = [{"task": "likeness", "l_inf": None, "side": None}]
    said = by_task(one, np.array([50.0]), np.array([7.0]), np.random.default_rng(0), model)
    assert {name: values[0] for name, values in said.items()} == {"likeness": 7.0, "difference": None, "trust": None}
