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
