"""From what a batch holds to its Arrow tables."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from builder.images import Image
from builder.studies.classification import schema
from builder.tables import image_value, png_bytes

if TYPE_CHECKING:
    from builder.studies.classification.adversarial import Adversarial
    from builder.studies.classification.pipeline import Item
    from builder.studies.classification.predicted import Predicted, Said


def build(
    study: str,
    batch: int,
    predicted: "Predicted",
    items: "Sequence[Item]",
    pictures: Mapping[int, Image],
    attacked: str = "",
    attacks: "Sequence[Adversarial]" = (),
) -> dict[str, pa.Table]:
    """The tables of a batch by name.

    pictures: those that items show as they are, by index of the row. attacked: the classifier of the attacks.
    """
    ids = {at: f"{study}-{batch:05d}-row{row}" for at, row in enumerate(predicted.rows)}
    pngs = {ids[at]: (at, png_bytes(picture)) for at, picture in pictures.items()}
    of_row = {each.at: each for each in attacks}
    for item in items:
        if item.kind == "adversarial":
            pngs[f"{ids[item.at]}-attacked"] = item.at, of_row[item.at].png
    number = _numbers(predicted)
    rows: dict[str, list[dict[str, Any]]] = {"items": [], "images": [], "predictions": [], "attacks": []}
    for item in items:
        changed = of_row[item.at] if item.kind == "adversarial" else None
        image_id = f"{ids[item.at]}-attacked" if changed else ids[item.at]
        row = {
            "item_id": f"{study}-{batch:05d}-{item.kind}-{predicted.rows[item.at]}-{number[item.shown_class]}",
            "batch": batch,
            "kind": schema.KINDS.index(item.kind),
            "image_id": image_id,
            "image": image_value(image_id, pngs[image_id][1]),
            "row": predicted.ids[item.at],
            "label": predicted.labels[item.at],
            "shown_class": item.shown_class,
            "weight": item.weight,
        }
        for name, said in predicted.said.items():
            first = changed.top1.get(name) if changed else said.first(item.at)
            row[f"{name}_top1"] = first
            asked = changed is None or name in changed.top1
            row[f"{name}_mistake"] = first == item.shown_class != row["label"] if asked else None
        rows["items"].append(row)
    for image_id, (at, png) in pngs.items():
        named = {"image_id": image_id, "image": image_value(image_id, png), "row": predicted.ids[at], "batch": batch}
        rows["images"].append(named | {"sha256": hashlib.sha256(png).hexdigest()})
    for at, row_id in enumerate(predicted.ids):
        row = {"row": row_id, "batch": batch, "label": predicted.labels[at]}
        row["image_id"] = ids[at] if ids[at] in pngs else None
        for name, said in predicted.said.items():
            row[f"{name}_classes"], row[f"{name}_probabilities"] = _first(said, at)
        rows["predictions"].append(row)
    for each in attacks:
        image_id = f"{ids[each.at]}-attacked"
        rows["attacks"].append(
            {
                "row": predicted.ids[each.at],
                "batch": batch,
                "label": predicted.labels[each.at],
                "classifier": attacked,
                "image_id": image_id if image_id in pngs else None,
                "class": each.shown_class or None,
                "success": each.success,
                "steps": each.steps,
                "float_class": each.float_class,
                "float_steps": each.float_steps,
                "linf": each.linf,
                "l2": each.l2,
            }
        )
    names = list(predicted.said)
    features = {
        "items": schema.items(names),
        "images": schema.images(),
        "predictions": schema.predictions(names),
        "attacks": schema.attacks(),
    }
    return {name: pa.Table.from_pylist(rows[name], features[name].arrow_schema) for name in rows}


def _numbers(predicted: "Predicted") -> dict[str, int]:
    """A number for every class that a classifier has, for ids: names may hold what ids must not."""
    names = dict.fromkeys(name for said in predicted.said.values() for name in said.classes)
    return {name: number for number, name in enumerate(names)}


def _first(said: "Said", at: int) -> tuple[list[str] | None, list[float] | None]:
    """The first classes of a row and their probabilities; None where nothing was found."""
    if np.isnan(said.probabilities[at, 0]):
        return None, None
    top = said.top[at]
    return [said.classes[index] for index in top], said.probabilities[at, top].tolist()
