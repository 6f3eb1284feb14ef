"""Classification: are a classifier's mistakes mistakes?

People say whether the class that a classifier wrongly gives an image is relevant for it. After "ConvNets and ImageNet
Beyond Accuracy" (Stock, Cisse).
"""

from pathlib import Path
from typing import TYPE_CHECKING

from builder import registry
from builder.columns import IMAGES
from builder.studies import Batch, PublishParts, Simulator, StudyKind
from builder.studies.classification import columns
from builder.studies.classification.study import ClassificationStudy, classification
from builder.studies.classification.tasks import KEY, TABLE
from builder.tables import Reference, TableSpec
from builder.tasks import Questionnaire

if TYPE_CHECKING:  # reading a study file need not wait for torch
    import pyarrow as pa
    from datasets import Features

    from builder.runtime import Runtime
    from builder.studies.classification.models import Models
    from builder.study import Study

_OF_IMAGE = (Reference("image_id", "images", "image_id"),)


class Classification(StudyKind):
    """A classification study."""

    name = "classification"
    Settings = ClassificationStudy
    tables = (
        TableSpec(
            TABLE,
            key=(KEY,),
            references=_OF_IMAGE,
            shows=(("image", "image_id"),),
            large=("image",),
            columns=columns.ITEMS,
        ),
        TableSpec("images", key=("image_id",), large=("image",), columns=IMAGES),
        TableSpec("predictions", key=("row",), references=_OF_IMAGE, columns=columns.PREDICTIONS),
        TableSpec(
            "attacks",
            key=("row",),
            references=(*_OF_IMAGE, Reference("row", "predictions", "row")),
            columns=columns.ATTACKS,
        ),
        TableSpec(
            "explanations",
            key=("image_id", "rank"),
            references=(
                *_OF_IMAGE,
                Reference("explained_id", "images", "image_id"),
                Reference("row", "predictions", "row"),
            ),
            optional=True,
            columns=columns.EXPLANATIONS,
        ),
        TableSpec(
            "examples",
            key=("class", "method", "role", "rank"),
            references=(*_OF_IMAGE, Reference("row", "predictions", "row")),
            optional=True,
            columns=columns.EXAMPLES,
        ),
        TableSpec(
            "panels",
            key=(KEY, "panel"),
            references=(Reference(KEY, TABLE, KEY),),
            optional=True,
            columns=columns.PANELS,
        ),
    )
    derived = (
        TableSpec(
            "labels", key=("row", "class"), references=(Reference("row", "predictions", "row"),), columns=columns.LABELS
        ),
    )
    groups: tuple[registry.Group, ...] = ("images", "classifiers", "explainers")

    def questionnaire(self, study: "Study") -> Questionnaire:
        """Whether a class is relevant for an image."""
        return classification(study).asks()

    def load(self, study: "Study", runtime: "Runtime") -> "Models":
        """The source of images and the classifiers."""
        from builder.studies.classification.models import load_models

        return load_models(classification(study), runtime)

    def build(self, study: "Study", models: "Models", batch: int) -> Batch:
        """Some classes: what every classifier says of their pictures, and what people are asked."""
        from builder.studies.classification.pipeline import build_batch

        return build_batch(classification(study), models, batch)

    def features(self, table: str, columns: "pa.Schema") -> "Features":
        """The features of a table, by `schema`."""
        from builder.studies.classification import schema

        return schema.read_features(table, columns)

    def derive(self, table: str, items: "pa.Table", ratings: "pa.Table") -> "pa.Table":
        """The classes that people accepted."""
        from builder.studies.classification.labels import accepted_classes

        return accepted_classes(items, ratings)

    def publish(self) -> PublishParts:
        """The card's text, its figures and picture."""
        from builder.studies.classification.publish import ClassificationParts

        return ClassificationParts()

    def simulator(self) -> Simulator:
        """Raters who follow `simulate.RaterModel`; a classifier's decisions as ratings."""
        from builder.studies.classification import simulate

        return simulate

    def picture(self, folder: str | Path, png: Path, *, batch: int, index: int) -> None:
        """Draws an item."""
        from builder.studies.classification.pictures import draw_item

        draw_item(folder, png, batch=batch, index=index)


KIND: StudyKind = Classification()
