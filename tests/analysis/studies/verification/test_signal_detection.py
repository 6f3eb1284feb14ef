"""Signal detection: what the model is told, what is printed of its draws, and d' = z(H) - z(F) where that is exact."""

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import probit
from analysis.errors import AnalysisError, MissingDataError
from analysis.inference.posterior import posterior
from analysis.makers import Options
from analysis.probit import Observations, Posterior
from analysis.studies.verification.makers import makers
from analysis.studies.verification.tables.signal_detection import observed, signal_detection
from tests.analysis.synthetic import draw_pairs, draw_ratings, draw_study

CONVERGED = {"rhat": lambda draws: 1.001, "ess": lambda draws, method: 900.0}


def drawn_as(observations: Observations, z: list[float], divergences: int = 0) -> Posterior:
    """A posterior without spread in which nothing differs between raters, items and parts."""
    shape, n = (4, 50), len(observations.signal)
    nothing = np.zeros(shape)
    return Posterior(np.full((*shape, n), z), nothing, nothing, np.zeros((*shape, n)), nothing, divergences)


def test_images_of_one_pair_alone_are_left_to_the_pair():
    answered = pd.DataFrame(
        {
            "pair_id": ["ab", "ba", "aa", "ac", "ab"],
            "base_id": ["a", "b", "a", "a", "a"],
            "sample_id": ["b", "a", "a", "c", "b"],
            "participant_id": ["y", "x", "x", "x", "x"],
            "kind": ["negative", "negative", "genuine", "positive", "negative"],
            "identity": [0.0, 1.0, 1.0, 1.0, 0.0],
        }
    )
    of = observed(answered, ["genuine", "positive", "negative"])
    assert of.condition.tolist() == [2, 2, 0, 1, 2]
    assert of.rater.tolist() == [1, 0, 0, 0, 0]
    assert of.item.tolist() == [1, 3, 0, 2, 1]  # aa, ab, ac, ba
    assert [codes.tolist() for codes in of.parts] == [[0, 1, 0, 0, 0], [1, 0, -1, -1, 1]]
    assert of.signal.tolist() == [1, 0, 0]


def test_a_rate_over_everybody_has_all_that_varies_in_it():
    one = np.array([0, 1])
    of = Observations(np.ones(2), one, one, one, [np.array([0, 0]), np.array([-1, 0])], np.array([1.0, 0.0]))
    full = np.ones((1, 1))
    drawn = Posterior(np.array([[[3.0, -2.0]]]), 2 * full, 3 * full, np.array([[[1.0, 2.0]]]), full, 0)
    # genuine: 1 of noise, 4 of criteria, 9 of slopes, 1 of pairs, 1 of one image; else 1 + 4 + 4 + 2 images
    assert drawn.rates(of) == pytest.approx(np.array([[[3 / 4, -2 / np.sqrt(11)]]]))


@pytest.fixture
def table(monkeypatch):
    """The table of draws that say z of each kind, of four batches."""

    def make(converged=CONVERGED, divergences=0):
        monkeypatch.setitem(sys.modules, "arviz", SimpleNamespace(**converged))
        monkeypatch.setattr(probit, "sample", lambda of: drawn_as(of, [2.0, 0.5, -1.0, 0.0, 0.25], divergences))
        pairs = draw_pairs(4)
        return signal_detection(pairs, draw_ratings(pairs, raters=3))

    return make


def test_people_have_d_prime_and_criterion_of_each_kind(table):
    rows, spread = table()
    people = rows[rows["decider"] == "people"].set_index("kind")
    assert list(people.index) == ["positive", "negative", "interpolation", "optimized"]
    assert people["d_prime"].tolist() == pytest.approx([1.5, 3.0, 2.0, 1.75])
    assert people["criterion"].tolist() == pytest.approx([-1.25, -0.5, -1.0, -1.125])
    assert people["n_same"].eq(4 * 4 * 3).all()
    assert people.loc["negative", "n_different"] == 4 * 12 * 3
    assert set(spread["effect"]) >= {"criterion of participants", "slope of participants", "image", "pair: negative"}


def test_a_model_has_the_z_of_its_rates_with_half_an_answer_added(table):
    rows, _ = table()
    dlib = rows[rows["decider"] == "dlib"].set_index("kind").loc["negative"]
    hits = round(dlib["hit_rate"] * dlib["n_same"])
    alarms = round(dlib["false_alarm_rate"] * dlib["n_different"])
    z = stats.norm.ppf([(hits + 0.5) / (dlib["n_same"] + 1), (alarms + 0.5) / (dlib["n_different"] + 1)])
    assert (dlib["n_same"], dlib["n_different"], hits) == (16, 48, 16)
    assert dlib["d_prime"] == pytest.approx(z[0] - z[1])
    assert dlib["criterion"] == pytest.approx(-z.sum() / 2)
    assert dlib["d_low"] < dlib["d_prime"] < dlib["d_high"]
    assert dlib["reason"] == "accepts every genuine pair: its z is that of half an answer"


@pytest.mark.parametrize("lacking", [{"rhat": lambda draws: 1.02}, {"ess": lambda draws, method: 399.0}])
def test_chains_that_did_not_converge_give_no_number(table, lacking):
    rows, spread = table(CONVERGED | lacking)
    people = rows[rows["decider"] == "people"]
    assert people[["d_prime", "d_low", "d_high", "criterion", "criterion_low", "criterion_high"]].isna().all(axis=None)
    assert people["reason"].str.startswith("the chains did not converge (R-hat ").all()
    assert spread[["sd", "low", "high"]].isna().all(axis=None)
    assert rows.loc[rows["decider"] == "dlib", "d_prime"].notna().all()  # needs no chains


def test_draws_that_diverged_are_told(table):
    rows, _ = table(divergences=3)
    assert rows.loc[rows["decider"] == "people", "reason"].str.contains("3 of 200 draws diverged").all()


def test_without_genuine_pairs_there_is_no_hit_rate():
    pairs = draw_pairs(1)
    others = pairs[pairs["kind"] != "genuine"]
    with pytest.raises(MissingDataError, match="no ratings of identity of genuine pairs"):
        signal_detection(others, draw_ratings(others, raters=2))


def test_without_the_extra_an_error_says_what_to_install(monkeypatch):
    study = draw_study(batches=1, raters=2)
    monkeypatch.setattr(probit, "find_spec", lambda name: None)
    with pytest.raises(AnalysisError, match=r"not installed: pip install 'lands-between\[signal\]'"):
        makers(study, Options(signal_detection=True))
    assert not any("signal_detection" in maker.names for maker in makers(study, Options()))


def test_a_balanced_study_has_the_d_prime_of_its_rates():
    """On request alone: the extra is no part of what the tests install."""
    pytest.importorskip("pymc")
    rng = np.random.default_rng(5)
    rater, item = (codes.ravel() for codes in np.indices((8, 60)))
    condition = item % 2
    answers = rng.random(len(item)) < stats.norm.cdf(np.array([0.8, -0.6])[condition])
    of = Observations(answers.astype(np.float64), condition, rater, item, [], np.array([1.0, 0.0]))
    drawn = probit.sample(of, chains=2, tune=300, draws=400)
    z = drawn.rates(of)
    exact = stats.norm.ppf([answers[condition == side].mean() for side in (0, 1)])
    _, r_hat, _ = posterior(np.asarray(z[..., 0] - z[..., 1]))
    assert r_hat < 1.05
    assert (z[..., 0] - z[..., 1]).mean() == pytest.approx(exact[0] - exact[1], abs=0.08)
    assert z.mean(axis=(0, 1)) == pytest.approx(exact, abs=0.08)
    error = np.sqrt(2 * np.pi * 0.25 * 2 / 240)  # of the difference of two z, no rater or item differing, near 0
    assert (z[..., 0] - z[..., 1]).std() == pytest.approx(error, rel=0.6)
