"""Counterfeits with the training images that are nearest to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from analysis.figures import style
from analysis.studies.counterfeits.data import MEASURES


@dataclass(frozen=True)
class Column:
    """A counterfeit, and by measure its nearest training image and that one's label and distance."""

    image_id: str
    caption: str
    near: dict[str, tuple[str, str]]


def strip(columns: Sequence[Column], picture: Callable[[str], Image.Image], *, source: str | None) -> Figure:
    """A column per counterfeit: itself, then the nearest training image by each measure.

    Args:
        columns: One or more.
        picture: Reads an image.
        source: Whose the ratings are.
    """
    with style.look():
        figure = style.new_figure(max(2.0, 1.05 * len(columns)), 1.35 * (1 + len(MEASURES)))
        panels = figure.subplots(1 + len(MEASURES), len(columns), squeeze=False)
        for column, each in enumerate(columns):
            _draw(panels[0, column], picture(each.image_id), each.caption)
            for row, measure in enumerate(MEASURES, start=1):
                if measure in each.near:
                    image_id, caption = each.near[measure]
                    _draw(panels[row, column], picture(image_id), caption)
        for row, name in enumerate(("counterfeit", *MEASURES)):
            panels[row, 0].set_ylabel(name, fontsize=8)
        for axes in panels.ravel():
            axes.set(xticks=[], yticks=[])
            for spine in axes.spines.values():
                spine.set_visible(False)
        return style.finished(figure, source)


def _draw(axes: object, picture: Image.Image, caption: str) -> None:
    axes.imshow(np.asarray(picture), interpolation="nearest")  # type: ignore[attr-defined]
    axes.set_title(style.plain(caption), fontsize=6.5, loc="center")  # type: ignore[attr-defined]
