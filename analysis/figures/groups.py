"""The same error rates, group by group."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import draw_intervals, height


def groups(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A panel per rate, a line of the axis per group, a marker and an interval per recognizer.

    Args:
        table: group, merged (whether it is several small groups), recognizer, rate, value, low, high, of one grouping,
            as in `analysis.results`.
        source: Whose the ratings are.
    """
    merged = table["merged"].astype("boolean").fillna(False)
    shown = table.assign(name=table["group"].astype(str) + merged.map({True: " (merged)", False: ""}).astype(str))
    rates = list(dict.fromkeys(shown["rate"]))
    with style.look():
        figure = style.new_figure(2.4 + 2.3 * max(len(rates), 1), height(shown["name"], shown["recognizer"].nunique()))
        grid = figure.subplots(1, max(len(rates), 1), squeeze=False, sharey=True)[0]
        for axes, rate in zip(grid, rates, strict=False):
            draw_intervals(axes, shown[shown["rate"] == rate], "name", "recognizer")
            axes.set_xlabel(f"{style.plain(rate)} rate")
        grid[0].set_title("Rates by group")
        style.legend_beside(grid[-1])
        return style.finished(figure, source)
