"""Figure 3: mistakes that people side with, side by side."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from analysis.figures import style

WIDTH = 1.05
"""Inches of a column."""

PIXELS = 256
"""Pixels of a picture's longer side at most."""


def mistake_strip(
    images: Sequence[str],
    captions: Sequence[str],
    picture: Callable[[str], Image.Image],
    title: str,
    *,
    source: str | None,
) -> Figure:
    """A column per mistake: its picture, and below it a caption of a few short lines.

    Args:
        images: Id of the image of each mistake.
        captions: Of each mistake.
        picture: Gives the picture of an image id.
        title: What the mistakes are.
        source: Whose the ratings are.

    Raises:
        ValueError: no mistakes.
    """
    if not images:
        raise ValueError("a strip needs at least one mistake")
    with style.look():
        figure = style.new_figure(max(WIDTH * len(images), 3.5) + 0.5, 2.2)
        grid = figure.subplots(1, len(images), squeeze=False)[0]
        for axes, image_id, caption in zip(grid, images, captions, strict=True):
            thumbnail = picture(image_id).convert("RGB")
            thumbnail.thumbnail((PIXELS, PIXELS))
            axes.imshow(np.asarray(thumbnail))
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(visible=True, color=style.FAINT, linewidth=1)
            axes.set_xlabel(style.plain(caption), fontsize=7)
            axes.set_title(" ")  # room for the title, which is wider than the first column
        grid[0].annotate(
            style.plain(title), (0, 1), xytext=(0, 6), xycoords="axes fraction", textcoords="offset points", fontsize=10
        ).set_in_layout(False)
        return style.finished(figure, source)
