"""Pairs and shares by hand."""

import pandas as pd
import pytest
from scipy.stats import binomtest

from analysis.errors import MissingDataError
from analysis.studies.classification.tables.pairs import pairs_by_class, pairs_told_apart
from analysis.studies.classification.tables.predicted_shares import predicted_shares


def predictions(*pairs: tuple[str, str | None], attribute: str = "shirt") -> pd.DataFrame:
    """Pairs by the classes of both pictures; a second class follows each."""
    rows = [
        {"pair": str(number), "side": side, "attribute": attribute, "said_classes": None if top is None else [top, "x"]}
        for number, pair in enumerate(pairs)
        for side, top in zip(("first", "second"), pair, strict=True)
    ]
    return pd.DataFrame(rows)


MANY = [("ball", "hat")] * 6 + [("ball", "ball")] * 3 + [("hat", "tie"), ("hat", None)]
"""Of ten pairs seven are told apart, six of them in favor of `ball` for the first picture."""


def test_pairs_that_get_two_classes_are_told_apart():
    (row,) = pairs_told_apart(predictions(*MANY), ["said"]).to_dict("records")
    assert (row["pairs"], row["failures"], row["told_apart"], row["share"]) == (10, 1, 7, 0.7)
    assert (row["low"], row["high"]) == pytest.approx((0.3968, 0.8922), abs=1e-4)  # Wilson's, of 7 of 10


def test_mcnemars_test_is_the_binomial_one_of_pairs_that_differ():
    table = pairs_by_class(predictions(*MANY), ["said"]).set_index("class")
    assert list(table.index) == ["ball", "hat", "tie"]
    assert table[["first_alone", "second_alone"]].to_numpy().tolist() == [[6, 0], [1, 6], [0, 1]]
    assert table["p"].to_dict() == pytest.approx(
        {"ball": 2 * 0.5**6, "hat": binomtest(1, 7).pvalue, "tie": 1.0}, rel=1e-12
    )
    assert table["p_holm"].to_dict() == pytest.approx({"ball": 3 * 2 * 0.5**6, "hat": 2 * 0.125, "tie": 1.0})


def test_each_attribute_is_for_itself():
    both = pd.concat([predictions(*MANY), predictions(("ball", "ball"), attribute="hair")])
    assert pairs_told_apart(both, ["said"])[["attribute", "share"]].to_numpy().tolist() == [["hair", 0], ["shirt", 0.7]]
    assert set(pairs_by_class(both, ["said"])["attribute"]) == {"shirt"}


def test_without_pairs_there_is_no_table():
    with pytest.raises(MissingDataError, match="no pairs of pictures"):
        pairs_told_apart(predictions(*MANY).drop(columns=["pair"]), ["said"])


def test_shares_of_classes_are_of_pictures_in_which_something_was_found():
    table = predicted_shares(predictions(*MANY), ["said"])
    assert table[["class", "n", "predicted"]].to_numpy().tolist() == [["ball", 21, 12], ["hat", 21, 8], ["tie", 21, 1]]
    assert table["share"].sum() == pytest.approx(1)
