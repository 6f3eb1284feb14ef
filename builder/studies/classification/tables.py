"""The way from what a batch holds to its Arrow tables."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from builder.images import Image
from builder.studies.classification import schema
from builder.studies.classification.assigned_rows import assigned_items, example_rows, panel_rows, row_image
from builder.studies.classification.predicted import paired
from builder.studies.classification.tasks import EXPLAINED, TASK, WHOLE
from builder.tables import image_value, png_bytes

if TYPE_CHECKING:
    from datasets import Features

    from builder.studies.classification.adversarial import Adversarial
    from builder.studies.classification.assignments import ShownAssignments
    from builder.studies.classification.explained import Explanation
    from builder.studies.classification.pipeline import Item
    from builder.studies.classification.predicted import Predictions

Rows = list[dict[str, Any]]


def build(
    study: str,
    batch: int,
    predicted: "Predictions",
    items: "Sequence[Item]",
    pictures: Mapping[int, Image],
    attacked: str = "",
    attacks: "Sequence[Adversarial]" = (),
    explanations: "Sequence[Explanation] | None" = None,
    assigned: "ShownAssignments | None" = None,
    *,
    top5: bool = False,
) -> dict[str, pa.Table]:
    """The tables of a batch by name.

    pictures: those that items show as they are, or that are kept as examples, by index of the row. attacked: the
    classifier of the attacks.
    explanations: of attacked images, of what these were before, and of controls; None where there is no such arm.
    assigned: images that people assign to classes; None where nobody does. top5: whether all five classes of some rows
    are asked.
    """
    prefix = f"{study}-{batch:05d}"
    ids = {at: row_image(prefix, row) for at, row in enumerate(predicted.rows)}
    pngs = {ids[at]: (predicted.ids[at], png_bytes(picture)) for at, picture in pictures.items()}
    of_row = {each.at: each for each in attacks}
    changed = {item.at: f"{ids[item.at]}-attacked" for item in items if item.kind == "adversarial"}
    pngs |= {image_id: (predicted.ids[at], of_row[at].png) for at, image_id in changed.items()}
    explained = {_explained_id(ids, each): each for each in explanations or ()}
    pngs |= {image_id: (predicted.ids[each.of.at], each.png) for image_id, each in explained.items()}
    if assigned:
        pngs |= {row_image(prefix, row): (assigned.ids[row], png) for row, png in assigned.pictures.items()}
    image_values = {image_id: image_value(image_id, png) for image_id, (_, png) in pngs.items()}
    of_items = _items(prefix, predicted, items, ids, image_values, of_row)
    if explanations is not None or assigned:
        of_items = [row | {"arm": WHOLE, "task": TASK.name} for row in of_items]
    if explanations is not None:
        of_items += _explained_items(of_items, list(predicted.answers), image_values)
    if assigned:
        of_items += assigned_items(prefix, predicted, assigned, image_values)
    rows = {
        "items": of_items,
        "images": _images(pngs),
        "predictions": _predictions(predicted, {at: each for at, each in ids.items() if each in pngs}),
        "attacks": [_attack(predicted, each, attacked, changed.get(each.at)) for each in attacks],
    }
    if explanations is not None:
        rows["explanations"] = [
            {**row, "classifier": attacked, "explained_id": whole if (whole := _whole_id(ids, each)) in pngs else None}
            for image_id, each in explained.items()
            for row in _superpixels(predicted, image_id, each)
        ]
    if assigned:
        rows |= {"examples": example_rows(prefix, assigned), "panels": panel_rows(prefix, predicted, assigned)}
    features = _features(predicted, top5=top5, explained=explanations is not None, assigned=assigned is not None)
    return {
        name: pa.Table.from_pylist([{**row, "batch": batch} for row in rows[name]], features[name].arrow_schema)
        for name in rows
    }


def _features(predicted: "Predictions", *, top5: bool, explained: bool, assigned: bool) -> dict[str, "Features"]:
    names = list(predicted.answers)
    return {
        "items": schema.items(names, top5=top5, arms=explained or assigned, assigned=assigned),
        "images": schema.images(),
        "predictions": schema.predictions(names, top5=top5, paired=paired(predicted)),
        "attacks": schema.attacks(),
        "explanations": schema.explanations(),
        "examples": schema.examples(),
        "panels": schema.panels(),
    }


def _images(pngs: Mapping[str, tuple[str, bytes]]) -> list[dict[str, Any]]:
    """The rows of `images`, from each image's row in the source and its PNG, by id."""
    return [
        {
            "image_id": image_id,
            "image": image_value(image_id, png),
            "row": row,
            "sha256": hashlib.sha256(png).hexdigest(),
        }
        for image_id, (row, png) in pngs.items()
    ]


def _items(
    prefix: str,
    predicted: "Predictions",
    items: "Sequence[Item]",
    ids: Mapping[int, str],
    image_values: Mapping[str, Any],
    attacks: "Mapping[int, Adversarial]",
) -> Rows:
    """prefix: of their ids. ids: of images, by index of the row. shown: images by id. attacks: by index of the row."""
    number = _numbers(predicted)
    rows = []
    for item in items:
        changed = attacks[item.at] if item.kind == "adversarial" else None
        image_id = f"{ids[item.at]}-attacked" if changed else ids[item.at]
        kind = item.kind.replace("_", "-")
        row = {
            "item_id": f"{prefix}-{kind}-{predicted.rows[item.at]}-{number[item.shown_class]}",
            "kind": schema.KINDS.index(item.kind),
            "image_id": image_id,
            "image": image_values[image_id],
            "row": predicted.ids[item.at],
            "label": predicted.labels[item.at],
            "shown_class": item.shown_class,
            "weight": item.weight,
            "top5_weight": item.top5_weight,
        }
        for name, answers in predicted.answers.items():
            first = changed.top1.get(name) if changed else answers.first(item.at)
            row[f"{name}_top1"] = first
            asked = changed is None or name in changed.top1
            row[f"{name}_mistake"] = first == item.shown_class != row["label"] if asked else None
        rows.append(row)
    return rows


def _explained_items(rows: Rows, classifiers: Sequence[str], image_values: Mapping[str, Any]) -> Rows:
    """The items of the other arm: of attacked images and of controls, explained.

    rows: of items that show images whole. shown: images by id.
    """
    explained_rows = []
    for row in rows:
        kind = schema.KINDS[row["kind"]]
        if kind not in ("adversarial", "agreed", "foil"):
            continue
        image_id = f"{row['image_id']}-explained"
        nothing = {f"{name}_{what}": None for name in classifiers for what in ("top1", "mistake")}
        kind = "explained" if kind == "adversarial" else kind
        changed = {"item_id": f"{row['item_id']}-explained", "kind": schema.KINDS.index(kind), "arm": EXPLAINED}
        explained_rows.append({**row, **nothing, **changed, "image_id": image_id, "image": image_values[image_id]})
    return explained_rows


def _whole_id(ids: Mapping[int, str], each: "Explanation") -> str:
    return ids[each.of.at] + ("-attacked" if each.of.attacked else "")


def _explained_id(ids: Mapping[int, str], each: "Explanation") -> str:
    return f"{_whole_id(ids, each)}-explained"


def _superpixels(predicted: "Predictions", image_id: str, each: "Explanation") -> Rows:
    """The superpixels of an explained image, and before them the image in which all is hidden."""
    of: dict[str, Any] = {"image_id": image_id, "row": predicted.ids[each.of.at]}
    of |= {"label": predicted.labels[each.of.at]}
    of |= {"attacked": each.of.attacked, "class": each.shown_class, "n_shown": each.shown}
    rows: Rows = [{**of, "rank": 0, "probability": each.probabilities[0]}]
    for rank, superpixel in enumerate(each.order, start=1):
        part = {"superpixel": superpixel, "pixels": each.pixels[rank - 1], "weight": each.weights[rank - 1]}
        rows.append({**of, **part, "rank": rank, "shown": rank <= each.shown, "probability": each.probabilities[rank]})
    return rows


def _predictions(predicted: "Predictions", image_ids: Mapping[int, str]) -> Rows:
    """shown: ids of the images that items show as they are, by index of the row."""
    rows = []
    for at, row_id in enumerate(predicted.ids):
        label = predicted.labels[at]
        row: dict[str, Any] = {"row": row_id, "label": label or None, "image_id": image_ids.get(at)}
        if paired(predicted):
            row |= {name: predicted.groups[at][name] for name in schema.PAIR}
        for name, answers in predicted.answers.items():
            firsts = answers.firsts(at)
            row[f"{name}_classes"] = firsts
            row[f"{name}_probabilities"] = answers.probabilities[at, answers.top[at]].tolist() if firsts else None
            row[schema.in_top5(name)] = label in firsts if firsts and answers.many else None
        rows.append(row)
    return rows


def _attack(predicted: "Predictions", each: "Adversarial", attacked: str, image_id: str | None) -> dict[str, Any]:
    """image_id: of the attacked image, where an item shows it."""
    return {
        "row": predicted.ids[each.at],
        "label": predicted.labels[each.at],
        "classifier": attacked,
        "image_id": image_id,
        "class": each.shown_class or None,
        "success": each.success,
        "steps": each.steps,
        "float_class": each.float_class,
        "float_steps": each.float_steps,
        "linf": each.linf,
        "l2": each.l2,
    }


def _numbers(predicted: "Predictions") -> dict[str, int]:
    """A number for every class that a classifier has, for ids: names may hold what ids must not."""
    names = dict.fromkeys(name for answers in predicted.answers.values() for name in answers.classes)
    return {name: number for number, name in enumerate(names)}
