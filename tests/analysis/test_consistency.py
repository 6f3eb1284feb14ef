import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from analysis.tables.consistency import Truth, consistency, error_consistency
from tests.analysis.synthetic import draw_pairs, draw_ratings


def test_kappa_in_closed_form() -> None:
    """Accuracies .8 and .6, the same on 7 of 10: expected .48 + .08, kappa (.7 - .56) / .44."""
    first = np.array([1, 1, 1, 1, 1, 1, 1, 1, 0, 0], bool)
    second = np.array([1, 1, 1, 1, 1, 1, 0, 0, 0, 0], bool)
    second[[6, 9]] = [0, 0]
    observed, expected, kappa = consistency(first, second)
    assert observed == pytest.approx(0.8)
    assert expected == pytest.approx(0.8 * 0.6 + 0.2 * 0.4)
    assert kappa == pytest.approx((0.8 - 0.56) / 0.44)
    assert kappa == pytest.approx(cohen_kappa_score(first, second))


def test_independent_errors_have_kappa_0_and_the_same_1() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.random(200_000) < 0.8, rng.random(200_000) < 0.7
    assert consistency(first, second)[2] == pytest.approx(0, abs=0.01)
    assert consistency(first, first)[2] == pytest.approx(1)
    assert np.isnan(consistency(np.ones(5, bool), np.ones(5, bool))[2])


def test_truth_leaves_out_who_is_compared() -> None:
    said = np.array([[1, 1, 0], [1, 0, 0], [0, 0, np.nan]])
    assert Truth(said, None).without().tolist() == [1, 0, 0]
    np.testing.assert_equal(Truth(said, None).without(0), [np.nan, 0, 0])
    np.testing.assert_equal(Truth(said, None).without(0, 1), [0, 0, np.nan])


def test_models_by_hand() -> None:
    pairs = draw_pairs(batches=2)
    ratings = draw_ratings(pairs)
    table = error_consistency(pairs, ratings).set_index(["first", "second", "reference"])
    found = table.loc[("dlib", "facenet512", "majority")]
    rate = ratings.groupby("pair_id")["identity"].mean()[pairs["pair_id"]].to_numpy()
    clear = rate != 0.5
    right = [
        pairs[f"{name}_accept"].astype(bool).to_numpy()[clear] == (rate > 0.5)[clear] for name in ("dlib", "facenet512")
    ]
    assert found["n"] == clear.sum()
    assert found["kappa"] == pytest.approx(cohen_kappa_score(*right))
    assert found["observed"] == pytest.approx((right[0] == right[1]).mean())
    built = table.loc[("dlib", "facenet512", "construction")]
    assert built["n"] == pairs["kind"].isin(["genuine", "negative"]).sum()


def test_people_by_hand() -> None:
    pairs = draw_pairs(batches=1)
    ratings = draw_ratings(pairs, raters=4)
    table = error_consistency(pairs, ratings).set_index(["first", "second", "reference"])
    said = ratings.assign(identity=ratings["identity"] * 1.0).pivot(
        index="pair_id", columns="participant_id", values="identity"
    )
    said = said.reindex(pairs["pair_id"])
    accept = pairs["dlib_accept"].astype(float).to_numpy()
    kappas = []
    for name in said.columns:
        majority = said.drop(columns=name).mean(axis=1).to_numpy() > 0.5  # of three: never a tie
        kappas.append(cohen_kappa_score(said[name].to_numpy() == majority, accept == majority))
    found = table.loc[("people", "dlib", "majority")]
    assert found["kappa"] == pytest.approx(np.mean(kappas))
    assert found["kappa_std"] == pytest.approx(np.std(kappas, ddof=1))
    assert found["n_compared"] == 4
    assert table.loc[("people", "people", "majority"), "n_compared"] == 6


def test_no_errors_no_kappa() -> None:
    pairs = draw_pairs(batches=1)
    ratings = draw_ratings(pairs, raters=3)
    pairs["dlib_accept"] = pd.array([True] * len(pairs), "boolean")
    table = error_consistency(pairs, ratings.assign(identity=True)).set_index(["first", "second", "reference"])
    found = table.loc[("people", "dlib", "majority")]
    assert np.isnan(found["kappa"])
    assert found["reason"] == "none makes an error"
    alone = error_consistency(pairs, ratings[ratings["participant_id"] == "r0-0"])
    people = alone.query("first == 'people' and second == 'people' and reference == 'majority'").iloc[0]
    assert "no two share 10 pairs" in people["reason"]
