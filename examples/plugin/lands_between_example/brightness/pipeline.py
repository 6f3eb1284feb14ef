"""How one batch is made, and its tables: a function of the study and of the batch's number."""

from typing import Any

import numpy as np
import pyarrow as pa
from datasets import ClassLabel, Features, Image, Value

from builder.hosting import ModelHost
from builder.studies import Batch
from builder.tables import image_value, png_bytes
from lands_between_example.brightness.study import BrightnessStudy
from lands_between_example.brightness.tasks import SIDES

SIDE, CONTROL = 64, 60
"""Pixels of a square's side; gray levels between the squares of a control."""

FEATURES = {
    "items": Features(
        {
            "item_id": Value("string"),
            "batch": Value("int32"),
            "left_id": Value("string"),
            "right_id": Value("string"),
            "left": Image(),
            "right": Image(),
            "kind": ClassLabel(names=["control", "close"]),
            "control": Value("string"),  # the side that is brighter; null where the item is no control
            "difference": Value("int32"),  # gray levels, right minus left
        }
    ),
    "images": Features(
        {
            "image_id": Value("string"),
            "image": Image(),
            "batch": Value("int32"),
            "brightness": Value("int32"),  # the mean of its pixels, 0 to 255
        }
    ),
}


class NoModels(ModelHost):
    """The models of a brightness study: none."""

    def sized(self) -> dict[str, Any]:
        """No model sees rows."""
        return {}


def build_batch(study: BrightnessStudy, models: NoModels, batch: int) -> Batch:
    """Two controls and the close items, each of two gray squares of its own."""
    models.restart()
    with models.stopwatch.step("draw", len(SIDES) + study.close):
        rng = np.random.default_rng(np.random.SeedSequence(study.seed, spawn_key=(batch,)))
        close = rng.integers(1, study.most, study.close, endpoint=True) * rng.choice([-1, 1], study.close)
        items: list[dict[str, Any]] = []
        images: list[dict[str, Any]] = []
        for number, difference in enumerate([-CONTROL, CONTROL, *close.tolist()]):
            item_id = f"{study.name}-{batch:05d}-item{number}"
            left = int(rng.integers(CONTROL, 255 - CONTROL))
            shown = [
                _image(f"{item_id}-{side}", level, batch)
                for side, level in zip(SIDES, (left, left + difference), strict=True)
            ]
            images += shown
            items.append(
                {
                    "item_id": item_id,
                    "batch": batch,
                    **{f"{side}_id": each["image_id"] for side, each in zip(SIDES, shown, strict=True)},
                    **{side: each["image"] for side, each in zip(SIDES, shown, strict=True)},
                    "kind": int(number >= len(SIDES)),
                    "control": SIDES[number] if number < len(SIDES) else None,
                    "difference": difference,
                }
            )
    tables = {name: _table(name, rows) for name, rows in {"items": items, "images": images}.items()}
    return Batch(tables, [], [], models.stopwatch.steps(), {})


def _image(image_id: str, level: int, batch: int) -> dict[str, Any]:
    png = png_bytes(np.full((SIDE, SIDE, 3), level, np.uint8))
    return {"image_id": image_id, "image": image_value(image_id, png), "batch": batch, "brightness": level}


def _table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=FEATURES[name].arrow_schema)
