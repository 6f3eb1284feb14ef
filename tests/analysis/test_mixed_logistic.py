import numpy as np
import pytest
from scipy import optimize

from analysis import mixed_logistic
from analysis.studies.verification.tables.identity_model import UNCLEAR, identity_model
from tests.analysis.synthetic import draw_pairs, draw_ratings

# Contagious bovine pleuropneumonia: new cases and animals by herd and period; Lesnoff et al. (2004), lme4's `cbpp`.
HERDS = [4, 3, 4, 4, 4, 4, 4, 1, 4, 4, 4, 4, 4, 4, 4]
CASES = (
    "2 3 4 0 3 1 1 8 2 0 2 2 0 2 0 5 0 0 1 3 0 0 1 8 1 3 0 12 2 0 0 0 1 1 0 2 0 5 3 1 2 1 0 0 1 2 0 0 11 0 0 0 1 1 1 0"
)
SIZES = (
    "14 12 9 5 22 18 21 22 16 16 20 10 10 9 6 18 25 24 4 17 17 18 20 16 10 9 5 34 9 6 8 6 22 22 18 22 25 27 22 22 10 8 "
    "6 5 21 24 19 23 19 2 3 2 19 15 15 15"
)


def cbpp() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    cases, sizes = (np.array(text.split(), int) for text in (CASES, SIZES))
    herd = np.repeat(np.repeat(np.arange(15), HERDS), sizes)
    period = np.repeat(np.concatenate([np.arange(n) for n in HERDS]), sizes)
    answers = np.concatenate([np.arange(n) < of for of, n in zip(cases, sizes, strict=True)]).astype(float)
    design = np.stack([np.ones(len(answers)), *(period == number for number in (1, 2, 3))], axis=1)
    return answers, design.astype(float), herd, period


def test_against_glmer() -> None:
    """lme4: coefficients -1.39834, -0.99193, -1.12822, -1.57975, SD of the herds 0.642; a prior moves ours a bit."""
    answers, design, herd, _ = cbpp()
    fit = mixed_logistic.fit(answers, design, herd, np.zeros(len(answers), np.intp))
    assert fit.converged
    assert fit.coefficients == pytest.approx([-1.39834, -0.99193, -1.12822, -1.57975], abs=3e-3)
    assert fit.sd_large == pytest.approx(0.642, abs=1e-3)
    assert fit.sd_small < 0.01
    assert fit.errors == pytest.approx([0.232, 0.303, 0.323, 0.422], abs=0.01)


def test_the_gradient_is_that_of_finite_differences() -> None:
    answers, design, herd, period = cbpp()
    data = mixed_logistic._Data(answers, design, herd, period, 15, 4)

    def objective(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        mode = mixed_logistic._mode(data, parameters[:4], np.exp(parameters[4:]), np.zeros(19))
        return mixed_logistic._objective(data, parameters, mode)

    at = np.array([-1, 0.3, -0.5, 0.2, -0.2, 0.1])
    numeric = optimize.approx_fprime(at, lambda parameters: objective(parameters)[0], 1e-6)
    assert objective(at)[1] == pytest.approx(numeric, rel=1e-4)


def test_the_gradient_with_random_slopes_is_that_of_finite_differences() -> None:
    answers, design, herd, period = cbpp()
    slopes = np.random.default_rng(0).normal(size=(len(answers), 1))
    data = mixed_logistic._Data(answers, design, herd, period, 15, 4, slopes)

    def objective(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        mode = mixed_logistic._mode(data, parameters[:4], np.exp(parameters[4:]), np.zeros(23))
        return mixed_logistic._objective(data, parameters, mode)

    at = np.array([-1, 0.3, -0.5, 0.2, -0.2, 0.1, -0.4])
    numeric = optimize.approx_fprime(at, lambda parameters: objective(parameters)[0], 1e-6)
    assert objective(at)[1] == pytest.approx(numeric, rel=1e-4)


def test_laplace_is_close_to_the_integral() -> None:
    """One grouping of three, two answers each: the likelihood by quadrature."""
    answers, large = np.array([1.0, 0, 1, 1, 0, 0]), np.array([0, 0, 1, 1, 2, 2])
    data = mixed_logistic._Data(answers, np.ones((6, 1)), large, np.zeros(6, np.intp), 3, 1)
    mode = mixed_logistic._mode(data, np.array([0.3]), np.array([0.4, 1e-9]), np.zeros(4))
    laplace = mode.log_density - 0.5 * mode.curvature.log_determinant()
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    p = 1 / (1 + np.exp(-(0.3 + 0.4 * nodes)))
    exact = sum(
        np.log(
            weights
            @ np.prod([p if answer else 1 - p for answer in answers[large == group]], axis=0)
            / np.sqrt(2 * np.pi)
        )
        for group in range(3)
    )
    assert laplace == pytest.approx(exact, abs=5e-3)


def test_what_ratings_were_drawn_from_is_found() -> None:
    pairs = draw_pairs(batches=10)
    ratings = draw_ratings(pairs, sd=(0.8, 0.5))
    table = identity_model(pairs, ratings)
    of_dlib = table[table["recognizer"] == "dlib"].set_index("term")
    spread = ratings.join(pairs.set_index("pair_id")["dlib_distance"], on="pair_id")["dlib_distance"].std()
    truth = -10 * spread
    assert of_dlib.loc["distance", "low"] < truth < of_dlib.loc["distance", "high"]
    assert of_dlib.loc["sd: pair", "estimate"] == pytest.approx(0.8, abs=0.15)
    assert of_dlib.loc["sd: participant", "estimate"] == pytest.approx(0.5, abs=0.15)
    assert of_dlib.loc["lpips_alex", "low"] < 0 < of_dlib.loc["lpips_alex", "high"]
    assert set(of_dlib["reason"].drop("sd: distance by participant")) == {""}
    kinds = [term for term in of_dlib.index if term.startswith("kind")]
    assert len(kinds) == 4
    for term in kinds:  # given the distance, the kind says nothing
        assert of_dlib.loc[term, "low"] < 0.5
        assert of_dlib.loc[term, "high"] > -0.5


@pytest.mark.parametrize(
    ("raters", "answer", "reason"),
    [(1, None, "1 participants and 112 pairs are too few"), (3, True, "all answers are the same")],
)
def test_too_little_has_a_reason(raters: int, answer: bool | None, reason: str) -> None:
    pairs = draw_pairs(batches=1)
    ratings = draw_ratings(pairs, raters)
    if answer is not None:
        ratings["identity"] = answer
    assert set(identity_model(pairs, ratings)["reason"]) == {reason}


def test_slopes_that_differ_between_people_are_found() -> None:
    """Log odds fall by 10 a unit of distance on average, with an SD of 3 between people."""
    pairs = draw_pairs(batches=6, recognizers=("dlib",))
    ratings = draw_ratings(pairs)
    rng = np.random.default_rng(5)
    distance = ratings.join(pairs.set_index("pair_id")["dlib_distance"], on="pair_id")["dlib_distance"]
    people = ratings["participant_id"].unique()
    slope = ratings["participant_id"].map(dict(zip(people, -10 + 3 * rng.normal(size=len(people)), strict=True)))
    odds = 5 + slope * (distance - distance.mean()) + 10 * (0.5 - distance.mean())
    ratings["identity"] = rng.random(len(ratings)) < 1 / (1 + np.exp(-odds))
    table = identity_model(pairs, ratings).set_index("term")
    found, spread = table.loc["sd: distance by participant"], distance.std()
    assert found["low"] < 3 * spread < found["high"]
    assert found["low"] > 0.3
    assert table.loc["distance", "low"] < -10 * spread < table.loc["distance", "high"]
    pair = table.loc["sd: pair"]  # pairs do not differ beyond their distance
    assert pair["estimate"] < 0.3
    assert set(table["reason"]) <= {"", UNCLEAR}


def test_a_deviation_at_its_bound_has_no_interval_and_a_search_beyond_has_not_converged() -> None:
    answers, design, herd, _ = cbpp()
    fit = mixed_logistic.fit(answers, design, herd, np.zeros(len(answers), np.intp))
    assert fit.at_bound.tolist() == [False, True]  # all animals are in one group of the smaller grouping
    assert np.isnan(fit.limits[1]).all()
    assert fit.limits[0, 0] < 0.642 < fit.limits[0, 1]
    parted = np.repeat([0.0, 1], 20_000)  # each group says one thing, a thousand times
    fit = mixed_logistic.fit(parted, np.ones((40_000, 1)), np.repeat(np.arange(40), 1000), np.zeros(40_000, np.intp))
    assert not fit.converged


def test_a_kind_with_one_answer_only_stays_finite() -> None:
    pairs = draw_pairs(batches=2)
    ratings = draw_ratings(pairs)
    genuine = pairs.loc[pairs["kind"] == "genuine", "pair_id"]
    ratings.loc[ratings["pair_id"].isin(genuine), "identity"] = True
    table = identity_model(pairs, ratings).query("recognizer == 'dlib' and not term.str.startswith('sd')")
    assert np.isfinite(table[["estimate", "se"]]).all(axis=None)
    assert table["estimate"].abs().max() < 20


def test_a_term_that_is_left_out_says_so() -> None:
    pairs = draw_pairs(batches=1).assign(lpips_alex=0.5)
    table = identity_model(pairs, draw_ratings(pairs)).query("recognizer == 'dlib'").set_index("term")
    assert np.isnan(table.loc["lpips_alex", "estimate"])
    assert table.loc["lpips_alex", "reason"] == "is the same in all ratings: not in the model"
    assert table.loc["distance", "reason"] == ""


def test_one_rating_a_pair_tells_nothing_of_what_varies_between_pairs() -> None:
    pairs = draw_pairs(batches=2)
    once = draw_ratings(pairs).sample(frac=1, random_state=0).drop_duplicates("pair_id")
    table = identity_model(pairs, once).query("recognizer == 'dlib'").set_index("term")
    assert np.isnan(table.loc["sd: pair", "estimate"])
    assert table.loc["sd: pair", "reason"] == "no pair has two ratings"
    assert np.isfinite(table.loc["sd: participant", "estimate"])
