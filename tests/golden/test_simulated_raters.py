"""The answers of simulated raters, which a seed repeats on any machine."""

import hashlib

import numpy as np
import pytest

from builder.shards import StudyFolder
from builder.studies.verification.simulate import RaterModel, rate, simulate

SIMILARITY = [97, 88, 40, 87, 54, 38, 42, 59, 17, 6, 7, 7, 1]
IDENTITY = [True] * 4 + [False] * 9
RESPONSE_TIME_MS = [2489, 4771, 9061, 2119, 7059, 4876, 3333, 12488, 6724, 2522, 4768, 6128, 4179]
POSITION = [5, 8, 7, 1, 6, 4, 0, 9, 2, 12, 11, 3, 10]

RATING_IDS = ["72fac9840a83140bf70a", "d7a086c6fee47d6a2919"]
RATING_IDS_SHA256 = "ccd59d5c6fe9e07c2de3fcc47ae393ddea482df8c958d550634804db90ed500d"
SMALL_HASH = "7f3433d815c4e1e4331a2feac04721ac735e722d49a0361bf710d5f8a55bb61a"


def test_one_seed_gives_the_same_answers():
    answers = rate(np.linspace(0.0, 1.2, 13), np.random.default_rng(7), RaterModel())
    assert answers.similarity.tolist() == SIMILARITY
    assert answers.identity.tolist() == IDENTITY
    assert answers.response_time_ms.tolist() == RESPONSE_TIME_MS
    assert answers.position.tolist() == POSITION


@pytest.mark.slow
def test_a_studys_raters_answer_as_before(small_folder):
    """Ids alone: the answers depend on distances, whose last bits differ between types of machine."""
    ratings, participants = simulate(small_folder, 2, 7)
    assert participants["participant_id"].to_pylist() == [
        "simulated-7-0-00",
        "simulated-7-0-01",
        "simulated-7-1-00",
        "simulated-7-1-01",
    ]
    assert ratings["rating_id"].to_pylist()[:2] == RATING_IDS
    joined = ",".join(ratings["rating_id"].to_pylist())
    assert hashlib.sha256(joined.encode()).hexdigest() == RATING_IDS_SHA256
    assert StudyFolder(small_folder).manifest().study_hash == SMALL_HASH
