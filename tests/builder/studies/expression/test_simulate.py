import numpy as np
import pytest

from builder.studies.expression.simulate import CONFUSION, GENDER_CONFUSION, RaterModel, rate, sample, seeming, shown
from builder.studies.expression.tasks import EMOTIONS, GENDERS, OPTIONS


def test_every_row_of_the_confusion_matrix_is_a_distribution():
    assert np.array(CONFUSION).shape == (7, 9)
    np.testing.assert_allclose(np.sum(CONFUSION, axis=1), 1)


def test_raters_confuse_emotions_as_often_as_the_matrix_says():
    n = 20_000
    for at in range(len(EMOTIONS)):
        answers = rate(np.full(n, at), np.random.default_rng(at), RaterModel())
        shares = [np.mean(answers["emotion"] == option) for option in OPTIONS]
        assert shares == pytest.approx(CONFUSION[at], abs=4 * np.sqrt(0.25 / n))
        assert answers["strength"].min() >= 0
        assert answers["strength"].max() <= 100
    assert sorted(answers["position"]) == list(range(n))


def test_a_gender_follows_the_first_group_that_is_one_as_often_as_stated():
    n, model = 20_000, RaterModel(gender_follows=0.8)
    told = seeming([("unsure", "male")] * n, np.random.default_rng(0), model)
    assert told.mean() == pytest.approx(0.8, abs=4 * np.sqrt(0.25 / n))
    untold = seeming([("unsure", None)] * n, np.random.default_rng(0), model)
    assert untold.mean() == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / n))


@pytest.mark.parametrize("at", [0, 1])
def test_raters_confuse_genders_as_often_as_the_matrix_says(at: int):
    n = 20_000
    answers = sample(GENDER_CONFUSION, np.full(n, at), GENDERS, np.random.default_rng(at))
    assert sum(GENDER_CONFUSION[at]) == pytest.approx(1)
    assert [np.mean(answers == each) for each in GENDERS] == pytest.approx(
        GENDER_CONFUSION[at], abs=4 * np.sqrt(0.25 / n)
    )


def test_a_label_is_what_a_face_shows_and_without_one_it_follows_the_classifier_as_often_as_stated():
    n = 20_000
    labeled = shown(["sad"] * 5, ["happy"] * 5, np.random.default_rng(0), RaterModel())
    assert [EMOTIONS[at] for at in labeled] == ["sad"] * 5
    unlabeled = shown([None] * n, ["happy"] * n, np.random.default_rng(0), RaterModel(follows=0.6))
    wanted = [0.6 if each == "happy" else 0.4 / 6 for each in EMOTIONS]
    assert np.bincount(unlabeled, minlength=7) / n == pytest.approx(wanted, abs=4 * np.sqrt(0.25 / n))
    nothing = shown([None] * n, [None] * n, np.random.default_rng(0), RaterModel())
    assert np.bincount(nothing, minlength=7) / n == pytest.approx([1 / 7] * 7, abs=4 * np.sqrt(0.25 / n))
