"""Errors by the label and after people were heard, side by side."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import draw_intervals, height
from analysis.studies.classification.words import named


def errors(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A line per classifier and measure: the raw error, the rectified one, their intervals, and between which bounds
    the rectified error of these rows is (a gray band).

    Args:
        table: classifier, measure, raw, raw_low, raw_high, rectified, low, high, least, most, as in `analysis.results`.
        source: Whose the ratings are.
    """
    points = table.assign(name=named(table))
    raw = points.assign(error="raw", value=points["raw"], low=points["raw_low"], high=points["raw_high"])
    rectified = points.assign(error="rectified", value=points["rectified"])
    both = pd.concat([raw, rectified])[["name", "error", "value", "low", "high"]]
    with style.look():
        figure = style.new_figure(7.4, height(points["name"], 2))
        axes = figure.subplots()
        draw_intervals(axes, both, "name", "error")
        bounded = points[(points["most"] - points["least"] > 1e-9) & points["rectified"].notna()]
        places = bounded["name"].map(list(points["name"]).index).to_numpy(float) + 0.15
        axes.hlines(places, bounded["least"], bounded["most"], color="#C8C8C8", linewidth=5, zorder=0, label="bounds")
        axes.set(xlabel="error (share of rows)", xlim=(0, None))
        axes.set_title("Errors by the label, and after people were heard")
        style.legend_beside(axes)
        return style.finished(figure, source)
