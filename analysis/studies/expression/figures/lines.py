"""Differences with their intervals, rates under several label rules, and calibration by group."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.intervals import MARKERS, draw_intervals, height
from analysis.studies.expression.references import EMOTIONS
from analysis.studies.expression.tables.measured import ACCURACY, FPR, TPR

ORDER = (*EMOTIONS, "all")


def differences(table: pd.DataFrame, title: str, *, source: str | None) -> Figure:
    """A panel per rate: a line of the axis per emotion, a marker and an interval per couple of groups.

    Args:
        table: rate, emotion, first, second, difference, low, high, of one classifier and grouping, as in
            `analysis.results`.
        title: of the figure.
        source: Whose the ratings are.
    """
    points = table.assign(couple=table["first"] + " less " + table["second"])
    rates = [rate for rate in (TPR, FPR, ACCURACY) if (points["rate"] == rate).any()]
    place = points["emotion"].map({emotion: at for at, emotion in enumerate(ORDER)})
    points = points.assign(place=place).sort_values("place", kind="stable")
    with style.look():
        most = max(points.loc[points["rate"] == rate, "emotion"].nunique() for rate in rates)
        couples = points["couple"].nunique()
        figure = style.new_figure(8.6, height(range(most), couples) + 0.4)
        grid = figure.subplots(1, len(rates), squeeze=False)[0]
        for axes, rate in zip(grid, rates, strict=True):
            draw_intervals(axes, points[points["rate"] == rate], "emotion", "couple", value="difference")
            axes.axvline(0, color=style.FAINT, linewidth=0.8)
            axes.set_xlabel(f"difference of {rate}")
        grid[0].set_title(style.plain(title))
        style.legend_beside(grid[-1])
        return style.finished(figure, source)


def label_rules(table: pd.DataFrame, title: str, *, source: str | None) -> Figure:
    """A panel per group: TPR by emotion, a marker and an interval per label rule.

    Args:
        table: group, emotion, rule, value, low, high: the TPR of one classifier and grouping, as in `analysis.results`.
        title: of the figure.
        source: Whose the ratings are.
    """
    groups = list(dict.fromkeys(table["group"]))
    with style.look():
        figure = style.new_figure(1.4 + 2.4 * len(groups), height(EMOTIONS, 4) + 0.4)
        grid = figure.subplots(1, len(groups), squeeze=False, sharey=True)[0]
        for axes, group in zip(grid, groups, strict=True):
            draw_intervals(axes, table[table["group"] == group], "emotion", "rule")
            axes.set(xlim=(-0.03, 1.03), xlabel=f"TPR, {style.plain(group)}")
        grid[0].set_title(style.plain(title))
        style.legend_beside(grid[-1])
        return style.finished(figure, source)


def calibration(table: pd.DataFrame, title: str, *, source: str | None) -> Figure:
    """The share of right answers by a classifier's confidence, a line per group; on the dashed one they are alike.

    Args:
        table: group, confidence, accuracy, low, high, of one classifier and grouping, as in `analysis.results`.
        title: of the figure.
        source: Whose the ratings are.
    """
    with style.look():
        figure = style.new_figure(6.2, 4.2)
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=style.FAINT, linestyle="dashed", linewidth=0.8)
        for place, (group, rows) in enumerate(table.groupby("group", sort=False)):
            look = style.line_style(place)
            at, value, low, high = (
                rows[name].to_numpy(np.float64) for name in ("confidence", "accuracy", "low", "high")
            )
            axes.plot(at, value, marker=MARKERS[place % len(MARKERS)], markersize=4, label=style.plain(group), **look)
            axes.vlines(at, low, high, color=look["color"], linewidth=1.0)
        axes.set(xlim=(0, 1.02), ylim=(0, 1.03), xlabel="mean confidence", ylabel="share that is right")
        axes.set_title(style.plain(title))
        style.legend_beside(axes)
        return style.finished(figure, source)
