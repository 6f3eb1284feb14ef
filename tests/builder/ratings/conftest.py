"""Exports made by hand, for what comes after the readers."""

import pandas as pd
import pytest

from builder.ratings.export import Export, participant_columns, rating_columns, refused_columns
from builder.ratings.items import Design
from builder.studies.verification.study import VerificationRatings
from builder.studies.verification.tasks import questionnaire
from tests.asks import ASKS

PAIRS = pd.DataFrame(
    {"batch": [0, 0, 0, 0, 1, 1], "kind": ["genuine", "positive", "negative", "optimized", "genuine", "negative"]},
    index=pd.Index(["s-00000-g", "s-00000-p", "s-00000-n", "s-00000-o", "s-00001-g", "s-00001-n"], name="pair_id"),
)
"""Two batches, of four and of two pairs."""


def design(**settings):
    """What the ratings of PAIRS refer to, with some keys of `[ratings]`."""
    bounds = VerificationRatings(**settings)
    return Design(PAIRS, questionnaire(bounds.attention_similarity), bounds)


def rows(columns, records):
    made = pd.DataFrame(records, columns=list(columns))
    made["line"] = made["line"].fillna(pd.Series(range(2, len(made) + 2)))
    return made.astype(columns)


def export_of(ratings=(), participants=(), refused=()):
    """An Export; a rating is (participant, pair_id, similarity, identity[, response_time_ms[, position]])."""
    keys = ["participant", "pair_id", "similarity", "identity", "response_time_ms", "position"]
    records = [{"column": "similarity", **dict(zip(keys, each, strict=False))} for each in ratings]
    return Export(
        rows(rating_columns(ASKS), records),
        rows(participant_columns(ASKS), list(participants)),
        rows(refused_columns(ASKS), refused),
    )


@pytest.fixture
def pairs():
    return PAIRS
