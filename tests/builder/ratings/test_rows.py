"""Tables of ratings that a program gives."""

from pathlib import Path

import numpy as np
import pytest

from builder.errors import RatingsError
from builder.ratings.ids import rating_id
from builder.ratings.rows import Rater, model_tables, simulated_tables
from builder.shards import StudyFolder


@pytest.fixture
def study(small_folder: Path) -> StudyFolder:
    return StudyFolder(small_folder)


def batch_rater(batch: int, rng: np.random.Generator) -> tuple[list[str], Rater]:
    """Raters of two items, who answer by random numbers of their own alone."""
    return [f"{batch}-a", f"{batch}-b"], lambda rng: {
        "similarity": np.floor(100 * rng.random(2)),
        "response_time_ms": np.array([1000, 500], np.int32),
    }


@pytest.mark.parametrize(
    ("raters", "seed", "what"), [(0, 0, "raters = 0"), (10_001, 0, "raters"), (1, -1, "seed = -1")]
)
def test_raters_that_cannot_be_are_refused(study: StudyFolder, raters: int, seed: int, what: str) -> None:
    with pytest.raises(RatingsError, match=what):
        simulated_tables(study, raters, seed, batch_rater)


def test_more_raters_change_no_row(study: StudyFolder) -> None:
    few, _ = simulated_tables(study, 2, 7, batch_rater)
    ratings, participants = simulated_tables(study, 3, 7, batch_rater)
    assert ratings["pair_id"].to_pylist() == [f"{batch}-{item}" for batch in (0, 1) for _ in range(3) for item in "ab"]
    assert [row for row in ratings.to_pylist() if not row["participant_id"].endswith("02")] == few.to_pylist()
    assert participants.select(["participant_id", "source", "batch", "duration_s", "flags", "age"]).to_pylist()[3] == {
        "participant_id": "simulated-7-1-00",
        "source": "simulated",
        "batch": 1,
        "duration_s": 1.5,
        "flags": [],
        "age": None,
    }


def test_a_model_is_a_participant(study: StudyFolder) -> None:
    ratings, participants = model_tables(study, "a", ["x", "y"], {"identity": np.array([True, False])})
    assert ratings.select(["rating_id", "pair_id", "participant_id", "identity", "rated_at"]).to_pylist() == [
        {
            "rating_id": rating_id("model-a", pair),
            "pair_id": pair,
            "participant_id": "model-a",
            "identity": identity,
            "rated_at": None,
        }
        for pair, identity in [("x", True), ("y", False)]
    ]
    assert participants.select(["participant_id", "source", "age"]).to_pylist() == [
        {"participant_id": "model-a", "source": "model", "age": None}
    ]
