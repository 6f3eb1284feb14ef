"""What a published brightness study says of itself, and the picture of an item."""

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from builder.errors import FolderError
from builder.files import write_whole
from builder.runtime import Runtime
from builder.shards import StudyFolder
from builder.studies import NamedModel
from builder.study import Study
from builder.tables import png_bytes
from lands_between_example.brightness.pipeline import FEATURES
from loading_script.untrusted.png import decode_rgb

if TYPE_CHECKING:  # what publishing needs is an extra; `picture` is not
    from builder.publish.content import Content


class BrightnessParts:
    """Satisfies `builder.studies.PublishParts`."""

    tags = ("brightness", "synthetic")

    def card(self) -> str:
        """Blocks of the card's template."""
        return resources.files(__package__).joinpath("card.md").read_text("utf-8")

    def models(self, study: Study) -> list[NamedModel]:
        """None."""
        return []

    def thresholds(self, study: Study, runtime: Runtime) -> dict[str, float]:
        """None."""
        return {}

    def figures(self, content: "Content") -> dict[str, Any]:
        """The number of items of each kind."""
        names = FEATURES["items"]["kind"].names
        kinds = content.items["kind"]
        return {"kinds": {name: pc.sum(pc.equal(kinds, label)).as_py() for label, name in enumerate(names)}}

    def draw(self, root: Path, content: "Content") -> None:
        """Writes a picture of the first item."""
        (content.folder / "pictures").mkdir()
        draw_item(root, content.folder / "pictures" / "item.png", content.provenance.batches[0].batch, 0)


def draw_item(folder: str | Path, png: Path, batch: int, index: int) -> None:
    """Writes `png`: both squares of an item side by side.

    Raises:
        FolderError: the batch is not finished or damaged, or has no such item.
    """
    items = StudyFolder(folder).read("items", batch)
    if not 0 <= index < items.num_rows:
        raise FolderError(f"{folder}: batch {batch} has the items 0 to {items.num_rows - 1}; {index} is none of them")
    squares = [np.asarray(decode_rgb(items[side][index].as_py()["bytes"])) for side in ("left", "right")]
    write_whole(png, png_bytes(np.concatenate(squares, axis=1)))
