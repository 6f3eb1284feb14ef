"""Items side by side: a picture above its two maps."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from analysis.figures import style

WIDTH = 1.2
"""Inches of a column."""

PIXELS = 256
"""Pixels of a picture's longer side at most."""

LINES = {"image_id": "picture", "first_id": "map", "second_id": "other map"}
"""The columns with the ids of the pictures of an item, from above, and the words beside them."""


def strip(
    items: pd.DataFrame, captions: Sequence[str], picture: Callable[[str], Image.Image], *, source: str | None
) -> Figure:
    """A column per item, in the order of the rows: the picture, its two maps, a caption of a few short lines.

    Args:
        items: image_id, first_id, second_id; one to a dozen rows.
        captions: Of each item.
        picture: Gives the picture of an image id.
        source: Whose the ratings are.

    Raises:
        ValueError: no items.
    """
    if items.empty:
        raise ValueError("a strip needs at least one item")
    with style.look():
        figure = style.new_figure(max(WIDTH * len(items), 3.5) + 0.5, 4.4)
        grid = figure.subplots(len(LINES), len(items), squeeze=False)
        for column, (row, caption) in enumerate(zip(style.rows(items), captions, strict=True)):
            for axes, name in zip(grid[:, column], LINES, strict=True):
                thumbnail = picture(getattr(row, name)).convert("RGB")
                thumbnail.thumbnail((PIXELS, PIXELS))
                axes.imshow(np.asarray(thumbnail))
                axes.set(xticks=[], yticks=[])
            grid[-1, column].set_xlabel(style.plain(caption), fontsize=6.5)
        for axes, words in zip(grid[:, 0], LINES.values(), strict=True):
            axes.set_ylabel(words)
        return style.finished(figure, source)
