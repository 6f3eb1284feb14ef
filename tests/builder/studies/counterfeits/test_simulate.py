import numpy as np
import pytest

from builder.studies.counterfeits.simulate import RaterModel, option_probabilities, rate

CLASSES = ("3", "5", "8")
ITEMS = [{"target": None, "label": "5"}, *[{"target": "8", "label": None}] * 4000]


def test_a_control_has_its_label_and_counterfeits_are_seen_as_often_as_stated():
    model = RaterModel(right=0.9, seen=0.2, something=0.1)
    table = option_probabilities(ITEMS, CLASSES, np.random.default_rng(0), model)
    np.testing.assert_allclose(table.sum(axis=1), 1)
    np.testing.assert_allclose(table[0], [0.025, 0.9, 0.025, 0.05])
    assert table[1:, 2].mean() == pytest.approx(0.2 * 0.9, abs=0.02)
    np.testing.assert_allclose(table[1:, :2], 0.05)


def test_raters_answer_by_the_probabilities_and_are_surer_of_nothing_than_of_something():
    n = 20_000
    table = np.tile([0.2, 0.1, 0.0, 0.7], (n, 1))
    answers = rate(table, np.zeros(n, np.bool_), (*CLASSES, "nothing"), np.random.default_rng(0), RaterModel())
    shares = [(answers["choice"] == option).mean() for option in (*CLASSES, "nothing")]
    assert shares == pytest.approx([0.2, 0.1, 0.0, 0.7], abs=0.015)
    sure = answers["certainty"][answers["choice"] == "nothing"].mean()
    unsure = answers["certainty"][answers["choice"] != "nothing"].mean()
    assert (sure, unsure) == pytest.approx((85, 45), abs=2)
    assert sorted(answers["position"]) == list(range(n))
