"""Brightness: which of two gray squares is brighter? A kind of study as small as it can be."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from builder import registry
from builder.studies import Batch, PublishParts, Simulator, StudyKind
from builder.tables import Reference, TableSpec
from builder.tasks import Questionnaire
from lands_between_example.brightness.study import BrightnessStudy, brightness
from lands_between_example.brightness.tasks import ASKS

if TYPE_CHECKING:  # reading a study file need not wait for what builds one
    import pyarrow as pa
    from datasets import Features

    from builder.runtime import Runtime
    from builder.study import Study
    from lands_between_example.brightness.pipeline import NoModels


class Brightness:
    """Satisfies `builder.studies.StudyKind`."""

    name = "brightness"
    Settings = BrightnessStudy
    tables = (
        TableSpec(
            ASKS.table,
            key=(ASKS.key,),
            references=tuple(Reference(column, "images", "image_id") for column in ("left_id", "right_id")),
            shows=(("left", "left_id"), ("right", "right_id")),
            large=("left", "right"),
        ),
        TableSpec("images", key=("image_id",), large=("image",)),
    )
    groups: tuple[registry.Group, ...] = ()

    def questionnaire(self, study: "Study") -> Questionnaire:
        """Which is brighter, and how sure that is."""
        return ASKS

    def load(self, study: "Study", runtime: "Runtime") -> "NoModels":
        """No models."""
        from lands_between_example.brightness.pipeline import NoModels

        return NoModels()

    def build(self, study: "Study", models: "NoModels", batch: int) -> Batch:
        """Pairs of squares."""
        from lands_between_example.brightness.pipeline import build_batch

        return build_batch(brightness(study), models, batch)

    def features(self, table: str, columns: "pa.Schema") -> "Features":
        """Those of the table; rated items have more columns behind them."""
        from builder.publish.aggregates import COUNT, rated_features
        from lands_between_example.brightness.pipeline import FEATURES

        features = rated_features(FEATURES[table], ASKS.questions) if COUNT in columns.names else FEATURES[table]
        if not features.arrow_schema.equals(columns):
            raise ValueError(f"{table}: not the columns of such a table")
        return features

    def check(self, table: str, rows: "pa.Table", thresholds: Mapping[str, float]) -> Iterator[str]:
        """Whether a difference is that of ... nothing beside what the tables say."""
        yield from ()

    def publish(self) -> PublishParts:
        """The card's text and its picture."""
        from lands_between_example.brightness.publish import BrightnessParts

        return BrightnessParts()

    def simulator(self) -> Simulator:
        """Simulated raters, and the mean pixel value."""
        from lands_between_example.brightness import simulate

        return simulate

    def picture(self, folder: str | Path, png: Path, *, batch: int, index: int) -> None:
        """Draws an item."""
        from lands_between_example.brightness.publish import draw_item

        draw_item(folder, png, batch, index)


KIND: StudyKind = Brightness()
