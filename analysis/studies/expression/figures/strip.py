"""Faces side by side, a caption below each."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from analysis.figures import style

WIDTH = 1.25
"""Inches of a column."""

PIXELS = 256
"""Pixels of a picture's longer side at most."""


def face_strip(
    images: Sequence[str],
    captions: Sequence[str],
    picture: Callable[[str], Image.Image],
    title: str,
    *,
    source: str | None,
) -> Figure:
    """A column per face, in their order: its picture above a caption of a few short lines.

    Args:
        images: The image ids; one to a dozen.
        captions: Of each.
        picture: Gives the picture of an image id.
        title: What the faces have in common.
        source: Whose the ratings are.

    Raises:
        ValueError: no faces.
    """
    if not images:
        raise ValueError("a strip needs at least one face")
    with style.look():
        figure = style.new_figure(max(WIDTH * len(images), 4.5) + 0.3, 2.3)
        grid = figure.subplots(1, len(images), squeeze=False)[0]
        for axes, name, caption in zip(grid, images, captions, strict=True):
            thumbnail = picture(name).convert("RGB")
            thumbnail.thumbnail((PIXELS, PIXELS))
            axes.imshow(np.asarray(thumbnail))
            axes.set(xticks=[], yticks=[])
            axes.set_xlabel(style.plain(caption), fontsize=7)
            axes.set_title(" ")  # room for the title, which is wider than the first column
        grid[0].annotate(
            style.plain(title), (0, 1), xytext=(0, 6), xycoords="axes fraction", textcoords="offset points", fontsize=10
        ).set_in_layout(False)
        return style.finished(figure, source)
