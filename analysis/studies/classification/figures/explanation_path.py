"""Figure 10b: how sure a classifier is of a class as the superpixels that speak for it are uncovered one by one."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import MARKERS


def explanation_path(table: pd.DataFrame) -> Figure:
    """A line per classifier and kind of image, over the superpixels that are shown.

    Args:
        table: classifier, image, rank, probability, low, high, as in `analysis.results`.
    """
    with style.look():
        figure = style.new_figure(6.4, 3.4)
        axes = figure.subplots()
        several = table["classifier"].nunique() > 1
        lines = list(table.groupby(["classifier", "image"], sort=False))
        for place, ((classifier, image), line) in enumerate(lines):
            look, at = (style.line_style(place), line["rank"] + 0.06 * (place - (len(lines) - 1) / 2))
            axes.vlines(at, line["low"], line["high"], color=look["color"], linewidth=1.2)
            label = style.plain(f"{classifier}, {image}" if several else str(image))
            axes.plot(at, line["probability"], marker=MARKERS[place % len(MARKERS)], markersize=4, label=label, **look)
        axes.set(xlabel="superpixels shown", ylabel="probability of the class", ylim=(0, 1))
        style.legend_beside(axes)
        return style.finished(figure, None)
