"""The way from a batch to its Arrow tables."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from datasets import Features

from builder.generators import Images, Latents
from builder.recognizers import Embeddings, Faces
from builder.settings import Settings
from builder.studies.verification import schema
from builder.studies.verification.models import Models
from builder.studies.verification.samples import Round, Sample, base_name
from builder.studies.verification.study import Samples
from builder.tables import image_value, png_bytes

Column = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Gallery:
    """The different pictures of a batch: n names, latents (n, d), images (n, h, w, 3), faces by alignment,
    embeddings (n, k) by recognizer.
    """

    names: list[str]
    latents: Latents
    images: Images
    faces: dict[str, Faces]
    embeddings: dict[str, Embeddings]
    _rows: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rows.update({name: row for row, name in enumerate(self.names)})

    def row(self, name: str) -> int:
        """The row of a picture."""
        return self._rows[name]


@dataclass(frozen=True)
class Names:
    """Ids, made from what they name, so that the same study gives the same ids everywhere."""

    study: str
    batch: int

    def id(self, name: str) -> str:
        """The id of what is called `name` within the batch."""
        return f"{self.study}-{self.batch:05d}-{name}"

    def base(self, base: int | None) -> str | None:
        """The image id of a base."""
        return None if base is None else self.id(base_name(base))

    def pair(self, kind: str, sample: Sample, other: str) -> str:
        """The id of a pair. `other`, the picture's name, tells apart what has neither anchor nor direction."""
        parts = [base_name(sample.base), kind]
        if sample.anchor is not None:
            parts.append(base_name(sample.anchor))
            if sample.direction is not None:
                parts.append(f"d{sample.direction}")
        elif sample.direction is not None:
            parts.append(f"d{sample.direction}")
        elif other != base_name(sample.base):
            parts.append(other)
        if sample.level is not None:
            parts.append(str(sample.level))
        return self.id("-".join(parts))


def kinds(samples: Samples) -> dict[str, Settings]:
    """The settings of every sample kind of a study: ours in the order of the ClassLabel, then others by name."""
    by_kind = samples.by_kind()
    return {kind: by_kind[kind] for kind in [*schema.KINDS, *sorted(set(by_kind) - set(schema.KINDS))]}


def build(
    models: Models,
    names: Names,
    gallery: Gallery,
    seeds: list[int],
    samples: dict[str, list[Sample]],
    scores: dict[str, Column],
    rounds: list[Round],
) -> dict[str, pa.Table]:
    """The tables of a batch by name; pairs are ordered by base, then by kind, then as drawn."""
    pngs = [png_bytes(image) for image in gallery.images]
    return {
        "pairs": _pairs(models, names, gallery, pngs, samples, scores),
        "images": _images(models, names, gallery, pngs, seeds),
        "embeddings": _embeddings(names, gallery),
        "searches": _searches(names, rounds),
    }


def _pairs(
    models: Models,
    names: Names,
    gallery: Gallery,
    pngs: list[bytes],
    samples: dict[str, list[Sample]],
    scores: dict[str, Column],
) -> pa.Table:
    rows_of = [(kind, sample) for kind, of_kind in samples.items() for sample in of_kind]
    order = sorted(range(len(rows_of)), key=lambda row: rows_of[row][1].base)
    labels = list(samples)
    rows = []
    for at in order:
        kind, sample = rows_of[at]
        base, other = base_name(sample.base), sample.picture.name
        row: dict[str, Any] = {
            "pair_id": names.pair(kind, sample, other),
            "batch": names.batch,
            "base_id": names.id(base),
            "sample_id": names.id(other),
            "base": image_value(names.id(base), pngs[gallery.row(base)]),
            "sample": image_value(names.id(other), pngs[gallery.row(other)]),
            "kind": labels.index(kind),
            "level": sample.level,
            "direction": sample.direction,
            "anchor_id": names.base(sample.anchor),
            "search_id": names.id(sample.search) if sample.search else None,
            "reached": sample.reached,
            "evaluations": sample.evaluations,
        }
        row |= {column: _number(values[at]) for column, values in scores.items()}
        for name, threshold in models.thresholds.items():
            distance = row[f"{name}_distance"]
            row[f"{name}_accept"] = None if distance is None else distance <= threshold
        rows.append(row)
    return _table(rows, schema.pairs(list(models.recognizers), list(models.distances), labels))


def _images(models: Models, names: Names, gallery: Gallery, pngs: list[bytes], seeds: list[int]) -> pa.Table:
    seed_of = {base_name(base): seed for base, seed in enumerate(seeds)}
    rows = []
    for at, name in enumerate(gallery.names):
        row: dict[str, Any] = {
            "image_id": names.id(name),
            "image": image_value(names.id(name), pngs[at]),
            "latent": gallery.latents[at],
            "latent_norm": float(np.linalg.norm(gallery.latents[at].astype(np.float64))),
            "batch": names.batch,
            "seed": seed_of.get(name),
        }
        for alignment, faces in gallery.faces.items():
            has_face = bool(faces.found[at])
            row[f"{alignment}_found"] = has_face
            row[f"{alignment}_box"] = faces.boxes[at] if has_face else None
            marked = has_face and np.isfinite(faces.landmarks[at]).all()
            row[f"{alignment}_landmarks"] = faces.landmarks[at].tolist() if marked else None
        rows.append(row)
    return _table(rows, schema.images(list(models.alignments), gallery.latents.shape[1]))


def _embeddings(names: Names, gallery: Gallery) -> pa.Table:
    rows = []
    for at, name in enumerate(gallery.names):
        row: dict[str, Any] = {"image_id": names.id(name)}
        for recognizer, embedded in gallery.embeddings.items():
            row[recognizer] = None if np.isnan(embedded[at]).any() else embedded[at]
        rows.append(row)
    return _table(rows, schema.embeddings({name: each.shape[1] for name, each in gallery.embeddings.items()}))


def _searches(names: Names, rounds: list[Round]) -> pa.Table:
    rows = [
        {
            "search_id": names.id(each.search),
            "base_id": names.base(each.base),
            "anchor_id": names.base(each.anchor),
            "iteration": each.iteration,
            "evaluations": each.evaluations,
            "best_distance": each.best_distance,
            "stop": each.stop,
        }
        for each in rounds
    ]
    return _table(rows, schema.searches())


def _table(rows: list[dict[str, Any]], features: Features) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=features.arrow_schema)


def _number(value: np.float32) -> float | None:
    return None if np.isnan(value) else float(value)
