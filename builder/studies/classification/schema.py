"""The columns of the tables that a classification study builds."""

from collections.abc import Sequence as Names

import pyarrow as pa
from datasets import ClassLabel, Features, Image, Sequence, Value

KINDS = ["mistake", "agreed", "foil", "adversarial", "mistake_top5", "explained", "assignment"]
"""The kinds of items, in the order of the ClassLabel `kind`, of which a study has those up to the last that it uses."""

TOP = 5
"""Classes of a prediction that are kept."""

MANY = 10
"""A top-5 error says something of a classifier that has more classes than these."""

_IN_TOP5 = "_label_in_top5"


def in_top5(classifier: str) -> str:
    """The column of `predictions` that says whether the label is among the classifier's first five classes."""
    return f"{classifier}{_IN_TOP5}"


def kinds(*, top5: bool = False, arms: bool = False, assigned: bool = False) -> list[str]:
    """The names of the ClassLabel `kind`: with all five classes of some rows, with arms, with assignments."""
    last = "assignment" if assigned else "explained" if arms else "mistake_top5" if top5 else "adversarial"
    return KINDS[: KINDS.index(last) + 1]


def items(classifiers: Names[str], *, top5: bool = False, arms: bool = False, assigned: bool = False) -> Features:
    """One row per item: an image, and the class that people are asked about, `shown_class`.

    A classifier's `<name>_top1` is its class for the image, null where it found nothing; `<name>_mistake` is whether
    the shown class is that class and is not the label, both null where it cannot be asked about an attacked image.
    `weight`: how many mistakes, or successful attacks, of the batch the item stands for; null of other items.

    top5: whether people are asked about all five classes of some rows, too. `top5_weight` is then how many rows of the
    batch with a mistake the item's row stands for, where it is one of these and the shown class one of the five.
    arms: whether there are arms: `arm` is then the item's, such as "whole" or "explained". No classifier is asked about
    an explained image, and what it says of it is null.
    assigned: whether people also assign images to classes. `task` is then "relevance" or "assignment"; of the latter
    `condition` is how the classes are shown, `panels` are the letters of six classes, `panel_ids` their images, equally
    many of each, and `right_panel` is the letter of the label; there is no shown class, and no classifier is asked.
    """
    columns = {
        "item_id": Value("string"),
        "batch": Value("int32"),
        "kind": ClassLabel(names=kinds(top5=top5, arms=arms, assigned=assigned)),
        "image_id": Value("string"),
        "image": Image(),
        "row": Value("string"),
        "label": Value("string"),
        "shown_class": Value("string"),
        "weight": Value("float64"),
    }
    if top5:
        columns["top5_weight"] = Value("float64")
    if arms:
        columns["arm"] = Value("string")
    if assigned:
        columns |= {"task": Value("string"), "condition": Value("string"), "right_panel": Value("string")}
        columns |= {name: Sequence(Value("string")) for name in ("panels", "panel_ids")}
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


PAIR = ("pair", "side", "attribute")
"""Columns of `predictions` where pictures come in pairs that differ in one attribute."""


def predictions(classifiers: Names[str], *, top5: bool = False, paired: bool = False) -> Features:
    """One row per row of the source whose label is one of the batch's classes; `image_id` is null where no item shows
    it. Of each classifier the first five classes, or all where it has fewer, and their probabilities; null where it
    found nothing.

    paired: whether rows are in pairs: `pair` is then the row's pair, `side` which one of it is the row, "first" or
    "second", `attribute` what the two differ in.
    top5: whether people are asked about all five classes of some rows. `<name>_label_in_top5` is then whether the label
    is among them, null, too, where the classifier has not more than 10 classes.
    """
    columns = {"row": Value("string"), "batch": Value("int32"), "label": Value("string"), "image_id": Value("string")}
    columns |= {name: Value("string") for name in (PAIR if paired else ())}
    for name in classifiers:
        columns[f"{name}_classes"] = Sequence(Value("string"))
        columns[f"{name}_probabilities"] = Sequence(Value("float32"))
        if top5:
            columns[in_top5(name)] = Value("bool")
    return Features(columns)


def attacks() -> Features:
    """One row per row of `predictions` that the attacked classifier gives its label; `image_id` is that of the attacked
    image, null where no item shows it.

    `class` is the classifier's class for the attacked image as it is stored, in 8 bits; `success` whether that is not
    the label; `steps` the number of steps, null without success. `float_class` and `float_steps` are the same before
    rounding, null where the image kept its label. `linf` and `l2` are distances to the image, in units of 0..1.
    """
    return Features(
        {
            "row": Value("string"),
            "batch": Value("int32"),
            "label": Value("string"),
            "classifier": Value("string"),
            "image_id": Value("string"),
            "class": Value("string"),
            "success": Value("bool"),
            "steps": Value("int32"),
            "float_class": Value("string"),
            "float_steps": Value("int32"),
            "linf": Value("float32"),
            "l2": Value("float32"),
        }
    )


def explanations() -> Features:
    """One row per superpixel with a weight of an explained image, the largest weight first, and one before them, with
    the rank 0, for the image in which all is hidden.

    `image_id` is the explained image, `explained_id` the one that it is a part of, null where no item shows that;
    `class` is the one that is explained, of `classifier`; `attacked` says whether the image was. `superpixel` is its
    number in the image, `pixels` how many it has, `weight` what it adds to the probability of the class; `shown` is
    whether the explained image shows it, as it does where the weight is above 0, and `n_shown` how many it shows, fewer
    than the explainer may weigh where fewer speak for the class. `probability` is that of the class
    where the superpixels up to this rank are shown and the rest is gray.
    """
    return Features(
        {
            "image_id": Value("string"),
            "explained_id": Value("string"),
            "batch": Value("int32"),
            "row": Value("string"),
            "label": Value("string"),
            "classifier": Value("string"),
            "attacked": Value("bool"),
            "class": Value("string"),
            "rank": Value("int32"),
            "superpixel": Value("int32"),
            "pixels": Value("int32"),
            "weight": Value("float32"),
            "shown": Value("bool"),
            "n_shown": Value("int32"),
            "probability": Value("float32"),
        }
    )


def examples() -> Features:
    """One row per example of a class of the batch, by method and role: `prototype` or `criticism`; of those at random
    all are prototypes. The first six prototypes are shown, or three beside the first three criticisms.

    `image_id` is the image in this batch, null where no panel of it shows the example. `score` is what the method goes
    by: the steps of the attack after which the label is lost, null where it is kept; how near a prototype is to all
    candidates, and how badly the prototypes stand for a criticism, by the kernel; the probability of the class.
    `qualified` is whether the example is what the method asks for; where fewer are than are needed, the nearest take
    their place. `n_qualified` of `n_candidates`, rows of the class that `classifier` gets right, were.
    """
    return Features(
        {
            "class": Value("string"),
            "batch": Value("int32"),
            "method": Value("string"),
            "role": Value("string"),
            "rank": Value("int32"),
            "row": Value("string"),
            "image_id": Value("string"),
            "classifier": Value("string"),
            "score": Value("float64"),
            "qualified": Value("bool"),
            "n_qualified": Value("int32"),
            "n_candidates": Value("int32"),
        }
    )


def panels() -> Features:
    """One row per class of an item of the kind `assignment`: `panel` is its letter, `right` whether it is the label.
    `image_ids`, `rows` and `roles` are of its images, in the order in which they are shown.
    """
    texts = {name: Sequence(Value("string")) for name in ("image_ids", "rows", "roles")}
    return Features(
        {
            "item_id": Value("string"),
            "batch": Value("int32"),
            "panel": Value("string"),
            "class": Value("string"),
            "method": Value("string"),
            "right": Value("bool"),
            **texts,
        }
    )


def labels() -> Features:
    """One row per class of a row that at least one of `n` people, five or more, found relevant for the row's picture.

    `n_yes` and `n` are the answers yes and all valid ones, `share` is their quotient, `accepted` whether that is at
    least .8; `ratings_source` is whose answers they are. `label` is the source's own.
    """
    return Features(
        {
            "row": Value("string"),
            "batch": Value("int32"),
            "label": Value("string"),
            "class": Value("string"),
            "n_yes": Value("int32"),
            "n": Value("int32"),
            "share": Value("float64"),
            "accepted": Value("bool"),
            "ratings_source": Value("string"),
        }
    )


def read_features(table: str, columns: pa.Schema) -> Features:
    """The features of a table as a version has it but for aggregates, made from the names of its columns.

    Raises:
        KeyError: there is no such table.
    """
    alike = {
        "images": images,
        "attacks": attacks,
        "explanations": explanations,
        "examples": examples,
        "panels": panels,
        "labels": labels,
    }
    if table in alike:
        return alike[table]()
    ending = {"items": "_top1", "predictions": "_probabilities"}[table]
    names = [name.removesuffix(ending) for name in columns.names if name.endswith(ending)]
    if table == "items":
        return items(
            names, top5="top5_weight" in columns.names, arms="arm" in columns.names, assigned="task" in columns.names
        )
    top5 = any(name.endswith(_IN_TOP5) for name in columns.names)
    return predictions(names, top5=top5, paired="pair" in columns.names)
