"""Every table of tests/data/study, worked out by hand from its three files."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis import Published, results
from analysis.studies.verification.tables.groups import groups
from tests.analysis.conftest import COLORS


@pytest.fixture(scope="module")
def tables(study: Published) -> dict[str, pd.DataFrame]:
    return results(study)


def row(table: pd.DataFrame, **where: Any) -> dict[str, Any]:
    for column, value in where.items():
        table = table[table[column].isna()] if value is None else table[table[column] == value]
    assert len(table) == 1, table
    return table.iloc[0].to_dict()


def test_participants(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["participants"]
    found = {(entry["question"], entry["answer"]): entry for entry in table.to_dict("records")}
    assert found["participants", "all"]["n"] == 4
    assert found["gender", "female"]["n"] == 2
    assert found["gender", "female"]["share"] == 0.5
    assert found["gender", "not said"]["n"] == 1
    assert found["age", "mean"]["value"] == pytest.approx((20 + 34.5 + 40) / 3)
    assert found["age", "SD"]["value"] == pytest.approx(math.sqrt((11.5**2 + 3**2 + 8.5**2) / 2))
    assert found["age", "minimum"]["value"] == 20
    assert found["age", "maximum"]["value"] == 40
    assert found["age", "mean"]["n"] == 3
    assert found["age", "not said"]["n"] == 1
    assert found["continent", "Europe"]["n"] == 2
    assert found["minutes", "median"]["value"] == 20
    assert found["flag", "speed"]["n"] == 1
    assert found["flag", "any"]["share"] == 0.25


def test_table_1(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["scores_by_kind"]
    assert list(zip(table["kind"], table["level"].fillna(-1), strict=True)) == [
        *(("genuine", -1), ("positive", -1), ("positive", 0.2), ("negative", -1)),
        *(("optimized", -1), ("optimized", 0.3), ("all", -1)),
    ]
    everything = row(table, kind="all")
    assert everything["n_pairs"] == everything["n_rated"] == 8
    assert everything["n_ratings"] == 32
    assert everything["similarity_mean"] == 55
    assert everything["identity_rate"] == 0.5625
    assert everything["net_distance"] == pytest.approx(2.7 / 7)
    assert everything["net_accept"] == pytest.approx(4 / 7)
    assert everything["net_failures"] == 1
    assert everything["lpips_alex"] == pytest.approx(3.3 / 8)
    optimized = row(table, kind="optimized", level=0.3)
    assert optimized["similarity_mean"] == 40
    assert optimized["identity_rate"] == 0.375
    assert optimized["net_distance"] == pytest.approx(0.3)
    assert optimized["net_accept"] == 1
    assert optimized["net_failures"] == 1
    positive = row(table, kind="positive", level=None)
    assert (positive["similarity_mean"], positive["identity_rate"], positive["net_accept"]) == (72.5, 0.875, 0.5)


def test_table_2(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["correlations"]
    assert "genuine" not in set(table["kind"])
    assert list(dict.fromkeys(table["measure"])) == ["similarity", "net", "lpips_alex"]
    everything = row(table, kind="all", measure="net")
    # Identity rates .75, 0, .25, 1, 0 (mean .4) at distances .2, .9, .3, .6, .7 (mean .54):
    # products of deviations -.119, -.144, .036, .036, -.064; their squares add up to .825 and .332.
    assert everything["n"] == 5
    assert everything["n_bases"] == 2
    assert everything["pearson"] == pytest.approx(-0.255 / math.sqrt(0.825 * 0.332), abs=1e-6)
    assert everything["printed"] == ""
    # Ranks 4, 1.5, 3, 5, 1.5 and 1, 5, 2, 3, 4: products of deviations -2, -3, 0, 0, -1.5.
    assert everything["spearman"] == pytest.approx(-6.5 / math.sqrt(9.5 * 10))
    assert row(table, kind="positive", measure="net")["reason"] == "fewer than 3 pairs"


def test_similarity_distribution(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["similarity_distribution"]
    negative = table[table["kind"] == "negative"]
    assert negative["n"].tolist() == [2, 4, 2, 0, 0, 0, 0, 0, 0, 0]  # 0 twice, 10 four times, 20 twice
    assert row(table, kind="genuine", **{"from": 90.0})["n"] == 8
    assert table.groupby("kind")["share"].sum().tolist() == pytest.approx([1] * 5)


def test_disagreement(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["disagreement"].set_index("pair_id")
    # Distances in rising order: two at 0, then .2 .3 .6 .7 .9. Similarities: 10, 10, 30, 65, 80, 95, 100.
    assert table.loc["a-optimized", "model_closeness"] == pytest.approx(3.5 / 7)
    assert table.loc["a-optimized", "people_closeness"] == pytest.approx(2.5 / 7)
    assert table.loc["b-positive", "disagreement"] == pytest.approx((2.5 - 4.5) / 7)
    assert table.loc["b-negative", "disagreement"] == pytest.approx((1.5 - 1) / 7)
    assert table.loc[["a-optimized", "a-positive"], "disagreement"].tolist() == pytest.approx([1 / 7, 1 / 7])
    # The paper's: 1 - distance / .9, minus the share who say yes.
    assert table.loc["a-optimized", "identity_disagreement"] == pytest.approx(1 - 0.3 / 0.9 - 0.25)
    assert table.loc["b-positive", "identity_disagreement"] == pytest.approx(1 - 0.6 / 0.9 - 1)
    assert table.loc[["a-negative", "a-genuine", "b-genuine"], "identity_disagreement"].tolist() == [0, 0, 0]
    order = ["a-optimized", "b-negative", "a-positive", "b-genuine", "a-negative", "a-genuine", "b-positive"]
    assert list(table.index) == order
    assert table["candidate"].to_dict() == {
        **dict.fromkeys(table.index, ""),
        "a-optimized": "false accept",
        "b-positive": "false reject",
    }
    assert "b-optimized" not in table.index  # it was not acquired


def test_people_disagreement(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["people_disagreement"].set_index("pair_id")
    assert table.index[0] == "a-positive"
    assert table.loc["a-positive", "similarity_std"] == pytest.approx(math.sqrt((15**2 + 5**2 + 5**2 + 15**2) / 3))
    assert table.loc["b-optimized", "identity_entropy"] == 1
    assert table.loc["b-optimized", "identity_std"] == pytest.approx(math.sqrt(4 * 0.5**2 / 3))
    assert table.loc["a-positive", "identity_entropy"] == pytest.approx(2 - 0.75 * math.log2(3))
    assert table.loc["a-negative", "identity_entropy"] == 0


def test_strategies(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["strategies"]
    found = {(entry["question"], entry["feature"]): entry["n"] for entry in table.to_dict("records") if entry["n"]}
    assert found == {
        **{("similarity", feature): 1 for feature in ("eyes", "eye_color", "nose", "hair")},
        ("identity", "nose"): 1,
    }
    assert row(table, question="similarity", feature="nose")["share"] == 0.5
    assert row(table, question="identity", feature="nose")["n_texts"] == 1


def test_agreement(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["agreement"]
    identity = row(table, statistic="alpha", question="identity")
    # Of 32 answers 18 are yes. Within pairs: (3 + 3) / 3, (3 + 3) / 3 and (4 + 4) / 3 disagreeing answers.
    assert identity["value"] == pytest.approx(1 - (20 / 3 / 32) / (2 * 18 * 14 / (32 * 31)))
    assert identity["n_pairs"] == 8
    assert identity["n_participants"] == 4


def test_rater_agreement(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["rater_agreement"].set_index("participant_id")
    # r4 says no to a-positive where the rest say yes. On b-optimized r1, r2 have a rest of 1:2, r3, r4 of 2:1.
    assert table.loc["r4", "identity_agreement"] == 6 / 8
    assert table.loc["r3", "identity_agreement"] == 7 / 8
    assert table.loc["r1", "identity_agreement"] == 6 / 8  # a-optimized too
    # r3: 4 yes of 8, the rest 5 of 8, agreeing on 7.
    assert table.loc["r3", "identity_kappa"] == pytest.approx((7 / 8 - 0.5) / 0.5)


def test_verification(tables: dict[str, pd.DataFrame]) -> None:
    found = row(tables["verification"], recognizer="net")
    assert (found["n_same"], found["n_different"], found["ties"], found["failures"]) == (4, 3, 0, 1)
    assert found["auc"] == pytest.approx(11 / 12)  # of 4 x 3 comparisons only .6 (same) against .3 (different) is wrong
    assert found["eer"] == pytest.approx(0.25)
    assert found["eer_threshold"] == pytest.approx(0.275)
    assert found["threshold"] == 0.5
    assert found["agreement"] == pytest.approx(5 / 7)
    assert found["best_threshold"] == pytest.approx(0.65)
    assert found["best_agreement"] == pytest.approx(6 / 7)


def test_roc(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["roc"]
    assert table["threshold"].tolist() == pytest.approx([-math.inf, 0, 0.2, 0.3, 0.6, 0.7, 0.9])
    assert table["false_accept_rate"].tolist() == pytest.approx([0, 0, 0, 1 / 3, 1 / 3, 2 / 3, 1])
    assert table["false_reject_rate"].tolist() == pytest.approx([1, 0.5, 0.25, 0.25, 0, 0, 0])


def test_error_rates(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["error_rates"]
    accepts = row(table, kind="all", rate="false accept")
    assert (accepts["errors"], accepts["n"], accepts["failures"]) == (1, 3, 1)
    rejects = row(table, kind="all", rate="false reject")
    assert (rejects["errors"], rejects["n"]) == (1, 4)
    assert row(table, kind="positive", rate="false reject")["value"] == 0.5
    assert row(table, kind="genuine", rate="false accept")["reason"] == "no such pair"
    assert row(table, kind="optimized", rate="false accept")["failures"] == 1


def test_calibration(tables: dict[str, pd.DataFrame]) -> None:
    # Deciles of 0 0 .2 .3 .6 .7 .9 part all distances that differ. Falling without a step back: .25 and 1 are pooled.
    table = tables["calibration"]
    assert table["from"].tolist() == table["to"].tolist() == pytest.approx([0, 0.2, 0.3, 0.6, 0.7, 0.9])
    assert table["n"].tolist() == [2, 1, 1, 1, 1, 1]
    assert table["rate"].tolist() == [1, 0.75, 0.25, 1, 0, 0]
    assert table["isotonic"].tolist() == [1, 0.75, 0.625, 0.625, 0, 0]
    fit = row(tables["calibration_fit"], model="net")
    assert (fit["n"], fit["n_answers"]) == (7, 28)


def test_error_consistency(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["error_consistency"]
    assert set(table["reason"]) == {"no two share 10 items of which it is known what is right"}  # of 8 in all


def test_image_attributes(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["image_attributes"].set_index("image_id")
    assert table["brightness"].to_dict() == pytest.approx({name: gray / 255 for name, gray in COLORS.items()})
    assert table[["contrast", "sharpness", "saturation", "saturation_std"]].to_numpy() == pytest.approx(0, abs=1e-12)
    assert table[["red", "green", "blue"]].to_numpy() == pytest.approx(1 / 3)
    assert len(table.columns) == 8  # no landmarks, so no pose; no weights, so no age


def test_deepface(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["deepface"]
    assert table["attribute"].tolist() == ["age", "gender", "race", "emotion"]
    assert table["n_images"].tolist() == [6] * 4
    assert table["n_faces"].tolist() == [0] * 4
    assert (table["reason"] != "").all()


def test_transfer(tables: dict[str, pd.DataFrame]) -> None:
    reached = row(tables["transfer"], reached=True)
    assert (reached["n"], reached["failures"], reached["accept_rate"], bool(reached["is_target"])) == (1, 0, 1, True)
    assert row(tables["transfer"], reached=False)["failures"] == 1


def test_groups(study: Published) -> None:
    table = groups(study.pairs, study.ratings, study.participants, "gender", smallest=5, least_people=1)
    assert set(table["group"]) == {"female", "male"}  # who did not say is left out
    assert "accept" not in set(table["rate"])  # it would say which pairs they rated
    # 7 acquired pairs, 4 accepted. r1 says no to both negatives; r2 and r3 to a-optimized too.
    female = row(table, group="female", rate="false accept")
    assert (female["n"], female["value"]) == (5, pytest.approx(1 / 5))
    male = row(table, group="male", rate="false accept")
    assert (male["n"], male["value"]) == (3, pytest.approx(1 / 3))
    assert male["difference"] == pytest.approx(1 / 3 - 1 / 5)
    assert male["ratio"] == pytest.approx(3 / 5)


def test_variance_components(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["variance_components"]
    # Negative pairs: 0 10 20 10 and 20 10 0 10. Same means, so nothing between pairs or raters; residuals +-10.
    found = row(table, question="similarity", kind="negative")
    assert found["pair"] == found["rater"] == 0
    assert found["residual"] == pytest.approx(400 / 3)
    assert (found["n_pairs"], found["n_raters"]) == (2, 4)


def test_limits(tables: dict[str, pd.DataFrame]) -> None:
    statements = set(tables["limits"]["statement"])
    assert "there are no interpolation pairs" in statements
    assert "genuine: 2 pairs, fewer than 30" in statements
    assert "net did not acquire 1 of 8 pairs (optimized 1): in no rate" in statements
    assert "the alignment hog found nothing in 1 of 6 images" in statements
    assert "1 of 2 searches did not reach 0.3: their pairs stand in for it" in statements
    assert "1 flagged participant is included" in statements
    assert "on 1 pairs half say each: error rates leave them out" in statements


def test_what_is_too_small_is_listed(tables: dict[str, pd.DataFrame]) -> None:
    skipped = tables["skipped"].set_index("table")["reason"]
    assert skipped["attribute_model"] == "6 rated pairs are too few for a random forest"
    assert "fewer than two groups of 30" in skipped["groups"]


def test_whose_ratings_is_in_every_table_of_ratings(tables: dict[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
        if name in ("image_attributes", "deepface", "transfer", "skipped", "limits"):
            assert "ratings_source" not in table
        else:
            assert table.columns[0] == "ratings_source"
            assert np.unique(table["ratings_source"]).tolist() == ["human"]
