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

_SHOWN, _CLASSES = 14, 10
"""Items in the card's picture, about, and classes in it at most."""

_COLUMNS = ["kind", "image", "round", "target", "class", "confidence", "label", "converged"]


def draw_counterfeits(content: "Content") -> None:
    """Writes `pictures/counterfeits.png` into the version's folder: of each conditioning and class the counterfeits of
    its first batch that the classifier is most sure of, of generators that converged where there are any.

    Raises:
        PublishError: a picture cannot be read.
    """
    part = next(part for part in content.tables if part.table == TABLE)
    items = pq.ParquetFile(content.folder / part.path).read(columns=_COLUMNS)
    counterfeits = items.filter(pc.not_equal(items["kind"], ITEM_KINDS.index("control")))
    reached = counterfeits.filter(counterfeits["converged"])
    rows = (reached if reached.num_rows else counterfeits).sort_by([("confidence", "descending")]).to_pylist()
    classes = sorted({row["target"] for row in rows})[:_CLASSES]
    try:
        picture = _sheet(_surest(rows, classes), columns=max(len(classes), 1))
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


def _surest(rows: Sequence[Row], classes: Sequence[str]) -> list[Row]:
    """The first rows of each conditioning and class, in lines of one conditioning with a column for each class."""
    cells: dict[tuple[int, str], list[Row]] = {}
    for row in rows:
        cells.setdefault((row["kind"], row["target"]), []).append(row)
    kinds = sorted({kind for kind, _ in cells})
    count = max(1, _SHOWN // max(len(kinds) * len(classes), 1))
    lines = [
        [cells.get((kind, target), [])[at : at + 1] for target in classes] for kind in kinds for at in range(count)
    ]
    whole = [row for line in lines if all(line) for (row,) in line]
    return whole or list(rows[:_SHOWN])


def _sheet(items: Sequence[Row], columns: int = 7) -> bytes:
    return contact_sheet(items, _captions, Image.Resampling.NEAREST, columns)


def _captions(item: Row) -> list[str]:
    """The kind, what the image is or was to be, and what the classifier says."""
    kind = ITEM_KINDS[item["kind"]] + (f", round {item['round']}" if item["round"] else "")
    wanted = f"label: {item['label']}" if item["target"] is None else f"wanted: {item['target']}"
    return [kind, wanted, f"{item['class']}: {100 * item['confidence']:.1f} %"]
