"""Contact sheets, drawn with Pillow: the same pictures and captions give the same bytes."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from builder.drawing import font, png_within
from builder.errors import FolderError
from builder.files import write_whole
from builder.shards import StudyFolder
from loading_script.untrusted.png import decode_rgb

TILE = 112
"""Pixels of a picture's longer side."""

_GAP, _LINE, _LETTERS = 8, 13, 11
"""Pixels between tiles, of a line of text, and of its letters."""

Row = Mapping[str, Any]
"""A row of a table with a column `image`, of which `bytes` is a PNG."""


def contact_sheet(
    rows: Sequence[Row],
    captions: Callable[[Row], Sequence[str]],
    enlarge: Image.Resampling = Image.Resampling.LANCZOS,
    columns: int = 7,
) -> bytes:
    """Pictures in lines of so many columns, each with its captions below it; a PNG.

    Args:
        rows: one or more.
        captions: of a row, line by line.
        enlarge: the filter for pictures smaller than a tile.
        columns: pictures in a line.

    Raises:
        ValueError: a picture cannot be read.
    """
    texts = [captions(row) for row in rows]
    lines = -(-len(rows) // columns)
    width, height = TILE + _GAP, TILE + max(map(len, texts)) * _LINE + _GAP
    sheet = Image.new("RGB", (_GAP + min(len(rows), columns) * width, _GAP + lines * height), "white")
    pen = ImageDraw.Draw(sheet)
    for at, row in enumerate(rows):
        left, top = _GAP + at % columns * width, _GAP + at // columns * height
        sheet.paste(_tile(decode_rgb(row["image"]["bytes"]), enlarge), (left, top))
        for line, text in enumerate(texts[at]):
            pen.text((left, top + TILE + 1 + line * _LINE), _short(text), fill="black", font=font(_LETTERS))
    return png_within(sheet)


def draw_row(
    folder: str | Path, png: Path, table: str, batch: int, index: int, sheet: Callable[[Sequence[Row]], bytes]
) -> None:
    """Writes `png`: the sheet of one row of a batch.

    Raises:
        FolderError: the batch is not finished or damaged or has no such row.
    """
    items = StudyFolder(folder).read(table, batch)
    if not 0 <= index < items.num_rows:
        raise FolderError(f"{folder}: batch {batch} has the items 0 to {items.num_rows - 1}; {index} is none of them")
    try:
        write_whole(png, sheet(items.slice(index, 1).to_pylist()))
    except ValueError as error:
        raise FolderError(f"{folder}: batch {batch}: an image {error}") from error


def _tile(picture: Image.Image, enlarge: Image.Resampling) -> Image.Image:
    scale = TILE / max(picture.size)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, enlarge if scale > 1 else Image.Resampling.LANCZOS)


def _short(text: str) -> str:
    """The text, cut where it is wider than a tile."""
    if font(_LETTERS).getlength(text) <= TILE:
        return text
    while text and font(_LETTERS).getlength(f"{text}.") > TILE:
        text = text[:-1]
    return f"{text}."
