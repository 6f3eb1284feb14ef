import numpy as np
import pandas as pd
import pytest

from analysis.inference import LEAST, limits
from analysis.questions import Scale
from analysis.studies.verification.data import answers
from analysis.tables.answers import Answers
from analysis.tables.power import power, variance_components, wanted_widths, width

VARIANCES = (50.0, 200.0, 30.0, 100.0)
"""Of batch, pair, rater, residual."""


def draw(studies: int, batches: int, pairs: int, raters: int, seed: int, variances: tuple[float, ...] = VARIANCES):
    """Answers (studies, batches, pairs, raters): every batch has pairs and raters of its own."""
    rng = np.random.default_rng(seed)
    shapes = [(1, 1), (pairs, 1), (1, raters), (pairs, raters)]
    parts = zip(variances, shapes, strict=True)
    return sum(np.sqrt(variance) * rng.normal(size=(studies, batches, *shape)) for variance, shape in parts)


def study(values: np.ndarray) -> Answers:
    """The answers of one study (batches, pairs, raters)."""
    batch, pair, rater = (index.ravel() for index in np.indices(values.shape))
    names = [f"{b}-{p}" for b, p in zip(batch, pair, strict=True)]
    rows = {"pair_id": names, "participant_id": [f"{b}-{r}" for b, r in zip(batch, rater, strict=True)]}
    ratings = pd.DataFrame(rows | {"similarity": values.ravel(), "identity": False})
    pairs = pd.DataFrame({"pair_id": names, "batch": batch}).drop_duplicates("pair_id")
    return answers(pairs.assign(base_id=pairs["pair_id"], kind="positive", level=np.nan), ratings)


@pytest.mark.parametrize(("batches", "raters"), [(3, 10), (10, 10), (10, 3)])
def test_the_width_is_that_of_the_report_s_intervals(batches: int, raters: int) -> None:
    means = draw(3000, batches, 12, raters, seed=0).mean(axis=(2, 3))
    without = (means.sum(axis=1, keepdims=True) - means) / (batches - 1)
    low, high, _ = limits(means.mean(axis=1), without)
    assert width(VARIANCES, batches, 12, raters) == pytest.approx((high - low).mean(), rel=0.03)


def test_more_raters_of_other_batches_narrow_it() -> None:
    """Ten raters in each of ten batches are a hundred: their variance is over 100, not over 10."""
    of_raters = width((0.0, 0.0, 30.0, 0.0), 10, 12, 10)
    assert of_raters == pytest.approx(2 * 2.262157 * np.sqrt(30 / 100) * 0.97266, rel=1e-4)


def test_components_without_bias_where_raters_do_not_differ() -> None:
    """What comes out below 0 in half of the batches is averaged, not cut: 0 on average."""
    variances = (50.0, 200.0, 0.0, 100.0)
    found = variance_components(study(draw(1, 150, 8, 5, seed=1, variances=variances)[0])).iloc[0]
    assert found["rater"] < 2
    assert found["residual"] == pytest.approx(100, rel=0.1)
    assert found["pair"] == pytest.approx(200, rel=0.15)
    assert found["batch"] == pytest.approx(50, rel=0.4)
    assert (found["n_batches"], found["pairs_per_batch"], found["n_pairs"], found["n_raters"]) == (150, 8, 1200, 750)


def test_one_batch_says_nothing_of_batches() -> None:
    found = variance_components(study(draw(1, 1, 8, 5, seed=1)[0])).iloc[0]
    assert found["reason"] == "one batch does not show how much batches vary"
    assert np.isnan(found["batch"])
    assert found["residual"] > 0


def test_power_names_the_fewest_batches() -> None:
    names = dict(zip(("batch", "pair", "rater", "residual"), VARIANCES, strict=True))
    components = pd.DataFrame([{"question": "similarity", "kind": "positive", "pairs_per_batch": 24} | names])
    answers = study(draw(1, 1, 2, 2, seed=1)[0])
    assert wanted_widths(answers) == {"similarity": [5, 10, 20], "identity": [0.05, 0.1, 0.2]}
    table = power(answers, components, wanted_widths(answers))
    assert len(table) == 15
    for row in table.to_dict("records"):
        needed = int(row["batches"])
        assert row["pairs"] == 24 * needed
        assert width(VARIANCES, needed, 24, row["raters"]) <= row["width"]
        if needed > LEAST:
            assert width(VARIANCES, needed - 1, 24, row["raters"]) > row["width"]


def test_the_widths_of_a_scale_of_unknown_length_follow_from_its_answers() -> None:
    ratings = pd.DataFrame({"item_id": list("aabb"), "participant_id": list("pqpq"), "strength": [1.0, 7, 3, 2]})
    items = pd.DataFrame({"item_id": ["a", "b"]})
    answers = Answers.about(items, ratings, "item_id", (Scale("strength"),))
    assert wanted_widths(answers) == {"strength": [0.5, 1.0, 2.0]}
