"""The figure of people's errors by the experts' answers."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import draw_intervals, height
from analysis.studies.classification.data import OF


def experts(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A line of the axis per number of positive answers that is enough, a marker for each of the two errors.

    Args:
        table: enough, error, value, low, high, of one kind, as in `analysis.results`.
        source: Whose the ratings are.
    """
    points = table.assign(answers=table["enough"].map(f"{{}} of {OF}".format))
    with style.look():
        figure = style.new_figure(6.0, height(points["answers"], 2))
        axes = figure.subplots()
        draw_intervals(axes, points, "answers", "error")
        axes.set(xlabel="rate", xlim=(0, None), ylabel="positive answers that are enough")
        axes.set_title("People against experts")
        style.legend_beside(axes)
        return style.finished(figure, source)
