"""The way from what a batch holds to its Arrow tables."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from builder.images import Image
from builder.studies.classification import schema
from builder.tables import image_value, png_bytes

if TYPE_CHECKING:
    from builder.studies.classification.adversarial import Adversarial
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
    *,
    top5: bool = False,
) -> dict[str, pa.Table]:
    """The tables of a batch by name.

    pictures: those that items show as they are, by index of the row. attacked: the classifier of the attacks.
    top5: whether all five classes of some rows are asked.
    """
    ids = {at: f"{study}-{batch:05d}-row{row}" for at, row in enumerate(predicted.rows)}
    pngs = {ids[at]: (at, png_bytes(picture)) for at, picture in pictures.items()}
    of_row = {each.at: each for each in attacks}
    changed = {item.at: f"{ids[item.at]}-attacked" for item in items if item.kind == "adversarial"}
    pngs |= {image_id: (at, of_row[at].png) for at, image_id in changed.items()}
    images = [
        {
            "image_id": image_id,
            "image": image_value(image_id, png),
            "row": predicted.ids[at],
            "sha256": hashlib.sha256(png).hexdigest(),
        }
        for image_id, (at, png) in pngs.items()
    ]
    shown = {image_id: image_value(image_id, png) for image_id, (_, png) in pngs.items()}
    rows = {
        "items": _items(f"{study}-{batch:05d}", predicted, items, ids, shown, of_row),
        "images": images,
        "predictions": _predictions(predicted, {at: each for at, each in ids.items() if each in pngs}),
        "attacks": [_attack(predicted, each, attacked, changed.get(each.at)) for each in attacks],
    }
    names = list(predicted.said)
    features = {
        "items": schema.items(names, top5=top5),
        "images": schema.images(),
        "predictions": schema.predictions(names, top5=top5, paired=_paired(predicted)),
        "attacks": schema.attacks(),
    }
    return {
        name: pa.Table.from_pylist([{**row, "batch": batch} for row in rows[name]], features[name].arrow_schema)
        for name in rows
    }


def _items(
    prefix: str,
    predicted: "Predictions",
    items: "Sequence[Item]",
    ids: Mapping[int, str],
    shown: Mapping[str, Any],
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
            "image": shown[image_id],
            "row": predicted.ids[item.at],
            "label": predicted.labels[item.at],
            "shown_class": item.shown_class,
            "weight": item.weight,
            "top5_weight": item.top5_weight,
        }
        for name, said in predicted.said.items():
            first = changed.top1.get(name) if changed else said.first(item.at)
            row[f"{name}_top1"] = first
            asked = changed is None or name in changed.top1
            row[f"{name}_mistake"] = first == item.shown_class != row["label"] if asked else None
        rows.append(row)
    return rows


def _predictions(predicted: "Predictions", shown: Mapping[int, str]) -> Rows:
    """shown: ids of the images that items show as they are, by index of the row."""
    rows = []
    for at, row_id in enumerate(predicted.ids):
        label = predicted.labels[at]
        row: dict[str, Any] = {"row": row_id, "label": label or None, "image_id": shown.get(at)}
        if _paired(predicted):
            row |= {name: predicted.groups[at][name] for name in schema.PAIR}
        for name, said in predicted.said.items():
            firsts = said.firsts(at)
            row[f"{name}_classes"] = firsts
            row[f"{name}_probabilities"] = said.probabilities[at, said.top[at]].tolist() if firsts else None
            row[schema.in_top5(name)] = label in firsts if firsts and said.many else None
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


def _paired(predicted: "Predictions") -> bool:
    """Whether the source puts its rows into pairs, as `pairs:FILE` does."""
    return bool(predicted.groups) and set(schema.PAIR) <= predicted.groups[0].keys()


def _numbers(predicted: "Predictions") -> dict[str, int]:
    """A number for every class that a classifier has, for ids: names may hold what ids must not."""
    names = dict.fromkeys(name for said in predicted.said.values() for name in said.classes)
    return {name: number for number, name in enumerate(names)}
