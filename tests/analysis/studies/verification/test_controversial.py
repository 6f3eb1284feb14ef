"""Worked out by hand: four batches of one controversial pair a direction and one random pair, ten answers each."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import MissingDataError
from analysis.studies.verification.tables.controversial import ceiling, controversial, model_spread

YES = {"a accepts": [9, 8, 9, 10], "b accepts": [5, 6, 2, 4], "random": [0, 1, 0, 0]}
"""Of 10 people, how many say same, by batch."""

DECISIONS = {"a accepts": (True, False), "b accepts": (False, True), "random": (False, False)}


def pair_rows():
    rows = []
    for which, counts in YES.items():
        for batch, yes in enumerate(counts):
            a, b = DECISIONS[which]
            rows.append(
                {
                    "pair_id": f"{which} {batch}",
                    "batch": batch,
                    "base_id": f"base {batch}",
                    "sample_id": f"{which} {batch}",
                    "kind": "negative" if which == "random" else "controversial",
                    "level": np.nan,
                    "reached": None,
                    "a_distance": 0.5 if a else 0.7,
                    "a_accept": a,
                    "b_distance": 0.5 if b else 0.7,
                    "b_accept": b,
                    "identity_rate": yes / 10,
                    "identity_std": 0.1,
                    "n_ratings": 10,
                    "similarity_mean": 50.0,
                    "similarity_std": 1.0,
                }
            )
    return pd.DataFrame(rows)


def test_people_side_with_one_model_in_each_direction():
    table = controversial(pair_rows()).set_index(["accepts", "rejects"])
    assert list(table.index) == [("a", "b"), ("b", "a")]
    assert table["n"].tolist() == [4, 4]
    assert table.loc[("a", "b"), "side"] == pytest.approx(0.9)
    assert table.loc[("b", "a"), "side"] == pytest.approx(0.425)
    # Without a batch: .5, .366.., .5, .433..; SD by the jackknife is SD of the batches / 2, on the logit.
    without = np.array([12, 11, 15, 13]) / 30
    logits = np.log(without / (1 - without))
    error = np.sqrt(3 / 4 * ((logits - logits.mean()) ** 2).sum())
    reach = 3.182446 * error
    center = np.log(0.425 / 0.575)
    wanted = 1 / (1 + np.exp(-np.array([center - reach, center + reach])))
    np.testing.assert_allclose(table.loc[("b", "a"), ["low", "high"]].astype(float), wanted, rtol=1e-5)
    assert table["sided_with"].tolist() == ["a", ""]
    assert table.loc[("b", "a"), "interval"] == "jackknife of 4 batches"


def test_the_ceiling_is_how_often_a_person_is_with_the_others():
    assert ceiling(np.array([0.9]), np.array([10])) == 0.9  # the one who says no is against nine
    assert ceiling(np.array([0.5]), np.array([10])) == 0  # five against four others, whoever is asked
    assert ceiling(np.array([2 / 3]), np.array([3])) == pytest.approx(2 / 3 * 0.5)  # yes: one and one; no: two against
    assert ceiling(np.array([1.0, 0.5, 1.0]), np.array([4, 2, 1])) == 0.5  # one answer alone has no others
    assert np.isnan(ceiling(np.array([1.0]), np.array([1])))
    table = controversial(pair_rows())
    assert table["ceiling"].tolist() == pytest.approx([(0.9 + 0.8 + 0.9 + 1) / 4, (0 + 0.6 + 0.8 + 0.6) / 4])


def test_models_lie_apart_on_controversial_pairs_alone():
    table = model_spread(pair_rows()).set_index("pairs")
    assert table["n"].to_dict() == {
        "random": 4,
        "controversial": 8,
        "controversial, a accepts": 4,
        "controversial, b accepts": 4,
    }
    assert table.loc["random", ["a_accuracy", "b_accuracy", "variance"]].tolist() == pytest.approx([0.975, 0.975, 0])
    accuracies = table.loc["controversial", ["a_accuracy", "b_accuracy"]].tolist()
    assert accuracies == pytest.approx([(3.6 + 2.3) / 8, (0.4 + 1.7) / 8])
    assert table.loc["controversial", "variance"] == pytest.approx((accuracies[0] - accuracies[1]) ** 2 / 2)
    assert table.loc["controversial, a accepts", "variance"] == pytest.approx(0.8**2 / 2)


def test_a_pair_that_a_model_did_not_acquire_is_left_out():
    pairs = pair_rows()
    pairs["b_accept"] = pairs["b_accept"].astype("boolean")
    pairs.loc[0, ["b_accept", "b_distance"]] = [pd.NA, np.nan]
    assert controversial(pairs)["n"].tolist() == [3, 4]
    assert model_spread(pairs).set_index("pairs").loc["controversial", "n"] == 7


def test_without_such_pairs_or_ratings_there_is_no_table():
    pairs = pair_rows()
    for make in (controversial, model_spread):
        with pytest.raises(MissingDataError, match="no rated controversial pairs"):
            make(pairs[pairs["kind"] == "negative"])
        with pytest.raises(MissingDataError, match="no ratings"):
            make(pairs.assign(n_ratings=0, identity_rate=np.nan))
