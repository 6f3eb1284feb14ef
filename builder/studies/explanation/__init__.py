"""Explanation: do explanations of a classifier depend on what it has learned, can they lie, and do people see it?

Sanity checks of explainers, manipulations that make explanations lie, and what people say of both. After "Why you
shouldn't trust me" (Heusser) and "Sanity Checks for Saliency Maps" (Adebayo et al.).
"""

from pathlib import Path
from typing import TYPE_CHECKING

from builder import registry
from builder.errors import StudyError
from builder.studies import Batch, PublishParts, Simulator, StudyKind
from builder.studies.explanation import columns
from builder.studies.explanation.study import ExplanationStudy, explanation
from builder.studies.explanation.tasks import KEY, TABLE, questionnaire
from builder.tables import Reference, TableSpec
from builder.tasks import Questionnaire

if TYPE_CHECKING:  # reading a study file need not wait for torch
    import pyarrow as pa
    from datasets import Features

    from builder.runtime import Runtime
    from builder.studies.explanation.models import Models
    from builder.study import Study

_SHOWN = ("image", "changed", "first", "second")

_OF_IMAGE = Reference("image_id", "images", "image_id")


class Explanation(StudyKind):
    """An explanation study."""

    name = "explanation"
    Settings = ExplanationStudy
    tables = (
        TableSpec(
            TABLE,
            key=(KEY,),
            references=tuple(Reference(f"{name}_id", "images", "image_id") for name in _SHOWN),
            shows=tuple((name, f"{name}_id") for name in _SHOWN),
            large=_SHOWN,
            columns=columns.ITEMS,
        ),
        TableSpec(
            "images",
            key=("image_id",),
            references=(Reference("map_id", "maps", "map_id"),),
            large=("image",),
            columns=columns.IMAGES,
        ),
        TableSpec(
            "maps",
            key=("map_id",),
            references=(_OF_IMAGE,),
            large=("map", "absolute", "diverging"),
            columns=columns.MAPS,
        ),
        TableSpec(
            "comparisons",
            key=("first_map", "second_map", "place", "measure"),
            references=(
                Reference(KEY, TABLE, KEY),
                _OF_IMAGE,
                Reference("first_map", "maps", "map_id"),
                Reference("second_map", "maps", "map_id"),
            ),
            columns=columns.COMPARISONS,
        ),
        TableSpec("sanity", key=("batch", "network", "place", "explainer", "measure"), columns=columns.SANITY),
        TableSpec(
            "manipulations",
            key=("batch", "run", "version", "image_id"),
            references=(_OF_IMAGE, Reference("changed_id", "images", "image_id")),
            columns=columns.MANIPULATIONS,
        ),
        TableSpec("runs", key=("batch", "run", "version"), columns=columns.RUNS),
    )
    groups: tuple[registry.Group, ...] = ("images", "classifiers", "explainers")
    trains = True

    def questionnaire(self, study: "Study") -> Questionnaire:
        """The questions about two explanations and, of manipulations, about two pictures."""
        own = explanation(study)
        return questionnaire(own.ratings.attention_likeness, manipulated=own.manipulated)

    def load(self, study: "Study", runtime: "Runtime") -> "Models":
        """The source of images, the classifiers and the explainers."""
        try:
            from builder.studies.explanation.models import load_models
        except ImportError as error:  # what measures need is an extra
            raise StudyError(f"studies of the kind explanation: {error}") from error
        return load_models(explanation(study), runtime)

    def build(self, study: "Study", models: "Models", batch: int) -> Batch:
        """Some pictures, their maps by every explainer, and how alike they are."""
        from builder.studies.explanation.pipeline import build_batch

        return build_batch(explanation(study), models, batch)

    def features(self, table: str, columns: "pa.Schema") -> "Features":
        """The features of a table, by `schema`."""
        from builder.studies.explanation import schema

        return schema.read_features(table, columns)

    def publish(self) -> PublishParts:
        """The card's text, its figures and picture."""
        from builder.studies.explanation.publish import ExplanationParts

        return ExplanationParts()

    def simulator(self) -> Simulator:
        """Raters who follow `simulate.RaterModel`; a measure as a rater."""
        from builder.studies.explanation import simulate

        return simulate

    def picture(self, folder: str | Path, png: Path, *, batch: int, index: int) -> None:
        """Draws an item."""
        from builder.studies.explanation.pictures import draw_item

        draw_item(folder, png, batch=batch, index=index)


KIND: StudyKind = Explanation()
