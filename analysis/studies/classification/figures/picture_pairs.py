"""Pictures above one another in columns: an attacked image whole and explained, an image before and after an attack."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from analysis.figures import style

WIDTH = 1.05
"""Inches of a column."""

PIXELS = 256
"""Pixels of a picture's longer side at most."""


def picture_pairs(
    pairs: Sequence[tuple[str, str]],
    captions: Sequence[tuple[str, str]],
    picture: Callable[[str], Image.Image],
    title: str,
    *,
    source: str | None,
) -> Figure:
    """A column per pair: two pictures above one another, each with a caption of a few short lines below it.

    Args:
        pairs: Ids of the upper and the lower image of each column.
        captions: Of the same.
        picture: Gives the picture of an image id.
        title: What the pairs are.
        source: Whose the ratings are; None where nothing is of people.

    Raises:
        ValueError: no pairs.
    """
    if not pairs:
        raise ValueError("pairs of pictures need at least one")
    with style.look():
        figure = style.new_figure(max(WIDTH * len(pairs), 3.5) + 0.5, 3.9)
        grid = figure.subplots(2, len(pairs), squeeze=False)
        for column, (images, texts) in enumerate(zip(pairs, captions, strict=True)):
            for line, (image_id, caption) in enumerate(zip(images, texts, strict=True)):
                thumbnail = picture(image_id).convert("RGB")
                thumbnail.thumbnail((PIXELS, PIXELS))
                axes = grid[line, column]
                axes.imshow(np.asarray(thumbnail))
                axes.set(xticks=[], yticks=[])
                axes.spines[:].set(visible=True, color=style.FAINT, linewidth=1)
                axes.set_xlabel(style.plain(caption), fontsize=7)
            grid[0, column].set_title(" ")  # room for the title, which is wider than the first column
        grid[0, 0].annotate(
            style.plain(title), (0, 1), xytext=(0, 6), xycoords="axes fraction", textcoords="offset points", fontsize=10
        ).set_in_layout(False)
        return style.finished(figure, source)
