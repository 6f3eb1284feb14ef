import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import MissingDataError
from analysis.inference import FISHER, from_replicates
from analysis.questions import Scale
from analysis.tables.answers import Answers
from analysis.tables.ceiling import noise_ceiling

RATERS, ITEMS = 10, 400


def draw(noise: float, batches: int = 4) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Items of variance 1, answers with noise of a known SD, a model that knows every item's true value."""
    rng = np.random.default_rng(0)
    n = batches * ITEMS
    items = pd.DataFrame({"item": range(n), "batch": np.repeat(range(batches), ITEMS), "truth": rng.normal(0, 1, n)})
    items["half"] = items["truth"] + rng.normal(0, 1, n)
    rows = [
        pd.DataFrame({"item": of["item"], "participant_id": f"{batch}/{who}"}).assign(
            liking=of["truth"] + rng.normal(0, noise, len(of))
        )
        for batch, of in items.groupby("batch")
        for who in range(RATERS)
    ]
    return items, pd.concat(rows, ignore_index=True)


def ceiling(items: pd.DataFrame, ratings: pd.DataFrame, condition: str | None = None) -> pd.DataFrame:
    measures = {"true": "truth", "half": "half"}
    about = Answers.about(
        items, ratings, "item", (Scale("liking"),), clusters={"batches": "batch"}, condition=condition
    )
    return noise_ceiling(about, measures)


def test_the_ceiling_of_known_noise_in_closed_form() -> None:
    """Ten raters with noise of variance 4: the mean of all has the reliability 1 / 1.4, one has the variance 5."""
    table = ceiling(*draw(noise=2.0)).set_index("measure")
    reliability = 1 / (1 + 4 / RATERS)
    assert table.loc["people", "split_half"] == pytest.approx(np.sqrt(reliability), abs=0.01)
    assert table.loc["true", "correlation"] == pytest.approx(np.sqrt(reliability), abs=0.01)
    assert table.loc["true", "share"] == pytest.approx(1, abs=0.02)
    assert table.loc["half", "share"] == pytest.approx(1 / np.sqrt(2), abs=0.03)
    assert table.loc["people", "leave_one_out"] == pytest.approx(1 / np.sqrt(5 * (1 + 4 / 9)), abs=0.01)
    assert table.loc["true", "single"] == pytest.approx(1 / np.sqrt(5), abs=0.01)
    assert table.loc["true", "share_low"] < 1 < table.loc["true", "share_high"]
    assert table.loc["true", "interval"] == "jackknife of 4 batches"


def test_the_correlation_is_that_with_the_mean_of_all_raters() -> None:
    items, ratings = draw(noise=1.0)
    mean = ratings.groupby("item")["liking"].mean().reindex(items["item"])
    table = ceiling(items, ratings).set_index("measure")
    assert table.loc["half", "correlation"] == pytest.approx(stats.pearsonr(items["half"], mean).statistic)


def test_ceilings_of_single_raters_leave_out_those_of_a_batch() -> None:
    """Everybody rated one batch: what is left of a mean over raters is that over the raters of the other batches."""
    items, ratings = draw(noise=1.0)
    by_rater = ratings.merge(items, on="item").groupby("participant_id", sort=False)
    single = by_rater.apply(lambda of: stats.pearsonr(of["liking"], of["half"]).statistic).to_numpy().reshape(4, RATERS)
    without = np.array([np.delete(single, batch, axis=0).mean() for batch in range(4)])
    expected = from_replicates(single.mean(), without, FISHER)
    row = ceiling(items, ratings).set_index("measure").loc["half"]
    assert row[["single", "single_low", "single_high"]].tolist() == pytest.approx(
        [expected.estimate, expected.low, expected.high]
    )
    assert row["leave_one_out_low"] < row["leave_one_out"] < row["leave_one_out_high"]
    assert row["single_share_low"] < row["single_share"] < row["single_share_high"]


def test_each_condition_is_that_of_its_items_alone() -> None:
    items, ratings = draw(noise=1.0, batches=2)
    items["sort"] = np.where(items["item"] % 2, "odd", "even")
    whole = ceiling(items, ratings, "sort")
    odd = ceiling(items[items["sort"] == "odd"], ratings)
    columns = ["correlation", "split_half", "leave_one_out", "single"]
    found = whole.loc[whole["condition"] == "odd", columns].to_numpy()
    np.testing.assert_allclose(found, odd[columns].to_numpy())
    assert whole["condition"].unique().tolist() == ["all", "even", "odd"]


def test_raters_who_always_say_the_same_and_a_rater_alone_make_no_ceiling() -> None:
    items, ratings = draw(noise=1.0, batches=1)
    ratings["liking"] = 1.0
    with pytest.raises(MissingDataError, match="two raters"):
        ceiling(items, ratings)
    with pytest.raises(MissingDataError, match="two raters"):
        ceiling(items, ratings[ratings["participant_id"] == "0/0"])
