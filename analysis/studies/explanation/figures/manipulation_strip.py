"""Manipulated pictures side by side: before and after, both maps, and the difference of these."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from analysis.figures import style
from analysis.studies.explanation.figures.strip import PIXELS, WIDTH

LINES = {"image_id": "picture", "changed_id": "manipulated", "first_id": "map", "second_id": "its map"}
"""The columns with the ids of the pictures of an item, from above, and the words beside them."""

DIFFERENCE = "difference\nof maps"


def manipulation_strip(
    items: pd.DataFrame, captions: Sequence[str], picture: Callable[[str], Image.Image], *, source: str | None
) -> Figure:
    """A column per item, in the order of the rows: both pictures, both maps, how far these are apart, a caption.

    Args:
        items: image_id, changed_id, first_id, second_id; one to a dozen rows.
        captions: Of each item.
        picture: Gives the picture of an image id.
        source: Whose the ratings are.

    Raises:
        ValueError: no items.
    """
    if items.empty:
        raise ValueError("a strip needs at least one item")
    with style.look():
        figure = style.new_figure(max(WIDTH * len(items), 3.5) + 0.7, 6.8)
        grid = figure.subplots(len(LINES) + 1, len(items), squeeze=False)
        for column, (row, caption) in enumerate(zip(style.rows(items), captions, strict=True)):
            pixels = [_pixels(picture(getattr(row, name))) for name in LINES]
            for axes, each in zip(grid[:, column], [*pixels, _apart(*pixels[2:])], strict=True):
                axes.imshow(each)
                axes.set(xticks=[], yticks=[])
            grid[-1, column].set_xlabel(style.plain(caption), fontsize=6.5)
        for axes, words in zip(grid[:, 0], [*LINES.values(), DIFFERENCE], strict=True):
            axes.set_ylabel(words)
        return style.finished(figure, source)


def _pixels(picture: Image.Image) -> np.ndarray:
    thumbnail = picture.convert("RGB")
    thumbnail.thumbnail((PIXELS, PIXELS))
    return np.asarray(thumbnail)


def _apart(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The distance of two views, pixel by pixel, (h, w, 3) uint8."""
    apart: np.ndarray = np.abs(first.astype(np.int16) - second).astype(np.uint8)
    return apart
