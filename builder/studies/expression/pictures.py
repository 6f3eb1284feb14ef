"""Pictures of an expression study, drawn with Pillow: the same rows give the same bytes."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from builder.errors import FolderError, PublishError
from builder.files import write_whole
from builder.shards import StudyFolder
from builder.studies.expression.tasks import TABLE
from loading_script.untrusted.png import decode_rgb

if TYPE_CHECKING:  # what publishing needs is an extra; `picture` is not
    from builder.publish.content import Content

_TILE, _GAP, _LINE = 112, 8, 13
"""Pixels."""

_LETTERS = 18
"""Of a caption, as many as a tile is wide."""

_FACES = 14
"""Of the card's picture."""


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
    items = StudyFolder(folder).read(TABLE, batch)
    if not 0 <= index < items.num_rows:
        raise FolderError(f"{folder}: batch {batch} has the items 0 to {items.num_rows - 1}; {index} is none of them")
    try:
        write_whole(png, _sheet(items.slice(index, 1).to_pylist()))
    except ValueError as error:
        raise FolderError(f"{folder}: batch {batch}: an image {error}") from error


def _sheet(items: Sequence[Mapping[str, Any]], columns: int = 7) -> bytes:
    """The faces in lines of so many, each with its captions below it; PNG."""
    captions = [_captions(item) for item in items]
    lines = -(-len(items) // columns)
    width, height = _TILE + _GAP, _TILE + len(captions[0]) * _LINE + _GAP
    sheet = Image.new("RGB", (_GAP + min(len(items), columns) * width, _GAP + lines * height), "white")
    pen = ImageDraw.Draw(sheet)
    for at, item in enumerate(items):
        left, top = _GAP + at % columns * width, _GAP + at // columns * height
        picture = decode_rgb(item["image"]["bytes"])
        scale = _TILE / max(picture.size)
        size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        sheet.paste(picture.resize(size, Image.Resampling.LANCZOS), (left, top))
        for line, caption in enumerate(captions[at]):
            pen.text((left, top + _TILE + 1 + line * _LINE), caption[:_LETTERS], fill="black")
    buffer = io.BytesIO()
    sheet.quantize(256).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _captions(item: Mapping[str, Any]) -> list[str]:
    """The label, and the class of every classifier."""
    said = {name.removesuffix("_class"): value for name, value in item.items() if name.endswith("_class")}
    return [
        f"{name}: {'none' if value is None else value}" for name, value in ({"label": item["label"]} | said).items()
    ]
