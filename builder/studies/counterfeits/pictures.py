"""Pictures of a counterfeits study, drawn with Pillow: the same rows give the same bytes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL import Image

from builder.errors import PublishError
from builder.files import write_whole
from builder.images.sheet import Row, contact_sheet, draw_row
from builder.studies.counterfeits.schema import ITEM_KINDS
from builder.studies.counterfeits.tasks import TABLE

if TYPE_CHECKING:  # what publishing needs is an extra; `picture` is not
    from builder.publish.content import Content

_SHOWN = 14
"""Items in the card's picture."""

_COLUMNS = ["kind", "image", "round", "target", "class", "confidence", "label", "converged"]


def draw_counterfeits(content: "Content") -> None:
    """Writes `pictures/counterfeits.png` into the version's folder: counterfeits of its first batch that the classifier
    is most sure of, of generators that converged where there are any.

    Raises:
        PublishError: a picture cannot be read.
    """
    part = next(part for part in content.tables if part.table == TABLE)
    items = pq.ParquetFile(content.folder / part.path).read(columns=_COLUMNS)
    counterfeits = items.filter(pc.not_equal(items["kind"], ITEM_KINDS.index("control")))
    reached = counterfeits.filter(counterfeits["converged"])
    rows = (reached if reached.num_rows else counterfeits).sort_by([("confidence", "descending")])
    try:
        picture = _sheet(rows.slice(0, _SHOWN).to_pylist())
    except ValueError as error:
        raise PublishError(f"{content.folder / part.path}: an image {error}") from error
    (content.folder / "pictures").mkdir(exist_ok=True)
    write_whole(content.folder / "pictures" / "counterfeits.png", picture)


def draw_item(folder: str | Path, png: Path, *, batch: int, index: int) -> None:
    """Writes `png`: the picture of an item with its kind, its wanted class or label, and what the classifier says.

    Raises:
        FolderError: the batch is not finished or damaged or has no such item.
    """
    draw_row(folder, png, TABLE, batch, index, _sheet)


def _sheet(items: Sequence[Row]) -> bytes:
    return contact_sheet(items, _captions, Image.Resampling.NEAREST)


def _captions(item: Row) -> list[str]:
    """The kind, what the image is or was to be, and what the classifier says."""
    kind = ITEM_KINDS[item["kind"]] + (f", round {item['round']}" if item["round"] else "")
    wanted = f"label: {item['label']}" if item["target"] is None else f"wanted: {item['target']}"
    return [kind, wanted, f"{item['class']}: {100 * item['confidence']:.1f} %"]
