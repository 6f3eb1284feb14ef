"""The pictures of the card, drawn with Pillow: the same rows give the same bytes."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from builder.errors import PublishError
from builder.files import write_whole
from builder.publish.content import Content, read_images
from builder.studies.verification.picture import draw_base
from builder.studies.verification.study import verification
from loading_script.untrusted.png import decode_rgb

Color = tuple[int, int, int]

COLORS: dict[str, Color] = {
    "genuine": (0, 0, 0),
    "positive": (0, 114, 178),
    "negative": (213, 94, 0),
    "interpolation": (0, 158, 115),
    "optimized": (204, 121, 167),
}
"""Colors of Okabe and Ito, which the color-blind can tell apart; a kind of somebody else's is gray."""

_GRAY: Color = (120, 120, 120)
_LEFT, _RIGHT, _LANE, _AXIS, _WIDTH = 110, 20, 44, 30, 800
_TILE, _GAP, _CAPTION = 96, 6, 28
"""Pixels."""

_NEAR = 8
"""Pairs in the picture of those near the threshold."""

_SCALE = 3
"""Times finer than it is shown that lines and dots are drawn, for smooth edges."""


def draw_pictures(root: Path, content: Content) -> None:
    """Writes the three pictures of the card into `pictures/` of the version's folder; `root` is the study folder.

    Raises:
        FolderError, PublishError: an image cannot be read.
    """
    target = verification(content.study).target
    threshold = content.provenance.thresholds()[target]
    folder = content.folder / "pictures"
    folder.mkdir()
    draw_base(root, folder / "base.png", batch=content.provenance.batches[0].batch, base=0)
    columns = [content.pairs[name].to_pylist() for name in ("kind", f"{target}_distance", "pair_id")]
    found = [(content.kinds[label], distance, pair) for label, distance, pair in zip(*columns, strict=True)]
    found = [(kind, distance, pair) for kind, distance, pair in found if distance is not None]
    distances = {kind: [distance for of, distance, _ in found if of == kind] for kind in content.kinds}
    shown = {kind: of_kind for kind, of_kind in distances.items() if of_kind}
    write_whole(folder / "scores.png", scores_by_kind(shown, threshold, f"distance of {target}"))
    near = sorted(
        (abs(distance - threshold), kind, distance, pair) for kind, distance, pair in found if kind != "genuine"
    )
    images = read_images(content, [pair for *_, pair in near[:_NEAR]])
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
    pen = ImageDraw.Draw(sheet)
    for lane, (kind, of_kind) in enumerate(distances.items()):
        pen.text((8, lane * _LANE + _LANE // 2 - 6), f"{kind} ({len(of_kind)})", fill="black")
    for tick in np.linspace(0, top / 1.05, 6):
        pen.text((x(tick) - 8, height - _AXIS + 2), f"{tick:.2f}", fill="black")
    pen.text((_LEFT, height - 14), f"{label}; the line is the threshold, {threshold:g}", fill="black")
    return _png(sheet)


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
        pen.text((left, top), f"{pair.kind}", fill=COLORS.get(pair.kind, _GRAY))
        pen.text((left, top + 12), f"{pair.distance:.3f} {decided}", fill="black")
    return _png(sheet)


def _png(sheet: Image.Image) -> bytes:
    buffer = io.BytesIO()
    sheet.quantize(256).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
