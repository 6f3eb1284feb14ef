"""A few pairs with hand-made scores and ratings."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

ROWS = [
    # kind, level, distance, latent, similarity, people who said same, people
    ("genuine", None, 0.0, 0.0, 100, 4, 4),
    ("positive", 0.2, 0.3, 2.0, 80, 3, 4),
    ("positive", 0.4, 0.4, 4.0, 60, 2, 4),
    ("negative", None, 0.7, 10.0, 10, 0, 4),
    ("negative", None, None, 10.0, 5, 0, 4),
    ("interpolation", 0.25, 0.35, 2.5, 70, 3, 4),
    ("interpolation", 0.25, 0.45, 2.5, 66, 1, 4),
    ("interpolation", 0.75, 0.65, 7.5, 20, 1, 4),
    ("optimized", 0.5, 0.5, 12.0, 15, 0, 4),
]


@pytest.fixture
def pairs() -> pd.DataFrame:
    """Nine pairs of the base `b`, rated by four people each; in one no face was found."""
    frame = pd.DataFrame(
        ROWS, columns=["kind", "level", "dlib_distance", "latent_l2", "similarity_mean", "same", "n_ratings"]
    )
    frame["identity_rate"] = frame.pop("same") / frame["n_ratings"]
    frame["n_identity"] = frame["n_ratings"]
    frame["pair_id"] = [f"p{row}" for row in range(len(frame))]
    frame["base_id"] = "b"
    frame["sample_id"] = ["b", *(f"s{row}" for row in range(1, len(frame)))]
    frame["kind"] = pd.Categorical(
        frame["kind"], ["genuine", "positive", "negative", "interpolation", "optimized"], ordered=True
    )
    return frame


@pytest.fixture
def ratings(pairs: pd.DataFrame) -> pd.DataFrame:
    """Four ratings a pair: its mean similarity and a little more or less."""
    spread = [-4, -2, 2, 4]
    rows = [
        (row.pair_id, float(np.clip(row.similarity_mean + more, 0, 100)), place < row.identity_rate * 4)
        for row in pairs.itertuples()
        for place, more in enumerate(spread)
    ]
    return pd.DataFrame(rows, columns=["pair_id", "similarity", "identity"])


@pytest.fixture
def picture():
    """Gives a picture of one color per image id."""
    return lambda name: Image.new("RGB", (32, 32), (sum(name.encode()) % 256, 90, 120))
