"""The way from a batch to its Arrow tables."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from builder.explainers.measures.pictures import LPIPS_ENLARGED, LPIPS_FILTER, LPIPS_SMALLEST
from builder.studies.counterfeits import schema
from builder.studies.counterfeits.study import CounterfeitsStudy
from builder.tables import image_value, png_bytes

if TYPE_CHECKING:
    from builder.studies.counterfeits.models import Models
    from builder.studies.counterfeits.pipeline import Converged, Described, Item
    from builder.studies.counterfeits.replicate import Run

Row = dict[str, Any]


@dataclass(frozen=True)
class Content:
    """A batch's content: the runs and whether each converged, all pictures with what is known of them, the items."""

    runs: "Sequence[Run]"
    converged: "Sequence[Converged]"
    described: "Sequence[Described]"
    items: "Sequence[Item]"


def build(study: CounterfeitsStudy, batch: int, models: "Models", content: Content) -> dict[str, pa.Table]:
    """The tables of a batch by name."""
    of = _Batch(study, batch, models, content)
    rows = {
        "items": list(of.items()),
        "images": [*of.images(), *of.training_images()],
        "predictions": list(of.predictions()),
        "runs": list(of.runs()),
        "neighbors": list(of.neighbors()),
        "spreads": list(of.spreads()),
    }
    return {name: pa.Table.from_pylist(rows[name], make().arrow_schema) for name, make in schema.FEATURES.items()}


class _Batch:
    """The rows of a batch, table by table."""

    def __init__(self, study: CounterfeitsStudy, batch: int, models: "Models", content: Content) -> None:
        self._study, self._batch, self._models, self._content = study, batch, models, content
        self._prefix = f"{study.name}-{batch:05d}"
        self._reached = {
            (run.conditioning, run.round): each.reached
            for run, each in zip(content.runs, content.converged, strict=True)
        }
        shown = {(item.group, item.at) for item in content.items}
        near = {
            int(content.described[group].nearest[measure].places[at])
            for group, at in shown
            for measure in schema.MEASURES
        }
        self._shown, self._near, self._rows = shown, sorted(near), models.training.all_rows()
        self._labels, self._ids = models.training.labels(), models.training.ids(self._rows)

    def items(self) -> Iterator[Row]:
        for item in self._content.items:
            each = self._content.described[item.group]
            kind = "control" if item.control else each.group.kind
            image = self._image(each, item.at)
            label = each.group.labels[item.at] if item.control and each.group.labels else None
            target = None if item.control else each.group.wanted[item.at]
            yield {
                "item_id": f"{self._prefix}-{kind}-{each.group.round}-{item.at}",
                "batch": self._batch,
                "kind": schema.ITEM_KINDS.index(kind),
                "image_id": image["image_id"],
                "image": image["image"],
                "round": each.group.round,
                "target": target,
                "converged": None if item.control else self._reached[each.group.kind, each.group.round],  # type: ignore[index]
                **self._said(each, item.at),
                "label": label,
                "control": label,
            }

    def images(self) -> Iterator[Row]:
        for each in self._content.described:
            group = each.group
            for at, wanted in enumerate(group.wanted):
                row = self._image(each, at) | {"kind": schema.IMAGE_KINDS.index(group.kind), "round": group.round}
                row["z"] = None if group.latents is None else group.latents[at].tolist()
                row["condition"] = None if group.conditions is None else group.conditions[at].tolist()
                row["target"] = None if group.kind in (schema.HELD_OUT, "noise") else wanted
                row["row"] = group.rows[at] if group.rows else None
                row["label"] = group.labels[at] if group.labels else None
                row |= self._said(each, at)
                row |= {f"{name}_distance": float(near.distances[at]) for name, near in each.nearest.items()}
                yield row | {f"detector_{name}": float(score[at]) for name, score in each.detectors.items()}

    def training_images(self) -> Iterator[Row]:
        """The training images that are the nearest to an item's image."""
        pictures = self._models.training.pictures([self._rows[at] for at in self._near])
        for at, picture in zip(self._near, pictures, strict=True):
            row = _picture(self._training_id(at), picture, self._batch)
            row |= {"kind": schema.IMAGE_KINDS.index(schema.TRAINING), "round": 0}
            yield row | {"row": self._ids[at], "label": self._labels[at]}

    def predictions(self) -> Iterator[Row]:
        for each in self._content.described:
            for number, probabilities in enumerate(each.probabilities):
                names = self._models.class_names(number)
                for at, row in enumerate(probabilities):
                    top = np.argsort(-row, kind="stable")[: schema.TOP]
                    yield {
                        "image_id": self._image_id(each, at),
                        "batch": self._batch,
                        "round": number,
                        "classes": [names[place] for place in top],
                        "probabilities": row[top].tolist(),
                    }

    def runs(self) -> Iterator[Row]:
        own = self._study.generator.model_dump()
        settings = {name: value for name, value in own.items() if name in schema.FEATURES["runs"]()}
        small = min(self._models.aim.shape) < LPIPS_SMALLEST
        lpips = {"lpips_side": LPIPS_ENLARGED if small else None, "lpips_filter": LPIPS_FILTER if small else None}
        for run, reached in zip(self._content.runs, self._content.converged, strict=True):
            yield {
                "run_id": f"{self._prefix}-{run.conditioning}-{run.round}",
                "batch": self._batch,
                "round": run.round,
                "kind": schema.COUNTERFEITS.index(run.conditioning),
                "seed": run.seed,
                **settings,
                **{f"curve_{name}": run.trained.curves.get(name, []) for name in schema.TERMS},
                "accuracy": reached.accuracy,
                "least_accuracy": reached.least,
                "confidence": reached.confidence,
                "converged": reached.reached,
                **lpips,
            }

    def neighbors(self) -> Iterator[Row]:
        for number, each in enumerate(self._content.described):
            for at in range(len(each.group.wanted)):
                for measure, near in each.nearest.items():
                    place = int(near.places[at])
                    yield {
                        "image_id": self._image_id(each, at),
                        "batch": self._batch,
                        "measure": measure,
                        "row": self._ids[place],
                        "label": self._labels[place],
                        "neighbor_id": self._training_id(place) if (number, at) in self._shown else None,
                        "distance": float(near.distances[at]),
                    }

    def spreads(self) -> Iterator[Row]:
        for each in self._content.described:
            kind = schema.IMAGE_KINDS.index(each.group.kind)
            for name, numbers in each.spreads.items():
                of = {"batch": self._batch, "kind": kind, "round": each.group.round, "class": name}
                yield of | {"n": each.group.wanted.count(name)} | numbers

    def _said(self, each: "Described", at: int) -> Row:
        """The class that the classifier of the picture's round gives it, and that class's probability."""
        place = int(each.own[at].argmax())
        return {"class": self._models.class_names(each.group.round)[place], "confidence": float(each.own[at, place])}

    def _image(self, each: "Described", at: int) -> Row:
        return _picture(self._image_id(each, at), each.group.images[at], self._batch)

    def _image_id(self, each: "Described", at: int) -> str:
        return f"{self._prefix}-{each.group.kind}-{each.group.round}-{at}"

    def _training_id(self, at: int) -> str:
        return f"{self._prefix}-{schema.TRAINING}-row{self._rows[at]}"


def _picture(image_id: str, pixels: Any, batch: int) -> Row:
    png = png_bytes(pixels)
    digest = hashlib.sha256(png).hexdigest()
    return {"image_id": image_id, "image": image_value(image_id, png), "sha256": digest, "batch": batch}
