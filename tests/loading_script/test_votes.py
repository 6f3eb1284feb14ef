"""Counts by hand. Columns: neutral, happy, surprise, sad, angry, disgust, fear, contempt, unknown, no face."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from builder.images.fer2013 import EMOTIONS, VOTED
from loading_script.votes import RULES, labels

NAMES = tuple(VOTED.values())

CLEAR = [8, 1, 0, 1, 0, 0, 0, 0, 0, 0]
HALF = [5, 5, 0, 0, 0, 0, 0, 0, 0, 0]
NINE = [5, 3, 0, 1, 0, 0, 0, 0, 0, 0]  # nine votes, of which five are more than half
SPREAD = [4, 3, 2, 1, 0, 0, 0, 0, 0, 0]
CONTEMPT = [3, 0, 0, 0, 0, 0, 0, 7, 0, 0]
UNKNOWN = [1, 1, 0, 1, 0, 0, 1, 0, 6, 0]
NO_FACE = [0, 0, 0, 0, 0, 0, 0, 0, 0, 10]
SINGLES = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
NOBODY = [0] * 10
BEFORE_UNKNOWN = [4, 0, 0, 0, 2, 0, 0, 0, 3, 1]  # neutral, then unknown; of nine votes that count neutral has four
FOUR = [2, 2, 2, 2, 0, 0, 0, 0, 0, 2]


def counted(votes, rule):
    """What one face counts as and is dropped as, by name, without the zeros."""
    result = labels(np.array([votes]), NAMES, EMOTIONS, rule)
    weights = dict(zip(EMOTIONS, result.weights[0].tolist(), strict=True))
    dropped = {reason: share[0] for reason, share in result.dropped.items()}
    return {name: round(share, 6) for name, share in {**weights, **dropped}.items() if share}


@pytest.mark.parametrize(
    ("votes", "majority", "plurality"),
    [
        (CLEAR, {"neutral": 1}, {"neutral": 1}),
        (HALF, {"unclear": 1}, {"unclear": 1}),
        (NINE, {"neutral": 1}, {"neutral": 1}),
        (SPREAD, {"unclear": 1}, {"neutral": 1}),
        (CONTEMPT, {"contempt": 1}, {"contempt": 1}),
        (UNKNOWN, {"unknown": 1}, {"unknown": 1}),
        (NO_FACE, {"no face": 1}, {"no face": 1}),
        (SINGLES, {"unclear": 1}, {"unclear": 1}),
        (NOBODY, {"no votes": 1}, {"no votes": 1}),
        (BEFORE_UNKNOWN, {"unclear": 1}, {"neutral": 1}),
    ],
)
def test_majority_wants_more_than_half_and_plurality_the_most(votes, majority, plurality):
    assert counted(votes, "majority") == majority
    assert counted(votes, "plurality") == plurality


@pytest.mark.parametrize(
    ("votes", "wanted"),
    [
        (CLEAR, {"neutral": 0.8, "happy": 0.1, "sad": 0.1}),
        (NINE, {"neutral": 0.555556, "happy": 0.333333, "sad": 0.111111}),
        (CONTEMPT, {"neutral": 0.3, "contempt": 0.7}),
        (UNKNOWN, {"neutral": 0.1, "happy": 0.1, "sad": 0.1, "fear": 0.1, "unknown": 0.6}),
        (NOBODY, {"no votes": 1}),
    ],
)
def test_probabilistic_counts_every_vote(votes, wanted):
    assert counted(votes, "probabilistic") == wanted


@pytest.mark.parametrize(
    ("votes", "wanted"),
    [
        (CLEAR, {"neutral": 1}),  # the single votes are outliers
        (HALF, {"neutral": 0.5, "happy": 0.5}),
        (NINE, {"neutral": 0.625, "happy": 0.375}),
        (SPREAD, {"neutral": 0.571429, "happy": 0.428571}),  # seven of nine are three quarters; surprise is not taken
        (CONTEMPT, {"neutral": 0.3, "contempt": 0.7}),
        (UNKNOWN, {"unknown": 1}),
        (NO_FACE, {"no face": 1}),
        (SINGLES, {"unclear": 1}),
        (NOBODY, {"no votes": 1}),
        (BEFORE_UNKNOWN, {"unclear": 1}),  # four of nine
        (FOUR, {"unclear": 1}),  # four classes have as many
        ([3, 0, 0, 3, 0, 0, 0, 0, 3, 0], {"neutral": 0.5, "sad": 0.5}),  # unknown has as many and is not taken
        ([3, 3, 2, 2, 0, 0, 0, 0, 0, 0], {"unclear": 1}),  # the two that tie for the third place are four in all
        ([5, 0, 0, 2, 2, 0, 0, 0, 0, 1], {"neutral": 0.555556, "sad": 0.222222, "angry": 0.222222}),
    ],
)
def test_ferplus_drops_single_votes_and_takes_at_most_three(votes, wanted):
    assert counted(votes, "ferplus") == wanted


@given(arrays(np.int64, (3, 10), elements=st.integers(0, 10)), st.sampled_from(RULES))
def test_no_share_of_a_face_is_lost(votes, rule):
    result = labels(votes, NAMES, EMOTIONS, rule)
    assert (result.weights >= 0).all()
    np.testing.assert_allclose(result.weights.sum(axis=1) + sum(result.dropped.values()), 1, rtol=0, atol=1e-12)


def test_what_is_dropped_is_counted_by_group_and_reason():
    votes = np.array([CLEAR, CONTEMPT, UNKNOWN, CONTEMPT, HALF])
    table = labels(votes, NAMES, EMOTIONS, "majority").dropped_by_group(["women", "women", "women", "men", "men"])
    counts = {(group, reason): (pictures, of) for group, reason, pictures, of in table}
    assert counts == {
        ("men", "no votes"): (0, 2),
        ("men", "unclear"): (1, 2),
        ("men", "contempt"): (1, 2),
        ("men", "unknown"): (0, 2),
        ("men", "no face"): (0, 2),
        ("women", "no votes"): (0, 3),
        ("women", "unclear"): (0, 3),
        ("women", "contempt"): (1, 3),
        ("women", "unknown"): (1, 3),
        ("women", "no face"): (0, 3),
    }
