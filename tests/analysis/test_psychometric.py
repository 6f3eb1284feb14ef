import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize, stats

from analysis import MissingDataError
from analysis.tables.psychometric import Curve, fitted, psychometric

TRUE = Curve(threshold=0.6, slope=20.0, lapse=0.05)


def draw(batches: int, per_batch: int, raters: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    score = rng.uniform(0.2, 1.0, batches * per_batch)
    yes = rng.binomial(raters, TRUE.share(score))
    table = pd.DataFrame({"score": score, "rate": yes / raters, "n": float(raters)})
    return table.assign(batch=np.repeat(range(batches), per_batch), kind=np.resize(["near", "far"], len(table)))


def test_what_it_was_drawn_from_is_found_again() -> None:
    table = draw(40, 100, 20)
    curve, reason = fitted(*(table[name].to_numpy() for name in ("score", "rate", "n")))
    assert reason == ""
    assert curve is not None
    assert tuple(curve) == pytest.approx(tuple(TRUE), rel=0.03)


def test_it_is_the_most_likely_one() -> None:
    """A search without gradients, over the binomial likelihood of the library, finds nothing better."""
    table = draw(4, 30, 10)
    score, rate, n = (table[name].to_numpy() for name in ("score", "rate", "n"))

    def cost(parameters: np.ndarray) -> float:
        lapse = np.clip(parameters[2], 0, 0.1)
        return -stats.binom.logpmf(rate * n, n, Curve(parameters[0], parameters[1], lapse).share(score)).sum()

    best = optimize.minimize(cost, [0.5, 10.0, 0.02], method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-8})
    curve, _ = fitted(score, rate, n)
    assert curve is not None
    assert cost(np.array(curve)) <= best.fun + 1e-4
    assert curve.threshold == pytest.approx(best.x[0], abs=1e-3)


def test_without_lapses_it_is_the_logistic_function_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.tables.psychometric.MOST_LAPSES", 0.0)
    table = draw(4, 30, 10)
    score, rate, n = (table[name].to_numpy() for name in ("score", "rate", "n"))
    intercept, slope = sm.GLM(rate, sm.add_constant(score), sm.families.Binomial(), var_weights=n).fit().params
    curve, _ = fitted(score, rate, n)
    assert curve == pytest.approx((-intercept / slope, -slope, 0), rel=1e-3)


def test_each_condition_has_its_own() -> None:
    items = draw(5, 40, 10)
    scores = {"model": "score"}
    table = psychometric(items, scores=scores, rate="rate", answers="n", units=["batch"], condition="kind")
    assert table["condition"].tolist() == ["all", "far", "near"]
    near = items[items["kind"] == "near"]
    curve, _ = fitted(*(near[name].to_numpy() for name in ("score", "rate", "n")))
    found = table.set_index("condition").loc["near"]
    assert curve is not None
    assert found["threshold"] == curve.threshold
    assert found["threshold_low"] < 0.6 < found["threshold_high"]
    assert found["slope_low"] < curve.slope < found["slope_high"]
    assert (found["interval"], found["n"], found["n_answers"]) == ("jackknife of 5 batches", 100, 1000)


@pytest.mark.parametrize(
    ("score", "rate", "reason"),
    [
        (np.linspace(0, 1, 5), np.linspace(1, 0, 5), "fewer than 8 items"),
        (np.ones(20), np.linspace(1, 0, 20), "the score, or the answer, is the same of all items"),
        (np.linspace(0, 1, 20), np.ones(20), "the score, or the answer, is the same of all items"),
        (np.linspace(0, 1, 20), np.linspace(0, 1, 20) < 0.5, "one score parts all answers"),
        (np.linspace(0, 1, 20), np.linspace(0.95, 0.7, 20), "half of the people is reached at no score that there is"),
        (np.linspace(0, 1, 20), np.full(20, 0.5), "the answers do not follow the score"),
    ],
)
def test_why_there_is_no_function(score: np.ndarray, rate: np.ndarray, reason: str) -> None:
    assert fitted(score, np.asarray(rate, float), np.full(len(score), 10.0)) == (None, reason)


def test_no_items() -> None:
    with pytest.raises(MissingDataError):
        psychometric(draw(1, 1, 1).head(0), scores={"m": "score"}, rate="rate", answers="n", units=["batch"])
