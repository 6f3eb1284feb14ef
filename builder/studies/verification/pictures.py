"""Pictures of a verification study, drawn with Pillow: the same rows give the same bytes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from datasets import Features
from PIL import Image, ImageDraw

from builder.drawing import font, png_within, ticks
from builder.errors import FolderError, PublishError
from builder.files import write_whole
from builder.shards import StudyFolder
from builder.studies.verification.study import verification
from loading_script.untrusted.png import decode_rgb

if TYPE_CHECKING:  # what publishing needs is an extra; `picture` is not
    from builder.publish.content import Content

Color = tuple[int, int, int]

COLORS: dict[str, Color] = {
    "genuine": (0, 0, 0),
    "positive": (0, 114, 178),
    "negative": (213, 94, 0),
    "interpolation": (0, 158, 115),
    "optimized": (204, 121, 167),
    "controversial": (122, 75, 0),
}
"""Colors of Okabe and Ito, which the color-blind can tell apart; a kind of somebody else's is gray."""

_GRAY: Color = (89, 89, 89)
FRAMES: dict[bool | None, Color] = {True: (0, 0, 0), False: (230, 159, 0), None: (200, 200, 200)}
"""Colors of the frame of a sample that is accepted, rejected, or in which no face was found; of no kind."""

_LEFT, _RIGHT, _LANE, _AXIS, _WIDTH = 120, 20, 44, 38, 800
_TILE, _GAP, _CAPTION = 96, 6, 30
_NAMES, _HEAD, _LEGEND, _LEAST_WIDTH = 110, 34, 32, 720
"""Pixels."""

_LINE = 14
"""Height of one line of text, pixels."""

_COLUMNS = 9
"""Samples of a kind in a line, at most; more go on in the next."""

_PICTURES = ("base", "sample")

_NEAR = 8
"""Pairs in the picture of those near the threshold."""

_SCALE = 3
"""Times finer than it is shown that lines and dots are drawn, for smooth edges."""


def draw_pictures(root: Path, content: "Content") -> None:
    """Writes the three pictures of the card into `pictures/` of the version's folder; `root` is the study folder.

    Raises:
        FolderError, PublishError: an image cannot be read.
    """
    target = verification(content.study).target
    threshold = content.provenance.thresholds()[target]
    kinds = kind_names(content)
    folder = content.folder / "pictures"
    folder.mkdir()
    draw_base(root, folder / "base.png", batch=content.provenance.batches[0].batch, base=0)
    columns = [content.items[name].to_pylist() for name in ("kind", f"{target}_distance", "pair_id")]
    pairs = [(kinds[label], distance, pair) for label, distance, pair in zip(*columns, strict=True)]
    pairs = [(kind, distance, pair) for kind, distance, pair in pairs if distance is not None]
    distances = {kind: [distance for of, distance, _ in pairs if of == kind] for kind in kinds}
    by_kind = {kind: of_kind for kind, of_kind in distances.items() if of_kind}
    write_whole(folder / "scores.png", scores_by_kind(by_kind, threshold, f"distance of {target}"))
    near = sorted(
        (abs(distance - threshold), kind, distance, pair) for kind, distance, pair in pairs if kind != "genuine"
    )
    images = _read_images(content, [pair for *_, pair in near[:_NEAR]])
    nearest = [Scored(kind, distance, *images[pair]) for _, kind, distance, pair in near[:_NEAR]]
    try:
        picture = near_threshold(nearest, threshold)
    except ValueError as error:
        raise PublishError(f"{root}: an image of one of the pairs {', '.join(images)} {error}") from error
    write_whole(folder / "threshold.png", picture)


class Scored(NamedTuple):
    """A pair as a picture needs it: its kind, its distance, both images as PNG."""

    kind: str
    distance: float
    base: bytes
    sample: bytes


def kind_names(content: "Content") -> list[str]:
    """The names of the label `kind`."""
    names: list[str] = next(
        table.features["kind"].names for part, table in content.tables.items() if part.table == "pairs"
    )
    return names


def scores_by_kind(distances: Mapping[str, Sequence[float]], threshold: float, label: str) -> bytes:
    """One lane per kind with a dot for each pair at its distance, the threshold a line; PNG.

    `label` names the axis.
    """
    top = max([threshold, *(value for of_kind in distances.values() for value in of_kind)]) * 1.05
    height = _LANE * len(distances) + _AXIS
    sheet = Image.new("RGB", (_WIDTH * _SCALE, height * _SCALE), "white")
    pen = ImageDraw.Draw(sheet)

    def x(value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * value / top

    def line(x0: float, y0: float, x1: float, y1: float, width: int) -> None:
        pen.line([(x0 * _SCALE, y0 * _SCALE), (x1 * _SCALE, y1 * _SCALE)], fill="black", width=width * _SCALE)

    for lane, (kind, of_kind) in enumerate(distances.items()):
        aside = np.random.RandomState(0).uniform(-14, 14, len(of_kind))  # keeps equal distances apart
        for value, y in zip(of_kind, lane * _LANE + _LANE // 2 + aside, strict=True):
            pen.circle((x(value) * _SCALE, y * _SCALE), 3 * _SCALE, fill=COLORS.get(kind, _GRAY))
    line(x(threshold), 0, x(threshold), height - _AXIS, 2)
    line(_LEFT, height - _AXIS, _WIDTH - _RIGHT, height - _AXIS, 1)
    sheet = sheet.resize((_WIDTH, height), Image.Resampling.LANCZOS)
    pen, letters = ImageDraw.Draw(sheet), font(12)
    for lane, (kind, of_kind) in enumerate(distances.items()):
        pen.text((8, lane * _LANE + _LANE // 2 - 8), f"{kind} ({len(of_kind)})", fill="black", font=letters)
    for tick in ticks(top):
        pen.text((x(tick), height - _AXIS + 3), f"{tick:g}", fill="black", font=letters, anchor="ma")
    title = f"{label}; the line is the threshold, {threshold:g}"
    pen.text((_LEFT, height - 16), title, fill="black", font=letters)
    return png_within(sheet)


def near_threshold(pairs: Sequence[Scored], threshold: float) -> bytes:
    """The pairs side by side, base above sample, captioned with kind and distance; PNG."""
    sheet = Image.new("RGB", (_GAP + len(pairs) * (_TILE + _GAP), 2 * _TILE + 3 * _GAP + _CAPTION), "white")
    pen = ImageDraw.Draw(sheet)
    for column, pair in enumerate(pairs):
        left = _GAP + column * (_TILE + _GAP)
        for row, image in enumerate((pair.base, pair.sample)):
            tile = decode_rgb(image).resize((_TILE, _TILE), Image.Resampling.LANCZOS)
            sheet.paste(tile, (left, _GAP + row * (_TILE + _GAP)))
        decided = "accepted" if pair.distance <= threshold else "rejected"
        top = 2 * (_TILE + _GAP) + _GAP
        pen.text((left, top), f"{pair.kind}", fill=COLORS.get(pair.kind, _GRAY), font=font(12))
        pen.text((left, top + 14), f"{pair.distance:.3f} {decided}", fill="black", font=font(11))
    return png_within(sheet)


def draw_base(folder: str | Path, png: Path, *, batch: int, base: int) -> None:
    """Writes `png`: one row per kind, samples framed by the target's decision, captioned with level and distance.

    Raises:
        FolderError: the batch is not finished or damaged or has no such base.
    """
    study = StudyFolder(folder)
    table = study.read("pairs", batch)
    rows = table.to_pylist()
    described = verification(study.study())
    bases = list(dict.fromkeys(row["base_id"] for row in rows))
    if not 0 <= base < len(bases):
        raise FolderError(f"{folder}: batch {batch} has the bases 0 to {len(bases) - 1}; --base {base} is none of them")
    labels = Features.from_arrow_schema(table.schema)["kind"]
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["base_id"] == bases[base]:
            by_kind.setdefault(labels.int2str(row["kind"]), []).append(row)
    lines = [
        (kind, pictures[start : start + _COLUMNS])
        for kind, pictures in by_kind.items()
        for start in range(0, len(pictures), _COLUMNS)
    ]
    (threshold,) = (each.threshold for each in described.recognizers if each.name == described.target)
    decides = f"{threshold:g} or less is accepted" if isinstance(threshold, int | float) else "its own threshold"
    title = f"{described.name}, batch {batch}, base {base}: distances of {described.target}, {decides}"
    try:
        sheet = _sheet(lines, title, described.target, bases)
    except ValueError as error:
        raise FolderError(f"{folder}: batch {batch}: an image {error}") from error
    write_whole(png, png_within(sheet))


def _sheet(lines: list[tuple[str, list[dict[str, Any]]]], title: str, target: str, bases: Sequence[str]) -> Image.Image:
    columns = max(len(samples) for _, samples in lines)
    width = max(_NAMES + columns * (_TILE + _GAP) + _GAP, _LEAST_WIDTH)
    height = _TILE + 2 * _LINE + _GAP
    sheet = Image.new("RGB", (width, _HEAD + len(lines) * height + _LEGEND), "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((_GAP, _GAP), title, fill="black", font=font(14))
    for line, (kind, samples) in enumerate(lines):
        top = _HEAD + line * height
        pen.rectangle((_GAP, top, _GAP + 5, top + _TILE), fill=COLORS.get(kind, _GRAY))
        pen.text((_GAP + 12, top + _TILE // 2 - 8), kind, fill="black", font=font(12))
        for column, row in enumerate(samples):
            left = _NAMES + column * (_TILE + _GAP)
            tile = decode_rgb(row["sample"]["bytes"]).resize((_TILE, _TILE), Image.Resampling.LANCZOS)
            sheet.paste(tile, (left, top))
            _frame(pen, left, top, _TILE, FRAMES[row[f"{target}_accept"]])
            if row["reached"] is False:
                _cross(pen, left + _TILE - 16, top + 4)
            for number, text in enumerate(_captions(row, target, bases)):
                pen.text((left, top + _TILE + 1 + number * _LINE), text, fill="black", font=font(11))
    _draw_legend(pen, sheet.height - _LEGEND + 8)
    return sheet


def _draw_legend(pen: ImageDraw.ImageDraw, top: int) -> None:
    left = _GAP
    for accepted, words in ((True, "accepted"), (False, "rejected"), (None, "no face found")):
        _frame(pen, left, top, 14, FRAMES[accepted])
        pen.text((left + 20, top), words, fill="black", font=font(11))
        left += 36 + round(pen.textlength(words, font=font(11)))
    _cross(pen, left, top + 1)
    legend = "not reached: the closest. Below: level and distance"
    pen.text((left + 18, top), legend, fill="black", font=font(11))


def _frame(pen: ImageDraw.ImageDraw, left: int, top: int, side: int, color: Color) -> None:
    pen.rectangle((left, top, left + side - 1, top + side - 1), outline=color, width=3)


def _cross(pen: ImageDraw.ImageDraw, left: int, top: int) -> None:
    pen.rectangle((left, top, left + 12, top + 12), fill="white", outline="black")
    for start, end in ((2, 10), (10, 2)):
        pen.line((left + 2, top + start, left + 10, top + end), fill="black", width=2)


def _captions(row: dict[str, Any], target: str, bases: Sequence[str]) -> tuple[str, str]:
    distance = row[f"{target}_distance"]
    level = "" if row["level"] is None else f"{row['level']:g}: "
    anchor = f"anchor: base {bases.index(row['anchor_id'])}" if row["anchor_id"] in bases else ""
    return f"{level}{'no face' if distance is None else f'{distance:.2f}'}", anchor


def _read_images(content: "Content", pair_ids: Sequence[str]) -> dict[str, tuple[bytes, bytes]]:
    """Base and sample of some pairs, as PNG."""
    batches = content.items.filter(pc.is_in(content.items["pair_id"], value_set=pa.array(pair_ids, pa.string())))
    contents: dict[str, tuple[bytes, bytes]] = {}
    for part in content.tables:
        if part.table == "pairs" and part.batch in batches["batch"].to_pylist():
            rows = pq.ParquetFile(content.folder / part.path).read(columns=["pair_id", *_PICTURES])
            pairs = rows.filter(pc.is_in(rows["pair_id"], value_set=pa.array(pair_ids, pa.string())))
            contents |= {row["pair_id"]: (row["base"]["bytes"], row["sample"]["bytes"]) for row in pairs.to_pylist()}
    return contents
