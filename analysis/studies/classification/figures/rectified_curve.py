"""The rectified error for every number of positive answers that is enough."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import MARKERS
from analysis.studies.classification.data import ACCEPTED, OF


def rectified_curve(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A line per classifier from 1 to 5 of 5, and its raw error as a thin line.

    Args:
        table: classifier, measure, enough, raw, rectified, low, high, of one measure, as in `analysis.results`.
        source: Whose the ratings are.
    """
    names = list(dict.fromkeys(table["classifier"]))
    with style.look():
        figure = style.new_figure(6.4, 3.4)
        axes = figure.subplots()
        for place, name in enumerate(names):
            line = table[table["classifier"] == name]
            look, at = (style.line_style(place), line["enough"] + 0.06 * (place - (len(names) - 1) / 2))
            marker = MARKERS[place % len(MARKERS)]
            axes.vlines(at, line["low"], line["high"], color=look["color"], linewidth=1.2)
            axes.plot(at, line["rectified"], marker=marker, markersize=4, label=style.plain(name), **look)
            axes.axhline(line["raw"].iloc[0], color=look["color"], linestyle=look["linestyle"], linewidth=0.7)
        axes.axvline(ACCEPTED, color=style.FAINT, linewidth=0.6, zorder=0)
        axes.set(xlabel="positive answers that are enough", ylabel="rectified error", ylim=(0, None))
        axes.set_xticks(range(1, OF + 1), [f"{n} of {OF}" for n in range(1, OF + 1)])
        axes.set_title(style.plain(table["measure"].iloc[0]))
        style.legend_beside(axes)
        return style.finished(figure, source)
