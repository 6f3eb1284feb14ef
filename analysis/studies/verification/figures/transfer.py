"""Whether samples that were optimized against one model fool the others."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import draw_intervals, height


def transfer(table: pd.DataFrame, *, source: str | None) -> Figure:
    """The accept rate of optimized samples by their target threshold, a marker with its interval per recognizer.

    Args:
        table: level, reached (missing where the dataset does not say), recognizer, is_target, accept_rate, low, high (0
            to 1), as in `analysis.results`.
        source: Whose the ratings of the dataset are; this figure shows none of them.
    """
    target = table["is_target"].astype("boolean").fillna(False).map({True: " (target)", False: ""})
    reached = table["reached"].astype("boolean").map({True: ", reached", False: ", missed"}).fillna(", reached unknown")
    level = table["level"].map(lambda value: "all" if pd.isna(value) else f"{value:g}")
    points = table.assign(
        cell=level + reached.astype(str),
        model=table["recognizer"].astype(str) + target.astype(str),
    )
    with style.look():
        figure = style.new_figure(7.0, height(points["cell"], points["model"].nunique()))
        axes = figure.subplots()
        draw_intervals(axes, points, "cell", "model", value="accept_rate")
        axes.set(xlim=(-0.03, 1.03), xlabel="accept rate at the default threshold", ylabel="target threshold")
        axes.set_title("Optimized samples at every model")
        style.legend_beside(axes)
        return style.finished(figure, source)
