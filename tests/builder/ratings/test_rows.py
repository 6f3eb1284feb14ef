"""Rows of ratings that a program gives."""

import numpy as np
import pytest

from builder.errors import RatingsError
from builder.ratings.ids import rating_id
from builder.ratings.rows import check_raters, rating_rows, rating_tables
from builder.studies.classification.tasks import ASKS


@pytest.mark.parametrize(
    ("raters", "seed", "what"), [(0, 0, "raters = 0"), (10_001, 0, "raters"), (1, -1, "seed = -1")]
)
def test_raters_that_cannot_be_are_refused(raters: int, seed: int, what: str) -> None:
    with pytest.raises(RatingsError, match=what):
        check_raters(raters, seed)


def test_rows_become_tables() -> None:
    rows = rating_rows(ASKS, "model-a", "model", ["x", "y"], {"relevant": np.array([True, False])})
    ratings, participants = rating_tables(ASKS, rows, [{"participant_id": "model-a", "source": "model", "flags": []}])
    assert ratings.select(["rating_id", "item_id", "participant_id", "relevant", "rated_at"]).to_pylist() == [
        {
            "rating_id": rating_id("model-a", item),
            "item_id": item,
            "participant_id": "model-a",
            "relevant": relevant,
            "rated_at": None,
        }
        for item, relevant in [("x", True), ("y", False)]
    ]
    assert participants["age"].to_pylist() == [None]
