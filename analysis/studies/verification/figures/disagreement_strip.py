"""Figure 6: the pairs of largest disagreement, side by side."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from analysis.figures import style
from analysis.studies.verification.figures import kinds

WIDTH = 1.05
"""Inches of a column."""

PIXELS = 256
"""Pixels of a picture's longer side at most."""


def disagreement_strip(
    pairs: pd.DataFrame,
    captions: Sequence[str],
    picture: Callable[[str], Image.Image],
    title: str,
    *,
    source: str | None,
) -> Figure:
    """A column per pair, in the order of the rows: the base above, the sample below, a caption of a few short lines.

    Args:
        pairs: base_id, sample_id, kind; one to a dozen rows.
        captions: Of each pair.
        picture: Gives the picture of an image id.
        title: What the disagreement is.
        source: Whose the ratings are.

    Raises:
        ValueError: no pairs.
    """
    if pairs.empty:
        raise ValueError("a strip needs at least one pair")
    with style.look():
        figure = style.new_figure(max(WIDTH * len(pairs), 3.5) + 0.5, 3.0)
        grid = figure.subplots(2, len(pairs), squeeze=False)
        for column, (row, caption) in enumerate(zip(style.rows(pairs), captions, strict=True)):
            for axes, name in zip(grid[:, column], [row.base_id, row.sample_id], strict=True):
                thumbnail = picture(name).convert("RGB")
                thumbnail.thumbnail((PIXELS, PIXELS))
                axes.imshow(np.asarray(thumbnail))
                axes.set(xticks=[], yticks=[])
                axes.spines[:].set(visible=True, color=kinds.kind_color(row.kind), linewidth=1.5)
            grid[1, column].set_xlabel(style.plain(caption), fontsize=7)
        grid[0, 0].set_ylabel("base")
        grid[1, 0].set_ylabel("sample")
        for axes in grid[0]:
            axes.set_title(" ")  # room for the title, which is wider than the first column
        grid[0, 0].annotate(
            style.plain(title), (0, 1), xytext=(0, 6), xycoords="axes fraction", textcoords="offset points", fontsize=10
        ).set_in_layout(False)
        return style.finished(figure, source)
