"""Figure 2: how many of five people say yes to a mistake."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import draw_intervals, height
from analysis.studies.classification.data import OF


def positive_answers(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A panel per measure, a line of the axis per number of positive answers, a marker per classifier.

    Args:
        table: classifier, measure, yes, share, low, high, as in `analysis.results`.
        source: Whose the ratings are.
    """
    shown = table.assign(answers=table["yes"].map(f"{{}} of {OF}".format), value=table["share"])
    measures = list(dict.fromkeys(shown["measure"]))
    with style.look():
        lines = height(shown["answers"], shown["classifier"].nunique())
        figure = style.new_figure(1.6 + 3.0 * len(measures), lines)
        grid = figure.subplots(1, len(measures), squeeze=False, sharey=True)[0]
        names = list(dict.fromkeys(shown["classifier"]))
        marks = {name: (style.PALETTE[n % len(style.PALETTE)], "os^DXv"[n % 6]) for n, name in enumerate(names)}
        for axes, measure in zip(grid, measures, strict=True):
            draw_intervals(axes, shown[shown["measure"] == measure], "answers", "classifier", marks=marks.__getitem__)
            axes.set(xlabel="share of mistakes", xlim=(0, None))
            axes.set_title(style.plain(measure))
        grid[0].set_ylabel("positive answers")
        style.legend_beside(grid[-1])
        return style.finished(figure, source)
