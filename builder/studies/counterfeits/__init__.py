"""Counterfeits: is a classifier sure of what is nothing?

Generators are trained to make images that a frozen classifier is sure of and that are far from all that it knows;
people say what they see. After "Confidently Classified Counterfeits".
"""

from pathlib import Path
from typing import TYPE_CHECKING

from builder import registry
from builder.studies import Batch, PublishParts, Simulator, StudyKind
from builder.studies.counterfeits import columns
from builder.studies.counterfeits.study import CounterfeitsStudy, counterfeits
from builder.studies.counterfeits.tasks import KEY, TABLE, questionnaire
from builder.tables import Reference, TableSpec
from builder.tasks import Questionnaire

if TYPE_CHECKING:  # reading a study file need not wait for torch
    import pyarrow as pa
    from datasets import Features

    from builder.runtime import Runtime
    from builder.studies.counterfeits.models import Models
    from builder.study import Study

_OF_IMAGE = (Reference("image_id", "images", "image_id"),)


class Counterfeits(StudyKind):
    """A counterfeits study."""

    name = "counterfeits"
    Settings = CounterfeitsStudy
    tables = (
        TableSpec(
            TABLE,
            key=(KEY,),
            references=_OF_IMAGE,
            shows=(("image", "image_id"),),
            large=("image",),
            columns=columns.ITEMS,
        ),
        TableSpec("images", key=("image_id",), large=("image",), columns=columns.IMAGES),
        TableSpec("predictions", key=("image_id", "round"), references=_OF_IMAGE, columns=columns.PREDICTIONS),
        TableSpec("runs", key=("run_id",), trace=True, columns=columns.RUNS),
        TableSpec(
            "neighbors",
            key=("image_id", "measure"),
            references=(*_OF_IMAGE, Reference("neighbor_id", "images", "image_id")),
            columns=columns.NEIGHBORS,
        ),
        TableSpec("spreads", key=("batch", "kind", "round", "class"), trace=True, columns=columns.SPREADS),
    )
    groups: tuple[registry.Group, ...] = ("images", "classifiers")
    trains = True

    def questionnaire(self, study: "Study") -> Questionnaire:
        """The questions which of the study's classes an image shows, if any, and how sure people are."""
        return questionnaire(counterfeits(study).classes)

    def items(self, study: "Study") -> int:
        """The counterfeits that a batch shows; how many controls there are is known when it is built."""
        own = counterfeits(study)
        return own.all_rounds * len(own.conditionings) * len(own.classes) * own.items_per_class

    def load(self, study: "Study", runtime: "Runtime") -> "Models":
        """The classifier, and the sources of images that it knows and does not know."""
        from builder.studies.counterfeits.models import load_models

        return load_models(counterfeits(study), runtime)

    def build(self, study: "Study", models: "Models", batch: int) -> Batch:
        """One replicate: a generator of each conditioning, what each makes, and what is known of that."""
        from builder.studies.counterfeits.pipeline import build_batch

        return build_batch(counterfeits(study), models, batch)

    def features(self, table: str, columns: "pa.Schema") -> "Features":
        """The features of a table, by `schema`."""
        from builder.studies.counterfeits import schema

        return schema.FEATURES[table]()

    def publish(self) -> PublishParts:
        """The card's text, its figures and picture."""
        from builder.studies.counterfeits.publish import CounterfeitsParts

        return CounterfeitsParts()

    def simulator(self) -> Simulator:
        """Raters who follow `simulate.RaterModel`; the classifier's decisions as ratings."""
        from builder.studies.counterfeits import simulate

        return simulate

    def picture(self, folder: str | Path, png: Path, *, batch: int, index: int) -> None:
        """Draws an item."""
        from builder.studies.counterfeits.pictures import draw_item

        draw_item(folder, png, batch=batch, index=index)


KIND: StudyKind = Counterfeits()
