"""The columns of the tables that an explanation study builds."""

from collections.abc import Sequence as Names

import pyarrow as pa
from datasets import ClassLabel, Features, Image, Sequence, Value

from builder.studies.explanation.tasks import CONTROL

KINDS = ["cascading", "independent", "labels", "explainers", CONTROL]
"""The kinds of items, in the order of the ClassLabel `kind`: the check that they are of, or a control."""


def items(measures: Names[str]) -> Features:
    """One row per item: two maps of one picture.

    `class` is the one that is explained, the classifier's own, and `probability` what it has there. `explainer` made
    the first map and `other_explainer` the second; where they are the same, the second map is of a network whose
    weights were drawn anew up to `layer` (`cascading`) or in it alone (`independent`), or which was trained on permuted
    labels (`labels`), or is the first map again (`control`). Then what each measure says of the two, null where it is
    not defined.
    """
    columns = {
        "item_id": Value("string"),
        "batch": Value("int32"),
        "check": Value("string"),
        "kind": ClassLabel(names=KINDS),
        "classifier": Value("string"),
        "image_id": Value("string"),
        "image": Image(),
        "row": Value("string"),
        "label": Value("string"),
        "class": Value("string"),
        "probability": Value("float32"),
        "explainer": Value("string"),
        "other_explainer": Value("string"),
        "layer": Value("string"),
        "first_id": Value("string"),
        "first": Image(),
        "second_id": Value("string"),
        "second": Image(),
    }
    return Features(columns | {name: Value("float64") for name in measures})


def images() -> Features:
    """One row per picture that is explained, and per view of a map that an item shows, which `map_id` names; `row`
    names the picture in its source, `sha256` is that of the PNG.
    """
    return Features(
        {
            "image_id": Value("string"),
            "image": Image(),
            "map_id": Value("string"),
            "row": Value("string"),
            "sha256": Value("string"),
            "batch": Value("int32"),
        }
    )


def maps() -> Features:
    """One row per map.

    `map` has its rows of pixels, signed, divided by `scale`, its largest absolute value. `network` is `trained`,
    `drawn` (whose weights were drawn up to `layer`, or in it alone), `memorized` (which knows a few pictures by heart),
    `permuted` (which knows them by permuted labels), or `none` of the edge detector. `absolute` and `diverging` are its
    two views.
    """
    return Features(
        {
            "map_id": Value("string"),
            "batch": Value("int32"),
            "image_id": Value("string"),
            "explainer": Value("string"),
            "network": Value("string"),
            "layer": Value("string"),
            "scale": Value("float64"),
            "map": Sequence(Sequence(Value("float16"))),
            "absolute": Image(),
            "diverging": Image(),
        }
    )


def comparisons() -> Features:
    """One row per two maps of a picture that are compared, and measure; `item_id` is null where no item shows them,
    `value` where the measure is not defined.
    """
    return Features(
        {
            "item_id": Value("string"),
            "batch": Value("int32"),
            "check": Value("string"),
            "classifier": Value("string"),
            "image_id": Value("string"),
            "explainer": Value("string"),
            "other_explainer": Value("string"),
            "layer": Value("string"),
            "place": Value("int32"),
            "first_map": Value("string"),
            "second_map": Value("string"),
            "measure": Value("string"),
            "value": Value("float64"),
        }
    )


def sanity() -> Features:
    """One row per network that took the trained one's place, explainer and measure.

    `place` counts layers from the output, which is 1. `same_class` is the share of the `pictures` to which this
    network gives the class that the trained one does; `mean` is over the `defined` pictures of which the measure is
    defined.
    """
    return Features(
        {
            "batch": Value("int32"),
            "check": Value("string"),
            "classifier": Value("string"),
            "network": Value("string"),
            "layer": Value("string"),
            "place": Value("int32"),
            "same_class": Value("float64"),
            "explainer": Value("string"),
            "measure": Value("string"),
            "pictures": Value("int32"),
            "defined": Value("int32"),
            "mean": Value("float64"),
        }
    )


_OTHERS = {"images": images, "maps": maps, "comparisons": comparisons, "sanity": sanity}


def read_features(table: str, columns: pa.Schema) -> Features:
    """The features of a table as a build writes it, made from the names of its columns.

    Raises:
        KeyError: there is no such table.
    """
    if table != "items":
        return _OTHERS[table]()
    own = list(items(()))
    return items([name for name in columns.names if name not in own])
