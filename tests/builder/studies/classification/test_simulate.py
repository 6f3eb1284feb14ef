import numpy as np
import pytest

from builder.studies.classification.simulate import RaterModel, rate, yes_probability

KINDS = ["mistake"] * 4000 + ["agreed", "foil"]


def test_the_mean_over_mistakes_is_that_of_the_model():
    probability = yes_probability(KINDS, np.random.default_rng(0), RaterModel())
    assert probability[:4000].mean() == pytest.approx(0.3, abs=0.03)
    assert probability[:4000].var() == pytest.approx(0.3 * 0.7 / 2, abs=0.01)  # of a beta distribution
    assert probability[4000:].tolist() == [0.995, 0.005]


def test_a_rater_says_yes_as_often_as_the_probability_and_lapses_say():
    model = RaterModel(lapse=0.2)
    answers = rate(np.full(20_000, 0.9), np.random.default_rng(0), model)
    assert answers["relevant"].mean() == pytest.approx(0.8 * 0.9 + 0.2 * 0.5, abs=0.01)
    assert sorted(answers["position"]) == list(range(20_000))
    assert np.log(answers["response_time_ms"]).std() == pytest.approx(0.5, abs=0.02)
