"""Psychometric functions: how the share of people who see one identity falls with the distance, kind by kind."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.studies.verification.figures import kinds
from analysis.tables.psychometric import Curve


def psychometric(table: pd.DataFrame, *, source: str | None) -> Figure:
    """A panel per model, a line per kind over its distances; at one half the threshold, with its interval.

    Args:
        table: model, condition (a kind), from, to, threshold, threshold_low, threshold_high, slope, lapse, as in
            `analysis.results`; rows without a function are left out.
        source: Whose the ratings are.
    """
    points = table.dropna(subset="threshold")
    names = list(dict.fromkeys(points["model"]))
    with style.look():
        figure = style.new_figure(4.6 * max(len(names), 1), 3.4)
        grid = figure.subplots(1, max(len(names), 1), squeeze=False, sharey=True)[0]
        for axes, name in zip(grid, names, strict=False):
            axes.axhline(0.5, color=style.FAINT, linewidth=0.8)
            for row in style.rows(points[points["model"] == name].rename(columns={"from": "first", "to": "last"})):
                score = np.linspace(row.first, row.last, 200)
                color, marker = kinds.mark(row.condition)
                share = Curve(row.threshold, row.slope, row.lapse).share(score)
                axes.plot(score, share, color=color, linewidth=1.5, label=style.plain(row.condition))
                axes.hlines(0.5, row.threshold_low, row.threshold_high, color=color, linewidth=2.5)
                axes.plot([row.threshold], [0.5], marker=marker, color=color, markersize=6)
            axes.set(ylim=(-0.03, 1.03), xlabel=f"distance ({style.plain(name)})", ylabel="share who see one identity")
            axes.set_title(style.plain(name))
        style.legend_beside(grid[-1])
        return style.finished(figure, source)
