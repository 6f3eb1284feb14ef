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
    from builder.studies.classification.pipeline import Item, Predicted, Said


def build(
    study: str, batch: int, predicted: "Predicted", items: "Sequence[Item]", pictures: Mapping[int, Image]
) -> dict[str, pa.Table]:
    """The tables of a batch by name; `pictures` are those that items show, by index of the row."""
    pngs = {at: png_bytes(picture) for at, picture in pictures.items()}
    ids = {at: f"{study}-{batch:05d}-row{predicted.rows[at]}" for at in pngs}
    number = _numbers(predicted)
    rows: dict[str, list[dict[str, Any]]] = {"items": [], "images": [], "predictions": []}
    for item in items:
        row = {
            "item_id": f"{study}-{batch:05d}-{item.kind}-{predicted.rows[item.at]}-{number[item.shown_class]}",
            "batch": batch,
            "kind": schema.KINDS.index(item.kind),
            "image_id": ids[item.at],
            "image": image_value(ids[item.at], pngs[item.at]),
            "row": predicted.ids[item.at],
            "label": predicted.labels[item.at],
            "shown_class": item.shown_class,
            "weight": item.weight,
        }
        for name, said in predicted.said.items():
            first = said.first(item.at)
            row[f"{name}_top1"] = first
            row[f"{name}_mistake"] = first == item.shown_class != row["label"]
        rows["items"].append(row)
    for at, png in pngs.items():
        named = {"image_id": ids[at], "image": image_value(ids[at], png), "row": predicted.ids[at], "batch": batch}
        rows["images"].append(named | {"sha256": hashlib.sha256(png).hexdigest()})
    for at, row_id in enumerate(predicted.ids):
        row = {"row": row_id, "batch": batch, "label": predicted.labels[at], "image_id": ids.get(at)}
        for name, said in predicted.said.items():
            row[f"{name}_classes"], row[f"{name}_probabilities"] = _first(said, at)
        rows["predictions"].append(row)
    names = list(predicted.said)
    features = {"items": schema.items(names), "images": schema.images(), "predictions": schema.predictions(names)}
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
