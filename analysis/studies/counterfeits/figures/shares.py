"""Shares and their intervals, a row per kind and round of images, a color per series."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import draw_intervals, height


def named(table: pd.DataFrame) -> "pd.Series[str]":
    """Kind and round in one, such as "one_hot, round 1"; a round 0 is not said where there is no other."""
    kinds, rounds = table["kind"].astype(str), table["round"].astype(int)
    several = kinds.map(rounds.groupby(kinds).nunique()) > 1
    return kinds.where(~several, kinds + ", round " + rounds.astype(str))


def shares(
    table: pd.DataFrame,
    columns: dict[str, str],
    category: str,
    label: str,
    *,
    source: str | None,
    chance: float | None = None,
) -> Figure:
    """A marker with its interval for each row and column.

    Args:
        table: `category`, and of every column its value, `<column>_low` and `<column>_high`, or low and high.
        columns: What each is called.
        category: The column that stands on the vertical axis.
        label: Of the horizontal axis.
        source: Whose the ratings are.
        chance: A value to mark.
    """
    parts = []
    for column, name in columns.items():
        ends = {end: f"{column}_{end}" if f"{column}_{end}" in table else end for end in ("low", "high")}
        part = table[[category, column, *ends.values()]].set_axis([category, "value", "low", "high"], axis=1)
        parts.append(part.assign(series=name))
    rows = pd.concat(parts, ignore_index=True)
    with style.look():
        figure = style.new_figure(7.4, height(rows[category], len(columns)))
        axes = figure.subplots()
        draw_intervals(axes, rows, category, "series")
        if chance is not None:
            axes.axvline(chance, color=style.FAINT, linewidth=0.8)
        axes.set(xlabel=label, xlim=(-0.02, 1.02))
        style.legend_beside(axes)
        return style.finished(figure, source)
