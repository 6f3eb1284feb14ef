"""How one batch is made: a function of the study and of the batch's number."""

from typing import Any

import numpy as np
import pyarrow as pa
from datasets import ClassLabel, Features, Image, Value

from builder.hosting import ModelHost
from builder.studies import Batch
from builder.tables import image_value, png_bytes
from lands_between_example.brightness.study import BrightnessStudy
from lands_between_example.brightness.tasks import SIDES

CONTROL = 60  # gray levels between the squares of a control
_TEXT, _NUMBER, _IMAGE = Value("string"), Value("int32"), Image()
_ITEM = {"item_id": _TEXT, "batch": _NUMBER, "left_id": _TEXT, "right_id": _TEXT, "left": _IMAGE, "right": _IMAGE}
_KIND = {"kind": ClassLabel(names=["control", "close"]), "control": _TEXT, "difference": _NUMBER}
_SQUARE = {"image_id": _TEXT, "image": _IMAGE, "batch": _NUMBER, "brightness": _NUMBER}

FEATURES = {"items": Features(_ITEM | _KIND), "images": Features(_SQUARE)}
"""`control` is the brighter side, null where it is no control; `difference` right minus left, `brightness` 0 to 255."""


def build_batch(study: BrightnessStudy, models: ModelHost, batch: int) -> Batch:
    """Two controls and the close items, each with two gray squares of its own."""
    models.restart()
    rows: dict[str, list[dict[str, Any]]] = {"items": [], "images": []}
    with models.stopwatch.step("draw", len(SIDES) + study.close):
        rng = np.random.default_rng(np.random.SeedSequence(study.seed, spawn_key=(batch,)))
        close = rng.integers(1, study.most, study.close, endpoint=True) * rng.choice([-1, 1], study.close)
        for number, difference in enumerate([-CONTROL, CONTROL, *close.tolist()]):
            item: dict[str, Any] = {"item_id": f"{study.name}-{batch:05d}-item{number}", "batch": batch}
            item |= {"kind": int(number > 1), "control": dict(enumerate(SIDES)).get(number), "difference": difference}
            level = int(rng.integers(CONTROL, 256 - CONTROL))
            for side, brightness in zip(SIDES, (level, level + difference), strict=True):
                name = f"{item['item_id']}-{side}"
                image = image_value(name, png_bytes(np.full((64, 64, 3), brightness, np.uint8)))
                rows["images"].append({"image_id": name, "image": image, "batch": batch, "brightness": brightness})
                item |= {f"{side}_id": name, side: image}
            rows["items"].append(item)
    tables = {name: pa.Table.from_pylist(each, FEATURES[name].arrow_schema) for name, each in rows.items()}
    return Batch(tables, [], [], models.stopwatch.steps(), {})
