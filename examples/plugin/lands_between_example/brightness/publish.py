"""The card's part of a brightness study, and the picture of an item."""

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from builder.errors import FolderError
from builder.files import write_whole
from builder.shards import StudyFolder
from builder.studies import PublishParts
from builder.tables import png_bytes
from loading_script.untrusted.png import decode_rgb

if TYPE_CHECKING:  # what publishing needs is an extra; `picture` is not
    from builder.publish.content import Content


class BrightnessParts(PublishParts):
    """The card's tags, text and picture."""

    tags = ("brightness", "synthetic")

    def card(self) -> str:
        """Blocks of the card's template."""
        return resources.files(__package__).joinpath("card.md").read_text("utf-8")

    def draw(self, root: Path, content: "Content") -> None:
        """Writes a picture of the first item."""
        (content.folder / "pictures").mkdir()
        draw_item(root, content.folder / "pictures" / "item.png", content.provenance.batches[0].batch, 0)


def draw_item(folder: str | Path, png: Path, batch: int, index: int) -> None:
    """Writes `png`: both squares of an item side by side."""
    items = StudyFolder(folder).read("items", batch)
    if not 0 <= index < items.num_rows:
        raise FolderError(f"{folder}: batch {batch} has the items 0 to {items.num_rows - 1}; {index} is none of them")
    squares = [np.asarray(decode_rgb(items[side][index].as_py()["bytes"])) for side in ("left", "right")]
    write_whole(png, png_bytes(np.concatenate(squares, axis=1)))
