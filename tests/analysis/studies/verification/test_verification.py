import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize, stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import det_curve, roc_auc_score

from analysis import MissingDataError
from analysis.inference import from_replicates, rate
from analysis.studies.verification.data import UNIT_COLUMNS, identity_scores, with_answers
from analysis.studies.verification.figures.distance_violins import decisions
from analysis.studies.verification.tables.disagreement import people_disagreement
from analysis.studies.verification.tables.scores_by_kind import means, scores_by_kind
from analysis.studies.verification.tables.transfer import transfer
from analysis.studies.verification.tables.verification import decided, error_rates, roc, verification
from analysis.tables.calibration import calibration
from tests.analysis.synthetic import draw_pairs, draw_ratings


@pytest.fixture(scope="module")
def pairs() -> pd.DataFrame:
    return draw_pairs(batches=4)


@pytest.fixture(scope="module")
def ratings(pairs: pd.DataFrame) -> pd.DataFrame:
    return draw_ratings(pairs)


def test_roc_counts_errors(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    clear = decided(with_answers(pairs, ratings), "dlib")
    curve = roc(pairs, ratings).query("recognizer == 'dlib'")
    for point in curve.iloc[:: len(curve) // 20].to_dict("records"):
        accepted = clear["distance"] <= point["threshold"]
        assert point["false_accept_rate"] == pytest.approx(accepted[~clear["same"]].mean())
        assert point["false_reject_rate"] == pytest.approx((~accepted[clear["same"]]).mean())


def test_det_is_that_of_scikit_learn(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    clear = decided(with_answers(pairs, ratings), "dlib")
    curve = roc(pairs, ratings).query("recognizer == 'dlib'").set_index("threshold")
    accepts, rejects, scores = det_curve(clear["same"], -clear["distance"])
    both = curve.loc[-scores]
    assert both["false_accept_rate"].to_numpy() == pytest.approx(accepts)
    assert both["false_reject_rate"].to_numpy() == pytest.approx(rejects)


def test_equal_error_rate_by_root_finding(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    curve = roc(pairs, ratings).query("recognizer == 'dlib'").iloc[1:]

    def gap(threshold: float) -> float:
        rates = [
            np.interp(threshold, curve["threshold"], curve[name]) for name in ("false_accept_rate", "false_reject_rate")
        ]
        return float(rates[0] - rates[1])

    threshold = optimize.brentq(gap, 0, 1.5)
    found = verification(pairs, ratings).set_index("recognizer").loc["dlib"]
    assert found["eer_threshold"] == pytest.approx(threshold)
    assert found["eer"] == pytest.approx(np.interp(threshold, curve["threshold"], curve["false_accept_rate"]))


def test_verification_by_brute_force(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    scored = with_answers(pairs, ratings)
    table = verification(pairs, ratings, {"dlib": 0.6}).set_index("recognizer")
    assert table.loc["dlib", "threshold"] == 0.6
    assert table.loc["facenet512", "threshold"] == pairs.query("facenet512_accept")["facenet512_distance"].max()
    for name in ("dlib", "facenet512"):
        distance, rate = scored[f"{name}_distance"], scored["identity_rate"]
        agreements = {cut: np.where(distance <= cut, rate, 1 - rate).mean() for cut in distance}
        found = table.loc[name]
        assert found["best_agreement"] == pytest.approx(max(agreements.values()))
        below = max(cut for cut in distance if cut <= found["best_threshold"])
        assert agreements[below] == pytest.approx(max(agreements.values()))
        assert found["agreement"] == pytest.approx(np.where(scored[f"{name}_accept"], rate, 1 - rate).mean())
        assert found["best_low"] <= found["best_threshold"] <= found["best_high"]
        clear = decided(scored, name)
        assert found["auc"] == pytest.approx(roc_auc_score(clear["same"], -clear["distance"]))
        assert found["auc_low"] < found["auc"] < found["auc_high"]
        assert found["n_same"] + found["n_different"] + found["ties"] == len(pairs)


def test_the_best_threshold_is_the_one_that_people_follow(pairs: pd.DataFrame) -> None:
    """People who say "same" up to 0.42: the threshold is there, and its interval narrow."""
    exact = pairs.assign(identity_rate=(pairs["dlib_distance"] <= 0.42) * 1.0, similarity_mean=50.0, n_ratings=10)
    found = verification(exact).set_index("recognizer").loc["dlib"]
    assert found["best_threshold"] == pytest.approx(0.42, abs=0.01)
    assert (found["best_low"], found["best_high"]) == pytest.approx((0.42, 0.42), abs=0.02)
    assert found["best_agreement"] == 1
    assert found["auc"] == 1
    assert found["eer"] == 0


def test_failures_are_in_no_rate(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    failing = pairs.copy()
    failing.loc[failing["kind"] == "negative", ["dlib_distance", "dlib_accept"]] = None
    table = error_rates(failing, ratings).query("recognizer == 'dlib'").set_index(["kind", "rate"])
    n = (pairs["kind"] == "negative").sum()
    assert table.loc[("negative", "false accept"), "n"] == 0
    assert table.loc[("negative", "false accept"), "failures"] == n
    assert table.loc[("all", "false accept"), "failures"] == n
    whole = error_rates(pairs, ratings).query("recognizer == 'dlib'").set_index(["kind", "rate"])
    pd.testing.assert_series_equal(table.loc["optimized", "value"], whole.loc["optimized", "value"])
    assert verification(failing, ratings).set_index("recognizer").loc["dlib", "failures"] == n


def test_nobody_sees_two_identities(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    same = ratings.assign(identity=True)
    with pytest.raises(MissingDataError, match="both pairs"):
        roc(pairs, same)
    table = verification(pairs, same)
    assert table["auc"].isna().all()
    assert table[["best_threshold", "best_low", "best_high", "best_agreement"]].isna().all(axis=None)
    assert table["agreement"].notna().all()
    reason = "all answers are the same: every threshold on one side of all distances is as good"
    assert set(table["reason"]) == {reason}
    most = ratings.assign(identity=ratings["participant_id"].str.endswith("-0"))
    table = verification(pairs, most)
    assert table["best_threshold"].isna().all()  # one in ten says "same" of every pair
    assert set(table["reason"]) == {
        "people see the same identity in all pairs or in none; people's answers are met best where nothing is accepted"
    }


def test_calibration_against_scikit_learn(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    bins, fits = calibration(**identity_scores(pairs, ratings))
    fit = fits.set_index("model").loc["dlib"]
    answers = ratings.join(pairs.set_index("pair_id")["dlib_distance"], on="pair_id")
    other = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(answers[["dlib_distance"]], answers["identity"])
    assert (fit["intercept"], fit["slope"]) == pytest.approx((other.intercept_[0], other.coef_[0, 0]), rel=1e-4)
    p = other.predict_proba(answers[["dlib_distance"]])[:, 1]
    assert fit["brier"] == pytest.approx(((p - answers["identity"]) ** 2).mean(), rel=1e-4)
    assert fit["half"] == pytest.approx(0.5, abs=0.05)  # log odds 5 - 10 d
    of_dlib = bins[bins["model"] == "dlib"]
    assert of_dlib["n"].sum() == len(pairs)
    assert (of_dlib["isotonic"].diff().dropna() <= 1e-12).all()
    assert ((of_dlib["low"] <= of_dlib["rate"]) & (of_dlib["rate"] <= of_dlib["high"])).all()
    expected = 1 / (1 + np.exp(-(fit["intercept"] + fit["slope"] * of_dlib["score_mean"])))
    assert of_dlib["logistic"].to_numpy() == pytest.approx(expected.to_numpy())


def test_calibration_that_has_no_finite_fit(pairs: pd.DataFrame) -> None:
    parted = pairs.assign(identity_rate=(pairs["dlib_distance"] < 0.5) * 1.0, similarity_mean=50.0, n_ratings=4)
    bins, fits = calibration(**identity_scores(parted))
    assert fits.set_index("model").loc["dlib", "reason"] == "one score parts all answers"
    assert bins.query("model == 'dlib'")["logistic"].isna().all()
    assert bins.query("model == 'dlib'")["isotonic"].notna().all()
    constant = calibration(**identity_scores(parted.assign(dlib_distance=0.3)))
    assert "the same of all items" in constant[1].set_index("model").loc["dlib", "reason"]
    assert constant[0].query("model == 'dlib'")["n"].tolist() == [len(pairs)]


def test_statsmodels_gives_the_calibration_of_single_answers(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    answers = ratings.join(pairs.set_index("pair_id")["facenet512_distance"], on="pair_id")
    design = sm.add_constant(answers["facenet512_distance"])
    fit = sm.Logit(answers["identity"].astype(float), design).fit(disp=False)
    found = calibration(**identity_scores(pairs, ratings))[1].set_index("model").loc["facenet512"]
    assert (found["intercept"], found["slope"]) == pytest.approx(tuple(fit.params), rel=1e-5)


def test_transfer_finds_the_target_and_counts() -> None:
    pairs = draw_pairs(batches=2)
    optimized = pairs["kind"] == "optimized"
    pairs.loc[optimized, "dlib_distance"] = pairs.loc[optimized, "level"] - 0.01
    pairs.loc[optimized, "dlib_accept"] = True
    first = pairs.index[optimized & (pairs["level"] == 0.3)][0]
    pairs.loc[first, ["reached", "dlib_distance", "dlib_accept"]] = [False, 0.55, True]
    table = transfer(pairs)
    assert set(table.loc[table["is_target"], "recognizer"]) == {"dlib"}
    found = table.set_index(["level", "reached", "recognizer"])
    assert found.loc[(0.3, False, "dlib"), "n"] == 1
    assert found.loc[(0.3, True, "dlib"), "n"] == 23
    rest = pairs[optimized & (pairs["level"] == 0.4)]
    assert found.loc[(0.4, True, "facenet512"), "accept_rate"] == rest["facenet512_accept"].astype(float).mean()
    assert transfer(pairs, "facenet512").query("is_target")["recognizer"].unique().tolist() == ["facenet512"]
    assert transfer(pairs.assign(reached=False))["is_target"].isna().all()
    with pytest.raises(MissingDataError, match="no optimized"):
        transfer(pairs[~optimized])


def test_a_null_answer_has_no_weight(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    """Identity is missing mostly where the distance is small; the fit is that of the answers there are."""
    near = ratings["pair_id"].map(pairs.set_index("pair_id")["dlib_distance"]) < 0.45
    dropped = near & (np.random.default_rng(0).random(len(ratings)) < 0.9)
    partly = ratings.assign(identity=ratings["identity"].astype("boolean").mask(dropped))
    fit = calibration(**identity_scores(pairs, partly))[1].set_index("model").loc["dlib"]
    answers = ratings[~dropped].join(pairs.set_index("pair_id")["dlib_distance"], on="pair_id")
    other = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(answers[["dlib_distance"]], answers["identity"])
    p = other.predict_proba(answers[["dlib_distance"]])[:, 1]
    assert fit["n_answers"] == len(answers)
    assert fit["slope"] == pytest.approx(other.coef_[0, 0], rel=1e-4)
    assert fit["brier"] == pytest.approx(((p - answers["identity"]) ** 2).mean(), rel=1e-4)


def test_each_question_counts_its_own_answers(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    partly = ratings.assign(identity=ratings["identity"].astype("boolean"))
    partly.loc[partly.index % 2 == 0, "identity"] = pd.NA
    partly.loc[partly.index % 5 == 0, "similarity"] = np.nan
    counts = with_answers(pairs, partly)[["n_ratings", "n_similarity", "n_identity"]].sum()
    assert counts.tolist() == [len(partly), partly["similarity"].count(), partly["identity"].count()]
    everything = scores_by_kind(pairs, partly).iloc[-1]
    assert (everything["n_similarity"], everything["n_identity"]) == (counts["n_similarity"], counts["n_identity"])
    same, different = decisions(with_answers(pairs, partly), "dlib")
    assert (len(same), len(same) + len(different)) == (partly["identity"].sum(), partly["identity"].count())


def test_people_disagreement_of_one_answer_says_so() -> None:
    pairs = draw_pairs(batches=1)
    ratings = draw_ratings(pairs, raters=2)
    first = ratings["participant_id"] == "r0-0"
    partly = ratings.assign(identity=ratings["identity"].astype("boolean").mask(first))
    table = people_disagreement(pairs, partly)
    assert len(table) == len(pairs)
    assert table["similarity_std"].notna().all()
    assert table[["identity_std", "identity_entropy"]].isna().all(axis=None)
    assert set(table["reason"]) == {"identity: 1 answer"}


def test_transfer_keeps_pairs_of_which_it_is_not_known_whether_they_reached_their_level() -> None:
    pairs = draw_pairs(batches=2)
    optimized = pairs["kind"] == "optimized"
    pairs["reached"] = pairs["reached"].mask(optimized & (pairs["level"] == 0.4))
    table = transfer(pairs, "dlib")
    unsaid = table[table["reached"].isna() & (table["recognizer"] == "dlib")]
    assert unsaid[["level", "n"]].to_numpy().tolist() == [[0.4, 24]]
    assert table.loc[table["recognizer"] == "dlib", "n"].sum() == optimized.sum()
    nowhere = transfer(pairs.assign(reached=None), "dlib")
    assert nowhere["reached"].isna().all()
    assert nowhere.loc[nowhere["recognizer"] == "dlib", "n"].sum() == optimized.sum()


def test_transfer_of_pairs_that_were_not_acquired_says_so() -> None:
    pairs = draw_pairs(batches=1)
    pairs["dlib_accept"] = pairs["dlib_accept"].mask(pairs["kind"] == "optimized")
    table = transfer(pairs, "dlib").set_index("recognizer")
    assert set(table.loc["dlib", "reason"]) == {"no pair was acquired"}
    assert set(table.loc["facenet512", "reason"]) == {""}


def test_the_bands_of_a_curve_are_the_intervals_of_its_rates(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    clear = decided(with_answers(pairs, ratings), "dlib")
    curve = roc(pairs, ratings).query("recognizer == 'dlib'")
    for point in curve.iloc[5 :: len(curve) // 6].to_dict("records"):
        accepted = (clear["distance"] <= point["threshold"]).to_numpy()
        for side, errors, name in ((False, accepted, "false_accept"), (True, ~accepted, "false_reject")):
            rows = (clear["same"] == side).to_numpy()
            expected = rate(errors[rows].astype(float), clear.loc[rows, list(UNIT_COLUMNS)])
            found = (point[f"{name}_rate"], point[f"{name}_low"], point[f"{name}_high"])
            assert found == pytest.approx((expected.estimate, expected.low, expected.high))
    assert (curve["n_same"].iloc[0], curve["n_different"].iloc[0]) == (clear["same"].sum(), (~clear["same"]).sum())


def test_the_interval_of_half_leaves_out_batch_after_batch(pairs: pd.DataFrame, ratings: pd.DataFrame) -> None:
    def half(of: pd.DataFrame) -> pd.Series:
        return calibration(**identity_scores(of, ratings))[1].set_index("model").loc["dlib"]

    whole, without = half(pairs), [half(pairs[pairs["batch"] != batch])["half"] for batch in range(4)]
    expected = from_replicates(whole["half"], np.array(without))
    assert (whole["half_low"], whole["half_high"]) == pytest.approx((expected.low, expected.high))
    assert whole["half_low"] < 0.5 < whole["half_high"]  # log odds 5 - 10 d
    assert "4 batches" in whole["interval"]


def test_means_have_students_interval_of_equal_batches():
    pairs = draw_pairs(4)
    ratings = draw_ratings(pairs, raters=3)
    table = means(pairs, ratings).set_index(["kind", "level", "measure"]).sort_index()
    rated = scores_by_kind(pairs, ratings)
    of_negative = rated[(rated["kind"] == "negative") & rated["level"].isna()].iloc[0]
    for measure, values in {
        "similarity_mean": ratings.groupby("pair_id")["similarity"].mean(),
        "dlib_distance": pairs.set_index("pair_id")["dlib_distance"],
    }.items():
        own = pairs[pairs["kind"] == "negative"].assign(value=lambda of, v=values: of["pair_id"].map(v))
        batches = own.groupby("batch")["value"].mean()
        reach = stats.t.ppf(0.975, 3) * batches.std() / 2
        row = table.loc[("negative", np.nan, measure)]
        assert row[["value", "low", "high"]].tolist() == pytest.approx(
            [batches.mean(), batches.mean() - reach, batches.mean() + reach]
        )
        assert row["value"] == pytest.approx(of_negative[measure])
    assert table.loc[("all", np.nan, "identity_rate"), "interval"] == "jackknife of 4 batches"
    alone = means(pairs)
    assert "similarity_mean" not in set(alone["measure"])
    assert alone["interval"].str.contains("4 batches").all()
