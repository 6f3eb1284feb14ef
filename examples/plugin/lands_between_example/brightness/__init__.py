"""Brightness: which of two gray squares is brighter? A kind of study as small as it can be."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

from builder.studies import Batch, PublishParts, Simulator, StudyKind
from builder.tables import Reference, TableSpec
from builder.tasks import Questionnaire
from lands_between_example.brightness.study import BrightnessStudy
from lands_between_example.brightness.tasks import ASKS, SIDES

if TYPE_CHECKING:  # reading a study file need not wait for what builds one
    import pyarrow as pa
    from datasets import Features

    from builder.hosting import ModelHost
    from builder.study import Study


class Brightness(StudyKind):
    """The kind. What takes seconds to import is imported where it is needed."""

    name = "brightness"
    Settings = BrightnessStudy
    tables = (
        TableSpec(
            ASKS.table,
            key=(ASKS.key,),
            references=tuple(Reference(f"{side}_id", "images", "image_id") for side in SIDES),
            shows=tuple((side, f"{side}_id") for side in SIDES),
            large=SIDES,
        ),
        TableSpec("images", key=("image_id",), large=("image",)),
    )

    def questionnaire(self, study: "Study") -> Questionnaire:
        """The brighter image, and how sure that is."""
        return ASKS

    def items(self, study: "Study") -> int:
        """A control for each side, and the close items."""
        return len(SIDES) + cast(BrightnessStudy, study).close

    def build(self, study: "Study", models: "ModelHost", batch: int) -> Batch:
        """Controls and close items."""
        from lands_between_example.brightness.pipeline import build_batch

        return build_batch(cast(BrightnessStudy, study), models, batch)

    def features(self, table: str, columns: "pa.Schema") -> "Features":
        """The columns of a table, the same for every study."""
        from lands_between_example.brightness.pipeline import FEATURES

        return FEATURES[table]

    def publish(self) -> PublishParts:
        """The card's tags, text and picture."""
        from lands_between_example.brightness.publish import BrightnessParts

        return BrightnessParts()

    def simulator(self) -> Simulator:
        """Simulated raters, and the mean gray level."""
        from lands_between_example.brightness import simulate

        return simulate

    def picture(self, folder: str | Path, png: Path, *, batch: int, index: int) -> None:
        """Draws an item."""
        from lands_between_example.brightness.publish import draw_item

        draw_item(folder, png, batch, index)


KIND = Brightness()
