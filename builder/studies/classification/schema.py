"""The columns of the tables that a classification study builds."""

from collections.abc import Sequence as Names

import pyarrow as pa
from datasets import ClassLabel, Features, Image, Sequence, Value

KINDS = ["mistake", "agreed", "foil"]
"""The kinds of items, in the order of the ClassLabel `kind`."""

TOP = 5
"""Classes of a prediction that are kept."""


def items(classifiers: Names[str]) -> Features:
    """One row per item: an image, and the class that people are asked about, `shown_class`.

    A classifier's `<name>_top1` is its class for the image, null where it found nothing; `<name>_mistake` is whether
    the shown class is that class and is not the label. `weight`: how many mistakes of the batch a mistake stands for;
    null of others.
    """
    columns = {
        "item_id": Value("string"),
        "batch": Value("int32"),
        "kind": ClassLabel(names=KINDS),
        "image_id": Value("string"),
        "image": Image(),
        "row": Value("string"),
        "label": Value("string"),
        "shown_class": Value("string"),
        "weight": Value("float64"),
    }
    for name in classifiers:
        columns[f"{name}_top1"] = Value("string")
        columns[f"{name}_mistake"] = Value("bool")
    return Features(columns)


def images() -> Features:
    """One row per image that an item shows; `row` names it in its source, `sha256` is that of the PNG."""
    return Features(
        {
            "image_id": Value("string"),
            "image": Image(),
            "row": Value("string"),
            "sha256": Value("string"),
            "batch": Value("int32"),
        }
    )


def predictions(classifiers: Names[str]) -> Features:
    """One row per row of the source whose label is one of the batch's classes; `image_id` is null where no item shows
    it. Of each classifier the first five classes, or all where it has fewer, and their probabilities; null where it
    found nothing.
    """
    columns = {"row": Value("string"), "batch": Value("int32"), "label": Value("string"), "image_id": Value("string")}
    for name in classifiers:
        columns[f"{name}_classes"] = Sequence(Value("string"))
        columns[f"{name}_probabilities"] = Sequence(Value("float32"))
    return Features(columns)


def read_features(table: str, columns: pa.Schema) -> Features:
    """The features of a table as a build writes it, made from the names of its columns.

    Raises:
        KeyError: there is no such table.
    """
    endings = {"items": "_top1", "images": "", "predictions": "_probabilities"}
    ending = endings[table]
    names = [name.removesuffix(ending) for name in columns.names if ending and name.endswith(ending)]
    match table:
        case "items":
            return items(names)
        case "predictions":
            return predictions(names)
        case _:
            return images()
