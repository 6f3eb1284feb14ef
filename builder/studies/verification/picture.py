"""`picture`: one base with all its samples on one PNG."""

import io
from pathlib import Path
from typing import Any

from datasets import Features
from PIL import Image, ImageDraw

from builder.errors import FolderError
from builder.files import write_whole
from builder.shards import StudyFolder
from builder.studies.verification.study import verification
from loading_script.untrusted.png import decode_rgb

TILE, GAP, CAPTION = 96, 6, 14
"""Pixels."""

COLUMNS = 9
"""At most; more samples of a kind go on in the next line."""


def draw_base(folder: str | Path, png: Path, *, batch: int, base: int) -> None:
    """Writes `png`: one row per kind, each sample captioned with its level and the target's distance.

    Raises:
        FolderError: the batch is not finished or damaged or has no such base.
    """
    study = StudyFolder(folder)
    table = study.read("pairs", batch)
    rows = table.to_pylist()
    target = verification(study.study()).target
    bases = list(dict.fromkeys(row["base_id"] for row in rows))
    if not 0 <= base < len(bases):
        raise FolderError(f"{folder}: batch {batch} has the bases 0 to {len(bases) - 1}; --base {base} is none of them")
    labels = Features.from_arrow_schema(table.schema)["kind"]
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["base_id"] == bases[base]:
            by_kind.setdefault(labels.int2str(row["kind"]), []).append(row)
    lines = [kept[start : start + COLUMNS] for kept in by_kind.values() for start in range(0, len(kept), COLUMNS)]
    names = [kind for kind, kept in by_kind.items() for _ in range(0, len(kept), COLUMNS)]
    buffer = io.BytesIO()
    try:
        sheet = _sheet(lines, names, target)
    except ValueError as error:
        raise FolderError(f"{folder}: batch {batch}: an image {error}") from error
    sheet.quantize(256).save(buffer, format="PNG", optimize=True)
    write_whole(png, buffer.getvalue())


def _sheet(lines: list[list[dict[str, Any]]], names: list[str], target: str) -> Image.Image:
    height = TILE + CAPTION + GAP
    columns = max(len(samples) for samples in lines)
    sheet = Image.new("RGB", (TILE + columns * (TILE + GAP) + GAP, len(lines) * height + GAP), "white")
    pen = ImageDraw.Draw(sheet)
    for line, (samples, name) in enumerate(zip(lines, names, strict=True)):
        top = GAP + line * height
        pen.text((GAP, top + TILE // 2 - 6), name, fill="black")
        for column, row in enumerate(samples):
            left = TILE + GAP + column * (TILE + GAP)
            tile = decode_rgb(row["sample"]["bytes"]).resize((TILE, TILE), Image.Resampling.LANCZOS)
            sheet.paste(tile, (left, top))
            pen.text((left, top + TILE + 1), _caption(row, target), fill="black")
    return sheet


def _caption(row: dict[str, Any], target: str) -> str:
    distance = row[f"{target}_distance"]
    level = "" if row["level"] is None else f"{row['level']:g}: "
    missed = " missed" if row["reached"] is False else ""
    return f"{level}{'not found' if distance is None else f'{distance:.2f}'}{missed}"
