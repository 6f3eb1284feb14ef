import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from analysis.inference import FISHER, from_replicates
from analysis.studies.verification.data import identity_decisions
from analysis.tables.confusion import accuracy_difference, confusion
from analysis.tables.consistency import RARE, consistency, error_consistency, mean_kappa
from analysis.tables.deciders import Deciders
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
    of = Deciders(pd.DataFrame({"item": range(3)}), ["no", "yes"], said, {})
    assert of.right("majority").tolist() == [1, 0, 0]
    np.testing.assert_equal(of.right("majority", 0), [np.nan, 0, 0])
    np.testing.assert_equal(of.right("majority", 0, 1), [0, 0, np.nan])


def test_models_by_hand() -> None:
    pairs = draw_pairs(batches=2)
    ratings = draw_ratings(pairs)
    table = overall(pairs, ratings)
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
    table = overall(pairs, ratings)
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
    among = table.loc[("people", "people", "majority")]
    assert among["n_compared"] == 6
    assert among["kappa"] > 0
    assert found["share"] == pytest.approx(np.mean(kappas) / among["kappa"])
    assert np.isnan(among["share"])
    assert np.isnan(table.loc[("dlib", "facenet512", "majority"), "share"])


def test_no_errors_no_kappa() -> None:
    pairs = draw_pairs(batches=1)
    ratings = draw_ratings(pairs, raters=3)
    pairs["dlib_accept"] = pd.array([True] * len(pairs), "boolean")
    table = overall(pairs, ratings.assign(identity=True))
    found = table.loc[("people", "dlib", "majority")]
    assert np.isnan(found["kappa"])
    assert found["reason"] == "none makes an error"
    alone = overall(pairs, ratings[ratings["participant_id"] == "r0-0"])
    assert "no two share 10 items" in alone.loc[("people", "people", "majority"), "reason"]


def test_kappa_by_kind_is_that_of_its_pairs_alone() -> None:
    pairs = draw_pairs(batches=2)
    ratings = draw_ratings(pairs)
    table = error_consistency(**identity_decisions(pairs, ratings), condition="kind")
    alone = overall(pairs[pairs["kind"] == "positive"], ratings)
    positive = table[table["condition"] == "positive"].set_index(["first", "second", "reference"])
    assert set(positive.index.get_level_values("reference")) == {"majority"}  # of no positive pair is it known
    for decider in ("dlib", "facenet512"):
        row = ("people", decider, "majority")
        assert positive.loc[row, "kappa"] == pytest.approx(alone.loc[row, "kappa"])
    assert list(dict.fromkeys(table["condition"])) == ["all", *pairs["kind"].cat.categories]


def test_confusion_by_hand() -> None:
    """Two say yes of the first item and one no; of the second one yes and two no; the third is a tie without c."""
    items = pd.DataFrame({"item": ["x", "y", "z"], "net": [True, True, None]}).astype({"net": "boolean"})
    said = {"a": [True, False, True], "b": [True, False, False], "c": [False, True, None]}
    ratings = pd.DataFrame(
        [(who, item, answer) for who, row in said.items() for item, answer in zip("xyz", row, strict=True)],
        columns=["participant_id", "item", "sure"],
    ).astype({"sure": "boolean"})
    table = confusion(items, ratings, key="item", question="sure", decisions={"net": "net"}, units=["item"])
    counts = table.set_index(["decider", "right", "answer"])["n"].to_dict()
    # The net says yes of x (right) and of y (wrong). The other two agree on x and y for c alone; on z, a meets b alone
    # and b meets a.
    assert counts == {
        ("people", "no", "no"): 0, ("people", "no", "yes"): 2, ("people", "yes", "no"): 2, ("people", "yes", "yes"): 0,
        ("net", "no", "no"): 0, ("net", "no", "yes"): 1, ("net", "yes", "no"): 0, ("net", "yes", "yes"): 1,
    }  # fmt: skip


def test_words_are_answers_too() -> None:
    """A question with three answers, two models, of which one is never right."""
    items = pd.DataFrame({"item": list("pqr"), "good": ["cat", "dog", "cow"], "bad": ["dog", "cow", "cat"]})
    ratings = pd.DataFrame(
        [(who, item, word) for who in "abc" for item, word in zip("pqr", ["cat", "dog", "cow"], strict=True)],
        columns=["participant_id", "item", "animal"],
    )
    models = {"good": "good", "bad": "bad"}
    table = confusion(items, ratings, key="item", question="animal", decisions=models, units=["item"])
    assert table.query("decider == 'good' and right == answer")["share"].tolist() == [1, 1, 1]
    assert table.query("decider == 'bad' and right == answer")["share"].tolist() == [0, 0, 0]
    assert table.query("decider == 'people' and right == answer")["n"].tolist() == [3, 3, 3]


def test_accuracy_difference_by_hand() -> None:
    """By construction people are right of 3/4 of the genuine and 1/2 of the negative pairs, the net of all and none."""
    pairs = pd.DataFrame({"pair_id": ["g", "h", "m", "n"], "kind": ["genuine"] * 2 + ["negative"] * 2})
    pairs = pairs.assign(level=np.nan, batch=0, base_id="b", net_distance=0.1, net_accept=True)
    said = {"a": [True, True, True, False], "b": [True, False, True, False]}
    ratings = pd.DataFrame(
        [(who, pair, answer) for who, row in said.items() for pair, answer in zip("ghmn", row, strict=True)],
        columns=["participant_id", "pair_id", "identity"],
    )
    table = accuracy_difference(**identity_decisions(pairs, ratings), condition="kind")
    found = table[table["reference"] == "construction"].set_index("condition")
    assert found["people"].to_dict() == {"genuine": 0.75, "negative": 0.5, "all": 0.625}
    assert found["model_accuracy"].to_dict() == {"genuine": 1, "negative": 0, "all": 0.5}
    assert found.loc["all", "squared_difference"] == pytest.approx((0.25**2 + 0.5**2) / 2)


def test_the_interval_of_kappa_leaves_out_batch_after_batch() -> None:
    pairs = draw_pairs(batches=4)
    ratings = draw_ratings(pairs, raters=4)
    table = overall(pairs, ratings)
    for row in [("people", "people", "majority"), ("people", "dlib", "majority"), ("dlib", "facenet512", "majority")]:
        without = np.array([overall(pairs[pairs["batch"] != batch], ratings).loc[row, "kappa"] for batch in range(4)])
        expected = from_replicates(table.loc[row, "kappa"], without, FISHER)
        assert (table.loc[row, "low"], table.loc[row, "high"]) == pytest.approx((expected.low, expected.high))
        assert table.loc[row, "interval"] == "jackknife of 4 batches"


@pytest.mark.parametrize(("errors", "interval"), [(2, RARE), (8, "jackknife of 4 batches")])
def test_of_few_errors_kappa_has_no_interval(errors: int, interval: str) -> None:
    """Two deciders wrong on so many of 50 items of three of four batches, both on half: expected .94 and .79."""
    right = 50.0 - errors
    batches = np.array([[50, 50 - errors, right, right]] * 3 + [[50, 50, right, right]])
    row = mean_kappa(batches[None])
    assert row["kappa"] > 0
    assert row["interval"] == interval
    assert np.isnan(row["low"]) == (interval == RARE)


def test_the_interval_of_an_accuracy_difference_leaves_out_batch_after_batch() -> None:
    pairs = draw_pairs(batches=4)
    ratings = draw_ratings(pairs, raters=4)

    def found(of: pd.DataFrame) -> pd.DataFrame:
        table = accuracy_difference(**identity_decisions(of, ratings), condition="kind")
        return table.set_index(["model", "reference", "condition"])

    table, parts = found(pairs), [found(pairs[pairs["batch"] != batch]) for batch in range(4)]
    for row, column in [
        (("dlib", "majority", "positive"), "difference"),
        (("dlib", "majority", "all"), "squared_difference"),
    ]:
        without = np.array([part.loc[row, column] for part in parts])
        expected = from_replicates(table.loc[row, column], without)
        assert (table.loc[row, "low"], table.loc[row, "high"]) == pytest.approx((expected.low, expected.high))


def overall(pairs: pd.DataFrame, ratings: pd.DataFrame) -> pd.DataFrame:
    table = error_consistency(**identity_decisions(pairs, ratings))
    assert set(table["condition"]) == {"all"}
    return table.set_index(["first", "second", "reference"])
