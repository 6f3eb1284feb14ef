"""The columns of the tables that an expression study builds."""

from collections.abc import Sequence as Names

import pyarrow as pa
from datasets import ClassLabel, Features, Image, Sequence, Value

KINDS = ["face", "control"]
"""The kinds of items, in the order of the ClassLabel `kind`."""

UNSURE = "unsure"
"""The group of faces of which a classifier of groups is not confident."""

VOTES = "votes"
"""The column with the votes of each face, in a study whose source has votes; in the order of `tasks.VOTED`."""

FOUND, GROUP, PREDICTED, CONFIDENCE = "_found", "group_", "predicted_", "_confidence"


def items(classifiers: Names[str], groups: Names[str], predicted: Names[str], voted: bool) -> Features:
    """One row per item: a face.

    `label` is null where nobody labeled it, or where its votes name no one emotion first; `label_shares` has how far it
    counts as each emotion under the study's label rule, `dropped` why it counts as none; where the source has votes,
    `votes` has them, so that any rule can be applied. `control` is the emotion that all votes name. `group_<name>` is
    of the source, `predicted_<name>` a model's word. Of each classifier its class, that class's probability, and
    whether it found a face; the first two are null where it did not.
    """
    columns = {
        "item_id": Value("string"),
        "batch": Value("int32"),
        "image_id": Value("string"),
        "image": Image(),
        "row": Value("string"),
        "kind": ClassLabel(names=KINDS),
        "control": Value("string"),
        "label": Value("string"),
        "label_shares": Sequence(Value("float64")),
        "dropped": Value("string"),
    }
    if voted:
        columns[VOTES] = Sequence(Value("int32"))
    columns |= {f"{GROUP}{name}": Value("string") for name in groups}
    for name in predicted:
        columns |= {f"{PREDICTED}{name}": Value("string"), f"{PREDICTED}{name}{CONFIDENCE}": Value("float32")}
    for name in classifiers:
        columns[f"{name}_class"] = Value("string")
        columns[f"{name}{CONFIDENCE}"] = Value("float32")
        columns[f"{name}{FOUND}"] = Value("bool")
    return Features(columns)


def images() -> Features:
    """One row per face; `row` names it in its source, `sha256` is that of the PNG."""
    return Features(
        {
            "image_id": Value("string"),
            "image": Image(),
            "row": Value("string"),
            "sha256": Value("string"),
            "batch": Value("int32"),
        }
    )


def predictions() -> Features:
    """One row per face, classifier (those of groups, too) and class of it; none where it found nothing."""
    return Features(
        {
            "image_id": Value("string"),
            "batch": Value("int32"),
            "classifier": Value("string"),
            "class": Value("string"),
            "probability": Value("float32"),
        }
    )


def read_features(table: str, columns: pa.Schema) -> Features:
    """The features of a table as a build writes it, made from the names of its columns.

    Raises:
        KeyError: there is no such table.
    """
    others = {"images": images, "predictions": predictions}
    if table != "items":
        return others[table]()
    groups = [name.removeprefix(GROUP) for name in columns.names if name.startswith(GROUP)]
    own = [name for name in columns.names if not name.startswith(GROUP)]
    classifiers = [name.removesuffix(FOUND) for name in own if name.endswith(FOUND)]
    confident = [name.removesuffix(CONFIDENCE) for name in own if name.endswith(CONFIDENCE)]
    predicted = [name.removeprefix(PREDICTED) for name in confident if name.startswith(PREDICTED)]
    return items(classifiers, groups, predicted, VOTES in columns.names)
