"""Expression: does a classifier of emotions read every face alike?

Classifiers say which emotion faces show, people say it too, and groups of faces are compared. After "Is She Smiling?".
"""

from pathlib import Path
from typing import TYPE_CHECKING

from builder import registry
from builder.columns import IMAGES
from builder.studies import Batch, PublishParts, Simulator, StudyKind
from builder.studies.expression import columns
from builder.studies.expression.study import ExpressionStudy, expression
from builder.studies.expression.tasks import KEY, TABLE
from builder.tables import Reference, TableSpec
from builder.tasks import Questionnaire

if TYPE_CHECKING:  # reading a study file need not wait for torch
    import pyarrow as pa
    from datasets import Features

    from builder.runtime import Runtime
    from builder.studies.expression.models import Models
    from builder.study import Study

_OF_IMAGE = (Reference("image_id", "images", "image_id"),)


class Expression(StudyKind):
    """An expression study."""

    name = "expression"
    Settings = ExpressionStudy
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
        TableSpec(
            "predictions", key=("image_id", "classifier", "class"), references=_OF_IMAGE, columns=columns.PREDICTIONS
        ),
    )
    groups: tuple[registry.Group, ...] = ("images", "classifiers")

    def questionnaire(self, study: "Study") -> Questionnaire:
        """The questions which emotion a face shows, how strong it is and, where the study asks, the person's gender."""
        return expression(study).asks()

    def load(self, study: "Study", runtime: "Runtime") -> "Models":
        """The source of faces, the classifiers, and those that predict groups."""
        from builder.studies.expression.models import load_models

        return load_models(expression(study), runtime)

    def build(self, study: "Study", models: "Models", batch: int) -> Batch:
        """Some faces: their labels and groups, and what every classifier says of them."""
        from builder.studies.expression.pipeline import build_batch

        return build_batch(expression(study), models, batch)

    def features(self, table: str, columns: "pa.Schema") -> "Features":
        """The features of a table, by `schema`."""
        from builder.studies.expression import schema

        return schema.read_features(table, columns)

    def publish(self) -> PublishParts:
        """The card's text, its figures and picture."""
        from builder.studies.expression.publish import ExpressionParts

        return ExpressionParts()

    def simulator(self) -> Simulator:
        """Raters who follow `simulate.RaterModel`; a classifier's decisions as ratings."""
        from builder.studies.expression import simulate

        return simulate

    def picture(self, folder: str | Path, png: Path, *, batch: int, index: int) -> None:
        """Draws an item."""
        from builder.studies.expression.pictures import draw_item

        draw_item(folder, png, batch=batch, index=index)


KIND: StudyKind = Expression()
