"""Pictures of an expression study, drawn with Pillow: the same rows give the same bytes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from builder.errors import PublishError
from builder.files import write_whole
from builder.images.sheet import Row, contact_sheet, draw_row
from builder.studies.expression.tasks import TABLE

if TYPE_CHECKING:  # what publishing needs is an extra; `picture` is not
    from builder.publish.content import Content

_FACES = 14
"""Faces in the card's picture."""


def draw_faces(content: "Content") -> None:
    """Writes `pictures/faces.png` into the version's folder: the first faces of its first batch.

    Raises:
        PublishError: a picture cannot be read.
    """
    part = next(part for part in content.tables if part.table == TABLE)
    rows = pq.ParquetFile(content.folder / part.path).read().slice(0, _FACES).to_pylist()
    try:
        picture = _sheet(rows)
    except ValueError as error:
        raise PublishError(f"{content.folder / part.path}: an image {error}") from error
    (content.folder / "pictures").mkdir(exist_ok=True)
    write_whole(content.folder / "pictures" / "faces.png", picture)


def draw_item(folder: str | Path, png: Path, *, batch: int, index: int) -> None:
    """Writes `png`: the picture of an item with its label and what each classifier says.

    Raises:
        FolderError: the batch is not finished or damaged or has no such item.
    """
    draw_row(folder, png, TABLE, batch, index, _sheet)


def _sheet(items: Sequence[Row]) -> bytes:
    return contact_sheet(items, _captions)


def _captions(item: Row) -> list[str]:
    """The label, where there is one, and the class of every classifier."""
    classes = {name.removesuffix("_class"): value for name, value in item.items() if name.endswith("_class")}
    label = [] if item["label"] is None else [f"label: {item['label']}"]
    return label + [f"{name}: {'none' if value is None else value}" for name, value in classes.items()]
