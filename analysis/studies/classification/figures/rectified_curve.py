"""The rectified error for every number of positive answers that is enough."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import MARKERS
from analysis.studies.classification.data import ACCEPTED, OF


def rectified_curve(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A panel per measure, a line per classifier from 1 to 5 of 5, and its raw error as a thin line.

    Args:
        table: classifier, measure, enough, raw, rectified, low, high, as in `analysis.results`.
        source: Whose the ratings are.
    """
    measures, names = list(dict.fromkeys(table["measure"])), list(dict.fromkeys(table["classifier"]))
    with style.look():
        figure = style.new_figure(1.8 + 3.0 * len(measures), 3.4)
        grid = figure.subplots(1, len(measures), squeeze=False)[0]
        for axes, measure in zip(grid, measures, strict=True):
            for place, name in enumerate(names):
                line = table[(table["measure"] == measure) & (table["classifier"] == name)]
                if line.empty:
                    continue
                look, at = style.line_style(place), line["enough"] + 0.06 * (place - (len(names) - 1) / 2)
                marker = MARKERS[place % len(MARKERS)]
                axes.vlines(at, line["low"], line["high"], color=look["color"], linewidth=1.2)
                axes.plot(at, line["rectified"], marker=marker, markersize=4, label=style.plain(name), **look)
                axes.axhline(line["raw"].iloc[0], color=look["color"], linestyle=look["linestyle"], linewidth=0.7)
            axes.axvline(ACCEPTED, color=style.FAINT, linewidth=0.6, zorder=0)
            axes.set(xlabel="positive answers that are enough", ylim=(0, None))
            axes.set_xticks(range(1, OF + 1), [f"{n} of {OF}" for n in range(1, OF + 1)], fontsize=7)
            axes.set_title(style.plain(measure))
        grid[0].set_ylabel("rectified error")
        style.legend_beside(grid[-1])
        return style.finished(figure, source)
