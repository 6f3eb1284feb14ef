"""Rows of images that people assign to classes, of the panels beside them, and of the examples of classes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from builder.studies.classification import schema
from builder.studies.classification.tasks import ASSIGNMENT

if TYPE_CHECKING:
    from builder.studies.classification.assignments import Assignment, Panel, ShownAssignments
    from builder.studies.classification.predicted import Predictions

Rows = list[dict[str, Any]]


def row_image(prefix: str, row: int) -> str:
    """The id of the image of a row as it is. prefix: of the ids of the batch."""
    return f"{prefix}-row{row}"


def assigned_items(
    prefix: str, predicted: "Predictions", assigned: "ShownAssignments", image_values: Mapping[str, Any]
) -> Rows:
    """Rows of `items`. shown: images by id."""
    rows = []
    for item in assigned.assignments.items:
        image_id = row_image(prefix, predicted.rows[item.at])
        label = predicted.labels[item.at]
        rows.append(
            {
                "item_id": _item_id(prefix, predicted, item),
                "kind": schema.KINDS.index("assignment"),
                "image_id": image_id,
                "image": image_values[image_id],
                "row": predicted.ids[item.at],
                "label": label,
                "arm": item.arm,
                "task": ASSIGNMENT.name,
                "condition": item.condition,
                "right_panel": next(panel.letter for panel in item.panels if panel.of == label),
                "panels": [panel.letter for panel in item.panels],
                "panel_ids": [each for panel in item.panels for each in _images(prefix, panel)],
            }
        )
    return rows


def panel_rows(prefix: str, predicted: "Predictions", assigned: "ShownAssignments") -> Rows:
    """Rows of `panels`."""
    return [
        {
            "item_id": _item_id(prefix, predicted, item),
            "panel": panel.letter,
            "class": panel.of,
            "method": item.method,
            "right": panel.of == predicted.labels[item.at],
            "image_ids": _images(prefix, panel),
            "rows": [assigned.ids[each.row] for each in panel.examples],
            "roles": [each.role for each in panel.examples],
        }
        for item in assigned.assignments.items
        for panel in item.panels
    ]


def example_rows(prefix: str, assigned: "ShownAssignments") -> Rows:
    """Rows of `examples`."""
    return [
        {
            "class": each.of,
            "method": each.method,
            "role": each.role,
            "rank": each.rank,
            "row": assigned.ids[each.row],
            "image_id": row_image(prefix, each.row) if each.row in assigned.pictures else None,
            "classifier": assigned.classifier,
            "score": each.score,
            "qualified": each.qualified,
            "n_qualified": each.n_qualified,
            "n_candidates": each.n_candidates,
        }
        for each in assigned.assignments.examples
    ]


def _images(prefix: str, panel: "Panel") -> list[str]:
    return [row_image(prefix, each.row) for each in panel.examples]


def _item_id(prefix: str, predicted: "Predictions", item: "Assignment") -> str:
    return f"{prefix}-assignment-{predicted.rows[item.at]}-{item.arm.removeprefix('assignment-')}"
