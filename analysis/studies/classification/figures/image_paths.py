"""Figure 10b for single images: how sure a classifier gets of a class as the superpixels of one image are uncovered."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

from analysis.figures import style
from analysis.studies.classification.figures.picture_pairs import PIXELS, WIDTH


class ImagePath(NamedTuple):
    """An explained image, its caption of a few short lines, and the probability of the class from rank 0 on."""

    image_id: str
    caption: str
    probabilities: Sequence[float]


def image_paths(paths: Sequence[ImagePath], picture: Callable[[str], Image.Image], title: str) -> Figure:
    """A column per image: the explained picture, and below it the probability by superpixels shown, from 0 to 1.

    Args:
        paths: The images.
        picture: Gives the picture of an image id.
        title: What the images are.

    Raises:
        ValueError: no paths.
    """
    if not paths:
        raise ValueError("paths of images need at least one")
    with style.look():
        figure = style.new_figure(max(WIDTH * len(paths), 3.5) + 0.7, 3.4)
        grid = figure.subplots(2, len(paths), squeeze=False)
        for above, below, path in zip(*grid, paths, strict=True):
            thumbnail = picture(path.image_id).convert("RGB")
            thumbnail.thumbnail((PIXELS, PIXELS))
            above.imshow(np.asarray(thumbnail))
            above.set(xticks=[], yticks=[])
            above.spines[:].set(visible=True, color=style.FAINT, linewidth=1)
            above.set_xlabel(style.plain(path.caption), fontsize=7)
            ranks = range(len(path.probabilities))
            below.plot(ranks, path.probabilities, marker="o", markersize=3, **style.line_style(0))
            below.set(ylim=(-0.05, 1.05), yticks=[0, 0.5, 1])
            below.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            below.tick_params(labelsize=7)
            if below is not grid[1, 0]:
                below.set_yticklabels([])
        for axes in grid[0]:
            axes.set_title(" ")  # room for the title, which is wider than the first column
        grid[1, 0].set_ylabel("probability", fontsize=8)
        grid[1, len(paths) // 2].set_xlabel("superpixels shown", fontsize=8)
        grid[0, 0].annotate(
            style.plain(title), (0, 1), xytext=(0, 6), xycoords="axes fraction", textcoords="offset points", fontsize=10
        ).set_in_layout(False)
        return style.finished(figure, None)
