"""The columns of the tables that a verification study builds.

`Sequence(..., length=n)` is a fixed-length list in every version of `datasets` since 2.
"""

import json
from collections.abc import Sequence as Names

import pyarrow as pa
from datasets import ClassLabel, Features, Image, Sequence, Value

KINDS = ["genuine", "positive", "negative", "interpolation", "optimized"]
"""The sample kinds, in the order of the ClassLabel `kind`."""


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


def read_features(table: str, columns: pa.Schema) -> Features:
    """The features of a table as a build writes it, made from the names of its columns.

    Raises:
        KeyError, TypeError, AttributeError, ValueError: the columns are not those of such a table.
    """
    if table == "pairs":
        recognizers = [name.removesuffix("_accept") for name in columns.names if name.endswith("_accept")]
        expected = pairs(recognizers, [])
        distances = [name for name in columns.names if name not in expected]
        kinds = json.loads(columns.metadata[b"huggingface"])["info"]["features"]["kind"]["names"]
        return pairs(recognizers, distances, kinds)
    if table == "images":
        alignments = [name.removesuffix("_found") for name in columns.names if name.endswith("_found")]
        return images(alignments, columns.field("latent").type.list_size)
    if table == "embeddings":
        return embeddings({field.name: field.type.list_size for field in columns if field.name != "image_id"})
    return {"searches": searches}[table]()
