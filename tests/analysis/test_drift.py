import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from analysis import MissingDataError
from analysis.questions import Scale
from analysis.tables.answers import Answers
from analysis.tables.drift import drift, time_by_distance

BATCHES, ITEMS, RATERS = 4, 30, 5


@pytest.fixture(scope="module")
def study() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Answers rise by 8 per hundred items, times halve, and double with each unit of nearness."""
    rng = np.random.default_rng(0)
    n = BATCHES * ITEMS
    items = pd.DataFrame({"item": range(n), "batch": np.repeat(range(BATCHES), ITEMS), "margin": rng.uniform(0, 3, n)})
    value = rng.normal(0, 10, n)
    rows = []
    for batch, of in items.groupby("batch"):
        for who in range(RATERS):
            place = rng.permutation(ITEMS)
            answer = value[of["item"]] + rng.normal(0, 5) + 8 * place / 100 + rng.normal(0, 1, ITEMS)
            time = 2 ** (12 + rng.normal() - place / 100 - of["margin"] + rng.normal(0, 0.1, ITEMS))
            row = {"item": of["item"], "liking": answer, "position": place, "response_time_ms": time}
            rows.append(pd.DataFrame(row).assign(participant_id=f"{batch}/{who}"))
    return items, pd.concat(rows, ignore_index=True)


def about(items: pd.DataFrame, ratings: pd.DataFrame) -> Answers:
    return Answers.about(items, ratings, "item", (Scale("liking"),), clusters={"batches": "batch"})


def test_the_slope_is_that_of_least_squares_with_fixed_effects(study: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    items, ratings = study
    table = drift(about(items, ratings)).set_index("figure")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the design has a column too many for each batch
        fit = smf.ols("liking ~ position + C(participant_id) + C(item)", ratings).fit()
    assert table.loc["liking", "slope"] == pytest.approx(100 * fit.params["position"], rel=1e-6)
    assert table.loc["liking", "low"] < 8 < table.loc["liking", "high"]
    assert table.loc["log2 time", "slope"] == pytest.approx(-1, abs=0.1)
    assert table.loc["liking", "interval"] == "jackknife of 4 batches"


def test_what_lies_near_the_threshold_takes_longer(study: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    items, ratings = study
    table = time_by_distance(about(items, ratings), margins=["margin"])
    slope = -ratings["item"].map(items.set_index("item")["margin"]).std(ddof=0)  # a doubling for each unit
    assert table["slope"].tolist() == pytest.approx([slope], rel=0.02)
    assert table["p"].item() < 0.001


def test_no_order_and_no_times(study: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    items, ratings = study
    with pytest.raises(MissingDataError, match="in which order"):
        drift(about(items, ratings.assign(position=0)))
    untimed = ratings.drop(columns="response_time_ms")
    with pytest.raises(MissingDataError, match="how long"):
        time_by_distance(about(items, untimed), margins=["margin"])
