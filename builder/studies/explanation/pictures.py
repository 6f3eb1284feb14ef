"""Pictures of an explanation study, drawn with Pillow: the same rows give the same bytes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from PIL import Image

from builder.errors import PublishError
from builder.files import write_whole
from builder.images.sheet import Row, contact_sheet, draw_row
from builder.studies.explanation.schema import KINDS
from builder.studies.explanation.tasks import LEFT, TABLE

if TYPE_CHECKING:  # what publishing needs is an extra; `picture` is not
    from builder.publish.content import Content

_ITEMS = 6
"""Items in the card's picture: two a line, of three pictures each."""


def draw_items(content: "Content") -> None:
    """Writes `pictures/maps.png` into the version's folder: items from all over its first batch.

    Raises:
        PublishError: a picture cannot be read.
    """
    part = next(part for part in content.tables if part.table == TABLE)
    items = pq.ParquetFile(content.folder / part.path).read()
    sample = items.take([at * items.num_rows // _ITEMS for at in range(min(_ITEMS, items.num_rows))])
    try:
        picture = _sheet(sample.to_pylist())
    except ValueError as error:
        raise PublishError(f"{content.folder / part.path}: an image {error}") from error
    (content.folder / "pictures").mkdir(exist_ok=True)
    write_whole(content.folder / "pictures" / "maps.png", picture)


def draw_item(folder: str | Path, png: Path, *, batch: int, index: int) -> None:
    """Writes `png`: the picture of an item and its two maps.

    Raises:
        FolderError: the batch is not finished or damaged or has no such item.
    """
    draw_row(folder, png, TABLE, batch, index, _sheet)


def _sheet(items: Sequence[Row]) -> bytes:
    tiles = [tile for item in items for tile in _tiles(item)]
    return contact_sheet(tiles, lambda tile: tile["captions"], Image.Resampling.NEAREST, columns=6)


def _tiles(item: Row) -> list[Row]:
    """The picture (where it was manipulated, what became of it), the first map and the second, each with two lines of
    words.
    """
    kind, layer = KINDS[item["kind"]], item["layer"]
    second = kind if layer is None else f"{kind} {layer}"
    against = [item["other_explainer"], "as it was" if item["side"] == LEFT else second]
    return [
        {"image": item["changed"], "captions": [item["class"], f"p {item['probability']:.3f}"]},
        {"image": item["first"], "captions": _words(item["explainer"], _of_first(item))},
        {"image": item["second"], "captions": _words(*against)},
    ]


def _words(*names: str) -> list[str]:
    return [name.replace("_", " ") for name in names]


def _of_first(item: Row) -> str:
    if item["side"] == LEFT:
        return KINDS[item["kind"]]
    return "as it was" if item["manipulation"] else "of the network"
