"""The way from the faces of a batch to its Arrow tables."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from builder.studies.expression import schema
from builder.studies.expression.study import ExpressionStudy
from builder.tables import image_value, png_bytes

if TYPE_CHECKING:
    from builder.studies.expression.pipeline import Answers, Faces


def build(study: ExpressionStudy, batch: int, faces: "Faces") -> dict[str, pa.Table]:
    """The tables of a batch by name."""
    rows: dict[str, list[dict[str, Any]]] = {"items": [], "images": [], "predictions": []}
    groups = {
        each.name: faces.answers[each.name] if each.bounds is None else faces.answers[each.name].within(each.bounds)
        for each in study.groups
    }
    for at, number in enumerate(faces.rows):
        image_id = f"{study.name}-{batch:05d}-row{number}"
        png = png_bytes(faces.pictures[at])
        image = {
            "image_id": image_id,
            "image": image_value(image_id, png),
            "row": faces.ids[at],
            "batch": batch,
        }
        rows["images"].append(image | {"sha256": hashlib.sha256(png).hexdigest()})
        rows["items"].append(
            {"item_id": f"{study.name}-{batch:05d}-face{number}", **image, **_item(study, faces, groups, at)}
        )
        for name, answers in faces.answers.items():
            if answers.first(at) is not None:
                pairs = zip(answers.classes, answers.probabilities[at].tolist(), strict=True)
                of = {"image_id": image_id, "batch": batch, "classifier": name}
                rows["predictions"] += [of | {"class": each, "probability": share} for each, share in pairs]
    names = [[each.name for each in models] for models in (study.classifiers, study.groups)]
    features = {
        "items": schema.items(names[0], list(faces.groups[0]), names[1], faces.voted),
        "images": schema.images(),
        "predictions": schema.predictions(),
    }
    return {name: pa.Table.from_pylist(rows[name], features[name].arrow_schema) for name in rows}


def _item(study: ExpressionStudy, faces: "Faces", groups: Mapping[str, "Answers"], at: int) -> dict[str, Any]:
    """The item of a face: its label, its groups, and what classifiers say."""
    label = faces.labels[at]
    row: dict[str, Any] = {
        "kind": schema.KINDS.index("face" if label.agreed is None else "control"),
        "control": label.agreed,
        "label": label.emotion,
        "label_shares": label.shares,
        "dropped": label.dropped,
    }
    if faces.voted:
        row[schema.VOTES] = label.votes
    row |= {f"{schema.GROUP}{name}": value for name, value in faces.groups[at].items()}
    for group in study.groups:
        column = f"{schema.PREDICTED}{group.name}"
        predicted = groups[group.name].group(at, group.min_confidence)
        row[column], row[f"{column}{schema.CONFIDENCE}"] = predicted or (None, None)
    for each in study.classifiers:
        first = faces.answers[each.name].first(at)
        row[f"{each.name}_class"], row[f"{each.name}{schema.CONFIDENCE}"] = first or (None, None)
        row[f"{each.name}{schema.FOUND}"] = first is not None
    return row
