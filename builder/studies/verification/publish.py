"""The parts of a published version that a verification study brings."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from builder.publish.aggregates import COUNT
from builder.publish.content import Content
from builder.runtime import Runtime
from builder.studies import NamedModel, PublishParts
from builder.studies.verification.columns import KINDS
from builder.studies.verification.models import decision_threshold
from builder.studies.verification.pictures import draw_pictures, kind_names
from builder.studies.verification.study import verification
from builder.study import Study
from loading_script.untrusted.png import decode_rgb

_FEW = 30
"""Pairs of a kind below which the card warns of its rates."""


class VerificationParts(PublishParts):
    """The card's text, its figures and pictures."""

    tags = ("verification", "synthetic")

    def card(self) -> str:
        """Blocks of the card's template."""
        return resources.files(__package__).joinpath("card.md").read_text("utf-8")

    def models(self, study: Study) -> list[NamedModel]:
        """The generator, the recognizers, the distances."""
        described = verification(study)
        named = [NamedModel("generator", "generators", "generator", described.generator.model)]
        named += [NamedModel("recognizer", "recognizers", each.name, each.model) for each in described.recognizers]
        return named + [NamedModel("distance", "distances", name, name) for name in described.distances]

    def thresholds(self, study: Study, runtime: Runtime) -> dict[str, float]:
        """The decision distance of each recognizer; one whose own it is, is loaded to ask for it."""
        return {
            each.name: float(each.threshold)
            if isinstance(each.threshold, int | float)
            else decision_threshold(each, each.load(runtime))
            for each in verification(study).recognizers
        }

    def figures(self, content: Content) -> dict[str, Any]:
        """Scores by kind, and what the text counts."""
        study = verification(content.study)
        recognizers = [each.name for each in study.recognizers]
        by_kind = scores(content.items, kind_names(content), recognizers, study.distances)
        return {
            "recognizers": recognizers,
            "scores": by_kind,
            "not_found": sum(each.not_found[study.target] for each in by_kind),
            "kinds": [(name, KINDS.get(name, "a kind of another package")) for name in kind_names(content)],
            "image_size": _image_size(content),
            "few": [each.kind for each in by_kind if each.pairs < _FEW],
        }

    def draw(self, root: Path, content: Content) -> None:
        """Writes the pictures of the card."""
        draw_pictures(root, content)


def _image_size(content: Content) -> str:
    """Width x height of the images, of which all are alike."""
    path = next(part.path for part in content.tables if part.table == "images")
    (first,) = next(pq.ParquetFile(content.folder / path).iter_batches(1, columns=["image"])).to_pylist()
    width, height = decode_rgb(first["image"]["bytes"]).size
    return f"{width} x {height}"


@dataclass(frozen=True)
class Scores:
    """The pairs of a kind.

    mean: by column of a distance; accepted: share by recognizer; both of the pairs in which both faces were found,
    None where there are none. not_found: how many others there are. similarity, identity: means over the rated pairs.
    """

    kind: str
    pairs: int
    mean: dict[str, float | None]
    accepted: dict[str, float | None]
    not_found: dict[str, int]
    similarity: float | None
    identity: float | None


def scores(pairs: pa.Table, kinds: Sequence[str], recognizers: Sequence[str], distances: Sequence[str]) -> list[Scores]:
    """The scores of each sample kind that has pairs, in the order of `kinds`."""
    columns = [*(f"{name}_distance" for name in recognizers), *distances]
    records = []
    for label, kind in enumerate(kinds):
        rows = pairs.filter(pc.equal(pairs["kind"], label))
        if rows.num_rows:
            has_ratings = COUNT in rows.column_names
            records.append(
                Scores(
                    kind=kind,
                    pairs=rows.num_rows,
                    mean={column: pc.mean(rows[column]).as_py() for column in columns},
                    accepted={name: pc.mean(rows[f"{name}_accept"]).as_py() for name in recognizers},
                    not_found={name: rows[f"{name}_accept"].null_count for name in recognizers},
                    similarity=pc.mean(rows["similarity_mean"]).as_py() if has_ratings else None,
                    identity=pc.mean(rows["identity_rate"]).as_py() if has_ratings else None,
                )
            )
    return records
