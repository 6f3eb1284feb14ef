"""Exports made by hand, for what comes after the readers."""

import pandas as pd
import pytest

from builder.ratings.export import PARTICIPANT_COLUMNS, RATING_COLUMNS, REFUSED_COLUMNS, Export

PAIRS = pd.DataFrame(
    {"batch": [0, 0, 0, 0, 1, 1], "kind": ["genuine", "positive", "negative", "optimized", "genuine", "negative"]},
    index=pd.Index(["s-00000-g", "s-00000-p", "s-00000-n", "s-00000-o", "s-00001-g", "s-00001-n"], name="pair_id"),
)
"""Two batches, of four and of two pairs."""


def rows(columns, records):
    made = pd.DataFrame(records, columns=list(columns))
    made["line"] = made["line"].fillna(pd.Series(range(2, len(made) + 2)))
    return made.astype(columns)


def export_of(ratings=(), participants=(), refused=()):
    """An Export; a rating is (participant, pair_id, similarity, identity[, response_time_ms[, position]])."""
    keys = ["participant", "pair_id", "similarity", "identity", "response_time_ms", "position"]
    records = [{"column": "similarity", **dict(zip(keys, each, strict=False))} for each in ratings]
    return Export(
        rows(RATING_COLUMNS, records), rows(PARTICIPANT_COLUMNS, list(participants)), rows(REFUSED_COLUMNS, refused)
    )


@pytest.fixture
def pairs():
    return PAIRS
