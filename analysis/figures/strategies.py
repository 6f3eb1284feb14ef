"""The figure of the features that people say they looked at."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import draw_intervals, height


def strategies(table: pd.DataFrame, *, source: str | None) -> Figure:
    """The share of texts that name each feature, a marker with its interval per question; the most named on top.

    Features that nobody names are left out.

    Args:
        table: question, feature, share, low, high (0 to 1), as in `analysis.results`.
        source: Whose the texts are.
    """
    often = table.groupby("feature")["share"].max().sort_values(ascending=False, kind="stable")
    named = table[table["feature"].isin(often.index[often > 0])]
    points = named.assign(place=named["feature"].map({name: place for place, name in enumerate(often.index)}))
    points = points.sort_values(["place", "question"], kind="stable")
    with style.look():
        figure = style.new_figure(6.6, height(points["feature"], points["question"].nunique()))
        axes = figure.subplots()
        draw_intervals(axes, points, "feature", "question", value="share")
        axes.set(xlim=(-0.03, 1.03), xlabel="share of texts that name it")
        axes.set_title("Features named in people's strategies")
        style.legend_beside(axes)
        return style.finished(figure, source)
