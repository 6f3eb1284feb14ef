import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.linear_model import OLS

from analysis import MissingDataError
from analysis.questions import Scale, YesNo
from analysis.tables.answers import Answers
from analysis.tables.prediction_powered import partly_rated, powered_mean, prediction_powered, slope

BATCHES, RATED, ITEMS = 30, 10, 20


def draw(noise: float, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Items whose true value a score knows but for noise; three people rate each item of the first batches."""
    rng = np.random.default_rng(seed)
    n = BATCHES * ITEMS
    items = pd.DataFrame({"item": range(n), "batch": np.repeat(range(BATCHES), ITEMS), "truth": rng.normal(0, 1, n)})
    items["score"] = 7 - 2 * items["truth"] + noise * rng.normal(0, 1, n)  # not in the answers' units, and reversed
    rows = [
        pd.DataFrame({"item": of["item"], "participant_id": f"{batch}/{who}"}).assign(
            liking=of["truth"] + rng.normal(0, 0.5, len(of))
        )
        for batch, of in items[items["batch"] < RATED].groupby("batch")
        for who in range(3)
    ]
    return items, pd.concat(rows, ignore_index=True)


def table(items: pd.DataFrame, ratings: pd.DataFrame, **measures: str) -> pd.DataFrame:
    about = Answers.about(items, ratings, "item", (Scale("liking"),), clusters={"batches": "batch"})
    return prediction_powered(about, measures).set_index("measure")


def test_a_good_score_saves_ratings_and_a_useless_one_none() -> None:
    items, ratings = draw(noise=0.2)
    items["nothing"] = np.random.default_rng(9).normal(0, 1, len(items))
    items["constant"] = 1.0
    found = table(items, ratings, good="score", nothing="nothing", constant="constant")
    good, constant = found.loc["good"], found.loc["constant"]
    assert (good["n_items"], good["n_rated"], good["n_ratings"]) == (600, 200, 600)
    assert good["high"] - good["low"] < 0.8 * (good["mean_high"] - good["mean_low"])
    assert good["saved"] > 300
    assert constant["weight"] == 0
    assert constant["value"] == pytest.approx(constant["mean"])
    assert abs(found.loc["nothing", "weight"]) < 0.1


def test_the_mean_is_that_of_a_regression_where_few_are_rated() -> None:
    """With many more items than ratings, the tuned mean is the regression estimator: the line at all items' score."""
    rng = np.random.default_rng(3)
    score = rng.normal(0, 1, 200_000)
    answer = np.where(np.arange(len(score)) < 200, 3 + 2 * score + rng.normal(0, 1, len(score)), np.nan)
    line = OLS(answer[:200], np.column_stack([np.ones(200), score[:200]])).fit()
    found = powered_mean(answer, score)(np.ones((1, len(score))))[0]
    assert found == pytest.approx(line.params @ [1, score.mean()], abs=0.02)


def test_the_weight_is_that_of_the_paper() -> None:
    """By hand: Cov = 2, Var of all = 2, n / N = 3 / 2, so 2 / (2 x 2.5)."""
    answer = np.array([0, 3, 6, np.nan, np.nan])
    score = np.array([0, 1, 2, 0, 2]) * np.sqrt(2 / 0.8)
    covariance = np.mean(answer[:3] * score[:3]) - 3 * score[:3].mean()
    assert slope(answer, score, np.ones((1, 5)))[0] == pytest.approx(covariance / (2 * 2.5))


def test_nothing_is_left_to_predict_where_all_is_rated() -> None:
    items, ratings = draw(noise=0.2)
    with pytest.raises(MissingDataError, match="people rated every item that a model scored"):
        table(items[items["batch"] < RATED], ratings, good="score")


def test_few_rated_batches_give_no_interval() -> None:
    items, ratings = draw(noise=0.2)
    some = items[(items["batch"] < 2) | (items["batch"] > RATED)]
    row = table(some, ratings, good="score").loc["good"]
    assert (row["reason"], np.isnan(row["low"])) == ("too few batches for an interval", True)


def test_a_question_that_was_asked_of_some_batches_is_predicted_for_the_others() -> None:
    """Of a task's own items alone: of those of another task nobody was ever to be asked it."""
    items, ratings = draw(noise=0.2)
    items = items[items["batch"] < RATED].assign(task="like")
    ratings = ratings.assign(same=(ratings["item"] < 100).astype("boolean").mask(ratings["item"] >= 100))
    questions, measures = (Scale("liking"), YesNo("same")), {"good": "score"}
    about = Answers.about(items, ratings, "item", questions, clusters={"batches": "batch"})
    assert partly_rated(about, measures)
    found = prediction_powered(about, measures)
    assert (found["question"].tolist(), found["n_items"].tolist(), found["n_rated"].tolist()) == (
        ["same"],
        [200],
        [100],
    )
    assert found["reason"].tolist() == ["the same without each of the batches: no interval"]
    other = items.assign(task=np.where(items["item"] < 100, "same", "like"))
    about = Answers.about(other, ratings, "item", questions, clusters={"batches": "batch"})
    assert not partly_rated(about, measures)
