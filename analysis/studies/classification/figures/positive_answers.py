"""Figure 2: how many of five people say yes to a mistake."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import draw_intervals, height
from analysis.studies.classification.data import OF


def positive_answers(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A line of the axis per number of positive answers, a marker with its interval per classifier.

    Args:
        table: classifier, measure, yes, share, low, high, of one measure, as in `analysis.results`.
        source: Whose the ratings are.
    """
    points = table.assign(answers=table["yes"].map(f"{{}} of {OF}".format))
    with style.look():
        figure = style.new_figure(6.4, height(points["answers"], points["classifier"].nunique()))
        axes = figure.subplots()
        draw_intervals(axes, points, "answers", "classifier", value="share")
        axes.set(xlabel="share of mistakes", ylabel="positive answers", xlim=(0, None))
        axes.set_title(style.plain(points["measure"].iloc[0]))
        style.legend_beside(axes)
        return style.finished(figure, source)
