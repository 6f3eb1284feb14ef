"""The one definition of every table's schema.

`Sequence(..., length=n)` is a fixed-length list in every version of `datasets` since 2.
"""

from collections.abc import Sequence as Names

from datasets import ClassLabel
from datasets import Features
from datasets import Image
from datasets import Sequence
from datasets import Value

KINDS = ["genuine", "positive", "negative", "interpolation", "optimized"]
"""The sample kinds, in the order of the ClassLabel `kind`."""

BUILD_TABLES = ["pairs", "images", "embeddings", "searches"]
"""The tables that a build writes; `pairs` is the default config."""

TABLES = ["pairs", "images", "embeddings", "ratings", "participants", "searches"]
"""The tables of a published dataset, each a config."""

SOURCES = ["human", "simulated", "model"]
"""Whose answer a rating is; an aggregate is of one source."""

GENDERS = ["female", "male", "non-binary", "other"]
"""Null where it was not said."""

CONTINENTS = ["Africa", "Antarctica", "Asia", "Europe", "North America", "Oceania", "South America"]
"""Null where it was not said."""

FLAGS = ["attention", "speed", "straight-lining", "too-few"]
"""Reasons for which a participant is flagged."""


def pairs(recognizers: Names[str], distances: Names[str], kinds: Names[str] = KINDS) -> Features:
    """One row per pair.

    A recognizer's `<name>_distance` and `<name>_accept` are null where its alignment found nothing in one of
    the two images: a failure to acquire, which is no rejection.
    """
    columns = {
        "pair_id": Value("string"),
        "batch": Value("int32"),
        "base_id": Value("string"),
        "sample_id": Value("string"),
        "base": Image(),
        "sample": Image(),
        "kind": ClassLabel(names=list(kinds)),
        "level": Value("float64"),
        "direction": Value("int32"),
        "anchor_id": Value("string"),
        "search_id": Value("string"),
        "reached": Value("bool"),
        "evaluations": Value("int32"),
    }
    for name in recognizers:
        columns[f"{name}_distance"] = Value("float32")
        columns[f"{name}_accept"] = Value("bool")
    for name in distances:
        columns[name] = Value("float32")
    return Features(columns)


def rated_pairs(of: Features) -> Features:
    """The columns of published `pairs` with ratings, `of` being those without.

    Over the ratings of one source, named by `ratings_source`: mean and standard deviation (ddof 1, null for one
    rating) of the similarity 0 to 100 and of the identity as 0 or 1. A pair without ratings has null in all but
    `n_ratings`, which is 0.
    """
    columns = dict(of)
    for name in ["similarity_mean", "similarity_std", "identity_rate", "identity_std"]:
        columns[name] = Value("float64")
    columns["n_ratings"] = Value("int32")
    columns["ratings_source"] = Value("string")
    return Features(columns)


def ratings() -> Features:
    """One row per answer of one participant to one pair.

    `similarity` is 0 (not similar) to 100 (very similar), `identity` whether both images were taken for the same
    person, `position` the place of the pair in the participant's order, from 0, `source` one of SOURCES.
    """
    return Features(
        {
            "rating_id": Value("string"),
            "pair_id": Value("string"),
            "participant_id": Value("string"),
            "similarity": Value("float64"),
            "identity": Value("bool"),
            "response_time_ms": Value("int32"),
            "position": Value("int32"),
            "rated_at": Value("timestamp[ms, tz=UTC]"),
            "source": Value("string"),
        }
    )


def participants() -> Features:
    """One row per participant; what was not said or not asked is null.

    `age` is in years, or a range of years such as "30-39"; `gender` one of GENDERS, `continent` one of CONTINENTS,
    `flags` some of FLAGS.
    """
    return Features(
        {
            "participant_id": Value("string"),
            "source": Value("string"),
            "batch": Value("int32"),
            "age": Value("string"),
            "gender": Value("string"),
            "continent": Value("string"),
            "duration_s": Value("float32"),
            "flags": Sequence(Value("string")),
            "strategy_similarity": Value("string"),
            "strategy_identity": Value("string"),
        }
    )


def images(alignments: Names[str], latent_dim: int) -> Features:
    """One row per image; `seed` is null but for bases.

    Boxes are left, top, right, bottom and landmarks x, y, in pixels of the image; null where nothing was found.
    """
    columns = {
        "image_id": Value("string"),
        "image": Image(),
        "latent": Sequence(Value("float32"), length=latent_dim),
        "latent_norm": Value("float32"),
        "batch": Value("int32"),
        "seed": Value("int64"),
    }
    for name in alignments:
        columns[f"{name}_found"] = Value("bool")
        columns[f"{name}_box"] = Sequence(Value("float32"), length=4)
        columns[f"{name}_landmarks"] = Sequence(Sequence(Value("float32"), length=2))
    return Features(columns)


def embeddings(dimensions: dict[str, int]) -> Features:
    """One row per image, a fixed-length list per recognizer name; null where nothing was found."""
    columns = {"image_id": Value("string")}
    for name, dimension in dimensions.items():
        columns[name] = Sequence(Value("float32"), length=dimension)
    return Features(columns)


def searches() -> Features:
    """One row per round of each search; `best_distance` is null until something was found, `stop` (cma's names
    of the rules that held) but for the last round.
    """
    return Features(
        {
            "search_id": Value("string"),
            "base_id": Value("string"),
            "anchor_id": Value("string"),
            "iteration": Value("int32"),
            "evaluations": Value("int32"),
            "best_distance": Value("float32"),
            "stop": Value("string"),
        }
    )
