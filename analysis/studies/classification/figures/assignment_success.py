"""Table 3 as a figure: how often people assign an image to its class."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import draw_intervals, height


def assignment_success(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A line of the axis per condition, and chance as an upright one.

    Args:
        table: condition, success, low, high, chance, as in `analysis.results`.
        source: Whose the ratings are.
    """
    points = table.dropna(subset="success").assign(of="")
    with style.look():
        figure = style.new_figure(6.4, height(points["condition"], 1))
        axes = figure.subplots()
        draw_intervals(axes, points, "condition", "of", value="success")
        axes.axvline(table["chance"].iloc[0], color=style.FAINT, linewidth=0.8, zorder=0)
        axes.set(xlabel="share of right assignments", ylabel="", xlim=(0, 1))
        return style.finished(figure, source)
