"""Pictures of a classification study, drawn with Pillow: the same rows give the same bytes."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from builder.errors import FolderError, PublishError
from builder.files import write_whole
from builder.shards import StudyFolder
from builder.studies.classification.schema import KINDS
from builder.studies.classification.tasks import TABLE
from loading_script.untrusted.png import decode_rgb

if TYPE_CHECKING:  # what publishing needs is an extra; `picture` is not
    from builder.publish.content import Content

_TILE, _GAP, _LINE = 112, 8, 13
"""Pixels."""

_LETTERS = 18
"""Of a caption, as many as a tile is wide."""

_MISTAKES = 14
"""Of the card's picture."""


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
    items = StudyFolder(folder).read(TABLE, batch)
    if not 0 <= index < items.num_rows:
        raise FolderError(f"{folder}: batch {batch} has the items 0 to {items.num_rows - 1}; {index} is none of them")
    try:
        write_whole(png, _sheet(items.slice(index, 1).to_pylist()))
    except ValueError as error:
        raise FolderError(f"{folder}: batch {batch}: an image {error}") from error


def _sheet(items: Sequence[Mapping[str, Any]], columns: int = 7) -> bytes:
    """The items in lines of so many, each with its kind, label and shown class below it; PNG."""
    lines = -(-len(items) // columns)
    width, height = _TILE + _GAP, _TILE + 3 * _LINE + _GAP
    sheet = Image.new("RGB", (_GAP + min(len(items), columns) * width, _GAP + lines * height), "white")
    pen = ImageDraw.Draw(sheet)
    for at, item in enumerate(items):
        left, top = _GAP + at % columns * width, _GAP + at // columns * height
        picture = decode_rgb(item["image"]["bytes"])
        smooth = Image.Resampling.NEAREST if max(picture.size) < _TILE else Image.Resampling.LANCZOS
        scale = _TILE / max(picture.size)
        tile = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), smooth)
        sheet.paste(tile, (left, top))
        captions = (KINDS[item["kind"]], f"label: {item['label']}", f"shown: {item['shown_class']}")
        for line, caption in enumerate(captions):
            pen.text((left, top + _TILE + 1 + line * _LINE), _short(caption), fill="black")
    buffer = io.BytesIO()
    sheet.quantize(256).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}."
