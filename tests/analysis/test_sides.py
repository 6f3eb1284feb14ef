import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from analysis import MissingDataError
from analysis.questions import Scale
from analysis.tables.answers import Answers
from analysis.tables.sides import has_sides, sides


@pytest.fixture
def study() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Answers are 4 higher where the first image is on the right."""
    rng = np.random.default_rng(1)
    items = pd.DataFrame({"item": range(120), "batch": np.repeat(range(4), 30)})
    value, rows = rng.normal(50, 10, 120), []
    for batch, of in items.groupby("batch"):
        for who in range(6):
            right = (np.arange(30) + who) % 2 == 1
            answer = value[of["item"]] + rng.normal(0, 5) + 4 * right + rng.normal(0, 2, 30)
            row = {"item": of["item"], "liking": answer, "side": np.where(right, "right", "left")}
            rows.append(pd.DataFrame(row).assign(participant_id=f"{batch}/{who}"))
    return items, pd.concat(rows, ignore_index=True)


def about(items: pd.DataFrame, ratings: pd.DataFrame) -> Answers:
    return Answers.about(items, ratings, "item", (Scale("liking"),), clusters={"batches": "batch"})


def test_the_difference_is_that_of_least_squares_with_fixed_effects(study: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    items, ratings = study
    row = sides(about(items, ratings)).iloc[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the design has a column too many for each batch
        fit = smf.ols("liking ~ C(side, Treatment('left')) + C(participant_id) + C(item)", ratings).fit()
    assert row["difference"] == pytest.approx(fit.params["C(side, Treatment('left'))[T.right]"], rel=1e-6)
    assert row["low"] < 4 < row["high"]
    assert (row["n"], row["n_right"]) == (720, 360)


def test_ratings_without_sides(study: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    items, ratings = study
    assert not has_sides(about(items, ratings.assign(side=None)))
    with pytest.raises(MissingDataError, match="on which side"):
        sides(about(items, ratings.drop(columns="side")))
