"""False accepts and false rejects at the default threshold, by kind."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import draw_intervals, height


def error_rates(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A panel per rate, a line of the axis per kind, a marker and an interval per recognizer.

    Args:
        table: recognizer, kind, rate, value, low, high (0 to 1), as in `analysis.results`.
        source: Whose the ratings are.
    """
    rates = list(dict.fromkeys(table["rate"]))
    with style.look():
        figure = style.new_figure(8.0, height(table["kind"], table["recognizer"].nunique()))
        grid = figure.subplots(1, max(len(rates), 1), squeeze=False, sharey=True)[0]
        for axes, rate in zip(grid, rates, strict=False):
            draw_intervals(axes, table[table["rate"] == rate], "kind", "recognizer")
            axes.set(xlim=(-0.03, 1.03), xlabel=f"{style.plain(rate)} rate")
        grid[0].set_title("Error rates at the default threshold, the majority of people as reference")
        style.legend_beside(grid[-1])
        return style.finished(figure, source)
