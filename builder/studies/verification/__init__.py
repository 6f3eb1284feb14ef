"""Verification: how near or far are two images of faces, to a recognizer and to people?

A base is shown with samples drawn near to it and far from it in the latent space of a generator. After "Exploring the
Lands Between" (Mecke, Buschek, Gruenefeld, Alt).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from builder import registry
from builder.studies import Batch, PublishParts, Simulator, StudyKind
from builder.studies.verification import columns
from builder.studies.verification.study import VerificationStudy, verification
from builder.studies.verification.tasks import KEY, TABLE, questionnaire
from builder.tables import Reference, TableSpec
from builder.tasks import Questionnaire

if TYPE_CHECKING:  # reading a study file need not wait for torch
    import pyarrow as pa
    from datasets import Features

    from builder.runtime import Runtime
    from builder.studies.verification.models import Models
    from builder.study import Study


class Verification(StudyKind):
    """A verification study."""

    name = "verification"
    Settings = VerificationStudy
    tables = (
        TableSpec(
            TABLE,
            key=(KEY,),
            references=(
                Reference("base_id", "images", "image_id"),
                Reference("sample_id", "images", "image_id"),
                Reference("anchor_id", "images", "image_id"),
                Reference("search_id", "searches", "search_id"),
            ),
            shows=(("base", "base_id"), ("sample", "sample_id")),
            large=("base", "sample"),
            columns=columns.PAIRS,
        ),
        TableSpec("images", key=("image_id",), large=("image",), columns=columns.IMAGES),
        TableSpec(
            "embeddings",
            key=("image_id",),
            references=(Reference("image_id", "images", "image_id"),),
            columns=columns.EMBEDDINGS,
        ),
        TableSpec(
            "searches",
            key=("search_id", "iteration"),
            references=(Reference("base_id", "images", "image_id"), Reference("anchor_id", "images", "image_id")),
            trace=True,
            columns=columns.SEARCHES,
        ),
    )
    groups: tuple[registry.Group, ...] = ("generators", "recognizers", "distances")

    def questionnaire(self, study: "Study") -> Questionnaire:
        """The questions how similar two images are, and whether both show the same person."""
        return questionnaire(verification(study).ratings.attention_similarity)

    def items(self, study: "Study") -> int:
        """The pairs of a batch."""
        return verification(study).pairs_per_batch()

    def load(self, study: "Study", runtime: "Runtime") -> "Models":
        """The generator, the recognizers with their alignments, the distances."""
        from builder.studies.verification.models import load_models

        return load_models(verification(study), runtime)

    def build(self, study: "Study", models: "Models", batch: int) -> Batch:
        """Bases, their samples, and every pair's scores."""
        from builder.studies.verification.pipeline import build_batch

        return build_batch(verification(study), models, batch)

    def features(self, table: str, columns: "pa.Schema") -> "Features":
        """The features that `schema` says."""
        from builder.studies.verification import schema

        return schema.read_features(table, columns)

    def check(self, table: str, rows: "pa.Table", thresholds: Mapping[str, float]) -> Iterator[str]:
        """Whether every decision is that of its distance."""
        from builder.studies.verification.decisions import check_decisions

        if table == TABLE:
            for name, threshold in thresholds.items():
                yield from check_decisions(rows, name, threshold)

    def publish(self) -> PublishParts:
        """The card's text, its figures and pictures."""
        from builder.studies.verification.publish import VerificationParts

        return VerificationParts()

    def simulator(self) -> Simulator:
        """Raters who follow `simulate.RaterModel`; a recognizer's decisions as ratings."""
        from builder.studies.verification import simulate

        return simulate

    def picture(self, folder: str | Path, png: Path, *, batch: int, index: int) -> None:
        """Draws one base with all its samples."""
        from builder.studies.verification.pictures import draw_base

        draw_base(folder, png, batch=batch, base=index)


KIND: StudyKind = Verification()
