"""The same figures, group by group."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import draw_intervals, height


def groups(table: pd.DataFrame, figure_column: str, series: str | None, *, source: str | None) -> Figure:
    """A panel per figure, a line of the axis per group, a marker and an interval per series.

    Args:
        table: group, merged (whether it is several small groups), value, low, high and the two columns below, of one
            grouping, as `analysis.tables.groups.figures_by_group` gives them.
        figure_column: The column that says what a value is.
        series: The column that is told apart by color and marker shape; None for a single series.
        source: Whose the ratings are.
    """
    merged = table["merged"].astype("boolean").fillna(False)
    points = table.assign(name=table["group"].astype(str) + merged.map({True: " (merged)", False: ""}).astype(str))
    rates = list(dict.fromkeys(points[figure_column]))
    with style.look():
        figure = style.new_figure(
            2.4 + 2.3 * max(len(rates), 1), height(points["name"], points[series].nunique() if series else 1)
        )
        grid = figure.subplots(1, max(len(rates), 1), squeeze=False, sharey=True)[0]
        for axes, rate in zip(grid, rates, strict=False):
            draw_intervals(axes, points[points[figure_column] == rate], "name", series)
            axes.set_xlabel(style.plain(rate) + (" rate" if figure_column == "rate" else ""))
        grid[0].set_title("Rates by group" if figure_column == "rate" else "Answers by group")
        style.legend_beside(grid[-1])
        return style.finished(figure, source)
