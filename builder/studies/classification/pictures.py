"""Pictures of a classification study, drawn with Pillow: the same rows give the same bytes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL import Image

from builder.errors import PublishError
from builder.files import write_whole
from builder.images.sheet import Row, contact_sheet, draw_row
from builder.studies.classification.schema import KINDS
from builder.studies.classification.tasks import TABLE

if TYPE_CHECKING:  # what publishing needs is an extra; `picture` is not
    from builder.publish.content import Content

_MISTAKES = 14
"""Items in the card's picture."""


def draw_mistakes(content: "Content") -> None:
    """Writes `pictures/mistakes.png` into the version's folder: the first mistakes of its first batch, where it has
    any, else its first items.

    Raises:
        PublishError: a picture cannot be read.
    """
    part = next(part for part in content.tables if part.table == TABLE)
    items = pq.ParquetFile(content.folder / part.path).read(columns=["kind", "image", "label", "shown_class"])
    mistakes = items.filter(pc.equal(items["kind"], KINDS.index("mistake")))
    rows = (mistakes if mistakes.num_rows else items).slice(0, _MISTAKES).to_pylist()
    try:
        picture = _sheet(rows)
    except ValueError as error:
        raise PublishError(f"{content.folder / part.path}: an image {error}") from error
    (content.folder / "pictures").mkdir(exist_ok=True)
    write_whole(content.folder / "pictures" / "mistakes.png", picture)


def draw_item(folder: str | Path, png: Path, *, batch: int, index: int) -> None:
    """Writes `png`: the picture of an item with its kind, its label and the shown class.

    Raises:
        FolderError: the batch is not finished or damaged or has no such item.
    """
    draw_row(folder, png, TABLE, batch, index, _sheet)


def _sheet(items: Sequence[Row]) -> bytes:
    return contact_sheet(items, _captions, Image.Resampling.NEAREST)


def _captions(item: Row) -> list[str]:
    """The kind, the label and the shown class."""
    return [KINDS[item["kind"]], f"label: {item['label']}", f"shown: {item['shown_class']}"]
