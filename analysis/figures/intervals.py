"""Values with their intervals, category below category: what several figures are made of."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import style

MARKERS = ["o", "s", "^", "D", "X", "v"]
ROW = 0.28
"""Inches of a line of text."""


def draw_intervals(
    axes: Axes,
    table: pd.DataFrame,
    category: str,
    series: str | None = None,
    *,
    value: str = "value",
    label: Callable[[str], str] = str,
    marks: Callable[[str], tuple[str, str]] | None = None,
) -> None:
    """A marker at `value` and a line from `low` to `high` per row, the first category on top.

    Rows without a value leave their place empty; rows without an interval have a marker alone.

    Args:
        axes: Where to draw.
        table: The columns named, and low and high where there are intervals.
        category: Column whose values stand on the vertical axis, in the order in which they come.
        series: Column that is told apart by color and marker shape; None for a single series.
        value: Column with the value.
        label: Makes a category's label.
        marks: Makes the color and the marker shape of a series; by default they follow from its place.
    """
    categories = list(dict.fromkeys(table[category].astype(str)))
    names = list(dict.fromkeys(table[series].astype(str))) if series else [""]
    step = min(0.7 / len(names), 0.3) if names else 0.0
    for index, name in enumerate(names):
        rows = table[table[series].astype(str) == name] if series else table
        rows = rows.dropna(subset=value)
        at = rows[category].astype(str).map(categories.index).to_numpy(float)
        at = at + (index - (len(names) - 1) / 2) * step
        values = rows[value].to_numpy(float)
        color, marker = (
            marks(name) if marks else (style.PALETTE[index % len(style.PALETTE)], MARKERS[index % len(MARKERS)])
        )
        if {"low", "high"} <= set(rows.columns):
            axes.hlines(at, rows["low"].to_numpy(float), rows["high"].to_numpy(float), color=color, linewidth=1.2)
        axes.plot(
            values,
            at,
            linestyle="none",
            marker=marker,
            markersize=5,
            color=color,
            label=style.plain(name) or None,
        )
    axes.set_yticks(np.arange(len(categories)), [style.plain(label(name)) for name in categories])
    axes.set_ylim(len(categories) - 0.4, -0.6)


def height(categories: Sequence[object] | pd.Series, series: int = 1) -> float:
    """Inches that so many categories need, with `series` markers each."""
    return 1.1 + ROW * max(len(dict.fromkeys(map(str, categories))), 1) * max(1.0, series * 0.55)
