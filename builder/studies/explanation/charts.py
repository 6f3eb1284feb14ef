"""Bar charts of the numbers of a row, drawn with Pillow: the same numbers give the same bytes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from builder.explainers import Maps
from builder.explainers.views import AGAINST, FOR
from builder.generators import Images

MOST = 10
"""Bars of a chart: those of the largest absolute values, in the order of the columns."""

WIDTH, LINE, NAMES = 280, 18, 120
"""Pixels of a chart, of a bar with its name, and of the names."""

_LETTERS = 18
GRAY = (89, 89, 89)


class Charts(NamedTuple):
    """The two views of weights (n, 1, d) of columns with these names, as pictures (n, h, w, 3)."""

    columns: Sequence[str]

    def absolute(self, weights: Maps) -> Images:
        """Bars of how much each column counts."""
        return bar_charts(self.columns, np.abs(weights[:, 0]))

    def diverging(self, weights: Maps) -> Images:
        """Bars of features: red to the right speak for the class, blue to the left against it."""
        return bar_charts(self.columns, weights[:, 0], FOR, AGAINST)


def bar_charts(
    columns: Sequence[str],
    values: npt.NDArray[np.floating],
    right: tuple[int, int, int] = GRAY,
    left: tuple[int, int, int] = GRAY,
) -> Images:
    """A chart for each row of values (n, d), its bars as shares of the largest of the row."""
    return np.stack([_chart(columns, row, right, left) for row in values])


def _chart(
    columns: Sequence[str],
    row: npt.NDArray[np.floating],
    right: tuple[int, int, int],
    left: tuple[int, int, int],
) -> Images:
    count = min(MOST, len(columns))
    picture = Image.new("RGB", (WIDTH, LINE * count + 6), "white")
    pen = ImageDraw.Draw(picture)
    order = np.sort(np.argsort(-np.abs(row), kind="stable")[:count])
    largest = float(np.abs(row).max()) or 1.0
    signed = bool((row < 0).any())
    zero, reach = ((NAMES + WIDTH) // 2, (WIDTH - NAMES) // 2 - 4) if signed else (NAMES, WIDTH - NAMES - 4)
    for line, at in enumerate(order):
        top, end = 3 + line * LINE, zero + round(reach * float(row[at]) / largest)
        pen.text((4, top + 3), columns[at][:_LETTERS], fill="black")
        if end != zero:
            pen.rectangle((min(zero, end), top + 2, max(zero, end), top + LINE - 4), fill=right if end > zero else left)
    pen.line((zero, 2, zero, LINE * count + 3), fill="black")
    return np.asarray(picture)
